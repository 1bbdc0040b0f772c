"""Figures of the summaries as a reader sees them: label, unit and format of each. Nothing is guessed from a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from migration.schema import STEPS

AUDIT, BENCHMARK, TUNE, ROUTE, COST, REHEARSAL, *_ = STEPS
Summaries = dict[str, dict[str, Any]]


def usd(value: float) -> str:
    """US dollars: whole from 100 on, cents below; less than a cent is said to be so."""
    size = abs(value)
    if 0 < size < 0.01:
        return "less than $0.01"
    return f"${value:,.0f}" if size >= 100 else f"${value:,.2f}"


def share(value: float) -> str:
    """A fraction as a percentage."""
    return f"{value:.1%}"


def count(value: float) -> str:
    """A count of things."""
    return f"{value:,.0f}"


def cents(value: float) -> str:
    """US cents of small amounts, from an amount in US dollars."""
    return f"{100 * value:.2g} cents"


@dataclass(frozen=True)
class Field:
    """A figure of a summary: its name there, what it is to a reader, and how it is written."""

    name: str
    label: str
    form: Callable[[Any], str] = str
    missing: str = "unknown"

    def fact(self, summary: dict[str, object]) -> dict[str, str]:
        """Label and value as the page shows them."""
        value = summary.get(self.name)
        return {"label": self.label, "value": self.missing if value is None else self.form(value)}


HEADLINES = {
    AUDIT: (
        Field("calls", "calls in the log", count),
        Field("tasks", "tasks", count),
        Field("bad_lines", "lines that could not be read", count),
        Field("cost_usd_month", "bill a month today", usd),
        Field("movable_share", "calls that look movable", share),
    ),
    BENCHMARK: (
        Field("best_candidate", "small model to build on"),
        Field("best_agreement", "its agreement with the LLM, untrained", share),
        Field("n", "calls compared", count),
    ),
    TUNE: (
        Field("base_agreement", "agreement before tuning", share),
        Field("tuned_agreement", "agreement after tuning", share),
        Field("test_calls", "test calls", count),
        Field("train_examples", "training examples", count),
        Field("train_seconds", "seconds of training", count),
    ),
    ROUTE: (
        Field("slm_share", "test calls that small models keep", share),
        Field("quality_retained", "answers as good as the LLM's", share),
        Field("max_loss", "answers that may differ, at most", share),
        Field("test_calls", "test calls", count),
    ),
    COST: (
        Field("plan", "plan that pays best"),
        Field("before_usd_month", "bill a month today", usd),
        Field("after_usd_month", "bill a month after, as expected", usd),
        Field("saving_probability", "chance that it saves money", share),
        Field("breakeven_month", "break-even month", count, "never"),
    ),
    REHEARSAL: (
        Field("conversations", "conversations rehearsed", count),
        Field("slm_share", "their calls that small models keep", share),
        Field("loss", "answers that differ", share),
        Field("llm_usd_conversation", "cost of a conversation, LLM alone", cents),
        Field("hybrid_usd_conversation", "cost of a conversation, hybrid", cents),
    ),
}
FIGURES = {
    AUDIT: "2_cost_by_task",
    BENCHMARK: "2_verdicts",
    TUNE: "2_before_after",
    ROUTE: "2_curve",
    COST: "4_alternatives",
    REHEARSAL: "conversations",
}
"""The figure of each step that the page shows; where a step has none of that name, its first one."""

GLOSSARY = {
    "agreement": "the share of answers that do the same as the LLM's logged answer to the same request",
    "cache, classifier": "answers kept from before; a program that picks a known answer or finds it in the prompt",
    "call": "one request to a model and its answer",
    "calibration calls": "held-out calls on which thresholds were tested; nothing was trained on them",
    "cascade": "a small model answers first; the LLM is asked where that answer is not trusted enough",
    "guarantee": "what was tested on calibration calls, with a stated confidence, for traffic like them",
    "interval": "where the true value lies, 95 times in 100, given how few calls were seen",
    "ladder": "all cheaper ways to answer a task, tried one after the other before the LLM",
    "LLM, SLM": "the large language model that answers today; a small language model that you run yourself",
    "n": "the number of calls that a figure rests on",
    "p10, p50, p90": "one in ten simulations is lower, half are, nine in ten are",
    "small models": "here: whatever answers below the LLM, be it a cache, a classifier or a small language model",
    "task": "calls that share a prompt, such as sorting messages; found in the log",
    "the article": "the published account of such a migration, whose method and figures are checked against this log",
    "tuning": "training a small model on some of the log's own answers",
}
