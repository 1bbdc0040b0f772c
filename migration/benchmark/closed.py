"""Choosing among the known answers instead of writing one, where a task's answers are a closed set.

Covers: which sets are closed, and how choosing compares with writing on the same calls. Out of scope: how the
likelihood of an answer is computed (`engine`). Served, it is a constrained choice (vLLM's `structured_outputs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from migration.benchmark.candidates import Candidate
from migration.benchmark.engine import answer
from migration.benchmark.scoring.scorers import score
from migration.benchmark.trial import CHOOSING_PART, asked_of
from migration.schema import REPLAYED
from migration.stats import holm, paired_difference

MOST_ANSWERS, MOST_NEW = 64, 0.02
"""A set is closed up to so many answers, if the next call brings a new one at most this often."""
FIRST_CALLS, MOST_CALLS = 5, 50
"""Calls of a task that are asked: the first ones tell what one costs here, the most tell twenty points."""
FRAME = (
    *("task", "answers", "n", "written", "chosen", "difference", "low", "high", "p_value"),
    *("written_ms", "chosen_ms", "better"),
)
CHOOSE, WRITE, EITHER = "choosing", "writing", "cannot tell"


def closed_sets(calls: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Task -> the answers that it chooses among, sorted: those of its `train` calls, where they are a closed set.

    The chance that the next answer is a new one is estimated by the share of answers seen once (Good 1953).
    """
    known = calls[(calls["split"] == "train") & calls["kind"].isin(REPLAYED) & calls["response"].notna()]
    sets = {}
    for task, answers in known.groupby("task")["response"]:
        counts = answers.value_counts()
        if 1 < len(counts) <= MOST_ANSWERS and (counts == 1).sum() / len(answers) <= MOST_NEW:
            sets[str(task)] = tuple(sorted(map(str, counts.index)))
    return sets


@dataclass(frozen=True)
class Choices:
    """Choosing against writing, paired on the same calls.

    answers: call_id, closed_output, closed_agrees, closed_margin (probability of the chosen answer among all, less
    the next one's). frame: task, answers (in the set), n, written, chosen (agreement), difference, low, high, p_value
    (exact McNemar, corrected by Holm), written_ms, chosen_ms (computing time a call), better.
    """

    candidate: str
    answers: pd.DataFrame
    frame: pd.DataFrame

    def onto(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """`predictions` with the columns `closed_*`, null where nothing was chosen."""
        return predictions.merge(self.answers.assign(candidate=self.candidate), "left", ["call_id", "candidate"])

    def table(self, names: Mapping[str, str]) -> pd.DataFrame:
        """One line a task, as people read it."""
        rows = self.frame
        return pd.DataFrame(
            {
                "task": [names.get(task, task) for task in rows["task"]],
                "known answers": rows["answers"],
                "calls": rows["n"],
                "agrees, writing": rows["written"].map("{:.0%}".format),
                "agrees, choosing": rows["chosen"].map("{:.0%}".format),
                "seconds, writing": (rows["written_ms"] / 1e3).map("{:.2f}".format),
                "seconds, choosing": (rows["chosen_ms"] / 1e3).map("{:.2f}".format),
                "better": rows["better"],
            }
        )

    def __str__(self) -> str:
        if self.frame.empty:
            return f"No task has a closed set of answers that {self.candidate} could choose among in this process."
        rows = self.frame
        counts = rows["better"].value_counts()
        told = " and ".join(f"better {word} on {counts[word]}" for word in (CHOOSE, WRITE) if word in counts)
        times = rows["chosen_ms"] / rows["written_ms"]
        span = f"{times.min():.1f} to {times.max():.1f}" if len(rows) > 1 else f"{times.min():.1f}"
        return (
            f"Tasks with a closed set of answers: {len(rows)}. {self.candidate} is {told or 'no better either way'} "
            f"(McNemar's test on the same calls, Holm's correction at 5%): {_mean(rows, 'written'):.0%} of these calls "
            f"agree when it writes, {_mean(rows, 'chosen'):.0%} when it chooses, in {span} times the computing."
        )


def _mean(rows: pd.DataFrame, column: str) -> float:
    return float(np.average(rows[column], weights=rows["n"]))


def choices(
    candidate: Candidate,
    predictions: pd.DataFrame,
    sample: pd.DataFrame,
    calls: pd.DataFrame,
    *,
    minutes: float,
    cache: Path,
) -> Choices:
    """Let `candidate` choose where answers are closed, on the first calls of each such task in `sample`.

    predictions: scored answers that it wrote to the same calls. minutes: the benchmark's, of which choosing takes
    `CHOOSING_PART` at most, shared equally by the tasks. An endpoint is not asked: it gives no likelihood of an answer
    that it did not write.
    """
    sets = {} if candidate.remote or not candidate.generates else closed_sets(calls)
    own = predictions[predictions["candidate"] == candidate.name].set_index("call_id")
    reached = sample["call_id"].isin(own.index)  # the minutes may end before the last call is answered
    groups = dict(list(sample[sample["task"].isin(sets) & reached].groupby("task", sort=False)))
    if not groups:
        return Choices(candidate.name, _kept(predictions.iloc[:0]), pd.DataFrame(columns=list(FRAME)))
    answers = []
    for group in groups.values():
        requests = asked_of(group).assign(labels=group["task"].map(sets))
        share = 60 * CHOOSING_PART * minutes / len(groups)
        answers.append(_within(share, candidate, requests, cache / "answers.sqlite"))
    chosen = score(pd.concat(answers, ignore_index=True), sample)
    written = own.loc[chosen["call_id"]]
    rows = [
        {"task": task, "answers": len(sets[str(task)]), **_against(written.loc[group["call_id"]], group)}
        for task, group in chosen.groupby("task", sort=False)
    ]
    return Choices(candidate.name, _kept(chosen), _decided(pd.DataFrame(rows)))


def _within(seconds: float, candidate: Candidate, requests: pd.DataFrame, cache: Path) -> pd.DataFrame:
    """Answers to the first requests, as many as these seconds allow by what the first ones cost."""
    first = answer(candidate, requests.head(FIRST_CALLS), cache=cache)
    each = float(first["compute_ms"].mean()) / 1e3
    count = int(np.clip(seconds / each, FIRST_CALLS, MOST_CALLS)) if each > 0 else FIRST_CALLS
    return answer(candidate, requests.head(count), cache=cache)


def _against(written: pd.DataFrame, chosen: pd.DataFrame) -> dict[str, float]:
    """Choosing against writing on the same calls, in one order."""
    found = paired_difference(written["agrees"].to_numpy(bool), chosen["agrees"].to_numpy(bool))
    return {
        "n": found.n,
        "written": float(written["agrees"].mean()),
        "chosen": float(chosen["agrees"].mean()),
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "written_ms": float(written["compute_ms"].mean()),
        "chosen_ms": float(chosen["compute_ms"].mean()),
    }


def _decided(frame: pd.DataFrame) -> pd.DataFrame:
    frame["p_value"] = holm(frame["p_value"].to_numpy())
    clear, more = frame["p_value"] < 0.05, frame["difference"] > 0
    return frame.assign(better=np.where(clear & more, CHOOSE, np.where(clear, WRITE, EITHER)))


def _kept(chosen: pd.DataFrame) -> pd.DataFrame:
    names = {"output": "closed_output", "agrees": "closed_agrees", "margin": "closed_margin"}
    return chosen[["call_id", *names]].rename(columns=names).astype({"closed_agrees": "boolean"})
