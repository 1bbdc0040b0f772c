"""How rows speak for the traffic: weights, strata that were sampled apart, and clusters whose rows resemble each other.

What every interval of `migration.stats` rests on. Out of scope: which quantity is estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from scipy import special

from migration.errors import NotEnoughCalls

Column = np.ndarray | pd.Series | Sequence
"""Values of one row each: an array, a column of a frame, or a list."""


class Sampled(TypedDict, total=False):
    """How rows (n,) were sampled, as the estimators of `stats` take it: what each stands for, drawn where, whose."""

    weights: Column | None
    strata: Column | None
    cluster: Column | None


PRIOR_CLUSTERS = 2.0
"""Weight of the prior that calls of one conversation succeed and fail together, against the square of the clusters
that carry the variance: with few failures the data cannot tell, and intervals that take them as independent cover too
rarely (tests/bench/coverage.py)."""
MOST_LEVERAGE = 0.75
"""A cluster that is most of its stratum tells nothing of the spread; its residuals grow no more than twofold."""


@dataclass(frozen=True)
class Design:
    """share (n,): each row's part of the traffic; stratum, cluster, cell (n,): codes, a cell being a cluster within a
    stratum; part (strata,): share of the traffic; kish (strata,): effective rows (sum w)^2 / sum w^2; cell_cluster
    (cells,): the cluster of each cell; plain: independent rows that weigh the same within their stratum."""

    share: np.ndarray
    stratum: np.ndarray
    cluster: np.ndarray
    cell: np.ndarray
    part: np.ndarray
    kish: np.ndarray
    cell_cluster: np.ndarray
    plain: bool

    def means(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean of each stratum (strata,) of `values` (n,)."""
        return np.bincount(self.stratum, self.share * values, len(self.part)) / self.part

    def influence(self, values: np.ndarray) -> np.ndarray:
        """What each row adds to the error of the weighted mean (n,): weighted residuals from the stratum's mean,
        enlarged by 1 / sqrt(1 - leverage of the row's cell), which undoes the mean's fit to them (HC2/CR2: Bell &
        McCaffrey 2002).

        values: (n,).
        """
        leverage = np.bincount(self.cell, self.share)[self.cell] / self.part[self.stratum]
        residual = self.share * (values - self.means(values)[self.stratum])
        return residual / np.sqrt(1 - np.minimum(leverage, MOST_LEVERAGE))

    def cell_totals(self, rows: np.ndarray) -> np.ndarray:
        """Sums of each cell (cells,) of `rows` (n,)."""
        return np.bincount(self.cell, rows, len(self.cell_cluster))

    def totals(self, rows: np.ndarray) -> np.ndarray:
        """Sums of each cluster (clusters,) of `rows` (n,): independent of each other, as rows are not."""
        return np.bincount(self.cluster, rows)


def codes(column: Column | None, n: int, *, apart: bool) -> np.ndarray:
    """Numbers 0.. for the words of `column` (n,). apart: without a column, or where it is null, every row stands for
    itself; else all such rows stand together."""
    if column is None:
        return np.arange(n) if apart else np.zeros(n, int)
    found = pd.factorize(np.asarray(column), use_na_sentinel=True)[0]
    null = found < 0
    if not null.any():
        return found
    own = np.arange(null.sum()) if apart else 0
    found = found.copy()
    found[null] = found.max() + 1 + own
    return found


def design(
    n: int, weights: Column | None = None, strata: Column | None = None, cluster: Column | None = None
) -> Design:
    """The design of n rows. Weights are positive; raises NotEnoughCalls when there is no row."""
    weight = np.ones(n) if weights is None else np.asarray(weights, float)
    if not n or weight.sum() <= 0:
        raise NotEnoughCalls("a weighted rate", 0, 1)
    share = weight / weight.sum()
    stratum, group = codes(strata, n, apart=False), codes(cluster, n, apart=True)
    part = np.bincount(stratum, share)
    kish = part**2 / np.bincount(stratum, share**2)
    keys, cell = np.unique(group * len(part) + stratum, return_inverse=True)
    alone = len(np.unique(group)) == n
    plain = alone and np.allclose(kish, np.bincount(stratum))
    return Design(share, stratum, group, cell, part, kish, keys // len(part), plain)


@dataclass(frozen=True)
class Spread:
    """How much the calls of a cluster err together: within (design effect of a stratum's mean), across (how much the
    strata's errors add up beyond independence), and the t quantile that the number of clusters asks for."""

    within: float
    across: float
    quantile: float


def spread(values: np.ndarray, rows: Design, level: float) -> Spread:
    """Design effects of `values` (n,), in 0..1, under `rows`, drawn towards full dependence by PRIOR_CLUSTERS.

    The evidence counts as many clusters as carry the variance, (sum Z^2)^2 / sum Z^4: with rare failures these are
    about the conversations that failed. Degrees of freedom: Satterthwaite's, of the clusters' expected variances, and
    no more than evidence and prior together have.
    """
    normal = float(special.ndtri(0.5 + level / 2))
    p, kish = rows.means(values), rows.kish
    binomial = float(np.sum(rows.part**2 * p * (1 - p) / np.maximum(kish - 1, 0.5)))
    apart = rows.influence(values)
    graded = 1.0
    if not np.isin(values, (0, 1)).all():
        graded = max(float(np.sum(apart**2)) / binomial if binomial else 0.0, 1e-3)
    if rows.plain:
        quantile = normal if graded == 1 else float(special.stdtrit(max(kish.sum() - len(kish), 1), 0.5 + level / 2))
        return Spread(graded, 1.0, quantile)
    smooth = (p * kish + 0.5) / (kish + 1)
    deviation = rows.share * np.sqrt(smooth * (1 - smooth))[rows.stratum]
    most_cell, most = rows.cell_totals(deviation), rows.totals(deviation) ** 2
    cells, totals = rows.cell_totals(apart), rows.totals(apart)
    independent, in_cells, variance = np.sum(deviation**2), float(np.sum(cells**2)), float(np.sum(totals**2))
    evidence = variance**2 / float(np.sum(totals**4)) if variance else 0.0

    def drawn(seen: float, base: float, full: float) -> float:
        ratio = seen / base if base else 0.0
        return max(1.0, (evidence**2 * ratio + PRIOR_CLUSTERS * full) / (evidence**2 + PRIOR_CLUSTERS))

    within = drawn(in_cells, binomial * graded, np.sum(most_cell**2) / independent)
    across = drawn(variance, in_cells, most.sum() / np.sum(most_cell**2))
    full = float(most.sum() / independent)
    freedom = min(max(float(most.sum() ** 2 / np.sum(most**2)) - 1, 1.0), evidence + PRIOR_CLUSTERS)
    quantile = float(special.stdtrit(freedom, 0.5 + level / 2))
    if graded == 1:  # no more doubt than if conversations were one call each, whose variance is known
        quantile = min(quantile, normal * np.sqrt(max(1.0, full / (within * across))))
    return Spread(within * graded, across, quantile)
