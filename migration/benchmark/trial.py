"""Candidates on trial: which can be had, how fast each is here, and their answers.

Language models answer one and the same sample, within the minutes; a classifier and a cache, which cost next to
nothing, answer the held-out calls of every task that they can answer. Out of scope: how an answer is computed
(`engine`, `kinds`) and what it is worth (`scoring`, `compare`).
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
from migration.benchmark.candidates import ROOM as MORE
from migration.benchmark.candidates import SLACK, Candidate, Progress, frame, model_name
from migration.benchmark.engine import answer
from migration.benchmark.kinds import by_task, cached
from migration.benchmark.sampling import Plan, draw_sample, eligible, fixed_plan, plan_sample
from migration.benchmark.shots import with_shots
from migration.errors import BadInput
from migration.models import ModelNotFound, find, notice
from migration.models.embedding import ENCODER
from migration.schema import REPLAYED, CandidateKind, Split
from migration.stats import calls_for_width

WARM_UP = 6
"""Calls of a task that tell what one costs; they are the first of the sample, so nothing is asked in vain."""
WARM_UP_PART = 0.15
"""Part of the minutes after which no further task is warmed up; the rest are estimated from their tokens."""
CHOOSING_PART = 0.15
"""Part of the minutes that is kept for choosing among known answers (`closed`)."""
ROUND = 10
"""Calls of each task that are asked before the clock is looked at again."""
MOST_HELD = 4000
"""Held-out calls of a task that a classifier and a cache answer."""
NOT_ASKED = "no_answers: the task has no set of answers to choose from"


def available(
    specs: Sequence[str], *, shots: int = 0, encoder: str = ENCODER, prices: str | Path = ""
) -> tuple[list[Candidate], list[str]]:
    """The candidates among `specs` that can be had, and a line for each that cannot.

    `classifier` and `cache` name those kinds; encoder: what the classifier reads with. An endpoint whose model has a
    price (in the file `prices`, else in the public list) is an API, another one a small model that somebody serves.
    With `shots`, the first language model is tried twice more with that many worked examples in its prompt: the most
    similar ones, and random ones. Raises BadInput where none can be had.
    """
    had, missing = [], []
    for spec in dict.fromkeys([specs] if isinstance(specs, str) else specs):
        candidate = _named(spec, encoder, prices)
        try:
            if not candidate.remote and candidate.kind != CandidateKind.CACHE:
                find(candidate.source)
        except ModelNotFound as error:
            missing.append(str(error))
        else:
            had.append(candidate)
    if not had:
        raise BadInput("no candidate can be had: " + "; ".join(missing))
    models = [place for place, candidate in enumerate(had) if candidate.generates]
    if shots and models:
        first = had[models[0]]
        had[models[0] + 1 : models[0] + 1] = [
            replace(first, name=f"{first.name} with {shots} {examples} examples", shots=shots, examples=examples)
            for examples in ("similar", "random")
        ]
    return had, missing


def _named(spec: str, encoder: str, prices: str | Path) -> Candidate:
    if spec in (CandidateKind.CLASSIFIER, CandidateKind.CACHE):
        return Candidate(
            name=spec, source=encoder if spec == CandidateKind.CLASSIFIER else "", kind=CandidateKind(spec)
        )
    candidate = Candidate(name=model_name(spec), source=spec)
    price = _price(candidate.name, prices) if candidate.remote else None
    return replace(candidate, kind=CandidateKind.API, usd_m=price) if price else candidate


def notices(candidates: Sequence[Candidate]) -> str:
    """What a report of these candidates must say at its top, equal words said once."""
    said: dict[str, list[str]] = {}
    for candidate in candidates:
        if candidate.generates and not candidate.shots and (words := notice(candidate.source)):
            said.setdefault(words, []).append(candidate.name)
    return "; ".join(f"{', '.join(names)}: {words}" for words, names in said.items())


def ask(
    candidates: Sequence[Candidate],
    sample: pd.DataFrame,
    calls: pd.DataFrame,
    *,
    cache: Path,
    minutes: float | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Every candidate's answers, one below the other; kept ones are not computed again.

    Language models answer every call of `sample`, or, where `minutes` are given, its first calls of every task alike
    until their computing time is up. A classifier and a cache answer the held-out calls of the tasks that they can
    answer, and fail those of the other tasks in `sample`. calls: the log, whose `train` split gives worked examples
    and what a classifier learns. Columns: those of an answer (`candidates.COLUMNS`), the candidate's identity
    (`CandidateId.columns`), `weight`: the logged calls that the row speaks for; one row a candidate and call.
    """
    train = calls[(calls["split"] == Split.TRAIN) & calls["kind"].isin(REPLAYED)]
    models = [candidate for candidate in candidates if candidate.generates]
    found = iter(_asked(models, sample, train, minutes, cache, progress))
    parts = [
        next(found) if candidate.generates else _without_model(candidate, sample, calls, cache, progress)
        for candidate in candidates
    ]
    replayed = calls[calls["kind"].isin(REPLAYED)]
    task = dict(zip(replayed["call_id"], replayed["task"], strict=True))
    traffic, answers = replayed["task"].value_counts(), []
    for candidate, part in zip(candidates, parts, strict=True):
        of = part["call_id"].map(task)
        weight = of.map(traffic).astype(float) / of.map(of.value_counts())
        answers.append(part.assign(**candidate.id.columns(), weight=weight))
    return pd.concat(answers, ignore_index=True)


