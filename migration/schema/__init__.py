"""What the steps share: the vocabulary (`words`, standard library only) and the tables' contracts (`tables`, pyarrow).

Contracts are loaded when asked for, since what runs in production needs the words alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration import later
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

__getattr__ = later(__name__, dict.fromkeys(("CALLS", "CONTRACTS", "MESSAGES", "conform"), "tables"))
