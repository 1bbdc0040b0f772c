"""What the projection reads of the earlier steps: prices, routes, qualities and speeds.

Knows: how 01 to 04 name things. Refuses to know: what is done with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize

from migration.artifacts import Step, read_json, resolve
from migration.audit.prices import DISCOUNTED_TIERS, Tokens, contract, cost_usd, is_free, settled
from migration.costs.before_after import MOVABLE, Terms, count_routes, read_traffic
from migration.costs.projection import fit_iteration
from migration.costs.scenarios import Assumptions
from migration.costs.worlds import Basis
from migration.errors import BadInput
from migration.stats import Rate


def measured_speed(step: Step, candidate: str) -> tuple[float, float] | None:
    """Prompt and answer tokens a second of `candidate` on the machine of 03 or 02, None where neither timed it.

    Non-negative least squares of what a customer alone waits (predictions.latency_ms) on both token counts. Where
    that leaves one of them without a share, the tokens of both over the time of both.
    """
    for name in ("03_qlora_finetune", "02_candidate_benchmark"):
        if not (step.run.done(name) and (step.run.path / name / "predictions.parquet").exists()):
            continue
        asked = step.read(f"{name}/predictions.parquet")
        timed = asked[(asked["latency_ms"] > 0) & asked["error"].isna()]
        rows = timed[timed["candidate"].isin([candidate, candidate.removesuffix("+tuned")])]
        if len(rows) >= 10:
            tokens = rows[["prompt_tokens", "completion_tokens"]].fillna(0).to_numpy(float)
            seconds = rows["latency_ms"].to_numpy(float) / 1000
            each, _ = optimize.nnls(tokens, seconds)
            both = float(tokens.sum() / seconds.sum())
            return (1 / each[0], 1 / each[1]) if (each > 0).all() else (both, both)
    return None


def task_names(step: Step) -> dict[str, str]:
    """What people call each task: tasks.parquet of 01."""
    tasks = step.read("01_traffic_audit/tasks.parquet", columns=["task", "name"])
    return dict(zip(tasks["task"], tasks["name"], strict=True))


def read_basis(
    step: Step, calls: pd.DataFrame, assumptions: Assumptions, *, gpu: str, latency_target_ms: float, redundancy: int,
    engineer_hours_month: float, engineer_usd_hour: float, wrong_answer_usd: float, log_share: float = 1.0,
) -> Basis:  # fmt: skip
    """All that the projection starts from: the log and the policy of 04, with the parameters of the notebook.

    Raises BadInput for an unknown card, an unknown price or an impossible parameter.
    """
    for name, value in (("latency_target_ms", latency_target_ms), ("engineer_hours_month", engineer_hours_month),
                        ("engineer_usd_hour", engineer_usd_hour), ("wrong_answer_usd", wrong_answer_usd),
                        ("redundancy", redundancy)):  # fmt: skip
        if not 0 <= value < float("inf"):
            raise BadInput(f"{name} should be a number >= 0, not {value!r}")
    policy = read_json(step.path_of("04_router_tuning/policy.json"))
    routed, curve = step.run.summary("04_router_tuning"), step.read("04_router_tuning/curve.parquet")
    card = assumptions.card(gpu)
    card = card.with_speed(measured_speed(step, policy["slm"])) if card.waits else card
    terms = Terms(card, assumptions.slm_api, assumptions.running, engineer_hours_month, engineer_usd_hour,
                  wrong_answer_usd, latency_target_ms / 1000, int(redundancy))  # fmt: skip
    routes = count_routes(step.read("04_router_tuning/decisions.parquet"))
    quality = of_all_calls(chosen_point(curve, routed), calls, routes)
    alone = slm_alone(step, calls, policy["slm"])
    return Basis(read_traffic(calls, log_share=log_share), routes, quality, alone, assumptions, terms)


def chosen_point(curve: pd.DataFrame, routed: dict[str, Any]) -> Rate:
    """Quality with its interval under the policy, of the tasks that 04 decided on.

    It is what 04 measured on its test part (quality_retained, test_loss_low, test_loss_high, test_calls); where the
    summary lacks the interval, the curve's at the same SLM share.
    """
    if curve.empty:
        raise BadInput("04_router_tuning/curve.parquet is empty: run 04 again")
    if not routed.get("slm_share"):
        return Rate(1.0, 1.0, 1.0, 0)
    near: Any = curve.loc[[(curve["slm_share"] - routed["slm_share"]).abs().idxmin()]].to_dict("records")[0]
    value = float(routed.get("quality_retained", near["quality"]))
    low = 1 - routed["test_loss_high"] if "test_loss_high" in routed else near["quality_low"]
    high = 1 - routed["test_loss_low"] if "test_loss_low" in routed else near["quality_high"]
    return Rate(value, min(float(low), value), max(float(high), value), int(routed.get("test_calls") or 0))


def of_all_calls(quality: Rate, calls: pd.DataFrame, routes: pd.DataFrame) -> Rate:
    """`quality` of the tasks in `routes` as one of all calls that can move: the LLM goes on answering the others."""
    movable = calls[calls["kind"].isin(MOVABLE)]
    tried = float(movable["task"].isin(routes.index).mean()) if len(movable) else 0.0
    value, low, high = (1 - tried * (1 - share) for share in (quality.value, quality.low, quality.high))
    return Rate(value, low, high, quality.n)


def slm_alone(step: Step, calls: pd.DataFrame, slm: str) -> Rate:
    """The SLM's agreement if it answered every call: per task from 03, else from 02, weighed by the log's calls.

    Tasks that no small model was asked on are left out. Interval: normal, each task's variance with one success and
    one failure added (Agresti & Coull). Raises BadInput without any prediction.
    """
    frames = [
        step.read(f"{name}/predictions.parquet", columns=["candidate", "task", "agrees"])
        for name in ("03_qlora_finetune", "02_candidate_benchmark")
        if (step.run.path / name / "predictions.parquet").exists()
    ]
    asked = pd.concat([frame.assign(tuned=frame["candidate"].eq(slm)) for frame in frames] or [pd.DataFrame()])
    if asked.empty:
        raise BadInput("neither 02 nor 03 holds predictions of a small model: run 02 again")
    asked = asked[asked["candidate"].isin([slm, slm.removesuffix("+tuned")])]
    best = asked[asked["tuned"] | ~asked["task"].isin(set(asked.loc[asked["tuned"], "task"]))]
    right, n = (best.groupby("task")["agrees"].agg(how).astype(float) for how in ("sum", "size"))
    volume = calls.loc[calls["kind"].isin(MOVABLE), "task"].value_counts().reindex(right.index).fillna(0.0)
    if not volume.sum() > 0:
        raise BadInput(f"no prediction of {slm!r} is of a task of this log: run 02 and 03 again")
    weight, smooth = volume / volume.sum(), (right + 1) / (n + 2)
    value = float((weight * right / n).sum())
    half = 1.96 * float(np.sqrt((weight**2 * smooth * (1 - smooth) / (n + 2)).sum()))
    return Rate(value, max(value - half, 0.0), min(value + half, 1.0), int(n.sum()))


def reprice(calls: pd.DataFrame, prices: str) -> pd.DataFrame:
    """`calls` with cost_usd by the price file `prices`; as 01 priced them where it is "".

    As in 01: a model that neither the file nor the list knows keeps its logged cost, a cache hit is free.
    """
    if not prices:
        return calls
    day = calls["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    cheap = calls["service_tier"].isin(DISCOUNTED_TIERS).to_numpy()
    model = calls["model"].to_numpy(dtype=object)
    priced = cost_usd(model, day, Tokens.of(calls), cheap, contract(resolve(prices)))
    free = is_free(calls["cache_hit"].fillna(False), calls["kind"].to_numpy(), calls["tokens_estimated"])
    return calls.assign(cost_usd=settled(priced, calls["logged_cost_usd"].to_numpy(float), free))


def read_weeks(path: str, assumptions: Assumptions) -> Assumptions:
    """The assumptions with every iterating scenario fitted to the weekly reviews in `path` ("" changes nothing).

    The file (parquet or CSV) holds week and llm_share, or slm_share. Raises BadInput where it does not.
    """
    if not path:
        return assumptions
    file = resolve(path)
    try:
        weeks = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise BadInput(f"the weekly reviews {file} cannot be read: {error}") from error
    if "llm_share" not in weeks and "slm_share" in weeks:
        weeks = weeks.assign(llm_share=1 - weeks["slm_share"])
    if not {"week", "llm_share"} <= set(weeks):
        raise BadInput(f"{file} should hold the columns week and llm_share, it has {list(weeks)}")
    fitted = {
        name: one.model_copy(update={"iteration": fit_iteration(weeks, one.iteration)}) if one.iteration else one
        for name, one in assumptions.scenarios.items()
    }
    return assumptions.model_copy(update={"scenarios": fitted})
