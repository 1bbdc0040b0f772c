"""Rungs in this process: the classifiers that step 02 fitted, one a task.

Loaded where a policy asks one, with what they need (numpy, and the sentence encoder's runtime). Out of scope: how a
classifier is fitted and what it is worth (`benchmark.kinds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput
from migration.schema import CandidateKind

if TYPE_CHECKING:
    from migration.routing.policy import Candidate

FOLDER = Path("02_candidate_benchmark") / "classifier"
Said = tuple[str | None, dict[str, float | None]]
"""An answer, None where there is none, and its signals."""


@dataclass(frozen=True)
class Classifiers:
    """Task -> its classifier."""

    of: Mapping[str, Any]

    def reply(self, messages: tuple[dict[str, str], ...], task: str | None) -> Said:
        """The answer of the task's classifier. signals: as predictions.parquet names them."""
        if task not in self.of:
            return None, {}
        (row,) = self.of[task].answer([list(messages)]).to_dict("records")
        signals = {"confidence_raw": row["confidence"], "margin": row["margin"], "distance": row["distance"]}
        text = row["output"]
        return text, {name: float(value) for name, value in signals.items()} | {"output_chars": float(len(text or ""))}


def load(candidate: Candidate, run: Path) -> Classifiers:
    """The in-process model of a candidate, from what step 02 left. Raises BadInput where there is none."""
    if candidate.kind != CandidateKind.CLASSIFIER:
        raise BadInput(f"a {candidate.kind} cannot be served in this process yet")
    from migration.artifacts import read_json
    from migration.benchmark.kinds import Classifier

    folder = run / FOLDER
    return Classifiers(
        {task: Classifier.load(folder / name) for task, name in read_json(folder / "tasks.json").items()}
    )
