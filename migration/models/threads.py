"""How many threads torch computes with: no more than cores are free.

On a busy machine the threads of one product spin for each other far longer than they work: one thread is then several
times as fast as two. Out of scope: sentence embeddings, which always take one thread (`embedding`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

LOOK_S = 0.2
"""Seconds over which the cores are watched."""


@contextmanager
def free_cores() -> Iterator[int]:
    """As many of torch's threads as cores are free at the beginning, one at least and no more than it had."""
    import torch

    before = torch.get_num_threads()
    threads = before if before == 1 else fitting(before, psutil.cpu_percent(interval=LOOK_S) / 100)
    torch.set_num_threads(threads)
    try:
        yield threads
    finally:
        torch.set_num_threads(before)


def fitting(threads: int, busy: float) -> int:
    """How many of `threads`, one a core, find a core where others keep `busy` (a share) of the machine at work."""
    return max(1, min(threads, round(threads * (1 - busy))))
