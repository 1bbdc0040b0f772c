"""The decision log as a table: what the hybrid did with each call, and what its shadow answers say of it.

Out of scope: whether what they say is alarming (`weekly`), and the policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from migration.errors import BadInput
from migration.live.cascade import RAMP, SUSPENDED
from migration.routing.policy import Router

COLUMNS = (
    *("call_id", "conversation_id", "created_at", "task", "decision", "candidate", "reason", "confidence", "policy"),
    *("model", "prompt_tokens", "completion_tokens", "latency_ms", "cost_usd", "messages"),
    *("shadowed", "weight", "kept", "output", "reference", "first", "first_confidence"),
)


def is_decision_log(path: Path) -> bool:
    """Whether the first line of a file is a decision of a hybrid; other logs may be packed, or hold no JSON."""
    with path.open("rb") as file:
        line = file.readline()
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):  # the answer to the question
        return False
    return isinstance(first, dict) and {"decision", "rung", "call_id"} <= set(first)


def read_decisions(files: Iterable[Path]) -> pd.DataFrame:
    """One row a call, in the order of their time: COLUMNS, and `week` of `with_week`.

    kept: a rung's answer is what the policy delivers, or would deliver where the call was held back from it. shadowed:
    both that answer and the LLM's are known, or the LLM's is what is delivered; weight: 1 / the chance of that.
    output, reference: the rung's and the LLM's answer, null where unknown; first, first_confidence: the first rung's
    answer, kept or not. A torn last line is passed over.
    Raises BadInput naming file and line of a record that is none, and where there is no record at all.
    """
    rows = [row for path in files for row in _records(path)]
    if not rows:
        raise BadInput("the decision log is empty: let the gateway or the client serve some calls first")
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    try:
        frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True, format="ISO8601")
    except (ValueError, OverflowError) as error:
        raise BadInput(f"a call of the decision log has no time that can be read: {error}") from error
    frame["conversation_id"] = frame["conversation_id"].fillna(frame["call_id"])
    counted = [name for name in _NUMBERS if name in frame]  # null in every row where only classifiers answered
    frame = frame.astype(dict.fromkeys(counted, float))
    frame = frame.drop_duplicates("call_id", keep="last").sort_values(["created_at", "call_id"])
    return with_week(frame.reset_index(drop=True))


def with_week(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with `week`: the seven days that end with the newest call, the seven before them, and so on, so that the
    newest week is a whole one on whichever day one looks; each named by the ISO week that it ends in (2026-W48)."""
    at, day = frame["created_at"], pd.Timedelta(days=1)
    ends = at.max() - (at.max() - at) // (7 * day) * (7 * day)
    named = (ends - day).clip(lower=at.min()).dt.isocalendar()  # a review on Monday morning is of the week before
    return frame.assign(week=named["year"].astype(str) + "-W" + named["week"].astype(str).str.zfill(2))


def _records(path: Path) -> Iterable[dict[str, object]]:
    lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _row(_sound(json.loads(line)))
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            if number == len(lines):
                return  # still being written
            raise BadInput(f"{path}, line {number} is no decision: {error}") from error
        yield row


_NUMBERS = ("rung", "confidence", "prompt_tokens", "completion_tokens", "latency_ms", "cost_usd", "shadow_share")


def _sound(value: object) -> Any:
    """`value` with halves of characters (lone surrogates, which a caller may send) replaced: they cannot be stored."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_sound(name): _sound(item) for name, item in value.items()}
    return [_sound(item) for item in value] if isinstance(value, list) else value


def _row(record: Mapping[str, Any]) -> dict[str, object]:
    if not all(isinstance(record[name], str) for name in ("call_id", "created_at", "decision")):
        raise TypeError("call_id, created_at and decision are texts")
    pd.Timestamp(record["created_at"])
    for name in _NUMBERS:
        value = record.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15
        ):
            raise TypeError(f"{name} is no number that can be")
    output, reference, kept = _answers(record)
    share = record.get("shadow_share") or 0.0
    shadowed = (
        bool(record.get("shadowed")) and share > 0 and (reference is not None) and (not kept or output is not None)
    )
    own = {name: record.get(name) for name in COLUMNS[:15]}
    return own | {
        "shadowed": shadowed,
        "weight": 1 / share if shadowed else 0.0,
        "kept": kept,
        "output": output if kept else None,
        "reference": reference,
        **_first(record, output if kept else None),
    }


def _first(record: Mapping[str, Any], kept: str | None) -> dict[str, object]:
    """What the first rung said, and its confidence: of the first that was tried in vain or asked in shadow, or of the
    answer that was delivered."""
    asked = [*(record.get("tried") or ()), *(record.get("shadow") or ())]
    below = [one for one in asked if isinstance(one, Mapping) and one.get("rung", -1) >= 0]
    if below:
        return {"first": below[0].get("answer"), "first_confidence": below[0].get("confidence")}
    return {"first": kept, "first_confidence": record.get("confidence") if kept is not None else None}


def _answers(record: Mapping[str, Any]) -> tuple[str | None, str | None, bool]:
    """(the rung's answer, the LLM's, whether the policy keeps the rung's)."""
    shadow = [one for one in record.get("shadow") or () if isinstance(one, Mapping) and not one.get("error")]
    if record["decision"] == "slm":
        llm = next((one.get("answer") for one in shadow if one.get("rung") == -1), None)
        return record.get("response"), llm, True
    would = next((one.get("answer") for one in shadow if one.get("kept") and one.get("rung", -1) >= 0), None)
    held = record.get("stage") in (RAMP, SUSPENDED)
    return would, record.get("response"), held and would is not None


def losses(decisions: pd.DataFrame, tasks: pd.DataFrame) -> pd.Series:
    """What each shadowed call lost, 0 or 1: 1 where a kept answer differs from the LLM's by step 02's scorers.

    decisions: of `read_decisions`; tasks: of tasks.parquet (task, task_type, and how its answers are compared). NaN
    where a call was not shadowed.
    """
    from migration.benchmark import score, with_task_options

    lost = pd.Series(float("nan"), index=decisions.index)
    shadowed = decisions["shadowed"].astype(bool)
    lost[shadowed] = 0.0
    both = decisions[shadowed & decisions["kept"].astype(bool)]
    if len(both):
        types = both["task"].map(tasks.set_index("task")["task_type"]).fillna("other")
        rows = both[["call_id", "task", "output", "reference"]].assign(task_type=types, error=None)
        lost[both.index] = 1.0 - score(with_task_options(rows.reset_index(drop=True), tasks))["agrees"].to_numpy(float)
    return lost


def from_traffic(calls: pd.DataFrame, router: Router) -> pd.DataFrame:
    """Plain traffic as decisions: every call went to the LLM, and its task is as the policy recognises it.

    calls: of calls.parquet, kinds that can be routed. Nothing is known of what rungs would have said, so that there is
    no loss to watch; what changed, new tasks and costs can be told.
    """
    tasks = pd.Series([router.recognise(list(messages)) for messages in calls["messages"]], calls.index, object)
    rows = calls.assign(task=tasks, decision="llm", candidate=router.policy.llm, reference=calls["response"])
    rows = rows.assign(shadowed=False, weight=0.0, kept=False, reason="logged", policy=None, confidence=float("nan"))
    rows = rows.reindex(columns=list(COLUMNS)).sort_values(["created_at", "call_id"])
    return with_week(
        rows.assign(conversation_id=rows["conversation_id"].fillna(rows["call_id"])).reset_index(drop=True)
    )
