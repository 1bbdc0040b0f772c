"""A chat message as calls.parquet holds it: a role, and a content that is always a string.

Where a message is more than plain text (parts, tool calls, tool results), the content is canonical JSON of the message
without its role: keys sorted, no spaces, nulls dropped, tool arguments canonical too, so that the same message is the
same string whoever logged it. The importers and production both write it by these functions, so a request is
recognised as its template was learned. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_NO_CONTENT = {"role", "content", "id", "content_parts", "status"}  # `content_parts` repeats content in stored messages
TEXT_PARTS = {"text", "input_text", "output_text"}
_ARGUMENTS = re.compile(r"^\s*[{\[]")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces."""
    return _ENCODER.encode(value)


def content(message: Mapping[str, object]) -> str:
    """The content of a message: its text, or canonical JSON of all but its role.

    Raises ValueError where its tool calls are no list of objects.
    """
    body = message.get("content")
    if type(body) is str and len(message) == 2:  # {role, content}, nearly always
        return body
    if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict) and body[0].get("type") in TEXT_PARTS:
        body = body[0].get("text", "")
    rest = {key: item for key, item in message.items() if key not in _NO_CONTENT and item not in (None, [], {})}
    if not rest and (body is None or isinstance(body, str)):
        return body or ""
    if "tool_calls" in rest:
        rest["tool_calls"] = _tool_calls(rest["tool_calls"])
    return canonical(rest if body is None else rest | {"content": body})


def _tool_calls(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("tool_calls is not a list of objects")
    calls = []
    for one in value:
        function = one.get("function")
        known = isinstance(function, dict)
        calls.append(
            one | {"function": function | {"arguments": arguments(function.get("arguments"))}} if known else one
        )
    return calls


def arguments(value: object) -> str:
    """A tool call's arguments as canonical JSON text; text that is no JSON stays as the model wrote it."""
    if not isinstance(value, str):
        return canonical({} if value is None else value)
    if not _ARGUMENTS.match(value):
        return value
    try:
        told = canonical(json.loads(value))
        told.encode()  # half of a surrogate pair is JSON, but no text
    except (ValueError, RecursionError):  # stays as the model wrote it
        return value
    return told
