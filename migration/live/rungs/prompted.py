"""A rung whose prompts carry worked examples of the task, as step 02 measured it.

The examples come from the run's own training calls, masked (`benchmark.shots`). Out of scope: who answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import MigrationError
from migration.live.call import Call
from migration.live.rungs.answer import Answer, Rung
from migration.live.rungs.inprocess import CALLS
from migration.schema import REPLAYED, Split

if TYPE_CHECKING:
    from migration.benchmark.shots import Examples
    from migration.routing.policy import Candidate


@dataclass
class Prompted:
    """`rung`, asked with examples. load: the examples of a task, None where the log has none."""

    name: str
    rung: Rung
    load: Callable[[str], Examples | None]
    _known: dict[str, Examples | None] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, rung: Rung, candidate: Candidate, run: Path) -> Prompted:
        """A candidate's rung with the examples of a run."""
        return cls(name, rung, lambda task: examples_of(run, task, candidate.shots, candidate.examples))

    def ask(self, call: Call, task: str | None = None) -> Answer:
        """The rung's answer to the call with its examples, or why there is none."""
        shown = self._shown(call, task)
        return shown if isinstance(shown, Answer) else self.rung.ask(shown, task)

    async def ask_async(self, call: Call, task: str | None = None) -> Answer:
        """As `ask`; the examples are found in a thread."""
        shown = await asyncio.to_thread(self._shown, call, task)
        return shown if isinstance(shown, Answer) else await self.rung.ask_async(shown, task)

    def _shown(self, call: Call, task: str | None) -> Call | Answer:
        try:
            if task not in self._known:
                self._known[str(task)] = self.load(str(task))
            examples = self._known[str(task)]
            messages = examples.onto([list(call.messages)])[0] if examples else call.messages
        except Exception as error:  # noqa: BLE001 - without its examples it is another candidate: one escalation, told
            told = str(error) if isinstance(error, MigrationError | OSError) else type(error).__name__
            return Answer(self.name, error=f"its examples cannot be had: {told}"[:200])
        return replace(call, messages=tuple(messages))

    def warm(self, task: str) -> None:
        """Find the examples of a task now, and warm who answers."""
        self._known[task] = self.load(task)
        self.rung.warm(task)

    def close(self) -> None:
        """Close the rung."""
        self.rung.close()

    async def aclose(self) -> None:
        """As `close`."""
        await self.rung.aclose()


def examples_of(run: Path, task: str, k: int, examples: str) -> Examples | None:
    """The worked examples of a task among a run's training calls, those that step 02 showed; None where it has none."""
    import pyarrow.dataset as ds

    from migration.benchmark.shots import Examples

    at: Any = ds.field
    wanted = (at("task") == task) & (at("split") == str(Split.TRAIN)) & at("response").is_valid()
    wanted &= at("kind").isin([str(kind) for kind in REPLAYED])
    train = ds.dataset(run / CALLS).to_table(columns=["call_id", "messages", "response"], filter=wanted).to_pandas()
    return Examples.of(train, k, examples=examples) if len(train) else None
