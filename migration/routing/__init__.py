"""Routing: which calls the small model answers, and what may be promised of it.

`Router` and `Policy` are what runs in production and load numpy alone; the rest is loaded when asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from migration.routing.policy import Policy, Request, Router, RoutingDecision

_LATER = {
    "GainModel": "tuning.gain",
    "learn_confidence": "tuning.confidence",
    "calibration_error": "tuning.confidence",
    "compare_signals": "tuning.confidence",
    "reliability": "tuning.confidence",
    "ThresholdChoice": "tuning.thresholds",
    "RoutingMetrics": "tuning.thresholds",
    "choose_threshold": "tuning.thresholds",
    "routing_metrics": "tuning.thresholds",
    "sweep": "tuning.thresholds",
    "Limits": "policy",
    "gather": "tuning.outcomes",
    "stated_confidence": "tuning.outcomes",
    "calibration_and_recent": "tuning.outcomes",
    "signals_sentence": "present",
    "write_policy": "present",
    "tune": "tuning.guarantee",
    "evaluate": "tuning.guarantee",
    "shift": "tuning.drift",
    "promise_sentence": "present",
    "test_sentence": "present",
    "shift_sentence": "present",
    "decision_sentence": "present",
    "summary": "present",
    "curve": "tuning.curves",
    "pareto": "tuning.curves",
    "baselines": "tuning.curves",
    "by_task": "tuning.curves",
    "examples": "tuning.curves",
}

__all__ = ["Policy", "Request", "Router", "RoutingDecision", *_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.routing' has no attribute {name!r}")
    return getattr(import_module(f"migration.routing.{_LATER[name]}"), name)
