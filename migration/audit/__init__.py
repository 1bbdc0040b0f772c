"""The traffic audit: any log in, and what its calls are, cost and need.

Names are loaded when asked for: reading a log needs no PII recognisers, masking a text needs no query engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LATER = {
    "import_log": "importers",
    "column_mapping": "importers",
    "ImportReport": "importers",
    "BadLine": "importers",
    "Contract": "prices",
    "contract": "prices",
    "price_table": "prices",
    "mask": "pii",
    "mask_messages": "pii",
    "count_by_kind": "pii",
    "recall_by_kind": "pii",
    "discover": "discovery.tasks",
    "recognition_of": "discovery.tasks",
    "write_corrections": "discovery.tasks",
    "open_calls": "analytics",
    "fold": "analytics",
    "add_up": "analytics",
    "arrivals": "month_scale",
    "span": "month_scale",
    "by_hour": "analytics",
    "by_split": "analytics",
    "complexity_bins": "analytics",
    "hidden_costs": "analytics",
    "tasks_table": "analytics",
    "movable": "analytics",
    "messages_of": "analytics",
    "sample_texts": "analytics",
    "summary_of": "analytics",
    "use_cases": "discovery.complexity",
    "present": "present",
}

__all__ = [*_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.audit' has no attribute {name!r}")
    module = import_module(f"migration.audit.{_LATER[name]}")
    return module if name == _LATER[name] else getattr(module, name)
