"""Step 06: held-out and scripted conversations through the policy, before anybody real meets it."""

from migration.review.rehearsal.endpoints import at_endpoints, played_by
from migration.review.rehearsal.faults import Fault, Faults
from migration.review.rehearsal.present import (
    arms_table,
    checks,
    checks_table,
    faults_table,
    go_sentence,
    rehearsal_summary,
    replay_sentence,
    scripts_table,
)
from migration.review.rehearsal.replay import COLUMNS, answer_columns, held_out, recorded, replay
from migration.review.rehearsal.results import Rehearsal, rehearse
from migration.review.rehearsal.scripts import Script, play, prompt_of, read_scripts

__all__ = [
    "COLUMNS",
    "Fault",
    "Faults",
    "Rehearsal",
    "Script",
    "answer_columns",
    "arms_table",
    "at_endpoints",
    "checks",
    "checks_table",
    "faults_table",
    "go_sentence",
    "held_out",
    "play",
    "played_by",
    "prompt_of",
    "read_scripts",
    "recorded",
    "rehearsal_summary",
    "rehearse",
    "replay",
    "replay_sentence",
    "scripts_table",
]
