"""A request taken apart: the form (which version of a prompt it is) and the content (what is new in it).

Calls of one task share system prompts and fixed words around a slot. They say nothing about the answer's meaning, and
everything about its form. Out of scope: what answers and texts mean (`meanings`, `views`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migration.benchmark.candidates import chat
from migration.prompts.tokens import SYSTEM_ROLES

SHARED = 0.9
"""Share of a form's requests that must have a word for it to be fixed."""
SHORTEST = 4
"""Fixed words that make a beginning more than a common way to begin a sentence."""
LEAST, PART = 5, 0.02
"""Requests that a line of a system prompt or a beginning must be in to be fixed: as a number, and as a share."""
LIKE = 0.5
"""Jaccard similarity of system prompts' fixed lines from which an unknown version is taken for a known one."""
_SYSTEM = ("<system>",)
"""Begins the key of a request with a system prompt, whatever is fixed in it."""
UNKNOWN = -1
"""The form of a request that is like no version in the training set."""
LONGEST = 2400
"""Characters of content that are read: the first and the last half of so many."""

Words = tuple[str, ...]
Request = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Form:
    """One version of a prompt. key: its system prompt's fixed lines, or the name that a caller gave it. head, tail:
    fixed words (and the space between them) around the content."""

    key: Words
    head: Words = ()
    tail: Words = ()

    def fits(self, words: Words) -> bool:
        """Whether a request's words begin and end with the fixed ones."""
        long_enough = len(words) >= len(self.head) + len(self.tail)
        return (
            long_enough and words[: len(self.head)] == self.head and words[len(words) - len(self.tail) :] == self.tail
        )

    def content(self, words: Words) -> str:
        """What stands between the form's head and tail."""
        return "".join(words[len(self.head) : len(words) - len(self.tail)]).strip()


@dataclass(frozen=True)
class Forms:
    """The versions of a task's prompt, and the lines of system prompts that are fixed."""

    forms: tuple[Form, ...]
    lines: frozenset[str]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads: plain JSON."""
        return {"lines": sorted(self.lines), "forms": [asdict(form) for form in self.forms]}

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> Forms:
        """The versions that `to_dict` wrote. Raises KeyError or TypeError where it did not."""
        forms = (Form(*(tuple(form[part]) for part in ("key", "head", "tail"))) for form in about["forms"])
        return cls(tuple(forms), frozenset(about["lines"]))

    def split(self, request: Request, form: Hashable = None) -> tuple[int, str]:
        """The form of one request (its place in `forms`, UNKNOWN) and its content, without the middle of a long one."""
        found, content = self.whole(request, form)
        return found, _cut(content)

    def whole(self, request: Request, form: Hashable = None) -> tuple[int, str]:
        """As `split`, and all of the content."""
        key, words = _parts(request, self.lines, form)
        known = [i for i, each in enumerate(self.forms) if each.key == key]
        if not known and form is None:
            known = self._nearest(key)
        fitting = [i for i in known if self.forms[i].fits(words)]
        if fitting:
            best = max(fitting, key=lambda i: len(self.forms[i].head) + len(self.forms[i].tail))
            return best, self.forms[best].content(words)
        return UNKNOWN, "".join(words).strip()

    def _nearest(self, key: Words) -> list[int]:
        """The known versions whose system prompt shares the most lines with an unknown one, if it shares enough."""
        likeness = [_jaccard({*key} - {*_SYSTEM}, {*each.key} - {*_SYSTEM}) for each in self.forms]
        best = max(likeness, default=0.0)
        return [i for i, like in enumerate(likeness) if like == best] if best >= LIKE else []


def find_forms(
    requests: Sequence[Request], forms: Sequence[Hashable] | None = None, answers: Sequence[str] | None = None
) -> Forms:
    """The versions of the prompt in a task's requests, those with the most requests first.

    requests: texts, or lists of messages (role, content). forms: the version of each request where the caller knows it.
    answers: (n,) of the requests. Beginnings of which one is answered alike are no versions: what they say is asked.
    """
    named = [None] * len(requests) if forms is None else list(forms)
    counts = Counter(line for request in requests for line in set(_system(request).splitlines()))
    least = max(LEAST, int(PART * len(requests)))
    lines = frozenset(line for line, count in counts.items() if count >= least)
    groups: dict[Words, list[Words]] = defaultdict(list)
    said: dict[Words, Counter[str]] = defaultdict(Counter)
    for request, form, answer in zip(requests, named, answers or [""] * len(requests), strict=True):
        key, words = _parts(request, lines, form)
        groups[key].append(words)
        said[words][answer] += 1
    found: list[tuple[int, Form]] = []
    for key, rows in groups.items():
        beginnings = _beginnings(rows, least)
        if answers and len(beginnings) > 1 and any(_answered_alike(inside, said) for _, inside in beginnings):
            beginnings = [((), rows)]
        for head, inside in beginnings:
            rests = [row[len(head) :] for row in inside]
            found.append((len(inside), Form(key, head, _end(rests))))
        if not any(form.key == key and not form.head and not form.tail for _, form in found):
            found.append((0, Form(key)))
    found.sort(key=lambda each: -each[0])
    return Forms(tuple(form for _, form in found), lines)


def _parts(request: Request, lines: frozenset[str], form: Hashable) -> tuple[Words, Words]:
    """The key of a request's form, and the words that are not in it. Lines of a system prompt that vary are content."""
    system = _system(request).splitlines()
    key = (str(form),) if form is not None else (*_SYSTEM[: len(system)], *(line for line in system if line in lines))
    varying = [line for line in system if line not in lines]
    return key, tuple(re.findall(r"\s+|\S+", "\n".join([*varying, _asked(request)])))


