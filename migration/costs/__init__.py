"""Costs: what a month costs today and after the move, every part of it, and how sure that is."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LATER = {
    "Assumptions": "scenarios",
    "read_assumptions": "scenarios",
    "read_traffic": "before_after",
    "month_scale": "month",
    "cards_needed": "capacity",
    "felt_latency": "capacity",
    "latency_table": "capacity",
    "simulate_queue": "capacity",
    "Basis": "worlds",
    "central": "worlds",
    "draw_worlds": "worlds",
    "fit_iteration": "projection",
    "llm_share": "projection",
    "hosting_options": "projection",
    "project": "projection",
    "tornado": "projection",
    "before_after_table": "results",
    "chosen_point": "inputs",
    "compare_scenarios": "results",
    "fan": "results",
    "project_all": "results",
    "read_basis": "inputs",
    "reprice": "inputs",
    "task_names": "inputs",
    "sources": "provenance",
    "ledger": "provenance",
    "ledger_table": "present",
    "say_ledger": "present",
    "summary_of": "results",
    "check_article": "article",
    "article_latency": "article",
    "decision": "present",
    "say_bill": "present",
    "say_change": "present",
    "say_hosting": "present",
    "say_months": "present",
    "say_latency": "present",
    "say_article": "present",
    "say_quality": "present",
    "scenario_table": "present",
    "article_table": "present",
    "bill_table": "present",
    "prose": "present",
    "Currency": "present",
    "mean_saving": "results",
    "read_weeks": "inputs",
    "share_in_reach": "projection",
    "shares": "before_after",
    "write_spreadsheet": "spreadsheet",
}

__all__ = [*_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.costs' has no attribute {name!r}")
    return getattr(import_module(f"migration.costs.{_LATER[name]}"), name)
