"""`migrate review`: the weekly review's notebook, run on a decision log or newer traffic.

Exit codes: 0 all quiet, 3 an alarm, 1 the notebook failed, 2 bad arguments or input. Out of scope: what it finds.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from migration.artifacts import open_run
from migration.errors import BadInput, StepFailed
from migration.files import PROJECT, read_json

STEP = "07_weekly_review"
ALARM = 3
"""Exit code where a review raises an alarm."""


def register(
    app: typer.Typer,
    find: Callable[[Path], Path],
    say: Callable[[str], object],
    publish: Callable[[Path], Path],
) -> None:
    """Add `review` to `app`. publish: writes the pages of a run folder and returns the first."""

    @app.command("review")
    def review_command(
        run: Annotated[Path, typer.Argument(help="The run folder, or its name under outputs/.")],
        traffic: Annotated[list[Path] | None, typer.Option(help="Decision logs or newer traffic; repeatable.")] = None,
        activate: Annotated[bool, typer.Option(help="Let a proposed policy serve where fresh calls prove it.")] = False,
        train_minutes: Annotated[float, typer.Option(min=0, help="Train on from the last adapter; 0: do not.")] = 0.0,
        labels: Annotated[Path | None, typer.Option(help="A filled to_check.csv of an earlier review.")] = None,
    ) -> None:
        """Review a week: is the guarantee kept, what changed, what would be better. Exit code 3 is an alarm."""
        if missing := [file for file in [*(traffic or []), *([labels] if labels else [])] if not file.is_file()]:
            raise BadInput(f"{missing[0]} does not exist")
        given = {
            "traffic": [str(file.resolve()) for file in traffic or []],
            "activate": activate,
            "train_minutes": train_minutes,
        }
        home = find(run)
        folder = review(home, given | ({"labels": str(labels.resolve())} if labels else {}))
        summary = read_json(folder / "summary.json")
        say(summary["decision"])
        report = publish(home)
        say(f"review: {folder / 'report.html'}")
        say(f"report: {report}")
        if summary["alarms"]:
            say(f"alerts: {folder / 'alerts.json'}")
            sys.exit(ALARM)


def review(run: Path, parameters: dict[str, object]) -> Path:
    """Execute the notebook on a run folder. Returns the week's folder. Raises StepFailed, MissingStep."""
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    working = run / f".{STEP}.ipynb"
    try:
        papermill.execute_notebook(
            str(PROJECT / "notebooks" / f"{STEP}.ipynb"),
            str(working),
            parameters=parameters | {"run_dir": str(run)},
            progress_bar=False,
            config=Config({"KernelManager": {"transport": "ipc"}}),  # no TCP port for traffic to cross
        )
    except PapermillExecutionError as error:
        said = f"{error.ename}: {' '.join(error.evalue.split())[:600]}"
        raise StepFailed(STEP, error.exec_count, said, str(working), kind=error.ename) from error
    steps = open_run(run).manifest.get("steps", {})
    weeks = {name: about["finished_at"] for name, about in steps.items() if name.startswith(f"{STEP}/")}
    folder = run / max(weeks, key=lambda name: weeks[name])
    shutil.move(working, folder / "notebook.ipynb")
    return folder
