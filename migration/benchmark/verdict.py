"""What a task's agreement allows to do with it, and the sentence that this rests on.

A verdict asks one question: is the agreement with the reference lower than 1 - margin? The reference agrees with
itself by definition, so this is non-inferiority of the candidate against the logged LLM, read off the interval.
Knows: intervals, the margin, what could be tuned. Refuses to know: how answers were scored and averaged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from migration.schema import SPLIT_SHARES
from migration.stats import Rate, calls_for_width, calls_to_decide, non_inferior

MOVE, TUNE, KEEP = "move now", "move after fine-tuning", "keep on the LLM"
UNKNOWN = "cannot tell yet"
TUNING_EXAMPLES, TUNING_TOKENS = 50, 4000
"""From so many logged examples, and up to so long a prompt, tuning a small model is worth a try (the article)."""
OPEN_ENDED = ("reasoning", "creative", "code")


def commonest(values: pd.Series) -> str:
    counts = values.dropna().value_counts()
    return str(counts.index[0]) if len(counts) else "LLM"


def rate_of(row: Mapping[Any, Any]) -> Rate:
    return Rate(float(row["agreement"]), float(row["low"]), float(row["high"]), int(row["n"]))


@dataclass(frozen=True)
class Prospect:
    """Whether tuning on the log could help a task, the clause that says why, and the logged calls still lacking."""

    tunable: bool
    because: str
    lacking: int = 0


def prospect(scored: pd.DataFrame, replayed: pd.DataFrame, task: str) -> Prospect:
    """What tuning could do for a task (or `ALL`): its examples in `train`, the length of its prompts, its answers."""
    own = replayed[replayed["task"] == task] if task != "ALL" else replayed
    part = scored[scored["task"] == task] if task != "ALL" else scored
    examples = int(((own["split"] == "train") & own["response"].notna()).sum())
    typical, kind = float(own["prompt_tokens"].median()), commonest(own["task_type"])
    if typical > TUNING_TOKENS:
        long = f"half of its prompts are longer than {typical:,.0f} tokens, past the {TUNING_TOKENS:,} of a small model"
        return Prospect(False, long)
    if kind in OPEN_ENDED and part["scorer"].isin(["text", "summary", "code"]).mean() > 0.5:
        return Prospect(False, f"its answers are open-ended ({kind})")
    if examples < TUNING_EXAMPLES:
        lacking = math.ceil((TUNING_EXAMPLES - examples) / SPLIT_SHARES[0])
        few = f"{examples} logged calls to learn from are too few, {TUNING_EXAMPLES} are the least"
        return Prospect(False, f"{few}: log {lacking} more", lacking)
    form = f"it is {kind} in running text"
    if part["scorer"].isin(["label", "fields", "fields_set", "spans", "spans_set"]).mean() > 0.5:
        form = f"its answers keep a fixed form ({own['response'].nunique():,} different ones)"
    return Prospect(True, f"{form} and {examples:,} logged calls are there to learn from")


def verdict(rate: Rate, margin: float, tuning: Prospect) -> tuple[str, str]:
    """The verdict on a task for one candidate, and the sentence that it rests on."""
    floor = 1 - margin
    seen = f"agreement {rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}, n={rate.n})"
    answer = non_inferior(rate, margin)
    if answer:
        return MOVE, f"{seen}: the whole interval is above {floor:.0%}."
    if answer is None:
        needed = calls_to_decide(rate.value, floor) or calls_for_width(margin, share=rate.value)
        more = max(1, needed - rate.n)
        because = f"{seen}: the interval holds {floor:.0%}; {more:,} more calls at this rate would decide."
        return f"{UNKNOWN}: needs {more:,} more", because
    word = TUNE if tuning.tunable else f"{UNKNOWN}: needs {tuning.lacking:,} more" if tuning.lacking else KEEP
    return word, f"{seen}: the whole interval is below {floor:.0%}; {tuning.because}."


def verdicts(
    board: pd.DataFrame,
    prospects: Mapping[str, Prospect],
    replayed: pd.DataFrame,
    margin: float,
    names: Mapping[str, str],
    left_out: Mapping[str, str],
) -> pd.DataFrame:
    """One verdict a task of the log, on its best candidate; tasks that were not asked are told so."""
    rows = []
    for task, group in replayed.groupby("task"):
        told = names.get(str(task), str(task))
        row = {"task": task, "name": told, "calls": len(group), "share": len(group) / len(replayed)}
        tried = board[board["task"] == task]
        if tried.empty:
            need = calls_to_decide(1.0, 1 - margin) or 0
            why = left_out.get(str(task), "none of its calls is in the sample")
            sentence = f"not asked, {why}; {need} calls would decide at best."
            rows.append(
                row | {"candidate": "", "n": 0, "verdict": f"{UNKNOWN}: needs {need} more", "sentence": sentence}
            )
            continue
        best = tried.sort_values(["agreement", "score"], ascending=False).iloc[0].to_dict()
        said, sentence = verdict(rate_of(best), margin, prospects[str(task)])
        kept = {key: best[key] for key in ("candidate", "n", "agreement", "low", "high")}
        failed = f" It could not answer {best['errors']:.0%} of them." if best["errors"] else ""
        rows.append(row | kept | {"verdict": said, "sentence": f"{best['candidate']}: {sentence}{failed}"})
    columns = ["task", "name", "calls", "share", "candidate", "n", "agreement", "low", "high", "verdict", "sentence"]
    return pd.DataFrame(rows).reindex(columns=columns).sort_values("calls", ascending=False, ignore_index=True)
