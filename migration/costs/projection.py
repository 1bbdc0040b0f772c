"""The months to come: what a scenario costs in every world and month, and what comes of it.

Knows: a scenario's parts over worlds x months. Refuses to know: files and figures, and how worlds are drawn.
Arrays are (W, M): worlds by months; the worlds of all scenarios are the same ones, so a saving is a difference within
a world. Percentiles of parts do not sum to the percentile of the total (parts are not at their worst together): where
sums must hold, use the central world.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from migration.costs.before_after import (
    LLM_PARTS,
    MOVABLE,
    Month,
    extra_parts,
    on_lines,
    one_off_usd,
    slm_usd,
    use,
)
from migration.costs.capacity import Peak, Work, cards_needed, peak_hour, reachable, work
from migration.costs.scenarios import HOSTING, Iteration, Scenario
from migration.costs.worlds import INPUTS, Basis, Worlds, central, quality_at

WEEKS_A_MONTH = 365.25 / 12 / 7


def fit_iteration(weeks: pd.DataFrame, stated: Iteration) -> Iteration:
    """The falling LLM share fitted to real weekly reviews: columns week (0, 1, ...), llm_share (0..1).

    A straight line through log shares by least squares, followed to the last week seen and flat from there on:
    nothing is promised beyond what was observed. With fewer than 3 weeks the stated one stays.
    """
    known = weeks[weeks["llm_share"] > 0]
    if known["week"].nunique() < 3:
        return stated
    slope, level = np.polyfit(known["week"], np.log(known["llm_share"]), 1)
    first, last = float(known["week"].min()), float(known["week"].max())
    start, end = (float(min(np.exp(level + slope * week), 1.0)) for week in (first, last))
    source = f"fitted to {known['week'].nunique()} weekly reviews"
    return stated.model_copy(update={"start": start, "end": end, "weeks": last - first, "source": source})


def remaining(iteration: Iteration | None, months: int) -> np.ndarray:
    """Of today's LLM share, how much is left in each month (M,): the mean over its weeks."""
    if iteration is None:
        return np.ones(months)
    week = (np.arange(months * 200) + 0.5) / 200 * WEEKS_A_MONTH
    left = 1 + (iteration.end / iteration.start - 1) * np.minimum(week / iteration.weeks, 1)
    return left.reshape(months, 200).mean(axis=1)


@dataclass(frozen=True)
class Projection:
    """A scenario's USD a month: parts (W, M) that sum to `total`, and the cards it runs on (W, M)."""

    name: str
    hosting: str
    parts: dict[str, np.ndarray]
    cards: np.ndarray
    llm_share: np.ndarray

    @property
    def total(self) -> np.ndarray:
        return np.sum(list(self.parts.values()), axis=0)

    @property
    def running(self) -> np.ndarray:
        """The total without what is spent once."""
        return self.total - self.parts["one_off"]


def _laid(basis: Basis, worlds: Worlds, scenario: Scenario) -> np.ndarray:
    lines = basis.traffic.lines
    if scenario.route == "policy":
        return on_lines(lines, worlds.routes, basis.routes.index)
    if scenario.route == "none":
        return on_lines(lines, np.zeros((len(worlds), 0, 3)), pd.Index([]))
    tasks = pd.Index(lines.loc[lines["kind"].isin(MOVABLE), "task"].unique())
    everything = np.zeros((len(worlds), len(tasks), 3))
    everything[:, :, 0] = 1.0
    return on_lines(lines, everything, tasks)


def demand(basis: Basis, scenario: Scenario) -> tuple[Peak, Work]:
    """The busiest hour and the work of the calls that ask the SLM, by the log's own arrivals and texts."""
    traffic = basis.traffic
    laid = _laid(basis, central(basis), scenario)[0]
    asks = np.where(traffic.lines["kind"].isin(MOVABLE), laid[:, 0] + laid[:, 1], 0.0)[traffic.each["line"]]
    job = work(
        basis.terms.card,
        traffic.each["prompt_tokens"].to_numpy(),
        traffic.each["completion_tokens"].to_numpy(),
        asks,
    )
    peak = peak_hour(traffic.each["created_at"], asks)
    return replace(peak, calls=peak.calls / traffic.scale.log_share), job


