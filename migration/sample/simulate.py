"""Deterministic support traffic of an invented shop, in the OpenAI request/response log form.

Covers: when customers write, which calls a conversation makes, what fails and is tried again, how often the logged
model is wrong; and the truth behind each line, which a real log never has.
Out of scope: how a workbook reads the log.

The same calls and seed give the same bytes on every machine: each conversation has a random generator of its own,
seeded by (seed, number), and nothing else is random.
"""

from __future__ import annotations

import bisect
import gzip
import heapq
import json
import math
import os
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from migration.errors import BadInput
from migration.sample.language import Customer, customer
from migration.sample.phrases import CHANNELS
from migration.sample.sites import SITES, Ask

LARGE, SMALL, EMBEDDING = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "text-embedding-3-small"
HARD_INTENTS = {"complaint": 0.04, "refund_status": 0.08, "damaged_item": 0.08, "wrong_item": 0.05}
"""Intents whose conversations may need the hard sites, with their share of all conversations."""


@dataclass(frozen=True)
class World:
    """Everything that is true of the simulated shop. Shares and rates are fractions, of what is in the name."""

    start: datetime = datetime(2025, 9, 1, tzinfo=UTC)
    days: int = 30
    growth: float = 0.25
    """Traffic at the end of the period over traffic at its start, minus 1."""
    channels: tuple[float, float, float] = (0.55, 0.30, 0.15)
    moods: tuple[float, float, float] = (0.92, 0.02, 0.06)
    two_things: float = 0.01
    slips: float = 0.06
    escalations: float = 0.04
    hard_share: float = 0.08
    """Of conversations: a complaint to work out, or an apology to write, instead of a reply."""
    embedding_share: float = 0.50
    judge_share: float = 0.18
    error_rates: Mapping[str, float] = field(
        default_factory=lambda: {
            "intent": 0.01, "lookup": 0.01, "reply": 0.03, "route": 0.01, "judge": 0.05,
            "resolve": 0.10, "apology": 0.05,
        }
    )  # fmt: skip
    """How often the logged model's answer is not the true one, by call site."""
    failures: Mapping[str, float] = field(
        default_factory=lambda: {"rate_limit": 0.012, "timeout": 0.006, "server_error": 0.004}
    )
    """Of attempts: answered by an error."""
    truncated: float = 0.02
    """Of attempts at reply, resolve, apology: cut off at a short max_tokens, then asked again with a long one."""
    gives_up: float = 0.15
    """Of failed attempts: not tried again."""
    small_model_share: float = 0.06
    """Of conversations: their short calls were tried on gpt-4o-mini."""
    cache_share: float = 0.35
    cache_from: int = 128
    """Prompt tokens from which a provider's prefix cache may hit (real ones start at 1,024; prompts here are short)."""
    latency_ms: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {LARGE: (420.0, 13.0), SMALL: (280.0, 8.0), EMBEDDING: (95.0, 0.0)}
    )
    """Median to the first token and per token."""
    latency_sigma: float = 0.35
    large: str = LARGE
    urgency_share: float = 0.0
    """Of conversations: a further call site rates how urgent the case is; its answers are always true."""
    after: World | None = None
    """What is true instead of conversations that start from day `after_day` on (see `drifting`)."""
    after_day: float = math.inf

    def at(self, seconds: float) -> World:
        """The world of a conversation that starts `seconds` after the start."""
        return self.after if self.after is not None and seconds >= 86400 * self.after_day else self

    def weight(self, hour: int) -> float:
        """Relative traffic in the hour `hour` after the start: day and night, weekday and weekend, growth."""
        day, of_day = divmod(hour, 24)
        daily = 0.06 + math.exp(-((of_day - 10.5) ** 2) / 9) + 0.85 * math.exp(-((of_day - 19) ** 2) / 7)
        weekend = 0.6 if (self.start.weekday() + day) % 7 >= 5 else 1.0
        return daily * weekend * (1 + self.growth * day / self.days)


def simulate(calls: int, seed: int, world: World | None = None) -> Iterator[dict[str, object]]:
    """`calls` log lines in the order of their time, as plain dicts. Raises BadInput when calls < 1."""
    return (line for line, _ in _log(calls, seed, world or World()))


def truth(calls: int, seed: int, world: World | None = None) -> pd.DataFrame:
    """What is true behind the lines of `simulate(calls, seed)`, a row a call.

    Columns: id, call_id (the same: the file is a labels file, too), conversation_id, site, kind, answer (the true one;
    null for embeddings), correct (whether the logged answer is that; null where none was given in full), intent, mood,
    retry_of (id of the failed attempt, or null).
    """
    return pd.DataFrame([row for _, row in _log(calls, seed, world or World())])


