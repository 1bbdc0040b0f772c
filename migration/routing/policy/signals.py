"""From the signals of one answer to the chance that it is right: the arithmetic, without the learning.

Covers: how a learned score and its calibration are stored and evaluated, in plain Python and numpy.
Out of scope: how they were learned (`confidence` does that).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeGuard

import numpy as np

_LENGTHS = ("completion_tokens", "prompt_tokens", "output_chars")


def transform(name: str, values: np.ndarray) -> np.ndarray:
    """A signal on the scale that scores are linear in: logs for lengths, log-probabilities cut at -20.

    values: (n,), of the signal `name`.
    """
    if name in _LENGTHS:
        return np.log1p(np.maximum(values, 0.0))
    return np.clip(values, -20.0, 20.0)


@dataclass(frozen=True)
class Calibrator:
    """From a raw score (log-odds) to a probability: `identity`, `temperature`, `platt` or `isotonic`.

    x, y: for isotonic the knots of a line that never falls; for the others x is (slope, intercept).
    """

    kind: str = "identity"
    x: tuple[float, ...] = (1.0, 0.0)
    y: tuple[float, ...] = ()

    def __call__(self, score: np.ndarray | float) -> np.ndarray:
        if self.kind == "isotonic":
            return np.asarray(np.interp(score, self.x, self.y))
        slope, intercept = self.x
        return np.asarray(1 / (1 + np.exp(-np.clip(slope * np.asarray(score) + intercept, -30, 30))))


def is_finite(value: object) -> TypeGuard[float]:
    """Whether `value` is a number that a float can hold: no truth value, NaN, infinity or integer of 400 digits."""
    most = sys.float_info.max
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


@dataclass(frozen=True)
class SignalScore:
    """A linear score of an answer's signals, one line a task, and its calibration.

    names: signals used; mean, scale: of their transformed values (their mean also stands in for a missing one).
    weights: task -> (intercept, weight of each signal), "*" for any other task.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: Mapping[str, tuple[float, ...]]
    calibrator: Calibrator = field(default_factory=Calibrator)

    def confidence(self, answer: Mapping[str, object], task: str | None = None) -> float:
        """Calibrated chance of one answer. 0.0 where the answer carries none of the signals."""
        weights = self.weights.get(task or "*", self.weights["*"])
        total, seen = weights[0], 0
        for name, mean, scale, weight in zip(self.names, self.mean, self.scale, weights[1:], strict=True):
            value = answer.get(name)
            if not is_finite(value):
                continue
            value = math.log1p(max(value, 0.0)) if name in _LENGTHS else min(20.0, max(-20.0, value))
            total, seen = total + weight * (value - mean) / scale, seen + 1
        return float(self.calibrator(total)) if seen else 0.0

    def raw(self, signals: Mapping[str, np.ndarray], tasks: np.ndarray) -> np.ndarray:
        """Uncalibrated log-odds of many answers: signals name -> (n,), tasks (n,)."""
        columns = [
            np.nan_to_num((transform(name, np.asarray(signals[name], float)) - mean) / scale, nan=0.0)
            for name, mean, scale in zip(self.names, self.mean, self.scale, strict=True)
        ]
        design = np.column_stack([np.ones(len(tasks)), *columns])
        lines = {task: np.asarray(line) for task, line in self.weights.items()}
        per_row = np.array([lines.get(task, lines["*"]) for task in tasks]).reshape(design.shape)
        return (design * per_row).sum(1)

    def to_dict(self) -> dict[str, object]:
        """As policy.json holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignalScore:
        """Read what `to_dict` wrote."""
        calibrator = data["calibrator"]
        return cls(
            tuple(data["names"]),
            tuple(data["mean"]),
            tuple(data["scale"]),
            {task: tuple(line) for task, line in data["weights"].items()},
            Calibrator(calibrator["kind"], tuple(calibrator["x"]), tuple(calibrator["y"])),
        )
