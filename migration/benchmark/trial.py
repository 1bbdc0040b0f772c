"""Candidates on trial: which can be had, how fast each is here, and their answers to one and the same sample.

Knows: the minutes, the plan they make, and where answers are kept. Refuses to know: how an answer is computed
(`local`, `endpoint`) and what it is worth (`scoring`, `compare`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from migration.artifacts import read_json, write_json
from migration.audit.prices import price_table
from migration.benchmark.candidates import Candidate, Progress, bounded, with_shots
from migration.benchmark.engine import answer
from migration.benchmark.sampling import Plan, draw_sample, eligible, fixed_plan, plan_sample
from migration.errors import BadInput
from migration.models import ModelNotFound, find, notice
from migration.schema import REPLAYED

WARM_UP = 6
"""Calls of a task that tell what one costs; they are the first of the sample, so nothing is asked in vain."""
WARM_UP_PART = 0.15
"""Part of the minutes after which no further task is warmed up; the rest are estimated from their tokens."""


def available(specs: Sequence[str], *, shots: int = 0) -> tuple[list[Candidate], list[str]]:
    """The candidates among `specs` that can be had, and a line for each that cannot.

    With `shots`, the first one is tried a second time with that many worked examples in its prompt. Raises BadInput
    where none can be had.
    """
    had, missing = [], []
    for spec in dict.fromkeys([specs] if isinstance(specs, str) else specs):
        candidate = Candidate(name=spec.rpartition("#")[2] if "#" in spec else spec, source=spec)
        try:
            if not candidate.remote:
                find(spec)
        except ModelNotFound as error:
            missing.append(str(error))
        else:
            had.append(candidate)
    if not had:
        raise BadInput("no candidate can be had: " + "; ".join(missing))
    if shots:
        had.insert(1, replace(had[0], name=f"{had[0].name} +{shots} examples", shots=shots))
    return had, missing


def notices(candidates: Sequence[Candidate]) -> str:
    """What a report of these candidates must say at its top, equal words said once."""
    said: dict[str, list[str]] = {}
    for candidate in candidates:
        if (words := notice(candidate.source)) and not candidate.shots:
            said.setdefault(words, []).append(candidate.name)
    return "; ".join(f"{', '.join(names)}: {words}" for words, names in said.items())


def ask(
    candidates: Sequence[Candidate],
    sample: pd.DataFrame,
    calls: pd.DataFrame,
    *,
    cache: Path,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Every candidate's answers to every call of `sample`, one below the other; kept ones are not computed again.

    calls: the log, whose `train` split gives the worked examples of candidates with shots. Columns: those of an
    answer (`candidates.COLUMNS`), one row a candidate and call.
    """
    requests = asked_of(sample)
    train = calls[(calls["split"] == "train") & calls["kind"].isin(REPLAYED)]
    answers = []
    for candidate in candidates:
        asked = with_shots(requests, train, candidate.shots) if candidate.shots else requests
        answers.append(answer(candidate, asked, cache=cache / "answers.sqlite", progress=progress))
    return pd.concat(answers, ignore_index=True)


def asked_of(sample: pd.DataFrame) -> pd.DataFrame:
    """What is asked for each call of `sample`: call_id, messages, task, max_tokens, reference, tools (JSON or null)."""
    return sample[["call_id", "messages", "task"]].assign(
        max_tokens=[bounded(int(n)) for n in sample["completion_tokens"]],
        reference=sample["response"],
        tools=sample.get("tools"),
    )


