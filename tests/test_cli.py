"""Each bad input gets one clear line and its exit code; nothing is left behind."""

import gzip
import sys

import pytest

from migration import cli
from migration.artifacts import open_run


def call(monkeypatch, capsys, *words):
    """Run `migrate WORDS` in this process. Returns (exit code, stdout, stderr)."""
    monkeypatch.setattr(sys, "argv", ["migrate", *map(str, words)])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--traffic", "nowhere.jsonl"], "traffic nowhere.jsonl does not exist"),
        (["-p", "max_los", "0.1"], "no notebook has a parameter 'max_los': did you mean max_loss"),
        (["-p", "max_loss", "much"], "max_loss of 04_router_tuning is a float"),
        (["-p", "max_loss"], "-p takes a name and a value"),
        (["--only", "9"], "no step '9'"),
        (["--config", "nowhere.yaml"], "config nowhere.yaml does not exist"),
        (["-p", "max_loss", ".nan"], "max_loss of 04_router_tuning is to be a finite number"),
        (["-p", "max_loss", "{a: [" + "[" * 2000], "-p max_loss is not readable"),
        (["-p", "max_loss", "2024-99-99"], "-p max_loss is not readable"),
        (["--run", ".."], "a run's name is up to 100 letters"),
        (["--run", "/etc/x"], "a run's name is up to 100 letters"),
        (["--run", "kind=retry"], "a run's name is up to 100 letters"),
        (["--run", "n" * 300], "a run's name is up to 100 letters"),
        (["--traffic", "n" * 5000], "File name too long"),
        (["--traffic", "a\x1b[31mb"], "traffic ab does not exist"),
        (["-p", "candidates", "[https://ann:pa55@host/v1#m]"], "keys go into the environment"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(monkeypatch, capsys, tmp_path, words, line):
    code, _, err = call(monkeypatch, capsys, "run", "--out", tmp_path / "out", *words)
    assert code == 2
    assert line in err
    assert len(err.strip().splitlines()) == 1
    assert "pa55" not in err
    assert not (tmp_path / "out").exists()


def test_parameters_hold_for_later_commands_on_the_run(monkeypatch, capsys, tmp_path):
    """A value that cannot be run shows that it was taken over, and that giving it again replaces it."""
    open_run(tmp_path / "mine").note(parameters={"max_loss": "much"})
    command = ("run", "--out", tmp_path, "--run", "mine")
    code, _, err = call(monkeypatch, capsys, *command, "--only", "04")
    assert (code, "max_loss of 04_router_tuning is a float" in err) == (2, True)
    code, _, err = call(monkeypatch, capsys, *command, "--only", "9", "-p", "max_loss", "0.02")
    assert (code, "no step '9'" in err) == (2, True), "the next thing that is wrong"


def test_traffic_that_is_absent_or_empty_leaves_no_run_folder(monkeypatch, capsys, tmp_path):
    (tmp_path / "empty.jsonl").touch()
    code, _, err = call(monkeypatch, capsys, "run", "--out", tmp_path / "out", "--traffic", tmp_path / "empty.jsonl")
    assert code == 2
    assert "is empty" in err
    assert not (tmp_path / "out").exists()


def test_globs_and_folders_name_their_files_in_order(tmp_path):
    for name in ("b.jsonl", "a.jsonl", ".hidden"):
        (tmp_path / name).write_text("{}\n")
    both = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert cli.expand([str(tmp_path)]) == both
    assert cli.expand([str(tmp_path / "*.jsonl")]) == both


def test_simulated_traffic_imports_into_the_calls_table(monkeypatch, capsys, tmp_path):
    log, table = tmp_path / "log.jsonl.gz", tmp_path / "calls.parquet"
    assert call(monkeypatch, capsys, "simulate", "--calls", 200, "--seed", 3, "--out", log)[0] == 0
    with gzip.open(log) as lines:
        assert sum(1 for _ in lines) >= 150
    code, said, _ = call(monkeypatch, capsys, "import", log, "--out", table)
    assert code == 0
    assert table.exists()
    assert "calls table" in said


def test_a_log_with_nothing_usable_says_what_was_expected(monkeypatch, capsys, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text("not json\n" * 20)
    code, _, err = call(monkeypatch, capsys, "import", log, "--out", tmp_path / "calls.parquet")
    assert code == 2
    assert "request" in err
    assert not (tmp_path / "calls.parquet").exists()


def test_a_report_needs_a_run(monkeypatch, capsys, tmp_path):
    code, _, err = call(monkeypatch, capsys, "report", tmp_path / "nothing")
    assert code == 2
    assert "no run folder" in err


@pytest.mark.slow
def test_the_doctor_finds_the_packaged_models(monkeypatch, capsys):
    code, said, _ = call(monkeypatch, capsys, "doctor")
    assert code == 0
    assert "smollm2" in said
    assert "pocket-gemma2" in said
