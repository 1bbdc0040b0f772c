"""Few human labels and many machine verdicts: shares that are right however biased the machine is.

Prediction-powered inference (PPI++: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453), stratified (Fisch et al. 2024,
arXiv 2406.04291). Human labels alone decide where the estimate is centred; the machine only takes out noise, as far as
it goes with the labels. Out of scope: who gave which verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migration.errors import NotEnoughCalls
from migration.stats.design import Column, codes
from migration.stats.differences import Difference, paired_difference
from migration.stats.multiplicity import effective_trials
from migration.stats.rates import Rate, weighted_rate, wilson_bounds

LEAST_LABELS = 10
"""Labels in all under which nothing is said."""
STRATUM_LABELS = 5
"""Labels of a stratum under which it is merged with the others that have too few."""
PRIOR_ERRORS = 0.5
"""Weight, in labelled answers of the rarer kind, of the prior that the machine's verdict does not help."""
PRIOR_LABELS = 50.0
"""Weight, in labels, of the tuning of all strata together in the tuning of one."""


@dataclass(frozen=True)
class Powered:
    """A quality from labels and machine verdicts, the same from the labels alone, and the number of labels."""

    rate: Rate
    alone: Rate
    n_labels: int


@dataclass(frozen=True)
class _Sample:
    """share, label_share (n,): what a row is of all rows and of the labelled ones, each adding up to the traffic's
    share of its stratum; labelled bool (n,); stratum, cluster (n,): codes."""

    share: np.ndarray
    label_share: np.ndarray
    labelled: np.ndarray
    stratum: np.ndarray
    cluster: np.ndarray


def powered_rate(
    labels: Column,
    verdicts: Column,
    *,
    weights: Column | None = None,
    strata: Column | None = None,
    cluster: Column | None = None,
    level: float = 0.95,
) -> Powered:
    """Share of the traffic that is correct, from labels of some rows and machine verdicts of all.

    labels: 0, 1 or NaN where nobody looked (n,); verdicts: machine scores in 0..1 (n,); weights, strata, cluster as in
    `weighted_rate`. Labelled rows should be a random sample of each stratum. Raises NotEnoughCalls under LEAST_LABELS.

    Notes
    -----
    The interval is Wilson's at the effective n of the labels alone over the ratio of the two variances, which counts
    rows of a conversation together and is drawn towards 1 where few labels are of the rarer kind.
    """
    human, machine = np.asarray(labels, float), np.asarray(verdicts, float)
    rows = _sample(~np.isnan(human), weights, strata, cluster)
    seen = rows.labelled
    alone = weighted_rate(human[seen], rows.label_share[seen], rows.stratum[seen], cluster=rows.cluster[seen],
                          level=level)  # fmt: skip
    value, ratio = _powered(human, machine, rows)
    value = min(1.0, max(0.0, value))
    low, high = wilson_bounds(value, effective_trials(alone, level) / ratio, level)
    return Powered(Rate(value, float(low), float(high), len(human)), alone, int(seen.sum()))


def powered_difference(
    first: Column,
    second: Column,
    verdicts: Column,
    *,
    weights: Column | None = None,
    strata: Column | None = None,
    cluster: Column | None = None,
    level: float = 0.95,
) -> Difference:
    """Difference of two qualities of the same rows, second minus first, such as a candidate's minus the LLM's.

    first, second: labels 0, 1 or NaN (n,), rows with both count; verdicts: the machine's guess of the difference
    in -1..1 (n,); the rest as in `powered_rate`. The margins are those of `paired_difference` on the labels, times the
    square root of the variance ratio. The p-value is that of the labels alone.
    """
    gain, machine = np.asarray(second, float) - np.asarray(first, float), np.asarray(verdicts, float)
    rows = _sample(~np.isnan(gain), weights, strata, cluster)
    seen = rows.labelled
    one, two = np.asarray(first, float)[seen], np.asarray(second, float)[seen]
    alone = paired_difference(one, two, weights=rows.label_share[seen], strata=rows.stratum[seen],
                              cluster=rows.cluster[seen], level=level)  # fmt: skip
    value, ratio = _powered(gain, machine, rows)
    low, high = (value + (end - alone.value) * np.sqrt(ratio) for end in (alone.low, alone.high))
    return Difference(value, max(-1.0, float(low)), min(1.0, float(high)), alone.p_value, int(seen.sum()))


