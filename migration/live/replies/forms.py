"""What the caller receives: chat completions, streams of chunks and errors, in OpenAI's own forms.

Out of scope: who answered and why (`cascade`); this module writes it down.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from migration.live.call import Call, Json
from migration.live.rungs.answer import Answer

FIELD = "x_migration"
"""The field of a completion, or of a stream's first chunk, that says who answered and why; also a header."""
_ENDED = re.compile(rb'"finish_reason"\s*:\s*"|\[DONE\]')
_TAIL = 4096


@dataclass
class Reply:
    """An HTTP reply: content where it is whole, else a stream of bytes. problem: what kept the LLM from answering."""

    status: int
    headers: dict[str, str]
    content: bytes = b""
    stream: Any = None
    problem: Exception | None = None


def completion(call: Call, answer: Answer, note: Json) -> dict[str, Any]:
    """A rung's answer as the caller's chat completion, with `x_migration`; without logprobs, for which none asked."""
    message = {"role": "assistant", "content": answer.message.get("content"), "refusal": None}
    if answer.message.get("tool_calls"):
        message["tool_calls"] = answer.message["tool_calls"]
    finish = answer.body["choices"][0].get("finish_reason") if answer.body else None
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish or "stop"}
    usage = {name: _count(answer.usage.get(name)) for name in ("prompt_tokens", "completion_tokens")}
    return {
        "id": f"chatcmpl-{call.call_id}",
        "object": "chat.completion",
        "created": int(call.created_at.timestamp()),
        "model": answer.candidate,
        "choices": [choice],
        "usage": usage | {"total_tokens": sum(usage.values())},
        FIELD: note,
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def whole(body: Json, note: Json) -> Reply:
    """A completion in one piece."""
    return Reply(200, {"content-type": "application/json"} | header(note), json.dumps(body).encode())


def streamed(call: Call, body: Json, note: Json) -> Reply:
    """A completion as the stream that was asked for: what is said, how it ended, the usage where it was wanted."""
    options = call.body.get("stream_options")
    choice, message = body["choices"][0], body["choices"][0]["message"]
    delta = {"role": "assistant", "content": message["content"]}
    if "tool_calls" in message:
        delta["tool_calls"] = [{"index": place} | one for place, one in enumerate(message["tool_calls"])]
    shared = {name: body[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    chunks = [
        shared | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], FIELD: note},
        shared | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
    ]
    if isinstance(options, dict) and options.get("include_usage"):
        chunks.append(shared | {"choices": [], "usage": body["usage"]})
    content = b"".join(event(chunk) for chunk in chunks) + b"data: [DONE]\n\n"
    return Reply(200, {"content-type": "text/event-stream; charset=utf-8"} | header(note), content)


def event(data: Json) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def header(note: Json) -> dict[str, str]:
    """`x_migration` as a header, ASCII."""
    return {"x-migration": json.dumps(note)}


def error(status: int, message: str, kind: str, *, code: str | None = None, **headers: str) -> Reply:
    """An error in the form that OpenAI's clients turn into their own exceptions."""
    content = json.dumps(error_body(message, kind, code)).encode()
    return Reply(status, {"content-type": "application/json"} | headers, content)


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, object]:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass
class Relay:
    """The LLM's stream on its way to the caller: its first chunk gets `x_migration`, its end is watched."""

    note: Json
    _head: bytes | None = b""
    _tail: bytes = b""

    def pass_on(self, part: bytes) -> bytes:
        """`part` as it goes to the caller; held until the first event is whole."""
        self._tail = (self._tail + part)[-_TAIL:]
        if self._head is None:
            return part
        self._head += part
        first, found, rest = self._head.partition(b"\n\n")
        if not found and len(self._head) < 1 << 16:
            return b""
        held, self._head = self._head, None
        return _tagged(first, self.note) + found + rest if found else held

    def end(self) -> bytes:
        """What is still held when the stream has ended."""
        held, self._head = self._head or b"", None
        return held

    @property
    def ended(self) -> bool:
        """Whether the stream came to its own end."""
        return bool(_ENDED.search(self._tail))


def _tagged(first: bytes, note: Json) -> bytes:
    """The first event with `x_migration` in its chunk; as it is where it holds none."""
    start = first.find(b"data:")
    try:
        chunk = json.loads(first[start + 5 :]) if start >= 0 else None
    except (ValueError, RecursionError):  # no event of ours to put a note into
        return first
    return first[:start] + b"data: " + json.dumps(chunk | {FIELD: note}).encode() if isinstance(chunk, dict) else first
