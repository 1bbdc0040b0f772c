"""What escalating a request would gain, said before anybody answers it: P(LLM right) - P(SLM right).

Knows: the words, numbers and shape of a request, and its task. Refuses to know: answers, confidences, thresholds.
`HashedScore` is the form that production evaluates: hashed words, a few counts and a number a task, in numpy alone.
`GainModel` learns it from a few hundred outcomes of both models.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from migration.errors import BadInput

BUCKETS = 1 << 13
MOST_BYTES = 4000
"""Of a long text the first and the last half of this many bytes are read."""
_PRIME = np.uint64(0x9E3779B97F4A7C15 | 1)
_INVERSE = np.uint64(pow(int(_PRIME), -1, 1 << 64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)
COUNTS = ("characters", "words", "letters_a_word", "digits", "numbers", "capitals", "lines", "questions", "marks")


_ARRAYS = ("weights", "idf", "count_mean", "count_scale", "count_weights")


def _byte_classes() -> tuple[np.ndarray, np.ndarray]:
    lower = np.arange(256, dtype=np.uint8)
    lower[65:91] += 32
    lower[48:58] = 48  # every digit is the same letter: numbers differ by their length
    word = np.zeros(256, bool)
    word[48:58] = word[97:123] = word[128:] = True
    return lower, word


_LOWER, _WORD = _byte_classes()
_powers: list[np.ndarray] = [np.ones(1, np.uint64), np.ones(1, np.uint64)]


def _power_tables(length: int) -> tuple[np.ndarray, np.ndarray]:
    """p^0..p^(length-1) modulo 2^64 and their inverses; kept, as every batch needs them."""
    if len(_powers[0]) < length:
        size = 1 << (length - 1).bit_length()
        for i, factor in enumerate((_PRIME, _INVERSE)):
            table = np.full(size, factor, np.uint64)
            table[0] = 1
            _powers[i] = np.cumprod(table)
    return _powers[0][:length], _powers[1][:length]


def _joined(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All texts as one array of bytes, a zero byte before, between and after; and where each text starts."""
    parts, half = [], MOST_BYTES // 2
    for text in texts:
        data = text.encode("utf-8", "replace")
        parts.append(data if len(data) <= MOST_BYTES else data[:half] + b" " + data[-half:])
    starts = np.cumsum([1] + [len(part) + 1 for part in parts[:-1]]) if parts else np.zeros(0, int)
    return np.frombuffer(b"\0" + b"\0".join(parts) + b"\0", np.uint8), starts


