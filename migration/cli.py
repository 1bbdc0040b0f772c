"""The `migrate` command. Knows its arguments, exit codes and what a person sees; the work is done elsewhere.

Exit codes: 0 done, 1 a step failed, 2 bad arguments or input, 3 a weekly review raised an alarm.
"""

from __future__ import annotations

import glob
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from migration.artifacts import Run, open_run
from migration.errors import BadInput, MigrationError, StepFailed
from migration.files import PROJECT, parsed_yaml, resolve
from migration.live import commands as live_commands
from migration.markup import printable
from migration.review import command as review_command

if TYPE_CHECKING:
    from migration.runner import Notebook

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=__doc__
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

SAMPLE = PROJECT / "data" / "sample_traffic.jsonl.gz"


def expand(patterns: list[str]) -> list[Path]:
    """The log files that files, folders and globs name, in order. Raises BadInput for one that matches nothing."""
    files: list[Path] = []
    for pattern in patterns:
        path = resolve(pattern)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            found = [path] if path.is_file() else sorted(Path(p) for p in glob.glob(str(path), recursive=True))
        if not found:
            raise BadInput(f"traffic {pattern} does not exist: give a log file, a folder or a glob")
        files += found
    empty = [file for file in files if file.stat().st_size == 0]
    if empty:
        raise BadInput(f"traffic {empty[0]} is empty: expected a log with one call a line")
    return files


def parameters_from(config: Path | None, words: list[str]) -> dict[str, object]:
    """Parameters of the config file, overridden by `-p NAME VALUE` (of `_join_parameters`, values read as YAML)."""
    from migration import runner

    given = runner.read_config(config) if config else {}
    for name, value in (word.split("\0", 1) for word in words):
        try:
            given[name] = parsed_yaml(value)
        except BadInput as error:
            raise BadInput(f"the value of -p {name} is not readable YAML") from error
    return given


@app.command("run")
def run_command(
    traffic: Annotated[list[str] | None, typer.Option(help="Log files, folders or globs; the sample if none.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML of parameters.")] = None,
    run: Annotated[str | None, typer.Option(help="Name of the run folder.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where run folders lie.")] = Path("outputs"),
    start: Annotated[str | None, typer.Option("--from", help="Rerun from this step on, e.g. 02.")] = None,
    only: Annotated[str | None, typer.Option(help="Run this step alone, e.g. 04.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME VALUE", help="A parameter; repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Run every step again.")] = False,
) -> None:
    """Run a traffic log through the six notebooks and write the report. A run keeps the parameters it was given."""
    from migration import report, runner

    given = parameters_from(config, parameter or [])
    logged = given.pop("traffic", None) or []
    patterns = traffic or [str(one) for one in (logged if isinstance(logged, list) else [logged])]
    name = run or (_stem(patterns[0]) if patterns else "sample")
    books = runner.notebooks()
    runner.check_names(given, books)
    path = resolve(folder) / checked_name(name)
    given |= (kept := runner.kept(Run(path), given, books))
    for book in books:
        book.parameters(given)
    steps = runner.selected(books, start, only)
    asked = expand(patterns) if patterns else []  # before a folder is made for it
    home = open_run(path)
    files = asked or known_traffic(home)
    if kept:
        say(f"parameters of this run, as given before: {runner.told(kept)} (another value: -p NAME VALUE)")
    with runner.locked(home):
        runner.begin(home, files, given)
        failed = _walk(home, steps, given, files, forced=bool(start or only or fresh))
        index = report.build_index(home)
    out.print(f"\nreport: [bold]{index}[/]", soft_wrap=True)
    if failed:
        raise failed


def known_traffic(run: Run) -> list[Path]:
    """The log files this run was made from, else the sample. Raises BadInput when one is gone."""
    before = [Path(t["file"]) for t in run.manifest.get("traffic", [])]
    if gone := [file for file in before if not file.is_file()]:
        raise BadInput(f"{gone[0]}, which {run.path} was made from, is gone: name its traffic with --traffic")
    return before or [SAMPLE]


def checked_name(name: str) -> str:
    """`name` as the name of a run folder. Raises BadInput: it becomes a path, a title and a part of commands."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise BadInput("a run's name is up to 100 letters, digits, dots, dashes and underscores, e.g. --run june")
    return name


def _stem(pattern: str) -> str:
    """A run's name made from that of its traffic."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", Path(pattern).name.split(".")[0]).strip("-_")[:100] or "run"


def _walk(
    home: Run, steps: list[Notebook], given: dict[str, object], files: list[Path], *, forced: bool
) -> StepFailed | None:
    """Run or skip each step in order, saying what happens. Returns the failure that stopped it, if any."""
    from migration import runner

    ran = False
    values = given | {"traffic": str(files[0]) if len(files) == 1 else [str(file) for file in files]}
    for number, book in enumerate(steps, 1):
        item = runner.planned(home, book, values, files, forced=forced)
        label = f"[{number}/{len(steps)}] {book.step}"
        if not item.run:
            say(f"{label}: {item.why}, skipped")
            continue
        say(f"{label}: running ({item.why})")
        try:
            last = home.manifest.get("steps", {}).get(book.step, {}).get("seconds")
            seconds = runner.execute(home, item, files, on_cell=_cells(book.step, last), say=_say)
        except StepFailed as failure:
            return failure
        ran = True
        say(f"    done in {seconds:.0f} s: {home.summary(book.step)['decision']}")
    if not ran:
        say("nothing to do: every step is done and its inputs have not changed")
    return None


