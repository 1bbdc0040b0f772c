"""How a policy does on calls whose rungs' answers are known: every call decided by the router itself.

Out of scope: how the policy was tuned (`guarantee`), and curves over thresholds (`curves`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.errors import NotEnoughCalls
from migration.routing.policy import LLM, SLM, Policy, Router, RoutingDecision
from migration.routing.tuning.outcomes import requests_of, signals_of
from migration.stats import Rate, weighted_rate


@dataclass(frozen=True)
class Result:
    """How a policy did. decisions: one row a call (`decide`). slm_share: fraction of the traffic; loss: share of all
    calls whose answer differs, kept_error: of the calls kept, each with its 95% interval; cost and all_llm_cost: USD
    per 1,000 calls; milliseconds: mean wait; n: calls."""

    decisions: pd.DataFrame
    slm_share: float
    loss: Rate
    kept_error: Rate | None
    cost: float
    all_llm_cost: float
    milliseconds: float
    n: int

    @property
    def quality(self) -> float:
        """Share of the answers that are as the LLM's."""
        return 1 - self.loss.value

    def point(self) -> dict[str, float]:
        """The result as a point beside those of `curves`."""
        return {
            "slm_share": self.slm_share,
            "quality": self.quality,
            "cost_usd_per_1k": self.cost,
            "wait_ms": self.milliseconds,
        }


def decide(policy: Policy, rows: pd.DataFrame) -> pd.DataFrame:
    """Every call's decision, by the router itself, from its request and the signals of the rungs' answers.

    rows: outcomes, one row an answer. A call is left out where the router asks a candidate that never answered it.
    Returns call_id, task, model, candidate, rung, reason, confidence, complexity, stage, tried (names of the rungs
    asked), tried_slm, agrees (the delivered answer; true for the LLM's), slm_cost_usd (all rungs asked), cost_usd,
    latency_ms, weight, split, part, conversation. Each task's weights add up to its traffic.
    """
    rows = rows.reset_index(drop=True)
    answers: dict[str, dict[str, int]] = {}
    for place, (call, candidate) in enumerate(zip(rows["call_id"], rows["candidate"], strict=True)):
        answers.setdefault(call, {})[candidate] = place
    first = rows.drop_duplicates("call_id")
    router, signals = Router(policy), list(signals_of(rows))
    decided = router.route_many(requests_of(first))
    facts = {name: rows[name].to_numpy() for name in ("agrees", "slm_cost", "slm_ms")}
    table = [
        _walk(router, decision, answers[call], signals, facts)
        for call, decision in zip(first["call_id"], decided, strict=True)
    ]
    known = [each is not None for each in table]
    frame = pd.DataFrame([each for each in table if each is not None])
    kept = first[known]
    to_llm = (frame["model"] == LLM).to_numpy() if len(frame) else np.empty(0, bool)
    columns = {name: kept[name].to_numpy() for name in ("call_id", "task", "split", "part", "conversation")}
    frame = frame.assign(**columns, complexity=kept["gain"].to_numpy() if "gain" in kept else 0.0)
    frame["cost_usd"] = frame["slm_cost_usd"] + to_llm * kept["llm_cost"].to_numpy(float)
    frame["latency_ms"] = frame["latency_ms"] + to_llm * kept["llm_ms"].to_numpy(float)
    frame["llm_cost_usd"], traffic = kept["llm_cost"].to_numpy(float), kept["traffic"].to_numpy(float)
    frame["weight"] = traffic / frame.groupby(["task", "part"])["call_id"].transform("size")
    return frame


def _walk(
    router: Router,
    decision: RoutingDecision,
    answers: dict[str, int],
    signals: list[dict[str, float]],
    facts: dict[str, np.ndarray],
) -> dict[str, object] | None:
    """One call through its rungs; None where a rung's answer is not known."""
    cost = wait = 0.0
    tried: list[str] = []
    place = -1
    while decision.model == SLM:
        if decision.candidate not in answers:
            return None
        if decision.stage != "answer":
            place = answers[decision.candidate]
            cost, wait = cost + float(facts["slm_cost"][place]), wait + float(facts["slm_ms"][place])
            tried.append(decision.candidate)
        if not decision.needs_check:
            break
        following = router.accept(decision, signals[place])
        if following.model == SLM and not following.needs_check:
            decision = following
            break
        decision = following
    return {
        "model": decision.model,
        "candidate": decision.candidate,
        "rung": decision.rung,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "stage": decision.stage,
        "tried": tried,
        "tried_slm": bool(tried),
        "agrees": True if decision.model == LLM else bool(facts["agrees"][place]),
        "slm_cost_usd": cost,
        "latency_ms": wait,
    }


def evaluate(policy: Policy, rows: pd.DataFrame) -> Result:
    """What the policy would have delivered, cost and waited for on these calls. Raises NotEnoughCalls for none.

    rows: outcomes, of `outcomes.gather`.
    """
    if rows.empty:
        raise NotEnoughCalls("evaluating a policy", 0, 1)
    decisions = decide(policy, rows)
    if decisions.empty:
        raise NotEnoughCalls("evaluating a policy on calls that its rungs have answered", 0, 1)
    kept, lost = (decisions["model"] == SLM).to_numpy(), ~decisions["agrees"].to_numpy(bool)
    weight, task = decisions["weight"].to_numpy(float), decisions["task"].to_numpy(str)
    share = weight / weight.sum()
    conversation = decisions["conversation"].to_numpy(str)
    loss = weighted_rate(lost, weight, task, cluster=conversation)
    of_kept = (lost[kept], weight[kept], task[kept])
    error = weighted_rate(*of_kept, cluster=conversation[kept]) if kept.any() else None
    return Result(
        decisions,
        float(share @ kept),
        loss,
        error,
        float(share @ decisions["cost_usd"]) * 1000,
        float(share @ decisions["llm_cost_usd"]) * 1000,
        float(share @ decisions["latency_ms"]),
        len(decisions),
    )
