"""What a walk along thresholds proves, and what chance of error it leaves to the next group."""

import numpy as np
import pytest

from migration.errors import BadInput
from migration.routing.tuning.proof import risk
from migration.routing.tuning.proof.fallback import Spending, limits_of, walk

OWN = 0.02


def kept_of(wrong: int, n: int = 400, thresholds: int = 20) -> risk.Kept:
    """Single calls of even weight, half of them kept at the first threshold; the last that are kept are wrong."""
    place = np.maximum(np.arange(n) * 2 * thresholds // n - thresholds, 0)
    loss = (np.arange(n) >= n - wrong).astype(float)
    return risk.keep(loss, np.ones(n), np.arange(n), place, thresholds)


def walked(wrong: int, spending: Spending) -> tuple[np.ndarray, float]:
    return walk(kept_of(wrong), limits_of(0.05, 0.10, spending))


def test_a_group_that_is_proved_whole_hands_all_of_its_part_on() -> None:
    proved, left = walked(0, Spending(OWN))
    assert proved[-1]
    assert left == pytest.approx(OWN)


def test_a_group_whose_last_threshold_is_not_proved_hands_nothing_on() -> None:
    proved, left = walked(80, Spending(OWN))
    assert proved.any()
    assert not proved[-1]
    assert left == 0


def test_what_is_handed_on_is_spent_and_handed_on_again() -> None:
    first, spent = walked(0, Spending(0.0, 0.0, OWN))
    assert not first.any(), "without a part of its own a group needs what others leave"
    assert spent == 0
    proved, left = walked(0, Spending(0.0, OWN, OWN))
    assert proved[-1]
    assert left == pytest.approx(OWN)
    assert walked(0, Spending(OWN, OWN, OWN))[1] == pytest.approx(2 * OWN)


def test_more_to_spend_never_proves_less() -> None:
    few, more = walked(24, Spending(OWN))[0], walked(24, Spending(OWN, OWN, OWN))[0]
    assert (more >= few).all()


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="confidence_level must be between 0 and 1"):
        limits_of(0.05, None, Spending(0.0))
