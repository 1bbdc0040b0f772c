"""An OpenAI-compatible server over the hybrid: chat completions by the policy, every other /v1 path to the LLM.

Callers show a token (`MIGRATION_TOKENS`), which is never sent on; the LLM gets the key that was named for its host.
Stateless: the policy's files and the decision log are all that workers share, so any number may stand behind a load
balancer. Out of scope: what is decided (`cascade`), how the process is started (`serve`).
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import httpx2 as httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from migration.live.hybrid import Hybrid
from migration.live.replies import forms as replies
from migration.live.replies.forms import Reply
from migration.live.rungs.upstream import Upstream
from migration.live.server.metrics import Metrics

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

HANDED_ON = ("content-type", "accept", "openai-beta")
"""Headers of a caller that the LLM sees."""


@dataclass(frozen=True)
class Bounds:
    """What one worker takes. body: bytes of a request; calls: at the same time; llm_seconds: between two signs of life
    of the LLM."""

    body: int = 8 << 20
    calls: int = 1024
    llm_seconds: float = 600.0


class Refused(Exception):
    """A request that gets an error before any model is asked."""

    def __init__(self, reply: Reply):
        self.reply = reply
        super().__init__(reply.status)


@dataclass(frozen=True)
class _Counted:
    """A response that counts as in flight until its last byte is sent, or its caller has left."""

    response: Response
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.response(scope, receive, send)
        finally:
            self.metrics.in_flight.dec()


class Gateway:
    """The server's state: the hybrid, the way to the LLM, the callers' tokens (none: no token is asked for)."""

    def __init__(
        self,
        hybrid: Hybrid,
        llm: Upstream,
        metrics: Metrics,
        *,
        tokens: Collection[str] = (),
        bounds: Bounds | None = None,
    ):
        self.hybrid, self.llm, self.metrics = hybrid, llm, metrics
        self.tokens = [token.encode() for token in tokens]
        self.bounds = bounds or Bounds()
        self.draining = False
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(self.bounds.llm_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=128),
            follow_redirects=False,
            headers=llm.headers,
        )

    def app(self) -> Starlette:
        """The ASGI application."""
        guard = self._guarded
        routes = [
            Route("/v1/chat/completions", guard(self.chat), methods=["POST"]),
            Route("/v1/models", guard(self.models)),
            Route("/v1/{path:path}", guard(self.pass_through), methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
            Route("/health", self.health),
            Route("/ready", self.ready),
            Route("/metrics", guard(self.show_metrics)),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.draining = True
        await self.hybrid.aclose()
        await self.client.aclose()

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response | _Counted]]:
        """`answer` for callers with a token, as many at a time as `bounds` allow; else an error of OpenAI's form."""

        async def guarded(request: Request) -> Response | _Counted:
            try:
                self._admit(request)
            except Refused as refused:
                return _response(refused.reply, self.metrics)
            self.metrics.in_flight.inc()
            try:
                response = await answer(request)
            except Refused as refused:
                response = _response(refused.reply, self.metrics)
            except ClientDisconnect:  # nobody reads it; the metrics count it
                response = Response(status_code=499)
            except BaseException:
                self.metrics.in_flight.dec()
                raise
            return _Counted(response, self.metrics)

        return guarded

    def _admit(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip().encode()
        if self.tokens and not any([hmac.compare_digest(given, token) for token in self.tokens]):  # noqa: C419 - each is compared
            raise Refused(
                replies.error(401, "a valid token is needed", "invalid_request_error", code="invalid_api_key")
            )
        if self.metrics.now_in_flight() >= self.bounds.calls:
            busy = replies.error(
                429, "too many calls at a time", "rate_limit_error", code="concurrency", **{"retry-after": "1"}
            )
            raise Refused(busy)

    async def _body(self, request: Request) -> bytes:
        """The request's body. Raises Refused where it is larger than allowed."""
        too_large = replies.error(413, f"a request has at most {self.bounds.body} bytes", "invalid_request_error")
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.bounds.body:
            raise Refused(too_large)
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > self.bounds.body:
                raise Refused(too_large)
        return bytes(data)

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        data = await self._body(request)
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as problem:
            wrong = replies.error(400, f"the body is no JSON: {problem}"[:200], "invalid_request_error")
            raise Refused(wrong) from None
        if not isinstance(body, dict):
            raise Refused(replies.error(400, "the body is no JSON object", "invalid_request_error"))
        reply = await self.hybrid.chat_async(body, request.headers, _Sender(self, body, data))
        return _response(reply, self.metrics)

    async def models(self, request: Request) -> Response:
        """GET /v1/models: the LLM and the candidates of the policy."""
        policy = self.hybrid.store.current().policy
        names = dict.fromkeys([self.llm.model or policy.llm, *policy.candidates])
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "migration"} for name in names]
        return JSONResponse({"object": "list", "data": data})

    async def pass_through(self, request: Request) -> Response:
        """Any other /v1 path, to the LLM's server and back."""
        path = request.path_params["path"]
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise Refused(replies.error(404, "no such path", "invalid_request_error"))
        headers = {name: request.headers[name] for name in HANDED_ON if name in request.headers}
        sent = self.client.build_request(
            request.method, f"{self.llm.url}/{path}", params=str(request.query_params), headers=headers,
            content=await self._body(request),
        )  # fmt: skip
        try:
            response = await self.client.send(sent, stream=True)
        except httpx.HTTPError as problem:
            why = f"the LLM was not reached: {type(problem).__name__}"
            raise Refused(replies.error(502, why, "upstream_error", code="502")) from None
        if response.is_redirect:
            await response.aclose()
            raise Refused(replies.error(502, "the LLM's server redirects, which is not followed", "upstream_error"))
        passed = {name: response.headers[name] for name in ("content-type", "retry-after") if name in response.headers}
        return StreamingResponse(_closing(response.aiter_bytes(), response.aclose), response.status_code, passed)

    async def health(self, request: Request) -> Response:
        """Whether the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether calls should be sent here, and by which policy they are answered."""
        state = self.hybrid.store.current()
        told = {"policy": state.active.version, "share": state.active.share, "off": state.active.off,
                "suspended": state.active.suspended, "problem": state.problem}  # fmt: skip
        return JSONResponse({"status": "draining" if self.draining else "ready"} | told, 503 if self.draining else 200)

    async def show_metrics(self, request: Request) -> Response:
        """Prometheus's text form."""
        return Response(self.metrics.text(self.hybrid), media_type="text/plain; version=0.0.4")


