"""A thousand worlds that the log and the stated ranges allow: which inputs are uncertain, and how each is drawn.

Knows: what the projection starts from, and distributions. Refuses to know: what a world costs (`projection`).

Volume and mix of the log: a Bayesian bootstrap over its days (Rubin 1981), weekdays and weekends apart. Routes of a
task: a Dirichlet around its decided calls. Quality: a Beta through the interval of step 04. All else: a range
[P10, P50, P90] of the scenarios file, as a normal with a side of its own below and above the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from migration.costs.before_after import Terms, Traffic, shares
from migration.costs.scenarios import Assumptions, Range
from migration.stats import Rate

INPUTS = {
    "days": "the log's volume and mix",
    "volume": "days the log did not see",
    "routes": "SLM share",
    "luck": "quality of the answers",
    "growth": "traffic growth, a month",
    "api_price": "API prices, a year",
    "tokens": "tokens a call, a year",
    "people": "people's time, against the plan",
    "throughput": "speed of the card",
}
"""Each uncertain input, and what people call it."""


@dataclass(frozen=True)
class Basis:
    """What is known: the log, the routes of 04 (`count_routes`), qualities, assumptions and terms."""

    traffic: Traffic
    routes: pd.DataFrame
    quality: Rate
    """Of all movable calls under the policy."""
    slm_quality: Rate
    """Of all movable calls if the SLM answered each."""
    assumptions: Assumptions
    terms: Terms


@dataclass(frozen=True)
class Worlds:
    """W worlds: days (W, D), routes (W, T, 3), all others (W,)."""

    days: np.ndarray
    volume: np.ndarray
    routes: np.ndarray
    luck: np.ndarray
    growth: np.ndarray
    api_price: np.ndarray
    tokens: np.ndarray
    people: np.ndarray
    throughput: np.ndarray

    def __len__(self) -> int:
        return len(self.volume)


def central(basis: Basis) -> Worlds:
    """The one world in which everything is as seen or at the middle of its range."""
    unsure, one = basis.assumptions.uncertainty, np.ones(1)
    return Worlds(
        days=np.ones((1, len(basis.traffic.days))),
        volume=one,
        routes=shares(basis.routes).to_numpy()[None],
        luck=one * np.nan,
        growth=one * unsure.growth_month[1],
        api_price=one * unsure.api_price_year[1],
        tokens=one * unsure.tokens_year[1],
        people=one * unsure.people[1],
        throughput=one * _throughput(basis)[1],
    )


def draw_worlds(basis: Basis, n: int, *, seed: int) -> Worlds:
    """`n` worlds, the same for the same seed."""
    rng, unsure = np.random.default_rng(seed), basis.assumptions.uncertainty
    seen = basis.traffic.scale.days
    sd = unsure.tiny_log_sd if seen < 2 else unsure.short_log_sd if seen < 7 else 0.0
    return Worlds(
        days=_bootstrap(rng, n, basis.traffic.days["weekend"].to_numpy()),
        volume=np.exp(sd * rng.standard_normal(n)),
        routes=_dirichlet(rng, n, basis.routes),
        luck=rng.random(n),
        growth=_draw(rng, n, unsure.growth_month),
        api_price=np.maximum(_draw(rng, n, unsure.api_price_year), -0.9),
        tokens=np.exp(_draw(rng, n, np.log(unsure.tokens_year))),
        people=np.exp(_draw(rng, n, np.log(unsure.people))),
        throughput=np.exp(_draw(rng, n, np.log(_throughput(basis)))),
    )


def _throughput(basis: Basis) -> Range:
    unsure = basis.assumptions.uncertainty
    return unsure.throughput_measured if basis.terms.card.measured else unsure.throughput_stated


def _draw(rng: np.random.Generator, n: int, of: Any) -> np.ndarray:
    """A normal on each side of the middle (Fechner's two-piece), so that P10, P50, P90 are as given."""
    low, middle, high = of
    z = rng.standard_normal(n) / stats.norm.ppf(0.9)
    return middle + np.where(z < 0, middle - low, high - middle) * z


def _bootstrap(rng: np.random.Generator, n: int, weekend: np.ndarray) -> np.ndarray:
    """Weights (n, D) that sum to the number of days, drawn apart for weekdays and weekends.

    Stretched by sqrt((d + 1) / (d - 1)): a Bayesian bootstrap of d days alone is that much too narrow.
    """
    weights = np.ones((n, len(weekend)))
    strata = [weekend, ~weekend] if min(weekend.sum(), (~weekend).sum()) >= 2 else [np.ones(len(weekend), bool)]
    for stratum in strata:
        d = int(stratum.sum())
        if d > 1:
            drawn = rng.dirichlet(np.ones(d), n) * d
            weights[:, stratum] = np.maximum(1 + (drawn - 1) * np.sqrt((d + 1) / (d - 1)), 0)
    return weights


def _dirichlet(rng: np.random.Generator, n: int, routes: pd.DataFrame) -> np.ndarray:
    """Shares (n, T, 3) given the counts. A way that a task's calls never went stays closed: a rule closed it."""
    counts = routes[["slm", "escalated", "llm"]].to_numpy(float)
    drawn = rng.gamma(np.where(counts > 0, counts + 0.5 / 3, 1e-12), size=(n, *counts.shape))
    return drawn / drawn.sum(axis=2, keepdims=True)


def quality_at(rate: Rate, luck: np.ndarray) -> np.ndarray:
    """The quality (W,) whose rank is `luck`: a Beta with the interval's width; as measured where luck is NaN."""
    sd = (rate.high - rate.low) / (2 * stats.norm.ppf(0.975))
    mean = rate.value if 0 < rate.value < 1 else (rate.low + rate.high) / 2
    spread = mean * (1 - mean)
    if sd <= 1e-9 or sd * sd >= spread:
        return np.full(len(luck), rate.value)
    size = spread / (sd * sd) - 1
    return np.where(np.isnan(luck), rate.value, stats.beta.ppf(luck, mean * size, (1 - mean) * size))
