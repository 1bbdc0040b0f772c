"""Runs the notebooks of a run in order with papermill, and goes on where a stopped run ended.

Out of scope: what a step does, which is its notebook's and its folder's.
"""

from migration.runner.execution import begin, execute, locked
from migration.runner.inputs import Planned, input_hash, planned
from migration.runner.parameters import Notebook, check_names, choose, kept, notebooks, read_config, selected, told

__all__ = [
    "Notebook",
    "Planned",
    "begin",
    "check_names",
    "choose",
    "execute",
    "input_hash",
    "kept",
    "locked",
    "notebooks",
    "planned",
    "read_config",
    "selected",
    "told",
]
