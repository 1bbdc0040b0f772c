"""Finite-sample tests of a mean: is it below a limit, with a stated chance of being wrong?

Knows: bounded values and how to test them without asymptotics. Refuses to know: thresholds, models, money.

Three tests, by the shape of the values:
- 0/1: the exact binomial test (Clopper and Pearson 1934);
- -1/0/1, as a paired comparison of right and wrong gives: the exact test of a difference of two paired shares, its
  nuisance parameter confined to a confidence interval of its own (Berger and Boos 1994);
- anything else that is bounded: betting (Waudby-Smith and Ramdas 2024), which needs no variance and adapts to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

NUISANCE_SHARE = 0.02
"""Part of delta that the -1/0/1 test spends on the interval of its nuisance parameter."""


@dataclass(frozen=True)
class Bound:
    """An upper bound of a mean that holds with chance 1 - delta, and the test that gave it."""

    value: float
    method: str


def shape_of(values: np.ndarray) -> str:
    """`binary`, `paired` or `bounded`: which of the three tests is the sharpest that fits these values."""
    kinds = np.unique(values) if len(values) <= 100_000 else np.unique(np.r_[np.unique(values[:1000]), values])
    if np.isin(kinds, (0.0, 1.0)).all():
        return "binary"
    return "paired" if np.isin(kinds, (-1.0, 0.0, 1.0)).all() else "bounded"


def most_losses(n: int, limit: float, delta: float) -> int:
    """The most losses among n trials at which "the rate is below `limit`" is proved; -1 where none are few enough."""
    if limit >= 1:
        return n
    if limit <= 0:
        return -1
    k = int(stats.binom.ppf(delta, n, limit))
    while k >= 0 and stats.binom.cdf(k, n, limit) > delta:
        k -= 1
    return k


def trials_needed(rate: float, limit: float, delta: float, *, at_most: int = 10_000_000) -> int | None:
    """How many trials prove "below `limit`" when losses come at `rate`. None where rate >= limit or past `at_most`."""
    if rate >= limit:
        return None
    low, high = 1, 1
    while most_losses(high, limit, delta) < np.ceil(rate * high):
        low, high = high, high * 2
        if high > at_most:
            return None
    while low < high:
        middle = (low + high) // 2
        proved = most_losses(middle, limit, delta) >= np.ceil(rate * middle)
        low, high = (low, middle) if proved else (middle + 1, high)
    return high


def binomial_upper(losses: int, n: int, delta: float) -> float:
    """Clopper-Pearson upper bound of a rate."""
    return 1.0 if losses >= n else float(stats.beta.ppf(1 - delta, losses + 1, n - losses))


def paired_p_value(worse: int, better: int, n: int, limit: float, delta: float) -> float:
    """p-value of "P(worse) - P(better) >= limit" from counts among n pairs (the rest are ties).

    The chance of so small a difference, at the worst P(better) in its (1 - NUISANCE_SHARE * delta) interval; what the
    interval may miss is added. Exact at any n: a sum over the number of pairs that are no ties.
    """
    spent = NUISANCE_SHARE * delta
    highest = min(binomial_upper(better, n, spent / 2), (1 - limit) / 2)
    lowest = 0.0 if better == 0 else float(stats.beta.ppf(spent / 2, better, n - better + 1))
    difference = worse - better
    worst = 0.0
    for q in np.linspace(min(max(lowest, -limit), highest), highest, 5):
        moved = limit + 2 * q
        if moved <= 0:
            worst = max(worst, float(difference <= 0))
            continue
        spread = 8 * np.sqrt(n * moved * (1 - moved)) + 10
        discordant = np.arange(max(0, int(n * moved - spread)), min(n, int(n * moved + spread)) + 1)
        tails = stats.binom.cdf((difference + discordant) // 2, discordant, (limit + q) / moved)
        worst = max(worst, float(stats.binom.pmf(discordant, n, moved) @ tails))
    return min(1.0, worst + spent)


def betting_proves(
    values: np.ndarray, limit: float, delta: float, *, low: float, high: float, seed: int = 0
) -> np.ndarray:
    """Whether betting against "the mean is at least `limit`" multiplies the stake to 1/delta.

    values: (n,) or (n, thresholds) within [low, high], in any order (they are shuffled by `seed`, as the bets look at
    the past). Returns bool () or (thresholds,).
    """
    values = np.asarray(values, float)
    y = (values - low) / (high - low)
    m = (limit - low) / (high - low)
    if not 0 < m < 1:
        return np.full(y.shape[1:], m >= 1)
    n = len(y)
    y = y[np.random.default_rng(seed).permutation(n)]
    seen = np.arange(1, n + 1).reshape(-1, *[1] * (y.ndim - 1))
    prior = 0.25 * m * (1 - m)  # losses near the limit and mostly rare: a variance to start from
    mean = (m + np.cumsum(y, 0)) / (seen + 1)
    variance = (4 * prior + np.cumsum((y - mean) ** 2, 0)) / (seen + 4)
    variance = np.concatenate([np.full_like(variance[:1], prior), variance[:-1]])
    bet = np.minimum(np.sqrt(2 * np.log(1 / delta) / (n * np.maximum(variance, 1e-12))), 0.9 / (1 - m))
    stake = np.cumsum(np.log1p(bet * (m - y)), 0)
    return np.asarray(stake.max(0) >= np.log(1 / delta))


def mean_upper(
    values: np.ndarray, delta: float, *, low: float = -1.0, high: float = 1.0, shape: str | None = None
) -> Bound:
    """The smallest limit that the mean of `values` is proved to be below, to three digits after the point and more."""
    values = np.asarray(values, float)
    n, shape = len(values), shape or shape_of(values)
    if shape == "binary":
        return Bound(binomial_upper(int(values.sum()), n, delta), "exact binomial")
    if shape == "paired":
        worse, better = int((values > 0).sum()), int((values < 0).sum())
        prove = lambda limit: paired_p_value(worse, better, n, limit, delta) <= delta  # noqa: E731
    else:
        prove = lambda limit: bool(betting_proves(values, limit, delta, low=low, high=high))  # noqa: E731
    below, above = float(values.mean()), float(high)
    while above - below > 2e-4:
        middle = (below + above) / 2
        below, above = (below, middle) if prove(middle) else (middle, above)
    return Bound(above, "exact paired" if shape == "paired" else "betting")
