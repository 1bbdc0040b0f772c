"""The bill of a month: as the log shows it, and as it would be with some calls on the small model.

Knows: the log as days x lines (a line is a kind, a task and a model), and every part of the bill before and after.
Refuses to know: how a log becomes a month (`month`), the future (`projection`) and queues (`capacity`).

Every part is an array over worlds, so that one code path gives the point estimate (one world) and the Monte Carlo.
The bill before is the bill after with every call on the LLM and nothing bought: the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from migration.costs.month import MONTH_HOURS, Scale, month_scale
from migration.costs.scenarios import Card, Running, SlmApi
from migration.errors import BadInput

MOVABLE = ("chat", "scoring", "retry")
"""The kinds that a policy can move. A retry is an answer too: where the task moves, the SLM gives it."""

PARTS = {
    "llm_answers": "LLM answers",
    "escalations": "LLM, after the SLM was unsure",
    "scoring": "LLM scoring calls",
    "embedding": "embeddings",
    "retries": "retries",
    "errors": "failed calls",
    "slm": "SLM: cards or API",
    "monitoring": "quality checks by the LLM",
    "fine_tuning": "monthly fine-tuning",
    "engineering": "engineer time",
    "wrong_answers": "wrong answers",
    "one_off": "one-off: migration and first tuning",
}
"""Each part of a month's bill, and what people call it."""


def ask_for_prices(calls: pd.DataFrame) -> None:
    """Raises BadInput naming every model without a price and the lines to write: an unknown price is never zero."""
    unknown = calls[
        calls["cost_usd"].isna() & (calls["prompt_tokens"].fillna(0) + calls["completion_tokens"].fillna(0) > 0)
    ]
    if unknown.empty:
        return
    models = unknown["model"].fillna("unknown").value_counts()
    asked = ", ".join(f"{model} ({n:,} calls)" for model, n in models.items())
    lines = ", ".join(f"{model}: {{input: ?, output: ?}}" for model in models.index)
    raise BadInput(
        f"no price is known for {asked}: write your price in USD per million tokens to a YAML file, "
        f"`models: {{{lines}}}`, and give it as the parameter `prices`"
    )


@dataclass(frozen=True)
class Month:
    """A month's calls by line, in W worlds. Arrays (W, L): calls, prompt and completion tokens, USD before."""

    lines: pd.DataFrame
    calls: np.ndarray
    prompt: np.ndarray
    completion: np.ndarray
    usd: np.ndarray


@dataclass(frozen=True)
class Traffic:
    """The log as days x lines. `lines` (L rows): kind, task, model and the log's sums; `sums` (4, D, L).

    `each`: a row a call with created_at, line (row of `lines`), prompt_tokens, completion_tokens.
    """

    lines: pd.DataFrame
    days: pd.DataFrame
    sums: np.ndarray
    scale: Scale
    each: pd.DataFrame

    def month(self, weights: np.ndarray | None = None) -> Month:
        """A month; `weights` (W, D) counts each day of the log so many times (all 1 where absent)."""
        weights = np.ones((1, len(self.days))) if weights is None else weights
        return Month(self.lines, *(self.scale.factor * weights @ part for part in self.sums))

    def bill(self) -> pd.DataFrame:
        """The log's own bill and the month's, a row a line: nothing is summed away."""
        columns = ["kind", "task", "model", "calls", "prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd"]
        return self.lines[columns].assign(cost_usd_month=self.lines["cost_usd"] * self.scale.factor)


def read_traffic(calls: pd.DataFrame, *, log_share: float = 1.0) -> Traffic:
    """Group a calls table by day and line. Raises BadInput for unknown prices, NotEnoughCalls without a time span."""
    ask_for_prices(calls)
    scale, days = month_scale(calls["created_at"])
    scale = scale.sampled(log_share)
    known = pd.DataFrame(
        {
            "kind": calls["kind"],
            "task": calls["task"].fillna("unknown"),
            "model": calls["model"].fillna("unknown"),
            "day": calls["created_at"].dt.floor("D"),
            "calls": 1,
            "prompt_tokens": calls["prompt_tokens"].fillna(0),
            "cached_tokens": calls["cached_tokens"].fillna(0) if "cached_tokens" in calls else 0,
            "completion_tokens": calls["completion_tokens"].fillna(0),
            "cost_usd": calls["cost_usd"].fillna(0.0),
        }
    )
    keys = ["kind", "task", "model"]
    lines = known.groupby(keys, as_index=False).sum(numeric_only=True)
    line_of = pd.MultiIndex.from_frame(lines[keys]).get_indexer(pd.MultiIndex.from_frame(known[keys]))
    day_of = pd.Index(days["day"]).get_indexer(pd.Index(known["day"]))
    sums = np.zeros((4, len(days), len(lines)))
    for part, column in zip(sums, ["calls", "prompt_tokens", "completion_tokens", "cost_usd"], strict=True):
        np.add.at(part, (day_of, line_of), known[column].to_numpy(float))
    each = known[["prompt_tokens", "completion_tokens"]].assign(created_at=calls["created_at"], line=line_of)
    return Traffic(lines, days, sums, scale, each)