def _asked(
    models: Sequence[Candidate],
    sample: pd.DataFrame,
    train: pd.DataFrame,
    minutes: float | None,
    cache: Path,
    progress: Progress | None,
) -> list[pd.DataFrame]:
    """The answers of each language model to one and the same calls: all of `sample`, or those that `minutes` allow.

    Time is what was computed, not what passed, so that a run that was stopped asks the same calls again.
    """
    requests, file = asked_of(sample), cache / "answers.sqlite"
    rounds = sample.groupby("task").cumcount().to_numpy() // ROUND
    prompts = [_with_examples(each, requests, train) for each in models]
    if minutes is None:
        return [answer(each, asked, cache=file, progress=progress) for each, asked in zip(models, prompts, strict=True)]
    own = [[answer(c, asked[rounds == 0], cache=file)] for c, asked in zip(models, prompts, strict=True)]
    each = np.array([seconds(first).sum() for (first,) in own])  # of a round
    left, last = 60 * minutes - each.sum(), int(rounds.max(initial=0))
    for place, (candidate, asked) in enumerate(zip(models, prompts, strict=True)):
        share, taken = left * each[place] / max(each[place:].sum(), 1e-9), 0.0
        for at in range(1, last + 1):
            if taken + each[place] / 2 > share:
                last = at - 1
                break
            own[place].append(answer(candidate, asked[rounds == at], cache=file, progress=progress))
            taken += float(seconds(own[place][-1]).sum())
        left -= taken
    return [pd.concat(parts[: last + 1], ignore_index=True) for parts in own]


