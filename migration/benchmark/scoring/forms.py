"""An answer as the caller's own code would read it: a label, fields, tool calls; and how alike two of them are.

Knows: code fences, JSON, `KEY: value` lines, the forms of tool calls. Refuses to know: which form a task asks for and
what counts as agreement (`scoring`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

_FENCE = re.compile(r"^\s*```[\w-]*\n(.*?)\n?```\s*$", re.DOTALL)
_LINE = re.compile(r"^\s*\**([A-Za-z][\w -]{0,40}?)\**\s*:\s*(.*?)\s*$")


def plain(text: str) -> str:
    """A label as a caller would compare it: without code fence, quotes, emphasis, final stop, case, extra space."""
    text = unfenced(text).strip().strip("\"'`*").rstrip(".!").strip("\"'`*")
    return " ".join(text.casefold().split())


def parse(text: str) -> Any:
    """Fields of an answer: its JSON object or list, or its `KEY: value` lines as a dict; None where it has neither.

    A code fence around it is allowed, prose is not: the caller's own parser would not read that either.
    """
    text = unfenced(text).strip()
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return None
    lines = [_LINE.match(line) for line in text.splitlines() if line.strip()]
    matched = [line for line in lines if line]
    if not matched or len(matched) < len(lines) or (len(matched) == 1 and not matched[0][1].isupper()):
        return None
    return {line[1].casefold(): line[2] for line in matched}


def tool_calls(text: str) -> list[tuple[str, Any]] | None:
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


def _arguments(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value


def unfenced(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def leaves(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """(path, typed normalised value) of every leaf; members of a list share one path, so their order is free."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{str(key).casefold()}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, " ".join(value.casefold().split()) if isinstance(value, str) else f"{type(value).__name__}:{value}"


def _f1(hits: float, answered: int, wanted: int) -> float:
    return 1.0 if answered == wanted == 0 else 2 * hits / (answered + wanted)


def fields_f1(output: Any, reference: Any) -> float:
    """Field-level F1 over (path, value); a value of another JSON type is wrong. Shapes as `parse` gives them."""
    if type(output) is not type(reference):
        return 0.0
    said, wanted = Counter(leaves(output)), Counter(leaves(reference))
    return _f1((said & wanted).total(), said.total(), wanted.total())


def spans_f1(output: Any, reference: Any) -> float:
    """Exact-span F1 over fields: any value that the reference lists for a field is right, any other is wrong."""
    if type(output) is not type(reference):
        return 0.0
    said, wanted = _grouped(output), _grouped(reference)
    hits = sum(bool(values & said.get(path, set())) for path, values in wanted.items())
    strange = sum(len(values - wanted.get(path, set())) for path, values in said.items())
    return _f1(hits, hits + strange, len(wanted))


def _grouped(value: Any) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for path, leaf in leaves(value):
        groups.setdefault(path.removesuffix("[]"), set()).add(leaf)
    return groups
