"""What a trial may ask within the minutes of its step: a warm-up on a few calls tells what one costs here.

All that the step does comes out of the minutes: candidates without a model are fitted and asked first, and time is
kept for choosing, comparing and drawing. The seconds that were left are kept in the run's cache, so that a step that
goes on after a stop asks the same calls again. Out of scope: how the minutes are shared (`sampling`), and asking
(`trial`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from migration.artifacts import Step
from migration.benchmark.candidates import Candidate
from migration.benchmark.engine import answer
from migration.benchmark.engine.cache import key_of
from migration.benchmark.sampling import Plan, draw_sample, fixed_plan, plan_sample
from migration.benchmark.trial import (
    CHOOSING_PART,
    answer_without_model,
    every_of,
    seconds,
    turn_of,
    with_examples,
)
from migration.files import read_json, write_json
from migration.schema import REPLAYED, Split
from migration.stats import calls_for_width

WARM_UP = 4
"""Calls of a task that tell what one costs; they are the first of the sample, so nothing is asked in vain."""
WARM_UP_PART = 0.15
"""Part of the minutes that warming up may take; tasks that do not fit are estimated from the others."""
AFTER_S = 20.0
"""Seconds that reading the log before, and scoring, comparing and drawing afterwards take."""
LEAST_PART = 0.25
"""Part of the minutes that the models get at the least."""
CHARACTERS, WRITTEN = 4.0, 10.0
"""Characters of a prompt's token, and the prompt tokens that take as long as one token of an answer."""


def plan_trial(
    candidates: Sequence[Candidate],
    calls: pd.DataFrame,
    step: Step,
    *,
    minutes: float,
    width: float = 0.10,
    per_task: int = 0,
) -> Plan:
    """Warm every language model up on a few calls of each task, cheapest first, and share the minutes by what was seen.

    calls: the calls table, with texts. minutes: of the whole step, counted from its start. per_task: so many calls of
    each task instead, whatever they take. A kept answer keeps its time too, so the same run folder gives the same plan
    again. Raises NotEnoughCalls.
    """
    models = [candidate for candidate in candidates if candidate.generates]
    if per_task or not models:
        return fixed_plan(calls, per_task or calls_for_width(width), width=width)
    first = draw_sample(calls, WARM_UP)
    for candidate in candidates:
        if not candidate.generates:
            answer_without_model(candidate, first, calls, step.cache)
    train = calls[(calls["split"] == Split.TRAIN) & calls["kind"].isin(REPLAYED)]
    part = WARM_UP_PART * minutes * 60 / len(models)
    warmed = [_warmed(model, first, train, step.cache / "answers.sqlite", part) for model in models]
    each = pd.concat([one.each for one in warmed], axis=1).sum(axis=1)
    left = _left(step, minutes, key_of(minutes=minutes, models=[model.name for model in models], calls=len(calls)))
    asked = left + sum(one.spent for one in warmed)  # the warm-up's answers are among those that are planned
    return plan_sample(calls, {str(task): s for task, s in each.items()}, minutes=round(asked / 60, 2), width=width)


def _left(step: Step, minutes: float, key: str) -> float:
    """Seconds of the step's minutes that are left for asking: looked at once a plan."""
    file = step.cache / "minutes.json"
    known = read_json(file) if file.exists() else {}
    if key not in known:
        spent = time.time() - step.started
        known[key] = max((1 - CHOOSING_PART) * 60 * minutes - AFTER_S - spent, LEAST_PART * 60 * minutes)
        write_json(file, known)
    return float(known[key])


@dataclass(frozen=True)
class _Warmed:
    """each: seconds of a call in the sample by task; spent: seconds of computing so far."""

    each: pd.Series
    spent: float


def _warmed(model: Candidate, first: pd.DataFrame, train: pd.DataFrame, cache: Path, most: float) -> _Warmed:
    """What a call of each task takes `model`: measured for as many tasks as `most` seconds allow, the shortest first,
    and in proportion to its tokens for the others.

    first: some calls of each task (`draw_sample`); train: the log's training calls.
    """
    every = every_of(model)
    asked = with_examples(model, first[turn_of(first) % every == 0], train)
    letters = asked["messages"].map(lambda turns: sum(len(turn["content"] or "") for turn in turns))
    size = (letters / CHARACTERS + WRITTEN * asked["max_tokens"]).groupby(asked["task"]).mean().sort_values()
    measured: dict[object, float] = {}
    spent, pace = 0.0, 0.0
    for task, tokens in size.items():
        own = asked[asked["task"] == task]
        if measured and spent + pace * tokens * len(own) > most:
            break
        took = seconds(answer(model, own, cache=cache))
        spent += float(took.sum())
        measured[task] = float(took.mean())
        pace = max(pace, measured[task] / tokens)
    return _Warmed(pd.Series({task: measured.get(task, pace * tokens) / every for task, tokens in size.items()}), spent)
