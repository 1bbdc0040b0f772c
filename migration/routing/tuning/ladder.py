"""The rungs of each task side by side: what every candidate's answer to a call was worth, sure of, and cost.

A cascade has one common threshold on calibrated confidence: the first rung that reaches it delivers. Lowering it
keeps more calls, so the thresholds of a cascade are nested. Which candidates a task's cascade has, and in which order,
is chosen on `fit` rows alone. Out of scope: tests of a threshold (`risk`), and the policy (`guarantee`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from migration.routing.tuning.proof import bounds
from migration.schema import CandidateKind

ORDER = {str(kind): place for place, kind in enumerate(CandidateKind)}
"""Rungs go from the cheapest kind to the dearest."""
OF_CALL = ["call_id", "task", "conversation", "part", "llm_cost", "llm_ms", "traffic"]
NEEDED = [*OF_CALL, "candidate", "confidence", "agrees", "slm_cost", "slm_ms"]
"""Columns of outcomes that a ladder holds."""
GRID = 40
"""Thresholds that are looked at to compare cascades on `fit`."""


@dataclass(frozen=True)
class Ladder:
    """n calls by up to K rungs. calls: frame (n) with call_id, task, conversation, weight, llm_cost, llm_ms, part;
    confidence: (n, K) calibrated, -1 where a rung is absent or must not be tried; right: bool (n, K); cost, ms:
    (n, K) USD and milliseconds of asking it."""

    calls: pd.DataFrame
    confidence: np.ndarray
    right: np.ndarray
    cost: np.ndarray
    ms: np.ndarray

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def conversations(self) -> np.ndarray:
        """The code 0..G-1 of each call's conversation (n,)."""
        return np.unique(self.calls["conversation"].to_numpy(str), return_inverse=True)[1]

    def of_tasks(self, tasks: Sequence[str]) -> Ladder:
        """The calls of these tasks alone."""
        own = self.calls["task"].isin(list(tasks)).to_numpy()
        parts = (self.confidence[own], self.right[own], self.cost[own], self.ms[own])
        return Ladder(self.calls[own].reset_index(drop=True), *parts)

    def rung_at(self, threshold: float) -> np.ndarray:
        """The rung that delivers each call at a threshold, (n,), K for the LLM."""
        reached = self.confidence >= threshold
        return np.where(reached.any(1), reached.argmax(1), self.confidence.shape[1])

    def lost_at(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(lost bool (n, m), kept bool (n, m), cost (n, m) USD) under each of m thresholds, any order."""
        rows, rungs = np.arange(len(self)), self.confidence.shape[1]
        paid = np.where(self.confidence >= 0, self.cost, 0.0).cumsum(1)
        lost, kept, cost = [], [], []
        for threshold in thresholds:
            rung = self.rung_at(threshold)
            here = np.minimum(rung, rungs - 1)
            keeps = rung < rungs
            lost.append(keeps & ~self.right[rows, here])
            kept.append(keeps)
            cost.append(paid[rows, here] + ~keeps * self.calls["llm_cost"].fillna(0.0).to_numpy())
        return np.array(lost).T, np.array(kept).T, np.array(cost).T

    def surest(self) -> tuple[np.ndarray, np.ndarray]:
        """(confidence (n,), wrong (n,) 0/1) of each call's surest rung."""
        best = self.confidence.argmax(1)
        rows = np.arange(len(self))
        return self.confidence[rows, best], (~self.right[rows, best]).astype(float)


def build(rows: pd.DataFrame, members: Mapping[str, tuple[str, ...]]) -> Ladder:
    """The ladder of the calls of `members`' tasks that every rung of their task has answered.

    rows: outcomes with `confidence` (calibrated; -1 where it must not be tried); members: task -> candidates in order,
    none for a task whose calls all go to the LLM. Each task's weights add up to its traffic.
    """
    rows = rows[NEEDED]
    width = max((len(names) for names in members.values()), default=0) or 1
    place = {(task, name): k for task, names in members.items() for k, name in enumerate(names)}
    rung = np.array([place.get(pair, -1) for pair in zip(rows["task"], rows["candidate"], strict=True)], int)
    rows = rows.assign(rung=rung)
    answered = (rows["rung"] >= 0).groupby(rows["call_id"]).transform("sum")
    rows = rows[answered == rows["task"].map({task: len(names) for task, names in members.items()})]
    calls = rows.drop_duplicates("call_id")[OF_CALL].reset_index(drop=True)
    calls["weight"] = calls["traffic"] / calls.groupby("task")["call_id"].transform("size")
    rows = rows[rows["rung"] >= 0]
    at = pd.Series(np.arange(len(calls)), calls["call_id"])
    here = at[rows["call_id"]].to_numpy(), rows["rung"].to_numpy()

    def wide(values: pd.Series, empty: float | bool) -> np.ndarray:
        table = np.full((len(calls), width), empty)
        table[here] = values.to_numpy()
        return table

    return Ladder(
        calls,
        wide(rows["confidence"], -1.0),
        wide(rows["agrees"], False),
        wide(rows["slm_cost"].fillna(0.0), 0.0),
        wide(rows["slm_ms"].fillna(0.0), 0.0),
    )


def choose_members(
    fit: pd.DataFrame, counts: Mapping[tuple[str, str], int], *, max_loss: float, max_kept_error: float, delta: float
) -> dict[str, tuple[str, ...]]:
    """Each task's cascade: the members, cheapest kind first, whose expected provable saving is the largest on `fit`.

    fit: outcomes with `confidence`; counts: (task, candidate) -> `choose` calls it has answered. Of each kind the
    candidate with the highest agreement may take part. A cascade of fewer rungs wins a tie.
    """
    chosen = {}
    for task, rows in fit[[*NEEDED, "candidate_kind"]].groupby("task"):
        rate = rows.groupby(["candidate_kind", "candidate"])["agrees"].agg(["mean", "size"]).reset_index()
        rate = rate[[counts.get((str(task), name), 0) > 0 for name in rate["candidate"]]]
        best = rate.sort_values(["mean", "size"]).drop_duplicates("candidate_kind", keep="last")
        place = dict(zip(best["candidate"], best["candidate_kind"].map(ORDER), strict=True))
        names = sorted(place, key=lambda name: place[name])
        options = [pick for size in range(1, len(names) + 1) for pick in combinations(names, size)]
        if not options:
            continue
        gains = [
            expected_saving(
                build(rows, {str(task): pick}),
                min(counts.get((str(task), name), 0) for name in pick),
                max_loss=max_loss,
                max_kept_error=max_kept_error,
                delta=delta,
            )
            for pick in options
        ]
        chosen[str(task)] = options[int(np.argmax(np.round(gains, 4)))]
    return chosen


def expected_saving(ladder: Ladder, n: int, *, max_loss: float, max_kept_error: float, delta: float) -> float:
    """The share of the LLM's cost that a test on n calls would likely prove to be spared; negative where none.

    A threshold counts where the losses seen, with half a loss added, are no more than an exact test on n calls allows.
    Where none does, how far the best one is from that, below 0.
    """
    if not len(ladder) or not n:
        return -1.0
    sure = ladder.confidence.max(1)
    if not (sure >= 0).any():
        return -1.0
    thresholds = np.unique(np.quantile(sure[sure >= 0], np.linspace(0, 1, GRID), method="lower"))[::-1]
    lost, kept, cost = ladder.lost_at(thresholds)
    weight = ladder.calls["weight"].to_numpy(float) / ladder.calls["weight"].sum()
    share, loss = weight @ kept, weight @ lost + 0.5 / len(ladder)
    error = loss / np.maximum(share, 1e-9)
    allowed = bounds.most_losses(n, max_loss, delta) / n
    trials = np.maximum(np.rint(share * n).astype(int), 1)
    allowed_kept = np.array([bounds.most_losses(int(t), max_kept_error, delta) / t for t in trials])
    before = float(weight @ ladder.calls["llm_cost"].fillna(0.0))
    saving = 1 - (weight @ cost) / before if before > 0 else share
    slack = np.minimum(allowed - loss, allowed_kept - error)
    able = slack >= 0
    return float(saving[able].max()) if able.any() else float(min(slack.max(), -1e-6))
