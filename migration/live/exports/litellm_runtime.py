"""What runs inside a LiteLLM proxy: the plugin that decides before the call, and the handler that is the cascade.

Needs LiteLLM (extra `litellm`, pinned; plugins exist since 1.92 and run on the proxy since 1.94).
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2 as httpx
import litellm
from litellm.llms.custom_llm import CustomLLM, CustomLLMError
from litellm.types.router import RoutingContext
from litellm.types.utils import GenericStreamingChunk, ModelResponse

from migration.live import cascade
from migration.live.call import read
from migration.live.hybrid import Hybrid
from migration.live.replies.forms import Reply
from migration.routing.policy.router import SLM

PREFIX = "hybrid/"
LITELLMS_OWN = ("stream", "max_retries", "extra_headers", "drop_params")
"""What LiteLLM adds to a request."""


def connect(*, run: str, upstreams: Mapping[str, str], llm: Mapping[str, str]) -> tuple[Plugin, Handler]:
    """The plugin and the handler of a run. llm: LiteLLM's parameters of the LLM that is escalated to."""
    hybrid = Hybrid(run, upstreams=upstreams)
    return Plugin(hybrid), Handler(hybrid, llm)


class Plugin:
    """Leaves the cascade or the LLM among the candidates of a model group that holds both."""

    def __init__(self, hybrid: Hybrid):
        self.hybrid = hybrid

    async def run(self, context: RoutingContext) -> RoutingContext:
        """Narrow the candidates by what is known before any model is asked."""
        ours = [name for name in context.candidate_models if name.startswith(PREFIX)]
        if not ours or len(ours) == len(context.candidate_models):
            return context
        body = {"messages": context.structured_messages, "metadata": context.metadata}
        state = self.hybrid.store.current()
        steps = cascade.settle(state, read(body))
        try:
            next(steps)
            decided: dict[str, Any] = {"model": SLM, "reason": "the small model is asked first"}
            context.candidate_models = ours
        except StopIteration as settled:
            decision = settled.value.decision
            decided = {"model": decision.model, "reason": decision.reason, "task": decision.task}
            context.candidate_models = [name for name in context.candidate_models if name not in ours]
        context.signals["migration"] = decided | {"policy": state.active.version}
        return context


class Handler(CustomLLM):
    """The cascade as a LiteLLM provider: rungs first, then the LLM through LiteLLM's own client."""

    def __init__(self, hybrid: Hybrid, llm: Mapping[str, str]):
        super().__init__()
        self.hybrid = hybrid
        self.llm = {name: _from_environment(value) for name, value in llm.items()}

    def completion(self, *args: Any, **given: Any) -> ModelResponse:
        """A blocking completion."""
        body = _body(given)
        return _model_response(self.hybrid.chat(body, {}, _Llm(body, self.llm)))

    async def acompletion(self, *args: Any, **given: Any) -> ModelResponse:
        """An awaited completion."""
        body = _body(given)
        return _model_response(await self.hybrid.chat_async(body, {}, _AsyncLlm(body, self.llm)))

    def streaming(self, *args: Any, **given: Any) -> Iterator[GenericStreamingChunk]:
        """A blocking stream, in one chunk."""
        yield from _chunks(self.completion(**given))

    async def astreaming(self, *args: Any, **given: Any) -> AsyncIterator[GenericStreamingChunk]:
        """An awaited stream, in one chunk."""
        for chunk in _chunks(await self.acompletion(**given)):
            yield chunk


class _Llm:
    def __init__(self, body: Mapping[str, object], llm: Mapping[str, str]):
        self.asked = {**body, **llm}

    def send(self, *, whole: bool = False) -> httpx.Response:
        try:
            return _as_http(litellm.completion(**self.asked))
        except Exception as problem:  # noqa: BLE001 - LiteLLM raises one class a provider; all carry a status
            return _refused(problem)


class _AsyncLlm(_Llm):
    async def send(self, *, whole: bool = False) -> httpx.Response:  # type: ignore[override]
        try:
            return _as_http(await litellm.acompletion(**self.asked))
        except Exception as problem:  # noqa: BLE001 - as above
            return _refused(problem)


def _as_http(response: litellm.ModelResponse) -> httpx.Response:
    return httpx.Response(200, json=json.loads(response.model_dump_json()))


def _refused(problem: Exception) -> httpx.Response:
    status = getattr(problem, "status_code", 502)
    return httpx.Response(status if isinstance(status, int) and status >= 400 else 502, json={"error": {
        "message": type(problem).__name__, "type": "upstream_error", "param": None, "code": None}})  # fmt: skip


def _body(given: Mapping[str, Any]) -> dict[str, object]:
    """The caller's request again, as far as LiteLLM hands it over."""
    options = {name: value for name, value in (given.get("optional_params") or {}).items() if name not in LITELLMS_OWN}
    metadata = (given.get("litellm_params") or {}).get("metadata") or {}
    kept = {name: value for name, value in metadata.items() if isinstance(value, str) and name.endswith("_id")}
    return {"messages": given["messages"], **options} | ({"metadata": kept} if kept else {})


def _model_response(reply: Reply) -> ModelResponse:
    said = json.loads(reply.content)
    if reply.status != 200:
        raise CustomLLMError(reply.status, said["error"]["message"])
    return ModelResponse(**said)


def _chunks(response: ModelResponse) -> Iterator[GenericStreamingChunk]:
    choice = response.choices[0]
    usage = getattr(response, "usage", None)
    calls = choice.message.tool_calls or []
    for place, call in enumerate(calls):
        made = {"id": call.id, "type": "function", "function": call.function.model_dump(), "index": place}
        yield {"text": "", "is_finished": False, "finish_reason": "", "index": 0, "tool_use": made, "usage": None}
    counted = usage.model_dump() if usage else None
    yield {"text": choice.message.content or "", "is_finished": True, "finish_reason": choice.finish_reason or "stop",
           "index": 0, "tool_use": None, "usage": counted}  # fmt: skip


def _from_environment(value: str) -> str:
    prefix = "os.environ/"
    return os.environ.get(value.removeprefix(prefix), "none") if value.startswith(prefix) else value
