"""How far an answer of the small model may be trusted: learned from its log-probabilities, then calibrated.

Covers: signals of answers, whether they agreed with the reference, and the task. Out of scope: prompts, thresholds.
What it learns is a `signals.SignalScore`, which production evaluates without this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.errors import BadInput, NotEnoughCalls
from migration.routing.policy.signals import Calibrator, SignalScore, transform
from migration.schema import SIGNALS
from migration.stats import wilson

FOLDS, BINS = 5, 10
FEW, MANY = 30, 200
"""Below FEW answers only a temperature is fitted, below MANY no isotonic line: it would follow the noise."""
SINGLE = {"mean_logprob": 1, "min_logprob": 1, "margin": 1, "mean_entropy": -1, "verbalised": 1, "sample_agreement": 1}
"""Signals that are compared one by one with what was learned from all, and whether more of it is better."""
PENALTIES: tuple[tuple[float, float, float | None], ...] = (
    (1.0, 1.0, None),
    (10.0, 1.0, None),
    (10.0, 1.0, 30.0),
    (100.0, 3.0, None),
    (1e6, 3.0, None),
)
"""Ridge on (shared slopes, a task's own level, a task's own slopes or None). The last trusts no signal."""


def learn_confidence(answers: pd.DataFrame, agrees: np.ndarray, *, seed: int = 0) -> SignalScore:
    """Learn the chance that an answer agrees with the reference.

    answers: one row an answer, columns `task` and any of `signals.SIGNALS`; agrees: 0..1 (n,). Slopes are shared
    between tasks, each task has its own level and, where cross-validation pays for it, its own slopes, shrunk to the
    shared ones. The calibrator is chosen on out-of-fold scores (`fit_calibrator`).
    Notes: with one outcome only, or fewer than 8 answers, signals say nothing and the rate itself is returned.
    Raises NotEnoughCalls when there is no answer, BadInput when `agrees` holds NaN.
    """
    y = np.asarray(agrees, float)
    if not len(y):
        raise NotEnoughCalls("learning the confidence", 0, 1)
    if len(wrong := np.flatnonzero(np.isnan(y))):
        raise BadInput(f"agrees is NaN at index {wrong[0]}")
    names = tuple(name for name in SIGNALS if name in answers and np.isfinite(_values(answers, name)).any())
    columns = [transform(name, _values(answers, name)) for name in names]
    mean = tuple(float(np.nanmean(column)) for column in columns)
    scale = tuple(max(float(np.nanstd(column)), 1e-6) for column in columns)
    rate = (y.sum() + 0.5) / (len(y) + 1)
    level = float(np.log(rate / (1 - rate)))
    if len(y) < 8 or y.min() == y.max() or not names:
        return SignalScore(names, mean, scale, {"*": (level, *[0.0] * len(names))})
    z = np.column_stack(
        [np.nan_to_num((c - m) / s, nan=0.0) for c, m, s in zip(columns, mean, scale, strict=True)],
    )
    tasks = answers["task"].to_numpy()
    fold = np.random.default_rng(seed).permutation(len(y)) % min(FOLDS, len(y))
    best, chosen, out_of_fold = float("inf"), PENALTIES[-1], np.full(len(y), level)
    for penalties in PENALTIES:
        raw = np.empty(len(y))
        for k in range(fold.max() + 1):
            inside = fold != k
            lines = _fit_lines(z[inside], y[inside], tasks[inside], penalties)
            raw[~inside] = _apply(lines, z[~inside], tasks[~inside])
        if (loss := log_loss(raw, y)) < best:
            best, chosen, out_of_fold = loss, penalties, raw
    final = {task: tuple(line.tolist()) for task, line in _fit_lines(z, y, tasks, chosen).items()}
    return SignalScore(names, mean, scale, final, fit_calibrator(out_of_fold, y, seed=seed))


def _values(answers: pd.DataFrame, name: str) -> np.ndarray:
    return pd.to_numeric(answers[name]).to_numpy(float, na_value=np.nan)


def _fit_lines(
    z: np.ndarray, y: np.ndarray, tasks: np.ndarray, penalties: tuple[float, float, float | None]
) -> dict[str, np.ndarray]:
    """Ridge logistic regression with a line for each task around a shared one: task -> (1 + signals,)."""
    shared, own_level, own_slopes = penalties
    names = sorted(set(tasks))
    one = np.column_stack([np.ones(len(y)), z])
    p = one.shape[1]
    blocks, ridge = [one], [np.r_[1e-3, np.full(p - 1, shared)]]
    for name in names if len(names) > 1 else ():
        here = (tasks == name).astype(float)[:, None]
        blocks.append(here if own_slopes is None else here * one)
        ridge.append(np.r_[own_level, np.full(p - 1, own_slopes)] if own_slopes is not None else np.array([own_level]))
    beta = _logistic(np.column_stack(blocks), y, np.concatenate(ridge))
    lines, at = {"*": beta[:p]}, p
    for name in names:
        lines[name] = beta[:p].copy()
        if len(names) > 1:
            width = 1 if own_slopes is None else p
            lines[name][:width] += beta[at : at + width]
            at += width
    return lines


def _logistic(x: np.ndarray, y: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Newton's method for logistic regression with a penalty of ridge/2 * beta^2 on each weight."""
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        slope = x.T @ (y - chance) - ridge * beta
        curve = (x * np.maximum(chance * (1 - chance), 1e-6)[:, None]).T @ x
        step = np.linalg.solve(curve + np.diag(ridge), slope)
        beta = beta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    return beta


