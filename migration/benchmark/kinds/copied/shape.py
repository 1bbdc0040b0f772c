"""An answer of copied values as kinds and values, and back: its keys, their order, lists, types, what stands for none.

Learned from the logged answers of one version of a prompt. A flat JSON object, a JSON list, `KEY: value` lines and a
single value are read; nested JSON is refused. Out of scope: where a value stands in the text (`tags`).
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any

from migration.audit.pii import mask
from migration.benchmark.scoring.forms import unfenced

FEWEST_OF_KEY = 2
"""Answers that must have a key for it to be one of the form."""
OFTEN, SAME = 5, 0.9
"""Times that a value must be spelled otherwise than letters tell, and in which part of its answers, to be kept so."""
WHOLE = ""
"""The kind of a value that has no key: the whole answer, or a member of a list."""
Values = Mapping[str, Sequence[str]]
"""Kind (key) -> its values, in their order in the text."""


class Layout(StrEnum):
    """How an answer is laid out."""

    OBJECT = "object"
    LIST = "list"
    LINES = "lines"
    VALUE = "value"


class Many(StrEnum):
    """Whether values of a kind come in a list."""

    NEVER = "never"
    SEVERAL = "several"
    ALWAYS = "always"


class Letters(StrEnum):
    """What the LLM makes of the letters that it copies."""

    AS_THEY_ARE = "as they are"
    LOWER = "lower"
    UPPER = "upper"
    FIRST_UPPER = "first upper"
    TITLE = "title"

    def __call__(self, value: str) -> str:
        """`value` in these letters."""
        return _LETTERS[self](value)


_LETTERS: dict[Letters, Callable[[str], str]] = {
    Letters.AS_THEY_ARE: lambda value: value,
    Letters.LOWER: str.lower,
    Letters.UPPER: str.upper,
    Letters.FIRST_UPPER: lambda value: value[:1].upper() + value[1:],
    Letters.TITLE: str.title,
}


class Style(StrEnum):
    """How JSON is written."""

    PLAIN = "plain"
    ASCII = "ascii"
    COMPACT = "compact"
    INDENT_2 = "indent 2"
    INDENT_4 = "indent 4"

    def __call__(self, value: Any) -> str:
        """`value` as JSON."""
        return json.dumps(value, **_STYLES[self])


_STYLES: dict[Style, dict[str, Any]] = {
    Style.PLAIN: {"ensure_ascii": False},
    Style.ASCII: {},
    Style.COMPACT: {"ensure_ascii": False, "separators": (",", ":")},
    Style.INDENT_2: {"ensure_ascii": False, "indent": 2},
    Style.INDENT_4: {"ensure_ascii": False, "indent": 4},
}
_LINE = re.compile(r"^([^\W\d][\w .-]{0,40}):(?:\s+(.*?))?\s*$")
_FENCE = re.compile(r"^```[\w-]*\n")
_NOTHING = (None, "null", '""', "[]")
"""What stands for none, however often. Another value does where most answers have it that do not copy one: a value that
was found otherwise, and came twice by chance, does not."""


@dataclass(frozen=True)
class Field:
    """One kind of value. number: written as a JSON number. absent: JSON of what stands where the text holds no value;
    null where the key is left out then. spelled: (value in lower case, how it is written) where letters do not tell.
    """

    key: str
    many: Many = Many.NEVER
    number: bool = False
    letters: Letters = Letters.AS_THEY_ARE
    absent: str | None = None
    spelled: tuple[tuple[str, str], ...] = ()

    def write(self, value: str) -> str:
        """A value of the text as the LLM writes it."""
        return dict(self.spelled).get(fold(value), self.letters(value))


@dataclass(frozen=True)
class Shape:
    """The form of the answers of one version of a prompt. fence: opens a code fence around them, if any."""

    layout: Layout
    fields: tuple[Field, ...]
    style: Style = Style.PLAIN
    fence: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of values that it has, in their order."""
        return tuple(field.key for field in self.fields)

    def encode(self, answer: str) -> dict[str, list[str]] | None:
        """The values of an answer by kind, as they are to be found in the text; None where it is of another form."""
        read = _read(answer)
        if read is None or read[0] != self.layout or not set(read[1]) <= set(self.kinds):
            return None
        values: dict[str, list[str]] = {}
        for field in self.fields:
            if field.key not in read[1]:
                if field.absent is not None:
                    return None
            elif json.dumps(read[1][field.key]) != field.absent:
                values[field.key] = _texts(read[1][field.key])
                if not values[field.key]:
                    return None
        return values

    def decode(self, values: Values) -> str | None:
        """The answer that has these values, as they stand in the text; None where one is not what its kind asks for,
        a kind that comes alone has several, or an answer of one value has none."""
        made: dict[str, Any] = {}
        for field in self.fields:
            found = list(dict.fromkeys(field.write(each) for each in values.get(field.key, ())))
            if not found:
                if field.absent is not None:
                    made[field.key] = json.loads(field.absent)
                elif self.layout is Layout.VALUE:
                    return None
                continue
            typed = [_number(each) for each in found] if field.number else found
            if None in typed or (len(typed) > 1 and field.many is Many.NEVER):
                return None
            made[field.key] = typed if field.many is Many.ALWAYS or len(typed) > 1 else typed[0]
        return self._written(made)

    def _written(self, made: dict[str, Any]) -> str:
        if self.layout is Layout.VALUE:
            text = str(made[WHOLE])
        elif self.layout is Layout.LINES:
            text = "\n".join(f"{key}: {value}" if value else f"{key}:" for key, value in made.items())
        else:
            text = self.style(made.get(WHOLE, []) if self.layout is Layout.LIST else made)
        return f"{self.fence}{text}\n```" if self.fence else text