def _used(basis: Basis, worlds: Worlds, scenario: Scenario, months: int) -> dict[str, np.ndarray]:
    """`use` over worlds and months (W, M), today's volume and prices; iteration moves LLM calls to the SLM."""
    month = basis.traffic.month(worlds.days)
    month = Month(
        month.lines, *(getattr(month, f) * worlds.volume[:, None] for f in ("calls", "prompt", "completion", "usd"))
    )
    laid = _laid(basis, worlds, scenario)
    today = use(month, laid)
    left = remaining(scenario.iteration, months)
    moves = laid[:, :, :2].sum(axis=2, keepdims=True) > 0
    at_last = use(month, np.where(moves, [1.0, 0.0, 0.0], laid)) if scenario.iteration else today
    return {key: at_last[key][:, None] + left * (today[key] - at_last[key])[:, None] for key in today}


def project(basis: Basis, worlds: Worlds, name: str, *, months: int = 24, hosting: str = "") -> Projection:
    """A scenario's cost in every world and month. `hosting` overrides the scenario's own; "cheapest" is resolved."""
    scenario, terms = basis.assumptions.scenarios[name], basis.terms
    hosting = hosting or scenario.hosting
    if hosting == "cheapest":
        hosting = cheapest(basis, name, months=months)
    used = _used(basis, worlds, scenario, months)
    month = np.arange(months, dtype=float)
    grown = (1 + worlds.growth[:, None]) ** month
    years = month[None] / 12
    price = (1 + worlds.api_price[:, None]) ** years
    text = worlds.tokens[:, None] ** years
    parts = {part: used[part] * grown * price * text for part in LLM_PARTS}
    volume = {key: used[key] * grown for key in ("slm_calls", "movable_calls", "answered_calls")}
    volume |= {key: used[key] * grown * text for key in ("slm_prompt", "slm_completion")}
    volume["shadow"] = used["shadow"] * grown * price * text
    cards, busy = np.zeros_like(grown), np.zeros_like(grown)
    if hosting != "api" and used["slm_calls"].any():
        peak, job = demand(basis, scenario)
        at_peak = peak.per_s * volume["slm_calls"] / _used(basis, central(basis), scenario, 1)["slm_calls"][0, 0]
        stretch = text / worlds.throughput[:, None]
        rules = {"target_s": terms.target_s, "on_time": terms.running.on_time, "headroom": terms.running.headroom}
        cards = cards_needed(at_peak, job, burst=peak.burst, redundancy=terms.redundancy, stretch=stretch, **rules)
        busy = volume["slm_calls"] * job.card_s * stretch
    parts["slm"] = slm_usd(hosting, cards, busy, volume, terms, price) * (used["slm_calls"] > 0)
    quality = quality_at(basis.slm_quality if scenario.route == "all" else basis.quality, worlds.luck)[:, None]
    hours = scenario.iteration.engineer_hours_month if scenario.iteration else 0.0
    people = worlds.people[:, None]
    parts |= extra_parts(volume, quality, terms, people * (terms.engineer_hours_month + hours))
    spent = one_off_usd(used["slm_calls"][:, :1] > 0, terms, people) if scenario.route != "none" else 0.0
    parts["one_off"] = np.where(month == 0, spent, 0.0) * np.ones_like(grown)
    left = 1 - np.divide(used["answered_calls"], used["movable_calls"], where=used["movable_calls"] > 0,
                         out=np.zeros_like(used["movable_calls"]))  # fmt: skip
    return Projection(name, hosting, parts, cards, left)


def cheapest(basis: Basis, name: str, *, months: int = 24) -> str:
    """The hosting that costs least over the horizon in the central world."""
    middle = central(basis)
    return min(HOSTING, key=lambda way: project(basis, middle, name, months=months, hosting=way).parts["slm"].sum())


def hosting_options(basis: Basis, name: str) -> pd.DataFrame:
    """Bought, rented and API side by side, a month at today's volume in the central world.

    Columns: hosting, cards, usd_month, usd_on_day_one, busy_hours (that the cards compute, all together; NaN for an
    API), usd_per_1M_tokens.
    """
    middle, rows = central(basis), []
    used = {key: value[0, 0] for key, value in _used(basis, middle, basis.assumptions.scenarios[name], 1).items()}
    tokens = (used["slm_prompt"] + used["slm_completion"]) / 1e6
    _, job = demand(basis, basis.assumptions.scenarios[name])
    for way in HOSTING:
        one = project(basis, middle, name, months=1, hosting=way)
        usd, cards = float(one.parts["slm"][0, 0]), int(one.cards[0, 0])
        busy = used["slm_calls"] * job.card_s / 3600 if cards else np.nan
        cash = cards * basis.terms.card.price_usd if way == "bought" else 0.0
        rows.append((way, cards, usd, cash, busy, usd / tokens if tokens else np.nan))
    return pd.DataFrame(
        rows, columns=["hosting", "cards", "usd_month", "usd_on_day_one", "busy_hours", "usd_per_1M_tokens"]
    )


