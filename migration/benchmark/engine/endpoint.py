"""Answers of a candidate behind an OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, a paid API.

Knows: concurrency, timeouts, the client's own retries, what servers differ in. Refuses to know: references, scores.

`latency_ms` is what a caller waited for this answer with up to `concurrency` requests in flight, retries included;
`compute_ms` is the row's share of the wall time, as in `local`. An answer that came is never asked for again; a
request in flight when the process dies is lost, and asked for again.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pandas as pd
from openai.types.chat import ChatCompletion

from migration.benchmark.candidates import Candidate, Milestones, Progress, chat, frame, signals, told
from migration.benchmark.engine.cache import Answers, key_of, open_answers
from migration.errors import BadInput

TOP = 20  # alternatives asked for at each token: the most that OpenAI and vLLM give
_OPTIONAL = {"logprob": ("logprobs", "top_logprobs"), "temperature": ("temperature",), "seed": ("seed",)}
"""What a server may refuse, by the word that its refusal holds."""


def address(candidate: Candidate) -> tuple[str, str]:
    """Base URL and model of `http(s)://host/v1#model`. Raises BadInput where one is missing."""
    base, _, model = candidate.source.partition("#")
    if not urlsplit(base).hostname or not model:
        raise BadInput(f"endpoint {candidate.source!r} is not of the form http(s)://host/v1#model")
    return base, model


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
    """
    store, (base, model) = open_answers(cache), address(candidate)
    asks = []
    for row in requests.to_dict("records"):
        body: dict[str, Any] = {"messages": told(chat(row["messages"])), "max_tokens": int(row["max_tokens"])}
        if isinstance(row.get("tools"), str):
            body["tools"] = json.loads(row["tools"])
        body |= {name: row[name] for name in ("temperature", "seed") if name in row}
        key = key_of(base=base, model=model, top_logprobs=TOP, **{"temperature": 0} | body)
        asks.append((row["call_id"], key, body))
    known = store.get(key for _, key, _ in asks)
    pending = {key: body for _, key, body in asks if key not in known}
    if pending:
        server = _Server(candidate, base, model, concurrency, store, Milestones(progress, candidate.name, len(pending)))
        with ThreadPoolExecutor(1) as pool:  # a notebook's own thread has a running event loop already
            known |= pool.submit(asyncio.run, server.all(pending, timeout, retries)).result()
    return frame([{"call_id": call, "candidate": candidate.name} | known[key] for call, key, _ in asks])


class _Server:
    """One endpoint while requests are in flight: what it was found to accept, and how time is shared."""

    def __init__(
        self, candidate: Candidate, base: str, model: str, concurrency: int, store: Answers, report: Milestones
    ):
        self.key, self.base, self.model = _key(candidate, base), base, model
        self.concurrency, self.store, self.report = concurrency, store, report
        self.options: dict[str, Any] = {"temperature": 0, "logprobs": True, "top_logprobs": TOP}
        self.limit_name, self.refused = "max_tokens", set[str]()
        self.flying, self.share, self.last = 0, 0.0, time.perf_counter()

    async def all(self, pending: dict[str, dict[str, Any]], timeout: float, retries: int) -> dict[str, dict[str, Any]]:
        gate = asyncio.Semaphore(self.concurrency)
        options: dict[str, Any] = {
            "base_url": self.base,
            "api_key": self.key,
            "timeout": timeout,
            "max_retries": retries,
        }
        async with openai.AsyncOpenAI(**options) as client:

            async def one(key: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
                async with gate:
                    value = await self._timed(client, body)
                if not value.get("error"):
                    self.store.put(key, value)
                self.report.one_more()
                return key, value

            return dict(await asyncio.gather(*(one(key, body) for key, body in pending.items())))

    async def _timed(self, client: openai.AsyncOpenAI, body: dict[str, Any]) -> dict[str, Any]:
        self._share_time(+1)
        start, share = time.perf_counter(), self.share
        try:
            value = _value(await self._ask(client, body))
        except openai.OpenAIError as error:
            value = {"error": self._told(error)}
        self._share_time(-1)
        return {"latency_ms": (time.perf_counter() - start) * 1e3, "compute_ms": self.share - share} | value

    def _share_time(self, change: int) -> None:
        """Requests in flight share the time equally, so that the shares add up to the wall time (ms)."""
        now = time.perf_counter()
        self.share += (now - self.last) * 1e3 / max(self.flying, 1)
        self.last, self.flying = now, self.flying + change

    async def _ask(self, client: openai.AsyncOpenAI, body: dict[str, Any]) -> Any:
        while True:
            options = self.options | {self.limit_name if name == "max_tokens" else name: v for name, v in body.items()}
            options = {name: value for name, value in options.items() if name not in self.refused}
            try:
                return await client.chat.completions.create(model=self.model, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._give_in(str(error), options):
                    raise

    def _give_in(self, complaint: str, sent: dict[str, Any]) -> bool:
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
        text = str(error).replace(self.key, "[key]").replace("\n", " ")[:300]
        too_long = ("context_length_exceeded", "context length", "exceed_context_size", "context size")
        kind = "context_overflow" if any(sign in text for sign in too_long) else type(error).__name__
        return f"{kind}: {text}"


def _key(candidate: Candidate, base: str) -> str:
    """The key from the environment. OpenAI's own goes to OpenAI alone unless the candidate names it."""
    name = candidate.api_key_env or ("OPENAI_API_KEY" if urlsplit(base).hostname == "api.openai.com" else None)
    if name and not os.environ.get(name):
        raise BadInput(f"endpoint {base} needs its key in the environment variable {name}")
    return os.environ[name] if name else "no-key-needed"


def _value(reply: Any) -> dict[str, Any]:
    """What is kept of a reply; an `error` where it holds no answer."""
    if not isinstance(reply, ChatCompletion) or not reply.choices:
        return {"error": f"unreadable reply: {str(reply)[:200]}"}
    choice = reply.choices[0]
    content = choice.message.content or ""
    if choice.message.tool_calls:
        body = {"content": choice.message.content, "tool_calls": [c.model_dump() for c in choice.message.tool_calls]}
        content = json.dumps(body, sort_keys=True, ensure_ascii=False)
    tokens = (choice.logprobs.content if choice.logprobs else None) or []
    alternatives = [sorted((math.exp(t.logprob) for t in token.top_logprobs), reverse=True) for token in tokens]
    usage = reply.usage
    return {
        "output": content,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "finish": choice.finish_reason,
        **signals(
            [token.logprob for token in tokens],
            [_entropy(chances) for chances in alternatives] if all(alternatives) else [],
            [chances[0] - chances[1] for chances in alternatives] if all(len(a) > 1 for a in alternatives) else [],
        ),
    }


def _entropy(chances: list[float]) -> float:
    """Nats, from the few likeliest tokens and the rest as one: a lower bound of the true entropy."""
    rest = max(0.0, 1 - sum(chances))
    return -sum(p * math.log(p) for p in [*chances, rest] if p > 0)
