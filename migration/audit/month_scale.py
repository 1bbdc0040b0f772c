"""How much of a month a log covers: the one factor that makes its sums a month's, for every step.

Everything follows from calls by clock hour (`arrivals` in an engine, `arrivals_of` in pandas), so a log of millions of
calls costs one scan of one column. Out of scope: what calls cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from migration.errors import BadInput, NotEnoughCalls
from migration.schema import MONTH_DAYS

MONTH_HOURS = MONTH_DAYS * 24
DAY = pd.Timedelta("1D")


@dataclass(frozen=True)
class Span:
    """The days that a log covers; `to_month` times its sums are a month's (30.44 days).

    `days` counts average days: a day that the log began or ended in counts by the share of a day's calls usual in the
    hours seen, and where two weeks or more are there, weekends count by their own level. `note` says what was done.
    `log_share` is the share of the traffic that the log holds: 0.1 where one call in ten was logged.
    """

    first: datetime
    last: datetime
    days: float
    calls: int
    note: str = ""
    log_share: float = 1.0

    @property
    def to_month(self) -> float:
        """From the log's sums to a month's."""
        return MONTH_DAYS / self.days / self.log_share


def arrivals(calls: Table) -> Table:
    """Columns hour (hours since 1970, UTC), calls, first, last (created_at): of calls that have a time."""
    timed = calls.filter(calls.created_at.notnull())
    return (
        timed.group_by(hour=timed.created_at.epoch_seconds() // 3_600)
        .aggregate(calls=_.count(), first=_.created_at.min(), last=_.created_at.max())
        .order_by("hour")
    )


def arrivals_of(created_at: pd.Series) -> pd.DataFrame:
    """`arrivals` of timestamps (n,) in UTC, in pandas.

    created_at: null where the log has no time; these are left out.
    """
    times = created_at.dropna()
    hour = (times - pd.Timestamp(0, tz=times.dt.tz)) // pd.Timedelta("1h")
    return times.groupby(hour).agg(["size", "min", "max"]).set_axis(["calls", "first", "last"], axis=1).reset_index(
        names="hour"
    )  # fmt: skip


def span(hours: pd.DataFrame, *, log_share: float = 1.0) -> Span:
    """How a log scales to a month. hours: of `arrivals`. All calls at one moment count as a day, and `note` says so.

    Raises NotEnoughCalls where no call has a time, BadInput unless 0 < log_share <= 1.
    """
    if not 0 < log_share <= 1:
        raise BadInput(f"log_share should be a share above 0 and at most 1, not {log_share!r}")
    if not len(hours):
        raise NotEnoughCalls("a cost per month", 0, 1)
    days = calendar(hours)
    covered, (level, note) = days["covered"], _levels(days)
    note = days.attrs["note"] + note
    if log_share < 1:
        note += f"; the log is said to hold one call in {1 / log_share:,.4g}"
    total = float((covered * level).sum())
    first, last = hours["first"].min(), hours["last"].max()
    return Span(first, last, total, int(hours["calls"].sum()), note, log_share)


def calendar(hours: pd.DataFrame) -> pd.DataFrame:
    """The log's days: columns day (UTC, without a zone), calls, covered (0..1 of the day seen), weekend.

    hours: of `arrivals`. `attrs["note"]` says how the first and last day were counted.
    """
    first, last = (pd.Timestamp(t).tz_localize(None) for t in (hours["first"].min(), hours["last"].max()))
    days = pd.DataFrame({"day": pd.date_range(first.floor("D"), last.floor("D"), freq="D")})
    at = pd.to_datetime(hours["hour"].astype("int64") // 24, unit="D").astype(days["day"].dtype)
    days["calls"] = hours["calls"].groupby(at).sum().reindex(days["day"], fill_value=0).to_numpy()
    days["covered"], days.attrs["note"] = _covered(hours, first, last, len(days))
    days["weekend"] = days["day"].dt.dayofweek >= 5
    return days


def _levels(days: pd.DataFrame) -> tuple[np.ndarray | float, str]:
    """What a day of each kind counts beside an average one, and that in words."""
    seen = days.groupby("weekend")["covered"].sum()
    if seen.get(True, 0.0) == 0 and days["covered"].sum() >= 2:
        return 1.0, "; no weekend day was seen, so weekends are taken to be like these weekdays"
    if days["covered"].sum() < 13.5 or seen.get(True, 0.0) < 2:
        return 1.0, ""
    rate: Any = days.groupby("weekend")["calls"].sum() / seen
    average = rate[False] * 5 / 7 + rate[True] * 2 / 7
    return np.where(days["weekend"], rate[True], rate[False]) / average, "; weekends counted by their own level"


def _covered(hours: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp, n: int) -> tuple[np.ndarray, str]:
    """How much of each of the `n` calendar days the log saw (0..1), and that in words."""
    starts_at, ends_at = (first - first.floor("D")) / DAY, (last - last.floor("D")) / DAY
    day = hours["hour"] // 24
    inner = hours[(day > day.min()) & (day < day.max())]
    covered = np.ones(n)
    if n >= 4 and len(inner):
        by_clock = np.bincount((inner["hour"] % 24).astype(int), inner["calls"], 24)
        reached = np.concatenate([[0.0], np.cumsum(by_clock / by_clock.sum())])
        before, until = np.interp([starts_at * 24, ends_at * 24], np.arange(25), reached)
        # Fewer than 3 calls missed is what a whole day shows one time in twenty: no proof that it was cut.
        usual = by_clock.sum() / (n - 2)
        covered[[0, -1]] -= [share if usual * share >= 3 else 0.0 for share in (before, 1 - until)]
        return covered, f"{n} calendar days, the first and last counted by the hours seen"
    calls = int(hours["calls"].sum())
    if first == last:
        return covered, "all calls at one moment, counted as a day"
    seen = (last - first) / DAY * calls / (calls - 1)
    covered[0] -= starts_at
    covered[-1] -= 1 - ends_at
    return (
        covered * seen / covered.sum(),
        f"only {seen:.2f} days seen: hours and days outside them are taken to be like these",
    )
