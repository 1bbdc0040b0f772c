"""A month is a month, whatever part of one the log holds."""

import numpy as np
import pandas as pd
import pytest

from migration.audit.month_scale import arrivals_of, calendar, span
from migration.errors import BadInput, NotEnoughCalls
from migration.schema import MONTH_DAYS


def times(start: str, hours: float, n: int, seed: int = 0) -> pd.Series:
    at = np.sort(np.random.default_rng(seed).random(n)) * hours
    return pd.Timestamp(start, tz="UTC") + pd.Series(pd.to_timedelta(at, unit="h"))


def test_whole_days_scale_by_their_number():
    assert span(arrivals_of(times("2025-09-01", 24 * 28, 5000))).to_month == pytest.approx(MONTH_DAYS / 28, rel=1e-3)


def test_a_cut_day_counts_by_the_hours_seen():
    hours = arrivals_of(times("2025-09-01 12:00", 24 * 10, 5000))
    assert calendar(hours)["covered"].iloc[[0, -1]].tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert span(hours).days == pytest.approx(10, rel=0.01)


def test_a_log_of_hours_says_that_it_is_one():
    over = span(arrivals_of(times("2025-09-01 09:00", 8, 400)))
    assert over.days == pytest.approx(1 / 3, rel=0.02)
    assert "only 0.33 days" in over.note


def test_weekends_count_by_their_own_level():
    at = times("2025-09-06", 24 * 16, 8000)  # three weekends in 16 days
    busy = at[(at.dt.dayofweek < 5) | (np.arange(len(at)) % 4 == 0)]
    truth = MONTH_DAYS * (5 * 500 + 2 * 125) / 7
    assert len(busy) * span(arrivals_of(busy)).to_month == pytest.approx(truth, rel=0.03)


def test_a_week_without_weekend_days_says_that_it_saw_none():
    assert "no weekend day was seen" in span(arrivals_of(times("2025-09-01", 24 * 5, 900))).note
    assert "weekend" not in span(arrivals_of(times("2025-09-01", 24 * 7, 900))).note


def test_the_share_that_was_logged_counts():
    hours = arrivals_of(times("2025-09-01", 24 * 7, 900))
    assert span(hours, log_share=0.1).to_month == pytest.approx(10 * span(hours).to_month)
    with pytest.raises(BadInput, match="log_share"):
        span(hours, log_share=0.0)


def test_no_call_is_no_month_and_a_moment_counts_as_a_day():
    with pytest.raises(NotEnoughCalls, match="month"):
        span(arrivals_of(times("2025-09-01", 1, 0)))
    moment = span(arrivals_of(times("2025-09-01", 1, 1)))
    assert (moment.days, moment.note) == (1.0, "all calls at one moment, counted as a day")
