"""Rungs in this process: the classifiers that step 02 fitted, one a task.

Loaded where a policy asks one, with what they need (numpy, and the sentence encoder's runtime). Out of scope: how a
classifier is fitted and what it is worth (`benchmark.kinds`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from migration.errors import BadInput
from migration.live.call import Call
from migration.live.rungs.answer import Answer
from migration.schema import CandidateKind

if TYPE_CHECKING:
    from migration.routing.policy import Candidate

FOLDER = Path("02_candidate_benchmark") / "classifier"
Said = tuple[str | None, dict[str, float | None]]
"""An answer, None where there is none, and its signals."""


class InProcessModel(Protocol):
    """A model in this process: the messages of a call of a task in, an answer (or None) and its signals out."""

    def reply(
        self, messages: tuple[dict[str, str], ...], task: str | None
    ) -> tuple[str | None, Mapping[str, float | None]]:
        """The answer (None where it has none) and its signals."""


@dataclass
class InProcess:
    """A classifier in this process. timeout: seconds that an awaiting caller gives it."""

    name: str
    model: InProcessModel
    timeout: float = 10.0

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """The model's answer as a chat completion, or why there is none."""
        began = time.perf_counter()
        try:
            text, signals = self.model.reply(call.messages, task)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is one escalation, and is told
            return Answer(self.name, latency_ms=(time.perf_counter() - began) * 1e3, error=type(error).__name__)
        taken = (time.perf_counter() - began) * 1e3
        if text is None:
            return Answer(self.name, signals=signals, latency_ms=taken, error="has no answer to this")
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return Answer(self.name, {"choices": [choice], "usage": {}}, signals, taken)

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """As `ask`, in a thread, so that the loop goes on."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self.ask, call, task), self.timeout)
        except TimeoutError:
            return Answer(self.name, latency_ms=self.timeout * 1e3, error="TimeoutError")

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

    def close(self) -> None:
        """Nothing to close."""

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Classifiers:
    """Task -> its classifier."""

    of: Mapping[str, Any]

    def reply(self, messages: tuple[dict[str, str], ...], task: str | None) -> Said:
        """The answer of the task's classifier. signals: as predictions.parquet names them."""
        if task is None or task not in self.of:
            return None, {}
        (row,) = self.of[task].answer([list(messages)]).to_dict("records")
        text: str | None = row["output"]
        signals: dict[str, float | None] = {
            "confidence_raw": float(row["confidence"]),
            "margin": float(row["margin"]),
            "distance": float(row["distance"]),
            "output_chars": float(len(text or "")),
        }
        return text, signals


def load(candidate: Candidate, run: Path) -> Classifiers:
    """The in-process model of a candidate, from what step 02 left. Raises BadInput where there is none."""
    if candidate.kind != CandidateKind.CLASSIFIER:
        raise BadInput(f"a {candidate.kind} cannot be served in this process yet")
    from migration.benchmark.kinds.by_task import load_tasks

    return Classifiers(load_tasks(run / FOLDER))
