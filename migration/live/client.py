"""OpenAI's own clients in front of the hybrid: one changed line moves an application.

    client = HybridClient("outputs/mine")            # was: OpenAI()
    response = client.chat.completions.create(model="gpt-4o", messages=messages)
    response.decision.candidate, response.x_migration

`HybridClient` is an `openai.OpenAI` (and `AsyncHybridClient` an `openai.AsyncOpenAI`) whose HTTP transport answers chat
completions by the policy and hands everything else, unchanged, to the LLM's own connection. So tools, streams,
`response_format`, `parse`, raw responses, retries, keys and arguments nobody has thought of yet work as they do.

A stream begins at once where the LLM answers without a rung being asked. Where a rung is asked, it is held until the
rung's answer is complete, since confidence is of the whole answer: then it is sent in one chunk, or the LLM's begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
from openai.resources.chat import AsyncChat, Chat
from openai.resources.chat.completions import AsyncCompletions, Completions

from migration.errors import BadInput
from migration.live.hybrid import Hybrid
from migration.live.replies.forms import Reply

PATH = "/chat/completions"


@dataclass(frozen=True)
class Decided:
    """Who answered a call, and why: what `x_migration` says, as `response.decision`."""

    call_id: str
    task: str | None
    decision: str
    candidate: str
    rung: int
    reason: str
    confidence: float
    policy: str
    tried: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, note: object) -> Decided | None:
        """From `x_migration`; None where there is none."""
        names = [item.name for item in fields(cls)]
        if not isinstance(note, Mapping) or not set(names) <= set(note):
            return None
        return cls(**{name: note[name] for name in names} | {"tried": tuple(note["tried"])})


class HybridTransport(httpx.BaseTransport):
    """Answers chat completions by a hybrid; everything else goes to `inner`. For any SDK that takes an httpx client."""

    def __init__(self, hybrid: Hybrid, inner: httpx.Client):
        self.hybrid, self.inner = hybrid, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a chat completion by the policy; send any other request on."""
        body = _asked(request, request.read())
        if body is None:
            return self.inner.send(request, stream=True)
        reply = self.hybrid.chat(body, request.headers, _Sender(self.inner, request, body))
        return _response(reply)

    def close(self) -> None:
        """Close both."""
        self.hybrid.close()
        self.inner.close()


class AsyncHybridTransport(httpx.AsyncBaseTransport):
    """As `HybridTransport`, awaited."""

    def __init__(self, hybrid: Hybrid, inner: httpx.AsyncClient):
        self.hybrid, self.inner = hybrid, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a chat completion by the policy; send any other request on."""
        body = _asked(request, await request.aread())
        if body is None:
            return await self.inner.send(request, stream=True)
        reply = await self.hybrid.chat_async(body, request.headers, _AsyncSender(self.inner, request, body))
        return _response(reply)

    async def aclose(self) -> None:
        """Close both."""
        await self.hybrid.aclose()
        await self.inner.aclose()


@dataclass(frozen=True)
class _Sender:
    """The caller's request as the LLM gets it: unchanged, or in one piece for a shadow."""

    client: httpx.Client
    request: httpx.Request
    body: dict[str, Any]

    def send(self, *, whole: bool = False) -> httpx.Response:
        return self.client.send(_whole(self.request, self.body) if whole else self.request, stream=True)


@dataclass(frozen=True)
class _AsyncSender:
    client: httpx.AsyncClient
    request: httpx.Request
    body: dict[str, Any]

    async def send(self, *, whole: bool = False) -> httpx.Response:
        return await self.client.send(_whole(self.request, self.body) if whole else self.request, stream=True)


def _whole(request: httpx.Request, body: Mapping[str, object]) -> httpx.Request:
    kept = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    headers = {name: value for name, value in request.headers.items() if name not in ("content-length", "host")}
    return httpx.Request("POST", request.url, headers=headers, content=json.dumps(kept).encode(),
                         extensions=request.extensions)  # fmt: skip


