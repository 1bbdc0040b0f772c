"""What else one would do: every plan worth comparing, each at its price and its measured quality.

Staying as it is, with prompt caching, with the batch API where no user waits, a cheaper API model that 02 measured, the
cheap rungs of the ladder alone, and the ladder with its small model bought, rented, on a CPU or behind an API. Only
plans whose prices and quality are known are made: nothing is invented. Out of scope: how a plan is billed (`parts`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from migration.audit.prices import Contract, price_of
from migration.audit.unit_price import UnitPrice
from migration.costs.capacity import reachable
from migration.costs.discounts import batch_factor, caching_factor
from migration.costs.ladder import Ladder, agreement_over, everything_to, model_asked, of_all_calls
from migration.costs.month import MOVABLE
from migration.costs.parts import Basis, Plan
from migration.costs.projection import (
    Projection,
    Simulations,
    breakeven_months,
    central,
    demand,
    drivers_of,
    lay,
    load_of,
    project,
)
from migration.costs.scenarios import HOSTING
from migration.schema import CandidateKind
from migration.stats import Rate, weighted_rate

STAY, HYBRID = "stay", "hybrid"
SAME = Rate(1.0, 1.0, 1.0, 0)
"""The quality of the LLM's own answers."""


@dataclass(frozen=True)
class Known:
    """What plans are made from besides the basis.

    predictions: of `reading.read_predictions`; decisions: decisions.parquet; calls: kind and task of every call;
    prefix: task -> share of its prompts that is the same; offline: tasks nobody waits for; day: whose list prices
    count.
    """

    predictions: pd.DataFrame
    decisions: pd.DataFrame
    calls: pd.DataFrame
    prefix: dict[str, float]
    offline: set[str]
    agreed: Contract
    day: date
    llm: str = ""

    @property
    def volume(self) -> pd.Series:
        """Calls by task that can move."""
        return self.calls.loc[self.calls["kind"].isin(list(MOVABLE)), "task"].value_counts()


def plans(basis: Basis, known: Known, *, falls: tuple[float, float] | None = None) -> dict[str, Plan]:
    """Every plan that can be priced, by name; `stay` first, `hybrid` is the ladder with the cheapest hosting.

    falls: of real weekly reviews, the LLM share left at their end (of that at their beginning) and their weeks.
    """
    effort, nobody = basis.assumptions.effort, everything_to("", CandidateKind.SLM, [])
    found = {STAY: Plan("Stay with the LLM", nobody, SAME)}
    factors = {
        "caching": ("with prompt caching", caching_factor(basis.traffic, known.prefix)),
        "batch": ("with the batch API where no user waits",
                  batch_factor(basis.traffic, known.offline, known.agreed.batch_discount)),
    }  # fmt: skip
    for name, (title, factor) in factors.items():
        if (factor < 1).any():
            hours = getattr(effort, name)
            found[f"stay_{name}"] = Plan(f"Stay, {title}", nobody, SAME, "", hours.hours_once, hours.hours_month,
                                         llm_factor=factor)  # fmt: skip
    found |= _api_models(basis, known) | _rungs(basis, known)
    hosted = {f"{HYBRID}_{way}": ladder_plan(basis, way) for way in _ways(basis)}
    in_time = {
        name: plan for name, plan in hosted.items() if share_in_reach(basis, plan) >= basis.assumptions.running.on_time
    }
    best = cheapest(basis, in_time or hosted)
    found[HYBRID] = best
    found |= {name: plan for name, plan in hosted.items() if plan is not best}
    if falls:
        found[f"{HYBRID}_reviewed"] = replace(best, title="The ladder, retuned as the reviews saw", falls=falls)
    return found


def _ways(basis: Basis) -> list[str]:
    """The hostings that can be priced; none is needed where no small model is asked."""
    if not basis.ladder.moves or not basis.ladder.asks(CandidateKind.SLM).any():
        return [""]
    can = {"cpu": basis.terms.cpu.known, "api": basis.assumptions.slm_api is not None}
    return [way for way in HOSTING if can.get(way, basis.terms.gpu.known)]


TITLES = {"": "The ladder", "bought": "The ladder, GPU bought", "rented": "The ladder, GPU rented",
          "cpu": "The ladder, CPU only", "api": "The ladder, SLM behind an API"}  # fmt: skip


