"""A linear tagger of tokens: which begin a value of a kind, go on with one, or stand outside.

Logistic regression over an encoder's vectors of a token and its two neighbours. How sure it is of an answer is
calibrated on rows that it did not see. Out of scope: texts, requests and how an answer is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_softmax
from threadpoolctl import threadpool_limits

from migration.benchmark.kinds.copied.tags import OUTSIDE, likeliest_tags, touching_kinds
from migration.benchmark.kinds.heads import fit_linear, log_odds, scores

STRENGTH = 1.0
"""Inverse regularisation (C) of the logistic regression."""
MOST_TOKENS = 30_000
"""Tokens that are learned from."""


@dataclass(frozen=True)
class Tagged:
    """What a tagger says of one text. tags: int (T,), the likeliest; chance: their product of probabilities; margin:
    the least difference, over the tokens, between the tag's probability and the next one's."""

    tags: np.ndarray
    chance: float
    margin: float


@dataclass(frozen=True)
class Tagger:
    """weights: float32 (3 * width + 1, tags), the intercepts last. calibration: slope and offset of the log-odds that
    an answer is right, from those of its tags. touching: kinds of which a value may begin right after another one."""

    weights: np.ndarray
    calibration: tuple[float, float] = (1.0, 0.0)
    touching: tuple[int, ...] = ()

    def tag(self, states: np.ndarray, allowed: np.ndarray) -> Tagged:
        """states: float32 (T, width), of one text's tokens. allowed: bool (tags,), those that it may have."""
        if not len(states):
            return Tagged(np.zeros(0, int), 1.0, 1.0)
        logits = scores(beside(states), self.weights)
        log_chances = log_softmax(np.where(allowed, logits, -np.inf), axis=1)
        tags = likeliest_tags(log_chances, self.touching)
        rows = np.arange(len(tags))
        chosen = np.exp(log_chances[rows, tags])
        others = log_chances.copy()
        others[rows, tags] = -np.inf
        margin = max(float((chosen - np.exp(others.max(1))).min()), 0.0)
        return Tagged(tags, float(np.exp(log_chances[rows, tags].sum())), margin)

    def confidence(self, chance: np.ndarray) -> np.ndarray:
        """The chance that an answer whose tags have these probabilities (n,) is right."""
        slope, offset = self.calibration
        return expit(slope * log_odds(chance) + offset)


def beside(states: np.ndarray) -> np.ndarray:
    """Each token's vector between those of its neighbours, zeros beyond the ends: float32 (T, 3 * width).

    states: float32 (T, width).
    """
    padded = np.pad(states, ((1, 1), (0, 0)))
    return np.hstack([padded[:-2], states, padded[2:]])


def fit_tagger(states: Sequence[np.ndarray], tags: Sequence[np.ndarray], count: int, *, seed: int = 7) -> Tagger:
    """A tagger, not calibrated yet, from whole texts drawn until `MOST_TOKENS` are reached.

    states: of each text, float32 (T, width); tags: of its tokens, int (T,), below `count`.
    """
    order = np.random.default_rng(seed).permutation(len(states))
    sizes = np.cumsum([len(states[i]) for i in order])
    chosen = order[: max(1, int((sizes <= MOST_TOKENS).sum()))]
    view = np.vstack([beside(states[i]) for i in chosen])
    with threadpool_limits(1):
        weights = fit_linear(view, np.concatenate([tags[i] for i in chosen]), count, STRENGTH)
    return Tagger(weights, touching=touching_kinds(tags))


def allowed_tags(kinds: Sequence[int], count: int) -> np.ndarray:
    """bool (count,): the tags of these kinds, and that of a token outside."""
    allowed = np.zeros(count, bool)
    allowed[OUTSIDE] = True
    for kind in kinds:
        allowed[1 + 2 * kind : 3 + 2 * kind] = True
    return allowed
