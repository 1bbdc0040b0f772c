"""Masks that can be taken back: what an endpoint is sent of a request, and its answer with the values in it again.

Out of scope: what personal data is (`finding`), masks that stay (`masking`), and who is asked.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migration.audit.pii.masking import Masker, style_of, words_of

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*)_(\d+)>")
_HELD = re.compile(r"[<cC][A-Z][A-Z_]*_\d+[>\\]")
_ESCAPED = re.compile(r"(?<!\\)\\u003[cC]([A-Z][A-Z_]*_\d+)\\u003[eE]")
"""A placeholder in JSON of servers that escape < and >, as those written in Go do."""
_ANGLE = re.compile(r"\\+u003([cCeE])")
_ALIKE = re.compile(r"(?i)[<\[][a-z][a-z_]*[ _-]?\d*[>\]]|\b[a-z][a-z_]*_\d+\b")
"""What an answer might have made of a placeholder, or a tag and a name of the caller's own: <name>, phone_1."""
_QUOTED = re.compile(r"(\"?)(<[A-Z][A-Z_]*_\d+>)(\"?)")
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n(.*?)\n?```", re.S)
_WORD = re.compile(r"\w+")
_EAST = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uffdc]")
_SHORTEST = 3
"""Characters of a value that is looked for wherever else the request may hold it."""
_STRUCTURE = frozenset({"name", "type", "required", "pattern", "format", "strict", "$id", "$ref", "$schema"})
"""Keys of a tool or a JSON schema whose strings are names of its own, not texts."""
_DATA = frozenset({"const", "default", "enum", "example", "examples"})
"""Keys of a JSON schema that hold values as an answer would."""


@dataclass
class Placeholders(Masker):
    """The masks of one request, and what each stands for.

    A value that is spelled alike has one placeholder in all of the request. `taken`: placeholders, and what looks like
    one, that the request itself holds: they are not given out (a log may have been masked before), nor missed.
    """

    taken: frozenset[str] = frozenset()
    values: dict[str, str | int] = field(default_factory=dict)
    _given: dict[str | int, str] = field(default_factory=dict)
    _last: Counter[str] = field(default_factory=Counter)
    _starts: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    """First word of a value -> (characters before it, length of the value), of all values that begin so."""
    _unspaced: list[tuple[str, str]] = field(default_factory=list)

    def request(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`body` (messages with texts; tools, response_format, stop) with personal data masked, of the same form."""
        messages = [one | {"content": self.text(one["content"], "")} for one in body["messages"]]
        spoken = {name: self._schema(body[name]) for name in ("tools", "response_format", "stop") if name in body}
        return dict(body) | spoken | {"messages": messages}

    def restore(self, value: Any) -> Any:
        """A text, or any JSON value, with what its placeholders stand for; JSON within a text stays JSON."""
        if isinstance(value, dict):
            return {self.restore(name): self.restore(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.restore(item) for item in value]
        if not isinstance(value, str) or not self.values or not _HELD.search(value):
            return value
        if value.lstrip()[:1] in ("{", "[") and (again := self._restored_json(value)) is not None:
            return again
        parts, last = [], 0
        for fenced in _FENCED.finditer(value):
            parts += [self._as_text(value[last : fenced.start(1)]), self.restore(fenced[1])]
            last = fenced.end(1)
        return "".join(parts) + self._as_text(value[last:])

    def _as_text(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: str(self.values.get(match[0], match[0])), text)

    def left(self, text: str) -> int:
        """How many placeholders a restored answer holds that it changed or made up, so that they stand for nothing."""
        kinds = "|".join({name.rpartition("_")[0][1:] for name in self.values})
        if not kinds:
            return 0
        found = re.findall(rf"(?i)\b(?:{kinds})_\d+\b|[<\[](?:{kinds})[ _-]?\d*[>\]]", _with_angles(text))
        return sum(_spelled(one) not in self.taken for one in found)

    def _restored_json(self, text: str) -> str | None:
        """JSON restored, all else in it as it was written where that says the same; null where it is none."""
        try:
            text = _ESCAPED.sub(lambda match: f"<{match[1]}>" if f"<{match[1]}>" in self.values else match[0], text)
            restored = self._values_of(value := json.loads(text))
            style = style_of(value, text)
            written = style(restored) if style else _QUOTED.sub(self._in_quotes, text)
            said = json.loads(written) == restored  # not where a string holds JSON itself, of a style unknown
            return written if said else json.dumps(restored, ensure_ascii=False)
        except (ValueError, TypeError, RecursionError):  # TypeError: orjson's, of a number that it cannot write
            return None

    def _in_quotes(self, match: re.Match[str]) -> str:
        value = self.values.get(match[2], match[2])
        if isinstance(value, int):
            return str(value) if match[1] and match[3] else f"{match[1]}{value}{match[3]}"
        return match[1] + json.dumps(value, ensure_ascii=False)[1:-1] + match[3]

    def _values_of(self, value: Any) -> Any:
        """As `restore`; a string that is one placeholder becomes the number that it stands for, where it does."""
        if isinstance(value, dict):
            return {self.restore(name): self._values_of(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._values_of(item) for item in value]
        number = self.values.get(value) if isinstance(value, str) else None
        return number if isinstance(number, int) else self.restore(value)

    def _schema(self, value: Any, key: str = "") -> Any:
        """Tools and JSON schemas with their texts and example values masked; names and structure stay."""
        if key in _DATA:
            return self._walk(value, "", "")
        if isinstance(value, dict):
            named = {name for name in value if name in _STRUCTURE and not isinstance(value[name], dict)}
            return {name: item if name in named else self._schema(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._schema(item) for item in value]
        return self._masked(value, "", words_of(key)) if isinstance(value, str) else value

    def _masked(self, text: str, conversation: Hashable, before: str) -> str:
        if text[:1] in ("{", "[") and (again := self._json(text, conversation)) is not None:
            return again
        return self._elsewhere(self._plain(text, conversation, before))

    def _walk(self, value: Any, conversation: Hashable, key: str) -> Any:
        masked = super()._walk(value, conversation, key)
        if type(value) is int and (found := _PLACEHOLDER.search(str(masked))):
            return self._placeholder(found[1], value)
        return masked

    def _mask(self, kind: str, value: str, conversation: Hashable) -> str:
        self.counts[kind] += 1
        return self._placeholder(kind, value)

    def _placeholder(self, kind: str, value: str | int) -> str:
        """The placeholder of a value: the one that it has, else the next one of its kind."""
        if value in self._given:
            return self._given[value]
        while (made := f"<{kind}_{self._last[kind] + 1}>") in self.taken or made in self.values:
            self._last[kind] += 1
        self.values[made], self._given[value] = value, made
        if isinstance(value, str) and _EAST.search(value):  # of scripts that put no space between words
            self._unspaced.append((value, made))
        elif isinstance(value, str) and len(value) >= _SHORTEST and (word := _WORD.search(value)):
            self._starts.setdefault(word[0], set()).add((word.start(), len(value)))
        return made

    def _elsewhere(self, text: str) -> str:
        """`text` with known values masked where nothing beside them says what they are: a name without a greeting."""
        for value, made in sorted(self._unspaced, key=lambda one: -len(one[0])):
            text = text.replace(value, made)
        parts, last = [], 0
        for word in _WORD.finditer(text):
            for ahead, length in sorted(self._starts.get(word[0], ()), key=lambda one: -one[1]):  # the longest first
                start, end = word.start() - ahead, word.start() - ahead + length
                if start >= last and (known := self._given.get(text[start:end])) and _apart(text, start, end):
                    parts += [text[last:start], known]
                    last = end
                    break
        return "".join(parts) + text[last:] if parts else text


def _apart(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is no part of a longer word."""
    inside = (start > 0 and text[start - 1].isalnum() and text[start].isalnum()) or (
        end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    )
    return not inside


def _with_angles(text: str) -> str:
    """`text` with < and > where JSON within it escapes them."""
    return _ANGLE.sub(lambda match: "<" if match[1] in "cC" else ">", text)


def _spelled(found: str) -> str:
    """A placeholder, or what looks like one, as `taken` holds it."""
    return f"<{found.strip('<>[]').upper()}>"


def masked_request(body: Mapping[str, Any]) -> tuple[dict[str, Any], Placeholders]:
    """A request's body as an endpoint may see it, and what takes the masks in its answer back.

    body: messages (role, content as text), and optionally tools, response_format, stop; all else is left as it is.
    Read twice: what is found once is then masked wherever it stands.
    """
    whole = re.sub(r"\\[bfnrt]", " ", _with_angles(json.dumps(dict(body), ensure_ascii=False)))
    known = Placeholders(taken=frozenset(_spelled(match[0]) for match in _ALIKE.finditer(whole)))
    masked = known.request(body)
    return (known.request(body) if known.values else masked), known
