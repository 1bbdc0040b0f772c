"""The walk along nested thresholds, and what chance of error each test of it may spend.

The fallback procedure (Wiens 2003): hypotheses in a fixed order, each with a part of the chance of error; one that is
proved hands its level on to the next. The thresholds of all groups, one group after the other, are one such order. Out
of scope: the tests of one threshold (`risk`), and which thresholds are tried (`thresholds`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migration.errors import BadInput
from migration.routing.tuning.proof import risk

STARTS = ((0.0, 0.6), (0.25, 0.2), (0.5, 0.2))
"""Where along the thresholds a walk may start, and its part of the allowed chance of error."""


@dataclass(frozen=True)
class Spending:
    """The chance of error of one group's tests. own: its part; handed: what the groups before it left unspent; most:
    what they could have left. All fixed before a call of theirs is looked at, but `handed`."""

    own: float
    handed: float = 0.0
    most: float = 0.0


@dataclass(frozen=True)
class Limits:
    """What is to be proved, and the chance of error for it."""

    max_loss: float
    max_kept_error: float
    spending: Spending

    @property
    def delta(self) -> float:
        """The chance of error that is known beforehand: what a plan may rest on."""
        return self.spending.own or self.spending.most

    @property
    def spent(self) -> float:
        """The chance of error that the tests have."""
        return self.spending.own + self.spending.handed


def limits_of(max_loss: float, max_kept_error: float | None, spending: Spending) -> Limits:
    """The limits, checked. Raises BadInput for what is no share or no level."""
    kept_error = min(1.0, 2 * max_loss) if max_kept_error is None else max_kept_error
    limits = Limits(max_loss, kept_error, spending)
    if not (0 < limits.delta < 1):
        raise BadInput(f"confidence_level must be between 0 and 1, not {1 - spending.own}")
    for name, value in (("max_loss", limits.max_loss), ("max_kept_error", limits.max_kept_error)):
        if not (0 <= value <= 1):
            raise BadInput(f"{name} must be between 0 and 1, not {value}")
    return limits


def walk(kept: risk.Kept, limits: Limits) -> tuple[np.ndarray, float]:
    """Which thresholds are proved, bool (thresholds,), and the chance of error that is left behind the last of them.

    The fallback procedure: a threshold is tested at its own part and at what the one before it hands on, proved. All
    tests of all groups are one such sequence, so that the chance of any false proof is at most the sum of the parts.
    """
    if not len(kept.counts) or limits.spent <= 0:
        return np.zeros(len(kept.counts), bool), limits.spending.handed
    parts, levels = levels_of(kept, limits)
    return carried_on(passes_of(kept, limits, levels), parts, levels, limits)


def levels_of(kept: risk.Kept, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """The part of the chance of error of each threshold, and all levels that a test could come to have, ascending."""
    m, spending = len(kept.counts), limits.spending
    parts = np.zeros(m)
    for at, part in STARTS if float(kept.share[0]) < 0.5 and m >= 8 else ((0.0, 1.0),):
        parts[int(at * m)] += part * spending.own
    starts = [int(at * m) for at, _ in STARTS]
    from_first = [before + parts[: b + 1].sum() for b in starts for before in (spending.handed, spending.most)]
    levels = np.unique(np.round([*from_first, *(parts[a : b + 1].sum() for a in starts for b in starts if a <= b)], 12))
    return parts, levels[levels > 0]


def passes_of(kept: risk.Kept, limits: Limits, levels: np.ndarray) -> np.ndarray:
    """Whether each threshold passes at each level, bool (levels, thresholds); at a level only if at all higher ones."""
    passes = risk.proves(kept, limits.max_loss, limits.max_kept_error, levels)
    return np.logical_and.accumulate(passes[::-1])[::-1]


def carried_on(passes: np.ndarray, parts: np.ndarray, levels: np.ndarray, limits: Limits) -> tuple[np.ndarray, float]:
    """(proved (thresholds,), left behind the last) from what passes at which level. passes: of `passes_of`; parts,
    levels: of `levels_of`."""
    proved, carried = np.zeros(len(parts), bool), limits.spending.handed
    for j, part in enumerate(parts):
        level = round(carried + part, 12)
        proved[j] = level > 0 and bool(passes[np.searchsorted(levels, level - 1e-9), j])
        carried = level if proved[j] else 0.0
    return proved, float(carried)
