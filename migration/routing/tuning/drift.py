"""Does recent traffic still look like the calls that the promise was calibrated on?

Knows: two frames of calls. Refuses to know: policies and outcomes. One two-sample test a property, corrected together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from migration.routing.policy.score import text_of
from migration.routing.tuning.features import BUCKETS, hashed
from migration.stats import holm

LEAST = 5
"""Calls on each side under which a property is not tested."""
MOST_TEXTS = 1500
"""Texts read of each side, drawn at random."""
FEW_TEXTS = 50
"""Texts on each side under which words are not compared."""


def shift(calibration: pd.DataFrame, recent: pd.DataFrame, *, level: float = 0.01, seed: int = 0) -> pd.DataFrame:
    """Whether recent traffic still looks like what the promise was calibrated on: one two-sample test a property.

    Both: rows of calls.parquet. The mix of tasks is tested by chi-squared, lengths by Kolmogorov-Smirnov, the words by
    a classifier (`told_apart`), corrected together (Holm). Returns property, p_value (corrected), shifted, detail.
    """
    found: list[tuple[str, float, str]] = []
    if min(len(calibration), len(recent)) >= LEAST:
        found += _mix(calibration, recent)
        for name in ("prompt_tokens", "completion_tokens"):
            found += _lengths(name, calibration[name].dropna(), recent[name].dropna())
        found += _words(calibration, recent, seed)
    corrected = holm([p for _, p, _ in found]) if found else np.empty(0)
    return pd.DataFrame(
        [(name, float(p), bool(p < level), text) for (name, _, text), p in zip(found, corrected, strict=True)],
        columns=["property", "p_value", "shifted", "detail"],
    )


def _mix(calibration: pd.DataFrame, recent: pd.DataFrame) -> list[tuple[str, float, str]]:
    from scipy import stats

    mix = pd.concat({"calibration": calibration["task"], "recent": recent["task"]}).reset_index(level=0)
    table = pd.crosstab(mix["level_0"], mix["task"])
    if table.shape[1] < 2:
        return []
    shares = table.div(table.sum(axis=1), axis=0)
    before, after = shares.loc["calibration"], shares.loc["recent"]
    moved = int((after - before).abs().to_numpy().argmax())
    detail = f"{shares.columns[moved]}: {before.iloc[moved]:.0%} to {after.iloc[moved]:.0%}"
    return [("task mix", float(stats.chi2_contingency(table).pvalue), detail)]


def _lengths(name: str, before: pd.Series, after: pd.Series) -> list[tuple[str, float, str]]:
    from scipy import stats

    if min(len(before), len(after)) < LEAST:
        return []
    detail = f"median {before.median():.0f} to {after.median():.0f}"
    return [(name, float(stats.ks_2samp(before, after).pvalue), detail)]


def _words(before: pd.DataFrame, after: pd.DataFrame, seed: int) -> list[tuple[str, float, str]]:
    sides = [_one_a_conversation(side, seed) for side in (before, after)]
    if min(map(len, sides)) < FEW_TEXTS:
        return []
    area, p = told_apart(*sides, seed=seed)
    return [("words", p, f"a classifier tells the two apart with AUROC {area:.2f}, 0.50 being chance")]


def _one_a_conversation(calls: pd.DataFrame, seed: int) -> list[str]:
    """One text of each conversation, as its calls resemble each other; at most MOST_TEXTS, drawn at random."""
    drawn = calls.sample(frac=1, random_state=seed)
    first = ~drawn["conversation_id"].fillna(drawn["call_id"]).duplicated()
    return [text_of(messages) for messages in drawn.loc[first, "messages"].iloc[:MOST_TEXTS]]


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
