"""What template finding adds to prompts: tools' names as logged, and what several texts have in common.

Out of scope: tokens and prompts themselves (`migration.prompts`), and what a template is (`templates`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from migration.prompts.tokens import Tokens

_NAME = re.compile(r'"name"\s*:\s*"([^"]+)"\s*[,}]')
MOST_TOOLS = 60
COMMAS, LONGEST_ITEM = frozenset(",|;、，،"), 3
"""What stands between the items of a list, and the tokens of an item at most."""


@lru_cache(maxsize=64)
def tool_names(tools: str | None) -> Tokens:
    """Names in the JSON text of a request's tools, sorted."""
    return tuple(sorted(set(_NAME.findall(tools)))[:MOST_TOOLS]) if tools else ()


def shingles(tokens: Tokens, width: int = 3) -> set[Tokens]:
    """All runs of `width` tokens; the whole where it is shorter."""
    if len(tokens) <= width:
        return {tokens} if tokens else set()
    return {tokens[i : i + width] for i in range(len(tokens) - width + 1)}


def fixed_tokens(prompts: Sequence[Tokens], share: float = 0.8) -> Tokens:
    """What `prompts` have in common: tokens in runs of three that at least `share` of them hold; the rest is slots.

    In the words of the prompt that has the most of it, so that no single prompt, nor their order, decides.
    """
    texts = Counter(prompts)
    held = {text: shingles(text) for text in texts}
    seen = Counter[Tokens]()
    for text, runs in held.items():
        for run in runs:
            seen[run] += texts[text]
    common = {run for run, n in seen.items() if n >= share * len(prompts)}
    fullest = min(texts, key=lambda text: (-len(held[text] & common), text))
    width = min(3, len(fullest))
    kept: set[int] = set()
    for i in range(len(fullest) - width + 1):
        if fullest[i : i + width] in common:
            kept.update(range(i, i + width))
    return tuple(t for i, t in enumerate(fullest) if i in kept)


def without_lists(tokens: Tokens) -> Tokens:
    """`tokens` without what stands between the commas of a list of short items: values, of which a sample of the calls
    may have seen any part."""
    lists: list[list[int]] = [[]]
    for at in (i for i, token in enumerate(tokens) if token in COMMAS):
        if lists[-1] and at - lists[-1][-1] > LONGEST_ITEM + 1:
            lists.append([])
        lists[-1].append(at)
    dropped = {at for commas in lists if len(commas) >= 3 for at in range(commas[0], commas[-1])}
    return tuple(token for at, token in enumerate(tokens) if at not in dropped)


@dataclass(frozen=True)
class Runs:
    """In how many of n texts each run of three tokens stands."""

    seen: Counter[Tokens]
    n: int

    @classmethod
    def of(cls, texts: Iterable[Tokens]) -> Runs:
        """The runs of some texts, each counted once a text."""
        held = [shingles(text) for text in texts]
        return cls(Counter(run for own in held for run in own), len(held))

    def without(self, words: Set[str]) -> Runs:
        """The runs that hold none of `words`."""
        return Runs(Counter({run: k for run, k in self.seen.items() if words.isdisjoint(run)}), self.n)

    @property
    def within(self) -> float:
        """Runs that two different texts of these share, in the mean; 0 where there are no two."""
        return sum(k * (k - 1) for k in self.seen.values()) / max(1, self.n * (self.n - 1))

    def likeness(self, other: Runs) -> float | None:
        """How alike two collections of texts are: 0 where they share nothing, about 1 for samples of one source.

        Runs that a text of one shares with a text of the other, in the mean, over the geometric mean of what two texts
        within each share. Means over pairs of different texts, which the size of a sample does not shift (a cosine of
        shares falls as samples get smaller). None where the texts of one share nothing: that says nothing.
        """
        across = sum(k * other.seen[run] for run, k in self.seen.items()) / max(1, self.n * other.n)
        inside = math.sqrt(self.within * other.within)
        return across / inside if inside else None
