"""How much of a month a log covers: the factor that makes its sums a month's.

Knows: when calls were made. Refuses to know: what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from migration.errors import BadInput, NotEnoughCalls
from migration.schema import MONTH_DAYS

MONTH_HOURS = MONTH_DAYS * 24
DAY = pd.Timedelta("1D")


@dataclass(frozen=True)
class Scale:
    """From the log to a month: multiply the log's sums by `factor`.

    `days` counts average days that the log covers; a day that it began or ended in counts by the share of a day's
    calls usual in the hours seen, and where two weeks or more are there, weekends count by their own level.
    `log_share` is the share of the traffic that the log holds: 0.1 where one call in ten was logged.
    """

    factor: float
    days: float
    note: str
    log_share: float = 1.0

    def sampled(self, log_share: float) -> Scale:
        """The scale of a log that holds `log_share` of the traffic. Raises BadInput unless 0 < log_share <= 1."""
        if not 0 < log_share <= 1:
            raise BadInput(f"log_share should be a share above 0 and at most 1, not {log_share!r}")
        if log_share == 1:
            return self
        note = f"{self.note}; the log is said to hold one call in {1 / log_share:,.4g}"
        return replace(self, factor=self.factor / log_share, log_share=log_share, note=note)


def month_scale(created_at: pd.Series) -> tuple[Scale, pd.DataFrame]:
    """How a log with calls at `created_at` (UTC) scales to a month of 30.4375 days.

    Returns the scale and its days: columns day, calls, covered (0..1 of the day seen), weekend.
    Raises NotEnoughCalls where the log has no extent in time: one moment says nothing of a month.
    """
    times = created_at.sort_values()
    if len(times) < 2 or times.iloc[0] == times.iloc[-1]:
        raise NotEnoughCalls("a month's bill from a log (calls at two different times)", int(times.nunique()), 2)
    days = pd.DataFrame({"day": pd.date_range(times.iloc[0].floor("D"), times.iloc[-1].floor("D"), freq="D")})
    days["calls"] = times.dt.floor("D").value_counts().reindex(days["day"], fill_value=0).to_numpy()
    days["covered"], note = _covered(times, len(days))
    days["weekend"] = days["day"].dt.dayofweek >= 5
    level = np.ones(len(days))
    if days["covered"].sum() >= 13.5 and days.loc[days["weekend"], "covered"].sum() >= 2:
        rate = days.groupby("weekend")["calls"].sum() / days.groupby("weekend")["covered"].sum()
        average = rate[False] * 5 / 7 + rate[True] * 2 / 7
        if average > 0:
            level = np.where(days["weekend"], rate[True], rate[False]) / average
            note += "; weekends counted by their own level"
    covered = float((days["covered"] * level).sum())
    return Scale(MONTH_DAYS / covered, covered, note), days


def _covered(times: pd.Series, n: int) -> tuple[np.ndarray, str]:
    """How much of each of the `n` calendar days the log saw (0..1), and that in words. times: sorted."""
    first, last = times.iloc[0].floor("D"), times.iloc[-1].floor("D")
    starts_at, ends_at = (times.iloc[0] - first) / DAY, (times.iloc[-1] - last) / DAY
    inner = times[(times >= first + DAY) & (times < last)]
    if n >= 4 and len(inner):
        clock = ((inner - inner.dt.floor("D")) / DAY).to_numpy()
        # Fewer than 3 calls missed is what a whole day shows one time in twenty: no proof that it was cut.
        usual = len(inner) / (n - 2)
        missed = [
            share if usual * share >= 3 else 0.0 for share in ((clock < starts_at).mean(), (clock > ends_at).mean())
        ]
        covered = np.ones(n)
        covered[[0, -1]] -= missed
        return covered, f"{n} calendar days, the first and last counted by the hours seen"
    span = (times.iloc[-1] - times.iloc[0]) / DAY * len(times) / (len(times) - 1)
    parts = np.ones(n)
    parts[0] -= starts_at
    parts[-1] -= 1 - ends_at
    return (
        parts * span / parts.sum(),
        f"only {span:.2f} days seen: hours and days outside them are taken to be like these",
    )
