"""Held-out conversations replayed through a policy, call by call, with the answers that its rungs really gave.

The rungs' answers are those of steps 02 and 03, the LLM's is the logged one. The same replay with injected faults
says what callers would get when a small model or the LLM fails. Out of scope: asking any model, and words for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from migration.errors import NotEnoughCalls
from migration.review.rehearsal.faults import Ask, Fault, Faults, Outcome, llm_under, rungs_under
from migration.routing.policy import Policy, Request, Router, RoutingDecision
from migration.schema import REPLAYED, SIGNALS, Kind, Split

COLUMNS = ["call_id", "conversation_id", "created_at", "kind", "task", "task_type", "split", "prompt_tokens"]
COLUMNS += ["completion_tokens", "latency_ms", "cost_usd", "complexity"]
"""Of calls.parquet: what a replay reads of every call."""
NOT_RECORDED = "the rung never answered this call"


def held_out(calls: pd.DataFrame, conversations: int, *, seed: int) -> pd.DataFrame:
    """All calls of at most `conversations` test conversations, drawn at random, in the order they were made.

    calls: COLUMNS. Adds `conversation` (a call without a conversation stands alone), and fills unknown latencies and
    costs with the median of the task and kind. Raises NotEnoughCalls where no conversation has a call to route.
    """
    test = calls[calls["split"] == Split.TEST].copy()
    test["conversation"] = test["conversation_id"].fillna(test["call_id"])
    routable = test.loc[test["kind"].isin(REPLAYED), "conversation"].unique()
    if not len(routable):
        raise NotEnoughCalls("the rehearsal needs held-out conversations", 0, 1)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.sort(routable), min(conversations, len(routable)), replace=False)
    test = test[test["conversation"].isin(set(drawn))].sort_values(["created_at", "call_id"])
    for name in ("latency_ms", "cost_usd"):
        median = test.groupby(["kind", "task"], dropna=False)[name].transform("median")
        test[name] = test[name].fillna(median).fillna(0.0).astype(float)
    return test.reset_index(drop=True)


def answer_columns(predictions_file: Path) -> list[str]:
    """The columns of predictions.parquet that a replay reads; `output` for its length alone, which is a signal."""
    wanted = ["call_id", "candidate", "output", "agrees", "latency_ms", "prompt_tokens", "completion_tokens", "error"]
    names = set(ds.dataset(predictions_file).schema.names)
    return [name for name in dict.fromkeys([*wanted, *SIGNALS]) if name in names]


def recorded(predictions: list[pd.DataFrame], policy: Policy) -> dict[tuple[str, str], dict[str, object]]:
    """The answers of a policy's candidates by (call_id, candidate); of two of the same, the later step's.

    predictions: of steps 02 and 03. Each answer: `signals`, `agrees`, `latency_ms`, `usd`, `failed`.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for frame in predictions:
        rows = frame[frame["candidate"].isin(policy.candidates)]
        if "output_chars" not in rows and "output" in rows:
            rows = rows.assign(output_chars=rows["output"].fillna("").str.len().astype(float))
        names = [name for name in SIGNALS if name in rows]
        for row in rows.to_dict("records"):
            price = policy.candidates[row["candidate"]].price
            tokens = [0.0 if pd.isna(row[n]) else float(row[n]) for n in ("prompt_tokens", "completion_tokens")]
            found[row["call_id"], row["candidate"]] = {
                "signals": {name: row[name] for name in names},
                "agrees": bool(row["agrees"]) if pd.notna(row["agrees"]) else False,
                "latency_ms": 0.0 if pd.isna(row["latency_ms"]) else float(row["latency_ms"]),
                "usd": tokens[0] * price.get("usd_per_1m_prompt", 0.0) / 1e6
                + tokens[1] * price.get("usd_per_1m_completion", 0.0) / 1e6
                + price.get("usd_per_call", 0.0),
                "failed": pd.notna(row["error"]),
            }
    return found


