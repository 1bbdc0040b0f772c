"""Steps run once, run again when what they read has changed, and fail with a line that helps."""

import os
import signal
import time
from pathlib import Path

import nbformat
import pytest

from migration import runner
from migration.artifacts import open_run, open_step
from migration.errors import BadInput, StepFailed
from migration.runner import inputs
from migration.schema import STEPS

BODY = """
from pathlib import Path
from migration.artifacts import open_step
step = open_step(run_dir, {step!r})
print("milestone of", {step!r})
{extra}
step.finish({{"value_usd": float(value), "word": only_{number}}}, decision="go on")
"""


def write_notebooks(folder, **extra):
    """Five tiny but real notebooks; `extra` maps a step's number to a line of code."""
    folder.mkdir(exist_ok=True)
    for step in STEPS:
        number = step[:2]
        parameters = f'run_dir = "outputs/x"  # where\nvalue = 1.5  # a number\nonly_{number} = "a"  # a word'
        if number == "01":
            parameters += '\ntraffic = ""  # the log'
        book = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
        )
        cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        body = BODY.format(step=step, number=number, extra=extra.get(f"s{number}", ""))
        book.cells = [nbformat.v4.new_markdown_cell("# Why?"), cell, nbformat.v4.new_code_cell(body.strip())]
        nbformat.write(book, folder / f"{step}.ipynb")
    return runner.notebooks(folder)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("{}\n")
    return path


def walk(run, books, log, given=None, *, say=lambda line: None):
    """Run what has to run. Returns the numbers of the steps that ran."""
    ran = []
    for book in books:
        item = runner.planned(run, book, given or {}, [log])
        if item.run:
            runner.execute(run, item, [log], say=say)
            ran.append(book.step[:2])
    return ran


@pytest.mark.slow
def test_steps_run_once_and_again_only_when_their_inputs_change(tmp_path, log):
    books = write_notebooks(tmp_path / "notebooks")[:3]
    run = open_run(tmp_path / "run")
    heard = []
    assert walk(run, books, log, say=heard.append) == ["01", "02", "03"]
    assert heard[0] == "milestone of 01_traffic_audit"
    assert (run.path / "01_traffic_audit" / "report.html").exists()
    assert (run.path / "01_traffic_audit" / "notebook.ipynb").exists()
    assert walk(run, books, log) == []
    assert walk(run, books, log, {"only_02": "b"}) == ["02", "03"]
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o077 for file in [run.path, *files]} == {0}, "readable by others"


@pytest.fixture
def finished(tmp_path, log):
    """A run whose steps 01 and 02 are done, as if executed; `why()` says what each would do now."""
    books = write_notebooks(tmp_path / "notebooks")[:2]
    run, traffic = open_run(tmp_path / "run"), [tmp_path / "mon" / "log.jsonl", tmp_path / "tue" / "log.jsonl"]
    for file in [*traffic, tmp_path / "prices.yaml"]:
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}\n")
    given = {"only_01": str(tmp_path / "prices.yaml")}
    for book in books:
        step = open_step(run.path, book.step)
        step.finish({"value_usd": 1.0}, decision="go on")
        parameters = book.parameters(given) | {"run_dir": str(run.path)}
        run.note_step(book.step, input_hash=runner.input_hash(run, book, parameters, traffic))

    def why(**more):
        return [runner.planned(run, book, given | more, traffic).why for book in books]

    assert why() == ["done, inputs unchanged"] * 2
    return tmp_path, why


CHANGED, SAME = "its inputs changed", "done, inputs unchanged"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("mon/log.jsonl", [CHANGED, SAME]),
        ("tue/log.jsonl", [CHANGED, SAME]),
        ("prices.yaml", [CHANGED, SAME]),
        ("notebooks/02_candidate_benchmark.ipynb", [SAME, CHANGED]),
        ("run/01_traffic_audit/summary.json", ["its summary.json was damaged or edited", SAME]),
        ("run/01_traffic_audit/checksums.json", [SAME, CHANGED]),
    ],
)
def test_unchanged_means_byte_identical(finished, file, told):
    folder, why = finished
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    assert why() == told


def test_changed_code_libraries_or_parameters_run_a_step_again(finished, monkeypatch):
    folder, why = finished
    assert why(only_02="b") == [SAME, CHANGED]
    monkeypatch.setattr(inputs, "versions", lambda: {"torch": "1"})
    assert why() == [CHANGED] * 2
    monkeypatch.undo()
    (folder / "package").mkdir()
    (folder / "package" / "stats.py").write_text("edited = True")
    monkeypatch.setattr(inputs, "__file__", str(folder / "package" / "runner" / "inputs.py"))
    inputs.code_hash.cache_clear()
    assert why() == [CHANGED] * 2
    monkeypatch.undo()
    inputs.code_hash.cache_clear()


