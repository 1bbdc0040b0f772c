"""Which held-out calls base and tuned answer: where a guarantee is nearest, within the minutes.

The first answers are of `fit` calls, which nothing is proved on: they say which tasks could be proved and what that
takes. `choose` calls then go to those tasks, the most traffic an answer first, with `test` calls beside them to report
on. Out of scope: whether tuning helped (`proof`), and thresholds (`routing.tuning`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from migration.artifacts import Step
from migration.benchmark import Candidate
from migration.benchmark.sampling import eligible
from migration.benchmark.scoring.scorers import score
from migration.benchmark.trial import ask
from migration.errors import NotEnoughCalls
from migration.files import read_json, write_json
from migration.schema import REPLAYED, Part, parts_of
from migration.stats import wilson

if TYPE_CHECKING:
    from migration.benchmark.candidates import Progress

FIRST_LOOK = 24
"""`fit` calls of each trained task that are answered before anything is planned."""
LEAST_TEST = 12
"""`test` calls of each trained task that both answer whatever the time, so that there is something to report."""
KEPT_TO_PROVE = 250
"""Kept calls at which "at most 10% differ" is proved where 5% do, at the level that a few groups leave each other."""
HOPELESS = 0.20
"""A task whose agreement is surely below this is not asked any more: no threshold would be proved."""
TEST_PART = 0.4
"""`test` calls for each `choose` call: they report, they do not prove."""
MOST_HELD_OUT = 900
"""Calls of a task after which more say little."""
ROUND = 40
"""Calls of a task in one round of answers, between two looks at the clock."""
TUNED_PART = 0.75
"""Part of the minutes for the tuned model's answers, which step 04 proves on; the base needs fewer."""
AFTER_S = 45.0
"""Seconds that the copies' comparison, the card and the figures take after the held-out calls."""
LEAST_PART = 0.1
"""Part of a step's minutes that answering gets at the least."""
BASE_TEST_CALLS = 60
"""`test` calls of a trained task that base and tuned should both have answered."""


def minutes_to_answer(step: Step, minutes: float) -> float:
    """What is left of the `minutes` of `step`, less what comparing copies and drawing take; `LEAST_PART` at least."""
    spent = time.time() - step.started + AFTER_S
    return max(minutes - spent / 60, LEAST_PART * minutes)


