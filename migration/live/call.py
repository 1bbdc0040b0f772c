"""One call as an application makes it: what the router is shown of it, and which conversation it belongs to.

Out of scope: deciding (`cascade`), sending it anywhere (`rungs`).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from migration.routing.policy import Request
from migration.schema.messages import TEXT_PARTS, content

Json = Mapping[str, Any]

CONVERSATION_HEADER = "x-conversation-id"
PATIENCE_HEADER = "x-stainless-read-timeout"
"""How OpenAI's clients say how many seconds they wait."""
RETRY_HEADER = "x-stainless-retry-count"
"""How OpenAI's clients say that they ask again: the rungs were asked the first time."""
CONVERSATION_KEYS = ("conversation_id", "session_id", "thread_id", "sessionId", "conversationId", "threadId")
"""Where a call may name its conversation in `metadata`: the names that the importers know."""
HONOURED = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "response_format",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "seed",
        "user",
        "metadata",
        "store",
        "frequency_penalty",
        "presence_penalty",
        "n",
        "reasoning_effort",
        "verbosity",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "timeout",
    }
)
"""What a call may ask for and still be answered by a rung; anything else no small model was measured with."""


@dataclass(frozen=True)
class Call:
    """A chat completion that was asked for. messages: as calls.parquet holds them. beyond: why no rung may answer.
    trace: the caller's `traceparent`. patience: seconds that the caller waits for all of it, as far as it says."""

    body: Json
    messages: tuple[dict[str, str], ...]
    tools: tuple[str, ...]
    conversation_id: str
    beyond: str | None = None
    trace: str | None = None
    patience: float = math.inf
    call_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def streamed(self) -> bool:
        """Whether the request asks for a stream."""
        return self.body.get("stream") is True

    @property
    def model(self) -> str:
        """The model that the request names."""
        return str(self.body.get("model", ""))

    def request(self, task: str | None) -> Request:
        """What the router decides by."""
        effort = self.body.get("reasoning_effort")
        return Request(self.messages, task=task, tools=self.tools, reasoning=effort not in (None, "none", "minimal"))


def read(body: Json, headers: Mapping[str, str] | None = None) -> Call:
    """The call that a request body makes. A body that no rung can read is left to the LLM to refuse."""
    asked = body.get("messages")
    try:
        messages = plain(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else ()
    except (TypeError, ValueError, AttributeError, RecursionError):  # `beyond` says so below
        messages = ()
    headers = headers or {}
    beyond = _beyond(body) if messages else "the request holds no readable messages"
    if headers.get(RETRY_HEADER, "0") != "0":
        beyond = "the client tries again what the LLM failed"
    conversation = conversation_of(body, messages, headers)
    trace, patience = headers.get("traceparent"), _seconds(headers.get(PATIENCE_HEADER))
    return Call(body, messages, _tool_names(body.get("tools")), conversation, beyond, trace, patience)


def _seconds(text: str | None) -> float:
    """A positive number of seconds; infinite where the text is none."""
    try:
        value = float(text or "inf")
    except ValueError:  # a header of the caller's own making
        return math.inf
    return value if value > 0 else math.inf


def conversation_of(body: Json, messages: Sequence[Mapping[str, str]], headers: Mapping[str, str]) -> str:
    """The conversation's id: the header `x-conversation-id`, `metadata`, `user`, else a hash of what it began with.

    The hash covers the messages up to the user's first, which every later call of the conversation repeats.
    """
    metadata = body.get("metadata")
    named = [headers.get(CONVERSATION_HEADER)]
    named += [metadata.get(key) for key in CONVERSATION_KEYS] if isinstance(metadata, Mapping) else []
    for value in (*named, body.get("user")):
        if isinstance(value, str) and value:
            return value[:200]
    first = next((place for place, one in enumerate(messages) if one["role"] == "user"), len(messages) - 1)
    text = json.dumps([[one["role"], one["content"]] for one in messages[: first + 1]])
    return "h" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _beyond(body: Json) -> str | None:
    asked = {name for name, value in body.items() if value is not None and (name, value) != ("logprobs", False)}
    if strange := sorted(asked - HONOURED):
        return f"no small model was measured with {_named(strange[0])}"
    if body.get("n") not in (None, 1):
        return "the request asks for more than one answer"
    kinds = {str(part.get("type")) for one in body["messages"] for part in _parts(one)}
    if unread := sorted(kinds - TEXT_PARTS - {"refusal"}):
        return f"a message holds {_named(unread[0])}, which small models do not read"
    return None


def _named(word: str) -> str:
    """A word of the API, quoted; of anything else a caller may send only that it is none: reasons stand in headers."""
    return repr(word) if re.fullmatch(r"[a-z_]{1,40}", word) else "a name that the API does not have"


def _parts(message: Json) -> list[Json]:
    """The parts of a message's content, where it is made of parts."""
    body = message.get("content")
    return [part for part in body if isinstance(part, Mapping)] if isinstance(body, list) else []


def _tool_names(tools: object) -> tuple[str, ...]:
    names = []
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function", tool) if isinstance(tool, Mapping) else {}
        names.append(str(function.get("name", "")) if isinstance(function, Mapping) else "")
    return tuple(names)


def plain(messages: Sequence[Json]) -> tuple[dict[str, str], ...]:
    """Messages as {role, content}, content a string, in the very form that the importers give them.

    Raises TypeError, ValueError or AttributeError for what is no message.
    """
    return tuple({"role": str(one.get("role") or "user"), "content": content(one)} for one in messages)
