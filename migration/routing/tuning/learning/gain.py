"""What escalating a request would gain, said before anybody answers it: P(LLM right) - P(SLM right).

Covers: a few hundred requests that both models answered. Out of scope: answers, confidences, thresholds.
What it learns is a `score.HashedScore`, which production evaluates without this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from migration.errors import BadInput
from migration.routing.policy.score import Curve, HashedScore, Linear, Messages, text_of, waves
from migration.routing.tuning.evaluating.sweeping import columns
from migration.routing.tuning.learning.features import BUCKETS, hashed

WORDS, SHAPE, TASK = 1.0, 0.5, 0.6
"""How much of the variance of the gain the words, the shape and the task are expected to explain, relative. Set once,
by looking at a few random splits of two public outcome tables; a factor of two either way changes little."""
FEW = 30
"""Outcomes under which no curve of the ease is looked for."""
NOISES = tuple(np.geomspace(0.1, 300, 15))
PATIENCE = 1.0
"""Standard errors of the leave-one-out error that are taken for no difference: outcomes are noisy, so shrink more."""


class GainModel:
    """Learns the gain of escalating from requests that both models answered.

    A Gaussian process with a sum of three kernels: words and word pairs (tf-idf, linear), the shape of the request
    (Gaussians of 21 counts), and the task as a random effect, so that task means are shrunk to the pool. The noise is
    chosen by leave-one-out error, which has a closed form. Each kernel has finite features, so the result is linear.
    The same process predicts the ease of a request (weak + strong), which is far less noisy than their difference,
    and what the gain still owes to it, a parabola, is added (`Curve`), shrunk by how surely it is there.

    Notes: predicting the gain itself beats predicting the SLM's failure. With more than MOST_ROWS outcomes a random
    MOST_ROWS of them are used: the cost is cubic.
    """

    MOST_ROWS = 3000

    def __init__(self, *, seed: int = 0):
        self.seed = seed
        self._linear: HashedScore | None = None

    def fit(
        self,
        requests: Sequence[Messages],
        weak: np.ndarray | Sequence[float],
        strong: np.ndarray | Sequence[float],
        tasks: Sequence[str | None] | None = None,
    ) -> GainModel:
        """weak, strong: correctness 0..1 (n,). Raises BadInput for NaN, unequal lengths, or no request."""
        texts = _texts(requests)
        names = [None] * len(texts) if tasks is None else _names(tasks)
        if not texts:
            raise BadInput("requests is empty: nothing to learn from")
        lengths = {"requests": len(texts), "weak": np.size(weak), "strong": np.size(strong), "tasks": len(names)}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"requests, weak, strong and tasks differ in length: {lengths}")
        weak, strong = columns(weak=weak, strong=strong)
        chosen = np.random.default_rng(self.seed).permutation(len(texts))[: self.MOST_ROWS]
        self._linear = _fit([texts[i] for i in chosen], weak[chosen], strong[chosen], [names[i] for i in chosen])
        return self

    def score(self, requests: Sequence[Messages], tasks: Sequence[str | None] | None = None) -> np.ndarray:
        """Expected gain (n,): higher means that the strong model is more worth its price.

        Raises BadInput before `fit` and for unequal lengths.
        """
        texts, names = _texts(requests), None if tasks is None else _names(tasks)
        if names is not None and len(names) != len(texts):
            raise BadInput(f"requests and tasks differ in length: {len(texts)} and {len(names)}")
        return self.light().score(texts, names)

    def light(self) -> HashedScore:
        """The form that a policy carries. Raises BadInput before `fit`."""
        if self._linear is None:
            raise BadInput("fit the gain model before asking for scores")
        return self._linear


def _texts(requests: Sequence[Messages]) -> list[str]:
    if isinstance(requests, str):
        raise BadInput("requests is one text: give a list of texts, or of conversations")
    for i, request in enumerate(requests):
        if not isinstance(request, str) and not _is_conversation(request):
            raise BadInput(f"requests is {type(request).__name__} at index {i}: give a text or a list of messages")
    return [text_of(request) for request in requests]


def _is_conversation(request: object) -> bool:
    return isinstance(request, list | tuple | np.ndarray) and all(isinstance(part, Mapping) for part in request)


def _names(tasks: Sequence[str | None]) -> list[str | None]:
    """Tasks as words; None and NaN are no task."""
    if isinstance(tasks, str):
        raise BadInput("tasks is one text: give the task of each request")
    return [None if task is None or (isinstance(task, float) and math.isnan(task)) else str(task) for task in tasks]


def _fit(texts: Sequence[str], weak: np.ndarray, strong: np.ndarray, tasks: Sequence[str | None]) -> HashedScore:
    """The posterior means of the Gaussian process, as weights of its features. weak, strong: (n,)."""
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
    hot = (np.array(tasks, object)[:, None] == np.array(names, object)[None, :]).astype(float)
    kernel = WORDS * (words @ words.T).toarray() + SHAPE * shape @ shape.T + TASK * hot @ hot.T
    values, vectors = np.linalg.eigh(kernel)

    def learn(target: np.ndarray) -> tuple[Linear, np.ndarray]:
        centre = float(target.mean())
        dual, left_out = _posterior(np.maximum(values, 0), vectors, target - centre)
        effects = dict(zip(names, (TASK * (hot.T @ dual)).tolist(), strict=True))
        return Linear(WORDS * (words.T @ dual), SHAPE * (shape.T @ dual), effects, centre), left_out + centre

    gain, expected = learn(strong - weak)
    if not (np.ptp(weak) and np.ptp(strong)):  # where one model never varies, the ease is the gain itself
        return HashedScore(idf, mean, scale, gain)
    ease, seen = learn(strong + weak)
    curve = _curve(seen, strong - weak - expected)
    return HashedScore(idf, mean, scale, gain, ease if curve else None, curve)


def _posterior(values: np.ndarray, vectors: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(kernel + noise)^-1 target, and what each row is predicted without itself.

    The noise is the largest whose leave-one-out error is within PATIENCE of the least. values, vectors: the kernel's.
    """
    projected, squared = vectors.T @ target, vectors**2
    inverses = [1 / (values + noise) for noise in NOISES]
    duals = [vectors @ (inverse * projected) for inverse in inverses]
    missed = np.array([dual / (squared @ inverse) for dual, inverse in zip(duals, inverses, strict=True)])
    errors = missed**2
    best = int(errors.mean(1).argmin())
    worse = errors - errors[best]
    near = worse.mean(1) <= PATIENCE * worse.std(1) / np.sqrt(len(target))
    chosen = max(best, int(np.flatnonzero(near)[-1]))
    return duals[chosen], target - missed[chosen]


def _curve(ease: np.ndarray, rest: np.ndarray) -> Curve | None:
    """The parabola of `ease` in what the gain's own prediction leaves over, both left out (n,); None for none.

    It is shrunk as James and Stein (1961) would: by 1 - 1/F, and to nothing where F is under 1.
    """
    n, scale = len(ease), float(ease.std())
    if n < FEW or scale < 1e-6:
        return None
    z, rest = (ease - ease.mean()) / scale, rest - rest.mean()
    design = np.column_stack([z, z * z - 1])
    (slope, bend), *_ = np.linalg.lstsq(design, rest, rcond=None)
    explained = design @ [slope, bend]
    noise = float(((rest - explained) ** 2).sum()) / (n - 3)
    kept = 1 - 2 * noise / max(float(explained @ explained), 1e-12)
    if kept <= 0:
        return None
    found = (ease.mean(), scale, z.min(), z.max(), kept * slope, kept * bend, -kept * bend)
    return Curve(*(float(value) for value in found))
