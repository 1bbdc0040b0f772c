"""What was decided, in words and headline figures: from a tuned policy and its test result.

Knows: a `Tuned` policy and how it did on test calls. Refuses to know: how either was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from migration.artifacts import write_json
from migration.routing.policy.router import LLM, Policy
from migration.routing.tuning.confidence import CalibrationError
from migration.routing.tuning.guarantee import Result, Tuned
from migration.routing.tuning.thresholds import ROUTE


def promise_sentence(tuned: Tuned) -> str:
    """The promise as a stakeholder reads it: of what, how sure, from how many calls, and what it does not cover."""
    guarantee = tuned.policy.guarantee
    loss, level = guarantee["max_loss"], guarantee["confidence"]
    if tuned.decision != ROUTE:
        return f"Nothing is promised, as all calls stay with the LLM: {why_not(tuned)}"
    groups = guarantee["groups"]
    scope = "over all routed tasks together" if groups == 1 else f"in each of {groups} groups of tasks on its own"
    return (
        f"On traffic like that of the {guarantee['n']} calls it was calibrated on, at most {loss:.0%} of the answers "
        f"differ from what {tuned.policy.llm} would have given, {scope}; were the calibration repeated on other calls "
        f"of the same traffic, that would hold in at least {level:.0%} of the repeats."
    )


def why_not(tuned: Tuned) -> str:
    """Why tasks stay with the LLM and what it would take, one clause a group."""
    refused = [(name, choice) for name, choice in tuned.choices.items() if choice.threshold is None]
    if not refused:
        return "every task is ruled out: pinned to the LLM or hopeless for this SLM; a better SLM is needed."
    return "; ".join(f"{name}: {choice.reason}" for name, choice in refused) + "."


def test_sentence(tuned: Tuned, result: Result) -> str:
    """The observed loss beside the bound."""
    limit, bound = tuned.policy.guarantee["max_loss"], tuned.policy.guarantee["bound"]
    if result.slm_share == 0:
        return f"On {result.n} test calls all answers come from the LLM: nothing is lost, nothing saved."
    kept = "within" if result.loss <= limit else "over"
    return (
        f"On {result.n} test calls the loss was {result.loss:.1%} ({result.loss_low:.1%} to {result.loss_high:.1%}), "
        f"{kept} the {limit:.0%} that are promised at most; the calibration calls alone bound it to {bound:.1%}. "
        f"{result.slm_share:.0%} of the calls stayed with the SLM{_price(result)}."
    )


def signals_sentence(signals: pd.DataFrame) -> str:
    """signals: of `compare_signals`. How often the learned confidence is the best, and where a single signal is."""
    tasks = signals[(signals["task"] != "ALL") & signals["auroc"].notna()]
    if tasks.empty:
        return "On the test calls every task is all right or all wrong: no signal can be told from another."
    best = tasks.loc[tasks.groupby("task")["auroc"].idxmax()]
    learned = int((best["signal"] == "learned").sum())
    single = best.loc[best["signal"] != "learned", "signal"].value_counts()
    other = f"; a single signal wins elsewhere ({', '.join(single.index)})" if len(single) else ""
    return f"The learned confidence ranks best on {learned} of {len(best)} tasks where answers differ{other}."


def _price(result: Result) -> str:
    if not result.all_llm_cost > 0:
        return "; what that saves is unknown, as the log's model has no known price"
    saved = 1 - result.cost / result.all_llm_cost
    return f", at USD {result.cost:.2f} instead of {result.all_llm_cost:.2f} per 1,000 calls ({saved:.0%} saved)"


def shift_sentence(tests: pd.DataFrame) -> str:
    """Whether the promise may be relied on for recent traffic."""
    if tests.empty:
        return "Too few calls to see whether recent traffic has shifted."
    moved = tests[tests["shifted"]]
    if moved.empty:
        return "Recent traffic looks like the calibration calls in every property tested: the promise applies to it."
    what = "; ".join(f"{row['property']} ({row['detail']})" for _, row in moved.iterrows())
    return f"Warning: recent traffic has shifted in {what}. The promise does not cover it: tune again on newer calls."


def decision_sentence(tuned: Tuned, result: Result, *, shifted: bool = False) -> str:
    """The decision in one sentence, and a second where recent traffic has shifted from what the promise speaks of."""
    if tuned.decision != ROUTE:
        return f"Do not route: {why_not(tuned)}"
    routed = [task for task, rule in tuned.policy.rules.items() if rule != LLM]
    return (
        f"Route {len(routed)} of {tuned.rows['task'].nunique()} tasks to {tuned.policy.slm} first: "
        f"{result.slm_share:.0%} of the calls stay there, {result.loss:.1%} of the answers differ on test calls "
        f"(at most {tuned.policy.guarantee['max_loss']:.0%} promised){_price(result)}."
        + (" Recent traffic has shifted, so the promise does not cover it: tune again on newer calls." * shifted)
    )


def summary(
    tuned: Tuned, result: Result, *, before: CalibrationError, after: CalibrationError, apgr: float, shifted: bool
) -> dict[str, Any]:
    """The headline figures of the step: fractions unless the name carries a unit."""
    guarantee = tuned.policy.guarantee
    thresholds = list(tuned.policy.thresholds.values())
    return {
        "slm": tuned.policy.slm,
        "llm": tuned.policy.llm,
        "slm_share": result.slm_share,
        "quality_retained": result.quality,
        "max_loss": guarantee["max_loss"],
        "confidence": guarantee["confidence"],
        "bound": guarantee["bound"],
        "test_loss": result.loss,
        "test_loss_low": result.loss_low,
        "test_loss_high": result.loss_high,
        "test_calls": result.n,
        "calibration_calls": guarantee["n"],
        "threshold": min(thresholds) if thresholds else None,
        "routed_tasks": [task for task, rule in tuned.policy.rules.items() if rule != LLM],
        "cost_usd_per_1k": result.cost,
        "all_llm_cost_usd_per_1k": result.all_llm_cost,
        "apgr": apgr,
        "ece_before": before.value,
        "ece_after": after.value,
        "traffic_shifted": shifted,
        "verdict": tuned.decision,
    }


def write_policy(folder: Path, policy: Policy) -> Path:
    """Write `policy.json`, strict JSON, whole or not at all."""
    return write_json(folder / "policy.json", policy.to_dict())
