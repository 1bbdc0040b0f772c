"""The hybrid itself: policy, rungs and decision log of a run, and how one call goes through them.

`chat` blocks, `chat_async` awaits; both are thin drivers over `cascade` and `exchange`. The clients and the gateway are
this object behind two entrances. Out of scope: HTTP servers (`gateway`), and whose LLM it is: the caller
hands over `LLM`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx2 as httpx

from migration.errors import MigrationError
from migration.live import cascade
from migration.live.call import Call, Json, read
from migration.live.decisions import DecisionLog
from migration.live.exchange import Exchange, Record
from migration.live.policies import PolicyStore, State, folder_of
from migration.live.replies.forms import Reply
from migration.live.replies.streams import AsyncLLMStream, LLMStream, is_stream
from migration.live.rungs.answer import Answer, Rung, checked
from migration.live.rungs.endpoint import Endpoint
from migration.live.rungs.inprocess import InProcess, Missing, load
from migration.live.rungs.prompted import Prompted
from migration.live.rungs.upstream import Upstream, upstream

if TYPE_CHECKING:
    from concurrent.futures import Future

    from migration.routing.policy import Candidate

MOST_SHADOWS = 64
"""Shadow answers in flight; beyond, calls go without, and their record says `shadowed: false`."""


class LLM(Protocol):
    """Sends the caller's request to the LLM. whole: in one piece, though a stream was asked for."""

    def send(self, *, whole: bool = False) -> httpx.Response:
        """Send the caller's request on; whole: wait for the whole answer."""


class AsyncLLM(Protocol):
    """As `LLM`, awaited."""

    async def send(self, *, whole: bool = False) -> httpx.Response:
        """Send the caller's request on; whole: wait for the whole answer."""


