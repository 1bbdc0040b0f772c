"""A small model in this process, in the very engine that steps 02 and 03 measured it with.

So its answers and signals are those that the policy was tuned on, and the guarantee is of them. One call at a time:
for tests, for `migrate policy check`, and for an application that has no server at hand.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput
from migration.live.call import Call
from migration.live.rungs.answer import most_tokens

if TYPE_CHECKING:
    from migration.live.rungs.inprocess import Said
    from migration.routing.policy import Candidate

TUNING = "03_qlora_finetune"
PATIENCE = 10.0
"""Seconds that a call waits for those before it."""


@dataclass(frozen=True)
class Local:
    """A model of `benchmark.engine.local`. ask: from a request (messages, max_tokens, tools) to its answer's row."""

    ask: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, name: str, candidate: Candidate, run: Path) -> Local:
        """The model of a candidate. Raises ModelNotFound where its weights are not here, BadInput without torch."""
        try:
            from migration.benchmark.candidates import Candidate as Trial
            from migration.benchmark.engine.local import one_by_one
        except ImportError as error:
            raise BadInput(f"{name} cannot be answered in this process: {error.name} is not installed") from error
        adapter = adapter_of(run, candidate)
        quantize = quantisation_of(run) if adapter else None
        return cls(one_by_one(Trial(name, candidate.base or candidate.source, adapter or None, quantize)))

    def reply(self, call: Call, task: str | None) -> Said:
        """The model's answer. signals: as predictions.parquet names them. Raises BadInput where there is none."""
        tools = call.body.get("tools")
        asked = {"call_id": call.call_id, "messages": call.messages, "max_tokens": most_tokens(call),
                 "tools": json.dumps(tools) if tools else None}  # fmt: skip
        if not self._lock.acquire(timeout=PATIENCE):
            raise BadInput("other calls are answered first")
        try:
            row = self.ask(asked)
        finally:
            self._lock.release()
        if row["error"]:
            raise BadInput(row["error"])
        from migration.live.rungs.inprocess import Said
        from migration.schema import SIGNALS

        signals = {name: row[name] for name in SIGNALS if name in row}
        return Said(row["output"], signals | {"output_chars": float(len(row["output"]))}, row["finish"])


def adapter_of(run: Path, candidate: Candidate) -> str:
    """The folder of a candidate's adapter: the one in the run that a weekly review named, else step 03's where there is
    one, wherever the run was moved to; "" where the candidate has none."""
    if not candidate.adapter:
        return ""
    named = [] if Path(candidate.adapter).is_absolute() else [run / candidate.adapter]
    return str(next((own for own in (*named, run / TUNING / "adapter") if own.is_dir()), candidate.adapter))


def quantisation_of(run: Path) -> str | None:
    """What step 03 quantised the base to that its adapter was trained on; None for nothing."""
    from migration.artifacts import Run

    manifest = Run(run).manifest
    given = manifest.get("steps", {}).get(TUNING, {}).get("parameters") or manifest.get("parameters", {})
    return given.get("quantize", "nf4") or None
