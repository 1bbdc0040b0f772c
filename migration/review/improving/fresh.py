"""Fresh calls: what a decision log adds to the calls that a run knows, and what its rungs answered to them.

Of a call that a rung answered the LLM's answer is known where it was shadowed, of every other call anyway: each stands
for 1 / the chance of that. Conversations are split as those of step 01: `train` ones teach, the others prove.
Out of scope: candidates (`refit`), and thresholds (`retune`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

from migration.benchmark import score
from migration.routing.policy import Policy
from migration.schema import REPLAYED, CandidateId, Split, split_of

COLUMNS = (
    *("call_id", "conversation_id", "created_at", "model", "kind", "task", "task_type", "messages", "response"),
    *("prompt_tokens", "completion_tokens", "latency_ms", "cost_usd", "complexity", "split"),
)
"""Of calls.parquet: what the review reads."""
OPTIONAL = ("tools", "max_tokens")


def fresh_calls(decisions: pd.DataFrame, task_types: Mapping[str, str]) -> pd.DataFrame:
    """Decided calls whose LLM answer is known, as rows of calls.parquet (COLUMNS) with `stands_for`.

    decisions: of `read_decisions`; task_types: task -> its type. The cost and the time of the LLM are null where a rung
    delivered.
    """
    known = decisions[decisions["reference"].notna() & decisions["task"].notna()].reset_index(drop=True)
    delivered = (known["decision"] == "slm").to_numpy(bool)
    return pd.DataFrame(
        {name: known[name] for name in ("call_id", "conversation_id", "created_at", "task", "messages")}
        | {
            "model": known["model"].where(~delivered),
            "kind": str(REPLAYED[0]),
            "task_type": known["task"].map(task_types).fillna("other"),
            "response": known["reference"],
            "prompt_tokens": known["prompt_tokens"],
            "completion_tokens": known["completion_tokens"],
            "latency_ms": known["latency_ms"].where(~delivered).astype(float),
            "cost_usd": known["cost_usd"].where(~delivered).astype(float),
            "complexity": float("nan"),
            "split": known["conversation_id"].map(split_of),
            "stands_for": known["weight"].where(delivered, 1.0).astype(float),
        }
    )


def with_labels(fresh: pd.DataFrame, said: Mapping[str, str | bool]) -> pd.DataFrame:
    """`fresh` as it teaches: a person's answer replaces the LLM's, and what a person found wrong teaches nothing.

    Calls outside `train` stay as they are: what is proved is agreement with the LLM.
    """
    label = fresh["call_id"].map(said.get)
    teaches = fresh["split"] == Split.TRAIN
    answer = fresh["response"].where(~(teaches & label.map(lambda one: isinstance(one, str))), label)
    return fresh.assign(response=answer)[~(teaches & label.map(lambda one: one is False))]


def earlier_calls(run: Path, tasks: list[str], answered: pd.Series) -> pd.DataFrame:
    """Calls of step 01 of these tasks: what taught (`train`), and the held-out ones in `answered` (call_ids)."""
    data = ds.dataset(run / "01_traffic_audit" / "calls.parquet")
    wanted = ds.field("kind").isin([str(kind) for kind in REPLAYED]) & ds.field("task").isin(tasks)
    taught = ds.field("split") == str(Split.TRAIN)
    if len(answered):
        taught |= ds.field("call_id").isin(answered.unique().tolist())
    names = [name for name in (*COLUMNS, *OPTIONAL) if name in data.schema.names]
    calls = data.to_table(columns=names, filter=wanted & taught).to_pandas()
    calls["conversation_id"] = calls["conversation_id"].fillna(calls["call_id"])
    return calls.reindex(columns=[*COLUMNS, *(name for name in names if name in OPTIONAL)]).assign(stands_for=1.0)


def earlier_answers(run: Path) -> pd.DataFrame:
    """What candidates answered to the held-out calls of steps 02 and 03: one frame."""
    files = [run / step / "predictions.parquet" for step in ("02_candidate_benchmark", "03_qlora_finetune")]
    parts = [pd.read_parquet(file) for file in files if file.exists()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["call_id", "candidate"])


def logged_answers(decisions: pd.DataFrame, fresh: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """What each task's first rung answered to fresh calls, kept or not, scored: rows as of predictions.parquet.

    `logged_confidence`: calibrated, as the policy used it. fresh: of `fresh_calls`. A rung that failed has no row.
    decisions: of `read_decisions`.
    """
    first = {task: rungs[0].candidate for task, rungs in policy.rungs.items() if rungs}
    own = decisions[decisions["call_id"].isin(fresh["call_id"]) & decisions["task"].isin(list(first))]
    own = own[own["first"].notna() & own["first_confidence"].notna()]
    rows = own[["call_id", "task", "prompt_tokens", "completion_tokens"]].assign(
        candidate=own["task"].map(first),
        output=own["first"],
        error=None,
        latency_ms=own["latency_ms"].where(own["decision"] == "slm").astype(float),
        logged_confidence=own["first_confidence"].astype(float),
    )
    parts = []
    for name, mine in rows.groupby("candidate"):
        known = policy.candidates[str(name)]
        identity = CandidateId(
            str(name), known.kind, known.base, known.adapter, known.shots, known.examples, known.masked
        )
        parts.append(mine.assign(**identity.columns()))
    return score(pd.concat(parts, ignore_index=True), fresh) if parts else rows
