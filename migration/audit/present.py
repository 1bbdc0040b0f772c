"""What the audit's frames say, in one sentence each, and the few tables a stakeholder looks at.

Frames of `analytics`. Out of scope: how they were made. Every number in a sentence comes from a frame.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from migration import markup
from migration.audit.discovery.complexity import EXAMPLES, PROMPT_TOKENS
from migration.audit.month_scale import Span

ARTICLE_VISIBLE = 640 / 13_000
"""The article: $640 of $13,000 were the tokens of visible answers."""
HINTS = {"slm": "small model", "llm": "large model", "unclear": "unclear"}


def say_span(over: Span) -> Markdown:
    """The days covered, and whether a month's figures are measured or extrapolated."""
    sure = "" if over.days >= 14 else " **Less than two weeks: read the monthly figures as a rough extrapolation.**"
    return Markdown(
        f"{over.calls:,} calls from {over.first:%d %B %Y} to {over.last:%d %B %Y}, {over.days:.1f} days; "
        f"figures “a month” are the log's times {over.to_month:.2f} ({over.note}).{sure}"
    )


def say_hidden(hidden: pd.DataFrame) -> Markdown:
    """The share of the bill that users see, beside the article's.

    hidden: of `analytics.hidden_costs`.
    """
    seen = float(hidden.loc[hidden.kind == "chat", "share"].sum())
    unpriced = int(hidden.unpriced.sum())
    if hidden.cost_usd_month.isna().all():
        return Markdown(f"**The bill is unknown**: none of {unpriced:,} calls has a known price; pass a `prices` file.")
    note = f" {unpriced:,} calls have no known price and are not in it." if unpriced else ""
    return Markdown(
        f"The answers that users see are **{seen:.0%}** of a bill of **${hidden.cost_usd_month.sum():,.2f}** a month "
        f"(the article: {ARTICLE_VISIBLE:.0%}, the rest not itemised).{note}"
    )


def say_tasks(tasks: pd.DataFrame) -> Markdown:
    """How many tasks there are and which weigh most."""
    answered = tasks[tasks.answered > 0]
    top = answered.sort_values("answered", ascending=False).head(3)
    share = top.answered.sum() / max(1, answered.answered.sum())
    named = ", ".join(f"“{name}”" for name in top.name)
    return Markdown(
        f"{len(answered)} tasks were found; the {len(top)} largest ({named}) hold {share:.0%} of the answers."
    )


def say_pii(found: dict[str, int], texts: int) -> Markdown:
    """What kinds of personal data were found in how many texts."""
    if not found:
        return Markdown(f"No personal data of the patterns looked for was found in {texts:,} sampled calls.")
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(found.items(), key=lambda item: -item[1]))
    return Markdown(
        f"In {texts:,} sampled calls: {kinds}. They are masked in examples, training data and reports; "
        "patterns do not find every name."
    )


def show_recall(recall: pd.DataFrame) -> Styler:
    """What masking finds of made-up personal data, by kind. recall: of `pii.recall_by_kind`."""
    table = recall.assign(kind=recall.kind.str.lower().str.replace("_", " "))
    table["kind"] = table.kind.replace("none", "nothing personal: false alarms")
    table["95% interval"] = [f"{low:.0%} to {high:.0%}" for low, high in zip(table.low, table.high, strict=True)]
    table = table.rename(columns={"n": "texts", "recall": "share masked"}).drop(columns=["low", "high"])
    return markup.table(table, {"texts": "{:,}", "masked": "{:,}", "share masked": "{:.1%}"})


def say_recall(recall: pd.DataFrame) -> Markdown:
    """How far masking can be trusted, and where not.

    recall: of `pii.recall_by_kind`.
    """
    own = recall[recall.kind != "NONE"]
    worst = own.sort_values("recall", kind="stable").iloc[0]
    kind, all_texts, share = worst.kind.lower().replace("_", " "), int(own.n.sum()), own.masked.sum() / own.n.sum()
    return Markdown(
        f"Of {all_texts} texts with personal data, by people who had not seen the patterns, {share:.1%} are masked; "
        f"least of kind {kind} ({worst.recall:.1%}). No miss on them was read to change a pattern. Your log has forms "
        "of its own: look at what is left. Names are found only where they are introduced or sign."
    )


