"""Routing: which calls small models answer, and what is guaranteed of it.

`Router` and `Policy` are what runs in production and load numpy alone; the rest is loaded when asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from migration.routing.policy import Candidate, Limits, Policy, Request, Router, RoutingDecision, Rung

_LATER = {
    "GainModel": "tuning.gain",
    "learn_confidence": "tuning.confidence",
    "calibration_error": "tuning.confidence",
    "compare_signals": "tuning.confidence",
    "reliability": "tuning.confidence",
    "ThresholdChoice": "tuning.thresholds",
    "choose_threshold": "tuning.thresholds",
    "RoutingMetrics": "tuning.metrics",
    "routing_metrics": "tuning.metrics",
    "sweep": "tuning.sweeping",
    "CALLS": "tuning.outcomes",
    "gather": "tuning.outcomes",
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
    "examples": "tuning.curves",
    "present": "present",
}

__all__ = ["Candidate", "Limits", "Policy", "Request", "Router", "RoutingDecision", "Rung", *_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.routing' has no attribute {name!r}")
    module = import_module(f"migration.routing.{_LATER[name]}")
    return module if name == "present" else getattr(module, name)
