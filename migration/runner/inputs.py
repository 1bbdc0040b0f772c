"""Whether a step has to run: again when anything that its result depends on is not byte for byte what it was.

That is its notebook, the package, its parameters and the files they name, the traffic, the files that earlier steps
wrote, its own files. Out of scope: running it (`execution`)."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from migration import __version__
from migration.artifacts import CHECKSUMS, Run
from migration.errors import DamagedFile
from migration.files import PROJECT, file_hash, hashes_of, resolve
from migration.runner.parameters import Notebook
from migration.schema import STEPS

VERSIONS_OF = ("torch", "transformers", "peft", "trl", "bitsandbytes", "pandas", "duckdb", "genai-prices", "papermill")
PAGES = {"cli.py", "doctor.py", "runner", "report", "pages"}
"""Modules that no notebook imports: a change in them changes no result."""


@dataclass(frozen=True)
class Planned:
    """What `planned` found of one step: run it (and why), or skip it."""

    notebook: Notebook
    parameters: dict[str, Any]
    run: bool
    why: str


def input_hash(run: Run, book: Notebook, parameters: dict[str, object], traffic: list[Path]) -> str:
    """A hash of all that a step's result depends on: notebook, package, libraries, parameters, the bytes of every file
    that they name, and what the steps before it wrote."""
    given = {k: v for k, v in parameters.items() if k not in ("run_dir", "traffic")}
    before = STEPS[: STEPS.index(book.step)]
    written = {step: run.path / step / CHECKSUMS for step in before}
    facts = {
        "notebook": file_hash(book.path),
        "code": code_hash(),
        "versions": versions(),
        "parameters": given,
        "files": {name: _bytes_of(given[name]) for name in given},
        "traffic": _traffic_hashes(traffic) if "traffic" in book.defaults else {},
        "before": {step: file_hash(file) for step, file in written.items() if file.exists()},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def code_hash() -> str:
    """A hash of what decides a step's result beside its notebook: the package's modules and the files of data/."""
    package = {n: h for n, h in hashes_of(Path(__file__).parents[1], "*.py").items() if n.split("/")[0] not in PAGES}
    data = {n: h for n, h in hashes_of(PROJECT / "data").items() if not n.endswith((".md", ".png", ".gz"))}
    return hashlib.sha256(json.dumps([package, data]).encode()).hexdigest()


def _bytes_of(value: object) -> dict[str, str]:
    """sha256 of each file and folder that a parameter's value names, by its name as given."""
    found: dict[str, str] = {}
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str) or not text:
            continue
        try:
            path = resolve(text)
            if path.is_dir():
                found |= {f"{text}/{name}": sha for name, sha in hashes_of(path).items()}
            elif path.is_file():
                found[text] = file_hash(path)
        except OSError:  # too long, or not ours to read: it names no file
            continue
    return found


def _traffic_hashes(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Each log file's path below the folder that they share, and its sha256."""
    paths = sorted(path.absolute() for path in files)
    root = os.path.commonpath([path.parent for path in paths]) if paths else ""
    return [(os.path.relpath(path, root), file_hash(path)) for path in paths]


def planned(
    run: Run, book: Notebook, given: dict[str, object], traffic: list[Path], *, forced: bool = False
) -> Planned:
    """Whether `book` has to run now, and why."""
    parameters = book.parameters(given) | {"run_dir": str(run.path)}
    known = run.manifest.get("steps", {}).get(book.step, {})
    if forced:
        return Planned(book, parameters, True, "asked for")
    if not run.done(book.step):
        why = "not done yet" if known.get("status") != "failed" else "failed last time"
        return Planned(book, parameters, True, why)
    if known.get("input_hash") != input_hash(run, book, parameters, traffic):
        return Planned(book, parameters, True, "its inputs changed")
    try:
        run.check(book.step)
    except DamagedFile as damaged:
        return Planned(book, parameters, True, f"its {Path(damaged.file).name} was damaged or edited")
    return Planned(book, parameters, False, "done, inputs unchanged")


@functools.cache
def versions() -> dict[str, str | None]:
    """The package's version and those of the libraries that a result depends on."""
    return {"migration": __version__} | {name: _version(name) for name in VERSIONS_OF}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # run.json says null
        return None
