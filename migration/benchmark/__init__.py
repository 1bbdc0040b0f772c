"""Step 02: every candidate answers the team's own prompts and is compared with the logged LLM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration.benchmark.cache import Answers
from migration.benchmark.candidates import Candidate, Progress, bounded, with_shots
from migration.benchmark.compare import Scoreboard, compare, differing, pipeline_latency, styled
from migration.benchmark.public import head_to_head, lm_eval
from migration.benchmark.sampling import Plan, draw_sample, plan_sample
from migration.benchmark.scorecard import judged
from migration.benchmark.scoring import Scorer, confusion, definitions, repeats, repeats_sentence, score
from migration.benchmark.trial import ask, available, facts, notices, plan_trial

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "Answers",
    "Candidate",
    "Plan",
    "Scoreboard",
    "Scorer",
    "answer",
    "ask",
    "available",
    "bounded",
    "compare",
    "confusion",
    "definitions",
    "differing",
    "draw_sample",
    "facts",
    "head_to_head",
    "judged",
    "lm_eval",
    "notices",
    "pipeline_latency",
    "plan_sample",
    "plan_trial",
    "repeats",
    "repeats_sentence",
    "score",
    "styled",
    "with_shots",
]


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