def _with_examples(candidate: Candidate, requests: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    if not candidate.shots:
        return requests
    return with_shots(requests, train, candidate.shots, examples=candidate.examples)


def _without_model(
    candidate: Candidate, sample: pd.DataFrame, calls: pd.DataFrame, cache: Path, progress: Progress | None
) -> pd.DataFrame:
    """Answers of a classifier or a cache to held-out calls, and a failure for each other call of `sample`."""
    held = eligible(calls)
    held = held[(held.groupby("task").cumcount() < MOST_HELD) | held["call_id"].isin(sample["call_id"])]
    if candidate.kind == CandidateKind.CACHE:
        found, _ = cached.answer(candidate, held, calls)
    else:
        found = by_task.answer(candidate, held, calls, cache=cache, progress=progress)
    rest = sample.loc[~sample["call_id"].isin(found["call_id"]), "call_id"]
    failed = frame([{"call_id": call, "candidate": candidate.name, "error": NOT_ASKED} for call in rest])
    return pd.concat([found, failed], ignore_index=True) if len(rest) else found


def asked_of(sample: pd.DataFrame) -> pd.DataFrame:
    """What is asked for each call of `sample`: call_id, messages, task, max_tokens, tools (JSON or null)."""
    return sample[["call_id", "messages", "task", "max_tokens"]].assign(tools=sample.get("tools"))


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

    Only language models take time worth planning. per_task: so many calls of each task instead, whatever they take. A
    kept answer keeps its time too, so the same run folder gives the same plan again. Raises NotEnoughCalls.
    """
    candidates = [candidate for candidate in candidates if candidate.generates]
    if per_task or not candidates:
        per_task = per_task or calls_for_width(width)
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
            spent += float(seconds(seen[-1]).sum())
    answers = pd.concat(seen, ignore_index=True)
    if progress:
        tasks, took = answers["task"].nunique(), seconds(answers).sum()
        progress(f"warm-up: {len(answers)} answers to {tasks} of {len(order)} tasks, {took:.0f} s of computing")
    each = dict.fromkeys(map(str, order), 0.0)
    for _, rows in answers.groupby("candidate"):
        measured = seconds(rows).groupby(rows["task"]).mean()
        for task in order:
            each[str(task)] += float(measured[task] if task in measured else _estimate(rows, sizes.loc[task]))
    return plan_sample(calls, each, minutes=minutes * (1 - CHOOSING_PART), width=width, splits=splits)


def seconds(answers: pd.DataFrame) -> pd.Series:
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
    alone = np.maximum(line, 0) @ [1, size["prompt_tokens"], SLACK * size["completion_tokens"] + MORE]
    return float(alone) * min(1.0, part) / 1e3


def facts(candidates: Sequence[Candidate], *, cache: Path) -> dict[str, dict[str, Any]]:
    """What is known of each candidate besides its answers, by name; looked up once a run folder.

    In-process ones: parameters, memory_mb (weights), peak_mb (measured on top of them while they answered), context
    (tokens), device. Endpoints: input_usd_m, output_usd_m (USD per million tokens) where the model has a price. A
    classifier: memory_mb of its encoder's file.
    """
    from migration.benchmark.engine.local import peak_memory

    file = cache / "facts.json"
    known = read_json(file) if file.exists() else {}
    for candidate in candidates:
        key = f"{candidate.source}|{candidate.adapter}|{candidate.quantize}"
        if key not in known:
            known[key] = _about(candidate)
            write_json(file, known)
    found = {c.name: dict(known[f"{c.source}|{c.adapter}|{c.quantize}"]) for c in candidates}
    for candidate in candidates:
        if candidate.usd_m:
            found[candidate.name] |= dict(zip(("input_usd_m", "output_usd_m"), candidate.usd_m, strict=True))
        local = candidate.generates and not candidate.remote
        if local and (peak := peak_memory(candidate, cache / "answers.sqlite")) is not None:
            found[candidate.name]["peak_mb"] = peak
    return found


def _about(candidate: Candidate) -> dict[str, Any]:
    from migration.benchmark.engine.local import describe

    if candidate.remote:
        price = _price(model_name(candidate.source))
        return dict(zip(("input_usd_m", "output_usd_m"), price, strict=True)) if price else {}
    if candidate.generates:
        return describe(candidate)
    weights = find(candidate.source).folder.glob("*.safetensors") if candidate.source else ()
    return {"memory_mb": sum(each.stat().st_size for each in weights) / 1e6, "device": "cpu"}


def _price(model: str, prices: str | Path = "") -> tuple[float, float] | None:
    """USD per million tokens in and out; None where neither the file nor the public list knows the model."""
    price = price_table([model], prices or None).iloc[0]
    return None if pd.isna(price["input_usd_m"]) else (float(price["input_usd_m"]), float(price["output_usd_m"]))
