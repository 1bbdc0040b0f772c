"""A step executed: its notebook run by papermill, its output said as it comes, and what went wrong as one line.

Out of scope: what a step does, which is its notebook's and its folder's.
"""

from __future__ import annotations

import fcntl
import io
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from migration import report
from migration.artifacts import Run
from migration.endpoints import redact
from migration.errors import BadInput, MissingStep, StepFailed
from migration.files import file_hash
from migration.markup import printable
from migration.runner.inputs import Planned, input_hash, versions
from migration.schema import STEPS


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


def begin(run: Run, traffic: list[Path], given: dict[str, object]) -> None:
    """Write into run.json what this run reads, with what parameters and versions. Raises BadInput, MissingStep."""
    manifest = run.manifest
    if not traffic and not run.done(STEPS[0]):
        raise MissingStep("this run", STEPS[0], str(run.path))
    run.note(
        traffic=[{"file": str(path), "sha256": file_hash(path)} for path in traffic] or manifest.get("traffic", []),
        parameters=given,
        versions=versions(),
    )