def _asked(request: httpx.Request, content: bytes) -> dict[str, object] | None:
    """The body of a chat completion; None for any other request."""
    if request.method != "POST" or not request.url.path.endswith(PATH):
        return None
    try:
        body = json.loads(content)
    except ValueError:  # no chat completion: it goes to the LLM as it is
        return None
    return body if isinstance(body, dict) else None


def _response(reply: Reply) -> httpx.Response:
    """The reply as a response. Raises what kept the LLM from answering, so that the client's own retries see it."""
    if reply.problem:
        raise reply.problem
    if reply.stream is not None:
        return httpx.Response(reply.status, headers=reply.headers, stream=reply.stream)
    return httpx.Response(reply.status, headers=reply.headers, content=reply.content)


def _told(response: Any) -> Any:
    """`response` with its `decision`."""
    streamed = isinstance(response, openai.Stream | openai.AsyncStream)
    if streamed:
        note = response.response.headers.get("x-migration")
        response.decision = Decided.of(json.loads(note)) if note else None
    else:
        response.decision = Decided.of(getattr(response, "x_migration", None))
    return response


class _Completions(Completions):
    def create(self, *args: Any, **options: Any) -> Any:
        return _told(super().create(*args, **options))


class _AsyncCompletions(AsyncCompletions):
    async def create(self, *args: Any, **options: Any) -> Any:
        return _told(await super().create(*args, **options))


class _Chat(Chat):
    @cached_property
    def completions(self) -> Completions:
        return _Completions(self._client)


class _AsyncChat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:
        return _AsyncCompletions(self._client)


class _HybridHttp(httpx.Client):
    """The client whose transport is a hybrid: known again where a client is copied."""


class _AsyncHybridHttp(httpx.AsyncClient):
    """As `_HybridHttp`, awaited."""


class HybridClient(openai.OpenAI):
    """`openai.OpenAI` that answers by the policy of a run.

    run: its folder. hybrid: options of `Hybrid` (upstreams, timeout, log), or a `Hybrid` to share. Every other option
    is OpenAI's, for the LLM: api_key, base_url, timeout, http_client, ...
    """

    def __init__(
        self, run: str | Path | None = None, *, hybrid: Mapping[str, Any] | Hybrid | None = None, **options: Any
    ):
        self.hybrid = hybrid if isinstance(hybrid, Hybrid) else Hybrid(_given(run), **hybrid or {})
        inner = options.pop("http_client", None) or openai.DefaultHttpxClient(follow_redirects=False)
        if not isinstance(inner, _HybridHttp):
            inner = _HybridHttp(transport=HybridTransport(self.hybrid, inner), timeout=inner.timeout)
        super().__init__(http_client=inner, **options)

    @cached_property
    def chat(self) -> Chat:
        """As `OpenAI.chat`."""
        return _Chat(self)

    def copy(self, **options: Any) -> HybridClient:
        """As OpenAI's, with the same hybrid."""
        return super().copy(**options, _extra_kwargs={"hybrid": self.hybrid})

    with_options = copy


class AsyncHybridClient(openai.AsyncOpenAI):
    """As `HybridClient`, for `openai.AsyncOpenAI`."""

    def __init__(
        self, run: str | Path | None = None, *, hybrid: Mapping[str, Any] | Hybrid | None = None, **options: Any
    ):
        self.hybrid = hybrid if isinstance(hybrid, Hybrid) else Hybrid(_given(run), **hybrid or {})
        inner = options.pop("http_client", None) or openai.DefaultAsyncHttpxClient(follow_redirects=False)
        if not isinstance(inner, _AsyncHybridHttp):
            inner = _AsyncHybridHttp(transport=AsyncHybridTransport(self.hybrid, inner), timeout=inner.timeout)
        super().__init__(http_client=inner, **options)

    @cached_property
    def chat(self) -> AsyncChat:
        """As `AsyncOpenAI.chat`."""
        return _AsyncChat(self)

    def copy(self, **options: Any) -> AsyncHybridClient:
        """As OpenAI's, with the same hybrid."""
        return super().copy(**options, _extra_kwargs={"hybrid": self.hybrid})

    with_options = copy


def _given(run: str | Path | None) -> str | Path:
    if run is None:
        raise BadInput('which run answers? HybridClient("outputs/mine")')
    return run