def write(
    path: str | Path, calls: int, seed: int, *, world: World | None = None, truth: str | Path | None = None
) -> Path:
    """Write the log to `path` (gzip where it ends in .gz) and, if asked, the truth beside it as JSON lines.

    Line by line, so the log may be larger than memory; the files take their names when they are whole.
    """
    targets = [Path(path), *([Path(truth)] if truth else [])]
    partials = [target.with_name(f".{target.name}.{os.getpid()}") for target in targets]
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(partial.open("wb")) for partial in partials]
            sinks: list[Any] = [
                stack.enter_context(gzip.GzipFile("", "wb", 9, file, mtime=0)) if target.suffix == ".gz" else file
                for target, file in zip(targets, files, strict=True)
            ]
            for event in _log(calls, seed, world or World()):
                for sink, row in zip(sinks, event, strict=False):
                    sink.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        for partial, target in zip(partials, targets, strict=True):
            partial.replace(target)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
    return targets[0]


_WORD = re.compile(r"[A-Za-z]+|\d|[^\sA-Za-z\d]+|\n")


@lru_cache(maxsize=65536)
def count_tokens(text: str) -> int:
    """Tokens of `text`, by rule: one a digit, one a run of signs, one for every 7 letters of a word (3 in capitals).

    Within a few percent of SmolLM2's tokenizer on this traffic (a test measures it), and needs no tokenizer file.
    """
    return sum(_cost(piece) for piece in _WORD.findall(text))


