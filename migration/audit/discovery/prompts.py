"""Prompts as templates are found in them: tokens of any script, with what changes from call to call masked.

Knows: messages and the names of tools. Refuses to know: what a template is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

import orjson

Tokens = tuple[str, ...]
_SIGNS = r"[A-Za-z0-9_#@.,/:+%$€£*~=-]"
_MASK = re.compile(rf"(?<!{_SIGNS})(?={_SIGNS}*[0-9@]|https?:){_SIGNS}+(?:[?&]\S*)?")
"""Runs that hold a digit, an address or a link. One try a run: a log has millions of them."""
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_TOKEN = re.compile(rf"\n+|[{_CJK}]|[^\W{_CJK}]+|[^\w\s]")
USER, ASSISTANT = "<user>", "<assistant>"
HEAD, TAIL = 240, 80
"""Tokens of a conversation's beginning and end that are looked at."""
SYSTEM_TOKENS = 1500


def text_of(content: str | None) -> str:
    """Readable text of a message's content: the string itself, or the text parts of its canonical JSON."""
    if not content:
        return ""
    if not content.startswith(("{", "[")):
        return content
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content
    if isinstance(value, dict) and not {"content", "tool_calls", "parts", "tool_call_id"} & set(value):
        return content  # a plain message that happens to be JSON
    return " ".join(_texts(value))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key in ("content", "text", "parts", "input_text"):
            if key in value:
                yield from _texts(value[key])
        for call in value.get("tool_calls") or []:
            yield from _texts((call.get("function") or {}).get("name", ""))


def tokens_of(text: str, limit: int | None = None) -> Tokens:
    """Lower-case words, signs and line breaks of `text`; whatever holds a digit, an address or a link is `0`."""
    text = unicodedata.normalize("NFKC", text[: limit * 12] if limit else text)
    found = _TOKEN.findall(_MASK.sub(" 0 ", text).lower())
    kept = ["\n" if t[0] == "\n" else t for i, t in enumerate(found) if not (t == "0" and i and found[i - 1] == "0")]
    return tuple(map(intern, kept[:limit]))  # one copy of a word, whatever the number of prompts that hold it


def tool_names(tools: str | None) -> list[str]:
    """Names in the JSON text of a request's tools, sorted."""
    if not tools:
        return []
    names = re.findall(r'"name"\s*:\s*"([^"]+)"\s*[,}]', tools)
    return sorted(set(names))[:60]


@dataclass(frozen=True)
class Prompt:
    """What template finding sees of a call: tokens of the system prompt, of the conversation's start and its end."""

    system: Tokens
    head: Tokens
    tail: Tokens


@lru_cache(maxsize=1024)
def _system_tokens(system: str, tools: str | None) -> Tokens:
    """Tokens of a system prompt and its tools' names; most calls of a log share a few of them."""
    names = tool_names(tools)
    return tokens_of(system.strip(), SYSTEM_TOKENS) + (("<tools>", *(n.lower() for n in names)) if names else ())


def system_of(messages: Sequence[Mapping[str, str]], tools: str | None = None) -> Tokens:
    """Tokens of a call's system prompt, with the names of its tools."""
    texts = [text_of(m["content"]) for m in messages if m["role"] in ("system", "developer")]
    return _system_tokens("\n".join(texts), tools)


def prompt_of(messages: Sequence[Mapping[str, str]], tools: str | None = None) -> Prompt:
    """The prompt of one call. `messages` holds {role, content}; `tools` is the request's tools as JSON text."""
    head: list[str] = []
    last = ""
    for message in messages:
        role = message["role"]
        if role not in ("system", "developer") and len(head) < HEAD:
            head += [USER if role == "user" else ASSISTANT, *tokens_of(text_of(message["content"]).strip(), HEAD)]
        last = message["content"] if role == "user" else last
    tail = tokens_of(text_of(last).strip()[-TAIL * 12 :])[-TAIL:]
    return Prompt(system_of(messages, tools), tuple(head[:HEAD]), tail)


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
