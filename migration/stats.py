"""Intervals and tests, each as a value that carries its n: none can be shown without it.

Knows: rates, paired differences, corrections for many tests, sample sizes.
Refuses to know: what was measured, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from migration.errors import NotEnoughCalls


@dataclass(frozen=True)
class Rate:
    """A share of n trials, with its Wilson interval (Wilson 1927). Unit: fraction."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%}, n={self.n})"


@dataclass(frozen=True)
class Difference:
    """Second minus first over n pairs, with its interval and the two-sided p-value of no difference."""

    value: float
    low: float
    high: float
    p_value: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:+.1%} ({self.low:+.1%} to {self.high:+.1%}, p={self.p_value:.3g}, n={self.n})"


def _z(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def _wilson_bounds(p: float, n: float, level: float) -> tuple[float, float]:
    z = _z(level)
    z2 = z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * np.sqrt(max(0.0, p * (1 - p)) / n + z2 / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def wilson(successes: int, n: int, *, level: float = 0.95) -> Rate:
    """Wilson score interval of a binomial share. Raises NotEnoughCalls when n is 0."""
    if n <= 0:
        raise NotEnoughCalls("a rate", 0, 1)
    p = float(successes / n)
    return Rate(p, *_wilson_bounds(p, n, level), int(n))


def agreement_rate(agrees: np.ndarray, *, level: float = 0.95) -> Rate:
    """Share of answers functionally identical to the reference.

    agrees: bool (n,). Raises NotEnoughCalls when n is 0: a rate of nothing is not 0.
    """
    agrees = np.asarray(agrees, bool)
    return wilson(int(agrees.sum()), len(agrees), level=level)


def weighted_rate(
    agrees: np.ndarray, weights: np.ndarray, strata: np.ndarray | None = None, *, level: float = 0.95
) -> Rate:
    """Share of the traffic that a weighted sample speaks for; `n` is the number of rows.

    agrees: bool (n,); weights: traffic that each row stands for (n,); strata: what was sampled apart (n,).
    Each stratum's Wilson interval, on its effective n (Kish's (sum w)^2 / sum w^2), is squared and added with
    its share of the traffic (Zou & Donner 2008, "MOVER"), so a stratum seen only agreeing still adds some doubt.
    Caveat: where the truth is within 2% of 0 or 1 the interval covers it in 92% rather than 95% of samples; rows
    are taken as independent, which calls of one conversation are not quite.
    """
    agrees, weights = np.asarray(agrees, bool), np.asarray(weights, float)
    if not len(agrees) or weights.sum() <= 0:
        raise NotEnoughCalls("a weighted rate", 0, 1)
    share = weights / weights.sum()
    codes = np.zeros(len(share), int) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    part = np.bincount(codes, share)  # (strata,)
    hits = np.bincount(codes, share * agrees) / part
    effective = part**2 / np.bincount(codes, share**2)
    bounds = np.array([_wilson_bounds(p, n, level) for p, n in zip(hits, effective, strict=True)])
    value = float(part @ hits)
    low = value - float(np.sqrt(np.sum((part * (hits - bounds[:, 0])) ** 2)))
    high = value + float(np.sqrt(np.sum((part * (bounds[:, 1] - hits)) ** 2)))
    return Rate(value, max(0.0, low), min(1.0, high), len(agrees))


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided p-value that two answers to the same calls agree equally often (McNemar 1947).

    first, second: bool (n,), paired. Only pairs where the two differ count; without any it is 1.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    gained, lost = int((~first & second).sum()), int((first & ~second).sum())
    if gained + lost == 0:
        return 1.0
    return float(stats.binomtest(min(gained, lost), gained + lost, 0.5).pvalue)


def paired_difference(first: np.ndarray, second: np.ndarray, *, level: float = 0.95) -> Difference:
    """Difference of two paired shares: Newcombe's (1998) method 10 interval, exact McNemar p-value.

    first, second: bool (n,), paired. Raises NotEnoughCalls when n is 0.
    Caveat: interval and p-value come from different methods and may disagree at the edge.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    n = len(first)
    one, two = agreement_rate(first, level=level), agreement_rate(second, level=level)
    both, neither = float((first & second).sum()), float((~first & ~second).sum())
    only_first, only_second = float((first & ~second).sum()), float((~first & second).sum())
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    cross = both * neither - only_first * only_second
    cross = max(cross - n / 2, 0.0) if cross > 0 else cross
    phi = cross / np.sqrt(margins) if margins > 0 else 0.0

    def width(down: float, up: float) -> float:
        return float(np.sqrt(max(0.0, down**2 - 2 * phi * down * up + up**2)))

    value = two.value - one.value
    low = value - width(two.value - two.low, one.high - one.value)
    high = value + width(two.high - two.value, one.value - one.low)
    return Difference(value, max(-1.0, low), min(1.0, high), mcnemar(first, second), n)


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    draws: int = 4000,
    level: float = 0.95,
    seed: int = 7,
) -> Difference:
    """Difference of two paired means, resampled within strata (percentile interval; Efron & Tibshirani 1993).

    first, second: scores or bool (n,), paired; weights: traffic of each row (n,); strata: sampled apart (n,).
    The p-value is twice the share of draws on the far side of 0, never below 1 / draws.
    Caveat: strata of fewer than 10 rows, or no discordant pair, make it too sure of itself.
    """
    gain = np.asarray(second, float) - np.asarray(first, float)
    if not len(gain):
        raise NotEnoughCalls("a paired difference", 0, 1)
    weights = np.ones(len(gain)) if weights is None else np.asarray(weights, float)
    codes = np.zeros(len(gain), int) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    sums, totals = np.zeros(draws), np.zeros(draws)
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        counts = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=draws)  # (draws, rows)
        sums += counts @ (weights[rows] * gain[rows])
        totals += counts @ weights[rows]
    drawn = sums / totals
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    p_value = min(1.0, max(1 / draws, 2 * min(float((drawn <= 0).mean()), float((drawn >= 0).mean()))))
    return Difference(float(weights @ gain / weights.sum()), float(low), float(high), p_value, len(gain))


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values (m,) corrected for being m tests (Holm 1979): the chance of one false finding stays bounded."""
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def calls_for_width(width: float, *, share: float = 0.5, level: float = 0.95) -> int:
    """The fewest calls whose Wilson interval is at most `width` wide at `share` (0.5 is the worst case)."""
    if not 0 < width < 1:
        raise ValueError(f"width must lie between 0 and 1, not {width}")
    return _fewest(lambda n: np.subtract(*_wilson_bounds(share, n, level)[::-1]) <= width)


def calls_to_decide(share: float, floor: float, *, level: float = 0.95, most: int = 1_000_000) -> int | None:
    """The fewest calls after which an observed `share` would lie wholly above (or below) `floor`.

    None where more than `most` would be needed: the share is too close to the floor to ever tell.
    """

    def decided(n: int) -> bool:
        low, high = _wilson_bounds(share, n, level)
        return low >= floor or high < floor

    return _fewest(decided, most) if decided(most) else None


def _fewest(enough, most: int = 1_000_000_000) -> int:
    """The smallest n in 1..most for which the monotone `enough(n)` holds."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def non_inferior(rate: Rate, margin: float) -> bool | None:
    """Whether `rate` is at most `margin` below 1, the reference's agreement with itself.

    True: its whole interval is. False: its whole interval is not. None: the interval holds both, too few calls.
    """
    floor = 1 - margin
    return True if rate.low >= floor else False if rate.high < floor else None
