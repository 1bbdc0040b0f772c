"""How rows speak for the traffic: weights, strata that were sampled apart, and clusters whose rows resemble each other.

What every interval of `migration.stats` rests on. Out of scope: which quantity is estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from migration.errors import NotEnoughCalls

Column = np.ndarray | pd.Series | Sequence
"""Values of one row each: an array, a column of a frame, or a list."""


class Sampled(TypedDict, total=False):
    """How rows (n,) were sampled, as the estimators of `stats` take it: what each stands for, drawn where, whose."""

    weights: Column | None
    strata: Column | None
    cluster: Column | None


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

    @property
    def clusters(self) -> float:
        """Clusters as a number of equals, (sum W)^2 / sum W^2: what rows are worth if each cluster is all alike."""
        return float(1 / np.sum(self.totals(self.share) ** 2))

    @property
    def conversations(self) -> float:
        """Clusters of two rows and more, as a number of equals; infinite where there is none."""
        large = self.totals(self.share)[self.sizes > 1]
        return float(large.sum() ** 2 / np.sum(large**2)) if len(large) else np.inf

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each cluster (clusters,)."""
        return np.bincount(self.cluster)

    @property
    def cell_stratum(self) -> np.ndarray:
        """The stratum of each cell (cells,)."""
        found = np.empty(len(self.cell_cluster), int)
        found[self.cell] = self.stratum
        return found

    @property
    def leverage(self) -> np.ndarray:
        """What share of its stratum each row's cell is (n,)."""
        return np.bincount(self.cell, self.share)[self.cell] / self.part[self.stratum]

    def influence(self, values: np.ndarray) -> np.ndarray:
        """What each row adds to the error of the weighted mean (n,): weighted residuals from the stratum's mean,
        enlarged by 1 / sqrt(1 - leverage of the row's cell), which undoes the mean's fit to them (HC2/CR2: Bell &
        McCaffrey 2002).

        values: (n,).
        """
        residual = self.share * (values - self.means(values)[self.stratum])
        return residual / np.sqrt(1 - np.minimum(self.leverage, MOST_LEVERAGE))

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
