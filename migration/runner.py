"""Runs the notebooks of a run in order with papermill, and goes on where a stopped run ended.

A step is done again when anything that its result depends on is no longer byte for byte what it was: its notebook, the
package, its parameters and the files they name, the traffic, the files that earlier steps wrote, its own files.
Out of scope: what a step does, which is its notebook's and its folder's.
"""

from __future__ import annotations

import ast
import difflib
import fcntl
import functools
import hashlib
import io
import json
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from migration import __version__, report
from migration.artifacts import CHECKSUMS, PROJECT, Run, file_hash, hashes_of, read_yaml, resolve
from migration.endpoints import check_value, redact
from migration.errors import BadInput, DamagedFile, MissingStep, StepFailed
from migration.markup import printable
from migration.schema import STEPS

VERSIONS_OF = ("torch", "transformers", "peft", "trl", "bitsandbytes", "pandas", "duckdb", "genai-prices", "papermill")

PAGES = {"cli.py", "doctor.py", "runner.py", "report", "pages"}
"""Modules that no notebook imports: a change in them changes no result."""


@dataclass(frozen=True)
class Notebook:
    """A step's notebook and the defaults of its `parameters` cell."""

    step: str
    path: Path
    defaults: dict[str, Any]

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """Those of `given` that this notebook knows. Raises BadInput when a value is not of the default's type, is no
        finite number, or holds an address with a secret in it."""
        known = {name: value for name, value in given.items() if name in self.defaults}
        return {name: self._typed(name, value) for name, value in known.items()}

    def _typed(self, name: str, value: object) -> Any:
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
            raise BadInput(f"parameter {name} of {self.step} is a {kind} (default {default!r}), not {_short(value)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"parameter {name} of {self.step} is to be a finite number (default {default!r})")
        return value


@dataclass(frozen=True)
class Planned:
    """What `plan` found of one step: run it (and why), or skip it."""

    notebook: Notebook
    parameters: dict[str, Any]
    run: bool
    why: str


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


def check_names(given: dict[str, Any], books: list[Notebook]) -> None:
    """Raise BadInput for a parameter that no notebook has, with the nearest names."""
    known = {name for book in books for name in book.defaults}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
            raise BadInput(f"no notebook has a parameter {name!r}: {hint}")


def _short(value: object) -> str:
    text = printable(repr(value))
    return text if len(text) <= 60 else f"{text[:59]}…"


def input_hash(run: Run, book: Notebook, parameters: dict[str, Any], traffic: list[Path]) -> str:
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
    package = {n: h for n, h in hashes_of(Path(__file__).parent, "*.py").items() if n.split("/")[0] not in PAGES}
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


def choose(pattern: str) -> str:
    """The step that `pattern` names: "02", "2" or its whole name. Raises BadInput."""
    number = f"{int(pattern):02d}" if pattern.isdigit() else pattern
    for step in STEPS:
        if step == number or step.startswith(f"{number}_"):
            return step
    raise BadInput(f"no step {pattern!r}: steps are {', '.join(STEPS)}")


def planned(run: Run, book: Notebook, given: dict[str, Any], traffic: list[Path], *, forced: bool = False) -> Planned:
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


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Hold the run folder alone. Raises BadInput when another process is at work in it."""
    with (run.path / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"another `migrate run` is at work in {run.path}: wait for it or name another --run"
            ) from error
        yield


class Lines(io.TextIOBase):
    """A text stream that hands each whole line of a notebook's output to `say`."""

    def __init__(self, say: Callable[[str], None]):
        self.say, self.rest = say, ""

    def write(self, text: str) -> int:
        """Say each line as it is whole."""
        *whole, self.rest = (self.rest + text).split("\n")
        for line in whole:
            if line.strip():
                self.say(line.rstrip())
        return len(text)


def execute(
    run: Run,
    item: Planned,
    traffic: list[Path],
    *,
    on_cell: Callable[[int, int], None] = lambda done, total: None,
    say: Callable[[str], None] = lambda line: None,
) -> float:
    """Execute one step's notebook. Returns its seconds.

    The executed notebook and its HTML land in the step's folder; where the step breaks, in `<step>.partial`
    beside its last good result. Raises StepFailed.
    """
    book, started = item.notebook, time.time()
    working = run.path / f".{book.step}.ipynb"
    before = run.manifest.get("steps", {}).get(book.step, {}).get("finished_at")
    hashed = input_hash(run, book, item.parameters, traffic)
    run.note_step(book.step, status="running", parameters=book.defaults | item.parameters)
    total = len(papermill.iorw.load_notebook_node(str(book.path)).cells) + 1
    error = _failure(run, item, working, before, lambda cell, cell_index: on_cell(cell_index, total), Lines(say))
    folder = run.path / (f"{book.step}.partial" if error else book.step)
    folder.mkdir(exist_ok=True)
    if working.exists():
        shutil.move(working, folder / "notebook.ipynb")
        report.export_notebook(folder / "notebook.ipynb", folder / "report.html")
    seconds = time.time() - started
    if error:
        where = str(folder / "notebook.ipynb")
        run.note_step(book.step, status="failed", error=error.error, seconds=round(seconds, 1))
        raise StepFailed(error.step, error.cell, error.error, where, kind=error.kind) from error.__cause__
    run.note_step(book.step, input_hash=hashed, seconds=round(seconds, 1), error=None)
    return seconds


def _failure(
    run: Run, item: Planned, working: Path, before: str | None, on_cell: Callable[..., None], printed: Lines
) -> StepFailed | None:
    """Execute the notebook into `working`; what went wrong, if anything. before: when the step finished last."""
    step = item.notebook.step
    error: StepFailed | None = None
    try:
        with private_sockets() as config:
            papermill.execute_notebook(
                str(item.notebook.path),
                str(working),
                parameters=item.parameters,
                progress_bar=False,
                stdout_file=printed,
                config=config,
                on_cell_start=on_cell,
            )
        finished = run.manifest.get("steps", {}).get(step, {}).get("finished_at")
        if not run.done(step) or finished == before:
            error = StepFailed(step, None, "the notebook ended without its summary.json", "")
    except PapermillExecutionError as problem:
        told = _one_line(problem.ename, problem.evalue)
        error = StepFailed(step, problem.exec_count, told, "", kind=problem.ename)
        error.__cause__ = problem
    except DeadKernelError as problem:
        error = StepFailed(step, None, "its kernel died (out of memory, or killed)", "")
        error.__cause__ = problem
    except KeyboardInterrupt:
        error = StepFailed(step, None, "stopped by the user", "")
    return error


@contextmanager
def private_sockets() -> Iterator[Config]:
    """Kernels speak over files in a folder of their own that only this user can open: traffic crosses no TCP port, and
    runs started together do not meet."""
    with tempfile.TemporaryDirectory(prefix="migrate-") as folder:  # 0700; short, as a socket's path must be
        quiet = {"extra_arguments": ["--log-level=CRITICAL"]}  # an interrupted kernel says so once, through its error
        yield Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/k"}, "NotebookClient": quiet})


def _one_line(name: str, value: str) -> str:
    text = re.sub(r"\s+", " ", printable(redact(value))).strip()
    return f"{name}: {text[:600]}"


def begin(run: Run, traffic: list[Path], given: dict[str, Any]) -> None:
    """Write into run.json what this run reads, with what parameters and versions. Raises BadInput, MissingStep."""
    manifest = run.manifest
    if not traffic and not run.done(STEPS[0]):
        raise MissingStep("this run", STEPS[0], str(run.path))
    run.note(
        traffic=[{"file": str(path), "sha256": file_hash(path)} for path in traffic] or manifest.get("traffic", []),
        parameters=given,
        versions=versions(),
    )


@functools.cache
def versions() -> dict[str, str | None]:
    """The package's version and those of the libraries that a result depends on."""
    return {"migration": __version__} | {name: _version(name) for name in VERSIONS_OF}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # run.json says null
        return None


def read_config(path: Path) -> dict[str, Any]:
    """Parameters from a YAML file (`name: value`, `traffic` among them). Raises BadInput."""
    config = read_yaml(path, "config") or {}
    if not isinstance(config, dict) or not all(isinstance(name, str) for name in config):
        raise BadInput(f"config {path} must map parameter names to values, e.g. `max_loss: 0.03`")
    return config
