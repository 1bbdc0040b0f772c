"""The months to come: what a plan costs in every simulation and month, and what comes of it.

Simulations draw what is uncertain. Volume and mix of the log: a Bayesian bootstrap over its days (Rubin 1981), weekdays
and weekends apart. Ways of a task: a Dirichlet around its decided calls. Quality: a Beta through its interval. All
else: a range [P10, P50, P90] of the scenarios file, as a normal with a side of its own below and above the middle. All
plans share the simulations, so a saving is a difference within one. Percentiles of parts do not sum to that of the
total: where sums must hold, use the central simulation. Arrays are (W, M): simulations by months.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy import stats

from migration.costs.capacity import Peak, Work, gpus_needed, peak_hour, work
from migration.costs.ladder import Ladder
from migration.costs.parts import PARTS, Basis, Load, Plan, components
from migration.costs.scenarios import Range
from migration.schema import CandidateKind
from migration.stats import Rate

WEEKS_A_MONTH = 365.25 / 12 / 7
INPUTS = {
    "days": "the log's volume and mix",
    "volume": "days the log did not see",
    "routes": "share of the small models",
    "luck": "quality of the answers",
    "growth": "traffic growth, a month",
    "api_price": "API prices, a year",
    "tokens": "tokens a call, a year",
    "people": "people's time, against the plan",
    "throughput": "speed of the GPU",
}
"""Each uncertain input, and what people call it."""


@dataclass(frozen=True)
class Simulations:
    """W simulations: days (W, D), routes (W, T, K), all others (W,)."""

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

    def repeated(self, n: int) -> Simulations:
        """A single simulation n times."""
        return Simulations(*(np.repeat(getattr(self, f.name), n, axis=0) for f in fields(self)))


def central(basis: Basis) -> Simulations:
    """The one simulation in which everything is as seen or at the middle of its range."""
    unsure, one = basis.assumptions.uncertainty, np.ones(1)
    return Simulations(
        days=np.ones((1, len(basis.traffic.days))),
        volume=one,
        routes=basis.ladder.shares.to_numpy(float)[None],
        luck=one * np.nan,
        growth=one * unsure.growth_month[1],
        api_price=one * unsure.api_price_year[1],
        tokens=one * unsure.tokens_year[1],
        people=one * unsure.people[1],
        throughput=one * _throughput(basis)[1],
    )


def simulate(basis: Basis, n: int, *, seed: int) -> Simulations:
    """`n` simulations, the same for the same seed."""
    rng, unsure = np.random.default_rng(seed), basis.assumptions.uncertainty
    seen = basis.traffic.span.days
    sd = unsure.tiny_log_sd if seen < 2 else unsure.short_log_sd if seen < 7 else 0.0
    return Simulations(
        days=_bootstrap(rng, n, basis.traffic.days["weekend"].to_numpy()),
        volume=np.exp(sd * rng.standard_normal(n)),
        routes=_dirichlet(rng, n, basis.ladder),
        luck=rng.random(n),
        growth=draw(rng, n, unsure.growth_month),
        api_price=np.maximum(draw(rng, n, unsure.api_price_year), -0.9),
        tokens=np.exp(draw(rng, n, np.log(unsure.tokens_year))),
        people=np.exp(draw(rng, n, np.log(unsure.people))),
        throughput=np.exp(draw(rng, n, np.log(_throughput(basis)))),
    )


def _throughput(basis: Basis) -> Range:
    unsure = basis.assumptions.uncertainty
    return unsure.throughput_measured if basis.terms.gpu.measured else unsure.throughput_stated


def draw(rng: np.random.Generator, n: int, of: Range | np.ndarray) -> np.ndarray:
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


def _dirichlet(rng: np.random.Generator, n: int, ladder: Ladder) -> np.ndarray:
    """Shares (n, T, K) given the counts. A way that a task's calls never went stays closed: a rule closed it."""
    counts = ladder.counts.to_numpy(float)
    open_ = (counts > 0).sum(axis=1, keepdims=True)
    drawn = rng.gamma(np.where(counts > 0, counts + 0.5 / np.maximum(open_, 1), 1e-12), size=(n, *counts.shape))
    return drawn / np.maximum(drawn.sum(axis=2, keepdims=True), 1e-300)