def _apply(lines: dict[str, np.ndarray], z: np.ndarray, tasks: np.ndarray) -> np.ndarray:
    per_row = np.array([lines.get(task, lines["*"]) for task in tasks])
    return per_row[:, 0] + (per_row[:, 1:] * z).sum(1)


def log_loss(raw: np.ndarray, y: np.ndarray) -> float:
    """Mean negative log likelihood of outcomes y (0..1) at log-odds `raw`."""
    return float(np.mean(np.logaddexp(0, raw) - y * raw))


def fit_calibrator(raw: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Calibrator:
    """The calibrator with the least cross-validated Brier score; the simpler one where they are within one error.

    raw: log-odds from answers that the score was not fitted on (n,). From simple to supple: temperature (Guo et al.
    2017), Platt (1999), isotonic with a line between the centres of its blocks (Oron and Flournoy 2017), so that
    equal confidences stay rare. y: 0 or 1 (n,), whether the answer agreed.
    """
    raw, y = np.asarray(raw, float), np.asarray(y, float)
    kinds = ["temperature"]
    if y.min() == y.max() or raw.min() == raw.max():
        rate = (y.sum() + 0.5) / (len(y) + 1)
        return Calibrator("platt", (0.0, float(np.log(rate / (1 - rate)))))
    kinds += ["platt"] if len(y) >= FEW else []
    kinds += ["isotonic"] if len(y) >= MANY else []
    fold = np.random.default_rng(seed).permutation(len(y)) % FOLDS
    losses = {kind: np.empty(len(y)) for kind in kinds}
    for k in range(FOLDS if len(kinds) > 1 else 0):
        inside = fold != k
        for kind in kinds:
            losses[kind][~inside] = (_CALIBRATORS[kind](raw[inside], y[inside])(raw[~inside]) - y[~inside]) ** 2
    chosen = kinds[0]
    for kind in kinds[1:]:
        better = losses[chosen] - losses[kind]
        if better.mean() > better.std() / np.sqrt(len(y)):
            chosen = kind
    return _CALIBRATORS[chosen](raw, y)


def _temperature(raw: np.ndarray, y: np.ndarray) -> Calibrator:
    return Calibrator("temperature", (float(_logistic(raw[:, None], y, np.array([1e-3]))[0]), 0.0))


def _platt(raw: np.ndarray, y: np.ndarray) -> Calibrator:
    slope, level = _logistic(np.column_stack([raw, np.ones(len(raw))]), y, np.array([1e-3, 1e-3]))
    return Calibrator("platt", (max(float(slope), 0.0), float(level)))


def _isotonic(raw: np.ndarray, y: np.ndarray) -> Calibrator:
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(raw, kind="stable")
    fitted = isotonic_regression(y[order], y_min=0.0, y_max=1.0)
    starts = np.flatnonzero(np.r_[True, np.diff(fitted) > 0])
    sizes = np.diff(np.r_[starts, len(raw)])
    centres = np.add.reduceat(raw[order], starts) / sizes
    height = np.clip(fitted[starts], 0.5 / len(raw), 1 - 0.5 / len(raw))
    return Calibrator("isotonic", tuple(centres.tolist()), tuple(np.maximum.accumulate(height).tolist()))


_CALIBRATORS = {"temperature": _temperature, "platt": _platt, "isotonic": _isotonic}


def auroc(score: np.ndarray, outcome: np.ndarray) -> float:
    """Chance that a right answer scores above a wrong one (ties half). NaN where all are right or all wrong.

    score: (n,), higher is surer; outcome: 0 or 1 (n,).
    """
    from scipy.stats import rankdata

    right = np.asarray(outcome) > 0.5
    n1, n0 = int(right.sum()), int((~right).sum())
    return float((rankdata(score)[right].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)) if n1 and n0 else float("nan")


def aurc(score: np.ndarray, outcome: np.ndarray) -> float:
    """Area under the risk-coverage curve: mean error of the kept answers over all coverages. Lower is better.

    score: (n,), higher is surer; outcome: 0 or 1 (n,).
    """
    order = np.argsort(-np.asarray(score, float), kind="stable")
    wrong = 1 - np.asarray(outcome, float)[order]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


def compare_signals(answers: pd.DataFrame, agrees: np.ndarray, learned: np.ndarray) -> pd.DataFrame:
    """Single signals beside the learned confidence, per task and over all tasks (`ALL`).

    answers: columns task and signals; agrees, learned: (n,). Returns task, signal, n, auroc, aurc.
    """
    signals = {"learned": np.asarray(learned, float)}
    for name, sign in SINGLE.items():
        if name in answers and np.isfinite(_values(answers, name)).any():
            signals[name] = sign * np.nan_to_num(_values(answers, name), nan=-1e9 * sign)
    if "mean_logprob" in answers and "completion_tokens" in answers:
        total = _values(answers, "mean_logprob") * _values(answers, "completion_tokens")
        signals["sum_logprob"] = np.nan_to_num(total, nan=-1e9)
    y, tasks = np.asarray(agrees, float), answers["task"].to_numpy()
    rows = []
    for task in ["ALL", *sorted(set(tasks))]:
        here = tasks == task if task != "ALL" else np.ones(len(y), bool)
        for name, values in signals.items():
            marks = {"auroc": auroc(values[here], y[here]), "aurc": aurc(values[here], y[here])}
            rows.append({"task": task, "signal": name, "n": int(here.sum()), **marks})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error over equally filled bins, with a 95% bootstrap interval. Unit: probability.

    Notes: an ECE of few answers is biased upwards; compare only values of the same n.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n={self.n})"


