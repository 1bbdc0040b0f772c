"""Step 02: every candidate answers the team's own prompts and is compared with the logged LLM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration.benchmark.cache import Answers
from migration.benchmark.candidates import Candidate, Progress, bounded, with_shots

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["Answers", "Candidate", "answer", "bounded", "with_shots"]


def answer(
    candidate: Candidate,
    requests: pd.DataFrame,
    *,
    cache: Path | Answers | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answers of `candidate` wherever it runs: `local.answer` or, for an http source, `endpoint.answer`."""
    if candidate.remote:
        from migration.benchmark import endpoint

        return endpoint.answer(candidate, requests, cache=cache, progress=progress)
    from migration.benchmark import local

    return local.answer(candidate, requests, cache=cache, progress=progress)
