"""Prompts as templates are found and recognised in them: tokens of any script, and an index of templates.

The audit finds templates in a log and compiles them to a `TemplateIndex`; production recognises a request by the same
index, so both always agree. Standard library only, and linear in the length of what is asked about.
Out of scope: how templates are found (`audit.discovery`), which task a template belongs to.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import chain
from sys import intern
from typing import Any
from zlib import crc32

Tokens = tuple[str, ...]
_SIGNS = r"[A-Za-z0-9_#@.,/:+%$€£*~=-]"
_MASK = re.compile(rf"(?<!{_SIGNS})(?={_SIGNS}*[0-9@]|https?:){_SIGNS}+(?:[?&]\S*)?")
"""Runs that hold a digit, an address or a link. One try a run: a log has millions of them."""
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_TOKEN = re.compile(rf"\n+|[{_CJK}]|[^\W{_CJK}]+|[^\w\s]")
_PIECE = re.compile(r"\n+|\S+")
_LONGEST_KEPT, _MOST_KEPT = 32, 1 << 16
"""Characters of a piece, and pieces, whose tokens are kept."""
USER, ASSISTANT = "<user>", "<assistant>"
HEAD, TAIL = 240, 80
"""Tokens of a conversation's beginning and end that are looked at."""
SYSTEM_TOKENS = 1500
_CHARACTERS = 12
"""Characters read for a token wanted: more than nearly any word has."""
SHORTEST = 5
"""Fixed tokens that make a template of a user message (2 where they end a line or in a colon)."""
NO_TEMPLATE = -1
"""The leaf of a call that shares no template with enough other calls."""
SYSTEM_ROLES = ("system", "developer")
VERSION = 1
"""Of the index as JSON: another tokeniser or another way to look up is another version."""
_WRAPPED = ("content", "tool_calls", "parts", "tool_call_id")
_DEEPEST = 32


def text_of(content: object) -> str:
    """Readable text of a message's content: a string itself, or the text parts of a list or of canonical JSON."""
    if not isinstance(content, str):
        return " ".join(_texts(content))
    if not content.startswith(("{", "[")) or not any(f'"{key}"' in content for key in (*_WRAPPED, "text")):
        return content
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):  # text that only looks like JSON
        return content
    if isinstance(value, dict) and not value.keys() & set(_WRAPPED):
        return content  # a plain message that happens to be JSON
    return " ".join(_texts(value))


def _texts(value: object, depth: int = 0) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif depth > _DEEPEST:
        return
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, depth + 1)
    elif isinstance(value, Mapping):
        for key in ("content", "text", "parts", "input_text"):
            if key in value:
                yield from _texts(value[key], depth + 1)
        made = value.get("tool_calls")
        for call in made if isinstance(made, list | tuple) else ():
            function = call.get("function") if isinstance(call, Mapping) else None
            yield from _texts(function.get("name", "") if isinstance(function, Mapping) else "", depth + 1)


def message_text(message: Mapping[str, object]) -> str:
    """Readable text of a chat message, as logged ({role, content}) or as sent (parts, tool calls beside them)."""
    more = any(value not in (None, [], {}) for key, value in message.items() if key not in ("role", "content"))
    return " ".join(_texts(message)) if more else text_of(message.get("content"))


class _Pieces(dict[str, Tokens]):
    """The tokens of runs without white space: a log repeats its words, so each is taken apart once.

    A piece does not depend on its neighbours: no mask, token or letter's case reaches over white space.
    """

    def __missing__(self, piece: str) -> Tokens:
        found = _TOKEN.findall(_MASK.sub(" 0 ", piece).lower())
        tokens = tuple("\n" if t[0] == "\n" else intern(t) for t in found)  # one copy of a word
        if len(piece) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[piece] = tokens
        return tokens


_pieces = _Pieces()


def tokens_of(text: str, limit: int | None = None) -> Tokens:
    """Lower-case words, signs and line breaks of `text`; whatever holds a digit, an address or a link is `0`."""
    return _tokens(unicodedata.normalize("NFKC", text[: limit * _CHARACTERS] if limit else text))[:limit]


