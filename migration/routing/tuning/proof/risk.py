"""Is the loss of what a threshold keeps below its limit, on calls that weigh unevenly and come in conversations?

Two risks of a kept set, both tested: the loss over all calls, and the error among the calls that are kept. Thresholds
are nested: each keeps what the one before it keeps, and more.

- Even weights, one call a conversation, losses 0 or 1: exact binomial tests (Clopper and Pearson 1934). Given how
  many calls are kept, the errors among them are binomial too.
- As before, but in two to four strata of even weights (tasks asked unevenly): exact bounds of each stratum, its share
  of the allowed error each (Bonferroni), added up by their traffic - where that proves more than betting would.
- Anything else: betting (Waudby-Smith and Ramdas 2024) on conversations, in random order. With Z the weighted loss of
  a conversation and S its weight, "loss below the limit" is E[Z - limit S] < 0; the bounds of a bet come from the
  weights of all conversations, never from those that happened to fail. Caveat: conversations larger than any in the
  sample are taken not to exist; no test could speak of them.

Out of scope: which thresholds are tried, in which order (`thresholds`), and the tests themselves (`bounds`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special, stats

from migration.routing.tuning.proof import bounds

CUTS = (1.0, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8)
"""Quantiles of what conversations could lose at which the largest may be set apart."""
MOST_STRATA = 4
"""More distinct weights than this are no strata: each would get too little of the allowed error."""
EXPECTED = 0.4
"""Of the allowed loss: what a threshold worth testing is expected to lose."""


@dataclass(frozen=True)
class Strata:
    """Single calls with losses 0 or 1 in K strata of even weights. share: (K,) of the traffic; n: (K,) calls;
    failures, counts: (K, thresholds) calls kept and lost, calls kept; weight: (K, thresholds) share kept."""

    share: np.ndarray
    n: np.ndarray
    failures: np.ndarray
    counts: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """Share of the traffic that each stratum keeps (K, thresholds)."""
        return self.share[:, None] * self.counts / self.n[:, None]

    def upper(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Upper bounds of the loss over all calls and of the error of the kept calls, (thresholds,) each."""
        part = level / len(self.n)
        over_all = self.share @ _binomial_upper(
            self.failures, np.broadcast_to(self.n[:, None], self.counts.shape), part
        )
        kept = (self.weight * _binomial_upper(self.failures, self.counts, part)).sum(0)
        return over_all, kept / np.maximum(self.weight.sum(0), 1e-300)

    def at(self, place: int) -> Strata:
        """The same calls under one threshold alone."""
        one = slice(place, place + 1)
        return Strata(self.share, self.n, self.failures[:, one], self.counts[:, one])


@dataclass(frozen=True)
class Kept:
    """What nested thresholds keep of n calls, summed by conversation.

    lost, kept: (conversations, thresholds) weighted loss and weight of the kept calls, a conversation weighing 1 on
    average; size: (conversations,) weight of all its calls; counts: (thresholds,) calls kept; exact: whether the
    binomial tests apply; signed: whether a loss can be negative; n: calls.
    """

    lost: np.ndarray
    kept: np.ndarray
    size: np.ndarray
    counts: np.ndarray
    exact: bool
    signed: bool
    n: int
    strata: Strata | None = None

    @property
    def loss(self) -> np.ndarray:
        """Weighted loss over all calls, a threshold (thresholds,)."""
        return self.lost.sum(0) / self.size.sum()

    @property
    def share(self) -> np.ndarray:
        """Share of the traffic that is kept (thresholds,)."""
        return self.kept.sum(0) / self.size.sum()

    @property
    def kept_error(self) -> np.ndarray:
        """Weighted loss among the kept calls (thresholds,); 0 where none is kept."""
        return self.lost.sum(0) / np.maximum(self.kept.sum(0), 1e-300)

    @property
    def conversations(self) -> int:
        """Number of conversations."""
        return len(self.size)

    def at(self, place: int) -> Kept:
        """The same calls under one threshold alone."""
        one = slice(place, place + 1)
        return Kept(self.lost[:, one], self.kept[:, one], self.size, self.counts[one], self.exact, self.signed, self.n)


def keep(loss: np.ndarray, weight: np.ndarray, cluster: np.ndarray, place: np.ndarray, thresholds: int) -> Kept:
    """What `thresholds` nested thresholds keep.

    loss: (n,) in -1..1 of keeping a call; weight: (n,) > 0; cluster: (n,) code 0..G-1 of its conversation; place: (n,)
    the first threshold that keeps it, `thresholds` for never.
    """
    groups = int(cluster.max()) + 1
    unit = weight * groups / weight.sum()
    size = np.bincount(cluster, unit, minlength=groups)
    at = cluster * (thresholds + 1) + place

    def nested(values: np.ndarray) -> np.ndarray:
        table = np.bincount(at, values, minlength=groups * (thresholds + 1)).reshape(groups, thresholds + 1)
        return table[:, :thresholds].cumsum(1)

    single = groups == len(loss) and bounds.is_binary(loss)
    counts = np.bincount(place, minlength=thresholds + 1)[:thresholds].cumsum()
    lost, kept = nested(unit * loss), nested(unit)
    strata = _strata(lost, kept, size) if single else None
    even = weight.max() <= weight.min() * (1 + 1e-9)
    return Kept(lost, kept, size, counts, single and even, loss.min() < 0, len(loss), strata)


