"""The LLM's stream on its way to the caller: passed on as it comes, a cut as an error event, the end logged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx2 as httpx

from migration.live.exchange import Exchange
from migration.live.replies.forms import Relay


class LLMStream(httpx.SyncByteStream):
    """The LLM's stream on its way to a blocking caller."""

    def __init__(self, exchange: Exchange, response: httpx.Response):
        self.exchange, self.response = exchange, response

    def __iter__(self) -> Iterator[bytes]:
        relay = self.exchange.relay()
        try:
            for part in self.response.iter_bytes():
                if passed := self.exchange.hear(relay, part):
                    yield passed
        except httpx.HTTPError as problem:
            yield _cut(self.exchange, relay, problem)
        else:
            if last := self.exchange.hung_up(relay):
                yield last

    def close(self) -> None:
        """End the LLM's side; a caller that left before the end is noted in the log."""
        self.exchange.left()
        self.response.close()


class AsyncLLMStream(httpx.AsyncByteStream):
    """As `LLMStream`, awaited."""

    def __init__(self, exchange: Exchange, response: httpx.Response):
        self.exchange, self.response = exchange, response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        relay = self.exchange.relay()
        try:
            async for part in self.response.aiter_bytes():
                if passed := self.exchange.hear(relay, part):
                    yield passed
        except httpx.HTTPError as problem:
            yield _cut(self.exchange, relay, problem)
        else:
            if last := self.exchange.hung_up(relay):
                yield last

    async def aclose(self) -> None:
        """As `LLMStream.close`."""
        self.exchange.left()
        await self.response.aclose()


def _cut(exchange: Exchange, relay: Relay, problem: Exception) -> bytes:
    return exchange.hung_up(relay, f"the LLM's stream was cut: {type(problem).__name__}")


def is_stream(response: httpx.Response) -> bool:
    """Whether the LLM answers with a stream of events."""
    return response.status_code == 200 and response.headers.get("content-type", "").startswith("text/event-stream")
