"""Templates that are versions of one: merged into a task.

What a template's sampled calls say and how they are answered. Two templates are one task where their texts
differ by slots or additions alone and their answers behave alike, or where the same many labels come back.
Out of scope: how templates were found, what a task is called.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from migration.audit.discovery.behaviour import Evidence, evidence, fields_of, labels_of, shape_of
from migration.audit.discovery.prompts import Runs, fixed_tokens, without_lists
from migration.audit.discovery.templates import Anchor
from migration.prompts.tokens import SHORTEST, Tokens, tokens_of

_WORD = re.compile(r"[^\W_]+")
ENOUGH = 8
"""Words in common from which on a short difference is taken for a slot."""
FEW = 5
"""Answers below which nothing is said of how a template is answered."""
KIN = 0.25
"""Likeness from which on parts of one system prompt are one task. Parts of one task have 0.4 and more, others 0.15 at
most, but for those whose answers are JSON of other fields."""

HEADS = 8
"""Parts of a system prompt that another part of it is held against: one that it is a version of is enough."""


@dataclass(frozen=True)
class Leaf:
    """The sampled calls of one template, earliest first, as merging sees them.

    A call is a row of the log with its `exchange` and its `prompt`. system: the number of its system template; told:
    what that says; anchor: the fixed part of its user's side, empty where it has none.
    """

    number: int
    calls: list[dict[str, Any]]
    system: int
    told: Tokens
    anchor: Tokens

    @classmethod
    def of(cls, number: int, calls: list[dict[str, Any]], system: int, anchor: Anchor | None) -> Leaf:
        """From a template's calls, earliest first."""
        told = fixed_tokens([call["prompt"].system for call in calls[:300]])
        return cls(number, calls, system, told, anchor.tokens if anchor else ())

    @property
    def tokens(self) -> Tokens:
        """The template's own words: of its system prompts, then of its anchor."""
        return self.told + self.anchor

    @property
    def anchored(self) -> bool:
        """Whether its user's side has a fixed part."""
        return bool(self.anchor)

    @cached_property
    def answers(self) -> list[str]:
        """The answers of its first 400 calls."""
        return [c["response"] for c in self.calls[:400] if c["response"]]

    @cached_property
    def shape(self) -> str:
        """The commonest form of its answers; "tool" where more than a fifth call a tool."""
        shapes = Counter(shape_of(a) for a in self.answers)
        return "tool" if shapes["tool"] > 0.2 * len(self.answers) else max(shapes, key=lambda s: shapes[s], default="")

    @cached_property
    def labels(self) -> frozenset[str]:
        """The closed set of values that its answers are made of, as `labels_of`."""
        return labels_of(self.answers)

    @cached_property
    def plain_labels(self) -> frozenset[str]:
        """The labels without their spelling: case, underscores and signs."""
        return frozenset(filter(None, (" ".join(_WORD.findall(label)) for label in self.labels)))

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names of all fields that its structured answers hold."""
        return frozenset(f for a in self.answers for f in fields_of(a) if f and f != "[]")

    @cached_property
    def evidence(self) -> Evidence:
        """How its first 400 answers behave."""
        return evidence([c["exchange"] for c in self.calls[:400]])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The template's words without lists and without what its answers are made of (labels, field names)."""
        own = {t for value in (*self.labels, *self.fields) for t in tokens_of(value)}
        own |= {t for value in (*self.labels, *self.fields) for t in tokens_of(re.sub(r"[._]", " ", value))}
        return tuple(t for t in without_lists(self.tokens) if t[0].isalnum() and t != "0" and t not in own)

    @cached_property
    def asked(self) -> Runs:
        """What the conversations of its first 400 calls begin with."""
        return Runs.of(call["prompt"].head for call in self.calls[:400])

    @cached_property
    def said(self) -> Runs:
        """What its first 400 calls were answered."""
        return Runs.of(tokens_of(answer, 200) for answer in self.answers)

    @cached_property
    def unnamed(self) -> Leaf:
        """Its calls whose answers do not stand in its system prompt: a label or an "unknown" that this names is an
        answer of the whole prompt, and says nothing of a part."""
        told = " ".join(("", *self.told, ""))
        named = {answer: f" {' '.join(words)} " in told for answer in set(self.answers) if (words := _said(answer))}
        return replace(self, calls=[call for call in self.calls[:400] if not named.get(call["response"])])

    @property
    def first(self) -> tuple[datetime, str]:
        """Time and id of its first call: the order of leaves, the same in every run."""
        return self.calls[0]["created_at"], self.calls[0]["call_id"]


def _said(answer: str) -> Tokens:
    """The tokens of an answer, none where it has no word."""
    words = tokens_of(answer, 20)
    return words if any(word[0].isalpha() for word in words) else ()