def ladder_plan(basis: Basis, hosting: str) -> Plan:
    """The policy of 04 with its small model run by `hosting`; without one, the work is that of its other rungs."""
    kinds, effort = set(basis.ladder.kinds.values()), basis.assumptions.effort
    if basis.ladder.moves and CandidateKind.SLM not in kinds:
        work = effort.api if kinds == {CandidateKind.API} else effort.cache
        return Plan(TITLES[""], basis.ladder, basis.quality, "", work.hours_once, work.hours_month)
    hours = basis.assumptions.running.migration_hours
    return Plan(
        TITLES[hosting], basis.ladder, basis.quality, hosting, hours, basis.terms.engineer_hours_month, tuned=True
    )


def cheapest(basis: Basis, hosted: dict[str, Plan]) -> Plan:
    """The plan that costs least over the horizon in the central simulation."""
    middle = central(basis)
    return min(hosted.values(), key=lambda plan: project(basis, middle, plan).total.sum())


def _api_models(basis: Basis, known: Known) -> dict[str, Plan]:
    """All calls of the tasks that 02 asked a model of, at its measured agreement and tokens, where it has a list price.

    A small model that 02 ran here counts too, as it is: its name has a price where a provider serves it untuned.
    """
    found = {}
    answered = known.predictions[known.predictions["error"].isna()]
    for name, rows in answered.groupby("candidate"):
        kind, model = rows["candidate_kind"].iloc[0], model_asked(rows)
        price = price_of(model, known.day, known.agreed)
        if price is None or model == known.llm or kind not in (CandidateKind.API, CandidateKind.SLM):
            continue
        rate = agreement_over(known.predictions, [str(name)], known.volume)
        times = _tokens_beside(basis, rows)
        if rate is None or times is None:
            continue
        said = f"{price.source}; tokens x {times[0]:.2f} (prompt) and x {times[1]:.2f} (answer), as measured"
        usd = UnitPrice(price.input * times[0], price.output * times[1], 0.0, said)
        ladder = everything_to(str(name), CandidateKind.API, rows["task"].unique(), usd)
        quality, effort = of_all_calls(rate, known.calls, ladder.counts.index), basis.assumptions.effort.api
        found[f"api_{name}"] = Plan(f"All to {name}", ladder, quality, "", effort.hours_once, effort.hours_month)
    return found


def _tokens_beside(basis: Basis, rows: pd.DataFrame) -> tuple[float, float] | None:
    """A candidate's prompt and answer tokens over the log's, on the calls that both answered; None without any."""
    both = rows.merge(basis.traffic.each, on="call_id", suffixes=("", "_logged"))
    sums = both[["prompt_tokens", "completion_tokens", "prompt_tokens_logged", "completion_tokens_logged"]].sum()
    if not (sums > 0).all():
        return None
    return float(sums.iloc[0] / sums.iloc[2]), float(sums.iloc[1] / sums.iloc[3])


def _rungs(basis: Basis, known: Known) -> dict[str, Plan]:
    """The cheap rungs of the policy without what stands above them: what they keep stays, all else goes to the LLM."""
    found, seen = {}, set(basis.ladder.kinds.values())
    for kind, title in ((CandidateKind.CACHE, "Cache only"), (CandidateKind.CLASSIFIER, "Classifier only")):
        if kind not in seen or seen == {kind}:
            continue
        ladder, effort = basis.ladder.only([kind]), basis.assumptions.effort.cache
        rate = kept_quality(known.decisions, known.predictions, ladder)
        if ladder.moves and rate is not None:
            quality = of_all_calls(rate, known.calls, ladder.counts.index)
            found[f"{kind}_only"] = Plan(title, ladder, quality, "", effort.hours_once, effort.hours_month, only=kind)
    return found


def kept_quality(decisions: pd.DataFrame, predictions: pd.DataFrame, ladder: Ladder) -> Rate | None:
    """Share of decided calls as good as the LLM's when only the candidates of `ladder` keep theirs; None if unknown.

    decisions: call_id, task, candidate, and weight, part, agrees, conversation where there; predictions: call_id,
    candidate, agrees. The interval is by conversation.
    """
    if "candidate" not in decisions:
        return None
    both = decisions[decisions["part"].eq("test")] if "part" in decisions else decisions
    if "agrees" not in both:
        both = both.merge(predictions[["call_id", "candidate", "agrees"]], "left", ["call_id", "candidate"])
    kept = both["candidate"].isin(list(ladder.kinds)) & both["model"].eq("slm")
    if both.loc[kept, "agrees"].isna().any() or not len(both):
        return None
    good = (~kept | both["agrees"].fillna(True).astype(bool)).to_numpy()
    return weighted_rate(good, both.get("weight"), both["task"], cluster=both.get("conversation"))