def learn_shape(answers: Sequence[str], texts: Sequence[str]) -> Shape | None:
    """The form of logged answers (n,) to these texts (n,); None where most have none that can be rebuilt.

    A key, or a word for "none", that is personal data is no part of a form: forms are saved.
    """
    read = [_read(answer) for answer in answers]
    layouts = Counter(each[0] for each in read if each)
    if not layouts or layouts.total() < 0.5 * len(answers):
        return None
    layout = layouts.most_common(1)[0][0]
    rows = [(*each, fold(text)) for each, text in zip(read, texts, strict=True) if each and each[0] is layout]
    keys = _ordered([found for _, found, _ in rows])
    fields = [_field(key, layout, [(found, text) for _, found, text in rows]) for key in keys]
    known = [each for each, clean in zip(fields, _impersonal(fields), strict=True) if clean]
    if not known:
        return None
    own = [answer.strip() for answer, each in zip(answers, read, strict=True) if each and each[0] is layout]
    fences = Counter(m[0] if (m := _FENCE.match(answer)) else "" for answer in own)
    json_ = layout in (Layout.OBJECT, Layout.LIST)
    style = _style([unfenced(answer).strip() for answer in own]) if json_ else Style.PLAIN
    return Shape(layout, tuple(known), style, fences.most_common(1)[0][0])


def with_letters(shape: Shape, pairs: Mapping[str, Sequence[tuple[str, str]]]) -> Shape:
    """`shape` with what the LLM makes of letters. pairs: by kind, (as it stands in the text, as the answer has it)."""
    return replace(shape, fields=tuple(_spelling(each, pairs.get(each.key, ())) for each in shape.fields))


def _spelling(field: Field, pairs: Sequence[tuple[str, str]]) -> Field:
    """`field` with the letters that most pairs have, and the values that are always spelled otherwise."""
    best = max(Letters, key=lambda way: sum(way(stands) == said for stands, said in pairs))
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    odd = {fold(stands) for stands, said in pairs if best(stands) != said}
    for stands, said in pairs:
        if fold(stands) in odd:
            spelled[fold(stands)][said] += 1
    usual = {value: own.most_common(1)[0] for value, own in spelled.items()}
    kept = [(v, said) for v, (said, n) in usual.items() if n >= max(OFTEN, SAME * spelled[v].total())]
    clean = mask(said for _, said in kept)
    own = tuple(each for each, masked in zip(kept, clean, strict=True) if each[1] == masked)
    return replace(field, letters=best, spelled=own)


