"""Rungs in this process: what step 02 or 03 left in the run folder answers, as it was measured.

A classifier or a cache answers in milliseconds; a small model takes its time and needs torch: in production it has an
address (`endpoint`). Loaded where a policy asks one. Out of scope: how they learn, what they are worth (`benchmark`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from migration.errors import BadInput, MigrationError
from migration.live.call import Call, read
from migration.live.rungs.answer import Answer
from migration.schema import CandidateKind

if TYPE_CHECKING:
    from migration.benchmark.kinds.cached import Recall
    from migration.routing.policy import Candidate

CLASSIFIERS = Path("02_candidate_benchmark") / "classifier"
CALLS = Path("01_traffic_audit") / "calls.parquet"


class Said(NamedTuple):
    """An answer, None where there is none, its signals, and how it ended (`stop`, `length`)."""

    text: str | None
    signals: Mapping[str, float | None]
    finish: str = "stop"


class InProcessModel(Protocol):
    """A model in this process: a call of a task in, an answer (or None) and its signals out. May raise."""

    def reply(self, call: Call, task: str | None) -> Said:
        """The answer (None where it has none) and its signals."""


@dataclass
class InProcess:
    """A model in this process as a rung. timeout: seconds that an awaiting caller gives it."""

    name: str
    model: InProcessModel
    timeout: float = 10.0

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """The model's answer as a chat completion, or why there is none."""
        began = time.perf_counter()
        try:
            text, signals, finish = self.model.reply(call, task)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is one escalation, and is logged
            told = str(error) if isinstance(error, MigrationError) else type(error).__name__  # others may quote a text
            return Answer(self.name, latency_ms=(time.perf_counter() - began) * 1e3, error=told[:200])
        taken = (time.perf_counter() - began) * 1e3
        if text is None:
            return Answer(self.name, signals=signals, latency_ms=taken, error="has no answer to this")
        choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
        tokens = {name: signals.get(name) for name in ("prompt_tokens", "completion_tokens")}
        usage = {name: int(count) for name, count in tokens.items() if count is not None}
        return Answer(self.name, {"choices": [choice], "usage": usage}, signals, taken)

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """As `ask`, in a thread, so that the loop goes on."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self.ask, call, task), self.timeout)
        except TimeoutError:
            return Answer(self.name, latency_ms=self.timeout * 1e3, error="TimeoutError")

    def warm(self, task: str) -> None:
        """Load what answers a task now, so that no caller waits for it."""
        self.ask(read({"messages": [{"role": "user", "content": "warm up"}], "max_tokens": 1}), task)

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass
class Missing:
    """A candidate that nothing here can reach: every call goes on, and the log says why."""

    name: str
    why: str

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """Why there is no answer."""
        return Answer(self.name, error=self.why)

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """As `ask`."""
        return self.ask(call)

    def warm(self, task: str) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Classifiers:
    """Task -> its classifier."""

    of: Mapping[str, Any]

    def reply(self, call: Call, task: str | None) -> Said:
        """The answer of the task's classifier. signals: as predictions.parquet names them."""
        if task is None or task not in self.of:
            return Said(None, {})
        (row,) = self.of[task].answer([list(call.messages)]).to_dict("records")
        text: str | None = row["output"]
        signals: dict[str, float | None] = {
            "confidence_raw": float(row["confidence"]),
            "margin": float(row["margin"]),
            "distance": float(row["distance"]),
            "output_chars": float(len(text or "")),
        }
        return Said(text, signals)


@dataclass(frozen=True)
class Cached:
    """What the log's `train` calls were answered. Nothing is added while it serves: answers age as they did in 02."""

    recall: Recall

    def reply(self, call: Call, task: str | None) -> Said:
        """The latest answer to the same request of the task. signals: as predictions.parquet names them."""
        from migration.benchmark.kinds.cached import request_key

        found = self.recall.look_up(request_key(str(task), call.messages), call.created_at.timestamp())
        text: str | None = found["output"]
        signals = {name: found.get(name) for name in ("confidence_raw", "margin")}
        return Said(text, signals | {"output_chars": float(len(text or ""))})


def load(name: str, candidate: Candidate, run: Path) -> InProcessModel:
    """The in-process model of a candidate, from what the run holds: classifiers of step 02, or of the folder that a
    weekly review named as their `adapter`. Raises BadInput where there is none."""
    if candidate.kind == CandidateKind.CLASSIFIER:
        from migration.benchmark.kinds.by_task import load_tasks

        folder = (run / (candidate.adapter or CLASSIFIERS)).resolve()
        if not folder.is_relative_to(run.resolve()):
            raise BadInput(f"the classifier {candidate.adapter!r} lies outside of the run")
        return Classifiers(load_tasks(folder))
    if candidate.kind == CandidateKind.CACHE:
        return Cached(_recall(run))
    if candidate.kind == CandidateKind.SLM:
        from migration.live.rungs.local import Local

        return Local.of(name, candidate, run)
    raise BadInput(f"{name} has no address: upstreams={{{name!r}: 'http(s)://host/v1#model'}}")


def _recall(run: Path) -> Recall:
    import pandas as pd

    from migration.benchmark.kinds.cached import learn_recall

    if not (run / CALLS).exists():
        raise BadInput(f"a cache answers from {run / CALLS}, which is not there")
    return learn_recall(pd.read_parquet(run / CALLS, columns=[*_RECALLED]))


_RECALLED = ("call_id", "created_at", "kind", "task", "messages", "response", "split")
