"""What the answers of a task are balanced over: their form, and a label of each.

Out of scope: which calls are chosen (`examples`)."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd

from migration.benchmark.scoring.forms import parse, plain


def form(response: str) -> str:
    """How an answer is built: `dict`, `list` (as `scoring.parse` reads them) or `text`."""
    parsed = parse(response)
    return type(parsed).__name__ if isinstance(parsed, dict | list) else "text"


def usual_form(responses: pd.Series) -> np.ndarray:
    """bool (n,): answers in the form that at least 90% of the task's answers have; all where none has that many.

    responses: str (n,), the answers of one task.
    """
    if responses.empty:
        return np.zeros(0, bool)
    forms = responses.map(form)
    commonest = forms.mode().iloc[0]
    usual = (forms == commonest).to_numpy()
    return usual if usual.mean() >= 0.9 else np.ones(len(forms), bool)


def labels(responses: pd.Series) -> list[str]:
    """What answers are balanced over: the label of each, "" for all where answers are free text.

    Fields whose values repeat make up the label of a structured answer; where none do (extraction), the names of
    the fields that it fills. responses: str (n,), the answers of one task.
    """
    shapes = [response.lstrip()[:1] in ("{", "[") for response in responses]
    if any(shapes) and not all(shapes):  # two prompt versions, two forms: each is learned apart
        found = [""] * len(shapes)
        for shape in (True, False):
            part = [at for at, is_json in enumerate(shapes) if is_json is shape]
            for at, each in zip(part, labels(responses.iloc[part]), strict=True):
                found[at] = f"{'json' if shape else 'text'} {each}"
        return found
    parsed = [parse(response) for response in responses]
    fields = [
        _flat(value) if isinstance(value, dict | list) else {"": plain(r)}
        for value, r in zip(parsed, responses, strict=True)
    ]
    counts: dict[str, Counter[str]] = {}
    for row in fields:
        for name, value in row.items():
            counts.setdefault(name, Counter())[value] += 1
    n = len(fields)
    closed = {
        name
        for name, values in counts.items()
        if sum(c for c in values.values() if c > 1) >= 0.8 * values.total() and len(values) <= max(3, 0.3 * n)
    }
    if not closed and set(counts) <= {""}:
        return [""] * n
    everywhere = {name for name, values in counts.items() if values.total() >= 0.9 * n}
    if closed & everywhere:
        return [
            "|".join(f"{name}={row[name]}" for name in sorted(closed & everywhere) if name in row) for row in fields
        ]
    return ["|".join(sorted(row)) for row in fields]


def _flat(value: dict[str, object] | list[object]) -> dict[str, str]:
    if isinstance(value, list):
        return {"": json.dumps(value, sort_keys=True)}
    return {str(key): plain(inner) if isinstance(inner, str) else json.dumps(inner) for key, inner in value.items()}
