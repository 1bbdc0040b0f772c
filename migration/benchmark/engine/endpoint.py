"""Answers of a candidate behind an OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, a paid API.

Covers: concurrency, timeouts, the client's own retries, what servers differ in. Out of scope: references, scores.

`latency_ms` is what a caller waited for this answer with up to `concurrency` requests in flight, retries included;
`compute_ms` is the row's share of the wall time, as in `local`. An answer that came is never asked for again; a
request in flight when the process dies is lost, and asked for again.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pandas as pd
from openai.types.chat import ChatCompletion

from migration.audit.pii import Placeholders, masked_request
from migration.benchmark.candidates import Candidate, Milestones, Progress, chat, frame, model_name, told
from migration.benchmark.engine.cache import Answers, key_of, open_answers
from migration.benchmark.engine.spending import Ledger, usd_m
from migration.endpoints import Address, check_url, client, key_for, read_address, redact
from migration.errors import BadInput
from migration.schema.signals import of_tokens

TOP = 20  # alternatives asked for at each token: the most that OpenAI and vLLM give
BREAKER = 8  # requests in a row that did not reach an endpoint (each retried), after which it is left alone
_OPTIONAL = {"logprob": ("logprobs", "top_logprobs"), "temperature": ("temperature",), "seed": ("seed",)}
"""What a server may refuse, by the word that its refusal holds."""


def address(candidate: Candidate) -> Address:
    """Where a candidate is asked. Raises BadInput where its address names no model, or may not be asked."""
    base, _, model = candidate.source.partition("#")
    if not model:
        raise BadInput(f"endpoint {redact(base)} names no model: write https://host/v1#model")
    at = read_address(candidate.source)
    check_url(at.base)
    return at


def find(candidate: Candidate) -> None:
    """Whether an endpoint is there is found out when it is asked."""


def facts(candidate: Candidate, cache: Path | Answers) -> dict[str, float]:
    """input_usd_m, output_usd_m: USD per million tokens, where the model has a price."""
    price = candidate.usd_m or usd_m(model_name(candidate.source))
    return dict(zip(("input_usd_m", "output_usd_m"), price, strict=True)) if price else {}


def answer(
    candidate: Candidate,
    requests: pd.DataFrame,
    *,
    cache: Path | Answers | None = None,
    concurrency: int = 8,
    timeout: float = 120.0,
    retries: int = 5,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answers: one row a request, in their order, columns `candidates.COLUMNS`.

    requests: call_id, messages, max_tokens; optionally `tools` (JSON or null), and `temperature` and `seed`, without
    which answers are greedy. timeout: seconds of one attempt.
    retries: the client's own, with back-off, on 408, 409, 429, 5xx, time-outs and cut connections. A request that
    still fails gets a null output and its `error`, is not kept, and is asked again by the next run. Raises BadInput
    for a bad address or a key that is not in the environment.

    Of a candidate that is masked, what is sent and kept has placeholders instead of personal data; the answers that
    come back from here have it again.
    """
    store, at = open_answers(cache), address(candidate)
    asks = []
    for row in requests.to_dict("records"):
        body: dict[str, Any] = {"messages": told(chat(row["messages"])), "max_tokens": int(row["max_tokens"])}
        if isinstance(row.get("tools"), str):
            body["tools"] = json.loads(row["tools"])
        body |= {name: row[name] for name in ("temperature", "seed") if name in row}
        body, masks = masked_request(body) if at.masked else (body, None)
        key = key_of(base=at.base, model=at.model, top_logprobs=TOP, **{"temperature": 0} | body)
        asks.append((row["call_id"], key, body, masks))
    known = store.get(key for _, key, _, _ in asks)
    pending = {key: body for _, key, body, _ in asks if key not in known}
    if pending:
        server = _Server(candidate, at, concurrency, store, Milestones(progress, candidate.name, len(pending)))
        with ThreadPoolExecutor(1) as pool:  # a notebook's own thread has a running event loop already
            known |= pool.submit(asyncio.run, server.all(pending, timeout, retries)).result()
        server.ledger.count_changed(sum(_changed(known[key], masks) for _, key, _, masks in asks if key in pending))
    return frame(
        [{"call_id": call, "candidate": candidate.name} | _restored(known[key], masks) for call, key, _, masks in asks]
    )


def _restored(value: dict[str, Any], masks: Placeholders | None) -> dict[str, Any]:
    """An answer with what its placeholders stand for."""
    return value | {"output": masks.restore(value["output"])} if masks and value.get("output") else value


def _changed(value: dict[str, Any], masks: Placeholders | None) -> int:
    """How many placeholders an answer changed, so that they cannot be taken back."""
    return masks.left(str(_restored(value, masks).get("output") or "")) if masks else 0