def _cost(piece: str) -> int:
    return -(-len(piece) // (3 if piece.isupper() and len(piece) > 1 else 7)) if piece[0].isalpha() else 1


def prompt_tokens(messages: list[dict[str, str]]) -> int:
    """Tokens of a chat request: each message's text and 3 for its frame, and 3 to start the answer."""
    return 3 + sum(3 + count_tokens(message["content"]) for message in messages)


Event = tuple[dict[str, Any], dict[str, Any]]


def _log(calls: int, seed: int, world: World) -> Iterator[Event]:
    """Conversations start in a Poisson stream that follows the rhythm; their lines are merged by time."""
    if calls < 1:
        raise BadInput(f"a log needs at least one call, not {calls}")
    trial = [len(_Conversation(i, seed, world, 0.0).events()) for i in range(100)]
    expected = max(1.0, calls / (sum(trial) / len(trial)))
    hours = [world.weight(hour) for hour in range(24 * world.days * 3)]
    total, cumulated = sum(hours[: 24 * world.days]), [0.0]
    for weight in hours:
        cumulated.append(cumulated[-1] + weight / total)
    waiting: list[tuple[float, int, Event]] = []
    clock, share, made = random.Random(f"{seed}:clock"), 0.0, 0
    number, done = 0, 0
    while done < calls:
        share += clock.expovariate(1.0) / expected
        hour = min(bisect.bisect_right(cumulated, share) - 1, len(hours) - 1)
        seconds = 3600 * (hour + min(1.0, (share - cumulated[hour]) * total / hours[hour]))
        while waiting and waiting[0][0] <= seconds and done < calls:
            yield heapq.heappop(waiting)[2]
            done += 1
        for event in _Conversation(number, seed, world, seconds).events():
            heapq.heappush(waiting, (event[0]["created"] - world.start.timestamp(), made, event))
            made += 1
        number += 1


class _Conversation:
    """One customer's case: the calls it makes, in order, each with its failures and further attempts."""

    def __init__(self, number: int, seed: int, world: World, seconds: float):
        self.rng, self.now = random.Random(f"{seed}:{number}"), seconds
        self.world = world = world.at(seconds)
        self.id = f"conv-{self.rng.getrandbits(48):012x}"
        self.channel = self._channel(seconds)
        self.who: Customer = customer(
            self.rng, channel=self.channel, moods=world.moods, two_things=world.two_things, slips=world.slips,
            escalations=world.escalations,
        )  # fmt: skip
        self.small = self.rng.random() < world.small_model_share
        self.lines: list[Event] = []

    def _channel(self, seconds: float) -> str:
        """Nobody answers the phone at night: what would be a call then is an e-mail."""
        channel = self.rng.choices(CHANNELS, self.world.channels)[0]
        open_now = 8 <= (seconds / 3600) % 24 < 20 or seconds == 0.0
        return channel if channel != "voice" or open_now else "email"

    def events(self) -> list[Event]:
        rng, world = self.rng, self.world
        hard = rng.random() < world.hard_share * (self.who.intent in HARD_INTENTS) / sum(HARD_INTENTS.values())
        writes = ("apology" if rng.random() < 0.5 else "resolve") if hard else "reply"
        self._call("intent")
        if rng.random() < world.embedding_share:
            self._embed()
        for site in ("lookup", writes, "route"):
            self._call(site)
        if world.urgency_share and rng.random() < world.urgency_share:
            self._call("urgency")
        if rng.random() < world.judge_share:
            self.now += rng.uniform(600, 7200)
            self._call("judge")
        return self.lines

    def _call(self, site: str) -> None:
        today = self.world.start + timedelta(seconds=self.now)
        ask = SITES[site](self.who, self.rng, (self.now / 86400, f"{today:%A}, {today.day} {today:%B} {today.year}"))
        model = SMALL if self.small and site in ("intent", "route", "judge") else self.world.large
        request = {"model": model, "messages": ask.messages} | ask.options
        failed: str | None = None
        for attempt in range(4):
            outcome = self._outcome(site)
            line, correct = self._answer(request, ask, outcome)
            kind = "error" if "error" in line["response"] else "scoring" if site == "judge" else "chat"
            failed = self._note(line, ask, "retry" if failed and kind != "error" else kind, correct, failed)
            if outcome == "ok" or self.rng.random() < self.world.gives_up:
                return
            self.now += 2**attempt * self.rng.uniform(1, 3)
            if outcome == "truncated":
                request = request | {"max_tokens": 2 * request["max_tokens"]}

    def _outcome(self, site: str) -> str:
        draw, limit = self.rng.random(), 0.0
        for name, rate in self.world.failures.items():
            limit += rate
            if draw < limit:
                return name
        cut = self.world.truncated if site in ("reply", "resolve", "apology") else 0.0
        return "truncated" if draw < limit + cut else "ok"

    def _answer(self, request: dict[str, Any], ask: Ask, outcome: str) -> tuple[dict[str, Any], bool | None]:
        if outcome in _ERRORS:
            return self._error(request, outcome), None
        wrong = self.rng.random() < self.world.error_rates.get(ask.site, 0.0)
        text = ask.wrong if wrong else ask.true
        if outcome == "truncated":
            request = request | {"max_tokens": count_tokens(text) // 2}
            text = _cut(text, request["max_tokens"])
        asked, said = prompt_tokens(ask.messages), count_tokens(text)
        usage: dict[str, Any] = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
        stable = 3 + count_tokens(ask.messages[0]["content"]) if asked >= self.world.cache_from else 0
        if stable >= 64 and self.rng.random() < self.world.cache_share:
            usage["prompt_tokens_details"] = {"cached_tokens": stable // 64 * 64}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "length" if outcome == "truncated" else "stop",
        }
        name = f"chatcmpl-{self.rng.getrandbits(96):024x}"
        response = {
            "id": name,
            "object": "chat.completion",
            "model": request["model"],
            "choices": [choice],
            "usage": usage,
        }
        line = self._line(name, "/v1/chat/completions", request, response, 200, self._latency(request["model"], said))
        return line, (None if outcome == "truncated" else not wrong)

    def _error(self, request: Mapping[str, object], outcome: str) -> dict[str, object]:
        status, code, message, wait = _ERRORS[outcome]
        response = {"error": {"message": message, "type": outcome, "code": code}}
        name = f"req-{self.rng.getrandbits(96):024x}"
        return self._line(name, "/v1/chat/completions", request, response, status, wait * self.rng.uniform(0.9, 1.1))

    def _embed(self) -> None:
        tokens = count_tokens(self.who.message)
        response = {
            "object": "list",
            "model": EMBEDDING,
            "data": [{"object": "embedding", "index": 0, "embedding": []}],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        request = {"model": EMBEDDING, "input": self.who.message}
        name = f"emb-{self.rng.getrandbits(96):024x}"
        line = self._line(name, "/v1/embeddings", request, response, 200, self._latency(EMBEDDING, 0))
        self._note(line, Ask("embedding", [], "", ""), "embedding", None, None)

    def _latency(self, model: str, tokens: int) -> float:
        first, each = self.world.latency_ms.get(model, self.world.latency_ms[LARGE])
        busy = 1 + 0.25 * (9 <= (self.now / 3600) % 24 < 20)
        return (first * busy + each * tokens) * self.rng.lognormvariate(0, self.world.latency_sigma)

    def _line(
        self,
        name: str,
        endpoint: str,
        request: Mapping[str, object],
        response: Mapping[str, object],
        status: int,
        latency: float,
    ) -> dict[str, object]:
        created = int(self.world.start.timestamp() + self.now)
        self.now += latency / 1000 + self.rng.uniform(0.2, 2.0)
        return {
            "id": name,
            "created": created,
            "endpoint": endpoint,
            "status": status,
            "latency_ms": round(latency),
            "request": dict(request),
            "response": response if "error" in response else {**response, "created": created},
            "metadata": {"conversation_id": self.id, "channel": self.channel},
        }

    def _note(self, line: dict[str, object], ask: Ask, kind: str, correct: bool | None, retry_of: str | None) -> str:
        facts = {
            "id": line["id"],
            "call_id": line["id"],
            "conversation_id": self.id,
            "site": ask.site,
            "kind": kind,
            "answer": ask.true or None,
        }
        facts |= {"correct": correct, "intent": self.who.intent, "mood": self.who.mood, "retry_of": retry_of}
        self.lines.append((line, facts))
        return str(line["id"])


_ERRORS = {
    "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 2s.", 140),
    "timeout": (408, "timeout", "Request timed out.", 30000),
    "server_error": (500, "server_error", "The server had an error while processing your request.", 900),
}
"""Outcome: HTTP status, code, message, milliseconds until it is known."""


def _cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` that has at most `tokens` tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count_tokens(text[:middle]) <= tokens else (low, middle - 1)
    return text[:low]
