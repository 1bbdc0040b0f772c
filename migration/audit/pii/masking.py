"""Masks instead of personal data: `<EMAIL_1>` and the like, JSON staying JSON.

Masks are numbered within a conversation, the same value getting the same mask there, so that a masked text can still be
learned from. Out of scope: what personal data is (`finding`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from migration.audit.pii.finding import find, may_hold
from migration.markup import hashed, made_by_machine

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Masker:
    """Masks texts, remembering for each conversation which value has which mask."""

    counts: Counter[str] = field(default_factory=Counter)
    """How many pieces of each kind were masked, the same value counted each time."""
    _known: dict[Hashable, dict[str, dict[str, str]]] = field(default_factory=dict)

    def text(self, text: str, conversation: Hashable) -> str:
        """`text` with personal data masked; JSON stays JSON."""
        return self._masked(text, conversation, "")

    def _masked(self, text: str, conversation: Hashable, before: str) -> str:
        if text[:1] in ("{", "["):
            said = text.replace("_", " ").replace('"', "")  # keys vouch for values
            if not may_hold(f"{before}: {said}" if before else said):
                return text
            if (again := self._json(text, conversation)) is not None:
                return again
        return self._plain(text, conversation, before)

    def _plain(self, text: str, conversation: Hashable, before: str) -> str:
        parts, last = [], 0
        for start, end, kind in find(text, before):
            parts += [text[last:start], self._mask(kind, text[start:end], conversation)]
            last = end
        return "".join(parts) + text[last:] if parts else text

    def _mask(self, kind: str, value: str, conversation: Hashable) -> str:
        same = re.sub(r"\W", "", value).casefold() if kind not in ("EMAIL", "IP") else value.casefold()
        self.counts[kind] += 1
        known = self._known.setdefault(conversation, {}).setdefault(kind, {})
        return known.setdefault(same, f"<{kind}_{len(known) + 1}>")

    def _json(self, text: str, conversation: Hashable) -> str | None:
        """JSON with its keys, strings and numbers masked, written as it was; null where it is none, or of a style
        unknown."""
        try:
            value = orjson.loads(text)
            write = style_of(value, text)
            return write(self._walk(value, conversation, "")) if write else None
        except (ValueError, orjson.JSONEncodeError, RecursionError):
            return None  # no JSON, too deep, or keys that masks would make one: masked as a text

    def _walk(self, value: Any, conversation: Hashable, key: str) -> Any:
        if isinstance(value, dict):
            names = {name: self._masked(name, conversation, "") for name in value}
            if len(set(names.values())) < len(names):
                raise ValueError("two keys have one mask")
            said = _field(value)
            return {
                names[name]: self._walk(item, conversation, said if said and name in _VALUES else name)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._walk(item, conversation, key) for item in value]
        if isinstance(value, str):
            return self._masked(value, conversation, words_of(key))
        if isinstance(value, int) and not isinstance(value, bool) and value > 999_999:
            masked = self._masked(str(value), conversation, words_of(key))
            return value if masked == str(value) else masked
        return value


_VALUES = ("value", "answer", "val", "text", "number")


def _field(value: dict[str, Any]) -> str:
    """What a form's field is called that says so itself: {"name": "api_key", "value": ...}; "" where none does."""
    says = next((value[one] for one in ("name", "key", "label", "field", "question", "type") if one in value), "")
    return says if isinstance(says, str) and len(says) <= 64 and any(one in value for one in _VALUES) else ""


def words_of(key: str) -> str:
    """A JSON key as words: `birth_date` and `birthDate` vouch for a value as "birth date" does."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key.replace("_", " "))


_STYLES: tuple[Callable[[Any], str], ...] = (
    lambda value: orjson.dumps(value).decode(),
    lambda value: json.dumps(value, ensure_ascii=False),
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False, indent=2),
    lambda value: json.dumps(value, ensure_ascii=False, indent=4),
)


def style_of(value: Any, text: str) -> Callable[[Any], str] | None:
    """What writes JSON `value` as it is written in `text`; None where nothing here does."""

    def writes(style: Callable[[Any], str]) -> bool:
        try:
            return style(value) == text
        except TypeError:  # orjson's, of a number or a text that it cannot write
            return False

    return next((style for style in _STYLES if writes(style)), None)


def mask(texts: Iterable[str | None], conversation_ids: Sequence[Hashable] | None = None) -> list[Any]:
    """`texts` with personal data masked; null stays null.

    Texts of one conversation share their numbering; without `conversation_ids` (or where one is null) each text has
    its own.
    """
    masker, masked = Masker(), []
    for place, text in enumerate(texts):
        named = conversation_ids[place] if conversation_ids is not None else None
        masked.append(masker.text(text, ("text", place) if named is None else named) if isinstance(text, str) else None)
    return masked


def mask_messages(
    messages: Iterable[dict[str, str]], conversation_id: Hashable = "", masker: Masker | None = None
) -> list[dict[str, str]]:
    """Chat messages {role, content} with personal data masked; one `masker` over several calls keeps masks alike."""
    masker = masker or Masker()
    return [one | {"content": masker.text(one["content"], conversation_id)} for one in messages]


def mask_answers(predictions: pd.DataFrame) -> pd.DataFrame:
    """`predictions` (call_id, output, reference, as of predictions.parquet) as they may be kept: answers masked.

    A call's texts share their numbering, so what was equal before is equal after, and only that.
    """
    masker = Masker()
    masked = {
        name: [
            masker.text(text, call) if isinstance(text, str) else text
            for text, call in zip(predictions[name], predictions["call_id"], strict=True)
        ]
        for name in ("reference", "output")
    }
    return predictions.assign(**masked)


def named_without(identifier: str | None) -> str | None:
    """An id of the log, or where it holds personal data (a mail address as `user`) a hash of it."""
    if identifier is None or made_by_machine(identifier) or not find(identifier):  # a log has millions of machines' ids
        return identifier
    return hashed(identifier)


def count_by_kind(texts: Iterable[str | None]) -> dict[str, int]:
    """How many pieces of personal data of each kind the texts hold, the same value counted each time."""
    masker = Masker()
    for text in texts:
        masker.text(text or "", "")
    return dict(masker.counts.most_common())
