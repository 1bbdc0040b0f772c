"""What 06 shows and decides: every table, sentence and verdict, from finished frames and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from migration.markup import table
from migration.review.rehearsal.results import Rehearsal

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

LEAST_CONVERSATIONS = 30
"""Conversations with a recorded answer of a rung under which a rehearsal says too little."""


@dataclass(frozen=True)
class Check:
    """One condition of going live: what was found, what is allowed, and whether it holds."""

    name: str
    found: str
    allowed: str
    passed: bool


def checks(rehearsal: Rehearsal, *, most_slower: float) -> list[Check]:
    """The conditions of going live. most_slower: how many times as long as today a conversation's p95 may take."""
    policy = rehearsal.policy
    if not policy.routed_tasks:
        return [Check("something is routed", "nothing", "at least one task", False)]
    hybrid = rehearsal.conversations[rehearsal.conversations["arm"] == "hybrid"]
    seen = rehearsal.replayed[rehearsal.replayed["hybrid_model"] == "slm"]["conversation"].nunique()
    found = [
        Check("something is routed", f"{len(policy.routed_tasks)} tasks", "at least one task", True),
        Check("conversations with a kept answer", f"{seen} of {len(hybrid)}", f"at least {LEAST_CONVERSATIONS}",
              seen >= LEAST_CONVERSATIONS),
    ]  # fmt: skip
    found += _risk_checks(rehearsal)
    cost, waits = rehearsal.differences["cost_usd"], _p95(rehearsal.conversations)
    found.append(Check("a conversation costs no more", f"{_usd(cost.value)} ({_usd(cost.low)} to {_usd(cost.high)})",
                       "USD +0", cost.value <= 0))  # fmt: skip
    slower = waits["hybrid"] / waits["llm"] if waits["llm"] else 1.0
    found.append(Check("p95 of a conversation's waiting", f"{slower:.2f} times the LLM's", f"at most {most_slower:g}",
                       slower <= most_slower))  # fmt: skip
    return found + _fault_checks(rehearsal.faults) + _script_checks(rehearsal.scripts)


def _risk_checks(rehearsal: Rehearsal) -> list[Check]:
    """A limit is missed where the interval lies wholly above it: the rehearsal checks the proof, it is not one."""
    guarantee = rehearsal.policy.guarantee
    limits = {
        "loss": ("answers that differ, of all", guarantee.max_loss if guarantee else 0.0),
        "kept_error": ("answers that differ, of those kept", guarantee.max_kept_error if guarantee else 0.0),
    }
    return [
        Check(words, str(rehearsal.losses[name]), f"at most {limit:.1%}", rehearsal.losses[name].low <= limit)
        for name, (words, limit) in limits.items()
        if name in rehearsal.losses
    ]


def _fault_checks(faults: pd.DataFrame) -> list[Check]:
    wide = faults.pivot(index="fault", columns="arm", values="answered")
    return [
        Check(f"answered with {fault}", f"{row['hybrid']:.1%}", f"at least the LLM's {row['llm']:.1%}",
              bool(row["hybrid"] >= row["llm"] - 1e-9))
        for fault, row in wide.iterrows()
        if fault != "none"
    ]  # fmt: skip


def _script_checks(scripts: pd.DataFrame) -> list[Check]:
    rows = []
    for name, turns in scripts.groupby("script", sort=False):
        failed = turns[~turns["passed"].fillna(True).astype(bool)]
        detail = "; ".join(failed["detail"]) if len(failed) else "as it must"
        rows.append(Check(f"script: {name}", detail, "every turn as it must", failed.empty))
    return rows


def _p95(conversations: pd.DataFrame) -> dict[str, float]:
    return {str(arm): float(rows.quantile(0.95)) for arm, rows in conversations.groupby("arm")["latency_ms"]}


def _usd(value: float) -> str:
    return f"USD {value:+.5f}"


def checks_table(found: list[Check]) -> Styler:
    """The checks as a table."""
    frame = pd.DataFrame([(c.name, c.found, c.allowed, "yes" if c.passed else "NO") for c in found])
    frame.columns = ["check", "found", "allowed", "passed"]
    return table(frame)


