"""Where values stand in a text, as a tag of each token (BIO), and values from tags.

A token begins a value of a kind (B), goes on with it (I), or stands outside of all (O). Out of scope: how an answer is
written (`shape`), and how tags are learned (`tagger`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np

from migration.benchmark.kinds.copied.shape import Values, fold

OUTSIDE = 0
"""The tag of a token that is no part of a value; kind k has the tags 1 + 2k (begins) and 2 + 2k (goes on)."""
TOUCH = 0.02
"""Part of a kind's values that begin right after another one, from which on that is expected again."""


def tags_of(text: str, places: np.ndarray, values: Values, kinds: Mapping[str, int]) -> np.ndarray | None:
    """The tag of each token, int (T,); None where a value does not stand in the text, from one token's begin to
    another's end and apart from all other values.

    places: int (T, 2), begin and end of each token in `text`. kinds: kind -> its number. Every place where a value
    stands is tagged: which one the LLM took is not known. Long values come first.
    """
    found = np.full(len(places), OUTSIDE)
    begins = {int(begin): i for i, begin in reversed(list(enumerate(places[:, 0])))}
    ends = {int(end): i for i, end in enumerate(places[:, 1])}
    low = fold(text)
    every = {(kind, value.strip()) for kind, own in values.items() for value in own}
    for kind, value in sorted(every, key=lambda each: (-len(each[1]), each)):
        first, stands = 1 + 2 * kinds[kind], False
        for start in _occurrences(low, fold(value)):
            one, last = begins.get(start), ends.get(start + len(value))
            if one is None or last is None or (found[one : last + 1] != OUTSIDE).any():
                continue
            found[one], found[one + 1 : last + 1], stands = first, first + 1, True
        if not stands:
            return None
    return found


def _occurrences(text: str, value: str) -> list[int]:
    places, start = [], text.find(value) if value else -1
    while start >= 0:
        places.append(start)
        start = text.find(value, start + 1)
    return places


def values_of(text: str, places: np.ndarray, tags: Sequence[int], kinds: Sequence[str]) -> dict[str, list[str]]:
    """By kind, the values that stand where the tags say, in their order in the text.

    places: int (T, 2); tags: of each token (T,), as in `tags_of`; a token that goes on with nothing begins a value.
    """
    spans: dict[int, list[list[int]]] = defaultdict(list)
    last = OUTSIDE
    for tag, (begin, end) in zip(tags, places.tolist(), strict=True):
        if tag != OUTSIDE:
            kind = (tag - 1) // 2
            if tag % 2 == 0 and last in (tag, tag - 1):
                spans[kind][-1][1] = end
            else:
                spans[kind].append([begin, end])
        last = tag
    return {kinds[kind]: [text[begin:end].strip() for begin, end in own] for kind, own in sorted(spans.items())}


def touching_kinds(tags: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Kinds whose values stand side by side, without a token between them, in more than `TOUCH` of the cases.

    tags: of the tokens of each text, int (T,).
    """
    begun: Counter[int] = Counter()
    touched: Counter[int] = Counter()
    for own in tags:
        for last, tag in pairwise([OUTSIDE, *own.tolist()]):
            if tag % 2:
                begun[tag] += 1
                touched[tag] += last in (tag, tag + 1)
    return tuple(sorted((tag - 1) // 2 for tag, count in begun.items() if touched[tag] > TOUCH * count))


def likeliest_tags(log_chances: np.ndarray, touching: Collection[int] = ()) -> np.ndarray:
    """The likeliest tags in which every value that goes on has begun (Viterbi 1967): int (T,).

    log_chances: float (T, K) of the tags `OUTSIDE`, B and I of each kind; -inf for those that a text cannot have.
    touching: kinds of which a value may begin right after another one.
    """
    steps, count = log_chances.shape
    if not steps:
        return np.zeros(0, int)
    inside = np.arange(2, count, 2)
    best, back = log_chances[0].copy(), np.zeros((steps, count), int)
    best[inside] = -np.inf
    for step in range(1, steps):
        before = int(best.argmax())
        score, source = np.full(count, best[before]), np.full(count, before)
        kind = (before - 1) // 2
        if before != OUTSIDE and kind not in touching:
            others = best.copy()
            others[1 + 2 * kind : 3 + 2 * kind] = -np.inf
            source[1 + 2 * kind] = others.argmax()
            score[1 + 2 * kind] = others.max()
        begun = best[inside - 1] >= best[inside]
        source[inside] = np.where(begun, inside - 1, inside)
        score[inside] = best[source[inside]]
        best, back[step] = score + log_chances[step], source
    path = np.empty(steps, int)
    path[-1] = int(best.argmax())
    for step in range(steps - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path