def answer_held_out(
    base: Candidate, tuned: Candidate, calls: pd.DataFrame, earlier: pd.DataFrame, trained: Sequence[str], *,
    minutes: float, cache: Path, progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Scored answers of base and tuned to calls outside `train`: PREDICTIONS columns, with split and weight.

    calls: of calls.parquet; earlier: predictions of 02. The tuned model answers as this module's head says, then 02's
    calls of other tasks (what was forgotten). The base's answers are 02's, with more of the trained tasks' `test` calls
    where it had few. A finished choice is kept beside the answers, so a rerun asks the same calls. Weights of a
    candidate's task add up to its replayed calls.
    """
    plan = Path(str(tuned.adapter)).parent / "held_out.json"
    known = earlier[earlier["candidate"] == base.name]
    rows = eligible(calls)
    if plan.exists():
        chosen = read_json(plan)
    else:
        chosen = _choose(base, tuned, rows, calls, known, trained, minutes=minutes, cache=cache, progress=progress)
        write_json(plan, chosen)
    by_id = rows.set_index("call_id", drop=False)
    parts = [
        ask([candidate], by_id.loc[chosen[who]].assign(weight=1.0), calls, cache=cache)
        for candidate, who in ((tuned, "tuned"), (base, "base"))
        if len(chosen[who])
    ]
    fresh = score(pd.concat(parts, ignore_index=True), rows.assign(weight=1.0))
    answers = pd.concat([known, fresh], ignore_index=True)
    traffic = calls[calls["kind"].isin(REPLAYED)].groupby("task").size()
    size = answers.groupby(["candidate", "task"])["call_id"].transform("size")
    conversation = answers["call_id"].map(calls.set_index("call_id")["conversation_id"]).fillna(answers["call_id"])
    return answers.assign(weight=answers["task"].map(traffic).astype(float) / size, conversation_id=conversation)


def _choose(
    base: Candidate, tuned: Candidate, rows: pd.DataFrame, calls: pd.DataFrame, known: pd.DataFrame,
    trained: Sequence[str], *, minutes: float, cache: Path, progress: Progress | None,
) -> dict[str, list[str]]:  # fmt: skip
    """call_ids that the tuned model is asked, and those that the base is asked beside 02's, within the minutes."""
    held = rows[rows["task"].isin(list(trained))]
    if held.empty:
        raise NotEnoughCalls("a comparison of base and tuned", 0, 10)
    queues = _queues(held)
    started = time.monotonic()
    budget = TUNED_PART * 60 * minutes
    look_at = [call for task in trained for call in _take(queues, task, Part.FIT, FIRST_LOOK)]
    asked = look_at + [call for task in trained for call in _take(queues, task, Part.TEST, LEAST_TEST)]
    look = score(ask([tuned], rows[rows["call_id"].isin(asked)].assign(weight=1.0), calls, cache=cache), rows)
    each = (time.monotonic() - started) / max(len(asked), 1)
    logged = calls[calls["kind"].isin(REPLAYED)].groupby("task").size()
    traffic = {str(task): float(n) for task, n in logged.items()}
    look = look[look["call_id"].isin(look_at)]
    agreed = {str(t): (int(a.sum()), len(a)) for t, a in look.groupby("task")["agrees"]}
    wanted = proof_calls(agreed, traffic, int(max(0.0, budget / max(each, 1e-6) - len(asked))))
    for task, part, n in _rounds(wanted):
        if time.monotonic() - started > budget:
            break
        more = _take(queues, task, part, n)
        if more:
            ask([tuned], rows[rows["call_id"].isin(more)].assign(weight=1.0), calls, cache=cache)
            asked += more
    spent = time.monotonic() - started
    if progress:
        progress(f"{tuned.name}: {len(asked)} held-out calls answered in {spent:.0f} s")
    return _beside(held, known, trained, asked, max(0.0, 60 * minutes - spent))


def _queues(held: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """(task, part) -> its calls in the benchmark's order, so that 02's sample comes first."""
    key = held["conversation_id"].fillna(held["call_id"])
    return {
        (str(task), str(name)): list(own["call_id"])
        for (task, name), own in held.assign(part=parts_of(key, held["split"])).groupby(["task", "part"])
    }


def _take(queues: dict[tuple[str, str], list[str]], task: str, part: str, n: int) -> list[str]:
    queue = queues.get((task, str(part)), [])
    taken, queue[:] = queue[:n], queue[n:]
    return taken


def proof_calls(agreed: Mapping[str, tuple[int, int]], traffic: Mapping[str, float], room: int) -> dict[str, int]:
    """How many `choose` calls each task is asked, in the order in which they are asked.

    agreed: task -> (answers that agree, answers) on `fit` calls; traffic: task -> logged calls; room: answers that fit
    into the time, `fit` and `test` calls included. A task that agrees on p of its calls keeps about 2p - 1 of them at a
    low error, so it needs KEPT_TO_PROVE over that. Tasks with the most kept traffic an answer come first and get what
    they need; hopeless ones get none, and what is left over is shared evenly by the others.
    """
    needs, gain = {}, {}
    for task, (right, n) in agreed.items():
        if n and wilson(right, n).high >= HOPELESS:
            share = float(np.clip(2 * right / n - 1, 0.15, 1.0))
            needs[task] = math.ceil(KEPT_TO_PROVE / share)
            gain[task] = share * float(traffic.get(task, 0)) / needs[task]
    left, plan = room / (1 + TEST_PART), {}
    for task in sorted(needs, key=lambda t: -gain[t]):
        plan[task] = int(min(needs[task], MOST_HELD_OUT, left))
        left -= plan[task]
    spare = int(left / len(plan)) if plan else 0
    return {task: min(n + spare, MOST_HELD_OUT) for task, n in plan.items() if n + spare > 0}


def _rounds(wanted: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """(task, part, calls) in the order of asking: rounds of `choose` calls with their `test` and `fit` calls."""
    found = []
    for task, n in wanted.items():
        for _ in range(-(-n // ROUND)):
            found += [(task, Part.CHOOSE, ROUND), (task, Part.TEST, round(ROUND * TEST_PART))]
        found.append((task, Part.FIT, max(0, n // 4 - FIRST_LOOK)))
    return [(task, str(part), n) for task, part, n in found if n]


def _beside(
    held: pd.DataFrame, known: pd.DataFrame, trained: Sequence[str], asked: list[str], left: float
) -> dict[str, list[str]]:
    """What else is asked in the `left` seconds: more `test` calls of the base, and other tasks of the tuned model."""
    cost = known.groupby("task")["compute_ms"].sum() / 1e3
    more: list[str] = []
    asked = list(asked)
    test = held[(held["split"] == "test") & held["call_id"].isin(asked) & ~held["call_id"].isin(known["call_id"])]
    for task in trained:
        own = known[known["task"] == task]
        seen = own[own["split"] == "test"]
        each = float(own["compute_ms"].mean() / 1e3) if task in cost else 1.0
        n = min(max(BASE_TEST_CALLS - len(seen), 0), int(left / len(trained) / max(each, 1e-6)) + LEAST_TEST)
        more += list(test.loc[test["task"] == task, "call_id"].head(n))
        left -= n * each / 2
    for task in cost.sort_values().index:  # the cheapest other tasks, for what was forgotten
        if task not in trained and cost[task] < left / 2:
            asked += list(known.loc[known["task"] == task, "call_id"])
            left -= cost[task]
    return {"tuned": asked, "base": more}
