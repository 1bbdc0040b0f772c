"""How much calls of a cluster err together: design effects, and how surely these are known.

Out of scope: which quantity is estimated (`rates`, `differences`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from migration.stats.design import Design

PRIOR_CLUSTERS, PRIOR_CORRELATION = 4.0, 0.7
"""The prior on how much calls of one conversation resemble each other: its weight, against the square of the clusters
that carry the variance, and the correlation that it expects. With few failures the data cannot tell, and intervals that
take them as independent cover too rarely (tests/bench/coverage.py)."""
LEAST_EFFECT = 0.9
"""No design effect is below: that calls of one conversation differ more than others do is chance."""


@dataclass(frozen=True)
class Spread:
    """How much the calls of a cluster err together.

    within: design effect of a stratum's mean; across: how much the strata's errors add up beyond independence;
    quantile: of the t distribution with `freedom` degrees (infinite: of the normal), as many as the clusters give.
    """

    within: float
    across: float
    quantile: float
    freedom: float


@dataclass(frozen=True)
class _Seen:
    """Sums of squares, as if rows were independent (`known`, from the strata's variances), of each cell and
    of each cluster; evidence: as many clusters carry the variance."""

    known: float
    cells: float
    clusters: float
    evidence: float


@dataclass(frozen=True)
class _Most:
    """Design effects if the calls of a cluster were all alike: within strata, in all; clusters: as many of one size."""

    within: float
    full: float
    clusters: float


def spread(values: np.ndarray, rows: Design, level: float, variance: np.ndarray | None = None) -> Spread:
    """Design effects of `values` (n,) under `rows`, drawn towards a prior correlation.

    variance (strata,): of one value in each stratum; without it values lie in 0..1, and it is a binomial's, times how
    much less graded values vary.

    Notes
    -----
    The evidence counts as many clusters as carry the variance, (sum Z^2)^2 / sum Z^4: with rare failures these are
    about the conversations that failed. Degrees of freedom: those of a variance that so much evidence estimates, at
    most Satterthwaite's of the clusters' expected variances. No more doubt than if conversations were one call each,
    whose variance is known.
    """
    own, graded, seen = _seen(values, rows, variance)
    if rows.plain:
        freedom = np.inf if graded == 1 else max(float(rows.kish.sum()) - len(rows.kish), 1.0)
        return Spread(graded, 1.0, float(special.stdtrit(freedom, 0.5 + level / 2)), freedom)
    most = _most(own, rows)
    prior_within, prior = (1 + PRIOR_CORRELATION * (effect - 1) for effect in (most.within, most.full))

    def drawn(found: float, base: float, expected: float) -> float:
        weight, ratio = seen.evidence**2, found / base if base else 0.0
        return max(LEAST_EFFECT, (weight * ratio + PRIOR_CLUSTERS * expected) / (weight + PRIOR_CLUSTERS))

    within = drawn(seen.cells, seen.known * graded, prior_within)
    across = drawn(seen.clusters, seen.cells, prior / prior_within)
    freedom = _freedom(seen.evidence, most.clusters)
    quantile = float(special.stdtrit(freedom, 0.5 + level / 2))
    known = float(special.ndtri(0.5 + level / 2) * np.sqrt(max(1.0, most.full / (within * across))))
    if graded == 1 and known < quantile:
        quantile, freedom = known, np.inf
    return Spread(within * graded, across, quantile, freedom)


def _seen(values: np.ndarray, rows: Design, variance: np.ndarray | None) -> tuple[np.ndarray, float, _Seen]:
    """(variance of a value by stratum, smoothed away from 0; how much less graded values vary; what was seen)."""
    p, kish = rows.means(values), rows.kish
    binomial = p * (1 - p) if variance is None else variance
    known = float(np.sum(rows.part**2 * binomial / np.maximum(kish - 1, 0.5)))
    apart = rows.influence(values)
    single = float(np.sum(apart**2))
    graded = 1.0
    if variance is None and not np.isin(values, (0, 1)).all():
        graded = max(single / known if known else 0.0, 1e-3)
    cells, totals = rows.cell_totals(apart), rows.totals(apart)
    clusters = float(np.sum(totals**2))
    evidence = clusters**2 / float(np.sum(totals**4)) if clusters else 0.0
    smooth = (p * kish + 0.5) / (kish + 1)
    own = smooth * (1 - smooth) if variance is None else (variance * kish + 0.5) / (kish + 1)
    return own, graded, _Seen(known, float(np.sum(cells**2)), clusters, evidence)


def _most(variance: np.ndarray, rows: Design) -> _Most:
    """The largest design effects there can be, for values of this variance (strata,)."""
    deviation = rows.share * np.sqrt(variance)[rows.stratum]
    single, cells, clusters = (np.sum(x**2) for x in (deviation, rows.cell_totals(deviation), rows.totals(deviation)))
    equal = float(clusters**2 / np.sum(rows.totals(deviation) ** 4))
    return _Most(float(cells / single), float(clusters / single), equal)


def _freedom(evidence: float, clusters: float) -> float:
    """Degrees of freedom of a variance that `evidence` of so many `clusters` carry, both as counts of equals.

    2 / (its squared coefficient of variation), which is 1 / evidence - 1 / clusters.
    """
    most = max(clusters - 1, 1.0)
    if evidence >= clusters * (1 - 1e-9):
        return most
    return min(most, max(1.0, 2 / (1 / evidence - 1 / clusters))) if evidence else 1.0
