"""What the rungs below a small model leave to it: which tasks, and which of their training calls.

Distillation on the failures of the cheaper model (RouteNLP, arXiv 2604.23577): examples are spent where a classifier or
a cache cannot be trusted. Where it was measured it was no better than balanced examples (`tests/bench/failures.py`), so
notebook 03 follows doubt only when asked to.
Out of scope: the classifier itself (`benchmark.kinds`), and what is proved (`routing`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from migration.benchmark.kinds.by_task import training_calls
from migration.benchmark.kinds.classifier import FEWEST, fit_classifier
from migration.errors import BadInput, NotEnoughCalls
from migration.schema import CandidateKind, Part, Split, parts_of

BELOW = (CandidateKind.CACHE, CandidateKind.CLASSIFIER)
"""Kinds of candidates that are asked before a small model."""
TRUSTED = 0.10
"""Share of kept answers that may differ for them to count as kept: the default of step 04."""
MOST_DOUBTED = 1500
"""Training calls of a task whose doubt is looked at."""
HALVES = 2


def with_left(tasks: pd.DataFrame, trial: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """`tasks` with the column `left`: the share of a task's calls that no rung below can be trusted with.

    tasks: task. trial: scored answers of step 02 (call_id, candidate, candidate_kind, task, agrees, confidence_raw,
    split, error); calls: call_id, conversation_id. Looks at `fit` calls alone, on which nothing is proved, and keeps
    the most confident answers of a candidate as long as `TRUSTED` of them differ at most.
    """
    rows = trial[trial["candidate_kind"].isin(BELOW)]
    key = rows["call_id"].map(calls.set_index("call_id")["conversation_id"]).fillna(rows["call_id"])
    fit = rows[np.array(parts_of(key, rows["split"]), object) == Part.FIT]
    left: dict[object, float] = {}
    for (task, _), own in fit.groupby(["task", "candidate"]):
        sure = own["confidence_raw"].fillna(-1.0).to_numpy(float)
        left[task] = min(left.get(task, 1.0), 1 - kept_share(sure, own["agrees"].to_numpy(bool)))
    return tasks.assign(left=tasks["task"].map(left).fillna(1.0).astype(float))


def kept_share(confidence: np.ndarray, agrees: np.ndarray) -> float:
    """Share of answers that are kept from the most confident down while at most `TRUSTED` of them differ.

    confidence: (n,), negative where nothing was answered; agrees: bool (n,).
    """
    if not len(agrees):
        return 0.0
    right = agrees[np.argsort(-confidence, kind="stable")][: int((confidence >= 0).sum())]
    count = np.arange(1, len(right) + 1)
    return float(count[(count - right.cumsum()) <= TRUSTED * count].max(initial=0) / len(agrees))


def doubted(calls: pd.DataFrame, tasks: pd.DataFrame, trial: pd.DataFrame) -> pd.DataFrame:
    """`calls` with the column `doubt`, 0 to 1: how little a classifier that did not see a training call trusts itself
    with it; null where no classifier of step 02 answers the task.

    tasks: task, left (`with_left`); trial: candidate_kind, base, task, error. Each half of a task's training calls is
    answered by a classifier fitted on the other. A confident classifier that differs from the log rather found the
    log's mistake than its own (Northcutt et al. 2021), so that such a call is no better example for it.
    """
    learned = trial[(trial["candidate_kind"] == CandidateKind.CLASSIFIER) & trial["error"].isna()]
    doubt: dict[str, float] = {}
    for task in tasks.loc[tasks["left"] > 0, "task"]:
        encoder = learned.loc[learned["task"] == task, "base"].dropna()
        own = calls[(calls["task"] == task) & (calls["split"] == Split.TRAIN)]
        if len(encoder) and len(own) >= HALVES * FEWEST:
            doubt |= _of_task(own.head(MOST_DOUBTED), str(encoder.iloc[0]))
    return calls.assign(doubt=calls["call_id"].map(doubt).astype(float))


def _of_task(own: pd.DataFrame, encoder: str) -> dict[str, float]:
    rows = training_calls(own, str(own["task"].iloc[0]))
    half = np.random.default_rng(7).permutation(len(rows)) % HALVES
    doubt: dict[str, float] = {}
    for held in range(HALVES):
        known, asked = rows[half != held], rows[half == held]
        try:
            found = fit_classifier(known["messages"].tolist(), known["response"].tolist(), encoder=encoder)
        except (BadInput, NotEnoughCalls):  # no set of answers: nothing that a classifier could be trusted with
            return {}
        confidence = found.answer(asked["messages"].tolist())["confidence"]
        doubt |= dict(zip(asked["call_id"], 1 - confidence, strict=True))
    return doubt
