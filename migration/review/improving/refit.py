"""Candidates made better by fresh calls: the classifiers fitted again, the adapter trained on from the last one.

Both learn from `train` conversations alone, those of step 01 and fresh ones, and answer the held-out calls of both.
Out of scope: which calls are fresh (`fresh`), and whether what is new may serve (`retune`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from migration import finetune, models
from migration.artifacts import Run, Step
from migration.benchmark import Candidate, ask, eligible, keep_classifiers, score
from migration.errors import NotEnoughCalls
from migration.files import file_hash
from migration.finetune.examples import FEWEST, joined
from migration.live.rungs.local import quantisation_of
from migration.models import ModelNotFound
from migration.schema import CandidateKind, Split

Say = Callable[[str], None]
TUNING, WEIGHTS = "03_qlora_finetune", "adapter_model.safetensors"
RATE = 0.25
"""Of the learning rate of a first training: an adapter that goes on has less to learn."""
REPEATED = 2
"""Calls of step 01 for each hard one in a training, so that what was learned is not forgotten."""


@dataclass(frozen=True)
class Learned:
    """A candidate that this review made; its `adapter` is the folder in the run where it lies.

    answers: scored, as of predictions.parquet, to held-out calls of step 01 and to fresh ones; examples: how many calls
    it learned from; fresh: how many of these are fresh.
    """

    candidate: Candidate
    answers: pd.DataFrame
    examples: int
    fresh: int


def learn(
    step: Step, calls: pd.DataFrame, fresh: pd.Series, before: pd.DataFrame, *, hard: Sequence[str],
    train_minutes: float, say: Say = print,
) -> tuple[tuple[Learned, ...], tuple[str, ...]]:  # fmt: skip
    """What fresh calls make better, and why something was not made: classifiers where step 02 had them, the adapter
    where minutes are given and there is one.

    calls, fresh: as of `refitted`; before: predictions of steps 02 and 03; hard, train_minutes: as of `trained_on`.
    """
    learned, left_out = [], []
    kind = before["candidate_kind"] if "candidate_kind" in before else pd.Series(dtype=str)
    encoders = before.loc[kind == CandidateKind.CLASSIFIER, "base"].unique() if len(kind) else ()
    makers: list[Callable[[], Learned | None]] = [
        partial(refitted, step, calls, fresh, encoder=str(encoder), say=say) for encoder in encoders
    ]
    tuned = last_adapter(step.run)
    if train_minutes and tuned is None:
        left_out.append("no adapter was trained in step 03 that could go on")
    elif train_minutes and tuned is not None:
        tasks = list(step.run.summary(TUNING)["tasks_trained"])
        makers.append(partial(trained_on, step, calls, hard, tuned=tuned, tasks=tasks, minutes=train_minutes, say=say))
    for make in makers:
        try:
            learned.append(make())
        except (ModelNotFound, NotEnoughCalls) as problem:
            left_out.append(str(problem))
    return tuple(each for each in learned if each), tuple(left_out)


def last_adapter(run: Run) -> Candidate | None:
    """Base and adapter of the newest review that trained one, else of step 03; None where there is neither."""
    if not run.done(TUNING):
        return None
    folders = [run.path / TUNING / "adapter", *sorted(run.path.glob("07_weekly_review/*/adapter"))]
    folders = [each for each in folders if (each / WEIGHTS).exists() and not each.parent.name.endswith(".partial")]
    summary = run.summary(TUNING)
    if not folders or "base_model" not in summary:
        return None
    base, adapter = str(summary["base_model"]), str(folders[-1])
    return Candidate(str(summary["tuned"]), base, adapter=adapter, quantize=quantisation_of(run.path))


def refitted(step: Step, calls: pd.DataFrame, fresh: pd.Series, *, encoder: str, say: Say = print) -> Learned | None:
    """The classifiers of every task that has a set of answers, fitted again; None where no task has one.

    calls: of step 01 and fresh ones (`fresh.earlier_calls`, `fresh.fresh_calls`); fresh: call_ids of the latter;
    encoder: what the classifiers read with. They are left in the step's folder `classifier`.
    """
    folder = f"{step.name}/classifier"
    candidate = Candidate(f"classifier {Path(step.name).name}", encoder, folder, kind=CandidateKind.CLASSIFIER)
    held = eligible(calls)
    found = ask([candidate], held.iloc[:0], calls, cache=step.cache, progress=say)
    if found.empty:
        return None
    keep_classifiers(step.cache, step.path)
    tasks = set(found["call_id"].map(calls.set_index("call_id")["task"]))
    return _learned(candidate, found, calls[calls["task"].isin(tasks)], fresh)


def trained_on(
    step: Step, calls: pd.DataFrame, hard: Sequence[str], *, tuned: Candidate, tasks: Sequence[str], minutes: float,
    say: Say = print,
) -> Learned:  # fmt: skip
    """`tuned`'s adapter trained on for `minutes`, its answers included, from hard calls and earlier ones beside them.

    calls: as of `refitted`; hard: call_ids of `train` conversations that teach most; tuned: base and adapter of step
    03 or of an earlier review; tasks: what it was trained for. The adapter is left in the step's folder `adapter`.
    Raises NotEnoughCalls where no task has calls enough, ModelNotFound.
    """
    base, adapter = tuned.source, Path(str(tuned.adapter))
    loaded = models.load(base, quantize=tuned.quantize)
    chosen = _examples(calls, hard, tasks, say)
    rows, validation = (finetune.encoded(loaded.tokenizer, part) for part in (chosen.train, chosen.validation))
    finetune.check(rows, loaded)
    recipe = finetune.recipe_for(base)
    recipe = replace(recipe, learning_rate=RATE * recipe.learning_rate)
    begun = f"{loaded.identity} {file_hash(adapter / WEIGHTS)}"
    training_minutes = finetune.TRAINING_PART * minutes
    folder = step.cache / finetune.identity(begun, rows, validation, recipe, training_minutes)
    training = finetune.tune(
        loaded.model, loaded.tokenizer, rows, validation, recipe, folder,
        minutes=training_minutes, start=adapter, say=say,
    )  # fmt: skip
    del loaded
    best = training.folder / "best"
    shutil.copytree(best, step.path / "adapter", dirs_exist_ok=True)
    candidate = replace(tuned, name=f"{base}+tuned {Path(step.name).name}", adapter=str(best))
    held = eligible(calls)
    held = held[held["task"].isin(list(tasks))].assign(weight=1.0)
    found = ask([candidate], held, calls, cache=step.cache, minutes=minutes - training_minutes, progress=say)
    kept = f"{step.name}/adapter"  # where it lies once the step is finished
    answers = score(found.assign(adapter=kept), calls)
    taught = int(chosen.train["call_id"].isin(list(hard)).sum())
    return Learned(replace(candidate, adapter=kept), answers, len(rows), taught)


def _examples(calls: pd.DataFrame, hard: Sequence[str], tasks: Sequence[str], say: Say) -> finetune.TrainingSet:
    """Hard calls of each task, and REPEATED earlier ones for each; the held-out ones stay, to be kept apart."""
    sets = []
    for task in tasks:
        own = calls[calls["task"] == task]
        train, taught = own["split"] == Split.TRAIN, own["call_id"].isin(list(hard))
        old = own[train & ~taught]
        most = max(REPEATED * int((train & taught).sum()), 2 * FEWEST)
        some = pd.concat([own[taught | ~train], old.sample(min(most, len(old)), random_state=7)])
        try:
            sets.append(finetune.choose(some, [task]))
        except NotEnoughCalls as few:
            say(f"not trained on: {few}")
    if not sets:
        raise NotEnoughCalls("training on from the adapter", len(hard), FEWEST)
    return joined(sets)


def _learned(candidate: Candidate, found: pd.DataFrame, calls: pd.DataFrame, fresh: pd.Series) -> Learned:
    train = calls[(calls["split"] == Split.TRAIN) & calls["response"].notna()]
    return Learned(candidate, score(found, calls), len(train), int(train["call_id"].isin(fresh).sum()))
