"""The projection's inputs from the run folder and the notebook's parameters: the only module here that reads files.

Columns are read, not tables: texts travel only for the few calls whose shared beginnings are looked at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from migration.artifacts import Step
from migration.audit.prices import contract, price_of
from migration.audit.unit_price import UnitPrice, by_the_call
from migration.costs.alternatives import Known
from migration.costs.discounts import shared_prefix, waits_nobody
from migration.costs.ladder import ladder_of, measured_speed, model_asked, of_all_calls, policy_quality
from migration.costs.month import Traffic, read_traffic
from migration.costs.parts import Basis, Terms
from migration.costs.scenarios import Assumptions, slm_price
from migration.errors import BadInput
from migration.files import read_json, resolve
from migration.schema import REPLAYED, CandidateKind

CALLS = (
    "call_id", "conversation_id", "created_at", "model", "kind", "task", "task_type", "prompt_tokens",
    "completion_tokens", "tokens_estimated", "latency_ms", "cost_usd", "cached_tokens", "cache_write_tokens",
    "service_tier", "cache_hit", "logged_cost_usd",
)  # fmt: skip
PREDICTED = ("call_id", "candidate", "candidate_kind", "base", "task", "agrees", "latency_ms", "prompt_tokens",
             "completion_tokens", "error")  # fmt: skip
LOOKED_AT = 30
"""Newest calls of a task whose texts are compared for what they share."""


def read_calls(step: Step) -> pd.DataFrame:
    """calls.parquet of 01 without its texts; what the log did not have is missing."""
    return _read(step, "01_traffic_audit/calls.parquet", CALLS)


def _read(step: Step, name: str, wanted: tuple[str, ...]) -> pd.DataFrame:
    there = pq.read_schema(step.path_of(name)).names
    return step.read(name, columns=[column for column in wanted if column in there])


def task_names(step: Step) -> dict[str, str]:
    """What people call each task: tasks.parquet of 01."""
    tasks = step.read("01_traffic_audit/tasks.parquet", columns=["task", "name"])
    return dict(zip(tasks["task"], tasks["name"], strict=True))


def read_predictions(step: Step) -> pd.DataFrame:
    """Predictions of 02 and 03, a row a candidate and call; of the same pair the later step's is kept.

    Columns: PREDICTED; base is null where it has none, and one without a kind is a small model. Raises BadInput where
    neither step has any.
    """
    frames = [
        _read(step, f"{name}/predictions.parquet", PREDICTED).reindex(columns=list(PREDICTED))
        for name in ("02_candidate_benchmark", "03_qlora_finetune")
        if step.run.done(name) and (step.run.path / name / "predictions.parquet").exists()
    ]
    if not frames:
        raise BadInput("neither 02 nor 03 holds predictions of a candidate: run 02 again")
    both = pd.concat(frames, ignore_index=True).drop_duplicates(["call_id", "candidate"], keep="last")
    return both.assign(candidate_kind=both["candidate_kind"].fillna(str(CandidateKind.SLM)))


def read_basis(
    step: Step, calls: pd.DataFrame, assumptions: Assumptions, parameters: dict[str, Any], *, prices: str = ""
) -> Basis:
    """What the projection starts from: the log and the policy of 04, with the parameters of the notebook.

    calls: of `read_calls`; parameters: gpu, latency_target_ms, redundancy, engineer_hours_month, engineer_usd_hour,
    wrong_answer_usd, log_share; prices: a contract file by which the log is priced anew, "" as 01 priced it. Raises
    BadInput for an unknown GPU or an impossible parameter.
    """
    for name in ("latency_target_ms", "redundancy", "engineer_hours_month", "engineer_usd_hour", "wrong_answer_usd"):
        if not 0 <= parameters[name] < float("inf"):
            raise BadInput(f"{name} should be a number >= 0, not {parameters[name]!r}")
    policy = read_json(step.path_of("04_router_tuning/policy.json"))
    ladder = ladder_of(step.read("04_router_tuning/decisions.parquet"), policy)
    ladder = replace(ladder, prices=unit_prices(step, assumptions, prices=prices) | ladder.prices)
    speed = measured_speed(read_predictions(step), ladder.names(CandidateKind.SLM))
    gpu = assumptions.gpu(parameters["gpu"]).with_speed(speed)
    if not gpu.known:
        raise BadInput(f"gpu {parameters['gpu']!r} waits for a measured speed, but 02 and 03 timed too few answers")
    terms = Terms(gpu, assumptions.cpu.with_speed(speed), parameters["engineer_hours_month"],
                  parameters["engineer_usd_hour"], parameters["wrong_answer_usd"],
                  parameters["latency_target_ms"] / 1000, int(parameters["redundancy"]), parameters["gpu"])  # fmt: skip
    agreed = contract(resolve(prices) if prices else None)
    traffic = read_traffic(calls, agreed, anew=bool(prices), log_share=parameters["log_share"])
    quality = of_all_calls(policy_quality(step.run.summary("04_router_tuning")), calls, ladder.counts.index)
    return Basis(traffic, ladder, quality, assumptions, terms)


def unit_prices(
    step: Step, assumptions: Assumptions, *, hosting: str = "rented", prices: str = ""
) -> dict[str, UnitPrice]:
    """One price for each candidate that 02 and 03 asked, the same wherever it is used.

    A cache or a classifier: the seconds it took x a machine without a GPU. A small model: `slm_price` of its hosting.
    An API: the contract `prices`, else the list. A candidate whose price is not known is left out.
    """
    predictions, agreed = read_predictions(step), contract(resolve(prices) if prices else None)
    day, found = pd.Timestamp.now("UTC").date(), {}
    for name, rows in predictions.groupby("candidate"):
        kind = rows["candidate_kind"].iloc[0]
        if kind == CandidateKind.API:
            price = price_of(model_asked(rows), day, agreed)
            found[name] = UnitPrice(price.input, price.output, 0.0, price.source) if price else None
        elif kind == CandidateKind.SLM:
            found[name] = slm_price(assumptions, hosting, "rtx4090", measured_speed(predictions, [str(name)]))
        else:
            seconds = float(rows["latency_ms"].mean()) / 1000
            said = "seconds measured by 02 x scenarios cpu.rent_usd_hour"
            found[name] = by_the_call(assumptions.cpu.rent_usd_hour, seconds, said) if seconds >= 0 else None
    return {str(name): price for name, price in found.items() if price}


def read_known(
    step: Step, basis: Basis, calls: pd.DataFrame, *, prices: str = "", offline: list[str] | None = None
) -> Known:
    """What alternatives are made from. offline: tasks (ids, names or types) for whose calls no user waits.

    Raises BadInput where `offline` names none of the log's tasks.
    """
    names = task_names(step)
    tasks = set(basis.traffic.lines["task"])
    types = calls.groupby("task_type")["task"].unique() if "task_type" in calls else pd.Series(dtype=object)
    said: set[str] = set()
    for word in offline or []:
        named = {task for task in tasks if word in (task, names.get(task))} | (set(types.get(word, [])) & tasks)
        if not named:
            raise BadInput(f"batch_tasks: {word!r} is no task, name or type of this log")
        said |= named
    known = calls.set_index("call_id")["conversation_id"].reindex(basis.traffic.each["call_id"])
    conversations = pd.Series(known.to_numpy(), index=basis.traffic.each.index)
    llm = calls.loc[calls["kind"].isin(list(REPLAYED)), "model"].mode()
    return Known(
        predictions=read_predictions(step),
        decisions=step.read("04_router_tuning/decisions.parquet"),
        calls=calls[["kind", "task"]],
        prefix=read_prefixes(step, basis.traffic),
        offline=said | waits_nobody(basis.traffic, conversations),
        agreed=contract(resolve(prices) if prices else None),
        day=calls["created_at"].max().date(),
        llm=str(llm.iloc[0]) if len(llm) else "",
    )


def read_prefixes(step: Step, traffic: Traffic) -> dict[str, float]:
    """Task -> the share that its newest prompts have in common with the one before (`discounts.shared_prefix`)."""
    each = traffic.each.assign(task=traffic.lines["task"].to_numpy()[traffic.each["line"]])
    newest = each.sort_values("created_at").groupby("task").tail(LOOKED_AT)
    file = step.path_of("01_traffic_audit/calls.parquet")
    table = pq.read_table(file, columns=["call_id", "messages"],
                          filters=pc.field("call_id").isin(newest["call_id"].tolist()))  # fmt: skip
    texts = dict(zip(table["call_id"].to_pylist(), map(_text, table["messages"].to_pylist()), strict=True))
    return {
        str(task): shared_prefix(texts[call] for call in rows["call_id"] if texts.get(call))
        for task, rows in newest.groupby("task")
    }


def _text(messages: list[dict[str, str]] | None) -> str:
    return "\n".join(f"{one['role']}: {one['content'] or ''}" for one in messages or [])


def read_weeks(path: str | Path) -> tuple[float, float] | None:
    """How the LLM share fell in real weekly reviews: the share of it left at their end, and their weeks; None for "".

    The file (parquet or CSV; review.parquet of step 07 too) holds week and llm_share, or slm_share. A straight line
    through log shares by least squares, without a further fall beyond the last week seen. Raises BadInput where it has
    neither, or fewer than 3 weeks: two points are no course.
    """
    if not path:
        return None
    file = resolve(path)
    try:
        weeks = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise BadInput(f"the weekly reviews {file} cannot be read: {error}") from error
    if "llm_share" not in weeks and "slm_share" in weeks:
        weeks = weeks.assign(llm_share=1 - weeks["slm_share"])
    if not {"week", "llm_share"} <= set(weeks):
        raise BadInput(f"{file} should hold the columns week and llm_share, it has {list(weeks)}")
    weight = weeks["calls"] if "calls" in weeks else pd.Series(1.0, index=weeks.index)  # a row a group of a week
    share = (weeks["llm_share"] * weight).groupby(weeks["week"]).sum() / weight.groupby(weeks["week"]).sum()
    share = share[share > 0]
    if len(share) < 3:
        raise BadInput(f"{file} holds {len(share)} weeks; a course needs 3: leave `weeks` empty until then")
    at = share.index.to_numpy(float) if share.index.dtype.kind in "iuf" else np.arange(len(share), dtype=float)
    slope, _ = np.polyfit(at, np.log(share.to_numpy()), 1)
    return float(min(np.exp(slope * (at[-1] - at[0])), 1.0)), float(at[-1] - at[0])