def say_movable(shares: pd.DataFrame) -> str:
    """The decision: what could move and what must be measured first.

    shares: of `analytics.movable`.
    """
    own = shares.set_index("route_hint")
    calls, cost, open_ = own.call_share["slm"], own.cost_share["slm"], own.call_share["unclear"]
    if own.calls["slm"] == 0:
        return "No task is a candidate for a small model yet: see the reasons in the tasks table before going on."
    paid = f", {cost:.0%} of their cost" if own.cost_usd.sum() else " (their cost is unknown)"
    unclear = f", {open_:.0%} are unclear" if open_ >= 0.005 else ""
    return (
        f"Benchmark small models on {own.tasks['slm']} tasks: {calls:.0%} of the calls{paid}, are "
        f"of types that the article moved{unclear}; nothing is decided before step 02 has measured them."
    )


def say_decision(shares: pd.DataFrame) -> Markdown:
    """The decision as the notebook's last word, with what to do next.

    shares: of `analytics.movable`.
    """
    return Markdown(f"**{say_movable(shares)}** Next: `02_candidate_benchmark`.")


def show_hidden(hidden: pd.DataFrame) -> Styler:
    """The hidden-cost table."""
    table = hidden.rename(
        columns={
            "kind": "kind of call",
            "calls_month": "calls a month",
            "tokens_month": "tokens a month",
            "cost_usd_month": "USD a month",
            "share": "share of bill",
            "unpriced": "calls without price",
        }
    )
    formats: Any = {
        "calls a month": "{:,.0f}",
        "tokens a month": "{:,.0f}",
        "USD a month": "${:,.2f}",
        "share of bill": "{:.1%}",
        "calls without price": "{:,}",
    }
    return markup.table(table, formats)


def show_tasks(tasks: pd.DataFrame, *, to_month: float) -> Styler:
    """One row a task: type, calls, cost, tokens, complexity, where it could go and why.

    tasks: of `analytics.tasks_table`.
    """
    table = pd.DataFrame(
        {
            "task": tasks.name,
            "type": tasks.task_type.str.replace("_", " "),
            "calls": tasks.calls,
            "USD a month": tasks.cost_usd * to_month,
            "prompt tokens (p95)": tasks.p95_prompt,
            "latency p50 (ms)": tasks.p50_ms,
            "complexity": tasks.complexity,
            "could go to": tasks.route_hint.map(HINTS),
            "because": tasks.route_reason,
        }
    )
    formats: Any = {
        "calls": "{:,}",
        "USD a month": "${:,.2f}",
        "prompt tokens (p95)": "{:,.0f}",
        "latency p50 (ms)": "{:,.0f}",
        "complexity": "{:.2f}",
    }
    return markup.table(table, formats)


def show_evidence(evidence: pd.DataFrame) -> Styler:
    """Why each task has its type: shares in percent, tokens as medians.

    evidence: of `Discovery.evidence`, a row a task.
    """
    shares = [
        "distinct_answers",
        "closed_fields",
        "copied",
        "numeric",
        "yes_no",
        "polarity",
        "json",
        "code",
        "tool_use",
        "shared_phrases",
        "from_input",
        "worked_out",
    ]
    tokens = ["user_tokens", "answer_tokens", "turns"]
    table = evidence[["name", "task_type", "n", *shares, *tokens]]
    formats: Any = dict.fromkeys(shares, "{:.0%}") | dict.fromkeys(["n", *tokens[:2]], "{:,.0f}") | {"turns": "{:.1f}"}
    words = {c: c.replace("_", " ") for c in table.columns}
    return markup.table(table.rename(columns=words), {words[k]: v for k, v in formats.items()})


def show_use_cases(cases: pd.DataFrame) -> Styler:
    """The article's use-case table with this log's calls and cost behind each row.

    cases: of `use_cases`.
    """
    rule = f"rule of thumb: {EXAMPLES} examples, prompts within {PROMPT_TOKENS:,} tokens"
    table = cases.assign(article=cases.article.map({"slm": "SLM", "llm": "LLM", "unclear": "hybrid"}))
    table = table.rename(columns={"article": "the article says", "cost_usd": "USD in this log"})
    return markup.table(table, {"calls": "{:,}", "USD in this log": "${:,.2f}"}).set_caption(rule)