def say(line: str, **how: Any) -> None:
    """Print a line that may hold text of the log: no markup, no terminal escapes."""
    out.print(printable(line), markup=False, soft_wrap=True, **how)


def _say(line: str) -> None:
    say(f"    {line}", style="dim")


def _cells(step: str, last: float | None) -> Callable[[int, int], None]:
    """A live bar in a terminal, with the time left by the step's `last` seconds; elsewhere milestones are enough."""
    started = time.time()

    def show(cell: int, total: int) -> None:
        if out.is_terminal:
            bar, spent = f"[{'#' * (20 * cell // max(total, 1)):-<20}]", time.time() - started
            left = f", about {max(last - spent, 0):.0f} s left" if last else ""
            print(f"\r    {step} {bar} cell {cell + 1}/{total}, {spent:.0f} s{left}\033[K", end="\r", flush=True)

    return show


@app.command("report")
def report_command(
    run: Annotated[Path, typer.Argument(help="The run folder, or its name under outputs/.")],
    pdf: Annotated[bool, typer.Option(help="Print index.html to PDF as well.")] = False,
) -> None:
    """Build the report of a run again from what its folder holds."""
    from migration import report

    home = existing_run(run)
    index = report.build_all(home)
    out.print(f"report: {index}", soft_wrap=True)
    if pdf:
        out.print(f"pdf: {report.to_pdf(index)}", soft_wrap=True)


def existing_run(run: Path) -> Run:
    """The run folder that `run` names. Raises BadInput when there is none."""
    for path in (resolve(run), resolve(Path("outputs") / run)):
        if path.is_dir():
            return open_run(path)
    raise BadInput(f"no run folder {run}, nor outputs/{run}")


@app.command("import")
def import_command(
    file: Annotated[list[str], typer.Argument(help="Log files, folders or globs.")],
    target: Annotated[Path, typer.Option("--out", help="The calls table to write.")],
    form: Annotated[str, typer.Option("--format", help="auto, openai, batch, stored, langfuse, …")] = "auto",
    column: Annotated[list[str] | None, typer.Option(help="For tables: ours=theirs, repeatable.")] = None,
    prices: Annotated[Path | None, typer.Option(help="YAML of contract prices.")] = None,
) -> None:
    """Turn any log into the calls table."""
    from migration.audit import column_mapping, import_log

    columns = column_mapping(column or [])
    files = [str(path) for path in expand(file)]
    result = import_log(files, target, format=form, columns=columns, prices=prices, progress=_say)
    say(str(result))
    out.print(f"calls table: {target}", soft_wrap=True)


@app.command("simulate")
def simulate_command(
    calls: Annotated[int, typer.Option(min=1, help="How many calls, about.")],
    target: Annotated[Path, typer.Option("--out", help="A .jsonl or .jsonl.gz file.")],
    seed: Annotated[int, typer.Option(help="Same seed, same traffic.")] = 7,
    truth: Annotated[Path | None, typer.Option(help="Also write what is true of each line, here.")] = None,
    weeks: Annotated[int | None, typer.Option(min=1, help="How many weeks the calls spread over.")] = None,
    drift: Annotated[str | None, typer.Option(help="Changes half-way: mix, wording, new-task, llm-change.")] = None,
) -> None:
    """Write support traffic of an invented shop, whose truth is known."""
    from migration.sample import Drift, drifting, write

    if drift is not None and drift not in tuple(Drift):
        raise BadInput(f"--drift is one of {', '.join(Drift)}, not {drift}")
    world = drifting(weeks or 4, Drift(drift) if drift else None) if weeks or drift else None
    write(target, calls=calls, seed=seed, truth=truth, world=world)
    out.print(f"traffic: {target}", soft_wrap=True)


@app.command("doctor")
def doctor_command() -> None:
    """Say what this machine has, and what each thing that it lacks costs."""
    from migration.doctor import findings

    for finding in findings():
        say(str(finding))


def _folder(run: Path) -> Path:
    return existing_run(run).path


def _reported(run: Path) -> Path:
    from migration import report

    return report.build_all(existing_run(run))


live_commands.register(app, _folder, say)
review_command.register(app, _folder, say, _reported)


def main() -> None:
    """Entry point: errors made on purpose become one clear line and their exit code."""
    try:
        app(args=_join_parameters(sys.argv[1:]), standalone_mode=False)
    except MigrationError as error:
        text = printable(" ".join(str(error).split()))
        err.print(f"error: {text}", markup=False, style="red", soft_wrap=True)
        if isinstance(error, StepFailed):
            err.print("fix the cause and call the same command again: finished steps are kept", soft_wrap=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a file that is not ours: the system's own words
        err.print(f"error: {printable(str(error))}", markup=False, style="red", soft_wrap=True)
        sys.exit(BadInput.exit_code)
    except typer.Abort:  # the person said no
        sys.exit(1)
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None:
            raise
        show = getattr(error, "show", None)
        if show:
            show()
        sys.exit(code)


def _join_parameters(words: list[str]) -> list[str]:
    """`-p NAME VALUE` as papermill takes it, made one word for the option parser. Raises BadInput."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        joined.append(word)
        if word in ("-p", "--parameter"):
            name, value = next(rest, None), next(rest, None)
            if name is None or value is None:
                raise BadInput("-p takes a name and a value, e.g. `-p max_loss 0.03`")
            joined.append(f"{name}\0{value}")
    return joined


if __name__ == "__main__":
    main()