def arms_table(rehearsal: Rehearsal) -> Styler:
    """Quality, waiting and cost a conversation: both arms and their paired difference with its 95% interval."""
    means = rehearsal.conversations.groupby("arm")[["quality", "latency_ms", "cost_usd"]].mean()
    units = {
        "quality": ("quality (share as the LLM)", "{:.3f}", "{:+.3f}"),
        "latency_ms": ("waiting, ms", "{:,.0f}", "{:+,.0f}"),
        "cost_usd": ("cost, USD", "{:.5f}", "{:+.5f}"),
    }
    rows = []
    for name, (words, plain, signed) in units.items():
        difference = rehearsal.differences[name]
        change = f"{signed} ({signed} to {signed})".format(difference.value, difference.low, difference.high)
        rows.append((words, *(plain.format(means.loc[arm, name]) for arm in ("llm", "hybrid")), change, difference.n))
    frame = pd.DataFrame(
        rows, columns=["a conversation's", "LLM", "hybrid", "difference (95% interval)", "conversations"]
    )
    return table(frame)


def faults_table(faults: pd.DataFrame) -> Styler:
    """faults: of `under_faults`; one row a fault and arm."""
    return table(faults, {"answered": "{:.1%}", "quality": "{:.1%}", "slm_share": "{:.1%}", "p95_ms": "{:,.0f}"})


def replay_sentence(rehearsal: Rehearsal) -> str:
    """What was replayed and how much of it the rungs had answered."""
    conversations = rehearsal.conversations["conversation_id"].nunique()
    calls = int(rehearsal.conversations.loc[rehearsal.conversations["arm"] == "llm", "calls"].sum())
    return (
        f"{conversations:,} held-out conversations with {calls:,} calls were replayed in order. Of the calls that can "
        f"be routed, {rehearsal.recorded:.0%} had a recorded answer or need none, and {rehearsal.slm_share:.0%} were "
        "answered by a rung; calls that no rung had answered went to the LLM's logged answer, so the shares are lower "
        "limits."
    )


def go_sentence(rehearsal: Rehearsal, found: list[Check], *, shifted: bool = False) -> str:
    """Go or no-go, with the reasons. shifted: whether recent traffic reads otherwise than what was replayed (04)."""
    if not rehearsal.policy.routed_tasks:
        return "No-go: nothing is routed, all calls stay with the LLM."
    failed = [check for check in found if not check.passed]
    if failed:
        return "No-go: " + "; ".join(f"{check.name}: {check.found}, {check.allowed}" for check in failed) + "."
    begin = "Begin with a shadow and 1% of the conversations (migrate serve)"
    if shifted:
        begin = (
            "But recent traffic has shifted from what was proved and replayed: begin with a shadow alone "
            "(migrate serve), and tune again on newer calls before anything is ramped"
        )
    return f"Go: all {len(found)} checks hold. {begin}."


def rehearsal_summary(rehearsal: Rehearsal, found: list[Check]) -> dict[str, object]:
    """The headline figures of the step: fractions unless the name carries a unit."""
    means = rehearsal.conversations.groupby("arm")[["quality", "latency_ms", "cost_usd"]].mean()
    risks = {
        f"{name}{end}": getattr(rate, field)
        for name, rate in rehearsal.losses.items()
        for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    return {
        "go": all(check.passed for check in found),
        "conversations": int(rehearsal.conversations["conversation_id"].nunique()),
        "slm_share": rehearsal.slm_share,
        "recorded_share": rehearsal.recorded,
        **risks,
        "llm_usd_conversation": float(means["cost_usd"]["llm"]),
        "hybrid_usd_conversation": float(means["cost_usd"]["hybrid"]),
        "llm_ms_conversation": float(means["latency_ms"]["llm"]),
        "hybrid_ms_conversation": float(means["latency_ms"]["hybrid"]),
        "failed_checks": [check.name for check in found if not check.passed],
    }


def scripts_table(scripts: pd.DataFrame) -> Styler:
    """scripts: of `play`; one row a turn."""
    words = scripts["passed"].map({True: "yes", False: "NO"}).fillna("not judged")
    return table(scripts.assign(passed=words)[["script", "turn", "model", "reason", "passed", "detail"]])
