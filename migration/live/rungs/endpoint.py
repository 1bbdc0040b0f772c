"""A small model behind an OpenAI-compatible server, asked as it was measured. Out of scope: its address.

One that is masked is sent placeholders instead of personal data, and its answer has the data in it again before the
policy or the caller sees it.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2 as httpx

from migration.live.call import Call
from migration.live.rungs.answer import Answer, checked, most_tokens, said
from migration.live.rungs.upstream import Upstream
from migration.routing.policy.response import signals_of

if TYPE_CHECKING:
    from migration.audit.pii import Placeholders

TOP_LOGPROBS = 20
"""Alternatives asked for at each token: as many as the benchmark measured confidence with."""
MOST_BYTES = 16 << 20
FAILURES, REST = 5, 15.0
"""After so many failures in a row a rung is left alone for so many seconds."""
THIS_CALL = (400, 413, 422)
"""Statuses that speak of the request (too long, a form that the server does not take), not of the server."""
SENT = ("stop", "response_format", "tools", "tool_choice", "parallel_tool_calls", "seed")
"""What of a request a small model is given beside its messages and the limit of tokens."""


class Refused(ValueError):
    """The server is well and does not take this request."""


class Breaker:
    """Leaves a rung alone for a while after failures in a row."""

    def __init__(self) -> None:
        self.failures, self.until = 0, 0.0

    def note(self, failed: bool) -> None:
        """Count failures in a row; after FAILURES of them the rung rests for REST seconds."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= FAILURES:
            self.until = time.monotonic() + REST

    @property
    def open(self) -> bool:
        """Whether the rung rests."""
        return time.monotonic() < self.until


@dataclass
class Endpoint:
    """A small model behind an OpenAI-compatible server. timeout: seconds for its whole answer."""

    name: str
    upstream: Upstream
    timeout: float = 10.0

    def __post_init__(self) -> None:
        self.breaker = Breaker()
        options: dict[str, Any] = {
            "limits": httpx.Limits(max_connections=None, max_keepalive_connections=64),
            "follow_redirects": False,
            "headers": self.upstream.headers | {"accept-encoding": "identity"},
        }
        self._client, self._async = httpx.Client(**options), httpx.AsyncClient(**options)
        self._url = f"{self.upstream.url}/chat/completions"

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """The answer of the model, or why there is none."""
        if self.breaker.open:
            return self._resting()
        began = time.perf_counter()
        try:
            body, masks = self._body(call)
            with self._client.stream("POST", self._url, **self._sent(call, body)) as response:
                data = bytearray()
                for part in response.iter_bytes():
                    _within(data, part, began, self._seconds(call))
            return self._read(response, bytes(data), began, masks)
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            return self._failed(error, began)

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """As `ask`, awaited."""
        if self.breaker.open:
            return self._resting()
        began = time.perf_counter()
        try:
            body, masks = await asyncio.to_thread(self._body, call) if self.upstream.masked else self._body(call)
            async with (
                asyncio.timeout(self._seconds(call)),
                self._async.stream("POST", self._url, **self._sent(call, body)) as response,
            ):
                data = bytearray()
                async for part in response.aiter_bytes():
                    _within(data, part, began, self._seconds(call))
            return self._read(response, bytes(data), began, masks)
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            return self._failed(error, began)

    def _body(self, call: Call) -> tuple[dict[str, Any], Placeholders | None]:
        """What is sent, and what takes the masks in the answer back where it is masked."""
        body = request_body(call, self.upstream.model or self.name)
        if not self.upstream.masked:
            return body, None
        from migration.audit.pii import masked_request  # a third of a second that only those who mask pay

        return masked_request(body)

    def _sent(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        within = httpx.Timeout(seconds := self._seconds(call), connect=min(5.0, seconds))
        return {
            "content": json.dumps(body).encode(),
            "headers": {"content-type": "application/json"},
            "timeout": within,
        }

    def _seconds(self, call: Call) -> float:
        """What the answer may take: no more than half of what the caller waits, so that the LLM has the other half."""
        return min(self.timeout, call.patience / 2)

    def _read(self, response: httpx.Response, data: bytes, began: float, masks: Placeholders | None) -> Answer:
        if response.status_code in THIS_CALL:
            raise Refused(f"status {response.status_code}")
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}")
        body = checked(json.loads(data))
        self.breaker.note(failed=False)
        changed = _restore(body, masks) if masks else 0
        return Answer(self.name, body, signals_of(body), (time.perf_counter() - began) * 1e3, changed=changed)

    def _failed(self, error: Exception, began: float) -> Answer:
        self.breaker.note(failed=not isinstance(error, Refused))
        problem = f"{type(error).__name__}: {error}" if isinstance(error, ValueError) else type(error).__name__
        return Answer(self.name, latency_ms=(time.perf_counter() - began) * 1e3, error=problem[:200])

    def _resting(self) -> Answer:
        return Answer(self.name, error=f"left alone for {REST:.0f} s after {FAILURES} failures in a row")

    def warm(self, task: str) -> None:
        """Nothing to load but what masks: the server has its model."""
        if self.upstream.masked:
            from migration.audit.pii import mask

            mask(["Write to ann@example.com, +1 202 555 0143"])

    def close(self) -> None:
        """Close the blocking connections; those of an event loop end with it."""
        self._client.close()

    async def aclose(self) -> None:
        """Close all connections."""
        self._client.close()
        await self._async.aclose()


def _restore(body: dict[str, Any], masks: Placeholders) -> int:
    """Put what the placeholders stand for into the message of a completion. How many of them it had changed."""
    choice = body["choices"][0]
    choice["message"] = masks.restore(choice["message"])
    return masks.left(said(choice["message"]))


def request_body(call: Call, model: str) -> dict[str, Any]:
    """What a small model is sent: the prompt and the greedy decoding that it was measured with."""
    known = {"developer": "system", "tool": "user", "function": "user"}
    messages = [{"role": known.get(one["role"], one["role"]), "content": one["content"]} for one in call.messages]
    body: dict[str, Any] = {name: call.body[name] for name in SENT if call.body.get(name) is not None}
    return body | {
        "model": model,
        "messages": messages,
        "max_tokens": most_tokens(call),
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": TOP_LOGPROBS,
    }


def _within(data: bytearray, part: bytes, began: float, seconds: float) -> None:
    data += part
    if len(data) > MOST_BYTES:
        raise ValueError(f"the reply is larger than {MOST_BYTES >> 20} MiB")
    if time.perf_counter() - began > seconds:
        raise TimeoutError