@dataclass(frozen=True)
class _Sender:
    """The caller's request as the LLM gets it: its bytes as they came, the model as the upstream names it."""

    gateway: Gateway
    body: dict[str, Any]
    data: bytes

    async def send(self, *, whole: bool = False) -> httpx.Response:
        llm, content = self.gateway.llm, self.data
        if llm.model or whole:
            named = self.body | ({"model": llm.model} if llm.model else {})
            kept = {
                name: value for name, value in named.items() if not whole or name not in ("stream", "stream_options")
            }
            content = json.dumps(kept).encode()
        request = self.gateway.client.build_request(
            "POST", f"{llm.url}/chat/completions", content=content, headers={"content-type": "application/json"}
        )
        try:
            return await self.gateway.client.send(request, stream=True)
        except httpx.ConnectTimeout:  # nothing was sent; in a burst it may have been this process that was too busy
            return await self.gateway.client.send(request, stream=True)


def _response(reply: Reply, metrics: Metrics) -> Response:
    metrics.replies.labels(str(reply.status)).inc()
    if reply.stream is None:
        return Response(reply.content, reply.status, reply.headers)
    return StreamingResponse(_closing(reply.stream, reply.stream.aclose), reply.status, reply.headers)


async def _closing(parts: AsyncIterator[bytes], close: Callable[[], Awaitable[None]]) -> AsyncIterator[bytes]:
    """`parts`, whose source is closed at the end, and when the caller leaves before it."""
    try:
        async for part in parts:
            yield part
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await close()
        raise
    else:
        await close()
