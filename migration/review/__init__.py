"""The weekly review: is the guarantee kept, what changed, and what would make the hybrid better?

Names are loaded when asked for, so that reading one of them costs no more than it needs.
"""

from __future__ import annotations

from migration import later

_LATER = {
    "Monitor": "watching.monitor",
    "open_review": "session",
    "improve": "session",
    "proposal": "session",
    "spend": "session",
    "act": "session",
    "keep": "session",
    "activate": "session",
    "notify": "alerting",
    "weekly": "watching.weekly",
    "hard_examples": "improving.mining",
    "read_labels": "improving.mining",
    "add_examples": "improving.mining",
    "to_check": "improving.labelling",
    "estimate": "improving.labelling",
    "budget": "improving.retune",
    "week_table": "present",
    "split_sentence": "present",
    "guarantee_sentence": "present",
    "alarms_table": "present",
    "cost_sentence": "present",
    "hard_table": "present",
    "learned_table": "present",
    "learned_sentence": "present",
    "weeks_with_proposal": "present",
    "proposal_table": "present",
    "proposal_sentence": "present",
    "decision_sentence": "present",
    "summary": "present",
    "check_rows": "improving.form",
    "checked_rate": "improving.form",
    "checks_sentence": "present",
    "LabelForm": "improving.form",
}

__all__ = [*_LATER]  # noqa: PLE0604

__getattr__ = later(__name__, _LATER)
