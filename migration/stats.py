"""Intervals and tests, each as a value that carries its n: none can be shown without it.

Knows: rates, paired differences, corrections for many tests. Refuses to know: what was measured.
"""

from __future__ import annotations

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


def wilson(successes: int, n: int, *, level: float = 0.95) -> Rate:
    """Wilson score interval of a binomial share. Raises NotEnoughCalls when n is 0."""
    if n <= 0:
        raise NotEnoughCalls("a rate", 0, 1)
    z = stats.norm.ppf(0.5 + level / 2)
    p, z2 = successes / n, z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Rate(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)), int(n))


def agreement_rate(agrees: np.ndarray, *, level: float = 0.95) -> Rate:
    """Share of answers functionally identical to the reference.

    agrees: bool (n,). Raises NotEnoughCalls when n is 0: a rate of nothing is not 0.
    """
    agrees = np.asarray(agrees, bool)
    return wilson(int(agrees.sum()), len(agrees), level=level)
