"""A task's answers without a language model: a frozen sentence encoder and a linear classifier on all logged answers.

Over a closed set of answers it knows those that the log holds and no other; where answers are copied from their
prompts, a tagger of spans (`copied`) finds new ones too. Fitted in seconds, it answers in milliseconds and says how
sure it is and how far a request lies from what it learned. Out of scope: where training answers come from and what an
answer is worth.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from migration.benchmark.kinds.copied import Extractor, fit_extractor
from migration.benchmark.kinds.heads import Head, fit_head
from migration.benchmark.kinds.meanings import find_meanings
from migration.benchmark.kinds.versions import Forms, Request, find_forms
from migration.benchmark.kinds.views import Near, near_of, views_of
from migration.errors import BadInput, NotEnoughCalls
from migration.files import read_json, write_json
from migration.models.embedding import ENCODER

FEWEST = 20
"""Answers that a classifier is fitted on at the least."""
ENOUGH = 0.99
"""Share of training rows that spans answer right out of fold, from which on labels are not tried."""
NEW = 0.5
"""Answers are a set where the next one is new in at most so many cases."""
VERSION = 1


def _pair(values: Sequence[float]) -> tuple[float, float]:
    first, second = map(float, values)
    return first, second


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier over a set of answers: `answer` says what its answers are, `save` keeps it without pickle."""

    forms: Forms
    said: dict[tuple[int, int], str]
    head: Head
    near: Near
    encoder: str

    @property
    def answers(self) -> tuple[str, ...]:
        """Every answer that it can give, in every form."""
        return tuple(sorted(set(self.said.values())))

    def answer(self, texts: Sequence[Request], forms: Sequence[Hashable] | None = None) -> pd.DataFrame:
        """One row a request, in their order: output, confidence, margin, distance.

        texts, forms: as in `fit_classifier`. confidence: the calibrated chance that the output is the LLM's answer.
        margin: probability of the likeliest answer less the next one's. distance: 0 to 1, the share of training
        requests that lie nearer to what was known beside them. A version of the prompt that is like none in training
        gets a null output, confidence 0 and distance 1.
        """
        named = [None] * len(texts) if forms is None else list(forms)
        split = [self.forms.split(text, form) for text, form in zip(texts, named, strict=True)]
        form = np.array([each for each, _ in split], int)
        x = views_of([content for _, content in split], encoder=self.encoder)
        chances = self.head.probabilities(x, allowed(self.said, form, self.head.classes))
        best, order = chances.argmax(1), np.sort(chances, axis=1)
        distance, trust = self.near.quantile(x.meaning)
        known = np.array([(f, m) in self.said for f, m in zip(form.tolist(), best.tolist(), strict=True)], bool)
        outputs = [self.said.get(pair) for pair in zip(form.tolist(), best.tolist(), strict=True)]
        return pd.DataFrame(
            {
                "output": pd.Series(outputs, dtype=object),
                "confidence": np.where(known, self.head.confidence(order[:, -1]) * trust, 0.0),
                "margin": np.where(known, order[:, -1] - (order[:, -2] if order.shape[1] > 1 else 0.0), 0.0),
                "distance": np.where(known, distance, 1.0),
            }
        )

    def save(self, folder: Path) -> Path:
        """Two files in `folder`: weights.npz and classifier.json."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "weights.npz").open("wb") as file:
            np.savez_compressed(
                file, meaning=self.head.meaning, words=self.head.words,
                vectors=self.near.vectors.astype(np.float16), distances=self.near.distances,
            )  # fmt: skip
        about = {
            "version": VERSION,
            "encoder": self.encoder,
            "mix": self.head.mix,
            "calibration": self.head.calibration,
            **self.forms.to_dict(),
            "said": [[form, meaning, text] for (form, meaning), text in self.said.items()],
        }
        write_json(folder / "classifier.json", about)
        return folder

    @classmethod
    def load(cls, folder: Path) -> Classifier:
        """The classifier that `save` kept in `folder`. Raises BadInput where it is none."""
        try:
            about = read_json(folder / "classifier.json")
            with np.load(folder / "weights.npz", allow_pickle=False) as file:
                arrays = {name: file[name] for name in ("meaning", "words", "vectors", "distances")}
            version = about["version"]
            forms = Forms.from_dict(about)
            said = {(int(form), int(meaning)): str(text) for form, meaning, text in about["said"]}
            mix, calibration = _pair(about["mix"]), _pair(about["calibration"])
        except (OSError, KeyError, ValueError, TypeError, json.JSONDecodeError) as error:
            raise BadInput(f"{folder} holds no classifier that can be read: {error}") from error
        if version != VERSION:
            raise BadInput(f"{folder}: classifier of version {version}, this release reads {VERSION}")
        head = Head(arrays["meaning"], arrays["words"], mix, calibration)
        near = Near(arrays["vectors"].astype(np.float32), arrays["distances"])
        return cls(forms, said, head, near, str(about["encoder"]))


def load_classifier(folder: Path) -> Classifier | Extractor:
    """What `save` of either kind kept in `folder`. Raises BadInput where it is none."""
    try:
        head = read_json(folder / "classifier.json").get("head")
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"{folder} holds no classifier that can be read: {error}") from error
    return Classifier.load(folder) if head is None else Extractor.load(folder)


def fit_classifier(
    texts: Sequence[Request],
    answers: Sequence[str],
    *,
    forms: Sequence[Hashable] | None = None,
    encoder: str = ENCODER,
    seed: int = 7,
    unmasked: tuple[Sequence[Request], Sequence[str]] | None = None,
) -> Classifier | Extractor:
    """A classifier that gives the answers of a task, fitted on logged ones: of labels where they are a closed set, of
    spans where they are copied from their texts; where both can be, what answers more training rows out of fold.

    texts: (n,) requests, as texts or as lists of messages (role, content). answers: (n,) what the LLM said to each;
    one that is no label, and cannot be copied, counts as a failure where confidence is calibrated. forms: (n,) the
    version of the prompt of each request; found in the requests themselves where it is not given. encoder: any
    sentence encoder that `models.find` takes. unmasked: texts and answers as they came, where those given are masked:
    spans are learned from them, and none of their words are kept. Raises NotEnoughCalls below `FEWEST`, BadInput where
    answers neither repeat nor are copied or lengths differ, ModelNotFound.
    """
    texts, answers = list(texts), list(answers)
    if len(texts) != len(answers):
        raise BadInput(f"{len(texts)} texts and {len(answers)} answers: each text needs its answer")
    if wrong := [i for i, answer in enumerate(answers) if not isinstance(answer, str)]:
        raise BadInput(f"answers[{wrong[0]}] is {answers[wrong[0]]!r}: an answer is a text ({len(wrong)} are none)")
    if len(texts) < FEWEST:
        raise NotEnoughCalls("a classifier", len(texts), FEWEST)
    whole, said = unmasked or (texts, answers)
    copied = fit_extractor(whole, said, forms=forms, encoder=encoder, seed=seed)
    if copied and (often_new(answers) or copied.agreement >= ENOUGH):
        return copied
    labels = fit_labels(texts, answers, forms=forms, encoder=encoder, seed=seed)
    return copied if copied and copied.agreement >= labels.head.agreement else labels


def often_new(answers: Sequence[str]) -> bool:
    """Whether the next answer is too often one that never came before, for the answers (n,) to be a set.

    The chance of a new one is estimated by the share of answers seen once (Good 1953).
    """
    return sum(count == 1 for count in Counter(answers).values()) > NEW * len(answers)


def fit_labels(
    texts: Sequence[Request], answers: Sequence[str], *, forms: Sequence[Hashable] | None = None, encoder: str,
    seed: int = 7,
) -> Classifier:  # fmt: skip
    """A classifier over the set of answers: as `fit_classifier`. An answer that came once is not learned."""
    versions = find_forms(texts, forms, answers)
    named = [None] * len(texts) if forms is None else list(forms)
    split = [versions.split(text, form) for text, form in zip(texts, named, strict=True)]
    form = np.array([each for each, _ in split], int)
    x = views_of([content for _, content in split], encoder=encoder)
    meanings = find_meanings(answers, form, x.meaning)
    if not meanings.count:
        raise BadInput(f"none of {len(answers)} answers comes twice or is copied from its text: nothing can be learned")
    possible = allowed(meanings.said, form, meanings.count)
    head = fit_head(x, meanings.rows, possible, seed=seed)
    return Classifier(versions, meanings.said, head, near_of(x.meaning[meanings.rows >= 0], seed=seed), encoder)


def allowed(said: dict[tuple[int, int], str], form: np.ndarray, count: int) -> np.ndarray:
    """Which meanings have an answer in each row's form: bool (n, count); all of them in a form of
    which no answer is known."""
    table = np.zeros((int(form.max(initial=0)) + 2, count), bool)
    for of, meaning in said:
        if of < len(table) - 1:
            table[of, meaning] = True
    table[~table.any(axis=1)] = True  # the unknown form, and those of which no answer was learned
    return table[form]
