"""Notebooks, steps and parameters as a person names them.

Out of scope: whether a step has to run (`inputs`)."""

from __future__ import annotations

import ast
import difflib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill

from migration.artifacts import Run
from migration.endpoints import check_value
from migration.errors import BadInput
from migration.files import PROJECT, read_yaml
from migration.markup import cut, printable
from migration.schema import STEPS


@dataclass(frozen=True)
class Notebook:
    """A step's notebook and the defaults of its `parameters` cell."""

    step: str
    path: Path
    defaults: dict[str, Any]

    def parameters(self, given: dict[str, object]) -> dict[str, object]:
        """Those of `given` that this notebook knows. Raises BadInput when a value is not of the default's type, is no
        finite number, or holds an address with a secret in it."""
        known = {name: value for name, value in given.items() if name in self.defaults}
        return {name: self._typed(name, value) for name, value in known.items()}

    def _typed(self, name: str, value: object) -> object:
        default = self.defaults[name]
        check_value(value)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value) if abs(value) < 2**53 else math.inf
        elif isinstance(default, list) and isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(default, str) and (value is None or (isinstance(value, list) and name == "traffic")):
            value = value or ""
        elif isinstance(default, str) and isinstance(value, int | float):
            value = str(value)
        elif type(default) is not type(value):
            kind = type(default).__name__
            said = cut(printable(repr(value)), 60)
            raise BadInput(f"parameter {name} of {self.step} is a {kind} (default {default!r}), not {said}")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"parameter {name} of {self.step} is to be a finite number (default {default!r})")
        return value


def notebooks(folder: Path = PROJECT / "notebooks") -> list[Notebook]:
    """The notebooks of all steps in order. Raises BadInput when one is missing or has no parameters cell."""
    found = []
    for step in STEPS:
        path = folder / f"{step}.ipynb"
        if not path.exists():
            raise BadInput(f"{path} is missing: run from a full checkout of the workbook")
        inspected = papermill.inspect_notebook(str(path))
        if "run_dir" not in inspected:
            raise BadInput(f"{path} has no `parameters` cell with run_dir")
        found.append(Notebook(step, path, {n: ast.literal_eval(p["default"]) for n, p in inspected.items()}))
    return found


def check_names(given: Iterable[str], books: list[Notebook]) -> None:
    """Raise BadInput for a parameter that no notebook has, with the nearest names."""
    known = {name for book in books for name in book.defaults}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
            raise BadInput(f"no notebook has a parameter {name!r}: {hint}")


def kept(run: Run, given: Iterable[str], books: list[Notebook]) -> dict[str, object]:
    """The parameters that earlier commands gave this run and `given` does not name: they hold on. One that no notebook
    has any more, in a run of older code, does not. Raises BadInput where run.json is damaged."""
    before = run.manifest.get("parameters", {})
    if not isinstance(before, dict):
        raise BadInput(f"{run.path / 'run.json'} is damaged: its parameters are no names with values")
    known = {name for book in books for name in book.defaults} - {"run_dir", "traffic"}
    return {name: value for name, value in before.items() if name in known and name not in given}


def told(parameters: dict[str, object]) -> str:
    """Parameters in one line, values as JSON."""
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in parameters.items())


def selected(books: list[Notebook], start: str | None, only: str | None) -> list[Notebook]:
    """The notebooks from step `start` on, or that of step `only` alone. Raises BadInput for a step that is none."""
    if only:
        return [book for book in books if book.step == choose(only)]
    first = choose(start) if start else books[0].step
    return [book for book in books if book.step >= first]


def choose(pattern: str) -> str:
    """The step that `pattern` names: "02", "2" or its whole name. Raises BadInput."""
    number = f"{int(pattern):02d}" if pattern.isdigit() else pattern
    for step in STEPS:
        if step == number or step.startswith(f"{number}_"):
            return step
    raise BadInput(f"no step {pattern!r}: steps are {', '.join(STEPS)}")


def read_config(path: Path) -> dict[str, object]:
    """Parameters from a YAML file (`name: value`, `traffic` among them). Raises BadInput."""
    config = read_yaml(path, "config") or {}
    if not isinstance(config, dict) or not all(isinstance(name, str) for name in config):
        raise BadInput(f"config {path} must map parameter names to values, e.g. `max_loss: 0.03`")
    return config
