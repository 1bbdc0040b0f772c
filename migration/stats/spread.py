"""How much calls of a cluster err together: their correlation, its design effects, and how surely these are known.

Out of scope: which quantity is estimated (`rates`, `differences`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from migration.stats.design import MOST_LEVERAGE, Design, design

PRIOR_CLUSTERS, PRIOR_CORRELATION = 4.0, 0.7
"""The prior on how much calls of one conversation resemble each other: its weight, against the square of the clusters
that carry the variance, and the correlation that it expects. With few failures the data cannot tell, and intervals that
take them as independent cover too rarely (tests/bench/coverage.py)."""
LEAST_EFFECT = 0.9
"""No design effect is below: that calls of one conversation differ more than others do is chance."""


@dataclass(frozen=True)
class Spread:
    """How much the calls of a cluster err together.

    within (strata,): design effect of each stratum's mean; across: how much the strata's errors add up beyond
    independence; quantile: of the t distribution with `freedom` degrees (infinite: of the normal), as many as the
    clusters give; graded: variance of a value over that of a 0 or 1 with its mean.
    """

    within: np.ndarray
    across: float
    quantile: float
    freedom: float
    graded: float = 1.0


@dataclass(frozen=True)
class _Seen:
    """Correlation of two calls of a cluster in one stratum, and in two; how many clusters carry the variance."""

    inside: float
    between: float
    evidence: float


def spread(values: np.ndarray, rows: Design, level: float, variance: np.ndarray | None = None) -> Spread:
    """Design effects of `values` (n,) under `rows`.

    variance (strata,): of one value in each stratum; without it values lie in 0..1, and it is a binomial's, times how
    much less graded values vary.

    Notes
    -----
    Correlations are those of the clusters of two calls and more, around their own mean: many single calls say nothing
    of how a conversation errs. They are drawn towards a prior; the evidence counts as many clusters as carry the
    variance, (sum Z^2)^2 / sum Z^4: with rare failures these are about the conversations that failed. Degrees of
    freedom: those of a variance that so much evidence estimates, of the part of the variance that is estimated so. No
    more doubt than if conversations were one call each, whose variance is known.
    """
    p = rows.means(values)
    binomial = p * (1 - p) if variance is None else variance
    graded = _graded(values, rows, binomial) if variance is None else 1.0
    whole = bool(np.isin(values, (-1, 0, 1)).all())
    if rows.plain:
        freedom = np.inf if whole else max(float(rows.kish.sum()) - len(rows.kish), 1.0)
        quantile = float(special.stdtrit(freedom, 0.5 + level / 2))
        return Spread(np.ones(len(p)), 1.0, quantile, freedom, graded)
    deviation = _expected(values, rows, variance)
    seen = _seen(values, rows, deviation, graded)
    single, cells, clusters = deviation**2, rows.cell_totals(deviation) ** 2, rows.totals(deviation) ** 2
    alike = np.bincount(rows.cell_stratum, cells) / np.bincount(rows.stratum, single)
    within = np.maximum(LEAST_EFFECT, 1 + seen.inside * (alike - 1))
    inside = float(within @ np.bincount(rows.stratum, single))
    across = max(LEAST_EFFECT, 1 + seen.between * float(clusters.sum() - cells.sum()) / inside)
    together = rows.sizes[rows.cluster] > 1
    part = 1 - float(single[~together].sum()) / (inside * across)
    freedom = _freedom(seen.evidence, float(clusters.sum() ** 2 / np.sum(clusters**2))) / max(part, 1e-9) ** 2
    quantile = float(special.stdtrit(freedom, 0.5 + level / 2))
    known = float(special.ndtri(0.5 + level / 2) * np.sqrt(max(1.0, clusters.sum() / (inside * across))))
    if whole and known < quantile:
        quantile, freedom = known, np.inf
    return Spread(within, across, quantile, freedom, graded)


def variance_of(square: np.ndarray, mean: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Variance of a value that is mostly 0, from its means in strata of n independent rows: unbiased but for what the
    mean of few rows hides, and with a single row no less than what was seen.

    square, mean, n: (strata,).
    """
    n = np.maximum(n, 1)
    return (square - mean**2 * (n - 1) / n) * n**2 / (n**2 - n + 1)


def _expected(values: np.ndarray, rows: Design, variance: np.ndarray | None) -> np.ndarray:
    """Standard deviation (n,) of each row's part of the mean, smoothed away from 0 as by one more row."""
    kish = rows.kish
    smooth = (rows.means(values) * kish + 0.5) / (kish + 1)
    most = float(np.abs(values).max()) or 1.0
    own = smooth * (1 - smooth) if variance is None else (variance * kish + most**2 / 2) / (kish + 1)
    return rows.share * np.sqrt(own)[rows.stratum]


def _graded(values: np.ndarray, rows: Design, binomial: np.ndarray) -> float:
    """How much less than a 0 or 1 the scores vary."""
    if np.isin(values, (0, 1)).all():
        return 1.0
    known = float(np.sum(rows.part**2 * binomial / np.maximum(rows.kish - 1, 0.5)))
    return max(float(np.sum(rows.influence(values) ** 2)) / known if known else 0.0, 1e-3)


def _seen(values: np.ndarray, rows: Design, deviation: np.ndarray, graded: float) -> _Seen:
    """What the clusters of two calls and more show. deviation (n,): expected, of each row's part of the mean."""
    mask = rows.sizes[rows.cluster] > 1
    if not mask.any():
        return _Seen(0.0, 0.0, 0.0)
    few = rows if mask.all() else design(int(mask.sum()), rows.share[mask], rows.stratum[mask], rows.cluster[mask])
    told = few.leverage <= MOST_LEVERAGE
    scale = float(rows.share[mask].sum())
    error = np.where(told, few.influence(values[mask]) * scale, 0.0)
    expected = np.where(told, deviation[mask] * np.sqrt(graded), 0.0)
    cells, clusters = few.cell_totals(error), few.totals(error)
    most_cells, most = few.cell_totals(expected), few.totals(expected)
    seen_cells, seen = float(np.sum(cells**2)), float(np.sum(clusters**2))
    evidence = seen**2 / float(np.sum(clusters**4)) if seen > 0 else 0.0

    def drawn(found: float, possible: float) -> float:
        ratio = found / possible if possible > 1e-15 else 0.0
        weight = evidence**2 if possible > 1e-15 else 0.0
        return min(1.0, (weight * ratio + PRIOR_CLUSTERS * PRIOR_CORRELATION) / (weight + PRIOR_CLUSTERS))

    inside = drawn(seen_cells - float(np.sum(error**2)), float(np.sum(most_cells**2) - np.sum(expected**2)))
    between = drawn(seen - seen_cells, float(np.sum(most**2) - np.sum(most_cells**2)))
    return _Seen(inside, between, evidence)


def _freedom(evidence: float, clusters: float) -> float:
    """Degrees of freedom of a variance that `evidence` of so many `clusters` carry, both as counts of equals.

    2 / (its squared coefficient of variation), which is 1 / evidence - 1 / clusters.
    """
    most = max(clusters - 1, 1.0)
    if evidence >= clusters * (1 - 1e-9):
        return most
    return min(most, max(1.0, 2 / (1 / evidence - 1 / clusters))) if evidence else 1.0
