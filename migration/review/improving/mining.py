"""Hard examples for the next training: escalated, disagreeing, near the threshold, and unlike each other.

Out of scope: training itself (`finetune`), and whether the LLM's answer is right, which `labels` may say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from migration.audit.pii import mask, mask_messages
from migration.benchmark.labels import WORDS
from migration.errors import BadInput
from migration.routing.policy import Policy
from migration.routing.policy.score import text_of

NEAR = 0.05
"""Distance to the threshold within which a confidence counts as near."""


def hard_examples(decisions: pd.DataFrame, policy: Policy, most: int = 200) -> pd.DataFrame:
    """At most `most` calls worth training on, hardest first: the decisions' columns, `hard` (points) and `why`.

    decisions: of `read_decisions` with `loss`. Points: 2 for an answer that differs, 1 for an escalation, 1 for a
    confidence near the threshold. Calls of equal points are taken so that each differs from those before it: texts
    that repeat, numbers aside, count once, and tasks take turns.
    """
    known = decisions[decisions["reference"].notna() & decisions["task"].isin(policy.rungs)]
    first = {task: rungs[0].threshold if rungs else np.nan for task, rungs in policy.rungs.items()}
    threshold = known["task"].map(first).astype(float)
    confidence = known["first_confidence"].astype(float)
    why = pd.DataFrame(
        {
            "differs": known["loss"] == 1,
            "escalated": known["first"].notna() & ~known["kept"].astype(bool),
            "near the threshold": (confidence - threshold).abs() < NEAR,
        }
    )
    points = why.sum(axis=1) + why["differs"]
    hard = known.assign(hard=points, why=[", ".join(why.columns[row]) for row in why.to_numpy()])
    hard = hard[hard["hard"] > 0].copy()
    hard["text"] = hard["messages"].map(lambda messages: text_of(list(messages))) if len(hard) else ""
    key = hard["text"].astype(str).str.lower().str.replace(r"\d+|\W+", " ", regex=True).str.strip()
    hard = hard[~key.duplicated()].sort_values("hard", ascending=False, kind="stable")
    turn = hard.groupby(["hard", "task"]).cumcount()
    return hard.iloc[np.lexsort((turn, -hard["hard"].to_numpy()))].head(most).reset_index(drop=True)


def read_labels(path: Path) -> dict[str, str | bool]:
    """What a person said of answers: a CSV of call_id and `right` (yes or no), or `answer` (the right one).

    Raises BadInput naming what is missing, or the line whose `right` is neither.
    """
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise BadInput(f"labels {path} cannot be read: {error}") from error
    if "call_id" not in table or not {"right", "answer"} & set(table):
        raise BadInput(f"labels {path} needs the columns call_id and right (yes or no), or answer (the right one)")
    said: dict[str, str | bool] = {}
    for line, row in enumerate(table.to_dict("records"), 2):
        if isinstance(row.get("answer"), str) and row["answer"]:
            said[row["call_id"]] = row["answer"]
        elif isinstance(row.get("right"), str):
            word = row["right"].strip().lower()
            if word not in WORDS:
                raise BadInput(f"labels {path}, line {line}: right is {row['right'][:40]!r}; write yes or no")
            said[row["call_id"]] = WORDS[word]
    return said


def add_examples(former: Path, hard: pd.DataFrame, labels: Mapping[str, str | bool], target: Path) -> int:
    """Write `target`: the lines of the former train.jsonl, and the hard examples behind them. Returns how many.

    The LLM's answer is taught, or the answer that a person gave; where a person said that it is wrong (`right` no) the
    call is left out. Personal data is masked.
    """
    lines = former.read_text(encoding="utf-8").splitlines() if former.exists() else []
    added = 0
    for row in hard.to_dict("records"):
        label = labels.get(row["call_id"], True)
        if label is False:
            continue
        answer = label if isinstance(label, str) else mask([row["reference"]])[0]
        messages = mask_messages([dict(message) for message in row["messages"]], row["conversation_id"])
        lines.append(
            json.dumps({"messages": [*messages, {"role": "assistant", "content": answer}]}, ensure_ascii=False)
        )
        added += 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return added