def _sample(labelled: np.ndarray, weights: Column | None, strata: Column | None, cluster: Column | None) -> _Sample:
    n = len(labelled)
    if labelled.sum() < LEAST_LABELS:
        raise NotEnoughCalls("a quality from human labels", int(labelled.sum()), LEAST_LABELS)
    weight = np.ones(n) if weights is None else np.asarray(weights, float)
    share, stratum = weight / weight.sum(), codes(strata, n, apart=False)
    few = np.bincount(stratum, labelled) < STRATUM_LABELS
    if few.any():
        rest = np.bincount(stratum, labelled)[few].sum() >= STRATUM_LABELS
        into = stratum.max() + 1 if rest else int(np.bincount(stratum, labelled).argmax())
        stratum = np.unique(np.where(few[stratum], into, stratum), return_inverse=True)[1]
    part, seen = np.bincount(stratum, share), np.bincount(stratum, share * labelled)
    label_share = np.where(labelled, share * (part / seen)[stratum], 0.0)
    return _Sample(share, label_share, labelled, stratum, codes(cluster, n, apart=True))


def _powered(human: np.ndarray, machine: np.ndarray, rows: _Sample) -> tuple[float, float]:
    """(estimate, variance over that of the labels alone); human NaN where not labelled."""
    human = np.where(rows.labelled, human, 0.0)
    part = np.bincount(rows.stratum, rows.share)

    def centred(values: np.ndarray, share: np.ndarray) -> np.ndarray:
        return share * (values - (np.bincount(rows.stratum, share * values) / part)[rows.stratum])

    # What each row adds to the error: of the labels' mean, and of the machine's mean of all less its mean of labelled.
    of_labels = centred(human, rows.label_share)
    of_machine = centred(machine, rows.share) - centred(machine, rows.label_share)
    tuned = _tuning(of_labels, of_machine, rows)
    value = float(np.sum(rows.label_share * human))
    value += float(np.sum(tuned[rows.stratum] * (rows.share - rows.label_share) * machine))
    before = float(np.sum(np.bincount(rows.cluster, of_labels) ** 2))
    after = float(np.sum(np.bincount(rows.cluster, of_labels + tuned[rows.stratum] * of_machine) ** 2))
    if before <= 0:
        return value, 1.0
    deviation = np.abs(human - float(np.sum(rows.label_share * human)))[rows.labelled]
    rare = min(float((deviation > 0.5).sum()), float((deviation <= 0.5).sum()))
    return value, (rare * min(1.0, after / before) + PRIOR_ERRORS) / (rare + PRIOR_ERRORS)


def _tuning(of_labels: np.ndarray, of_machine: np.ndarray, rows: _Sample) -> np.ndarray:
    """How far the machine is followed in each stratum (strata,), 0 to 1: the multiple of least variance, that of all
    strata counting like PRIOR_LABELS labels."""
    keys, cell = np.unique(rows.cluster * (rows.stratum.max() + 1) + rows.stratum, return_inverse=True)
    ours, theirs = np.bincount(cell, of_labels), np.bincount(cell, of_machine)
    stratum = keys % (rows.stratum.max() + 1)
    together, own = np.bincount(stratum, ours * theirs), np.bincount(stratum, theirs**2)
    pooled = -together.sum() / own.sum() if own.sum() > 0 else 0.0
    alone = np.where(own > 0, -together / np.where(own > 0, own, 1.0), 0.0)
    labels = np.bincount(rows.stratum, rows.labelled)
    return np.clip((labels * alone + PRIOR_LABELS * pooled) / (labels + PRIOR_LABELS), 0.0, 1.0)
