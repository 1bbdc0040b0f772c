"""Answers of a language model, wherever it runs: in this process (`local`) or behind an endpoint (`endpoint`).

Covers: which backend a candidate runs on. What all share: greedy decoding, answers kept at once (`cache`), one form of
table. What a fast local answer needs lies beneath: `decoding` over `attention` that shares prefixes, `latency`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    import pandas as pd

    from migration.benchmark.candidates import Candidate, Progress
    from migration.benchmark.engine.cache import Answers


def backend_of(candidate: Candidate) -> ModuleType:
    """The module that runs a candidate. A new backend is a module beside `local` and `endpoint`, and a case here.

    A backend has `find(candidate)`, which raises ModelNotFound where it is not there, `answer(candidate, requests,
    cache=, progress=)`, and `facts(candidate, cache)`: what is known of it besides its answers.
    """
    return import_module(f"{__name__}.{'endpoint' if candidate.remote else 'local'}")


def answer(
    candidate: Candidate,
    requests: pd.DataFrame,
    *,
    cache: Path | Answers | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answers of `candidate` by its backend: one row a request, in their order, columns `candidates.COLUMNS`.

    requests: call_id, messages, max_tokens, and optionally what the backend takes.
    """
    return backend_of(candidate).answer(candidate, requests, cache=cache, progress=progress)
