"""Answers of a candidate, wherever it runs: in this process (`local`) or behind an endpoint (`endpoint`).

Covers: which of the two a candidate is. What both share: greedy decoding, answers kept at once (`cache`), one form of
table. What a fast local answer needs lies beneath: `decoding` over `attention` that shares prefixes, `latency`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from migration.benchmark.candidates import Candidate, Progress
    from migration.benchmark.engine.cache import Answers


def answer(
    candidate: Candidate,
    requests: pd.DataFrame,
    *,
    cache: Path | Answers | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answers of `candidate`: `local.answer` or, for an http source, `endpoint.answer`.

    requests: call_id, messages, max_tokens, and optionally what the one that is called takes.
    """
    if candidate.remote:
        from migration.benchmark.engine import endpoint

        return endpoint.answer(candidate, requests, cache=cache, progress=progress)
    from migration.benchmark.engine import local

    return local.answer(candidate, requests, cache=cache, progress=progress)
