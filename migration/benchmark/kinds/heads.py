"""A linear classifier over both views of a text, with a confidence that means what it says.

One multinomial logistic regression reads the meaning, one the words; their logits are added with weights that are
fitted, like every other choice, by cross-validation on the training rows alone. Out of scope: texts and answers.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from migration.benchmark.kinds.views import Views

STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse regularisation (C) that is tried for the meaning, and for the words."""
FOLDS = 4
MOST_VALIDATED = 4000
"""Rows that cross-validation looks at: more would take longer and choose the same."""
_NEVER = -1000.0

View: TypeAlias = np.ndarray | sparse.csr_matrix


@dataclass(frozen=True)
class Head:
    """Weights of a fitted classifier; K classes.

    meaning: (width + 1, K), words: (HASHED + 1, K), the last row the intercept. mix: the weight of either one's
    logits. calibration: slope and offset of the log-odds of being right, from those of the likeliest class. agreement:
    share of training rows that were answered right out of their fold.
    """

    meaning: np.ndarray
    words: np.ndarray
    mix: tuple[float, float]
    calibration: tuple[float, float] = (1.0, 0.0)
    agreement: float = float("nan")

    @property
    def classes(self) -> int:
        """How many answers it chooses among."""
        return self.meaning.shape[1]

    def probabilities(self, x: Views, allowed: np.ndarray) -> np.ndarray:
        """Of each class: float (n, K). allowed: bool (n, K), the classes that a row may have."""
        a, b = self.mix
        logits = a * scores(x.meaning, self.meaning) + b * scores(x.words, self.words)
        return softmax(np.where(allowed, logits, -np.inf), axis=1)

    def confidence(self, likeliest: np.ndarray) -> np.ndarray:
        """The chance that the likeliest class, of these probabilities (n,), is right."""
        slope, offset = self.calibration
        return expit(slope * log_odds(likeliest) + offset)


def fit_head(x: Views, y: np.ndarray, allowed: np.ndarray, *, seed: int = 7) -> Head:
    """Fit on rows of classes y, int (n,); rows of class -1 (answers that are no class) only count as failures.
    allowed: bool (n, K), the classes that a row may have.

    C of either view, the mix and the calibration come from `FOLDS`-fold cross-validation, stratified by class.
    """
    with threadpool_limits(1):  # small products: a second thread costs more than it gives
        rows = np.random.default_rng(seed).permutation(len(y))[:MOST_VALIDATED]
        found = [_best(view, y[rows], allowed.shape[1], seed) for view in (x.meaning[rows], x.words[rows])]
        (first, meaning), (second, words) = found
        meaning[~allowed[rows]] = _NEVER
        mix = _mix(meaning, words, y[rows])
        known, classes = y >= 0, allowed.shape[1]
        of_meaning = fit_linear(x.meaning[known], y[known], classes, first)
        of_words = fit_linear(x.words[known], y[known], classes, second)
        outside = softmax(mix[0] * meaning + mix[1] * words, axis=1)
        right = outside.argmax(1) == y[rows]
        return Head(of_meaning, of_words, mix, calibration(outside.max(1), right), float(right.mean()))


def out_of_fold(view: View, y: np.ndarray, classes: int, strength: float, *, seed: int = 7) -> np.ndarray:
    """Log-probabilities of each row by a classifier that did not see it: float (n, classes).

    y: int (n,), the class of each row.
    """
    fold, out = _folds(y, seed), np.zeros((len(y), classes))
    for each in range(FOLDS):
        out[fold == each] = _held(view, y, classes, strength, fold == each)
    return out


def _held(view: View, y: np.ndarray, classes: int, strength: float, held: np.ndarray) -> np.ndarray:
    """Log-probabilities of the rows that `held`, bool (n,), keeps from the fit."""
    seen = ~held & (y >= 0)
    return log_softmax(scores(view[held], fit_linear(view[seen], y[seen], classes, strength)), axis=1)


def _best(view: View, y: np.ndarray, classes: int, seed: int) -> tuple[float, np.ndarray]:
    """The strength with the least log loss on the rows of one fold, and the log-probabilities of all rows out of
    their folds with it."""
    held = _folds(y, seed) == 0
    loss = {c: _log_loss(_held(view, y, classes, c, held), y[held]) for c in STRENGTHS}
    best = min(STRENGTHS, key=loss.__getitem__)
    return best, out_of_fold(view, y, classes, best, seed=seed)


def _log_loss(log_probabilities: np.ndarray, y: np.ndarray) -> float:
    known = y >= 0
    return float(-log_probabilities[known, y[known]].mean()) if known.any() else 0.0


def _mix(meaning: np.ndarray, words: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Weights of the two views' log-probabilities with the least log loss; words get none where they do not help."""

    def loss(weights: np.ndarray) -> float:
        return _log_loss(log_softmax(weights[0] * meaning + weights[1] * words, axis=1), y)

    best = minimize(loss, [0.7, 0.3], bounds=[(0.05, 10), (0, 10)], method="L-BFGS-B", options={"maxiter": 30})
    return float(best.x[0]), float(best.x[1])


def calibration(chance: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the log-odds of being right by Platt (1999), with his correction of the targets.

    chance: float (n,), that answers to rows which the classifier did not see were given; right: bool (n,), whether they
    were. A slope below 0 would say the reverse of what the classifier says.
    """
    target = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))
    odds = log_odds(chance)

    def loss(line: np.ndarray) -> float:
        z = line[0] * odds + line[1]
        return float((target * np.logaddexp(0, -z) + (1 - target) * np.logaddexp(0, z)).mean())

    best = minimize(loss, [0.5, 0.0], bounds=[(0.01, 10), (-20, 20)], method="L-BFGS-B")
    return float(best.x[0]), float(best.x[1])


def log_odds(chance: np.ndarray) -> np.ndarray:
    """The log-odds of each `chance` (n,), those of near 0 and 1 kept finite."""
    return logit(np.clip(chance, 1e-6, 1 - 1e-6))


def _folds(y: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row, int (n,): the rows of a class take turns, in random order."""
    order = np.random.default_rng(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), int)
    fold[order] = np.arange(len(y)) % FOLDS
    return fold


def fit_linear(view: View, y: np.ndarray, classes: int, strength: float) -> np.ndarray:
    """Coefficients and intercept, float32 (columns + 1, classes); a class without rows gets a logit far below.

    Columns of a sparse view that fewer than two rows have are left at 0. y: int (n,), the class of each row.
    """
    weights = np.zeros((view.shape[1] + 1, classes), np.float32)
    present = np.unique(y)
    weights[-1] = -30.0
    filled = [len(view)] * view.shape[1] if isinstance(view, np.ndarray) else view.getnnz(axis=0)
    shared = np.flatnonzero(np.asarray(filled) >= 2)
    if len(present) < 2 or not len(shared):
        weights[-1, present] = 0.0
        return weights
    with warnings.catch_warnings():  # y is classes, however few rows each has: no regression is meant
        warnings.filterwarnings("ignore", message="The number of unique classes")
        model = LogisticRegression(C=strength, max_iter=100, tol=1e-3).fit(view[:, shared], y)
    coefficients, intercept = model.coef_, model.intercept_
    if len(present) == 2:  # scikit-learn keeps one row then
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.hstack([-intercept, intercept]) / 2
    weights[np.ix_(shared, present)] = coefficients.T
    weights[-1, present] = intercept
    return weights


def scores(view: View, weights: np.ndarray) -> np.ndarray:
    """Log-odds (n, answers) of a view (n, features) under weights (features + 1, answers), the intercepts last."""
    return view @ weights[:-1] + weights[-1]
