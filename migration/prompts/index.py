"""An index of templates: which template a call's prompt was made from, looked up without any text.

Out of scope: how templates are found (`audit.discovery`), which task a template belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migration.prompts.tokens import Prompt, Talk, Tokens, digest, grams, lines_of, system_of

NO_TEMPLATE = -1
"""The leaf of a call that shares no template with enough other calls."""
VERSION = 1
"""Of the index as JSON: another tokeniser or another way to look up is another version."""


def nearest(
    own: Iterable[int],
    weight: Callable[[int], float],
    holders: Callable[[int], Iterable[int]],
    whole: Callable[[int], float],
) -> int:
    """The template that shares the most with a text: half of the text's weight and half of the template's at least.

    own: the text's grams. weight: of a gram, large where many texts hold it, so that documents weigh little. holders:
    templates whose fixed text has the gram. whole: the weight of a template's fixed text.
    """
    total, shared = 0.0, Counter[int]()
    for gram in own:
        if heavy := weight(gram):
            total += heavy
            for template in holders(gram):
                shared[template] += heavy  # type: ignore[assignment]
    for template, heavy in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:5]:
        if heavy >= 0.5 * total and heavy >= 0.5 * whole(template):
            return template
    return NO_TEMPLATE


@dataclass(frozen=True)
class Fixed:
    """A fixed part of the user's side of a template (`begins`, `ends` or `line`): its length in tokens, its digest,
    and the leaf of the calls that have it."""

    kind: str
    length: int
    digest: str
    leaf: int


@dataclass(frozen=True)
class TemplateIndex:
    """Templates compiled for looking up, without any text: digests and weights.

    A template is a system prompt (number s) and, where `fixed[s]` has any, a part of the user's side, longest first;
    `rest[s]` is the leaf of the calls without such a part. `exact`: digests of known system prompts. For others,
    `weights` of grams, the templates that hold each (`holders`) and the weight of each template's own (`whole`).
    """

    exact: Mapping[str, int]
    weights: Mapping[int, float]
    holders: Mapping[int, tuple[int, ...]]
    whole: tuple[float, ...]
    fixed: Mapping[int, tuple[Fixed, ...]]
    rest: Mapping[int, int]

    def leaf_of(self, messages: Sequence[Mapping[str, object]], tools: Tokens = ()) -> int:
        """The leaf of one call, or NO_TEMPLATE. The talk is read only where the system prompt leaves a choice."""
        tokens, named = system_of(messages, tools)
        system = self._system(tokens, named)
        return self._leaf(system, Talk(messages))

    def assign(self, prompt: Prompt) -> int:
        """The leaf of one prompt, or NO_TEMPLATE."""
        return self._leaf(self.system_of(prompt.system), prompt)

    def system_of(self, tokens: Tokens) -> int:
        """The template of a system prompt, or NO_TEMPLATE."""
        return self._system(tokens, digest(tokens))

    def _system(self, tokens: Tokens, named: str) -> int:
        found = self.exact.get(named)
        if found is not None or not tokens:
            return NO_TEMPLATE if found is None else found
        whole = self.whole.__getitem__
        return nearest(grams(tokens), lambda g: self.weights.get(g, 0.0), lambda g: self.holders.get(g, ()), whole)

    def _leaf(self, system: int, talk: Prompt | Talk) -> int:
        lines: set[str] | None = None
        seen: dict[tuple[str, int], str] = {}
        for part in self.fixed.get(system, ()):
            if part.kind == "line":
                lines = {digest(line) for line in lines_of(talk.head)} if lines is None else lines
                if part.digest in lines:
                    return part.leaf
                continue
            key = (part.kind, part.length)
            if key not in seen:
                seen[key] = digest(talk.head[: part.length] if part.kind == "begins" else talk.tail[-part.length :])
            if seen[key] == part.digest:
                return part.leaf
        return self.rest.get(system, NO_TEMPLATE)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON. `grams`: gram -> [weight, template...]; `parts`: system -> [[kind, length, digest, leaf]...]."""
        return {
            "version": VERSION,
            "exact": dict(self.exact),
            "grams": {str(g): [w, *self.holders.get(g, ())] for g, w in self.weights.items()},
            "whole": list(self.whole),
            "parts": {str(s): [[p.kind, p.length, p.digest, p.leaf] for p in own] for s, own in self.fixed.items()},
            "rest": {str(s): leaf for s, leaf in self.rest.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TemplateIndex:
        """Raises KeyError, TypeError, ValueError or AttributeError where `data` is no such index."""
        if data["version"] != VERSION:
            raise ValueError(f"templates of version {data['version']!r}, this reads {VERSION}")
        held = {int(gram): row for gram, row in data["grams"].items()}
        index = cls(
            exact={str(key): int(value) for key, value in data["exact"].items()},
            weights={gram: float(row[0]) for gram, row in held.items()},
            holders={gram: tuple(map(int, row[1:])) for gram, row in held.items() if len(row) > 1},
            whole=tuple(map(float, data["whole"])),
            fixed={
                int(s): tuple(Fixed(str(k), int(n), str(d), int(leaf)) for k, n, d, leaf in own)
                for s, own in data["parts"].items()
            },
            rest={int(s): int(leaf) for s, leaf in data["rest"].items()},
        )
        systems = {*index.exact.values(), *(t for own in index.holders.values() for t in own)}
        if any(not 0 <= one < len(index.whole) for one in systems):
            raise ValueError("a system prompt has no template")
        if any(part.length < 1 for own in index.fixed.values() for part in own):
            raise ValueError("a fixed part has no length")
        if not all(0 <= value < float("inf") for value in (*index.whole, *index.weights.values())):
            raise ValueError("a weight is no finite number >= 0")
        return index