def count_routes(decisions: pd.DataFrame, *, enough: int = 30) -> pd.DataFrame:
    """Of each task's decided calls, how many went which way: index task, columns n, slm, escalated, llm.

    escalated: the SLM answered, was unsure, and the LLM was paid as well. A call that a limit, a pin or the score
    before the call sent to the LLM costs nothing on the SLM. A task with `enough` calls on 04's test part is counted
    there alone: thresholds were chosen on the others.
    """
    if "part" in decisions:
        test = decisions["part"].eq("test")
        held = test.groupby(decisions["task"]).transform("sum")
        decisions = decisions[test | (held < enough)]
    slm = decisions["model"].eq("slm")
    asked = (
        decisions["tried_slm"].astype(bool)
        if "tried_slm" in decisions
        else decisions["reason"].fillna("").str.contains("is below")
    )
    ways = pd.DataFrame(
        {"task": decisions["task"], "n": 1, "slm": slm, "escalated": ~slm & asked, "llm": ~slm & ~asked}
    )
    return ways.groupby("task").sum().astype(int)


def shares(routes: pd.DataFrame) -> pd.DataFrame:
    """`count_routes` as shares of each task's calls: index task, columns slm, escalated, llm."""
    return routes[["slm", "escalated", "llm"]].div(routes["n"], axis=0)


def on_lines(lines: pd.DataFrame, by_task: np.ndarray, tasks: pd.Index) -> np.ndarray:
    """Shares of tasks (W, T, 3) laid onto lines (W, L, 3); what no policy speaks of stays on the LLM.

    Retries and failed calls take their task's shares: what moves meets no rate limit of the provider.
    """
    at = tasks.get_indexer(pd.Index(lines["task"]))
    laid = np.zeros((len(by_task), len(lines), 3))
    laid[:, :, 2] = 1.0
    moves = (at >= 0) & lines["kind"].ne("embedding").to_numpy()
    laid[:, moves] = by_task[:, at[moves]]
    return laid


def use(month: Month, laid: np.ndarray) -> dict[str, np.ndarray]:
    """What a month uses, each (W,), when its lines go by `laid` (W, L, 3): USD of the LLM's parts, and SLM tokens.

    `shadow`: USD that asking the LLM again for every SLM answer would cost.
    """
    kind = month.lines["kind"].to_numpy()
    slm, escalated, llm = (laid[:, :, i] for i in range(3))
    movable = np.isin(kind, MOVABLE)
    asks_slm = np.where(movable, slm + escalated, 0.0)

    def usd(which: np.ndarray, share: np.ndarray) -> np.ndarray:
        return (month.usd * share)[:, which].sum(axis=1)

    return {
        "llm_answers": usd(kind == "chat", llm),
        "escalations": usd(kind == "chat", escalated),
        "scoring": usd(kind == "scoring", llm + escalated),
        "embedding": usd(kind == "embedding", llm),
        "retries": usd(kind == "retry", llm + escalated),
        "errors": usd(kind == "error", llm + escalated),
        "shadow": usd(movable, slm),
        "movable_calls": month.calls[:, movable].sum(axis=1),
        "answered_calls": (month.calls * np.where(movable, slm, 0)).sum(axis=1),
        "slm_calls": (month.calls * asks_slm).sum(axis=1),
        "slm_prompt": (month.prompt * asks_slm).sum(axis=1),
        "slm_completion": (month.completion * asks_slm).sum(axis=1),
    }


LLM_PARTS = ("llm_answers", "escalations", "scoring", "embedding", "retries", "errors")


@dataclass(frozen=True)
class Terms:
    """What a month after costs besides the LLM's calls: one card, one API, and the running costs."""

    card: Card
    api: SlmApi
    running: Running
    engineer_hours_month: float
    engineer_usd_hour: float
    wrong_answer_usd: float
    target_s: float
    redundancy: int


def slm_usd(hosting: str, cards: Any, busy_s: Any, used: dict[str, Any], terms: Terms, api_price: Any = 1.0) -> Any:
    """USD a month of running the SLM: `cards` bought or rented for all the month, or its tokens through an API.

    busy_s: seconds a month that the cards compute; the rest of the time they are idle and paid for.
    """
    if hosting == "api":
        tokens = (
            used["slm_prompt"] * terms.api.prompt_usd_per_m + used["slm_completion"] * terms.api.completion_usd_per_m
        )
        return tokens / 1e6 * api_price
    if hosting == "rented":
        return cards * terms.card.rent_usd_hour * MONTH_HOURS
    fixed = terms.card.price_usd / terms.running.amortise_months + terms.running.hosting_usd_month
    busy_h = np.minimum(busy_s / 3600, cards * MONTH_HOURS)
    kwh = (cards * MONTH_HOURS * terms.card.idle_watts + busy_h * (terms.card.watts - terms.card.idle_watts)) / 1000
    return cards * fixed + kwh * terms.running.power_usd_kwh


def extra_parts(used: dict[str, Any], quality: Any, terms: Terms, hours: Any) -> dict[str, Any]:
    """Monthly parts that exist only because calls moved; all zero where none did.

    quality: share of movable calls whose answer is as good as the LLM's was.
    """
    moved = used["slm_calls"] > 0
    return {
        "monitoring": used["shadow"] * terms.running.judged_share,
        "fine_tuning": moved * terms.running.retrains_month * terms.running.retrain_usd,
        "engineering": moved * hours * terms.engineer_usd_hour,
        "wrong_answers": moved * used["movable_calls"] * (1 - quality) * terms.wrong_answer_usd,
    }


def one_off_usd(moved: Any, terms: Terms, people: Any = 1.0) -> Any:
    """Spent once: the first fine-tuning in any case, the migration where calls move; `people` stretches its hours."""
    return terms.running.retrain_usd + moved * people * terms.running.migration_hours * terms.engineer_usd_hour
