"""From outcomes to a policy that keeps a promise, and how it did on calls it has not seen.

Knows: outcomes (one row a call that both models answered), the loss a team accepts, the level it wants.
Refuses to know: files and notebooks.

The promise: with chance `confidence_level` over the draw of the calibration calls, the hybrid's answers differ from
the LLM's in at most `max_loss` of the calls - for each task that has calls enough, and for the thin tasks together -
on calls that come from the same traffic. It says nothing of traffic that has shifted (`shift`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from migration.errors import NotEnoughCalls
from migration.routing.policy.router import ANY, CASCADE, LLM, SLM, Limits, Policy, Router
from migration.routing.policy.score import HashedScore
from migration.routing.policy.signals import SignalScore
from migration.routing.tuning.confidence import learn_confidence
from migration.routing.tuning.gain import GainModel
from migration.routing.tuning.outcomes import requests_of, signals_of
from migration.routing.tuning.thresholds import DO_NOT_ROUTE, ROUTE, ThresholdChoice, bounds, choose_threshold
from migration.stats import wilson

HOPELESS = 0.20
"""A task whose agreement is below this, as sure as its `fit` calls can say, goes to the LLM untried."""
FEW = 30
"""Calls of a task under which its share of agreement is a guess: then half must agree for it to be tried."""
GATE = 0.95
"""A cascade does not try the SLM where the score before the call gives it less than 1 - GATE to be right."""
FIT_FOR_GATE = 200
THIN = "thin tasks together"


@dataclass(frozen=True)
class Tuned:
    """A policy with what it was tuned from. rows: the outcomes with `confidence`,
    `gain` and `limited` (by a hard limit) added."""

    policy: Policy
    rows: pd.DataFrame
    groups: pd.DataFrame
    choices: dict[str, ThresholdChoice] = field(repr=False)

    @property
    def decision(self) -> str:
        return ROUTE if any(choice.threshold is not None for choice in self.choices.values()) else DO_NOT_ROUTE


def add_confidence(rows: pd.DataFrame, signals: SignalScore) -> pd.DataFrame:
    """`rows` with `confidence`: calibrated, 0 where the answer broke."""
    values = {name: pd.to_numeric(rows[name]).to_numpy(float, na_value=np.nan) for name in signals.names}
    raw = signals.raw(values, rows["task"].to_numpy())
    confidence = np.where(rows["error"].notna(), 0.0, signals.calibrator(raw))
    return rows.assign(confidence=confidence)


def tune(
    rows: pd.DataFrame,
    *,
    slm: str,
    llm: str,
    max_loss: float,
    confidence_level: float,
    pinned: Sequence[str] = (),
    limits: Limits | None = None,
    seed: int = 0,
) -> Tuned:
    """Learn the confidence on the `fit` rows, choose thresholds on the `choose` rows, and write the policy down.

    rows: of `outcomes.gather`. Raises NotEnoughCalls when a part is empty.
    """
    for part in ("fit", "choose"):
        if not (rows["part"] == part).any():
            need = bounds.trials_needed(0.0, max_loss, 1 - confidence_level) or 1
            raise NotEnoughCalls(f"routing: answered calls in the {part!r} half of the calibration split", 0, need)
    fit = rows[rows["part"] == "fit"]
    limits = limits or Limits()
    signals = learn_confidence(fit, fit["agrees"].to_numpy(float), seed=seed)
    score = learn_gain(fit, seed=seed)
    rows = _scored(add_confidence(rows, signals), score, limits)
    gate = GATE if len(fit) >= FIT_FOR_GATE else None
    choose = rows[rows["part"] == "choose"]
    ruled = rule_out(fit, pinned)
    groups = group_tasks(choose, ruled, max_loss=max_loss, delta=1 - confidence_level)
    level = 1 - (1 - confidence_level) / max(len(groups), 1)
    choices = {
        name: choose_on(choose[choose["task"].isin(tasks)], max_loss, level, gate) for name, tasks in groups.items()
    }
    policy = Policy(
        slm=slm,
        llm=llm,
        rules=dict.fromkeys(ruled, LLM) | _rules(groups, choices, gate) | {ANY: LLM},
        thresholds={task: t for name in groups for task in groups[name] if (t := choices[name].threshold) is not None},
        expected=_expected(fit),
        candidates=dict(zip(rows["task"], rows["candidate"], strict=True)),
        pinned=tuple(pinned),
        limits=limits,
        score=score,
        score_limit=gate,
        calibrator=signals,
        hashes={"outcomes": fingerprint(rows)},
    )
    table = pd.DataFrame([_group_row(name, groups[name], choice) for name, choice in choices.items()])
    tuned = Tuned(policy, rows, table, choices)
    return replace(tuned, policy=replace(policy, guarantee=_guarantee(tuned, max_loss, confidence_level)))


def _scored(rows: pd.DataFrame, score: HashedScore, limits: Limits) -> pd.DataFrame:
    """`rows` with `gain`, the score before the call, and `limited`, whether a hard limit is broken."""
    requests = list(requests_of(rows))
    gain = np.clip(score.score([request.text for request in requests], list(rows["task"])), 0, 1)
    return rows.assign(gain=gain, limited=[limits.broken_by(request) is not None for request in requests])


def _rules(groups: dict[str, list[str]], choices: dict[str, ThresholdChoice], gate: float | None) -> dict[str, str]:
    rules: dict[str, str] = {}
    for name, tasks in groups.items():
        rule = SLM if choices[name].slm_share >= 1 and gate is None else CASCADE
        rules |= dict.fromkeys(tasks, LLM if choices[name].threshold is None else rule)
    return rules


def _expected(fit: pd.DataFrame) -> dict[str, float]:
    """Each task's measured chance that the SLM's answer will do, one success and one failure added (Laplace)."""
    rates = fit.groupby("task")["agrees"].agg(["sum", "count"])
    expected = {str(task): float((row["sum"] + 1) / (row["count"] + 2)) for task, row in rates.iterrows()}
    return expected | {ANY: float(fit["agrees"].mean())}


def learn_gain(fit: pd.DataFrame, *, seed: int = 0) -> HashedScore:
    """The score before the call: the chance that the SLM's answer will not do, as the LLM's is the reference."""
    texts = [request.text for request in requests_of(fit)]
    model = GainModel(seed=seed).fit(texts, fit["agrees"].to_numpy(float), np.ones(len(fit)), list(fit["task"]))
    return HashedScore.from_dict(model.light().to_dict())  # what is tested is what the policy will hold


def rule_out(fit: pd.DataFrame, pinned: Sequence[str]) -> list[str]:
    """Tasks that go to the LLM untried: pinned, or of no promise on the `fit` calls, which nothing is tested on.

    No promise: surely below HOPELESS, or fewer than FEW calls of which less than half agree; such a task would only
    weigh down the thin tasks that are tested together.
    """
    out = [task for task in fit["task"].unique() if task in pinned]
    out += [name for name in pinned if name not in out]
    for task, agrees in fit.groupby("task")["agrees"]:
        hopeless = wilson(int(agrees.sum()), len(agrees)).high < HOPELESS
        if task not in out and (hopeless or (len(agrees) < FEW and agrees.mean() < 0.5)):
            out.append(str(task))
    return out


def group_tasks(choose: pd.DataFrame, ruled: Sequence[str], *, max_loss: float, delta: float) -> dict[str, list[str]]:
    """Which tasks are promised alone and which together: name -> tasks. Looks at counts only, never at outcomes.

    A task stands alone when it has twice the calls that would prove `max_loss` if none were lost.
    """
    counts = choose.loc[~choose["task"].isin(ruled), "task"].value_counts()
    alone = list(counts.index)
    while alone:
        least = bounds.trials_needed(0.0, max_loss, delta / (len(alone) + 1)) or np.inf
        kept = [task for task in alone if counts[task] >= 2 * least]
        if kept == alone:
            break
        alone = kept
    groups = {str(task): [str(task)] for task in alone}
    thin = [str(task) for task in counts.index if task not in alone]
    return groups | ({THIN: thin} if thin else {})


def choose_on(rows: pd.DataFrame, max_loss: float, level: float, gate: float | None) -> ThresholdChoice:
    """The threshold for these calls. The reference is the LLM's own answer, so its score is 1 everywhere."""
    weight = rows["weight"].to_numpy(float)
    even = weight.max() / weight.min() < 1.01
    confidence = gated(rows, gate)
    costs = rows[["slm_cost", "llm_cost"]].to_numpy(float)
    priced = not np.isnan(costs).any()
    return choose_threshold(
        confidence,
        rows["agrees"].to_numpy(float),
        np.ones(len(rows)),
        max_loss=max_loss,
        confidence_level=level,
        slm_cost=costs[:, 0] if priced else None,
        llm_cost=costs[:, 1] if priced else None,
        weight=1.0 if even else weight,
    )


