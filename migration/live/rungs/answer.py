"""What a rung says to a call, whatever rung it is.

Whatever one does - a time-out, a cut connection, garbage - becomes an `Answer` with an error, which costs the call one
escalation and the caller nothing else. Out of scope: asking (`endpoint`, `inprocess`), and whether an answer is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from migration.live.call import Call, Json, plain

MOST_TOKENS = 1024
"""Tokens that a rung may write where the caller sets no limit: a small model that never stops costs no more."""


@dataclass(frozen=True)
class Answer:
    """What a candidate said to a call: a chat completion, or an error that says why there is none. changed:
    placeholders of masked data that it changed, so that they stand in its answer still."""

    candidate: str
    body: Json | None = None
    signals: Mapping[str, float | None] = field(default_factory=dict)
    latency_ms: float = 0.0
    error: str = ""
    changed: int = 0

    @property
    def message(self) -> Json:
        """The assistant's message; empty where there is no answer."""
        return self.body["choices"][0]["message"] if self.body else {}

    @property
    def text(self) -> str | None:
        """What was said, in the form of a calls table; None where nothing was."""
        return said(self.message) if self.body else None

    @property
    def usage(self) -> Json:
        """The token counts; empty where there are none."""
        usage = self.body.get("usage") if self.body else None
        return usage if isinstance(usage, Mapping) else {}


def said(message: Json) -> str:
    """The text of an assistant's message; canonical JSON of it where it calls tools."""
    return plain([{key: value for key, value in message.items() if key in ("role", "content", "tool_calls")}])[0][
        "content"
    ]


class Rung(Protocol):
    """Anything that answers a call below the LLM, blocking or awaited; neither ever raises for what a model did."""

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """Answer a call; a failure is an `Answer` that says why."""

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """`ask`, awaited."""

    def warm(self, task: str) -> None:
        """Load what answers a task."""

    def close(self) -> None:
        """Close what `ask` opened."""

    async def aclose(self) -> None:
        """Close what `ask_async` opened."""


def checked(body: Any) -> dict[str, Any]:
    """`body` where it is a chat completion with an answer in it. Raises ValueError saying what it lacks."""
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise ValueError("the reply holds no message")
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(one, dict) for one in calls)):
        raise ValueError("the reply's tool calls are no list of objects")
    if not isinstance(message.get("content"), str) and not calls:
        raise ValueError("the reply's message says nothing")
    return body


def most_tokens(call: Call) -> int:
    """Tokens that a rung's answer may have: what the caller allows, and no more than `MOST_TOKENS`."""
    limit = call.body.get("max_completion_tokens") or call.body.get("max_tokens")
    return max(1, min(limit, MOST_TOKENS)) if isinstance(limit, int) and limit else MOST_TOKENS


def unfit(call: Call, answer: Answer) -> str:
    """Why a whole answer is not what the call asked for; "" where it is: no JSON where JSON was wanted, a tool that was
    not offered, a placeholder instead of the caller's data, or cut where the caller set no limit. Its caller would fail
    on it, however sure the model was."""
    if answer.body is None:
        return ""
    if answer.changed:
        return f"its answer changed {answer.changed} placeholders of masked data, which cannot be taken back"
    finish, tools = answer.body["choices"][0].get("finish_reason"), answer.message.get("tool_calls")
    limited = call.body.get("max_completion_tokens") or call.body.get("max_tokens")
    if finish == "length" and not limited:
        return f"was cut at {MOST_TOKENS} tokens"
    if tools:
        return next((why for one in tools if (why := _unfit_tool(call, one))), "")
    form = call.body.get("response_format")
    wanted = isinstance(form, Mapping) and form.get("type") in ("json_object", "json_schema")
    return "" if not wanted or _is_object(answer.message.get("content")) else "its answer is no JSON object"


def _unfit_tool(call: Call, tool: Json) -> str:
    function = tool.get("function")
    function = function if isinstance(function, Mapping) else {}
    if function.get("name") not in call.tools:
        return "calls a tool that was not offered"
    return "" if _is_object(function.get("arguments")) else "calls a tool with what is no JSON object"


def _is_object(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):  # the answer to the question
        return False
