"""What fails in a rehearsal, and what a call gets then: a small model or the LLM that is down, slow or busy.

Out of scope: the router, which only sees the failed answers, and statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from migration.routing.policy import Policy
from migration.schema import CandidateKind

BACK_OFF_MS = 1000.0
"""Wait before a refused LLM request is sent again; it doubles each time."""
ATTEMPTS = 3
"""Requests in all, as OpenAI's client makes them."""


class Fault(StrEnum):
    """What fails during a replay."""

    NONE = "none"
    SLM_DOWN = "small models down"
    SLM_SLOW = "small models slower than the timeout"
    SLM_GARBAGE = "small models answer garbage"
    LLM_BUSY = "LLM refuses some requests (429)"
    LLM_DOWN = "LLM broken (500)"


@dataclass(frozen=True)
class Faults:
    """How faults behave. timeout_ms: after which a rung's answer is given up; busy: share of requests refused."""

    timeout_ms: float = 10_000.0
    busy: float = 0.3
    seed: int = 7


@dataclass(frozen=True)
class Outcome:
    """What one call got. quality: 1 where the answer is the LLM's or agrees with it, 0 where it differs or none came.

    recorded: False where the rung to ask had never answered this call, so that it went to the LLM."""

    model: str
    quality: float
    latency_ms: float
    cost_usd: float
    failed: bool = False
    recorded: bool = True


Ask = Callable[[str], Mapping[str, Any] | None]
"""From a candidate's name to its answer, None where it was never recorded."""


def rungs_under(call_id: str, answers: Mapping[tuple[str, str], Mapping[str, object]], policy: Policy, fault: Fault,
           faults: Faults) -> Ask:  # fmt: skip
    """What the rungs answer to a call under a fault: the answers that they really gave, or their failure."""

    def ask(candidate: str) -> Mapping[str, Any] | None:
        answer = answers.get((call_id, candidate))
        served = policy.candidates[candidate].kind in (CandidateKind.SLM, CandidateKind.API)
        if answer is None or not served or fault not in (Fault.SLM_DOWN, Fault.SLM_SLOW, Fault.SLM_GARBAGE):
            return answer
        failed = dict(answer) | {"failed": True, "signals": {}}
        if fault == Fault.SLM_DOWN:
            return failed | {"latency_ms": 0.0, "usd": 0.0}
        return failed | ({"latency_ms": faults.timeout_ms} if fault == Fault.SLM_SLOW else {})

    return ask


def llm_under(call: Mapping[Any, Any], fault: Fault, faults: Faults, rng: np.random.Generator) -> Outcome:
    """The logged answer, or what a failing LLM makes of it: tries with back-off, then an error."""
    if fault == Fault.LLM_DOWN:
        return Outcome("llm", 0.0, BACK_OFF_MS * (2 ** (ATTEMPTS - 1) - 1), 0.0, failed=True)
    waited = 0.0
    if fault == Fault.LLM_BUSY:
        refused = rng.random(ATTEMPTS) < faults.busy
        waited = BACK_OFF_MS * (2 ** int(np.argmin(refused)) - 1)
        if refused.all():
            return Outcome("llm", 0.0, BACK_OFF_MS * (2 ** (ATTEMPTS - 1) - 1), 0.0, failed=True)
    return Outcome("llm", 1.0, waited + call["latency_ms"], call["cost_usd"])
