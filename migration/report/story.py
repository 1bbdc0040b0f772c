"""What a reader decides from: the headline, the bill before and after, three risks, what to do.

Out of scope: how any number was computed.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from migration.costs.alternatives import STAY
from migration.report.fields import AUDIT, COST, ROUTE, Summaries, count, share, usd


def decided(summaries: Summaries) -> Summaries:
    """The summaries as the page speaks of them: where step 5 prefers another plan to the whole ladder, with that plan's
    numbers in place of the ladder's, its title as `plan`, and `ladder_saving_probability`."""
    priced = summaries.get(COST, {})
    if not priced.get("other_plan"):
        return summaries
    names = {"saving_probability": "best_saving_probability", "breakeven_month": "best_breakeven_month",
             "llm_share": "best_llm_share", "plan": "other_plan"}  # fmt: skip
    names |= {f"after_usd_month{end}": f"best_usd_month{end}" for end in ("", "_p10", "_p50", "_p90")}
    taken = {ours: priced[theirs] for ours, theirs in names.items()}
    return summaries | {COST: priced | taken | {"ladder_saving_probability": priced["saving_probability"]}}


def stays(priced: Mapping[str, object]) -> bool:
    """Whether step 05 found that nothing pays. priced: its summary."""
    return priced.get("best_plan") == STAY


def headline(summaries: Summaries) -> str:
    """The run's decision in one sentence; none before routing and its price are known."""
    routed, priced = summaries.get(ROUTE), summaries.get(COST)
    if routed and not routed.get("slm_share"):
        return "Change nothing yet: every call stays on the LLM"
    if routed and priced:
        kept = 1 - priced.get("llm_share", 1 - routed["slm_share"])  # of all calls; 04's is of those it decides on
        said = f"{priced['plan']}: it keeps" if "plan" in priced else "Small models can keep"
        said += f" {kept:.0%} of the calls"
        before, after = float(priced["before_usd_month"]), priced.get("after_usd_month")
        after = float(priced["after_usd_month_p50"] if after is None else after)
        if after >= before:
            return f"{said}, but at this volume that does not pay: {usd(before)} a month today, {usd(after)} after"
        if stays(priced):
            once = f", and {usd(priced['one_off_usd'])} spent once" if priced.get("one_off_usd") else ""
            return f"{said}, but that does not surely pay: {usd(before)} a month today, {usd(after)} after{once}"
        return f"{said}; the bill goes from {usd(before)} to {usd(after)} a month"
    if routed:
        return f"Small models can keep {routed['slm_share']:.0%} of the calls; what that saves is not known yet"
    return "No decision yet: the run has not finished"


def lead(summaries: Summaries) -> str:
    """What was looked at, and why the decision is what it is, in one or two sentences."""
    audit, routed = summaries.get(AUDIT, {}), summaries.get(ROUTE)
    if not {"calls", "tasks", "cost_usd_month"} <= set(audit):
        return ""
    bill = audit["cost_usd_month"]
    text = f"{count(audit['calls'])} logged calls of {count(audit['tasks'])} tasks were read"
    text += f"; such traffic costs {usd(bill)} a month today." if bill else "; their price is not known."
    if routed and not routed.get("slm_share"):
        text += " For no task is it proved yet that something cheaper answers as the LLM does."
    elif routed:
        moved = len(routed.get("routed_tasks", []))
        text += f" {moved} {'task is' if moved == 1 else 'tasks are'} proved to be safe to move."
    return text


def bars(priced: Mapping[str, float]) -> list[dict[str, object]]:
    """Before and after as bars in percent of the dearest p90, with their p10 to p90."""
    names = (("Today", "before_usd_month", "llm"), ("After", "after_usd_month", "slm"))
    if not all(f"{name}_{p}" in priced for _, name, _ in names for p in ("p10", "p90")):
        return []
    top = max(max(priced[f"{name}_p90"], priced[name]) for _, name, _ in names) or 1.0
    found = []
    for label, name, kind in names:
        middle, low, high = priced[name], priced[f"{name}_p10"], priced[f"{name}_p90"]
        told = f"{usd(middle)} a month (likely {usd(low)} to {usd(high)})"
        width, start, end = (round(100 * value / top, 2) for value in (middle, low, high))
        found.append({"label": label, "kind": kind, "told": told, "width": width, "start": start, "end": end})
    return found


