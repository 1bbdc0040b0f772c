"""Differences of paired answers: the same calls, answered twice.

Out of scope: what was measured; which differences matter (`multiplicity`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from migration.errors import NotEnoughCalls
from migration.stats.design import Column, design
from migration.stats.spread import spread, variance_of

FLIPS = 20_000
"""Random sign patterns behind a p-value where conversations or weights differ; none is below 1 / FLIPS."""
ADDED = 2.0
"""Pairs added to those seen before their difference has an interval."""


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


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided p-value that two answers to the same calls agree equally often (McNemar 1947).

    first, second: bool (n,), paired. Only pairs where the two differ count; without any it is 1.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    return sign_flips(second.astype(float) - first)


def sign_flips(totals: np.ndarray, *, seed: int = 7) -> float:
    """Two-sided p-value that independent `totals` (clusters,) are as often above 0 as below (Fisher 1935).

    Their signs are flipped at random and the sums compared. Where all have one size this is the exact binomial test of
    the signs, so McNemar's for single calls; where strata gain and lose by turns it errs to the safe side.
    """
    totals = totals[np.abs(totals) > 1e-12]
    if not len(totals):
        return 1.0
    if np.allclose(np.abs(totals), abs(totals[0])):
        up = int((totals > 0).sum())
        return float(stats.binomtest(min(up, len(totals) - up), len(totals), 0.5).pvalue)
    rng = np.random.default_rng(seed)
    seen, beyond = abs(totals.sum()) - 1e-12, 0
    for part in np.array_split(np.arange(FLIPS), -(-FLIPS * len(totals) // 2_000_000)):
        signs = rng.integers(0, 2, (len(part), len(totals)), dtype=np.int8)
        beyond += int((np.abs(2.0 * (signs @ totals) - totals.sum()) >= seen).sum())
    return (1 + beyond) / (1 + FLIPS)


def paired_difference(
    first: Column,
    second: Column,
    *,
    weights: Column | None = None,
    strata: Column | None = None,
    cluster: Column | None = None,
    level: float = 0.95,
) -> Difference:
    """Difference of two paired shares (or mean scores in 0..1) of the traffic, second minus first.

    first, second: bool or scores (n,), paired; weights, strata, cluster as in `weighted_rate`. Raises NotEnoughCalls
    when n is 0.

    Notes
    -----
    The interval is Agresti & Min's (2005): two pairs are added, one gained and one lost by half each, so that a pair of
    candidates that never differ is not called equal for sure; n is the effective one of the strata, weights and
    conversations (`spread`), with its t quantile. What is added lies halfway between two pairs in all and two in each
    stratum, since a heavy task of few calls may have shown no difference yet; pairs of scores differ by the most seen.
    Coverage by simulation: tests/bench/coverage.py. The p-value is a sign-flip test on whole conversations, exact
    McNemar for independent rows of equal weight. Caveat: interval and p-value come from different methods and may
    disagree at the edge.
    """
    gain = np.asarray(second, float) - np.asarray(first, float)
    rows = design(len(gain), weights, strata, cluster)
    mean, square, k = rows.means(gain), rows.means(gain**2), rows.kish
    found = spread(gain, rows, level, variance_of(square, mean, k))
    k = k / found.within
    one = rows.part**2 * found.across / k
    n = 1 / float(np.sum(one))
    value = min(1.0, max(-1.0, float(rows.part @ mean)))
    shrink = n / (n + ADDED)
    seen = shrink**2 * float(one @ variance_of(square, mean, k)) + ADDED * value**2 * n / (n + ADDED) ** 3
    size = float(np.abs(gain).max()) or 1.0
    added = size**2 * (1 / (n + ADDED) ** 2 + float(one @ (k / (k + ADDED) ** 2))) * ADDED / 4
    half = found.quantile * float(np.sqrt(seen + added))
    low, high = min(value, value * shrink - half), max(value, value * shrink + half)
    p_value = sign_flips(rows.totals(rows.share * gain))
    return Difference(value, max(-1.0, low), min(1.0, high), p_value, len(gain))


def paired_bootstrap(first: np.ndarray, second: np.ndarray, *, draws: int = 4000, seed: int = 7) -> Difference:
    """Difference of two paired means, resampled (95% percentile interval; Efron & Tibshirani 1993).

    first, second: scores or bool (n,), paired. The p-value is twice the share of draws on the far side of 0, never
    below 1 / draws. For means of any scale (waits, costs); shares go through `paired_difference`. Rows must be
    independent: one a conversation. Caveat: fewer than 10 rows, or rows that never differ, make it too sure of itself.
    """
    gain = np.asarray(second, float) - np.asarray(first, float)
    n = len(gain)
    if not n:
        raise NotEnoughCalls("a paired difference", 0, 1)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws) @ gain / n
    low, high = np.quantile(drawn, [0.025, 0.975])
    p_value = min(1.0, max(1 / draws, 2 * min(float((drawn <= 0).mean()), float((drawn >= 0).mean()))))
    return Difference(float(gain.mean()), float(low), float(high), p_value, n)
