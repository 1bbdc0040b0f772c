"""Routing: which calls small models answer, and what is guaranteed of it.

`Router` and `Policy` are what runs in production and load numpy alone; the rest is loaded when asked for.
"""

from __future__ import annotations

from migration import later
from migration.routing.policy import Candidate, Limits, Policy, Request, Router, RoutingDecision, Rung

_LATER = {
    "GainModel": "tuning.gain",
    "learn_confidence": "tuning.confidence",
    "calibration_error": "tuning.confidence",
    "compare_signals": "tuning.confidence",
    "reliability": "tuning.confidence",
    "choose_threshold": "tuning.thresholds",
    "routing_metrics": "tuning.metrics",
    "sweep": "tuning.sweeping",
    "CALLS": "tuning.outcomes",
    "gather": "tuning.outcomes",
    "of_kinds": "tuning.outcomes",
    "stated_confidence": "tuning.outcomes",
    "calibration_and_recent": "tuning.outcomes",
    "time_forward": "tuning.forward",
    "tune": "tuning.guarantee",
    "evaluate": "tuning.evaluation",
    "decide": "tuning.evaluation",
    "shift": "tuning.drift",
    "curve": "tuning.curves",
    "baselines": "tuning.curves",
    "by_task": "tuning.curves",
    "by_rung": "tuning.curves",
    "kinds_alone": "tuning.kinds_alone",
    "examples": "tuning.curves",
    "present": "present",
}

__all__ = ["Candidate", "Limits", "Policy", "Request", "Router", "RoutingDecision", "Rung", *_LATER]  # noqa: PLE0604

__getattr__ = later(__name__, _LATER)