def llm_share(basis: Basis, name: str = "hybrid") -> float:
    """Of a month's movable calls, the share whose answer is the LLM's, in the central world."""
    return float(project(basis, central(basis), name, months=1, hosting="api").llm_share[0, 0])


def share_in_reach(basis: Basis, name: str) -> float:
    """Share of the SLM's answers whose own time on the card keeps the latency target, however many cards there are."""
    _, job = demand(basis, basis.assumptions.scenarios[name])
    return reachable(job, target_s=basis.terms.target_s)


def breakeven_months(stay: Projection, other: Projection) -> np.ndarray:
    """The month (W,) from which the saving so far stays at or above zero up to the horizon; inf where there is none."""
    so_far = np.cumsum(stay.total - other.total, axis=1)
    short = so_far < 0
    months = so_far.shape[1]
    last = months - np.argmax(short[:, ::-1], axis=1)
    month = np.where(short.any(axis=1), last + 1.0, 1.0)
    return np.where(month > months, np.inf, month)


def breakeven_calls(basis: Basis, name: str) -> tuple[float | None, str]:
    """Calls a month (all kinds) from which a running month saves money, and the hosting that does it first.

    In the central world, today's mix, prices and growth of month 1, without one-off costs. None where no volume does:
    each further call then costs more than it saves.
    """
    scenario = basis.assumptions.scenarios[name]
    today = float(basis.traffic.lines["calls"].sum() * basis.traffic.scale.factor)
    middle, found = central(basis), []
    for way in HOSTING:
        most = 1e7
        if way != "api":
            peak, job = demand(basis, scenario)
            most = min(most, 40 / max(peak.per_s * job.card_s * 1.3, 1e-12))  # up to some 40 cards
        times = np.geomspace(1e-3, max(most, 1.0), 600)
        many = replace(_repeat(middle, len(times)), volume=times)
        saves = (_stay(basis, many, 1).running - project(basis, many, name, months=1, hosting=way).running)[:, 0] > 0
        if saves[-1]:
            first = len(saves) - int(np.argmin(saves[::-1])) if not saves.all() else 0
            found.append((times[first] * today, way))
    return min(found) if found else (None, "")


def _stay(basis: Basis, worlds: Worlds, months: int) -> Projection:
    return project(basis, worlds, "stay", months=months, hosting="api")


def _repeat(one: Worlds, n: int) -> Worlds:
    return Worlds(*(np.repeat(getattr(one, f.name), n, axis=0) for f in fields(Worlds)))


def tornado(basis: Basis, worlds: Worlds, name: str, *, months: int = 24) -> pd.DataFrame:
    """What the saving hinges on: each input alone at its P10 and its P90, the others in the middle, widest first.

    Columns: input, low, high (the input's value), saving_low, saving_high (USD a month, mean of the horizon).
    """
    middle, hosting = central(basis), project(basis, central(basis), name, months=months).hosting
    by_policy = use(basis.traffic.month(), on_lines(basis.traffic.lines, worlds.routes, basis.routes.index))
    measure = {
        "days": (basis.traffic.month(worlds.days).usd.sum(axis=1)),
        "routes": by_policy["answered_calls"] / np.maximum(by_policy["movable_calls"], 1e-12),
        "luck": quality_at(basis.quality, worlds.luck),
    }
    rows = []
    for name_of, label in INPUTS.items():
        size = measure.get(name_of, getattr(worlds, name_of))
        order = np.argsort(size, kind="stable")
        ends = [order[round(q * (len(order) - 1))] for q in (0.1, 0.9)]
        moved = replace(_repeat(middle, 2), **{name_of: getattr(worlds, name_of)[ends]})
        stay = _stay(basis, moved, months)
        saving = (stay.total - project(basis, moved, name, months=months, hosting=hosting).total).mean(axis=1)
        rows.append((label, *size[ends], *saving))
    frame = pd.DataFrame(rows, columns=["input", "low", "high", "saving_low", "saving_high"])
    width = (frame["saving_high"] - frame["saving_low"]).abs()
    return frame.loc[width.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
