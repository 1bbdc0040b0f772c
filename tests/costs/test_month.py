"""A month is a month, whatever part of one the log holds."""

import numpy as np
import pandas as pd
import pytest

from migration.costs.month import month_scale
from migration.errors import NotEnoughCalls
from migration.schema import MONTH_DAYS


def times(start: str, hours: float, n: int, seed: int = 0) -> pd.Series:
    at = np.sort(np.random.default_rng(seed).random(n)) * hours
    return pd.Timestamp(start, tz="UTC") + pd.Series(pd.to_timedelta(at, unit="h"))


def test_whole_days_scale_by_their_number():
    scale, _ = month_scale(times("2025-09-01", 24 * 28, 5000))
    assert scale.factor == pytest.approx(MONTH_DAYS / 28, rel=1e-3)


def test_a_cut_day_counts_by_the_hours_seen():
    scale, days = month_scale(times("2025-09-01 12:00", 24 * 10, 5000))
    assert days["covered"].iloc[[0, -1]].tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert scale.days == pytest.approx(10, rel=0.01)


def test_a_log_of_hours_says_that_it_is_one():
    scale, _ = month_scale(times("2025-09-01 09:00", 8, 400))
    assert scale.days == pytest.approx(1 / 3, rel=0.02)
    assert "only 0.33 days" in scale.note


def test_weekends_count_by_their_own_level():
    at = times("2025-09-06", 24 * 16, 8000)  # three weekends in 16 days
    busy = at[(at.dt.dayofweek < 5) | (np.arange(len(at)) % 4 == 0)]
    scale, _ = month_scale(busy.reset_index(drop=True))
    weekday, weekend = 500, 125
    truth = MONTH_DAYS * (5 * weekday + 2 * weekend) / 7
    assert len(busy) * scale.factor == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("n", [0, 1])
def test_a_moment_is_no_month(n):
    with pytest.raises(NotEnoughCalls, match="month's bill"):
        month_scale(times("2025-09-01", 1, n))
