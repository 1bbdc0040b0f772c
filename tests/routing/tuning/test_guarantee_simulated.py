"""The promise over many draws from worlds whose truth is known (the worlds of tests/bench/guarantee.py)."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_FILE = Path(__file__).resolve().parents[2] / "bench" / "guarantee.py"
_SPEC = importlib.util.spec_from_file_location("guarantee", _FILE)
assert _SPEC is not None
assert _SPEC.loader is not None
guarantee = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(guarantee)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "n", "draws"), [("0/1", 100, 2000), ("0/1", 500, 2000), ("graded", 100, 400),
                                                  ("signed", 100, 400)])  # fmt: skip
def test_the_promise_is_broken_at_most_delta_of_the_time(loss: str, n: int, draws: int) -> None:
    broken, _, _ = guarantee.simulate(guarantee.WORLDS[loss], n, draws)
    assert broken <= guarantee.DELTA + 2 * np.sqrt(guarantee.DELTA * (1 - guarantee.DELTA) / draws)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["0/1", "graded", "signed"])
def test_at_2000_calls_it_keeps_nearly_what_hindsight_would(loss: str) -> None:
    _, kept, best = guarantee.simulate(guarantee.WORLDS[loss], 2000, 40)
    assert best - kept < 0.05