def gated(rows: pd.DataFrame, gate: float | None) -> np.ndarray:
    """Confidence, with -1 where the score before the call already sends the request to the LLM."""
    return (
        np.where(rows["gain"] > gate, -1.0, rows["confidence"]) if gate is not None else rows["confidence"].to_numpy()
    )


def _group_row(name: str, tasks: Sequence[str], choice: ThresholdChoice) -> dict[str, Any]:
    return {
        "group": name,
        "tasks": len(tasks),
        "n": choice.n,
        "threshold": choice.threshold,
        "slm_share": choice.slm_share,
        "loss": choice.loss,
        "bound": choice.bound,
        "decision": choice.decision,
        "method": choice.method,
        "more_labels": choice.more_labels,
        "reason": choice.reason,
    }


def _guarantee(tuned: Tuned, max_loss: float, level: float) -> dict[str, Any]:
    routed = [choice for choice in tuned.choices.values() if choice.threshold is not None]
    test = tuned.rows[tuned.rows["part"] == "test"]
    result = evaluate(tuned.policy, test) if len(test) else None
    return {
        "max_loss": max_loss,
        "confidence": level,
        "n": int(sum(choice.n for choice in tuned.choices.values())),
        "bound": max((choice.bound for choice in routed), default=0.0),
        "test_loss": result.loss if result else None,
        "test_n": len(test),
        "groups": len(tuned.choices),
        "method": "Learn then Test, fixed sequence, Bonferroni over groups",
        "population": "calls like those of the calibration split; each group of tasks on its own",
    }


