"""Work on all cores: every result once, in order, and never more jobs taken than are worth having in memory."""

from __future__ import annotations

from collections.abc import Iterator

from migration.audit.cores import AHEAD, in_order


def test_results_come_in_order_and_jobs_are_taken_as_results_are() -> None:
    taken = 0

    def jobs() -> Iterator[tuple[int, int]]:
        nonlocal taken
        for n in range(40):
            taken += 1
            yield n, 2

    found = []
    for result in in_order(pow, jobs(), 2):
        found.append(result)
        assert taken <= len(found) + 2 * AHEAD
    assert found == [n**2 for n in range(40)]