def replay(
    calls: pd.DataFrame,
    answers: Mapping[tuple[str, str], Mapping[str, object]],
    policy: Policy,
    *,
    fault: Fault = Fault.NONE,
    faults: Faults | None = None,
) -> pd.DataFrame:
    """Each call in both arms: columns of Outcome by arm (`llm_quality`, `hybrid_quality`, ...), a row a call.

    calls: of `held_out`, `audit.with_texts`; answers: of `recorded`. Calls of other kinds (embeddings, retries, errors)
    cost and take in both arms what they did in the log, and have no quality.
    """
    faults, router = faults or Faults(), Router(policy)
    rng, known = np.random.default_rng(faults.seed), {call_id for call_id, _ in answers}
    routed = calls["kind"].isin(REPLAYED).to_numpy()
    decisions = iter(router.route_many(list(requests_of(calls[routed]))))
    rows = []
    for call, is_routed in zip(calls.to_dict("records"), routed, strict=True):
        llm = llm_under(call, fault, faults, rng) if is_routed else _as_logged(call)
        hybrid = llm
        if is_routed:
            rungs = rungs_under(call["call_id"], answers, policy, fault, faults)
            hybrid = _hybrid(router, next(decisions), rungs, llm)
            if call["call_id"] not in known and (policy.rungs.get(call["task"]) or policy.rungs.get(call["task_type"])):
                hybrid = replace(hybrid, recorded=False)
        rows.append({f"llm_{k}": v for k, v in vars(llm).items()} | {f"hybrid_{k}": v for k, v in vars(hybrid).items()})
    kept = calls[["call_id", "conversation", "kind", "task"]].reset_index(drop=True)
    return pd.concat([kept, pd.DataFrame(rows)], axis=1)


def requests_of(calls: pd.DataFrame) -> Iterator[Request]:
    """Calls as the router meets them; a call whose text was not read has none.

    calls: task, task_type, prompt_tokens, complexity and, where they were read, messages and tools.
    """
    from migration.routing.tuning.outcomes import tool_names

    for row in calls.to_dict("records"):
        messages, complexity = row.get("messages"), row["complexity"]
        tokens = None if pd.isna(row["prompt_tokens"]) else int(row["prompt_tokens"])
        yield Request(
            list(messages) if isinstance(messages, list | np.ndarray) else (),
            row["task"],
            row["task_type"],
            tokens,
            tool_names(row.get("tools")),
            complexity=None if pd.isna(complexity) else float(complexity),
        )


def climb(
    router: Router, decision: RoutingDecision, ask: Ask
) -> tuple[RoutingDecision, list[Mapping[str, Any]], Mapping[str, Any] | None]:
    """The rungs asked in their order until one is kept: (the last decision, answers in vain, the answer kept).

    An answer that failed goes on to the next rung; a rung that has no recorded answer ends at the LLM.
    """
    tried: list[Mapping[str, Any]] = []
    while decision.model != "llm":
        answer = ask(decision.candidate)
        if answer is None:
            return replace(decision, model="llm", reason=NOT_RECORDED), tried, None
        if answer["failed"]:
            tried.append(answer)
            decision = router.escalate(decision, f"{decision.candidate} failed")
            continue
        judged = router.accept(decision, answer["signals"])
        if judged.model != "llm" and judged.rung == decision.rung:
            return judged, tried, answer
        tried.append(answer)
        decision = judged
    return decision, tried, None


def _hybrid(router: Router, decision: RoutingDecision, ask: Ask, llm: Outcome) -> Outcome:
    """The call through the rungs; `llm` is what the LLM would have given."""
    last, tried, kept = climb(router, decision, ask)
    waited, paid = sum(a["latency_ms"] for a in tried), sum(a["usd"] for a in tried)
    if kept is not None:
        return Outcome("slm", float(kept["agrees"]), waited + kept["latency_ms"], paid + kept["usd"])
    unproved = [answer for answer in tried if not answer["failed"]]
    if llm.failed and unproved and router.policy.llm_fallback:
        return Outcome("slm", float(unproved[-1]["agrees"]), waited + llm.latency_ms, paid)
    missing = last.reason == NOT_RECORDED
    return replace(llm, latency_ms=waited + llm.latency_ms, cost_usd=paid + llm.cost_usd, recorded=not missing)


def _as_logged(call: Mapping[Any, Any]) -> Outcome:
    return Outcome("llm", float("nan"), call["latency_ms"], call["cost_usd"], call["kind"] == Kind.ERROR)
