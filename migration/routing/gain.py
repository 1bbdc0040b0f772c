"""What escalating a request would gain, said before anybody answers it: P(LLM right) - P(SLM right).

Knows: the words and the shape of a request, and its task. Refuses to know: answers, confidences, thresholds.
`HashedScore` is the form that production evaluates, in numpy alone; `GainModel` learns it from a few hundred requests
that both models answered.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from migration.errors import BadInput
from migration.routing.features import BUCKETS, COUNTS, hashed

WAVES = 512
"""Random Fourier features of the counts (Rahimi and Recht 2007): their scalar products approach a kernel."""
SCALES = (0.5, 1.0, 2.0)
"""The kernel is the mean of Gaussians of these inverse widths: coarse and fine differences of shape both count."""
WORDS, SHAPE, TASK = 1.0, 0.5, 0.6
"""How much of the variance of the gain the words, the shape and the task are expected to explain, relative. Set once,
by looking at a few random splits of two public outcome tables; a factor of two either way changes little."""
NOISES = tuple(np.geomspace(0.1, 300, 15))
PATIENCE = 1.0
"""Standard errors of the leave-one-out error that are taken for no difference: outcomes are noisy, so shrink more."""


def waves(counts: np.ndarray) -> np.ndarray:
    """Standardised counts (n, len(COUNTS)) as WAVES cosines of fixed random directions and phases."""
    directions, phases = _directions()
    angles = np.clip(counts, -4, 4).astype(np.float32) @ directions + phases
    return np.float32(np.sqrt(2 / WAVES)) * np.cos(angles)


_made: list[tuple[np.ndarray, np.ndarray]] = []


def _directions() -> tuple[np.ndarray, np.ndarray]:
    """Normal directions and even phases, the same on every machine: drawn by hashing, not by a generator's version."""
    if not _made:
        size = (len(COUNTS) + 1) * WAVES
        codes = np.arange(1, 2 * size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
            codes = (codes ^ (codes >> np.uint64(shift))) * np.uint64(factor)
        even = ((codes ^ (codes >> np.uint64(31))) >> np.uint64(11)).astype(float) / 2**53
        normal = np.sqrt(-2 * np.log(even[:size] + 1e-300)) * np.cos(2 * np.pi * even[size:])  # Box and Muller
        directions = normal[:-WAVES].reshape(len(COUNTS), WAVES) / np.sqrt(len(COUNTS)) * np.resize(SCALES, WAVES)
        phases = 2 * np.pi * even[-WAVES:]
        _made.append((directions.astype(np.float32), phases.astype(np.float32)))
    return _made[0]


def _pack(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float64)


_ARRAYS = ("weights", "idf", "count_mean", "count_scale", "wave_weights")


@dataclass(frozen=True)
class HashedScore:
    """A linear score of hashed words, waves of the counts, and the task.

    weights, idf: (BUCKETS,); count_mean, count_scale: (len(COUNTS),); wave_weights: (WAVES,); tasks: what each adds.
    """

    weights: np.ndarray
    idf: np.ndarray
    count_mean: np.ndarray
    count_scale: np.ndarray
    wave_weights: np.ndarray
    tasks: Mapping[str, float]
    intercept: float

    def score(self, texts: Sequence[str], tasks: Sequence[str | None] | None = None) -> np.ndarray:
        """Expected gain of escalating each text: float (n,). An unknown task adds nothing."""
        if not len(texts):
            return np.zeros(0)
        row, bucket, counts = hashed(texts)
        idf = self.idf[bucket]
        length = np.sqrt(np.bincount(row, weights=idf * idf, minlength=len(texts)))
        words = np.bincount(row, weights=idf * self.weights[bucket], minlength=len(texts))
        total = self.intercept + words / np.maximum(length, 1e-9)
        total += waves((counts - self.count_mean) / self.count_scale) @ self.wave_weights
        if tasks is not None:
            total += np.array([self.tasks.get(task, 0.0) if task is not None else 0.0 for task in tasks])
        return total

    def to_dict(self) -> dict[str, Any]:
        packed = {name: _pack(getattr(self, name)) for name in _ARRAYS}
        return {"kind": "hashed", **packed, "tasks": dict(self.tasks), "intercept": self.intercept}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HashedScore:
        weights, idf, mean, scale, of_waves = (_unpack(data[name]) for name in _ARRAYS)
        return cls(weights, idf, mean, scale, of_waves, dict(data["tasks"]), float(data["intercept"]))


def text_of(request: str | Sequence[Mapping[str, Any]]) -> str:
    """The text a request is judged by: its last user message."""
    if isinstance(request, str):
        return request
    users = [message for message in request if message.get("role") == "user"] or list(request)
    return str(users[-1].get("content") or "") if users else ""


class GainModel:
    """Learns the gain of escalating from requests that both models answered.

    A Gaussian process with a sum of three kernels: words and word pairs (tf-idf, linear), the shape of the request
    (Gaussians of 21 counts), and the task as a random effect, so that task means are shrunk to the pool. The noise is
    chosen by leave-one-out error, which has a closed form. Each kernel has finite features, so the result is linear.

    Notes: predicting the gain itself beats predicting the SLM's failure. With more than MOST_ROWS outcomes a random
    MOST_ROWS of them are used: the cost is cubic.
    """

    MOST_ROWS = 3000

    def __init__(self, *, seed: int = 0):
        self.seed = seed
        self._linear: HashedScore | None = None

    def fit(
        self,
        requests: Sequence[str | Sequence[Mapping[str, Any]]],
        weak: np.ndarray | Sequence[float],
        strong: np.ndarray | Sequence[float],
        tasks: Sequence[str | None] | None = None,
    ) -> GainModel:
        """weak, strong: correctness 0..1 (n,). Raises BadInput for NaN, unequal lengths, or no request."""
        weak, strong = np.asarray(weak, float), np.asarray(strong, float)
        tasks = None if tasks is None else list(tasks)
        if not len(requests) == len(weak) == len(strong) or (tasks is not None and len(tasks) != len(weak)):
            raise BadInput("requests, weak, strong and tasks differ in length")
        for name, values in (("weak", weak), ("strong", strong)):
            if len(wrong := np.flatnonzero(np.isnan(values))):
                raise BadInput(f"{name} is NaN at index {wrong[0]}")
        if not len(weak):
            raise BadInput("requests is empty: nothing to learn from")
        chosen = np.random.default_rng(self.seed).permutation(len(weak))[: self.MOST_ROWS]
        texts = [text_of(request) for request in requests]
        names = [None if tasks is None else tasks[i] for i in chosen]
        self._linear = _fit([texts[i] for i in chosen], (strong - weak)[chosen], names)
        return self

    def score(
        self, requests: Sequence[str | Sequence[Mapping[str, Any]]], tasks: Sequence[str | None] | None = None
    ) -> np.ndarray:
        """Expected gain (n,): higher means that the strong model is more worth its price."""
        return self.light().score([text_of(request) for request in requests], None if tasks is None else list(tasks))

    def light(self) -> HashedScore:
        """The form that a policy carries. Raises BadInput before `fit`."""
        if self._linear is None:
            raise BadInput("fit the gain model before asking for scores")
        return self._linear


def _fit(texts: Sequence[str], gain: np.ndarray, tasks: Sequence[str | None]) -> HashedScore:
    """The posterior mean of the Gaussian process, as weights of its features. gain: (n,)."""
    from scipy import sparse

    n = len(texts)
    row, bucket, counts = hashed(texts)
    documents = np.unique(row * BUCKETS + bucket) % BUCKETS
    idf = np.log((1 + n) / (1 + np.bincount(documents, minlength=BUCKETS))) + 1
    length = np.sqrt(np.bincount(row, weights=idf[bucket] ** 2, minlength=n))
    words = sparse.csr_matrix((idf[bucket] / length[row], (row, bucket)), shape=(n, BUCKETS))
    mean, scale = counts.mean(0), np.maximum(counts.std(0), 0.05)
    shape = waves((counts - mean) / scale).astype(float)
    names = sorted({task for task in tasks if task is not None})
    hot = np.array([[task == name for name in names] for task in tasks], float).reshape(n, len(names))
    kernel = WORDS * (words @ words.T).toarray() + SHAPE * shape @ shape.T + TASK * hot @ hot.T
    centre = float(gain.mean())
    dual = _dual(kernel, gain - centre)
    effects = TASK * (hot.T @ dual)
    return HashedScore(
        WORDS * (words.T @ dual), idf, mean, scale, SHAPE * (shape.T @ dual),
        {name: float(effect) for name, effect in zip(names, effects, strict=True)}, centre,
    )  # fmt: skip


def _dual(kernel: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(kernel + noise)^-1 target at the largest noise whose leave-one-out error is within PATIENCE of the least."""
    values, vectors = np.linalg.eigh(kernel)
    projected, squared = vectors.T @ target, vectors**2
    inverses = [1 / (np.maximum(values, 0) + noise) for noise in NOISES]
    duals = [vectors @ (inverse * projected) for inverse in inverses]
    errors = np.array([(dual / (squared @ inverse)) ** 2 for dual, inverse in zip(duals, inverses, strict=True)])
    best = int(errors.mean(1).argmin())
    worse = errors - errors[best]
    near = worse.mean(1) <= PATIENCE * worse.std(1) / np.sqrt(len(target))
    return duals[max(best, int(np.flatnonzero(near)[-1]))]