@pytest.mark.slow
def test_a_failing_cell_is_named_and_the_good_result_stays(tmp_path, log):
    run = open_run(tmp_path / "run")
    walk(run, write_notebooks(tmp_path / "notebooks")[:1], log)
    broken = write_notebooks(
        tmp_path / "notebooks", s01="from migration.errors import BadInput\nraise BadInput('no calls')"
    )
    with pytest.raises(StepFailed, match=r"01_traffic_audit failed at cell 3: BadInput: no calls"):
        walk(run, broken[:1], log)
    assert run.summary("01_traffic_audit")["value_usd"] == 1.5
    failed = run.path / "01_traffic_audit.partial"
    assert "no calls" in (failed / "report.html").read_text()
    assert (failed / "notebook.ipynb").exists()
    assert run.manifest["steps"]["01_traffic_audit"]["status"] == "failed"


@pytest.mark.slow
def test_a_killed_kernel_is_a_failed_step(tmp_path, log):
    run = open_run(tmp_path / "run")
    books = write_notebooks(tmp_path / "notebooks", s01="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(StepFailed, match="kernel died"):
        walk(run, books[:1], log)
    assert not run.done("01_traffic_audit")


def test_parameters_are_checked_by_name_and_type(tmp_path):
    books = write_notebooks(tmp_path / "notebooks")
    with pytest.raises(BadInput, match="no notebook has a parameter 'valeu': did you mean value"):
        runner.check_names({"valeu": 1}, books)
    with pytest.raises(BadInput, match="value of 01_traffic_audit is a float"):
        books[0].parameters({"value": "much"})
    assert books[0].parameters({"value": 2, "only_02": "b"}) == {"value": 2.0}
    assert runner.choose("2") == runner.choose("02") == "02_candidate_benchmark"
    with pytest.raises(BadInput, match="no step '9'"):
        runner.choose("9")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "finite number"),
        (float("inf"), "finite number"),
        (10**400, "finite number"),
        (["a"], "is a float"),
        ({"a": 1}, "is a float"),
        (True, "is a float"),
    ],
)
def test_a_parameter_is_a_finite_number_of_its_type(tmp_path, value, told):
    with pytest.raises(BadInput, match=told):
        write_notebooks(tmp_path / "notebooks")[0].parameters({"value": value})


def test_a_run_keeps_its_parameters_until_they_are_given_again(tmp_path, log):
    books, run = write_notebooks(tmp_path / "notebooks"), open_run(tmp_path / "run")
    assert runner.kept(run, {}, books) == {}
    runner.begin(run, [log], {"value": 2, "only_04": "b", "of_older_code": 1})
    assert runner.kept(run, {}, books) == {"value": 2, "only_04": "b"}
    assert runner.kept(run, {"value": 3}, books) == {"only_04": "b"}
    run.note(parameters=["value"])
    with pytest.raises(BadInput, match="is damaged: its parameters"):
        runner.kept(run, {}, books)
    (run.path / "run.json").write_text("[]")
    with pytest.raises(BadInput, match="no JSON object"):
        runner.kept(run, {}, books)


@pytest.mark.parametrize("url", ["https://ann:pa55@host/v1#m", "https://host/v1?api_key=pa55#m"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(tmp_path, url):
    with pytest.raises(BadInput, match="MIGRATION_KEY_HOST") as told:
        write_notebooks(tmp_path / "notebooks")[0].parameters({"only_01": url})
    assert "pa55" not in str(told.value)


@pytest.mark.slow
def test_kernels_started_together_do_not_meet(tmp_path, log):
    """Sockets lie in a folder of each run; in one folder, 7 of 9 runs died."""
    books = write_notebooks(tmp_path / "notebooks")[:1]
    children = []
    for number in range(3):
        if (child := os.fork()) == 0:
            code = 1
            try:
                code = 0 if walk(open_run(tmp_path / f"run{number}"), books, log) == ["01"] else 1
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert not list(Path.cwd().glob("kernel-ipc*"))


def test_one_run_folder_has_one_runner(tmp_path):
    run = open_run(tmp_path / "run")
    if (child := os.fork()) == 0:
        with runner.locked(run):
            (tmp_path / "held").touch()
            time.sleep(60)
        os._exit(0)
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with pytest.raises(BadInput, match="another `migrate run` is at work"), runner.locked(run):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with runner.locked(run):
        pass


def test_a_config_that_cannot_be_used_is_refused(tmp_path):
    path = tmp_path / "run.yaml"
    with pytest.raises(BadInput, match="does not exist"):
        runner.read_config(path)
    path.write_text("- a\n")
    with pytest.raises(BadInput, match="must map parameter names"):
        runner.read_config(path)
    path.write_text("max_loss: 0.03\n")
    assert runner.read_config(path) == {"max_loss": 0.03}
