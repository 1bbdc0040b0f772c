"""A text as tokens, and a call's prompt as what is looked at of it.

Out of scope: which template a prompt was made from (`index`)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import chain
from sys import intern
from zlib import crc32

Tokens = tuple[str, ...]
_SIGNS = r"[A-Za-z0-9_#@.,/:+%$€£*~=-]"
_MASK = re.compile(rf"(?<!{_SIGNS})(?={_SIGNS}*[0-9@]|https?:){_SIGNS}+(?:[?&]\S*)?")
"""Runs that hold a digit, an address or a link. One try a run: a log has millions of them."""
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_TOKEN = re.compile(rf"\n+|[{CJK}]|[^\W{CJK}]+|[^\w\s]")
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
SYSTEM_ROLES = ("system", "developer")
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


def system_of(messages: Sequence[Mapping[str, object]], tools: Tokens) -> tuple[Tokens, str]:
    """The tokens of a call's system prompt and tools, and their digest."""
    texts = [message_text(m) for m in messages if m.get("role") in SYSTEM_ROLES]
    return _system("\n".join(texts).strip()[: SYSTEM_TOKENS * _CHARACTERS], tools)


def prompt_of(messages: Sequence[Mapping[str, object]], tools: Tokens = ()) -> Prompt:
    """The prompt of one call. messages: {role, content} each; tools: names of the tools it offers, sorted."""
    talk = Talk(messages)
    return Prompt(system_of(messages, tools)[0], talk.head, talk.tail)


class Talk:
    """A conversation's start and the end of its user's last message, as tokens; read only where one is asked for."""

    def __init__(self, messages: Sequence[Mapping[str, object]]):
        self.messages = messages

    @cached_property
    def head(self) -> Tokens:
        """The first tokens of the conversation, without its system prompt."""
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
        """The last tokens of the last message that a user wrote."""
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
