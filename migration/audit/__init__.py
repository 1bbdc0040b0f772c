"""The traffic audit: any log in, and what its calls are, cost and need.

Names are loaded when asked for, since what runs in production masks texts and reads prices from here: importing the
analytics takes 1.7 s of CPU time, masking without them 0.1 s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration import later

if TYPE_CHECKING:
    from migration.audit import present
    from migration.audit.analytics import (
        add_up,
        by_hour,
        by_split,
        complexity_bins,
        fold,
        hidden_costs,
        movable,
        open_calls,
        sample_texts,
        summary_of,
        tasks_table,
        with_sampled_texts,
        with_texts,
    )
    from migration.audit.discovery.complexity import use_cases
    from migration.audit.discovery.tasks import discover, recognition_of, write_corrections
    from migration.audit.importers import BadLine, ImportReport, column_mapping, import_log
    from migration.audit.month_scale import arrivals, span
    from migration.audit.pii import count_by_kind, mask, mask_messages
    from migration.audit.pii.recall import recall_by_kind
    from migration.audit.prices import Contract, contract, price_table
    from migration.audit.spread import import_parts, label_parts, on_spark

_HOME = {
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
    "recall_by_kind": "pii.recall",
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
    "with_sampled_texts": "analytics",
    "with_texts": "analytics",
    "sample_texts": "analytics",
    "summary_of": "analytics",
    "use_cases": "discovery.complexity",
    "import_parts": "spread",
    "label_parts": "spread",
    "on_spark": "spread",
    "present": "present",
}

__all__ = [
    "BadLine",
    "Contract",
    "ImportReport",
    "add_up",
    "arrivals",
    "by_hour",
    "by_split",
    "column_mapping",
    "complexity_bins",
    "contract",
    "count_by_kind",
    "discover",
    "fold",
    "hidden_costs",
    "import_log",
    "import_parts",
    "label_parts",
    "mask",
    "mask_messages",
    "movable",
    "on_spark",
    "open_calls",
    "present",
    "price_table",
    "recall_by_kind",
    "recognition_of",
    "sample_texts",
    "span",
    "summary_of",
    "tasks_table",
    "use_cases",
    "with_sampled_texts",
    "with_texts",
    "write_corrections",
]

__getattr__ = later(__name__, _HOME)