def quality_at(rate: Rate, luck: np.ndarray) -> np.ndarray:
    """The quality (W,) whose rank is `luck`: a Beta with the interval's width; as measured where luck is NaN."""
    sd = (rate.high - rate.low) / (2 * stats.norm.ppf(0.975))
    mean = rate.value if 0 < rate.value < 1 else (rate.low + rate.high) / 2
    spread = mean * (1 - mean)
    if sd <= 1e-9 or sd * sd >= spread:
        return np.full(len(luck), rate.value)
    size = spread / (sd * sd) - 1
    return np.where(np.isnan(luck), rate.value, stats.beta.ppf(luck, mean * size, (1 - mean) * size))


def lay(basis: Basis, plan: Plan, routes: np.ndarray) -> np.ndarray:
    """Shares (W, L, K) of each line's calls; what the plan does not speak of stays on the LLM.

    routes: (W, T, K), drawn for the basis' ladder; a ladder that is a rule has shares of its own. Retries and failed
    calls take their task's shares: what moves meets no rate limit of the provider.
    """
    ladder, lines = plan.ladder, basis.traffic.lines
    by_task = ladder.shares.to_numpy(float)[None].repeat(len(routes), axis=0) if ladder.certain else routes
    at = ladder.counts.index.get_indexer(pd.Index(lines["task"]))
    laid = np.zeros((len(routes), len(lines), len(ladder.ways)))
    laid[:, :, 0] = 1.0
    moves = (at >= 0) & lines["kind"].ne("embedding").to_numpy()
    laid[:, moves] = by_task[:, at[moves]]
    return laid


@dataclass(frozen=True)
class Projection:
    """A plan's USD a month: parts (W, M) that sum to `total`, and the GPUs (machines) it runs on (W, M)."""

    plan: Plan
    parts: dict[str, np.ndarray]
    gpus: np.ndarray
    llm_share: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """(W, M)."""
        return np.sum(list(self.parts.values()), axis=0)

    @property
    def running(self) -> np.ndarray:
        """The total without what is spent once."""
        return self.total - self.parts["one_off"]


def demand(basis: Basis, plan: Plan) -> tuple[Peak, Work]:
    """The busiest hour and the work of the calls that ask the SLM, by the log's own arrivals and texts."""
    traffic = basis.traffic
    asks = lay(basis, plan, central(basis).routes)[0] @ plan.ladder.reaches(CandidateKind.SLM).astype(float)
    share = (asks * traffic.movable)[traffic.each["line"]]
    prompt, answer = (traffic.each[f"{name}_tokens"].fillna(0).to_numpy(float) for name in ("prompt", "completion"))
    job = work(basis.terms.own(plan.hosting), prompt, answer, share)
    peak = peak_hour(traffic.each["created_at"], share)
    return replace(peak, calls=peak.calls / traffic.span.log_share), job


def drivers_of(sims: Simulations, months: int) -> dict[str, np.ndarray]:
    """What quantities and prices follow, each (W, M), 1 in the first month."""
    month = np.arange(months, dtype=float)
    grown = (1 + sims.growth[:, None]) ** month
    text, price = (base[:, None] ** (month / 12) for base in (sims.tokens, 1 + sims.api_price))
    return {"calls": grown, "tokens": text, "prices": price}


def load_of(basis: Basis, sims: Simulations, plan: Plan, laid: np.ndarray, drivers: dict[str, np.ndarray]) -> Load:
    """The month's load of `plan` when the lines' calls go by `laid` (W, L, K).

    drivers: of `drivers_of`, each (W, months).
    """
    month = {name: part * sims.volume[:, None] for name, part in basis.traffic.month(sims.days).items()}
    none = np.zeros_like(drivers["calls"])
    load = Load(basis, plan, month, laid, quality_at(plan.quality, sims.luck), sims.people, none, none)
    asks = load.asked(plan.ladder.reaches(CandidateKind.SLM))
    if plan.hosting in ("", "api") or not asks.any():
        return load
    (peak, job), terms, running = demand(basis, plan), basis.terms, basis.assumptions.running
    of_slm = plan.ladder.reaches(CandidateKind.SLM).astype(float)
    middle = basis.traffic.month()["calls"] * (lay(basis, plan, central(basis).routes) @ of_slm)
    calls = (month["calls"] * asks).sum(axis=1)[:, None] * drivers["calls"]
    stretch = drivers["tokens"] / sims.throughput[:, None]
    at_peak = peak.per_s * calls / (middle * basis.traffic.movable).sum()
    gpus = gpus_needed(at_peak, job, burst=peak.burst, redundancy=terms.redundancy, stretch=stretch,
                       target_s=terms.target_s, on_time=running.on_time, headroom=running.headroom)  # fmt: skip
    return replace(load, gpus=gpus.astype(float), busy_hours=calls * job.gpu_s * stretch / 3600)


