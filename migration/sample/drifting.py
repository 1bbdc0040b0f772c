"""Traffic that changes on its way: what is different from a day on, by the kind of drift.

Out of scope: how a conversation is made (`simulate`), and noticing it (`review`).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from migration.errors import BadInput
from migration.sample.simulate import World

NEW_LLM = "gpt-4o-2024-11-20"


class Drift(StrEnum):
    """What changes."""

    MIX = "mix"
    WORDING = "wording"
    NEW_TASK = "new-task"
    LLM_CHANGE = "llm-change"


def drifting(
    weeks: int, drift: Drift | None = None, *, from_week: int | None = None, world: World | None = None
) -> World:
    """The shop over `weeks` weeks, changed from the beginning of week `from_week` on (by default after half of them).

    mix: more complaints to work out and replies to grade. wording: customers write angrily, in a hurry, of two things
    at once. new-task: a call site that was not there before. llm-change: another version of the logged model, which
    answers every fifth borderline call otherwise. Raises BadInput for fewer than one week.
    """
    if weeks < 1:
        raise BadInput(f"--weeks must be at least 1, not {weeks}")
    world = replace(world or World(), days=7 * weeks)
    if drift is None:
        return world
    changes: dict[Drift, dict[str, Any]] = {
        Drift.MIX: {"hard_share": 0.24, "judge_share": 0.60, "embedding_share": 0.10},
        Drift.WORDING: {"moods": (0.15, 0.15, 0.70), "slips": 0.95, "two_things": 0.60},
        Drift.NEW_TASK: {"urgency_share": 0.50},
        Drift.LLM_CHANGE: {
            "large": NEW_LLM,
            "error_rates": {**world.error_rates, "intent": 0.20, "lookup": 0.12, "route": 0.20, "judge": 0.30},
        },
    }
    day = 7.0 * (weeks // 2 if from_week is None else from_week)
    return replace(world, after=replace(world, **changes[drift]), after_day=day)
