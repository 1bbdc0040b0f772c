"""Work on all cores at once, results in the order of the jobs, in bounded memory.

joblib's own generator lets finished results pile up where the caller is slower than the workers, so jobs are handed to
the pool below it, loky's. Unlike that of `concurrent.futures` it starts workers by exec, which threads of the caller do
not disturb, keeps them for the next call, and asks no `if __name__ == "__main__"` of a script. It is joblib's copy: the
package loky beside it would register the same multiprocessing context twice.
Out of scope: what the work is, and whether it is worth starting workers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar, TypeVarTuple

from joblib.externals.loky import get_reusable_executor

AHEAD = 3
"""Jobs of a core that are handed out before the first of them is taken back."""


Job = TypeVarTuple("Job")
Result = TypeVar("Result")


def in_order(work: Callable[[*Job], Result], jobs: Iterable[tuple[*Job]], cores: int) -> Iterator[Result]:
    """`work(*job)` of each job, by `cores` processes; at most AHEAD of each are in memory."""
    pool, waiting = get_reusable_executor(max_workers=cores), deque[Future[Result]]()
    try:
        for job in jobs:
            waiting.append(pool.submit(work, *job))
            if len(waiting) >= AHEAD * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for one in waiting:
            one.cancel()
