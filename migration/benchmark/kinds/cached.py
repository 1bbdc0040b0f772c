"""The cache candidate: the same request again gets the answer that the LLM gave before.

The same request is, but for case and white space, the same messages of the same task. How long an answer stays true is
measured on the log's own repeats. Out of scope: where a cache is kept in production (`live`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from migration.benchmark.candidates import Candidate, chat, frame
from migration.benchmark.engine.cache import key_of
from migration.benchmark.scoring.forms import plain
from migration.schema import REPLAYED, Split
from migration.stats import wilson

AGES = (3600.0, 86_400.0, 604_800.0, 2_592_000.0, np.inf)
"""Upper bounds of the ages (seconds) whose repeats are counted apart: an hour, a day, a week, thirty days, more."""
MISS = "no_hit: not asked before"
AGE_NAMES = ("up to an hour", "up to a day", "up to a week", "up to thirty days", "longer")
COLUMNS = ("age_s", "repeats", "unanimity")
_PRIOR = 4.0
"""Repeats that the agreement of all ages weighs in the agreement of one."""


def request_key(task: str, messages: Any) -> str:
    """What makes two requests of a task the same."""
    turns = [(m["role"], " ".join(m["content"].casefold().split())) for m in chat(messages)]
    return key_of(task=task, turns=turns)


@dataclass(frozen=True)
class Known:
    """The answers that a request got: when (seconds since 1970, ascending) and what."""

    at: tuple[float, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Recall:
    """What was asked before, by `request_key`, and the chance that an answer still is true, by its age (len(AGES))."""

    known: dict[str, Known]
    agreement: tuple[float, ...]

    def look_up(self, key: str, at: float) -> dict[str, Any]:
        """The latest answer given before `at`, and its signals: confidence_raw, margin, age_s, repeats, unanimity."""
        before = self.known.get(key)
        n = int(np.searchsorted(before.at, at)) if before else 0
        if before is None or not n:
            return {"output": None, "error": MISS}
        said, age = before.said[n - 1], at - before.at[n - 1]
        same = sum(plain(each) == plain(said) for each in before.said[:n]) / n
        return {
            "output": said,
            "confidence_raw": self.agreement[_bucket(age)] * same,
            "margin": same,
            "age_s": age,
            "repeats": n,
            "unanimity": same,
        }


def learn_recall(calls: pd.DataFrame) -> Recall:
    """What the `train` calls of a log would have left in a cache, and how often their repeats got the same answer.

    calls: call_id, created_at, kind, task, messages, response, split.
    """
    groups = _requests(calls[calls["split"] == Split.TRAIN])
    known = {k: Known(tuple(at for at, _ in rows), tuple(said for _, said in rows)) for k, rows in groups.items()}
    same, pairs = _repeated(groups)
    of_all = (same.sum() + 1) / (pairs.sum() + 2)
    return Recall(known, tuple(((same + _PRIOR * of_all) / (pairs + _PRIOR)).tolist()))


def _requests(calls: pd.DataFrame) -> dict[str, list[tuple[float, str]]]:
    """By request: when it was answered and what was said, in the order of time."""
    own = calls[calls["kind"].isin(REPLAYED) & calls["task"].notna() & calls["response"].notna()]
    groups: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for key, at, said in zip(_keys(own), _seconds(own), own["response"], strict=True):
        groups[key].append((at, said))
    return {key: sorted(rows) for key, rows in groups.items()}


def _repeated(groups: dict[str, list[tuple[float, str]]]) -> tuple[np.ndarray, np.ndarray]:
    """Repeats that got the answer of the time before, and all repeats, by age: int (len(AGES),) each."""
    same, pairs = np.zeros(len(AGES), int), np.zeros(len(AGES), int)
    for rows in groups.values():
        for (first, before), (second, after) in pairwise(rows):
            pairs[_bucket(second - first)] += 1
            same[_bucket(second - first)] += plain(before) == plain(after)
    return same, pairs


def answer(candidate: Candidate, held: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, Recall]:
    """Answers to held-out calls (rows of `sampling.eligible`) from `train` calls before them: columns
    `candidates.COLUMNS` and `COLUMNS`, the output null and an error where a request was not asked before."""
    recall = learn_recall(calls)
    rows = [
        {"call_id": call, "candidate": candidate.name, "latency_ms": 0.1, "compute_ms": 0.1, "finish": "hit"}
        | recall.look_up(key, at)
        for call, key, at in zip(held["call_id"], _keys(held), _seconds(held), strict=True)
    ]
    own = pd.DataFrame(rows).reindex(columns=list(COLUMNS)).astype(float)
    return frame(rows).assign(**{name: own[name].to_numpy() for name in COLUMNS}), recall


def staleness(calls: pd.DataFrame) -> pd.DataFrame:
    """How often a request that came again got the same answer, by its age: age, repeats, agreement, low, high.

    calls: as in `learn_recall`, of all splits. Ages without a repeat are left out.
    """
    same, pairs = _repeated(_requests(calls))
    rows = [
        {"age": age, "repeats": int(n), "agreement": rate.value, "low": rate.low, "high": rate.high}
        for age, right, n in zip(AGE_NAMES, same, pairs, strict=True)
        if n and (rate := wilson(int(right), int(n)))
    ]
    return pd.DataFrame(rows, columns=["age", "repeats", "agreement", "low", "high"])


def _bucket(age: float) -> int:
    return int(np.searchsorted(AGES, age))


def _keys(calls: pd.DataFrame) -> Sequence[str]:
    return [request_key(str(task), messages) for task, messages in zip(calls["task"], calls["messages"], strict=True)]


def _seconds(calls: pd.DataFrame) -> list[float]:
    """When each call was made, seconds since 1970; without a time every train call came before every other."""
    if "created_at" not in calls:
        return (calls["split"] != Split.TRAIN).astype(float).tolist()
    times = pd.to_datetime(calls["created_at"], utc=True)
    return ((times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)).fillna(0.0).tolist()