def merged(leaves: list[Leaf], rare: int) -> list[list[Leaf]]:
    """Leaves grouped into tasks: each joins the first larger one that it is a version of; strays share one group."""
    groups: list[list[Leaf]] = []
    strays: list[Leaf] = []
    for leaf in sorted(leaves, key=lambda x: (-len(x.calls), x.first)):
        home = next((g for g in groups if leaf.tokens and any(same_task(one, leaf) for one in _heads(g, leaf))), None)
        if home is not None:
            home.append(leaf)
        elif leaf.tokens and len(leaf.calls) > rare:
            groups.append([leaf])
        else:
            strays.append(leaf)
    loose = [replace(leaf, told=(), anchor=()) for leaf in strays]
    return groups + ([loose] if loose else [])


def _heads(group: list[Leaf], leaf: Leaf) -> list[Leaf]:
    """The leaves of a group that another is held against: its largest, and the largest with the same system prompt."""
    same = [one for one in group[1:] if one.system == leaf.system]
    return [group[0], *same[:HEADS]]


def same_task(a: Leaf, b: Leaf) -> bool:
    """Whether two templates are versions of one: the same answers, or prompts that differ by slots or additions."""
    words = len(set(a.words) & set(b.words)) / max(1, min(len(set(a.words)), len(set(b.words))))
    if _same_labels(a, b, words):
        return True
    few = min(len(a.answers), len(b.answers)) < FEW
    if a.system == b.system and len(a.told) >= ENOUGH:
        one, other = a.unnamed, b.unnamed
        if few or (a.shape == b.shape and min(len(one.answers), len(other.answers)) < FEW):
            return True
        if (likeness := kin(one, other)) is not None:
            return _parts_of_one(one, other, likeness)
    return words >= 0.4 and (few or a.shape == b.shape) and _versions(a, b)


def _same_labels(a: Leaf, b: Leaf, words: float) -> bool:
    """Whether the same labels come back, in whatever form; the fewer they are, the more `words` prompts must share."""
    both, same = a.labels & b.labels, a.plain_labels & b.plain_labels
    if (_overlap(a.labels, b.labels) >= 0.6 and len(both) >= 10) or (
        _overlap(a.labels, b.labels) >= 0.5 and len(both) >= 4 and words >= 0.3
    ):
        return True
    every = a.plain_labels == b.plain_labels  # in another form: `Late delivery`, `{"reason": "late_delivery"}`
    return every and len(same) >= 2 and words >= (0.5 if len(same) < 4 else 0.3)


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))


def kin(a: Leaf, b: Leaf) -> float | None:
    """How alike the exchanges of two templates are: 0 to about 1; None where answers have nothing in common at all."""
    asked, said = a.asked.likeness(b.asked), a.said.likeness(b.said)
    if asked is None or said is None:
        return None
    slot = _slot(a, b)
    besides = a.said.without(slot).likeness(b.said.without(slot)) if slot else None
    return math.sqrt(asked * max(said, besides or 0))


def _slot(a: Leaf, b: Leaf) -> frozenset[str]:
    """The words that only one of two fixed parts has: where an answer repeats them, it differs for that alone."""
    return frozenset(a.anchor) ^ frozenset(b.anchor)


def _parts_of_one(a: Leaf, b: Leaf, likeness: float) -> bool:
    """Whether two parts of a system prompt that says enough are one task: only their exchanges can tell them apart."""
    same_fields = _overlap(a.fields, b.fields) >= 0.5 or not (a.fields | b.fields)
    if a.shape == b.shape == "pairs":  # `auth: ...`, `mailer: ...` may repeat a word of what is asked about
        same_fields = same_fields or a.fields ^ b.fields <= _slot(a, b)
    return likeness >= KIN and same_fields and _behave_alike(a.evidence, b.evidence)


def _versions(a: Leaf, b: Leaf) -> bool:
    """Whether two prompts differ by slots or additions alone, and so do their answers."""
    match = SequenceMatcher(None, a.words, b.words, autojunk=False)
    edits = [(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in match.get_opcodes() if tag != "equal"]
    slots = all(max(edit) <= 4 for edit in edits)
    additions = all(min(edit) <= 4 for edit in edits)
    alike = match.ratio()
    if alike >= 0.6 and max(_overlap(a.labels, b.labels), _overlap(a.fields, b.fields)) >= 0.5:
        return True
    return alike >= 0.8 and _enough_said(match) and (slots or additions) and _behave_alike(a.evidence, b.evidence)


def _enough_said(match: SequenceMatcher[str]) -> bool:
    """Whether two templates share enough words for one other word to be a slot and not another instruction."""
    blocks = match.get_matching_blocks()
    begins = blocks[0].size if blocks[0].a == blocks[0].b == 0 else 0
    return sum(block.size for block in blocks) >= ENOUGH or begins >= SHORTEST


def _behave_alike(a: Evidence, b: Evidence) -> bool:
    if min(a.n, b.n) < FEW:
        return True
    longer = (1 + max(a.answer_tokens, b.answer_tokens)) / (1 + min(a.answer_tokens, b.answer_tokens))
    return longer <= 3 and all(
        abs(x - y) <= 0.5 for x, y in ((a.copied, b.copied), (a.numeric, b.numeric), (a.from_input, b.from_input))
    )
