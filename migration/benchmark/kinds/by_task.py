"""A classifier for every task whose answers are a set or copied from prompts, and their answers to held-out calls.

Out of scope: how one is fitted (`classifier`), and what its answers are worth (`scoring`).
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

from migration.audit.pii import mask, mask_messages
from migration.benchmark.candidates import Candidate, Progress, chat, frame
from migration.benchmark.duplicates import near_any, own_texts
from migration.benchmark.engine.cache import key_of
from migration.benchmark.kinds.classifier import (
    FEWEST,
    Classifier,
    fit_classifier,
    fit_labels,
    load_classifier,
    often_new,
)
from migration.benchmark.kinds.copied import Extractor, fit_extractor, may_be_copied
from migration.benchmark.scoring.scorers import compared
from migration.files import read_json, write_json, write_table
from migration.models import find
from migration.schema import REPLAYED, Split

MOSTLY = 0.5
"""Share of a task's training calls from which on near-repeats are what its traffic is made of."""
MOST_TRAINED = 20_000
"""Training calls of a task that are learned from."""
TIMED = 20
"""Calls that are answered one by one, to see what a customer waits."""
FOLDER, ANSWERS = "classifier", "answers"
VERSION = 4
"""Of what is learned from the same calls: another one is fitted anew."""
NO_ANSWER = "no_answer: no version of the prompt is like it, or it is too long, or no answer can be made of it"


def training_calls(calls: pd.DataFrame, task: str) -> pd.DataFrame:
    """What a task's classifier learns from: columns call_id, messages, response, of `train` calls alone, masked; and
    where answers may be copied from prompts, asked and said: messages and response as they came, from which spans are
    learned, since no mask stands in a call that is to be answered.

    Calls that nearly repeat a held-out one (and where answers are copied, get the same answer) are left out, so that
    what is measured is not what was learned by heart; where most do (lines that a machine wrote), calls to come will,
    too, and those alone are left out that repeat one exactly. Empty where there is nothing to learn: fewer than
    `FEWEST` calls, or answers that are not copied and new too often (by the share of answers seen once, Good 1953).
    """
    own = _alike(calls[(calls["task"] == task) & calls["kind"].isin(REPLAYED) & calls["response"].notna()])
    train, held = own[own["split"] == Split.TRAIN], own[own["split"] != Split.TRAIN]
    new, train = often_new(train["response"].tolist()), train.head(MOST_TRAINED)
    asked = pd.Series([chat(each) for each in train["messages"]], train.index, dtype=object)
    copied = len(train) >= FEWEST and may_be_copied(asked.tolist(), train["response"].tolist())
    if len(train) < FEWEST or (new and not copied):
        return train.iloc[:0][["call_id", "messages", "response"]]
    both = pd.concat([train, held])
    said = both["response"].str.split().str.join(" ") if copied else ""
    both = pd.DataFrame({"own_text": own_texts(both["messages"]), "copied": said})
    fresh = _fresh(both.iloc[: len(train)], both.iloc[len(train) :])
    train, asked = train[fresh], asked[fresh]
    messages = [mask_messages(each, call) for each, call in zip(asked, train["call_id"], strict=True)]
    told = {"messages": pd.Series(messages, dtype=object), "response": mask(train["response"])}
    raw = {"asked": asked.to_numpy(), "said": train["response"].to_numpy()} if copied else {}
    return pd.DataFrame({"call_id": train["call_id"].to_numpy(), **told, **raw})


def _fresh(train: pd.DataFrame, held: pd.DataFrame) -> np.ndarray:
    """bool (n,): training calls that repeat no held-out one; nearly, or only exactly where most do nearly.

    train, held: own_text, copied.
    """
    near = near_any(train, held)
    return ~(near if near.mean() <= MOSTLY else train["own_text"].isin(held["own_text"]).to_numpy())


def _alike(calls: pd.DataFrame) -> pd.DataFrame:
    """`calls`, where answers that differ in what is not compared alone are the commonest of them: one label."""
    if "aside" not in calls or not calls["aside"].any():
        return calls
    usual = calls["response"].groupby(compared(calls["response"], calls["aside"]))
    return calls.assign(response=usual.transform(lambda own: own.value_counts().index[0]))