@lru_cache(maxsize=256)  # a message is read for its template and for its words, and again in its conversation's calls
def _tokens(text: str) -> Tokens:
    pieces = _PIECE.findall(text) if "\n" in text else text.split()
    found = tuple(chain.from_iterable(map(_pieces.__getitem__, pieces)))
    at, again = -1, set()
    for _ in range(found.count("0")):
        before, at = at, found.index("0", at + 1)
        if at == before + 1 and at:
            again.add(at)
    return tuple(t for i, t in enumerate(found) if i not in again) if again else found


@dataclass(frozen=True)
class Prompt:
    """What is seen of a call's prompt: tokens of the system prompt, of the conversation's start and its end."""

    system: Tokens
    head: Tokens
    tail: Tokens


@lru_cache(maxsize=1024)
def _system(text: str, tools: Tokens) -> tuple[Tokens, str]:
    """Tokens of a system prompt and its tools' names, and their digest; most calls of a log share a few of them."""
    tokens = tokens_of(text, SYSTEM_TOKENS) + (("<tools>", *(name.lower() for name in tools)) if tools else ())
    return tokens, digest(tokens)


def _system_of(messages: Sequence[Mapping[str, object]], tools: Tokens) -> tuple[Tokens, str]:
    texts = [message_text(m) for m in messages if m.get("role") in SYSTEM_ROLES]
    return _system("\n".join(texts).strip()[: SYSTEM_TOKENS * _CHARACTERS], tools)


def prompt_of(messages: Sequence[Mapping[str, object]], tools: Tokens = ()) -> Prompt:
    """The prompt of one call. messages: {role, content} each; tools: names of the tools it offers, sorted."""
    talk = _Talk(messages)
    return Prompt(_system_of(messages, tools)[0], talk.head, talk.tail)


class _Talk:
    """A conversation's start and the end of its user's last message, as tokens; read only where one is asked for."""

    def __init__(self, messages: Sequence[Mapping[str, object]]):
        self.messages = messages

    @cached_property
    def head(self) -> Tokens:
        head: list[str] = []
        for message in self.messages:
            role = message.get("role")
            if role not in SYSTEM_ROLES:
                head += [USER if role == "user" else ASSISTANT, *tokens_of(message_text(message).strip(), HEAD)]
            if len(head) >= HEAD:
                break
        return tuple(head[:HEAD])

    @cached_property
    def tail(self) -> Tokens:
        last: Mapping[str, object] = next((m for m in reversed(self.messages) if m.get("role") == "user"), {})
        return tokens_of(message_text(last).strip()[-TAIL * _CHARACTERS :])[-TAIL:]


def lines_of(tokens: Tokens) -> Iterable[Tokens]:
    """The lines and sentences of `tokens` that are long enough to be fixed text."""
    line: list[str] = []
    for token in (*tokens, "\n"):
        if token in ("\n", USER, ASSISTANT, "。", ".", "!", "?"):
            if len(line) >= SHORTEST:
                yield tuple(line)
            line = []
        else:
            line.append(token)


def _bytes(tokens: Tokens) -> bytes:
    return "\x1f".join(tokens).encode("utf-8", "surrogatepass")


def digest(tokens: Tokens) -> str:
    """A short name of a run of tokens, the same on every machine."""
    return blake2b(_bytes(tokens), digest_size=8).hexdigest()


def grams(tokens: Tokens) -> set[int]:
    """All runs of three tokens, as 32-bit numbers that are the same on every machine; the whole where it is shorter."""
    if len(tokens) <= 3:
        return {crc32(_bytes(tokens))} if tokens else set()
    return {crc32(_bytes(tokens[i : i + 3])) for i in range(len(tokens) - 2)}


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
        tokens, named = _system_of(messages, tools)
        system = self._system(tokens, named)
        return self._leaf(system, _Talk(messages))

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

    def _leaf(self, system: int, talk: Prompt | _Talk) -> int:
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

    def to_dict(self) -> dict[str, Any]:
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
