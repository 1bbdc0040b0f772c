"""Finite-sample tests of a mean: is it below a limit, with a stated chance of being wrong?

Out of scope: thresholds, conversations (`risk`), models, money.

Two tests, by the shape of the values:
- 0/1: the exact binomial test (Clopper and Pearson 1934);
- anything else that is bounded, graded or signed: betting (Waudby-Smith and Ramdas 2024), which adapts to the
  variance without being told it. Its bets are recalculated to what is missing, which makes it about as sharp as the
  normal approximation, and on -1/0/1 sharper than an exact test that must allow for the worst share of ties.
"""

from __future__ import annotations

import numpy as np
from scipy import special

BETS = 128
"""How often, at most, a bet is sized anew."""


def is_binary(values: np.ndarray) -> bool:
    """Whether all values are 0 or 1."""
    return bool(((values == 0) | (values == 1)).all())


def most_losses(n: int, limit: float, delta: float) -> int:
    """The most losses among n trials at which "the rate is below `limit`" is proved; -1 where none are few enough."""
    if limit >= 1:
        return n
    if limit <= 0:
        return -1
    k = int(special.bdtrik(delta, n, limit)) + 1
    while k >= 0 and special.bdtr(k, n, limit) > delta:
        k -= 1
    return min(k, n)


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
    return 1.0 if losses >= n else float(special.betainccinv(losses + 1, n - losses, delta))


def betting_proves(
    values: np.ndarray, limit: np.ndarray | float, delta: np.ndarray | float, *, low: float, high: float, seed: int = 0
) -> np.ndarray:
    """Whether betting against "the mean is at least `limit`" ever multiplies the stake by 1/delta.

    values: (n, columns) within [low, high], in any order (they are shuffled by `seed`, as the bets look at the past);
    limit: one number, or one a column; delta: one chance of error, or several (levels,). Returns bool (columns,), or
    (levels, columns). Each bet is sized to what is still missing and to the draws still to come (target-recalculating
    bets, Voracek and Orabona 2025), which spends almost all of delta. For n past BETS the bets are renewed only that
    often.
    """
    n, levels = len(values), np.atleast_1d(np.asarray(delta, float))
    m = np.clip((np.asarray(limit, float) - low) / (high - low), 0.0, 1.0)
    open_, m = (m > 0) & (m < 1), np.clip(m, 1e-9, 1 - 1e-9)
    order = np.random.default_rng(seed).permutation(n)
    size = -(-n // BETS)
    target, cap = np.log(1 / levels)[:, None], 0.9 / (1 - m)
    prior = 0.25 * m * (1 - m)  # losses near the limit and mostly rare: a variance to start from
    columns = max(values.shape[1], np.size(m))
    stake = np.zeros((len(levels), columns))
    proved = np.zeros(stake.shape, bool)
    total, squares, count = m + np.zeros(columns), m * m + 4 * prior + np.zeros(columns), 1.0
    for start in range(0, n, size):
        block = (values[order[start : start + size]] - low) / (high - low)
        variance = np.maximum(squares - total**2 / count, 1e-12) / (count + 3)
        bet = np.minimum(np.sqrt(2 * np.maximum(target - stake, 0) / ((n - start) * variance)), cap)
        stake = stake + np.log1p(bet[:, None, :] * (m - block)[None]).sum(1)
        proved |= stake >= target
        total, squares, count = total + block.sum(0), squares + (block**2).sum(0), count + len(block)
    found = np.where(open_, proved, np.asarray(limit) >= high)
    return found if np.ndim(delta) else found[0]
