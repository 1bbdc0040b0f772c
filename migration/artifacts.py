"""The run folder: where steps read what earlier steps left and write what they found.

Knows: names, atomic writes, and that a step is done when its `summary.json` is there.
Refuses to know: what is inside a table beyond its contract (`schema`), or how a notebook is executed (`runner`).

A step writes into `<step>.partial/` and takes its final name only in `Step.finish`, so a step that breaks
never leaves something half-written in place of a good artifact. `cache/` outlives both: answers and training
checkpoints that a killed run goes on from.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from migration.errors import BadInput, ContractError, MissingStep
from migration.schema import CONTRACTS, STEPS, conform

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: notebooks, data/ and outputs/ lie beside the package."""


def resolve(path: str | Path) -> Path:
    """`path`, with a relative one read from the project when Jupyter started in its notebooks/ folder."""
    path = Path(path).expanduser()
    in_notebooks = Path.cwd() == PROJECT / "notebooks"
    return path if path.is_absolute() or not in_notebooks else PROJECT / path


def write_atomic(path: Path, content: str | bytes) -> Path:
    """Write a file whole or not at all: to a neighbour first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write strict JSON (NaN and infinity become null), atomically."""
    return write_atomic(path, json.dumps(_plain(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The JSON in `path`. Raises BadInput naming the file when it is absent or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} does not exist") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not readable JSON: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return _plain(value.item())
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path | datetime) else value


def write_table(path: Path, table: pd.DataFrame | pa.Table, contract: str | None = None) -> Path:
    """Write parquet atomically, cast to `contract` where one is named. Raises ContractError, writing nothing."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    if contract:
        table = conform(table, contract)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(), sink, compression="zstd")
    return write_atomic(path, sink.getvalue().to_pybytes())


@dataclass(frozen=True)
class Run:
    """A run folder and its manifest `run.json`."""

    path: Path

    @property
    def manifest(self) -> dict[str, Any]:
        file = self.path / "run.json"
        return read_json(file) if file.exists() else {"steps": {}}

    def note(self, **fields: Any) -> None:
        """Merge `fields` into run.json."""
        write_json(self.path / "run.json", self.manifest | fields)

    def note_step(self, step: str, **fields: Any) -> None:
        """Merge `fields` into what run.json says of `step`."""
        steps = self.manifest.get("steps", {})
        steps[step] = steps.get(step, {}) | fields
        self.note(steps=steps)

    def done(self, step: str) -> bool:
        return (self.path / step / "summary.json").exists()

    def summary(self, step: str) -> dict[str, Any]:
        return read_json(self.path / step / "summary.json")


@dataclass(frozen=True)
class Step:
    """One step at work in its staging folder. Made by `open_step`, ended by `finish`."""

    run: Run
    name: str
    started: float = field(default_factory=time.time)

    @property
    def path(self) -> Path:
        """Where this step's files go until `finish` gives the folder its final name."""
        return self.run.path / f"{self.name}.partial"

    @property
    def cache(self) -> Path:
        """A folder that outlives failures and reruns of this step."""
        folder = self.run.path / "cache" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def path_of(self, name: str) -> Path:
        """The file or folder `<earlier step>/<name>`. Raises MissingStep when that step is not done."""
        needs = name.split("/", maxsplit=1)[0]
        if not self.run.done(needs):
            raise MissingStep(self.name, needs, str(self.run.path))
        file = self.run.path / name
        if not file.exists():
            raise BadInput(f"{file} is missing although {needs} is marked done: run {needs} again")
        return file

    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A table `<earlier step>/<file>.parquet`. Raises MissingStep, BadInput, ContractError."""
        file = self.path_of(name)
        table = pq.read_table(file, columns=columns)
        contract = file.stem
        if contract in CONTRACTS:
            wanted = [c for c in CONTRACTS[contract].names if not columns or c in columns]
            missing = [c for c in wanted if c not in table.column_names]
            if missing:
                raise ContractError(str(file), [f"column {c!r} is missing" for c in missing])
        return table.to_pandas()

    def write(self, name: str, table: pd.DataFrame | pa.Table) -> Path:
        """Write `<name>` (a .parquet file); a name that has a contract must keep it."""
        contract = Path(name).stem
        return write_table(self.path / name, table, contract if contract in CONTRACTS else None)

    def finish(self, summary: dict[str, Any], *, decision: str) -> Path:
        """Write `summary.json` (flat: numbers, words, lists of words) and give the step its final name.

        The names carry their units. Returns the step's folder.
        """
        nested = [key for key, value in summary.items() if isinstance(value, dict)]
        if nested:
            raise ValueError(f"summary.json is flat, but {nested} are nested")
        write_json(self.path / "summary.json", summary | {"decision": decision})
        final, old = self.run.path / self.name, self.run.path / f"{self.name}.old"
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
            final.rename(old)
        self.path.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        self.run.note_step(
            self.name,
            status="done",
            seconds=round(time.time() - self.started, 1),
            finished_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        return final


def open_run(run_dir: str | Path) -> Run:
    """The run folder at `run_dir`, made where it is absent."""
    path = resolve(run_dir)
    path.mkdir(parents=True, exist_ok=True)
    for step in STEPS:  # a kill between the two renames of `finish`
        old, final = path / f"{step}.old", path / step
        if old.exists() and not final.exists():
            old.rename(final)
    return Run(path)


def open_step(run_dir: str | Path, name: str) -> Step:
    """Start a step with an empty staging folder; its last good result stays in place until `finish`."""
    step = Step(open_run(run_dir), name)
    shutil.rmtree(step.path, ignore_errors=True)
    step.path.mkdir(parents=True)
    return step