def plan_trial(
    candidates: Sequence[Candidate],
    calls: pd.DataFrame,
    *,
    minutes: float,
    cache: Path,
    width: float = 0.10,
    per_task: int = 0,
    splits: Sequence[str] = ("calibration", "test"),
    progress: Progress | None = None,
) -> Plan:
    """Warm every candidate up on a few calls of each task, cheapest first, and share the minutes by what was seen.

    per_task: so many calls of each task instead, whatever they take. A kept answer keeps its time too, so the same
    run folder gives the same plan again. Raises NotEnoughCalls.
    """
    if per_task:
        return fixed_plan(calls, per_task, width=width, splits=splits)
    first = draw_sample(calls, WARM_UP, splits=splits)
    sizes = eligible(calls, splits).groupby("task")[["prompt_tokens", "completion_tokens"]].mean()
    order = (sizes["prompt_tokens"] + 10 * sizes["completion_tokens"]).sort_values().index
    part = WARM_UP_PART * minutes * 60 / len(candidates)
    seen: list[pd.DataFrame] = []
    for candidate in candidates:  # one after the other: a model is loaded once, not once a task
        spent = 0.0
        for task in order:
            if spent > part:
                break
            seen.append(ask([candidate], first[first["task"] == task], calls, cache=cache).assign(task=task))
            spent += float(_seconds(seen[-1]).sum())
    answers = pd.concat(seen, ignore_index=True)
    if progress:
        tasks, took = answers["task"].nunique(), _seconds(answers).sum()
        progress(f"warm-up: {len(answers)} answers to {tasks} of {len(order)} tasks, {took:.0f} s of computing")
    seconds = dict.fromkeys(map(str, order), 0.0)
    for _, rows in answers.groupby("candidate"):
        measured = _seconds(rows).groupby(rows["task"]).mean()
        for task in order:
            seconds[str(task)] += float(measured[task] if task in measured else _estimate(rows, sizes.loc[task]))
    return plan_sample(calls, seconds, minutes=minutes, width=width, splits=splits)


def _seconds(answers: pd.DataFrame) -> pd.Series:
    """What each answer took of the trial's time; answers that failed at once took none."""
    return answers["compute_ms"].fillna(0.0) / 1e3


def _estimate(rows: pd.DataFrame, size: pd.Series) -> float:
    """Seconds of a call of `size` tokens for the one candidate of `rows`: the line of its latencies, one call at a
    time, less what batches save at the least (the smallest saving of the tasks that were warmed up)."""
    rows = rows.dropna(subset=["latency_ms"])
    if rows.empty:
        return 0.0
    tokens = np.column_stack([np.ones(len(rows)), rows["prompt_tokens"], rows["completion_tokens"]]).astype(float)
    line: Any = np.linalg.lstsq(tokens, rows["latency_ms"].to_numpy(float), rcond=None)[0]
    times = rows.groupby("task")[["compute_ms", "latency_ms"]].sum()
    part = float((times["compute_ms"] / times["latency_ms"]).max())
    alone = np.maximum(line, 0) @ [1, size["prompt_tokens"], bounded(int(size["completion_tokens"]))]
    return float(alone) * min(1.0, part) / 1e3


def facts(candidates: Sequence[Candidate], *, cache: Path) -> dict[str, dict[str, Any]]:
    """What is known of each candidate besides its answers, by name; looked up once a run folder.

    In-process ones: parameters, memory_mb (weights), peak_mb (measured on top of them while they answered), context
    (tokens), device. Endpoints: input_usd_m, output_usd_m (list price, USD per million tokens) where the model has one.
    """
    from migration.benchmark.engine.local import describe, peak_memory

    file = cache / "facts.json"
    known = read_json(file) if file.exists() else {}
    for candidate in candidates:
        key = f"{candidate.source}|{candidate.adapter}|{candidate.quantize}"
        if key not in known:
            known[key] = _price(candidate.source.rpartition("#")[2]) if candidate.remote else describe(candidate)
            write_json(file, known)
    found = {c.name: dict(known[f"{c.source}|{c.adapter}|{c.quantize}"]) for c in candidates}
    for candidate in candidates:
        if not candidate.remote and (peak := peak_memory(candidate, cache / "answers.sqlite")) is not None:
            found[candidate.name]["peak_mb"] = peak
    return found


def _price(model: str) -> dict[str, Any]:
    price = price_table([model]).iloc[0]
    return {} if pd.isna(price["input_usd_m"]) else {key: float(price[key]) for key in ("input_usd_m", "output_usd_m")}