class Hybrid:
    """A run's hybrid. upstreams: candidate -> `http(s)://host/v1#model` where the policy names none that is reachable
    here; a small model without one answers in this process, from the run's own weights. timeout: seconds a rung has for
    its answer. log: whether decisions are written. observe: sees each record."""

    def __init__(
        self,
        run: str | Path,
        *,
        upstreams: Mapping[str, str | Upstream] | None = None,
        timeout: float = 10.0,
        log: bool | DecisionLog = True,
        observe: Callable[[Record], object] | None = None,
    ):
        self.run, self.timeout = Path(run), timeout
        given = upstreams or {}
        self.upstreams = {name: upstream(at) if isinstance(at, str) else at for name, at in given.items()}
        self.store = PolicyStore(folder_of(run))
        self.log = log if isinstance(log, DecisionLog) else DecisionLog(folder_of(run)) if log else None
        self._observe = observe
        self._rungs: dict[str, tuple[Candidate, Rung]] = {}
        self._shadows: set[Any] = set()
        self._threads: ThreadPoolExecutor | None = None

    def chat(self, body: Json, headers: Mapping[str, str], llm: LLM) -> Reply:
        """Answer a chat completion. Never raises for what a model or a server did."""
        began, call, state = time.perf_counter(), read(body, headers), self.store.current()
        settled = self.settle(state, call)
        exchange = self._exchange(call, state, settled, began)
        if exchange.shadowed:
            self._in_thread(partial(self._shadow, exchange, llm))
        if settled.answer is not None:
            return exchange.keep(settled.answer)
        try:
            response = llm.send()
            if call.streamed and is_stream(response):
                return Reply(200, exchange.passed(response.headers), stream=LLMStream(exchange, response))
            data = response.read()
        except httpx.HTTPError as problem:
            return exchange.out_of_reach(problem)
        refusal = exchange.refused(response.status_code)
        return refusal or exchange.whole(response.status_code, response.headers, data)

    def settle(self, state: State, call: Call) -> cascade.Settled:
        """Ask the rungs of a call until one is kept, or none is left."""
        return cascade.drive(
            cascade.settle(state, call), lambda whom: self.rung(state, whom.candidate).ask(call, whom.task)
        )

    async def chat_async(self, body: Json, headers: Mapping[str, str], llm: AsyncLLM) -> Reply:
        """As `chat`, awaited."""
        began, call, state = time.perf_counter(), read(body, headers), self.store.current()

        async def ask(whom: cascade.Ask) -> Answer:
            return await (await self.rung_async(state, whom.candidate)).ask_async(call, whom.task)

        settled = await cascade.drive_async(cascade.settle(state, call), ask)
        exchange = self._exchange(call, state, settled, began)
        if exchange.shadowed:
            self._keep(asyncio.create_task(self._shadow_async(exchange, llm)))
        if settled.answer is not None:
            return exchange.keep(settled.answer)
        try:
            response = await llm.send()
            if call.streamed and is_stream(response):
                return Reply(200, exchange.passed(response.headers), stream=AsyncLLMStream(exchange, response))
            data = await response.aread()
        except httpx.HTTPError as problem:
            return exchange.out_of_reach(problem)
        except asyncio.CancelledError:
            exchange.left()
            raise
        refusal = exchange.refused(response.status_code)
        return refusal or exchange.whole(response.status_code, response.headers, data)

    def rung(self, state: State, name: str) -> Rung:
        """Whoever answers for a candidate; made once, and again when the policy says otherwise of it."""
        candidate = state.policy.candidates[name]
        known = self._rungs.get(name)
        if known and known[0] == candidate:
            return known[1]
        made = self._made(name, candidate)
        self._rungs[name] = (candidate, made)
        return made

    async def rung_async(self, state: State, name: str) -> Rung:
        """As `rung`; what has to be loaded is loaded in a thread."""
        known = self._rungs.get(name)
        if known and known[0] == state.policy.candidates[name]:
            return known[1]
        return await asyncio.to_thread(self.rung, state, name)

    def warm(self) -> None:
        """Load what answers in this process now, so that no caller waits for it."""
        state = self.store.current()
        for task, rungs in state.policy.rungs.items():
            for each in rungs:
                self.rung(state, each.candidate).warm(task)

    def _made(self, name: str, candidate: Candidate) -> Rung:
        try:
            if name in self.upstreams or candidate.source.startswith(("http://", "https://")):
                at = self.upstreams.get(name) or upstream(candidate.source)
                at = replace(at, masked=at.masked or candidate.masked)  # as measured, whatever the new address says
                rung: Rung = Endpoint(name, at, self.timeout)
            else:
                rung = InProcess(name, load(name, candidate, self.run), self.timeout)
        except MigrationError as error:
            return Missing(name, str(error))
        return Prompted.of(name, rung, candidate, self.run) if candidate.shots else rung

    def _exchange(self, call: Call, state: State, settled: cascade.Settled, began: float) -> Exchange:
        active = state.active
        lively = state.problem is None and not active.off and len(self._shadows) < MOST_SHADOWS
        shadowed = lively and cascade.in_shadow(call.conversation_id, active)
        return Exchange(call, state, settled, shadowed=shadowed, began=began, emit=self._emit)

    def _emit(self, record: Record) -> None:
        if self._observe:
            self._observe(record)
        if self.log:
            self.log.put(record)

    def _shadow(self, exchange: Exchange, llm: LLM) -> None:
        """The answers that the caller does not wait for. Whatever fails here ends here."""
        found: tuple[cascade.Tried, ...] = ()

        def ask(whom: cascade.Ask) -> Answer:
            if whom.candidate != exchange.state.policy.llm:
                return self.rung(exchange.state, whom.candidate).ask(exchange.call, whom.task)
            return _llm_answer(whom.candidate, lambda: llm.send(whole=True))

        try:
            found = cascade.drive(cascade.beside(exchange.state, exchange.call, exchange.settled), ask)
        finally:
            exchange.shadow_done(found)

    async def _shadow_async(self, exchange: Exchange, llm: AsyncLLM) -> None:
        found: tuple[cascade.Tried, ...] = ()

        async def ask(whom: cascade.Ask) -> Answer:
            if whom.candidate != exchange.state.policy.llm:
                return await (await self.rung_async(exchange.state, whom.candidate)).ask_async(exchange.call, whom.task)
            return await _llm_answer_async(whom.candidate, llm)

        try:
            found = await cascade.drive_async(cascade.beside(exchange.state, exchange.call, exchange.settled), ask)
        finally:
            exchange.shadow_done(found)

    def _in_thread(self, work: Callable[[], None]) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(8, "shadow")
        self._keep(self._threads.submit(work))

    def _keep(self, task: Future[object] | asyncio.Task[object]) -> None:
        """Hold on to a shadow until it is done; its failure, if any, is in its record."""
        self._shadows.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: Future[object] | asyncio.Task[object]) -> None:
        self._shadows.discard(task)
        if not task.cancelled():
            task.exception()

    def close(self) -> None:
        """Wait for shadows and write out the log."""
        if self._threads:
            self._threads.shutdown()
        for _, rung in self._rungs.values():
            rung.close()
        if self.log:
            self.log.close()

    async def aclose(self) -> None:
        """As `close`, for a loop that goes on: shadows get as long as a rung has."""
        if self._shadows:
            await asyncio.wait(self._shadows, timeout=self.timeout)
        for _, rung in self._rungs.values():
            await rung.aclose()
        if self.log:
            await asyncio.to_thread(self.log.close)


def _llm_answer(name: str, send: Callable[[], httpx.Response]) -> Answer:
    began = time.perf_counter()
    try:
        response = send()
        return _read(name, response.status_code, response.read(), began)
    except httpx.HTTPError as problem:
        return Answer(name, error=type(problem).__name__)


async def _llm_answer_async(name: str, llm: AsyncLLM) -> Answer:
    began = time.perf_counter()
    try:
        response = await llm.send(whole=True)
        return _read(name, response.status_code, await response.aread(), began)
    except httpx.HTTPError as problem:
        return Answer(name, error=type(problem).__name__)


def _read(name: str, status: int, data: bytes, began: float) -> Answer:
    taken = (time.perf_counter() - began) * 1e3
    try:
        return (
            Answer(name, checked(json.loads(data)), latency_ms=taken)
            if status == 200
            else Answer(name, error=f"status {status}")
        )
    except (ValueError, RecursionError) as problem:
        return Answer(name, error=str(problem)[:200], latency_ms=taken)
