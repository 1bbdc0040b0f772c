"""Shares of the traffic with their intervals: none can be shown without its n.

Out of scope: differences (`differences`), many tests at once (`multiplicity`), what was measured and why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from migration.errors import NotEnoughCalls
from migration.stats.design import Column, Design, codes, design
from migration.stats.spread import spread, variance_of


@dataclass(frozen=True)
class Rate:
    """A share of n trials, with its interval. Unit: fraction.

    freedom: degrees of freedom of the t quantile behind the interval; clusters: trials that it would be worth if each
    conversation were all alike; conversations: how many there are of two calls and more, as a number of equals.
    Infinite where trials are independent.
    """

    value: float
    low: float
    high: float
    n: int
    freedom: float = np.inf
    clusters: float = np.inf
    conversations: float = np.inf

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%}, n={self.n})"


def wilson_bounds(p: np.ndarray | float, n: np.ndarray | float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's (1927) score interval of shares `p` of `n` trials, which need not be whole numbers."""
    z = special.ndtri(0.5 + level / 2)
    p, n, z2 = np.asarray(p, float), np.asarray(n, float), z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * np.sqrt(np.maximum(0.0, p * (1 - p)) / n + z2 / (4 * n * n))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def share_bounds(p: np.ndarray | float, n: np.ndarray | float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval, widened to Jeffreys' (Brown, Cai & DasGupta 2001) where that one reaches further.

    Wilson's alone covers a rate near 0 or 1 too rarely; this one covers rates from 50 to 99.5% in at least 93% of
    samples on the grid of tests/test_stats.py. p, n: shares and numbers of trials, of one shape.
    """
    low, high = wilson_bounds(p, n, level)
    hits, misses = np.asarray(p * n, float) + 0.5, np.asarray((1 - p) * n, float) + 0.5
    tail = 0.5 - level / 2
    return (
        np.where(hits > 0.5, np.minimum(low, special.betaincinv(hits, misses, tail)), 0.0),
        np.where(misses > 0.5, np.maximum(high, special.betaincinv(hits, misses, 1 - tail)), 1.0),
    )


def wilson(successes: float, n: float, *, level: float = 0.95) -> Rate:
    """Wilson score interval of a binomial share. Raises NotEnoughCalls when n is 0."""
    if n <= 0:
        raise NotEnoughCalls("a rate", 0, 1)
    p = float(successes / n)
    low, high = wilson_bounds(p, n, level)
    return Rate(p, float(low), float(high), int(n))


def agreement_rate(agrees: np.ndarray, *, level: float = 0.95) -> Rate:
    """Share of answers functionally identical to the reference: `weighted_rate` of independent calls.

    agrees: bool (n,). Raises NotEnoughCalls when n is 0: a rate of nothing is not 0.
    """
    return weighted_rate(np.asarray(agrees, bool), level=level)


def weighted_rate(
    agrees: Column,
    weights: Column | None = None,
    strata: Column | None = None,
    *,
    cluster: Column | None = None,
    level: float = 0.95,
) -> Rate:
    """Share of the traffic that a weighted sample speaks for; `n` is the number of rows.

    agrees: bool, or scores in 0..1 (n,); weights: traffic that each row stands for (n,); strata: what was sampled
    apart (n,); cluster: the conversation of each row, null where it has none (n,).
    Raises NotEnoughCalls when nothing is there.

    Notes
    -----
    Each stratum's interval (`share_bounds`) stands on its effective n: Kish's (sum w)^2 / sum w^2 over the design
    effect of the clusters, with t quantiles (Korn & Graubard 1998). The strata's margins are squared and added (MOVER:
    Zou & Donner 2008), so a stratum seen only agreeing still adds some doubt, and are enlarged where the strata err
    together. With several strata the ends lie halfway between these and those of the whole at its effective n: margins
    of tasks of few calls, all agreeing, add up to too much where tasks are alike, and near 0 and 1 to too little.
    Coverage by simulation: tests/bench/coverage.py. From fewer than some 30 conversations it is wider than it need be.
    Caveats: the strata's traffic is taken as known; conversations that differ as a whole, none of which was seen, look
    independent; weights that go with failing inside a stratum make it too narrow.
    """
    values = np.asarray(agrees, float)
    rows = design(len(values), weights, strata, cluster)
    return interval(values, rows, level)


def interval(values: np.ndarray, rows: Design, level: float) -> Rate:
    """The weighted mean of `values` (n,), in 0..1: see `weighted_rate`."""
    found = spread(values, rows, level)
    shrink = (float(special.ndtri(0.5 + level / 2)) / found.quantile) ** 2
    p, effective = rows.means(values), np.maximum(rows.kish / (found.within * found.graded) * shrink, 1e-9)
    lows, highs = share_bounds(p, effective, level)
    value = min(1.0, max(0.0, float(rows.part @ p)))
    low = value - np.sqrt(found.across * np.sum((rows.part * (p - lows)) ** 2))
    high = value + np.sqrt(found.across * np.sum((rows.part * (highs - p)) ** 2))
    if len(p) > 1:
        rare = p if value < 0.5 else 1 - p
        known = variance_of(rare, rare, rows.kish / np.maximum(found.within, 1))
        variance = found.across * float(np.sum(rows.part**2 * known / effective))
        equal = 1 / (found.across * float(np.sum(rows.part**2 / effective)))
        whole = share_bounds(value, value * (1 - value) / variance if variance > 1e-15 else equal, level)
        low, high = (low + whole[0]) / 2, (high + whole[1]) / 2
    low, high = max(0.0, min(value, float(low))), min(1.0, max(value, float(high)))
    return Rate(value, low, high, len(values), found.freedom, rows.clusters, rows.conversations)


def constant_rate(
    references: Column,
    weights: Column | None = None,
    strata: Column | None = None,
    *,
    cluster: Column | None = None,
    level: float = 0.95,
) -> Rate:
    """How often one constant answer, the commonest of each stratum, would agree: what costs nothing to reach.

    references: the answers in the form that is compared (n,). Caveat: the constant is chosen on the rows that it is
    counted on, so with few rows or many different answers it is a little too good.
    """
    answer = np.asarray(references, object)
    rows = design(len(answer), weights, strata, cluster)
    word = codes(answer, len(answer), apart=False)
    mass = np.zeros((len(rows.part), word.max() + 1))
    np.add.at(mass, (rows.stratum, word), rows.share)
    hits = word == mass.argmax(axis=1)[rows.stratum]
    return interval(hits.astype(float), rows, level)


def kappa(
    first: Column, second: Column, weights: Column | None = None, *, cluster: Column | None = None, level: float = 0.95
) -> Rate:
    """Cohen's (1960) kappa: agreement of two answerers beyond chance, as a fraction of what chance leaves.

    first, second: their answers in the form that is compared (n,). `value` and `low` may be negative; NaN (n given)
    where both always give one and the same answer, as chance then leaves nothing to agree beyond.

    Notes
    -----
    1 - (1 - agreement) / (1 - chance) of the agreement's interval, its width multiplied by how much more (or less)
    kappa varies than the agreement does (delta method: Fleiss, Cohen & Everitt 1969, with clusters).
    """
    rows = design(len(np.asarray(first, object)), weights, None, cluster)
    both = np.concatenate([np.asarray(first, object), np.asarray(second, object)])
    word = codes(both, len(both), apart=False)
    one, two = word[: len(rows.share)], word[len(rows.share) :]
    size = word.max() + 1
    share_one, share_two = np.bincount(one, rows.share, size), np.bincount(two, rows.share, size)
    agrees, chance = (one == two).astype(float), float(share_one @ share_two)
    if chance > 1 - 1e-12:
        return Rate(np.nan, np.nan, np.nan, len(agrees))
    seen = interval(agrees, rows, level)
    value = 1 - (1 - seen.value) / (1 - chance)
    # kappa's derivative: d(agreement) (1 - chance) - (1 - agreement) d(chance), over (1 - chance)^2
    moved = agrees - (1 - seen.value) / (1 - chance) * (share_two[one] + share_one[two])
    ours, theirs = (np.sum(rows.totals(rows.influence(x)) ** 2) for x in (moved, agrees))
    wider = float(np.sqrt(ours / theirs)) / (1 - chance) if theirs > 0 else 1 / (1 - chance)
    low, high = value - wider * (seen.value - seen.low), value + wider * (seen.high - seen.value)
    return Rate(value, max(-1.0, low), min(1.0, high), len(agrees))