def fit_tasks(calls: pd.DataFrame, encoder: str, folder: Path, *, progress: Progress | None = None) -> Path:
    """Fit a classifier for each task whose answers can be learned; those that `folder` holds already are kept.

    folder: gets `tasks.json` (task -> subfolder) and a subfolder a task, named by what it was fitted on. calls: the
    calls table with messages and response.
    """
    tasks = {}
    replayed = calls[calls["kind"].isin(REPLAYED) & calls["task"].notna()]
    weights = find(encoder).identity
    for task, own in replayed.groupby("task"):
        seen = own.sort_values("call_id")[["call_id", "split", "response"]].fillna("").to_numpy().tolist()
        aside = {"aside": own["aside"].iloc[0]} if "aside" in own and own["aside"].any() else {}
        name = key_of(version=VERSION, encoder=weights, task=str(task), calls=seen, **aside)[:16]
        if not (folder / name / "classifier.json").exists():
            start, rows = time.monotonic(), training_calls(own, str(task))
            if (found := _fitted(rows, encoder)) is None:
                continue
            found.save(folder / name)
            if progress:
                progress(f"classifier: {len(rows):,} answers learned in {time.monotonic() - start:.0f} s")
        tasks[str(task)] = name
    write_json(folder / "tasks.json", tasks)
    return folder


def _fitted(rows: pd.DataFrame, encoder: str) -> Classifier | Extractor | None:
    """The classifier of one task's `training_calls`; None where nothing can be learned from them."""
    if len(rows) < FEWEST:
        return None
    masked = rows["messages"].tolist(), rows["response"].tolist()
    if "said" not in rows:  # masks may stand in both where what they hide does not: they are no spans
        return None if often_new(masked[1]) else fit_labels(*masked, encoder=encoder)
    raw = rows["asked"].tolist(), rows["said"].tolist()
    if often_new(masked[1]):
        return fit_extractor(*raw, encoder=encoder)
    return fit_classifier(*masked, encoder=encoder, unmasked=raw)


def load_tasks(folder: Path) -> dict[str, Classifier | Extractor]:
    """Task -> its classifier, as `fit_tasks` left them. Raises BadInput."""
    return {task: load_classifier(folder / name) for task, name in read_json(folder / "tasks.json").items()}


def keep(cache: Path, folder: Path) -> Path:
    """A copy of the run's classifiers where later steps and production find them: `folder`/classifier."""
    target = folder / FOLDER
    if (cache / FOLDER / "tasks.json").exists():
        wanted = read_json(cache / FOLDER / "tasks.json")
        for name in wanted.values():
            shutil.copytree(cache / FOLDER / name, target / name, dirs_exist_ok=True)
        write_json(target / "tasks.json", wanted)
    return target


def answer(
    candidate: Candidate, held: pd.DataFrame, calls: pd.DataFrame, *, cache: Path, progress: Progress | None = None
) -> pd.DataFrame:
    """Answers to the held-out calls of every task that has a classifier: columns `candidates.COLUMNS`.

    held: rows of `sampling.eligible`. A text is answered as it came, as it would be in production. latency_ms is what
    one call alone takes here, compute_ms its share of a batch.
    """
    folder = fit_tasks(calls, candidate.source, cache / FOLDER, progress=progress)
    names, parts = read_json(folder / "tasks.json"), [frame([])]
    for task, group in held.groupby("task", sort=False):
        if task in names:
            kept = folder / ANSWERS / f"{key_of(classifier=names[task], calls=group['call_id'].tolist())[:16]}.parquet"
            if not kept.exists():
                write_table(kept, _answered(load_classifier(folder / names[task]), group))
            parts.append(frame(pd.read_parquet(kept).to_dict("records")).assign(candidate=candidate.name))
    return pd.concat(parts, ignore_index=True)


def _answered(classifier: Classifier | Extractor, group: pd.DataFrame) -> pd.DataFrame:
    """One task's answers to its held-out calls `group` (call_id, messages): those of `candidates.COLUMNS` it has."""
    requests = [chat(each) for each in group["messages"]]
    wait = _wait(classifier, requests[:TIMED])
    start = time.perf_counter()
    found = classifier.answer(requests)
    each = (time.perf_counter() - start) * 1e3 / len(requests)
    return found.rename(columns={"confidence": "confidence_raw"}).assign(
        call_id=group["call_id"].to_numpy(), latency_ms=wait, compute_ms=each, finish="label",
        error=found["output"].isna().map({True: NO_ANSWER, False: None}),
    )  # fmt: skip


def _wait(classifier: Classifier | Extractor, requests: list[list[dict[str, str]]]) -> float:
    """What one call alone waits, ms: the median of a few."""
    waits = []
    for request in requests:
        start = time.perf_counter()
        classifier.answer([request])
        waits.append((time.perf_counter() - start) * 1e3)
    return float(np.median(waits))