def project(basis: Basis, sims: Simulations, plan: Plan, *, months: int = 24) -> Projection:
    """A plan's cost in every simulation and month."""
    drivers, laid = drivers_of(sims, months), lay(basis, plan, sims.routes)
    first = _priced(load_of(basis, sims, plan, laid, drivers), drivers)
    if plan.falls is None or not plan.ladder.moves:
        return first
    left, weeks = plan.falls
    last = _priced(load_of(basis, sims, plan, _fallen(laid, plan.ladder, left), drivers), drivers)
    week = (np.arange(months * 200) + 0.5) / 200 * WEEKS_A_MONTH
    reached = np.minimum(week / weeks, 1).reshape(months, 200).mean(axis=1)
    parts = {part: first.parts[part] * (1 - reached) + last.parts[part] * reached for part in PARTS}
    gpus, share = (getattr(first, n) * (1 - reached) + getattr(last, n) * reached for n in ("gpus", "llm_share"))
    return Projection(plan, parts, gpus, share)


def _fallen(laid: np.ndarray, ladder: Ladder, left: float) -> np.ndarray:
    """`laid` when only `left` of the LLM's share is left to it; the rest goes the ways that the task's calls go."""
    small = laid * ~ladder.to_llm
    kept = small.sum(axis=2, keepdims=True)
    llm = laid.sum(axis=2, keepdims=True) - kept
    grown = np.divide(kept + llm * (1 - left), kept, where=kept > 0, out=np.ones_like(kept))
    return np.where(kept > 0, small * grown + laid * ladder.to_llm * left, laid)


def _priced(load: Load, drivers: dict[str, np.ndarray]) -> Projection:
    """The components of `load`, added up by part over the months."""
    shape = drivers["calls"].shape
    parts = {part: np.zeros(shape) for part in PARTS}
    for component in components(load):
        parts[component.part] = parts[component.part] + component.usd(drivers)
    parts["one_off"] = np.where(np.arange(shape[1]) == 0, parts["one_off"], 0.0)
    calls = load.month["calls"] * load.basis.traffic.movable
    share = (calls * load.llm).sum(axis=1) / np.maximum(calls.sum(axis=1), 1e-12)
    return Projection(load.plan, parts, load.gpus, np.repeat(share[:, None], shape[1], axis=1))


def breakeven_months(stay: Projection, other: Projection) -> np.ndarray:
    """The month (W,) from which the saving so far stays at or above zero up to the horizon; inf where there is none."""
    so_far = np.cumsum(stay.total - other.total, axis=1)
    short = so_far < 0
    months = so_far.shape[1]
    last = months - np.argmax(short[:, ::-1], axis=1)
    month = np.where(short.any(axis=1), last + 1.0, 1.0)
    return np.where(month > months, np.inf, month)


def tornado(basis: Basis, sims: Simulations, stay: Plan, plan: Plan, *, months: int = 24) -> pd.DataFrame:
    """What the saving hinges on: each input alone at its P10 and its P90, the others in the middle, widest first.

    Columns: input, low, high (the input's value), saving_low, saving_high (USD a month, mean of the horizon).
    """
    middle = central(basis)
    calls = (basis.traffic.month()["calls"] * basis.traffic.movable)[0]
    to_llm = plan.ladder.to_llm.astype(float)
    measure = {
        "days": basis.traffic.month(sims.days)["usd"].sum(axis=1),
        "routes": 1 - (lay(basis, plan, sims.routes) @ to_llm) @ calls / max(calls.sum(), 1e-12),
        "luck": quality_at(plan.quality, sims.luck),
    }
    rows = []
    for name, label in INPUTS.items():
        size = measure.get(name, getattr(sims, name))
        order = np.argsort(size, kind="stable")
        ends = [order[round(q * (len(order) - 1))] for q in (0.1, 0.9)]
        moved = replace(middle.repeated(2), **{name: getattr(sims, name)[ends]})
        here, there = (project(basis, moved, one, months=months).total for one in (stay, plan))
        rows.append((label, *size[ends], *(here - there).mean(axis=1)))
    frame = pd.DataFrame(rows, columns=["input", "low", "high", "saving_low", "saving_high"])
    width = (frame["saving_high"] - frame["saving_low"]).abs()
    return frame.loc[width.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