@dataclass(frozen=True)
class Result:
    """How a policy did. decisions: one row a call (call_id, task, model, reason, confidence, complexity, ...).

    slm_share, loss, quality: fractions of the traffic; loss_low, loss_high: Wilson 95% at the effective n;
    cost and all_llm_cost: USD per 1,000 calls; milliseconds: mean wait.
    """

    decisions: pd.DataFrame
    slm_share: float
    quality: float
    loss: float
    loss_low: float
    loss_high: float
    cost: float
    all_llm_cost: float
    milliseconds: float
    n: int

    def point(self) -> dict[str, float]:
        """The result as a point beside those of `curves`."""
        return {
            "slm_share": self.slm_share,
            "quality": self.quality,
            "cost_usd_per_1k": self.cost,
            "wait_ms": self.milliseconds,
        }


def decide(policy: Policy, rows: pd.DataFrame) -> pd.DataFrame:
    """Every row's decision, by the router itself, from its request and the signals of the SLM's answer."""
    router = Router(policy)
    first = router.route_many(requests_of(rows))
    final = [router.accept(decision, answer) for decision, answer in zip(first, signals_of(rows), strict=True)]
    table = pd.DataFrame(
        {
            "call_id": rows["call_id"].to_numpy(),
            "task": rows["task"].to_numpy(),
            "model": [decision.model for decision in final],
            "reason": [decision.reason for decision in final],
            "confidence": [decision.confidence for decision in final],
            "complexity": rows["gain"].to_numpy(),
            "stage": [decision.stage for decision in final],
            "tried_slm": [decision.model == SLM for decision in first],
            "weight": rows["weight"].to_numpy(),
            "split": rows["split"].to_numpy(),
            "part": rows["part"].to_numpy(),
        }
    )
    return table


def evaluate(policy: Policy, rows: pd.DataFrame) -> Result:
    """What the policy would have delivered, cost and waited for on these calls. Raises NotEnoughCalls for none."""
    if rows.empty:
        raise NotEnoughCalls("evaluating a policy", 0, 1)
    decisions = decide(policy, rows)
    kept = (decisions["model"] == SLM).to_numpy()
    tried = decisions["tried_slm"].to_numpy()
    weight = rows["weight"].to_numpy(float) / rows["weight"].sum()
    lost = kept & ~rows["agrees"].to_numpy()
    loss = float(weight @ lost)
    effective = 1 / float(weight @ weight)
    rate = wilson(round(loss * effective), max(1, round(effective)))
    llm, slm = rows["llm_cost"].to_numpy(float), rows["slm_cost"].to_numpy(float)
    waited = tried * rows["slm_ms"].to_numpy(float) + ~kept * rows["llm_ms"].to_numpy(float)
    return Result(
        decisions,
        float(weight @ kept),
        1 - loss,
        loss,
        rate.low,
        rate.high,
        float(weight @ (tried * slm + ~kept * llm)) * 1000,
        float(weight @ llm) * 1000,
        float(weight @ waited),
        len(rows),
    )


def fingerprint(rows: pd.DataFrame) -> str:
    """A hash of the outcomes a policy was tuned on: call, candidate and verdict."""
    lines = rows[["call_id", "candidate", "agrees", "part"]].astype(str).agg("|".join, axis=1)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
