"""How often the LLM agrees with itself: requests that a log holds twice, scored as a candidate would be.

Out of scope: when two answers agree (`scorers`)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from migration.benchmark.scoring.options import asked_texts
from migration.benchmark.scoring.scorers import score
from migration.schema import REPLAYED
from migration.stats import Rate, weighted_rate


def repeats(calls: pd.DataFrame) -> pd.DataFrame:
    """How often the LLM agrees with itself: requests that the log holds twice, scored as a candidate would be.

    One pair a distinct request (its first two answers). Columns: call_id and conversation (of the second), task,
    task_type, reference (the first answer), output, score, agrees, scorer, agrees_when, provable; no row where nothing
    was asked twice. Where the LLM itself often differs, no candidate can agree more often than that. calls: the calls
    table with messages and response.
    """
    asked = calls[calls["kind"].isin(REPLAYED) & calls["task"].notna() & calls["response"].notna()]
    texts = asked_texts(asked["messages"])
    place = asked.groupby([asked["task"], texts]).cumcount()
    first = asked[place == 0].assign(text=texts).set_index(["task", "text"])["response"]
    if not (place == 1).any():
        columns = ["call_id", "task", "task_type", "reference", "output", "score", "agrees", "scorer", "agrees_when"]
        return pd.DataFrame(columns=[*columns, "provable", "conversation"])
    second = asked[place == 1].assign(text=texts)
    reference = first.reindex(pd.MultiIndex.from_frame(second[["task", "text"]])).to_numpy()
    pairs = second[["call_id", "task", "task_type"]].assign(
        candidate="the LLM again", output=second["response"], reference=reference, error=None
    )
    scored = score(pairs)
    whose = second.set_index("call_id")["conversation_id"]
    return scored.assign(conversation=whose.reindex(scored["call_id"]).to_numpy())


def ceilings(pairs: pd.DataFrame, *, fewest: int = 30) -> dict[str, Rate]:
    """How often the LLM agrees with itself on each task, of `repeats`, where `fewest` requests of it stand twice.

    Of answers that can be judged alone: two texts in other words may say the same. One task says nothing of another.
    pairs: task, agrees, provable, conversation, of `repeats`.
    """
    judged = pairs[pairs["provable"].astype(bool)]
    return {str(task): _rate(own) for task, own in judged.groupby("task") if len(own) >= fewest}


def _rate(pairs: pd.DataFrame) -> Rate:
    """Pairs of one conversation resemble each other."""
    return weighted_rate(pairs["agrees"].to_numpy(bool), cluster=pairs["conversation"])


def repeats_sentence(pairs: pd.DataFrame, names: Mapping[str, str] | None = None) -> str:
    """What the repeats say of the reference, in a sentence or two.

    pairs: of `repeats`; names: task -> the name people know.
    """
    judged = pairs[pairs["provable"].astype(bool)]
    if judged.empty:
        return "No request with an answer of fixed form stands twice: how often the LLM agrees with itself is unknown."
    rate = _rate(judged)
    told = f"Where the log holds a request with an answer of fixed form twice, the LLM's two answers agree on {rate}."
    tasks = sorted(ceilings(judged).items(), key=lambda item: item[1].value)
    by_task = "; ".join(f"{(names or {}).get(task, task)}: {own}" for task, own in tasks)
    return told + (f" Expect no more of a candidate: {by_task}." if by_task else "")