def _strata(lost: np.ndarray, kept: np.ndarray, size: np.ndarray) -> Strata | None:
    """The strata of single calls, by their weight; None where they are all of one weight or of too many."""
    weights, code = np.unique(np.round(size / size.min(), 6), return_inverse=True)
    if not 2 <= len(weights) <= MOST_STRATA:
        return None
    n = np.bincount(code)
    of = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(weights), len(code)))
    failures, counts = (np.asarray(of @ (values / size[:, None])) for values in (lost, kept))
    return Strata(np.bincount(code, size) / size.sum(), n, np.rint(failures), np.rint(counts))


def keep_each(lost: np.ndarray, kept: np.ndarray, weight: np.ndarray, cluster: np.ndarray) -> Kept:
    """As `keep`, for a cascade, whose delivered answer changes with the threshold.

    lost, kept: bool (n, thresholds) of keeping a call and being wrong, of keeping it; weight, cluster: (n,).
    """
    groups = int(cluster.max()) + 1
    unit = weight * groups / weight.sum()
    of = sparse.csr_matrix((unit, (cluster, np.arange(len(unit)))), shape=(groups, len(unit)))
    size = np.bincount(cluster, unit, minlength=groups)
    lost, kept, counts = np.asarray(of @ lost.astype(float)), np.asarray(of @ kept.astype(float)), kept.sum(0)
    single = groups == len(unit)
    exact = single and weight.max() <= weight.min() * (1 + 1e-9)
    return Kept(lost, kept, size, counts, exact, False, len(unit), _strata(lost, kept, size) if single else None)


def proves(kept: Kept, max_loss: float, max_kept_error: float, levels: np.ndarray) -> np.ndarray:
    """Whether both risks are proved below their limits: bool (levels, thresholds), each at its own chance of error.

    Both must be proved, so that no correction for their number is due (intersection-union test, Berger 1982).
    """
    if kept.exact:
        failures = np.rint(kept.lost.sum(0))
        both = np.maximum(_tail(failures, kept.n, max_loss), _tail(failures, kept.counts, max_kept_error))
        return both[None, :] <= levels[:, None]
    if kept.strata and _strata_prove_more(kept.strata, kept, float(levels.max())):
        found = [kept.strata.upper(level) for level in levels]
        return np.array([(loss <= max_loss) & (error <= max_kept_error) for loss, error in found])
    return _bet(kept, kept.size[:, None], max_loss, levels) & _bet(kept, kept.kept, max_kept_error, levels)


def _strata_prove_more(strata: Strata, kept: Kept, level: float) -> bool:
    """Whether an errorless sample would be bounded lower by strata than by betting; looks at weights alone."""
    by_strata = float(strata.share @ (1 - (level / len(strata.n)) ** (1 / strata.n)))
    by_betting = np.log(1 / level) * float(kept.size.max()) / kept.size.sum()
    return by_strata < by_betting


def _binomial_upper(failures: np.ndarray, trials: np.ndarray, level: float) -> np.ndarray:
    """Clopper-Pearson upper bounds; 1 where there is no trial or nothing but failures."""
    found = special.betainccinv(failures + 1, np.maximum(trials - failures, 1e-9), level)
    return np.where(trials - failures <= 0, 1.0, found)


def _tail(failures: np.ndarray, trials: np.ndarray | int, limit: float) -> np.ndarray:
    """P-value of "the rate is at least `limit`"."""
    return np.ones(len(failures)) * (special.bdtr(failures, trials, limit) if limit < 1 else 0.0)


def _bet(kept: Kept, weight: np.ndarray, limit: np.ndarray | float, level: np.ndarray | float) -> np.ndarray:
    """Whether betting proves the lost share of `weight` below `limit`, bool (thresholds,) or (levels, thresholds).

    weight: (conversations, 1 or thresholds), what the loss is a share of; limit: one number, or one a column. A bet is
    bounded by the largest loss that a conversation could have, so rare large ones would forbid any bet on the others:
    where that helps they are left out, and taken as lost whole (`_cut`).
    """
    columns = max(kept.kept.shape[1], np.size(limit))
    lost, at_most = (np.broadcast_to(each, (len(each), columns)) for each in (kept.lost, kept.kept))
    weight, limit = np.broadcast_to(weight, lost.shape), np.broadcast_to(np.asarray(limit, float), (columns,))
    within, room = _cut(at_most, limit * weight.sum(0))
    rest = np.maximum((weight * within).sum(0), 1e-12)
    rate = np.clip(room / rest, 1e-12, 1.0)
    high = np.maximum(((at_most - rate * weight) * within).max(0), 1e-9)
    low = -((rate * weight + (at_most if kept.signed else 0.0)) * within).max(0) - 1e-12
    scaled = ((lost - rate * weight) * within - low) / (high - low)
    proved = bounds.betting_proves(scaled, -low / (high - low), level, low=0.0, high=1.0)
    return (proved & (room > 0) & (at_most.max(0) > 0)) | (limit >= 1)


