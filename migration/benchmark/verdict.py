"""What a task's agreement allows to do with it, and the sentence that this rests on.

A verdict asks one question: does the agreement with the reference reach a floor, the LLM's agreement with itself less
the margin? That is non-inferiority of the candidate against the logged LLM, corrected for all candidates and tasks.
Out of scope: how answers were scored and averaged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from migration.schema import SPLIT_SHARES, Verdict
from migration.stats import Rate, calls_at_best, calls_for_width, calls_to_decide

TUNING_EXAMPLES, TUNING_TOKENS = 50, 4000
"""From so many logged examples, and up to so long a prompt, tuning a small model is worth a try (the article)."""
ALPHA = 0.05
"""Chance that any of the candidates and tasks compared is reported to reach the line without doing so."""
DOUBT = ("freedom", "clusters", "conversations")
"""Columns of a scoreboard row that say how far its calls are independent (`stats.Rate`)."""
OPEN_ENDED = ("reasoning", "creative", "code")


def commonest(values: pd.Series) -> str:
    """The commonest value, "LLM" where none is known.

    values: of any kind, nulls left out.
    """
    counts = values.dropna().value_counts()
    return str(counts.index[0]) if len(counts) else "LLM"


def rate_of(row: Mapping[Any, Any]) -> Rate:
    """The agreement of a scoreboard row as a rate.

    row: agreement, low, high, n, and those of DOUBT, which boards of earlier versions lack.
    """
    doubt = (np.inf if pd.isna(row.get(column)) else float(row[column]) for column in DOUBT)
    return Rate(float(row["agreement"]), float(row["low"]), float(row["high"]), int(row["n"]), *doubt)


def columns_of(rate: Rate) -> dict[str, float | int]:
    """The columns of a scoreboard row from which `rate_of` makes the rate again."""
    return {
        "n": rate.n, "agreement": rate.value, "low": rate.low, "high": rate.high,
        **{column: getattr(rate, column) for column in DOUBT},
    }  # fmt: skip


@dataclass(frozen=True)
class Prospect:
    """Whether tuning on the log could help a task, the clause that says why, and the logged calls still lacking."""

    tunable: bool
    because: str
    lacking: int = 0


def prospect(scored: pd.DataFrame, replayed: pd.DataFrame, task: str) -> Prospect:
    """What tuning could do for a task (or `ALL`): its examples in `train`, the length of its prompts, its answers.

    scored: of `score`: task, scorer; replayed: the log's replayed calls: task, split, response, prompt_tokens,
    task_type.
    """
    own = replayed[replayed["task"] == task] if task != "ALL" else replayed
    part = scored[scored["task"] == task] if task != "ALL" else scored
    examples = int(((own["split"] == "train") & own["response"].notna()).sum())
    typical, kind = float(own["prompt_tokens"].median()), commonest(own["task_type"])
    if typical > TUNING_TOKENS:
        long = f"half of its prompts are longer than {typical:,.0f} tokens, past the {TUNING_TOKENS:,} of a small model"
        return Prospect(False, long)
    if kind in OPEN_ENDED and part["scorer"].isin(["text", "summary", "code"]).mean() > 0.5:
        return Prospect(False, f"its answers are open-ended ({kind})")
    if kind in OPEN_ENDED and (part["scorer"] == "tool_call").mean() > 0.5:
        return Prospect(False, "its answers call tools: step 03 tunes for it where its `tasks` names it")
    if examples < TUNING_EXAMPLES:
        lacking = math.ceil((TUNING_EXAMPLES - examples) / SPLIT_SHARES[0])
        few = f"{examples} logged calls to learn from are too few, {TUNING_EXAMPLES} are the least"
        return Prospect(False, f"{few}: log {lacking} more", lacking)
    form = f"it is {kind} in running text"
    if part["scorer"].isin(["label", "fields", "fields_set", "spans", "spans_set"]).mean() > 0.5:
        form = f"its answers keep a fixed form ({own['response'].nunique():,} different ones)"
    return Prospect(True, f"{form} and {examples:,} logged calls are there to learn from")


@dataclass(frozen=True)
class Judgement:
    """A verdict on a task, the calls that are still lacking (0 where none would help), and the sentence it rests on."""

    verdict: Verdict
    sentence: str
    more_calls: int = 0


def verdict(row: Mapping[Any, Any], tuning: Prospect) -> Judgement:
    """The verdict on a task for one candidate.

    row: of the board, with its floor, p_reaches and p_short (one-sided p-values of missing and reaching it, corrected
    for the `questions` asked together), the interval of its own, and `provable` (share of its calls whose scorer can
    say that two answers mean the same).
    """
    rate, questions, floor = rate_of(row), int(row["questions"]), float(row["floor"])
    seen = f"agreement {rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}, n={rate.n})"
    corrected = f", corrected for {questions} questions" if questions > 1 else ""
    if row.get("provable", 1.0) < 0.5:
        return Judgement(Verdict.SHOWN_ONLY, f"{seen}: running text, which needs a judge or human labels to be judged.")
    if row["p_reaches"] <= ALPHA:
        return Judgement(Verdict.MOVE, f"{seen}: surely above {floor:.0%} (p={row['p_reaches']:.2g}{corrected}).")
    if row["p_short"] <= ALPHA:
        word = Verdict.TUNE if tuning.tunable else Verdict.UNKNOWN if tuning.lacking else Verdict.KEEP
        because = f"{seen}: surely below {floor:.0%} (p={row['p_short']:.2g}{corrected}); {tuning.because}."
        return Judgement(word, because, 0 if tuning.tunable else tuning.lacking)
    more = calls_to_decide(rate, floor, questions=questions) or calls_for_width(1 - floor, share=rate.value)
    because = f"{seen}: not surely on either side of {floor:.0%}{corrected}; {more:,} more calls would decide"
    return Judgement(Verdict.UNKNOWN, f"{because} in four of five cases.", more)


def verdicts(
    board: pd.DataFrame,
    prospects: Mapping[str, Prospect],
    replayed: pd.DataFrame,
    names: Mapping[str, str],
    left_out: Mapping[str, str],
) -> pd.DataFrame:
    """One verdict a task of the log, on its best candidate (by the lower end of its interval, so that few calls do not
    win by luck); tasks that were not asked are named as such.

    board: scoreboard rows of the candidates; replayed: the log's replayed calls, with task. Returns task, name, calls,
    share, candidate, n, agreement, low, high, verdict, more_calls, sentence; the busiest task first.
    """
    rows = []
    for task, group in replayed.groupby("task"):
        told = names.get(str(task), str(task))
        row = {"task": task, "name": told, "calls": len(group), "share": len(group) / len(replayed)}
        tried = board[board["task"] == task]
        if tried.empty:
            need = calls_at_best(float(board["floor"].max()), questions=max(1, int((board["task"] != "ALL").sum())))
            why = left_out.get(str(task), "none of its calls is in the sample")
            said = Judgement(Verdict.UNKNOWN, f"not asked, {why}; {need} calls would decide at best.", need)
            rows.append(row | {"candidate": "", "n": 0} | _told(said))
            continue
        best = tried.sort_values(["low", "agreement", "score"], ascending=False).iloc[0].to_dict()
        said = verdict(best, prospects[str(task)])
        kept = {key: best[key] for key in ("candidate", "n", "agreement", "low", "high")}
        failed = f" It could not answer {best['errors']:.0%} of them." if best["errors"] else ""
        rows.append(row | kept | _told(said) | {"sentence": f"{best['candidate']}: {said.sentence}{failed}"})
    columns = ["task", "name", "calls", "share", "candidate", "n", "agreement", "low", "high", "verdict", "more_calls"]
    frame = pd.DataFrame(rows).reindex(columns=[*columns, "sentence"])
    return frame.sort_values("calls", ascending=False, ignore_index=True)


def _told(said: Judgement) -> dict[str, object]:
    return {"verdict": str(said.verdict), "more_calls": said.more_calls, "sentence": said.sentence}
