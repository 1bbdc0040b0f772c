"""Meaning and form learned apart: which answers of two versions of a prompt say the same.

Version 1 answers `REFUND/get_refund`, version 2 `{"intent": "get_refund"}`. Taken for two labels they halve the
examples of each and compete with each other; as one meaning in two forms they share a classifier. Out of scope: how a
version is told (`versions`), and how a classifier is fitted (`heads`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from migration.benchmark.kinds.heads import fit_linear, out_of_fold, scores

MOST_ANSWERS = 512
"""Meanings that are told apart; rarer answers count as failures."""
FEWEST = 2
"""Times that an answer must be seen to be a meaning: one that came once is not expected again."""
SURE = 0.5
"""Part of an answer's rows that must be taken for one meaning, for the two to be the same."""
_STRENGTH = 10.0


@dataclass(frozen=True)
class Meanings:
    """forms: int (n,), the version of each training row. rows: int (n,), the meaning of its answer, -1 for an answer
    that is none. said: (form, meaning) -> the answer in this form."""

    rows: np.ndarray
    said: dict[tuple[int, int], str]
    count: int

    def allowed(self, form: int) -> list[int]:
        """Meanings that have an answer in this form."""
        return sorted(meaning for known, meaning in self.said if known == form)


def find_meanings(answers: Sequence[str], forms: np.ndarray, meaning: np.ndarray) -> Meanings:
    """The meanings of a task's answers. forms: int (n,); meaning: the texts' embeddings (n, width).

    Equal answers mean the same in every form. Where forms share few answers, a classifier of the forms so far says
    what it takes each text of the next form for; answers and meanings that are each other's commonest match are one
    (Hungarian assignment). This is kept where it does not make cross-validated answers worse.
    """
    apart = _by_name(answers, forms)
    order = [int(form) for form, _ in Counter(forms.tolist()).most_common()]
    merged = apart
    for at in range(1, len(order)):
        merged = _with_form(merged, forms, meaning, order[:at], order[at])
    if merged.count == apart.count:
        return apart
    return merged if _right(merged, forms, meaning) >= _right(apart, forms, meaning) else apart


def _by_name(answers: Sequence[str], forms: np.ndarray) -> Meanings:
    """Every answer a meaning of its own, whatever the form."""
    common = [a for a, count in Counter(answers).most_common(MOST_ANSWERS) if count >= FEWEST]
    place = {answer: i for i, answer in enumerate(common)}
    rows = np.array([place.get(answer, -1) for answer in answers], int)
    pairs = zip(forms.tolist(), rows.tolist(), strict=True)
    said = {(form, row): common[row] for form, row in dict.fromkeys(pairs) if row >= 0}
    return Meanings(rows, said, len(common))


def _with_form(now: Meanings, forms: np.ndarray, meaning: np.ndarray, before: list[int], form: int) -> Meanings:
    """`now` with the answers of `form` matched to the meanings of the forms before it."""
    old, new = np.isin(forms, before) & (now.rows >= 0), (forms == form) & (now.rows >= 0)
    ours = [m for m in now.allowed(form) if not any((b, m) in now.said for b in before)]
    theirs = sorted({m for b in before for m in now.allowed(b)} - set(now.allowed(form)))
    if not ours or len(theirs) < 2 or not new.any():
        return now
    weights = fit_linear(meaning[old], now.rows[old], now.count, _STRENGTH)
    taken = scores(meaning[new], weights).argmax(1)
    seen = np.zeros((now.count, now.count))
    np.add.at(seen, (now.rows[new], taken), 1)
    table = seen[np.ix_(ours, theirs)]
    rows, columns = linear_sum_assignment(-table / np.sqrt(np.maximum(seen[ours].sum(1), 1))[:, None])
    same = {
        ours[i]: theirs[j]
        for i, j in zip(rows, columns, strict=True)
        if table[i, j] >= FEWEST and table[i, j] > SURE * seen[ours[i]].sum() and table[i, j] > SURE * table[:, j].sum()
    }
    return _renamed(now, same)


def _renamed(now: Meanings, same: dict[int, int]) -> Meanings:
    """Meanings numbered anew, those of `same` taken together."""
    left = [m for m in range(now.count) if m not in same]
    place = {m: i for i, m in enumerate(left)}
    place |= {m: place[to] for m, to in same.items()}
    rows = np.array([place[row] if row >= 0 else -1 for row in now.rows.tolist()], int)
    return Meanings(rows, {(form, place[m]): text for (form, m), text in now.said.items()}, len(left))


def _right(meanings: Meanings, forms: np.ndarray, x: np.ndarray) -> float:
    """Share of rows whose answer a classifier that did not see them gives, in their form."""
    found = out_of_fold(x, meanings.rows, meanings.count, _STRENGTH)
    for form in np.unique(forms):
        banned = np.setdiff1d(np.arange(meanings.count), meanings.allowed(int(form)))
        found[np.ix_(forms == form, banned)] = -np.inf
    return float((found.argmax(1) == meanings.rows).mean())