def calibration_error(confidence: np.ndarray, outcome: np.ndarray) -> CalibrationError:
    """Expected calibration error (Naeini et al. 2015). Raises NotEnoughCalls when n is 0.

    confidence: 0..1 (n,); outcome: 0 or 1 (n,).
    """
    c, y = np.asarray(confidence, float), np.asarray(outcome, float)
    if not len(c):
        raise NotEnoughCalls("a calibration error", 0, 1)
    rng = np.random.default_rng(0)
    drawn = (rng.integers(0, len(c), len(c)) for _ in range(300))
    draws = [_ece(c[chosen], y[chosen]) for chosen in drawn]
    low, high = np.quantile(draws, [0.025, 0.975])
    return CalibrationError(_ece(c, y), float(low), float(high), len(c))


def _ece(c: np.ndarray, y: np.ndarray) -> float:
    edges = _edges(c)
    order = np.argsort(c, kind="stable")
    gaps = np.add.reduceat((c - y)[order], edges)
    return float(np.abs(gaps).sum() / len(c))


def _edges(c: np.ndarray) -> np.ndarray:
    """Where each bin starts in the sorted confidences; equal confidences share a bin."""
    ordered = np.sort(c)
    starts = np.linspace(0, len(c), min(BINS, len(c)) + 1).astype(int)[:-1]
    return np.unique(np.searchsorted(ordered, ordered[starts], side="left"))


def reliability(confidence: np.ndarray, outcome: np.ndarray) -> pd.DataFrame:
    """Confidence beside what came true, in equally filled bins: confidence, agreement, low, high (Wilson 95%), n.

    confidence: 0..1 (n,); outcome: 0 or 1 (n,).
    """
    c, y = np.asarray(confidence, float), np.asarray(outcome, float)
    order, edges = np.argsort(c, kind="stable"), _edges(c)
    rows = []
    for chosen in np.split(order, edges[1:]):
        rate = wilson(round(float(y[chosen].sum())), len(chosen))
        rows.append((c[chosen].mean(), y[chosen].mean(), rate.low, rate.high, len(chosen)))
    return pd.DataFrame(rows, columns=["confidence", "agreement", "low", "high", "n"])
