"""The run folder: where steps read what earlier steps left and write what they found.

Names, atomic writes, checksums, and that a step is done when its `summary.json` is there.
Out of scope: what is inside a table beyond its contract (`schema`), how a notebook is executed (`runner`).

A run holds customers' words: its folder is 0700 and what is written into it 0600. A step's `checksums.json` holds the
sha256 of each of its files, and whoever reads one checks it.

A step writes into `<step>.partial/` and takes its final name only in `Step.finish`, so a step that breaks
never leaves something half-written in place of a good artifact. `cache/` outlives both: answers and training
checkpoints that a killed run goes on from.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput, ContractError, DamagedFile, MissingStep
from migration.files import file_hash, hashes_of, read_json, resolve, write_json, write_table
from migration.schema import STEPS

if TYPE_CHECKING:  # loaded where a table is read or written: the command line and production do without
    import pandas as pd
    import pyarrow as pa

CHECKSUMS = "checksums.json"
EDITABLE = ("tasks.yaml",)
"""Files of a step that are there to be edited, so that they are not checked."""


@dataclass(frozen=True)
class Run:
    """A run folder and its manifest `run.json`."""

    path: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """`run.json`: traffic, parameters and the status of each step; without a file, no step. Raises BadInput."""
        file = self.path / "run.json"
        found = read_json(file) if file.exists() else {"steps": {}}
        if not isinstance(found, dict):
            raise BadInput(f"{file} is damaged: it is no JSON object")
        return found

    def note(self, **fields: Any) -> None:
        """Merge `fields` into run.json."""
        write_json(self.path / "run.json", self.manifest | fields)

    def note_step(self, step: str, **fields: Any) -> None:
        """Merge `fields` into what run.json says of `step`."""
        steps = self.manifest.get("steps", {})
        steps[step] = steps.get(step, {}) | fields
        self.note(steps=steps)

    def done(self, step: str) -> bool:
        """Whether `step` has finished."""
        return (self.path / step / "summary.json").exists()

    def checksums(self, step: str) -> dict[str, str]:
        """sha256 of each file that `step` wrote, by name in its folder; empty for a run older than checksums."""
        file = self.path / step / CHECKSUMS
        if not file.exists():
            return {}
        try:
            known = read_json(file)
        except BadInput as error:
            raise DamagedFile(str(file), f"run {step} again") from error
        if not isinstance(known, dict):
            raise DamagedFile(str(file), f"run {step} again")
        return known

    def check(self, step: str, names: Iterable[str] | None = None) -> None:
        """Raise DamagedFile where a file of `step` (of all, or of `names`) is not what the step wrote."""
        known = self.checksums(step)
        for name in known if names is None or not known else names:
            file = self.path / step / name
            if name not in EDITABLE and not (file.is_file() and file_hash(file) == known.get(name)):
                raise DamagedFile(str(file), f"run {step} again")

    def summary(self, step: str) -> dict[str, Any]:
        """The summary of a finished step. Raises DamagedFile, BadInput."""
        self.check(step, ["summary.json"])
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
        inside = name.removeprefix(f"{needs}/")
        below = [n for n in self.run.checksums(needs) if n.startswith(f"{inside}/")]
        self.run.check(needs, below if file.is_dir() else [inside])
        return file

    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A table `<earlier step>/<file>.parquet`. Raises MissingStep, BadInput, ContractError."""
        import pyarrow.parquet as pq

        from migration.schema import CONTRACTS

        file, own = self.path_of(name), CONTRACTS.get(Path(name).stem)
        there = set(pq.read_schema(file).names)
        if missing := [c for c in columns or (own.names if own else ()) if c not in there]:
            lacking = [f"column {c!r} is missing" for c in missing]
            raise ContractError(str(file), [*lacking, f"run {name.split('/', maxsplit=1)[0]} again"])
        return pq.read_table(file, columns=columns).to_pandas()

    def write(self, name: str, table: pd.DataFrame | pa.Table) -> Path:
        """Write `<name>` (a .parquet file); a name that has a contract must keep it.

        table: the columns of its contract (`schema.CONTRACTS`), or any where the name has none.
        """
        from migration.schema import CONTRACTS

        contract = Path(name).stem
        return write_table(self.path / name, table, contract if contract in CONTRACTS else None)

    def finish(self, summary: Mapping[str, object], *, decision: str) -> Path:
        """Write `summary.json` (flat: numbers, words, lists of words) and give the step its final name.

        The names carry their units. Returns the step's folder.
        """
        nested = [key for key, value in summary.items() if isinstance(value, dict)]
        if nested:
            raise ValueError(f"summary.json is flat, but {nested} are nested")
        write_json(self.path / "summary.json", {**summary, "decision": decision})
        written = hashes_of(self.path)
        write_json(self.path / CHECKSUMS, {name: sha for name, sha in written.items() if name not in EDITABLE})
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
    """The run folder at `run_dir`, made where it is absent; from here on this process writes for its user alone."""
    path = resolve(run_dir)
    os.umask(0o077)
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
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