def risks(summaries: Summaries) -> list[str]:
    """The three risks to know before deciding: answers, money, change."""
    routed, priced = summaries.get(ROUTE), summaries.get(COST)
    if not routed:
        return []
    if not routed.get("slm_share"):
        spent = f" Trying cost {usd(priced['one_off_usd'])}." if priced and priced.get("one_off_usd") else ""
        return [
            "Answers: none is at risk, since nothing moves.",
            f"Money: nothing is saved either.{spent}",
            f"Change: {_drift(routed)}",
        ]
    return [f"Answers: {_answers(routed)}", f"Money: {_money(priced)}", f"Change: {_drift(routed)}"]


def _answers(routed: dict[str, Any]) -> str:
    needed = {"max_loss", "confidence_level", "calibration_calls", "test_calls", "test_loss_low", "test_loss_high"}
    if not needed <= set(routed):
        return "some will differ from the LLM's: step 4 says how many."
    return (
        f"some will differ from the LLM's: at most {share(routed['max_loss'])} of all, with "
        f"{routed['confidence_level']:.0%} confidence, on traffic like the {count(routed['calibration_calls'])} "
        f"calibration calls. On {count(routed['test_calls'])} test calls it was {share(routed['test_loss'])} "
        f"({share(routed['test_loss_low'])} to {share(routed['test_loss_high'])})."
    )


def _money(priced: dict[str, Any] | None) -> str:
    if not priced:
        return "the bill has not been projected."
    chance, month = priced["saving_probability"], priced.get("breakeven_month")
    paid = "it is not paid back within two years" if month is None else f"it is paid back in month {count(month)}"
    text = "it does not pay at today's volume and prices" if stays(priced) else "it may not pay"
    text += f". The chance that it saves money is {chance:.0%}; {paid}."
    if "plan" in priced:
        text += f" For the whole ladder, small model included, it is {priced['ladder_saving_probability']:.0%}."
    return text


def _drift(routed: dict[str, object]) -> str:
    if routed.get("traffic_shifted"):
        return "the newest calls already differ from those the proof rests on. Collect newer ones and tune again."
    return "traffic changes. The newest calls look like those the proof rests on; it has to be checked every week."


def _narrow(priced: dict[str, object], run: str) -> list[dict[str, str]]:
    """How the plan that step 5 prefers to the whole ladder is had: a command where its policy is of one kind alone."""
    if "plan" not in priced:
        return []
    kind, text = priced["other_plan_kind"], f"Make the policy of “{priced['plan']}”"
    command = f"migrate run --run {run} -p kinds {shlex.quote(json.dumps([kind]))}" if kind else ""
    return [{"text": f"{text}, which pays better than the whole ladder.", "command": command}]


def _about(calls: float) -> str:
    """A count of calls to two digits."""
    return count(float(f"{calls:.2g}"))


def _stay(priced: dict[str, Any], run: str) -> list[dict[str, str]]:
    """What to do where answers could move and money is no reason to."""
    need, today = priced.get("breakeven_calls_month"), priced.get("calls_month", 0)
    text = "Change nothing for the money."
    if need and need > today:
        text += (
            f" Running costs would pay off from about {count(float(f'{need:.2g}'))} calls a month on, all else equal;"
        )
        text += f" today there are {count(float(f'{today:.2g}'))}."
    return [
        {"text": text, "command": ""},
        {"text": "Run again when traffic, prices or models change.", "command": f"migrate run --run {run}"},
        {"text": "Where the reason is another one (speed, independence), let the policy answer beside production.",
         "command": f"migrate policy activate {run} --share 0 --shadow-share 1 && migrate serve {run}"},
    ]  # fmt: skip


def monday(summaries: Summaries, run: str) -> list[dict[str, str]]:
    """What to do next: words, and a command where there is one (a run keeps its parameters)."""
    if ROUTE not in summaries:
        return [{"text": "Finish the run: the same command goes on where it stopped.", "command": ""}]
    priced = summaries.get(COST, {})
    if summaries[ROUTE].get("slm_share") and stays(priced):
        return _stay(priced, run)
    if summaries[ROUTE].get("slm_share"):
        return [
            *_narrow(priced, run),
            {
                "text": "Let the policy answer beside production: answers are compared and not yet delivered.",
                "command": f"migrate policy activate {run} --share 0 --shadow-share 1 && migrate serve {run}",
            },
            {
                "text": "Deliver to 1% of conversations, and raise that while the weekly review keeps the guarantee.",
                "command": f"migrate policy on {run} --share 0.01",
            },
            {"text": "Review each week's log.", "command": f"migrate review {run}"},
        ]
    return [
        {"text": "Change nothing in production.", "command": ""},
        {"text": "Read in step 4, task by task, what is missing for a proof: more calls, or a better model.",
         "command": ""},
        {"text": "Collect more calls of the tasks marked “after tuning”, and run again.",
         "command": f"migrate run --run {run}"},
    ]  # fmt: skip
