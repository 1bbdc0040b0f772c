"""The score before the call as production evaluates it, in numpy alone: features of a request times weights.

Covers: the words and the shape of a request, and its task. Out of scope: how the weights were learned (`gain` does).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from migration.routing.tuning.learning.features import COUNTS, hashed

Messages = str | Sequence[Mapping[str, object]]
"""A request: its text, or a conversation."""
WAVES = 512
"""Random Fourier features of the counts (Rahimi and Recht 2007): their scalar products approach a kernel."""
SCALES = (0.5, 1.0, 2.0)
"""The kernel is the mean of Gaussians of these inverse widths: coarse and fine differences of shape both count."""


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


_LINEAR, _SHARED = ("weights", "wave_weights"), ("idf", "count_mean", "count_scale")


@dataclass(frozen=True)
class Linear:
    """A linear function of a request's features. weights: (BUCKETS,); wave_weights: (WAVES,); tasks: what each adds."""

    weights: np.ndarray
    wave_weights: np.ndarray
    tasks: Mapping[str, float]
    intercept: float

    def to_dict(self) -> dict[str, object]:
        """As policy.json holds it: arrays packed, the rest plain."""
        packed = {name: _pack(getattr(self, name)) for name in _LINEAR}
        return {**packed, "tasks": dict(self.tasks), "intercept": self.intercept}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Linear:
        """Read what `to_dict` wrote."""
        weights, of_waves = (_unpack(data[name]) for name in _LINEAR)
        return cls(weights, of_waves, dict(data["tasks"]), float(data["intercept"]))


@dataclass(frozen=True)
class Curve:
    """What the ease of a request adds to its gain: slope * z + bend * z^2 + level, z the standardised ease.

    Ease is how many of the two models are expected to be right. Nothing is gained where both are right or both are
    wrong, so the gain is largest in between. z is kept within [low, high], what was seen in learning.
    """

    mean: float
    scale: float
    low: float
    high: float
    slope: float
    bend: float
    level: float

    def __call__(self, ease: np.ndarray) -> np.ndarray:
        z = np.clip((ease - self.mean) / self.scale, self.low, self.high)
        return self.level + z * (self.slope + z * self.bend)


@dataclass(frozen=True)
class HashedScore:
    """Expected gain from hashed words, waves of the counts, and the task: linear, and a curve of the expected ease.

    idf: (BUCKETS,); count_mean, count_scale: (len(COUNTS),). `ease` and `curve` are None where no curve was seen.
    """

    idf: np.ndarray
    count_mean: np.ndarray
    count_scale: np.ndarray
    gain: Linear
    ease: Linear | None = None
    curve: Curve | None = None

    def score(self, texts: Sequence[str], tasks: Sequence[str | None] | None = None) -> np.ndarray:
        """Expected gain of escalating each text: float (n,). An unknown task adds nothing."""
        if not len(texts):
            return np.zeros(0)
        row, bucket, counts = hashed(texts)
        idf = self.idf[bucket]
        length = np.maximum(np.sqrt(np.bincount(row, weights=idf * idf, minlength=len(texts))), 1e-9)
        shape = waves((counts - self.count_mean) / self.count_scale)

        def linear(part: Linear) -> np.ndarray:
            words = np.bincount(row, weights=idf * part.weights[bucket], minlength=len(texts))
            known = part.tasks if tasks is not None else {}
            of_task = [known.get(task, 0.0) if task is not None else 0.0 for task in tasks or [None] * len(texts)]
            return part.intercept + words / length + shape @ part.wave_weights + np.array(of_task)

        total = linear(self.gain)
        return total + self.curve(linear(self.ease)) if self.curve and self.ease else total

    def to_dict(self) -> dict[str, object]:
        """As policy.json holds it: arrays packed, the rest plain."""
        shared = {name: _pack(getattr(self, name)) for name in _SHARED}
        ease, curve = self.ease.to_dict() if self.ease else None, asdict(self.curve) if self.curve else None
        return {"kind": "hashed", **shared, "gain": self.gain.to_dict(), "ease": ease, "curve": curve}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HashedScore:
        """Read what `to_dict` wrote."""
        ease, curve = data["ease"], data["curve"]
        return cls(
            **{name: _unpack(data[name]) for name in _SHARED},
            gain=Linear.from_dict(data["gain"]),
            ease=Linear.from_dict(ease) if ease else None,
            curve=Curve(**curve) if curve else None,
        )


def words_of(message: Mapping[str, object]) -> str:
    """A message's content as one text; content in parts as JSON."""
    content = message.get("content")
    return content if isinstance(content, str) else "" if content is None else json.dumps(content)


def text_of(request: Messages) -> str:
    """The text a request is judged by: the last message of the user, or of anybody where the user said nothing."""
    if isinstance(request, str):
        return request
    for message in reversed(request):
        if message.get("role") == "user":
            return words_of(message)
    return words_of(request[-1]) if len(request) else ""