def fold(text: str) -> str:
    """`text` in lower case, each character in its place."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _read(answer: str) -> tuple[Layout, dict[str, Any]] | None:
    """Layout and key -> JSON value of an answer; None where a value is nested."""
    text = unfenced(answer).strip()
    if text[:1] in ("{", "["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
            return None
        if isinstance(found, list):
            found, layout = {WHOLE: found}, Layout.LIST
        else:
            layout = Layout.OBJECT
        return (layout, found) if all(_flat(value) for value in found.values()) else None
    lines = [_LINE.match(line) for line in text.splitlines() if line.strip()]
    if lines and all(lines):
        return Layout.LINES, {line[1]: line[2] or "" for line in lines if line}
    return Layout.VALUE, {WHOLE: text}


def _flat(value: Any) -> bool:
    return not isinstance(value, dict) and not (
        isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value)
    )


def _texts(value: Any) -> list[str]:
    """How the values of a key would stand in a text; [] where one is no text and no number."""
    values = value if isinstance(value, list) else [value]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in values]
    no_text = any(isinstance(each, bool) or each is None for each in values)
    return [] if no_text or not all(text.strip() for text in texts) else texts


def _ordered(found: Sequence[dict[str, Any]]) -> list[str]:
    """Keys that enough answers have, in their order: by how many of the other keys stand before them."""
    count = Counter(key for each in found for key in each)
    before: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        for place, key in enumerate(keys := list(each)):
            before[key].update(keys[:place])
    enough = [key for key, n in count.items() if n >= FEWEST_OF_KEY]
    return sorted(enough, key=lambda key: sum(before[key][other] > before[other][key] for other in enough))


def _field(key: str, layout: Layout, rows: Sequence[tuple[dict[str, Any], str]]) -> Field:
    """One key's part in the answers. rows: (key -> value of an answer, its folded text)."""
    copied, others = [], Counter[str | None]()
    for found, text in rows:
        value = found.get(key)
        texts = _texts(value) if key in found else []
        if texts and all(fold(each) in text for each in texts):
            copied.append(value)
        else:
            others[json.dumps(value) if key in found else None] += 1
    usual = (said for said, n in others.most_common() if said in _NOTHING or 2 * n > others.total())
    absent = next(usual, None)
    members = [each for value in copied for each in (value if isinstance(value, list) else [value])]
    number = 2 * sum(not isinstance(each, str) for each in members) > len(members)
    if layout is Layout.LIST:
        return Field(key, Many.ALWAYS, number, absent="[]")
    return Field(key, _many(copied), number, absent=absent if others[absent] >= FEWEST_OF_KEY else None)


def _many(copied: Sequence[Any]) -> Many:
    """Whether these values of a key come in lists: one value alone tells the most."""
    lists = [each for each in copied if isinstance(each, list)]
    if not lists:
        return Many.NEVER
    alone = sum(len(each) == 1 for each in lists)
    return Many.ALWAYS if alone >= len(copied) - len(lists) else Many.SEVERAL


def _impersonal(fields: Sequence[Field]) -> list[bool]:
    said = [f"{each.key} {each.absent or ''}" for each in fields]
    return [before == after for before, after in zip(said, mask(said), strict=True)]


def _style(answers: Sequence[str]) -> Style:
    """The style of JSON that writes most of these answers as they are."""
    right: Counter[Style] = Counter()
    for answer in answers:
        value = json.loads(answer)
        right.update(style for style in Style if style(value) == answer)
    return max(Style, key=lambda style: right[style])


def _number(text: str) -> int | float | None:
    try:
        found = json.loads(text)
        number = isinstance(found, (int, float)) and not isinstance(found, bool) and isfinite(found)
    except (ValueError, RecursionError, OverflowError):  # no JSON, or more digits than a number has
        return None
    return found if number else None
