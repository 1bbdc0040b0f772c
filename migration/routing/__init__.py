"""Routing: which calls the small model answers, and what may be promised of it.

`Router` and `Policy` are what runs in production and load numpy alone; the rest is loaded when asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from migration.routing.policy import Policy, Request, Router, RoutingDecision

_LATER = {
    "GainModel": "gain",
    "learn_confidence": "confidence",
    "calibration_error": "confidence",
    "compare_signals": "confidence",
    "reliability": "confidence",
    "ThresholdChoice": "tuning",
    "RoutingMetrics": "tuning",
    "choose_threshold": "tuning",
    "routing_metrics": "tuning",
    "sweep": "tuning",
    "Limits": "policy",
    "gather": "outcomes",
    "stated_confidence": "outcomes",
    "calibration_and_recent": "outcomes",
    "signals_sentence": "verdict",
    "write_policy": "verdict",
    "tune": "promise",
    "evaluate": "promise",
    "shift": "drift",
    "promise_sentence": "verdict",
    "test_sentence": "verdict",
    "shift_sentence": "verdict",
    "decision_sentence": "verdict",
    "summary": "verdict",
    "curve": "curves",
    "pareto": "curves",
    "baselines": "curves",
    "by_task": "curves",
    "examples": "curves",
}

__all__ = ["Policy", "Request", "Router", "RoutingDecision", *_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.routing' has no attribute {name!r}")
    return getattr(import_module(f"migration.routing.{_LATER[name]}"), name)
