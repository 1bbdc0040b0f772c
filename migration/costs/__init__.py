"""Costs: what a month costs today and after, every part of it, how sure that is, and what else one would do."""

from migration.costs.alternatives import compare, plans, project_all
from migration.costs.article import check_article
from migration.costs.capacity import felt_latency, latency_table
from migration.costs.origins import ledger, sources, write_spreadsheet
from migration.costs.projection import central, simulate, tornado
from migration.costs.reading import (
    read_basis,
    read_calls,
    read_known,
    read_weeks,
    task_names,
    unit_prices,
)
from migration.costs.scenarios import read_assumptions, slm_price

__all__ = [
    "central",
    "check_article",
    "compare",
    "felt_latency",
    "latency_table",
    "ledger",
    "plans",
    "project_all",
    "read_assumptions",
    "read_basis",
    "read_calls",
    "read_known",
    "read_weeks",
    "simulate",
    "slm_price",
    "sources",
    "task_names",
    "tornado",
    "unit_prices",
    "write_spreadsheet",
]