def _system(request: Request) -> str:
    if isinstance(request, str):
        return ""
    return "\n".join(m["content"] for m in chat(request) if m["role"] in SYSTEM_ROLES)


def _asked(request: Request) -> str:
    """The turns of a conversation; who speaks is said where more than the user does."""
    if isinstance(request, str):
        return request
    turns = [m for m in chat(request) if m["role"] not in SYSTEM_ROLES]
    if all(m["role"] == "user" for m in turns):
        return "\n".join(m["content"] for m in turns)
    return "\n".join(f"{m['role']}: {m['content']}" for m in turns)


def _beginnings(rows: list[Words], least: int) -> list[tuple[Words, list[Words]]]:
    """Fixed beginnings and the rows that have them. The tree of first words is followed while `SHARED` of the rows go
    on with a word that `least` rows or more have in common."""
    depth = 0
    while True:
        nexts: dict[str, list[Words]] = defaultdict(list)
        for row in rows:
            nexts[row[depth] if depth < len(row) else ""].append(row)
        big = {word: inside for word, inside in nexts.items() if word and len(inside) >= least}
        if not big or sum(map(len, big.values())) < SHARED * len(rows) or len(big) > 4:
            break
        if len(big) > 1:
            inner = [each for inside in big.values() for each in _beginnings(inside, least)]
            if all(_long(head) for head, _ in inner):
                return inner
            break
        (rows,) = big.values()
        depth += 1
    head = rows[0][:depth]
    fixed = _long(head) and len({row[depth:] for row in rows}) > 2  # a message that is sent again is no template
    return [(head if fixed else (), rows)]


def _end(rows: list[Words]) -> Words:
    """The fixed words that `SHARED` of the rows end with; () where those are few."""
    (tail, inside), *others = _beginnings([row[::-1] for row in rows], max(LEAST, int(SHARED * len(rows))))
    return tail[::-1] if not others and len(inside) >= SHARED * len(rows) else ()


def _answered_alike(rows: list[Words], said: Mapping[Words, Counter[str]]) -> bool:
    """Whether nearly all of the rows have one answer. said: how often a request of these words got which answer."""
    told = sum((said[words] for words in set(rows)), Counter[str]())
    return max(told.values()) >= SHARED * told.total()


def _long(words: Words) -> bool:
    return sum(not word.isspace() for word in words) >= SHORTEST


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


def _jaccard(first: set[str], second: set[str]) -> float:
    return len(first & second) / max(len(first | second), 1)
