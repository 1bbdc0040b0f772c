"""Which answers should a person check? Those that narrow the estimate of the loss most, and what the checks then say.

Strata by group and by the chance of an error that the confidence states; checks are shared out by Neyman's rule (1934)
and drawn at random within a stratum, so that the estimate is unbiased whatever the confidence is worth; confidence
serves as the prediction in prediction-powered inference (Angelopoulos et al. 2023; stratified, arXiv 2406.04291).
Out of scope: who checks, and the guarantee.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from migration.benchmark.labels import WORDS
from migration.errors import BadInput, NotEnoughCalls
from migration.stats import Rate

EDGES = (0.01, 0.03, 0.1, 0.25, 0.5)
"""Chances of an error at which strata end."""
FEWEST = 2
"""Checks of a stratum, so that its spread can be seen."""
PRIOR, LEAST_RATE = 3.0, 0.01
"""Checks that the stated chance of an error counts for where a stratum's spread is estimated, and the least it is."""


def strata_of(error: np.ndarray, group: np.ndarray | None = None) -> np.ndarray:
    """The stratum of each answer. error: (n,) stated chance of an error, 0..1; group: (n,) of tasks."""
    bins = np.digitize(error, EDGES)
    names = np.zeros(len(bins), int) if group is None else np.unique(np.asarray(group, str), return_inverse=True)[1]
    return np.unique(names * (len(EDGES) + 1) + bins, return_inverse=True)[1]


def allocate(error: np.ndarray, strata: np.ndarray, checks: int) -> np.ndarray:
    """How many answers of each stratum to check: in proportion to its size times the spread of its errors.

    error: (n,) stated chance; strata: (n,) codes 0..S-1. At least FEWEST each (or all there are). Returns int (S,).
    """
    size = np.bincount(strata)
    rate = (np.bincount(strata, error) + 0.5) / (size + 1)  # never 0: a stated certainty is not one
    want = size * np.sqrt(rate * (1 - rate))
    least = np.minimum(size, FEWEST)
    share = np.maximum(least, np.floor(checks * want / want.sum())).astype(int)
    share = np.minimum(share, size)
    order = np.argsort(-want / np.maximum(share, 1))
    for at in np.tile(order, 1 + max(0, checks - share.sum())):
        if share.sum() >= checks:
            break
        share[at] += int(share[at] < size[at])
    while share.sum() > checks and (share > least).any():
        at = np.argmax(np.where(share > least, share, 0))
        share[at] -= 1
    return share


def to_check(answers: pd.DataFrame, checks: int = 50, *, seed: int = 0) -> pd.DataFrame:
    """The answers to check, drawn at random within strata, in random order; `right` is left to fill in (yes or no).

    answers: call_id, group, confidence (calibrated), output, reference. Adds stratum and of (answers in its stratum).
    """
    if answers.empty:
        raise NotEnoughCalls("answers to check", 0, 1)
    error = 1 - answers["confidence"].to_numpy(float)
    strata = strata_of(error, answers["group"].to_numpy())
    share, rng = allocate(error, strata, min(checks, len(answers))), np.random.default_rng(seed)
    drawn = [rng.choice(np.flatnonzero(strata == code), n, replace=False) for code, n in enumerate(share) if n]
    at = rng.permutation(np.concatenate(drawn))
    found = answers.iloc[at].assign(stratum=strata[at], of=np.bincount(strata)[strata[at]], right="")
    return found.reset_index(drop=True)


def estimate(checked: pd.DataFrame, answers: pd.DataFrame) -> Rate:
    """The share of wrong answers, with its interval: stratified, prediction-powered.

    checked: of `to_check` with `right` filled in (yes/no, or bool); answers: all that it was drawn from.
    n counts checks. Raises BadInput for a word that is neither.
    """
    wrong = 1.0 - _right(checked["right"])
    error = 1 - answers["confidence"].to_numpy(float)
    strata = strata_of(error, answers["group"].to_numpy())
    stated = 1 - checked["confidence"].to_numpy(float)
    value = variance = 0.0
    for code in np.unique(strata):
        mine, all_ = (checked["stratum"] == code).to_numpy(), strata == code
        if not mine.any():
            value += all_.mean() * error[all_].mean()
            continue
        gap = wrong[mine] - stated[mine]
        n, size = int(mine.sum()), int(all_.sum())
        likely = float(np.clip(error[all_].mean(), LEAST_RATE, 0.5))  # a spread of 0 among few checks is not believed
        squares = float(((gap - gap.mean()) ** 2).sum()) + PRIOR * likely * (1 - likely)
        spread = squares / (n - 1 + PRIOR)
        value += all_.mean() * (error[all_].mean() + gap.mean())
        variance += all_.mean() ** 2 * spread / n * (1 - n / size)
    half = float(stats.norm.ppf(0.975)) * variance**0.5
    return Rate(float(np.clip(value, 0, 1)), max(0.0, value - half), min(1.0, value + half), len(checked))


def _right(values: pd.Series) -> np.ndarray:
    said = values.astype(str).str.strip().str.lower()
    if not said.isin(WORDS).all():
        at = said[~said.isin(WORDS)].index[0]
        raise BadInput(f"labels: row {at} says {values[at]!r} for right; write yes or no")
    return said.map(WORDS).to_numpy(float)