def _cut(at_most: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which conversations are bet on (bool, as at_most), and the loss that is allowed to them (thresholds,).

    at_most: (conversations, thresholds) the most each could lose; allowed: (thresholds,) the loss allowed to all. By
    what they could lose alone, that cut is taken whose test would be strongest (the exponent of Bernstein's inequality)
    if conversations were lost whole, EXPECTED of what is allowed.
    """
    caps = np.quantile(at_most, CUTS, axis=0)  # (cuts, thresholds), the largest first
    inside = at_most[None] <= caps[:, None, :]
    spent = (at_most * ~inside).sum(1)
    sums, squares = (at_most * inside).sum(1), (at_most**2 * inside).sum(1)
    expected = EXPECTED * allowed * sums / np.maximum(at_most.sum(0), 1e-12)
    gap = np.maximum(allowed - spent - expected, 0.0)
    strength = gap**2 / (2 * expected * squares / np.maximum(sums, 1e-12) + 2 / 3 * gap * caps + 1e-12)
    strength[0] *= 1.5  # nothing is set apart for a small gain
    best, columns = strength.argmax(0), np.arange(at_most.shape[1])
    return inside[best, :, columns].T, allowed - spent[best, columns]


def upper_bounds(kept: Kept, level: float) -> tuple[float, float, str]:
    """Upper bounds of both risks under one threshold, each at chance `level` of error, and how they were found.

    kept: of one threshold (`Kept.at`). They hold for a threshold that was named beforehand.
    """
    if kept.exact:
        failures = round(float(kept.lost.sum()))
        loss = bounds.binomial_upper(failures, kept.n, level)
        return loss, bounds.binomial_upper(failures, int(kept.counts[0]), level), "exact binomial"
    if kept.strata and _strata_prove_more(kept.strata, kept, level):
        by_stratum = kept.strata.upper(level)
        return float(by_stratum[0][0]), float(by_stratum[1][0]), "exact binomial by stratum"
    over_all = _upper(kept, kept.size[:, None], float(kept.loss[0]), level)
    return over_all, _upper(kept, kept.kept, float(kept.kept_error[0]), level), "betting by conversation"


def _upper(kept: Kept, weight: np.ndarray, seen: float, level: float) -> float:
    """The least limit that betting proves, to a thousandth of the way from what was seen to 1."""
    low, high = max(seen, 0.0), 1.0
    for _ in range(2):
        limits = np.linspace(low, high, 34)
        proved = _bet(kept, weight, limits, level)
        proved[-1] = True
        first = int(np.argmax(np.logical_and.accumulate(proved[::-1])[::-1]))  # proved without a gap from above
        low, high = float(limits[max(first - 1, 0)]), float(limits[first])
    return high


def beats_random(
    confidence: np.ndarray,
    loss: np.ndarray,
    weight: np.ndarray,
    cluster: np.ndarray,
    *,
    delta: float,
) -> float:
    """P-value that the confidence orders losses no better than chance does.

    A permutation test of the weighted loss against the rank of the confidence. Both are shuffled by whole
    conversations and laid side by side, so that calls of one conversation may resemble each other in either. Without
    conversations it is exact. Arrays: (n,), cluster: codes 0..G-1; weight: the traffic of each call; loss: 0..1;
    delta: the chance of error that the p-value is compared with, which sets the number of permutations (10 / delta, at
    least 199).
    """
    rank, lost = stats.rankdata(confidence) / len(confidence), weight * loss
    if np.ptp(rank) == 0 or np.ptp(lost) == 0:
        return 1.0
    rng = np.random.default_rng(0)
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(cluster.max() + 2))
    alone = len(starts) - 1 == len(loss)

    def shuffled(values: np.ndarray) -> np.ndarray:
        if alone:
            return rng.permutation(values)
        blocks = rng.permutation(len(starts) - 1)
        lengths = np.diff(starts)[blocks]
        at = np.repeat(starts[:-1][blocks] - np.r_[0, lengths.cumsum()[:-1]], lengths) + np.arange(len(values))
        return values[order][at]

    draws = int(np.clip(np.ceil(10 / delta), 199, 99_999))
    seen = float(rank @ lost)
    drawn = np.array([float(shuffled(rank) @ shuffled(lost)) for _ in range(draws)])
    return float((1 + (drawn <= seen + 1e-12).sum()) / (draws + 1))
