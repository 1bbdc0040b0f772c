"""Worked examples in the prompt: a task's own training calls, as turns before the question.

The same examples reach a model in the benchmark and in production (`live.rungs.prompted`), since a candidate is what it
was measured with. Personal data in them is masked: they show one customer's words in the prompt of another.
Out of scope: which candidates have examples, and asking a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import md5

import numpy as np
import pandas as pd

from migration.audit.pii import Masker, mask_messages
from migration.benchmark.candidates import Message, chat
from migration.models import embed
from migration.models.files import ModelNotFound

MOST_COMPARED = 300
"""Training calls of a task that worked examples are taken from: of more, those with the lowest hashes."""
SIMILAR, RANDOM = "similar", "random"
"""Which examples: those whose own text is nearest to the question, or the same few for all calls of a task."""


@dataclass(frozen=True)
class Examples:
    """The worked examples of one task. turns: each example as messages; nearest: from questions (n,) to the places of
    the examples that each is shown, nearest first: int (n, k)."""

    turns: tuple[list[Message], ...]
    nearest: Callable[[list[str]], np.ndarray]

    @classmethod
    def of(cls, train: pd.DataFrame, k: int, *, examples: str = SIMILAR) -> Examples:
        """The examples among a task's training calls.

        examples: `similar` takes those whose text is nearest (cosine of sentence embeddings, of character 3- to 5-gram
        TF-IDF where the encoder is absent), `random` the same k for all calls, which share them as a prefix.
        An example's system text is left out, as the request brings its own. train: call_id, messages, response.
        """
        shown = _drawn(train, k if examples == RANDOM else MOST_COMPARED)
        masked = [
            _masked((*((m["role"], m["content"]) for m in chat(asked)), ("assistant", said)))
            for asked, said in zip(shown["messages"], shown["response"], strict=True)
        ]
        turns = tuple([m for m in each if m["role"] != "system"] for each in masked)
        k = min(k, len(turns))
        if examples == RANDOM:
            return cls(turns, lambda asked: np.tile(np.arange(k), (len(asked), 1)))
        return cls(turns, _nearest([_question(each[:-1]) for each in turns], k))

    def onto(self, requests: Sequence[list[Message]]) -> list[list[Message]]:
        """Each request (messages) with its examples after its system text, the best one last."""
        found = self.nearest([_question(messages) for messages in requests])
        return [self._before(messages, places) for messages, places in zip(requests, found, strict=True)]

    def _before(self, messages: list[Message], places: np.ndarray) -> list[Message]:
        head = [m for m in messages if m["role"] == "system"]
        shown = [turn for place in reversed(places.tolist()) for turn in self.turns[place]]
        return head + shown + [m for m in messages if m["role"] != "system"]


def _question(messages: Sequence[Message]) -> str:
    return "\n".join(m["content"] for m in messages if m["role"] != "system")


def _drawn(train: pd.DataFrame, n: int) -> pd.DataFrame:
    """`n` calls at random, by a hash of their ids: the same ones from a log as from the part of it that has texts
    (`audit.with_sampled_texts`, which draws by this hash), so that production shows what was measured."""
    order = train["call_id"].map(lambda call: md5(call.encode(), usedforsecurity=False).hexdigest()).sort_values()
    return train.loc[order.index[:n]]


def _nearest(examples: list[str], k: int) -> Callable[[list[str]], np.ndarray]:
    likeness = _likeness(examples)
    return lambda asked: np.argsort(-likeness(asked), axis=1, kind="stable")[:, :k]


def _likeness(examples: list[str]) -> Callable[[list[str]], np.ndarray]:
    """From questions (n,) to their cosines with the examples (m,): float (n, m)."""
    try:
        known = _embedded(tuple(examples))
    except ModelNotFound:  # the encoder is an optional package
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit(examples)
        rows = vectors.transform(examples)
        return lambda asked: (vectors.transform(asked) @ rows.T).toarray()
    return lambda asked: embed(asked, fast=True) @ known.T


def with_shots(requests: pd.DataFrame, train_calls: pd.DataFrame, k: int, *, examples: str = SIMILAR) -> pd.DataFrame:
    """The requests with k worked examples each, as turns before the question; best example last.

    requests: call_id, messages (and task, where examples must be of the same one). train_calls: call_id, messages,
    response (and task). examples: as in `Examples.of`. Rows of a task without train calls stay as they are.
    """
    train = train_calls[train_calls["response"].notna()]
    if k <= 0 or train.empty:
        return requests
    messages = pd.Series([chat(m) for m in requests["messages"]], index=requests.index, dtype=object)
    by_task = "task" in requests and "task" in train
    groups = requests.groupby("task", sort=False) if by_task else [(None, requests)]
    for task, group in groups:
        known = train[train["task"] == task] if by_task else train
        if len(known):
            found = Examples.of(known, k, examples=examples).onto([messages[i] for i in group.index])
            for i, each in zip(group.index, found, strict=True):
                messages[i] = each
    return requests.assign(messages=messages)


@lru_cache(maxsize=64)
def _embedded(examples: tuple[str, ...]) -> np.ndarray:
    """Their sentence embeddings; the warm-up and every candidate compare with the same ones."""
    return embed(examples, fast=True)


@lru_cache(maxsize=8192)
def _masked(turns: tuple[tuple[str, str], ...]) -> tuple[Message, ...]:
    """The turns (role, content) as messages without personal data, each worked out once."""
    return tuple(mask_messages([{"role": role, "content": content} for role, content in turns], masker=Masker()))
