"""Candidates on trial: which can be had, and their answers.

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

from migration.benchmark.candidates import Candidate, Progress, frame, model_name
from migration.benchmark.engine import answer, backend_of
from migration.benchmark.engine.spending import usd_m
from migration.benchmark.kinds import by_task, cached
from migration.benchmark.sampling import eligible
from migration.benchmark.shots import with_shots
from migration.errors import BadInput
from migration.models import ModelNotFound, find, notice
from migration.models.embedding import ENCODER
from migration.schema import REPLAYED, CandidateKind, Split

CHOOSING_PART = 0.1
"""Part of the minutes that is kept for choosing among known answers (`closed`)."""
ROUND = 6
"""Calls of each task that are asked before the clock is looked at again."""
EVERY = 2
"""Of the calls in the sample, a model with worked examples in its prompt answers every second one: its prompts are
several times as long, and its row is there to compare."""
MOST_HELD = 4000
"""Held-out calls of a task that a classifier and a cache answer."""
NOT_ASKED = "no_answers: the task has no set of answers to choose from"


def available(
    specs: Sequence[str], *, shots: int = 0, encoder: str = ENCODER, prices: str | Path = "", max_usd: float = 25.0
) -> tuple[list[Candidate], list[str]]:
    """The candidates among `specs` that can be had, and a line for each that cannot.

    `classifier` and `cache` name those kinds; encoder: what the classifier reads with. An endpoint whose model has a
    price (in the file `prices`, else in the public list) is an API, another one a small model that somebody serves.
    With `shots`, the first language model is tried twice more with that many worked examples in its prompt: the most
    similar ones, and random ones. max_usd: the most that each paid endpoint may cost in the step. Raises BadInput where
    none can be had.
    """
    had, missing = [], []
    for spec in dict.fromkeys([specs] if isinstance(specs, str) else specs):
        candidate = replace(_named(spec, encoder, prices), max_usd=max_usd)
        try:
            if candidate.generates:
                backend_of(candidate).find(candidate)
            elif candidate.source:
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
    price = usd_m(candidate.name, prices) if candidate.remote else None
    candidate = replace(candidate, name=f"{candidate.name} masked") if candidate.masked else candidate
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
    until their computing time is up, those with worked examples in the prompt every second one (`EVERY`). A classifier
    and a cache answer the held-out calls of the tasks that they can answer, and fail those of the other tasks in
    `sample`. calls: the log, whose `train` split gives worked examples and what a classifier learns. Columns: those of
    an answer (`candidates.COLUMNS`), the candidate's identity (`CandidateId.columns`), `weight`: the logged calls that
    the row speaks for; one row a candidate and call.
    """
    train = calls[(calls["split"] == Split.TRAIN) & calls["kind"].isin(REPLAYED)]
    models = [candidate for candidate in candidates if candidate.generates]
    found = iter(_asked(models, sample, train, minutes, cache, progress))
    parts = [
        next(found) if candidate.generates else answer_without_model(candidate, sample, calls, cache, progress)
        for candidate in candidates
    ]
    replayed = calls[calls["kind"].isin(REPLAYED)]
    task = dict(zip(replayed["call_id"], replayed["task"], strict=True))
    traffic, answers = replayed["task"].value_counts(), []
    for candidate, part in zip(candidates, parts, strict=True):
        of = part["call_id"].map(task)
        weight = of.map(traffic).astype(float) / of.map(of.value_counts()).astype(float)
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
    file = cache / "answers.sqlite"
    turn = turn_of(sample)
    if minutes is None:
        return [answer(each, with_examples(each, sample, train), cache=file, progress=progress) for each in models]
    prompts = [with_examples(each, sample[turn % every_of(each) == 0], train) for each in models]
    rounds = [(turn[asked.index] // ROUND).to_numpy() for asked in prompts]
    own = [[answer(c, asked[of == 0], cache=file)] for c, asked, of in zip(models, prompts, rounds, strict=True)]
    each = np.array([seconds(first).sum() for (first,) in own])  # of a round
    left, last = 60 * minutes - each.sum(), int((turn // ROUND).max())
    for place, (candidate, asked, of) in enumerate(zip(models, prompts, rounds, strict=True)):
        share, taken = left * each[place] / max(each[place:].sum(), 1e-9), 0.0
        for at in range(1, last + 1):
            if taken + each[place] / 2 > share:
                last = at - 1
                break
            own[place].append(answer(candidate, asked[of == at], cache=file, progress=progress))
            taken += float(seconds(own[place][-1]).sum())
        left -= taken
    return [pd.concat(parts[: last + 1], ignore_index=True) for parts in own]


def every_of(candidate: Candidate) -> int:
    """Of a task's calls in the sample, `candidate` answers every so many-th one (`EVERY`)."""
    return EVERY if candidate.shots else 1


def turn_of(sample: pd.DataFrame) -> pd.Series:
    """The place of each call of `sample` (task) among those of its task, from 0."""
    return sample.groupby("task").cumcount()


def with_examples(candidate: Candidate, sample: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """What `candidate` is asked for each call of `sample`: `asked_of`, with worked examples where it has some.

    train: training calls of the same tasks: call_id, task, messages, response.
    """
    requests = asked_of(sample)
    return with_shots(requests, train, candidate.shots, examples=candidate.examples) if candidate.shots else requests


def answer_without_model(
    candidate: Candidate, sample: pd.DataFrame, calls: pd.DataFrame, cache: Path, progress: Progress | None = None
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


def seconds(answers: pd.DataFrame) -> pd.Series:
    """What each answer took of the trial's time; answers that failed at once took none."""
    return answers["compute_ms"].fillna(0.0) / 1e3


def facts(candidates: Sequence[Candidate], *, cache: Path) -> dict[str, dict[str, Any]]:
    """What is known of each candidate besides its answers, by name.

    In-process ones: parameters, memory_mb (weights), peak_mb (measured on top of them while they answered), context
    (tokens), device. Endpoints: input_usd_m, output_usd_m (USD per million tokens) where the model has a price. A
    classifier: memory_mb of its encoder's file.
    """
    file = cache / "answers.sqlite"
    return {c.name: backend_of(c).facts(c, file) if c.generates else _encoder_facts(c) for c in candidates}


def _encoder_facts(candidate: Candidate) -> dict[str, float | str]:
    weights = find(candidate.source).folder.glob("*.safetensors") if candidate.source else ()
    return {"memory_mb": sum(each.stat().st_size for each in weights) / 1e6, "device": "cpu"}
