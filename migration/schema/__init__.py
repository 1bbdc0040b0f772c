"""What the steps share: the vocabulary (`words`, standard library only) and the tables' contracts (`tables`, pyarrow).

Contracts are loaded when asked for, since what runs in production needs the words alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migration.schema.signals import SIGNALS
from migration.schema.words import (
    MONTH_DAYS,
    REPLAYED,
    SPLIT_SHARES,
    STEPS,
    TITLES,
    CandidateId,
    CandidateKind,
    Decision,
    GroupTest,
    Guarantee,
    Kind,
    Part,
    Split,
    TaskType,
    Verdict,
    parts_of,
    split_of,
)

if TYPE_CHECKING:
    from migration.schema.tables import CALLS, CONTRACTS, MESSAGES, conform

__all__ = [
    "CALLS",
    "CONTRACTS",
    "MESSAGES",
    "MONTH_DAYS",
    "REPLAYED",
    "SIGNALS",
    "SPLIT_SHARES",
    "STEPS",
    "TITLES",
    "CandidateId",
    "CandidateKind",
    "Decision",
    "GroupTest",
    "Guarantee",
    "Kind",
    "Part",
    "Split",
    "TaskType",
    "Verdict",
    "conform",
    "parts_of",
    "split_of",
]


def __getattr__(name: str) -> Any:
    if name not in ("CALLS", "CONTRACTS", "MESSAGES", "conform"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from migration.schema import tables

    return getattr(tables, name)