def compare(
    projections: dict[str, Projection], middle: dict[str, Projection], *, least_quality: float, risk: float = 0.1
) -> pd.DataFrame:
    """scenarios.parquet: a row a plan; USD a month are of a running month at today's volume.

    projections, middle: of all simulations and of the central one. `pays`: the saving over the horizon is above zero at
    the `risk` quantile; `good`: quality is at least `least_quality`. `winner` marks the plan that both pays and is good
    and saves most (median); it is `stay` where there is none.
    """
    stay, rows = projections[STAY], []
    for name, one in projections.items():
        saved = (stay.total - one.total).sum(axis=1)
        even = breakeven_months(stay, one) if name != STAY else np.full(len(saved), np.inf)
        first, half, last = np.quantile(even, [0.1, 0.5, 0.9], method="higher")
        low, mid, high = np.quantile(one.running[:, 0], [0.1, 0.5, 0.9])
        rows.append(
            {
                "scenario": name,
                "title": one.plan.title,
                "whole_ladder": name.startswith(HYBRID),
                "only": str(one.plan.only or ""),
                "hosting": one.plan.hosting if middle[name].parts["slm"].any() else "none",
                "gpus": int(middle[name].gpus[0, 0]),
                "llm_share": float(middle[name].llm_share[0, 0]),
                "llm_share_last": float(middle[name].llm_share[0, -1]),
                "quality": one.plan.quality.value,
                "quality_low": one.plan.quality.low,
                "quality_high": one.plan.quality.high,
                "expected_usd_month": float(middle[name].running[0, 0]),
                "p10_usd_month": low,
                "p50_usd_month": mid,
                "p90_usd_month": high,
                "one_off_usd": float(middle[name].parts["one_off"].sum()),
                "saved_p10_usd": np.quantile(saved, 0.1),
                "saved_p50_usd": np.quantile(saved, 0.5),
                "saved_p90_usd": np.quantile(saved, 0.9),
                "saving_probability": float((saved > 0).mean()),
                "breakeven_month_p10": first,
                "breakeven_month_p50": half,
                "breakeven_month_p90": last,
                "pays": bool(np.quantile(saved, risk) > 0),
                "good": bool(one.plan.quality.value >= least_quality),
            }
        )
    return mark_winner(pd.DataFrame(rows))


def mark_winner(table: pd.DataFrame) -> pd.DataFrame:
    """`table` of `compare` with its column winner: of plans that pay and are good, the one that saves most."""
    can: Any = table["saved_p50_usd"].where(table["pays"] & table["good"] & (table["scenario"] != STAY))
    best = table.loc[can.idxmax(), "scenario"] if can.notna().any() else STAY
    return table.assign(winner=table["scenario"].eq(best))


def project_all(basis: Basis, sims: Simulations, found: dict[str, Plan], *, months: int = 24) -> dict[str, Projection]:
    """Every plan in the same simulations."""
    return {name: project(basis, sims, plan, months=months) for name, plan in found.items()}


def hosting_options(basis: Basis) -> pd.DataFrame:
    """The small model's hostings side by side, a month at today's volume in the central simulation.

    Columns: hosting, gpus (machines), usd_month, usd_on_day_one, busy_hours (of all together; NaN for an API),
    usd_per_1M_tokens. Empty where no small model is asked.
    """
    sims, rows = central(basis), []
    for way in _ways(basis):
        if not way:
            continue
        plan = ladder_plan(basis, way)
        load = load_of(basis, sims, plan, lay(basis, plan, sims.routes), drivers_of(sims, 1))
        usd = float(project(basis, sims, plan, months=1).parts["slm"][0, 0])
        prompt, answer = load.tokens(load.asked(plan.ladder.reaches(CandidateKind.SLM)))
        gpus, own = int(load.gpus[0, 0]), basis.terms.own(way)
        cash = gpus * (own.price_usd + own.host_usd) if way == "bought" else 0.0
        rows.append(
            (way, gpus, usd, cash, load.busy_hours[0, 0] if gpus else np.nan, usd / float(prompt[0] + answer[0]) * 1e6)
        )
    names = ["hosting", "gpus", "usd_month", "usd_on_day_one", "busy_hours", "usd_per_1M_tokens"]
    return pd.DataFrame(rows, columns=names)


def share_in_reach(basis: Basis, plan: Plan) -> float:
    """Share of the SLM's answers whose own time keeps the latency target, however many machines there are."""
    if plan.hosting in ("", "api"):
        return 1.0
    return reachable(demand(basis, plan)[1], target_s=basis.terms.target_s)
