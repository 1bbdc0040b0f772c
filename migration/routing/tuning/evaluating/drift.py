"""Does recent traffic still look like the calls that the guarantee was calibrated on?

One two-sample test a property, corrected together. The conversation is the unit of each: its calls resemble each other,
so tests of single calls would see a shift where there is none.
Out of scope: policies and outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from migration.audit.analytics import with_texts
from migration.routing.policy.score import text_of
from migration.routing.tuning.learning.features import BUCKETS, hashed
from migration.stats import holm

LEAST = 5
"""Conversations on each side under which a property is not tested."""
PERMUTATIONS = 4999
"""Random splits of the conversations behind a p-value: none is below 1 / 5,000."""
MOST_TEXTS = 1500
"""Texts read of each side, drawn at random."""
FEW_TEXTS = 50
"""Texts on each side under which words are not compared."""


def shift(
    calibration: pd.DataFrame, recent: pd.DataFrame, *, log: Path | None = None, level: float = 0.01
) -> pd.DataFrame:
    """Whether recent traffic still looks like what the guarantee was calibrated on: one two-sample test a property.

    Both: rows of calls.parquet, a null conversation_id being a conversation of its own. The mix of tasks is tested by
    permuting whole conversations, lengths by Kolmogorov-Smirnov on the means of the conversations, the words of one
    call a conversation by a classifier (`told_apart`); corrected together (Holm), so a quiet log is called shifted with
    probability at most `level`. Returns property, p_value (corrected), shifted, detail. calibration, recent:
    conversation_id, call_id, task, prompt_tokens, completion_tokens and messages; without these, `log` is the
    calls.parquet that has them, and is read for the calls whose words are compared.
    """
    found: list[tuple[str, float, str]] = []
    if min(_conversation(calibration).nunique(), _conversation(recent).nunique()) >= LEAST:
        found += _mix(calibration, recent)
        for name in ("prompt_tokens", "completion_tokens"):
            found += _lengths(name, calibration, recent)
        found += _words(calibration, recent, log)
    corrected = holm([p for _, p, _ in found]) if found else np.empty(0)
    return pd.DataFrame(
        [(name, float(p), bool(p < level), text) for (name, _, text), p in zip(found, corrected, strict=True)],
        columns=["property", "p_value", "shifted", "detail"],
    )


def _conversation(calls: pd.DataFrame) -> pd.Series:
    return calls["conversation_id"].fillna(calls["call_id"])


def _mix(calibration: pd.DataFrame, recent: pd.DataFrame) -> list[tuple[str, float, str]]:
    sides = [pd.crosstab(_conversation(side), side["task"]) for side in (calibration, recent)]
    counts = pd.concat(sides).fillna(0).astype(int)
    if counts.shape[1] < 2:
        return []
    before, after = (counts.iloc[part].sum() for part in (slice(len(sides[0])), slice(len(sides[0]), None)))
    before, after = before / before.sum(), after / after.sum()
    moved = int((after - before).abs().to_numpy().argmax())
    detail = f"{counts.columns[moved]}: {before.iloc[moved]:.0%} to {after.iloc[moved]:.0%}"
    return [("task mix", permuted(counts.to_numpy(), len(sides[0])), detail)]


def permuted(counts: np.ndarray, first: int) -> float:
    """p-value that two groups of conversations have one mix of tasks, by permuting whole conversations.

    counts: calls of each conversation in each task (conversations, tasks), of which the `first` rows are one group.
    Compared is the chi-squared distance of the two mixes; conversations with the same counts are drawn together (a
    multivariate hypergeometric draw), so that the time follows the different ones only.
    """
    kinds, which = np.unique(counts, axis=0, return_inverse=True)
    which, total = which.ravel(), counts.sum(axis=0)
    own = np.bincount(which[:first], minlength=len(kinds))
    many = np.bincount(which, minlength=len(kinds))
    rng, seen, beyond = np.random.default_rng(0), _distance(own[None] @ kinds, total)[0], 0
    for part in np.array_split(np.arange(PERMUTATIONS), -(-PERMUTATIONS * len(kinds) // 5_000_000)):
        drawn = rng.multivariate_hypergeometric(many, first, size=len(part), method="marginals")
        beyond += int((_distance(drawn @ kinds, total) >= seen - 1e-9).sum())
    return (1 + beyond) / (1 + PERMUTATIONS)


def _distance(one: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Chi-squared (draws,) of the tables that hold `one` (draws, tasks) and the rest of `total` (tasks,)."""
    share = one.sum(axis=1, keepdims=True) / total.sum()
    expected = total * share
    return ((one - expected) ** 2 / np.maximum(expected * (1 - share), 1e-12)).sum(axis=1)


def _lengths(name: str, calibration: pd.DataFrame, recent: pd.DataFrame) -> list[tuple[str, float, str]]:
    from scipy import stats

    before, after = (side[name].groupby(_conversation(side)).mean().dropna() for side in (calibration, recent))
    if min(len(before), len(after)) < LEAST:
        return []
    detail = f"median {calibration[name].median():.0f} to {recent[name].median():.0f}"
    return [(name, float(stats.ks_2samp(before, after).pvalue), detail)]


def _words(before: pd.DataFrame, after: pd.DataFrame, log: Path | None) -> list[tuple[str, float, str]]:
    sides = [_one_a_conversation(side, log) for side in (before, after)]
    if min(map(len, sides)) < FEW_TEXTS:
        return []
    area, p = told_apart(*sides)
    return [("words", p, f"a classifier tells the two apart with AUROC {area:.2f}, 0.50 being chance")]


def _one_a_conversation(calls: pd.DataFrame, log: Path | None) -> list[str]:
    """One text of each conversation, as its calls resemble each other; at most MOST_TEXTS, drawn at random."""
    drawn = calls.sample(frac=1, random_state=0)
    first = drawn[~_conversation(drawn).duplicated()].head(MOST_TEXTS)
    texts = first if log is None else with_texts(first, log)
    return [text_of(messages) for messages in texts["messages"]]


def told_apart(before: Sequence[str], after: Sequence[str], *, seed: int = 0) -> tuple[float, float]:
    """How well a classifier that reads the words tells two samples of texts apart: (AUROC, one-sided p-value).

    A classifier two-sample test (Lopez-Paz and Oquab 2017): logistic regression on hashed words, trained on half of
    the texts; the other half is ranked by it, and Mann and Whitney's test says whether `after` ranks higher.
    Texts must be independent of each other: at most one of a conversation.
    """
    from scipy import sparse, stats
    from sklearn.linear_model import LogisticRegression

    texts, is_after = [*before, *after], np.r_[np.zeros(len(before)), np.ones(len(after))]
    train = np.random.default_rng(seed).permutation(len(texts)) % 2 == 0
    if not all(len(np.unique(is_after[half])) == 2 for half in (train, ~train)):
        return 0.5, 1.0
    row, bucket, _ = hashed(texts)
    words = sparse.csr_matrix((np.ones(len(row)), (row, bucket)), shape=(len(texts), BUCKETS))
    words = words.sign().multiply(1 / np.sqrt(np.maximum(words.sign().sum(1), 1))).tocsr()
    score = LogisticRegression(max_iter=300).fit(words[train], is_after[train]).decision_function(words[~train])
    higher, lower = score[is_after[~train] == 1], score[is_after[~train] == 0]
    test = stats.mannwhitneyu(higher, lower, alternative="greater")
    return float(test.statistic / (len(higher) * len(lower))), float(test.pvalue)
