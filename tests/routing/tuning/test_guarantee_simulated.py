"""The guarantee over many draws of simulated logs whose truth is known (the cells of tests/bench/guarantee.py)."""

import numpy as np
import pytest
from guarantee import DELTA, HANDING, KINDS_OF_CALLS, Cell, handed_on, noise, outcome, through_tune

CELLS = [
    Cell("at the limit", 110, (5, 0.2), 1, 0.0),
    Cell("steep", 500, (5, 0.2), 4, 0.5),
    Cell("at the limit", 500, (0, 0.0), 8, 0.5),
    Cell("gradual", 500, (0, 0.0), 1, 0.0, graded=True),
]


def most(draws: int) -> float:
    return DELTA + 2.5 * float(np.sqrt(DELTA * (1 - DELTA) / draws))


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c.shape}-{c.calls}-{c.heavy[0]}-{c.size}")
def test_the_guarantee_is_broken_at_most_delta_of_the_time(cell: Cell) -> None:
    broken, _, _ = outcome(cell, 150, seed=1)
    assert broken <= most(150)


@pytest.mark.slow
def test_noise_is_used_at_most_delta_of_the_time() -> None:
    assert noise(0.065, 400, 4, 150) <= most(150)


@pytest.mark.slow
def test_groups_that_hand_on_their_chance_of_error_are_broken_at_most_delta_of_the_time() -> None:
    shapes = HANDING["good, at the limit, at the limit"]
    assert handed_on([Cell(shape, *KINDS_OF_CALLS["single"]) for shape in shapes], 150) <= most(150)


@pytest.mark.slow
def test_1500_calls_keep_most_of_what_hindsight_would() -> None:
    _, kept, best = outcome(Cell("steep", 1500, (0, 0.0), 1, 0.0), 30, seed=2)
    assert kept > 0.85 * best


@pytest.mark.slow
def test_cascades_of_three_rungs_hold_through_tune() -> None:
    broken = [through_tune(3, seed)[0] for seed in range(8)]
    assert np.mean(broken) <= 0.25