class _Server:
    """One endpoint while requests are in flight: what it was found to accept, and how time is shared."""

    def __init__(self, candidate: Candidate, at: Address, concurrency: int, store: Answers, report: Milestones):
        self.key, self.base, self.model = key_for(at.base, candidate.api_key_env), at.base, at.model
        self.concurrency, self.store, self.report = concurrency, store, report
        self.options: dict[str, Any] = {"temperature": 0, "logprobs": True, "top_logprobs": TOP}
        self.limit_name, self.refused = "max_tokens", set[str]()
        self.flying, self.share, self.last = 0, 0.0, time.perf_counter()
        self.ledger = Ledger.of(candidate, store)
        self.closed, self.unreached = self.ledger.over(), 0

    async def all(
        self, pending: dict[str, dict[str, object]], timeout: float, retries: int
    ) -> dict[str, dict[str, object]]:
        gate = asyncio.Semaphore(self.concurrency)
        options: dict[str, Any] = {"timeout": timeout, "max_retries": retries}
        async with client(self.base, key=self.key, asynchronous=True, **options) as asked:
            first = next(iter(pending))
            # Alone and with one retry: where nobody answers, that is found out once, not once a request.
            # Not `with_options`, whose copy reads from the environment again who asks.
            asked.max_retries = min(retries, 1)
            trial = await self._timed(asked, pending[first])
            asked.max_retries = retries
            if self.unreached:
                self.closed = str(trial["error"])
            done = {} if trial.get("error") else {first: self._kept(first, trial)}

            async def one(key: str) -> None:
                async with gate:
                    done[key] = self._kept(key, await self._timed(asked, pending[key]))

            await asyncio.gather(*(one(key) for key in pending if key not in done))
            return done

    def _kept(self, key: str, value: dict[str, object]) -> dict[str, object]:
        """An answer, stored the moment it is there."""
        if not value.get("error"):
            self.store.put(key, value)
        self.report.one_more()
        return value

    async def _timed(self, asked: openai.AsyncOpenAI, body: dict[str, object]) -> dict[str, object]:
        if self.closed:
            return {"latency_ms": 0.0, "compute_ms": 0.0, "error": f"not asked: {self.closed}"}
        self._share_time(+1)
        start, share = time.perf_counter(), self.share
        try:
            value = _value(await self._ask(asked, body))
            self.unreached = 0
        except (ValueError, RecursionError) as error:  # JSON by its header, and none, or nested without end
            value = {"error": f"unreadable reply: {error}"[:200]}
        except openai.OpenAIError as error:
            value = {"error": self._told(error)}
            self.unreached += isinstance(error, openai.APIConnectionError)
        self._close_at_the_ceiling(value, time.perf_counter() - start)
        self._share_time(-1)
        return {"latency_ms": (time.perf_counter() - start) * 1e3, "compute_ms": self.share - share} | value

    def _close_at_the_ceiling(self, value: dict[str, object], seconds: float) -> None:
        """Ask no more once an endpoint keeps failing, or has cost what it may."""
        self.ledger.add(value, seconds / self.concurrency)
        if self.unreached >= BREAKER:
            self.closed = f"{BREAKER} requests in a row did not reach it, the last: {value.get('error')}"
        else:
            self.closed = self.closed or self.ledger.over()

    def _share_time(self, change: int) -> None:
        """Requests in flight share the time equally, so that the shares add up to the wall time (ms)."""
        now = time.perf_counter()
        self.share += (now - self.last) * 1e3 / max(self.flying, 1)
        self.last, self.flying = now, self.flying + change

    async def _ask(self, client: openai.AsyncOpenAI, body: dict[str, object]) -> ChatCompletion:
        while True:
            options = self.options | {self.limit_name if name == "max_tokens" else name: v for name, v in body.items()}
            options = {name: value for name, value in options.items() if name not in self.refused}
            try:
                return await client.chat.completions.create(model=self.model, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._give_in(str(error), options):
                    raise

    def _give_in(self, complaint: str, sent: dict[str, object]) -> bool:
        """Leave out an option that the server named in its refusal; false where it refuses something else."""
        if "max_completion_tokens" in complaint and "max_tokens" in sent:
            self.limit_name = "max_completion_tokens"
            return True
        for word, options in _OPTIONAL.items():
            if word in complaint and options[0] in sent:
                self.refused |= set(options)
                return True
        return False

    def _told(self, error: openai.OpenAIError) -> str:
        text = str(error).replace(self.key or "[key]", "[key]").replace("\n", " ")[:300]
        too_long = ("context_length_exceeded", "context length", "exceed_context_size", "context size")
        kind = "context_overflow" if any(sign in text for sign in too_long) else type(error).__name__
        return f"{kind}: {text}"


def _value(reply: object) -> dict[str, object]:
    """What is kept of a reply; an `error` where it holds no answer."""
    if not isinstance(reply, ChatCompletion) or not reply.choices:
        return {"error": f"unreadable reply: {str(reply)[:200]}"}
    try:
        return _read(reply)
    except (AttributeError, TypeError, ValueError, OverflowError, IndexError) as error:
        return {"error": f"unreadable reply ({type(error).__name__}): {str(reply)[:200]}"}


def _read(reply: ChatCompletion) -> dict[str, object]:
    choice = reply.choices[0]
    content = choice.message.content or ""
    if choice.message.tool_calls:
        body = {"content": choice.message.content, "tool_calls": [c.model_dump() for c in choice.message.tool_calls]}
        content = json.dumps(body, sort_keys=True, ensure_ascii=False)
    tokens = (choice.logprobs.content if choice.logprobs else None) or []
    if not all(-1e300 < token.logprob < 1e-3 for token in tokens):  # no probability, so no signal
        tokens = []
    alternatives = [sorted((math.exp(t.logprob) for t in token.top_logprobs), reverse=True) for token in tokens]
    usage = reply.usage
    return {
        "output": content,
        "prompt_tokens": _count(usage and usage.prompt_tokens),
        "completion_tokens": _count(usage and usage.completion_tokens),
        "finish": choice.finish_reason,
        **of_tokens(
            [token.logprob for token in tokens],
            [_entropy(chances) for chances in alternatives] if all(alternatives) else [],
            [chances[0] - chances[1] for chances in alternatives] if all(len(a) > 1 for a in alternatives) else [],
        ),
    }


def _count(tokens: object) -> int | None:
    """A number of tokens as a server tells it; null where it is none that can be."""
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < 1 << 40 else None


def _entropy(chances: list[float]) -> float:
    """Nats, from the few likeliest tokens and the rest as one: a lower bound of the true entropy."""
    rest = max(0.0, 1 - sum(chances))
    return -sum(p * math.log(p) for p in [*chances, rest] if p > 0)
