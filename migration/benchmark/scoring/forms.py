"""An answer as the caller's own code would read it: a label, fields, tool calls; and how alike two of them are.

Covers: code fences, JSON, `KEY: value` lines, the forms of tool calls. Out of scope: which form a task asks for and
what counts as agreement (`scoring`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

_FENCE = re.compile(r"^\s*```[\w-]*\n(.*?)\n?```\s*$", re.DOTALL)
_LINE = re.compile(r"^\s*\**([A-Za-z][\w -]{0,40}?)\**\s*:\s*(.*?)\s*$")


def plain(text: str) -> str:
    """A label as a caller would compare it: without code fence, quotes, emphasis, final stop, case, extra space."""
    text = unfenced(text).strip().strip("\"'`*").rstrip(".!").strip("\"'`*")
    return " ".join(text.casefold().split())


def parse(text: str) -> object:
    """Fields of an answer: its JSON object or list, or its `KEY: value` lines as a dict; None where it has neither.

    A code fence around it is allowed, prose is not: the caller's own parser would not read that either.
    """
    text = unfenced(text).strip()
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits: agrees with nothing
            return None
    lines = [_LINE.match(line) for line in text.splitlines() if line.strip()]
    matched = [line for line in lines if line]
    if not matched or len(matched) < len(lines) or (len(matched) == 1 and not matched[0][1].isupper()):
        return None
    return {line[1].casefold(): line[2] for line in matched}


def without_shares(text: str, fields: Sequence[str]) -> str:
    """A JSON answer with each of these fields that holds a share between 0 and 1 at 0, so that it is not compared.

    A field that is missing, or holds something else, stays as wrong as it is.
    """
    value = parse(text) if fields else None
    if not isinstance(value, dict):
        return text
    shares = {f: 0 for f in fields if type(value.get(f)) in (int, float) and 0 <= value[f] <= 1}
    return json.dumps(value | shares, ensure_ascii=False) if shares else text


def tool_calls(text: str) -> list[tuple[str, object]] | None:
    """(name, arguments) of each tool call in an answer, None where it makes none.

    Reads a message's canonical JSON (`tool_calls`), `<tool_call>` tags, and a bare `{"name", "arguments"}`.
    """
    tagged = re.findall(r"<tool_call>\s*(.*?)\s*</tool_call>", text, re.DOTALL)
    if tagged:
        found: Any = [parse(each) for each in tagged]
    else:
        message = parse(text)
        found = message.get("tool_calls") if isinstance(message, dict) and "tool_calls" in message else [message]
    calls = [call.get("function", call) for call in found or [] if isinstance(call, dict)]
    named = [(str(call["name"]), _arguments(call["arguments"])) for call in calls if {"name", "arguments"} <= set(call)]
    return named or None


def _arguments(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):  # arguments that are no JSON are compared as text
        return value


def unfenced(text: str) -> str:
    """The text inside a code fence that surrounds all of it, else the text."""
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


Leaf = tuple[str, Any]


def _leaf(value: object, unordered: bool) -> Leaf:
    """One value, whole, with its JSON type: `true` is not `"true"`, `[]` is not `{}`; 1 and 1.0 are one number."""
    if isinstance(value, dict):
        return "object", tuple(sorted((str(key), _leaf(inner, unordered)) for key, inner in value.items()))
    if isinstance(value, list):
        members = [_leaf(inner, unordered) for inner in value]
        return "list", tuple(sorted(members, key=repr) if unordered else members)
    if isinstance(value, str):
        return "text", " ".join(value.casefold().split())
    if isinstance(value, bool) or value is None:
        return "word", str(value)
    return "number", repr(int(value) if isinstance(value, float) and value.is_integer() else value)


def leaves(
    value: object, path: tuple[str, ...] = (), *, unordered: bool = False
) -> Iterable[tuple[tuple[str, ...], Leaf]]:
    """(path, typed value) of every field; a member of a list is one value, and so is an empty object or list.

    unordered: whether the members of a list have no order; else a member's path holds its place.
    """
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)), unordered=unordered)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield (*path, "[]" if unordered else f"[{place}]"), _leaf(inner, unordered)
    else:
        yield path, _leaf(value, unordered)


def words_of(value: object) -> str:
    """The values of an answer's fields in one line, as a class to count by."""
    return " / ".join(str(leaf) for _, (_, leaf) in leaves(value))


def fields_f1(output: object, reference: object, *, unordered: bool = False) -> float:
    """Field-level F1 over (path, value); a value of another JSON type is wrong. Shapes as `parse` gives them."""
    if type(output) is not type(reference):
        return 0.0
    said, wanted = Counter(leaves(output, unordered=unordered)), Counter(leaves(reference, unordered=unordered))
    return 2 * (said & wanted).total() / (said.total() + wanted.total())


def spans_f1(output: object, reference: object, *, unordered: bool = False) -> float:
    """`fields_f1`, where the reference may declare alternatives: `{"amount": {"any_of": ["$180", "180 dollars"]}}`.

    A list without `any_of` asks for all its values.
    """
    return fields_f1(output, _settled(output, reference, unordered), unordered=unordered)


def _settled(output: object, reference: object, unordered: bool) -> object:
    """The reference with each `any_of` replaced by the alternative that the output gives, else by the first."""
    if not isinstance(reference, dict):
        return reference
    options = reference.get("any_of")
    if len(reference) == 1 and isinstance(options, list) and options:
        given = _leaf(output, unordered)
        return next((each for each in options if _leaf(each, unordered) == given), options[0])
    said = output if isinstance(output, dict) else {}
    return {key: _settled(said.get(key), inner, unordered) for key, inner in reference.items()}


def is_blank(text: str) -> bool:
    """Whether an answer shows nothing: no text, only space, control characters or an empty code fence."""
    return not "".join(c for c in unfenced(text) if c.isprintable()).strip()
