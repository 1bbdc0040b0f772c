"""Routing: which calls small models answer, and what is guaranteed of it.

`Router` and `Policy` are what runs in production and load numpy alone; the rest is loaded when asked for.
"""

from __future__ import annotations

from migration import later
from migration.routing.policy import Candidate, Limits, Policy, Request, Router, RoutingDecision, Rung

_LATER = {
    "GainModel": "tuning.learning.gain",
    "learn_confidence": "tuning.learning.confidence",
    "calibration_error": "tuning.learning.confidence",
    "compare_signals": "tuning.learning.confidence",
    "reliability": "tuning.learning.confidence",
    "choose_threshold": "tuning.proof.thresholds",
    "routing_metrics": "tuning.evaluating.metrics",
    "sweep": "tuning.evaluating.sweeping",
    "CALLS": "tuning.outcomes",
    "gather": "tuning.outcomes",
    "of_kinds": "tuning.outcomes",
    "stated_confidence": "tuning.outcomes",
    "calibration_and_recent": "tuning.outcomes",
    "time_forward": "tuning.evaluating.forward",
    "tune": "tuning.guarantee",
    "evaluate": "tuning.evaluating.evaluation",
    "decide": "tuning.evaluating.evaluation",
    "shift": "tuning.evaluating.drift",
    "curve": "tuning.evaluating.curves",
    "baselines": "tuning.evaluating.curves",
    "by_task": "tuning.evaluating.curves",
    "by_rung": "tuning.evaluating.curves",
    "kinds_alone": "tuning.evaluating.kinds_alone",
    "examples": "tuning.evaluating.curves",
    "present": "present",
}

__all__ = ["Candidate", "Limits", "Policy", "Request", "Router", "RoutingDecision", "Rung", *_LATER]  # noqa: PLE0604

__getattr__ = later(__name__, _LATER)