def hashed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words and word pairs of many texts in one pass, and their counts.

    A rolling hash over the joined bytes: the hash of any stretch is a difference of two prefix sums (Karp and Rabin
    1987). Returns row (m,), bucket (m,), counts (n, len(COUNTS)) on a log scale.
    """
    data, starts = _joined(texts)
    lower = _LOWER[data]
    is_word = _WORD[lower]
    power, inverse = _power_tables(len(data) + 1)
    prefix = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((lower.astype(np.uint64) + np.uint64(1)) * power[:-1], out=prefix[1:])
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    begin, end = edges[::2], edges[1::2]
    code = (prefix[end] - prefix[begin]) * inverse[begin]
    row = np.searchsorted(starts, begin, side="right") - 1
    pair = row[1:] == row[:-1]
    pairs = (code[:-1] * _MIX + code[1:])[pair]
    codes = np.concatenate([code, pairs])
    codes = (codes ^ (codes >> np.uint64(31))) * _MIX
    bucket = (codes >> np.uint64(64 - BUCKETS.bit_length() + 1)).astype(np.int64)
    return np.concatenate([row, row[1:][pair]]), bucket, _counts(data, starts, is_word, begin, end, row)


def _counts(
    data: np.ndarray, starts: np.ndarray, is_word: np.ndarray, begin: np.ndarray, end: np.ndarray, row: np.ndarray
) -> np.ndarray:
    n = len(starts)
    ends = np.append(starts[1:], len(data))

    def total(mask: np.ndarray) -> np.ndarray:
        sums = np.append(0, np.cumsum(mask))
        return sums[ends - 1] - sums[starts]

    digit = (data >= 48) & (data <= 57)
    words = np.bincount(row, minlength=n)
    letters = np.bincount(row, weights=end - begin, minlength=n)
    columns = [
        ends - 1 - starts,
        words,
        letters / np.maximum(words, 1),
        total(digit),
        np.bincount(row, weights=digit[begin], minlength=n),
        total((data >= 65) & (data <= 90)),
        total(data == 10),
        total(data == 63),
        total(~is_word & (data > 32) & (data < 127)),
    ]
    return np.log1p(np.column_stack(columns).astype(float))


def _pack(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)


@dataclass(frozen=True)
class HashedScore:
    """A linear score of hashed words, counts and task.

    weights, idf: (BUCKETS,); count_mean, count_scale, count_weights: (len(COUNTS),); tasks: task -> what it adds.
    """

    weights: np.ndarray
    idf: np.ndarray
    count_mean: np.ndarray
    count_scale: np.ndarray
    count_weights: np.ndarray
    tasks: Mapping[str, float]
    intercept: float

    def score(self, texts: Sequence[str], tasks: Sequence[str | None] | None = None) -> np.ndarray:
        """Expected gain of escalating each text: float (n,). An unknown task adds nothing."""
        row, bucket, counts = hashed(texts)
        idf = self.idf[bucket]
        length = np.sqrt(np.bincount(row, weights=idf * idf, minlength=len(texts)))
        words = np.bincount(row, weights=idf * self.weights[bucket], minlength=len(texts))
        total = self.intercept + words / np.maximum(length, 1e-9)
        total += ((counts - self.count_mean) / self.count_scale) @ self.count_weights
        if tasks is not None:
            total += np.array([self.tasks.get(task, 0.0) if task is not None else 0.0 for task in tasks])
        return total

    def to_dict(self) -> dict[str, Any]:
        packed = {name: _pack(getattr(self, name)) for name in _ARRAYS}
        return {"kind": "hashed", **packed, "tasks": dict(self.tasks), "intercept": self.intercept}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HashedScore:
        weights, idf, mean, scale, of_counts = (_unpack(data[name]) for name in _ARRAYS)
        return cls(weights, idf, mean, scale, of_counts, dict(data["tasks"]), float(data["intercept"]))


def text_of(request: str | Sequence[Mapping[str, Any]]) -> str:
    """The text a request is judged by: its last user message."""
    if isinstance(request, str):
        return request
    users = [message for message in request if message.get("role") == "user"] or list(request)
    return str(users[-1].get("content") or "") if users else ""


class GainModel:
    """Learns the gain of escalating from requests that both models answered.

    A Gaussian process whose kernel is a sum of linear ones: hashed words (tf-idf), counts, and the task as a random
    effect, so that task means are shrunk to the pool by as much as the data say. Kernel weights and noise are chosen
    by leave-one-out error in closed form. All are linear, so the result is a `HashedScore`.
    """

    MOST_ROWS = 3000

    def __init__(self, *, seed: int = 0):
        self.seed = seed
        self.linear: HashedScore | None = None

    def fit(
        self,
        requests: Sequence[str | Sequence[Mapping[str, Any]]],
        weak: np.ndarray,
        strong: np.ndarray,
        tasks: Sequence[str | None] | None = None,
    ) -> GainModel:
        """weak, strong: correctness 0..1 (n,). Raises BadInput for NaN or unequal lengths."""
        weak, strong = np.asarray(weak, float), np.asarray(strong, float)
        if not len(requests) == len(weak) == len(strong) or (tasks is not None and len(tasks) != len(weak)):
            raise BadInput("requests, weak, strong and tasks differ in length")
        for name, values in (("weak", weak), ("strong", strong)):
            if len(wrong := np.flatnonzero(np.isnan(values))):
                raise BadInput(f"{name} is NaN at index {wrong[0]}")
        if not len(weak):
            raise BadInput("requests is empty: nothing to learn from")
        chosen = np.random.default_rng(self.seed).permutation(len(weak))[: self.MOST_ROWS]
        texts = [text_of(requests[i]) for i in chosen]
        names = [None if tasks is None else tasks[i] for i in chosen]
        self.linear = fit_linear(texts, (strong - weak)[chosen], names)
        return self

    def score(
        self, requests: Sequence[str | Sequence[Mapping[str, Any]]], tasks: Sequence[str | None] | None = None
    ) -> np.ndarray:
        """Expected gain (n,): higher means that the strong model is more worth its price."""
        if self.linear is None:
            raise BadInput("fit the model before asking for scores")
        return self.linear.score([text_of(request) for request in requests], tasks)

    def light(self) -> HashedScore:
        """The form that a policy carries and production evaluates in numpy alone."""
        if self.linear is None:
            raise BadInput("fit the model first")
        return self.linear


def fit_linear(texts: Sequence[str], target: np.ndarray, tasks: Sequence[str | None]) -> HashedScore:
    """The `HashedScore` nearest to `target` (n,) by leave-one-out error."""
    from scipy import sparse

    n = len(texts)
    row, bucket, counts = hashed(texts)
    seen = np.bincount(np.unique(row * BUCKETS + bucket) % BUCKETS, minlength=BUCKETS)
    idf = (np.log((1 + n) / (1 + seen)) + 1).astype(np.float32)
    length = np.sqrt(np.bincount(row, weights=idf[bucket] ** 2, minlength=n))
    words = sparse.csr_matrix((idf[bucket] / length[row], (row, bucket)), shape=(n, BUCKETS))
    mean, scale = counts.mean(0), np.maximum(counts.std(0), 1e-6)
    z = (counts - mean) / scale
    names = sorted({task for task in tasks if task is not None})
    place = {name: i for i, name in enumerate(names)}
    hot = np.zeros((n, max(len(names), 1)))
    for i, task in enumerate(tasks):
        if task is not None:
            hot[i, place[task]] = 1.0
    parts = [np.asarray((words @ words.T).todense()), z @ z.T / z.shape[1], hot @ hot.T]
    centre = target.mean()
    residual = target - centre
    best = (np.inf, np.zeros(3), 1.0)
    grids = [(w, c, t) for w in (0.3, 1.0) for c in (0.0, 0.1) for t in ((0.0, 0.2, 1.0) if len(names) > 1 else (0.0,))]
    for grid in grids:
        kernel = sum(g * part for g, part in zip(grid, parts, strict=True) if g)
        values, vectors = np.linalg.eigh(kernel)
        projected = vectors.T @ residual
        for noise in np.geomspace(0.3, 300, 10):
            shrink = 1 / (np.maximum(values, 0) + noise)
            error = (vectors @ (shrink * projected)) / ((vectors**2) @ shrink)
            if (loss := float(error @ error) / n) < best[0]:
                best = (loss, vectors @ (shrink * projected) * 1.0, noise)
                weights = grid
    dual = best[1]
    w, c, t = weights
    effects = t * (hot.T @ dual)
    return HashedScore(
        (w * (words.T @ dual)).astype(np.float32),
        idf,
        mean,
        scale,
        c * (z.T @ dual) / z.shape[1],
        {name: float(effects[i]) for i, name in enumerate(names)},
        float(centre),
    )
