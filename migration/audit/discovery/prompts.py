"""What template finding adds to prompts: tools' names as logged, and what several prompts have in common.

Out of scope: tokens and prompts themselves (`migration.prompts`), and what a template is (`templates`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from migration.prompts import Tokens

_NAME = re.compile(r'"name"\s*:\s*"([^"]+)"\s*[,}]')
MOST_TOOLS = 60


@lru_cache(maxsize=64)
def tool_names(tools: str | None) -> Tokens:
    """Names in the JSON text of a request's tools, sorted."""
    return tuple(sorted(set(_NAME.findall(tools)))[:MOST_TOOLS]) if tools else ()


def shingles(tokens: Tokens, width: int = 3) -> set[Tokens]:
    """All runs of `width` tokens; the whole where it is shorter."""
    if len(tokens) <= width:
        return {tokens} if tokens else set()
    return {tokens[i : i + width] for i in range(len(tokens) - width + 1)}


def fixed_tokens(first: Tokens, prompts: Sequence[Tokens], share: float = 0.8) -> Tokens:
    """The tokens of `first` that stand in runs of three which at least `share` of `prompts` hold: what is no slot."""
    seen = Counter(s for prompt in prompts for s in shingles(prompt))
    width = min(3, len(first))
    kept: set[int] = set()
    for i in range(len(first) - width + 1):
        if seen[first[i : i + width]] >= share * len(prompts):
            kept.update(range(i, i + width))
    return tuple(t for i, t in enumerate(first) if i in kept)
