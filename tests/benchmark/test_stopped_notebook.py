"""Notebook 02 killed in the middle and run again: the table of an unbroken run, and nothing computed twice."""

import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from migration import audit
from migration.artifacts import Run, open_step
from migration.benchmark import Answers
from migration.files import PROJECT
from migration.sample import write

TIMES = ["latency_ms", "compute_ms"]
MEASURED = ["p50_ms", "p95_ms", "tokens_per_s", "cost_usd_per_1k", "peak_mb"]


@pytest.fixture
def audited(tmp_path):
    """Makes a run folder in which step 01 is done, on a small simulated log."""
    write(tmp_path / "shop.jsonl", calls=400, seed=3)
    report = audit.import_log(tmp_path / "shop.jsonl", tmp_path / "imported.parquet")
    found = audit.discover(report.out)

    def folder(name):
        step = open_step(tmp_path / name, "01_traffic_audit")
        found.label(report.out, step.path / "calls.parquet")
        step.write("tasks.parquet", audit.tasks_table(audit.open_calls(step.path / "calls.parquet"), found))
        step.finish({}, decision="")
        return Run(tmp_path / name)

    return folder


def start(run):
    given = f"{{run_dir: {run.path}, candidates: [pocket-llama3, pocket-phi3], calls_per_task: 12, shots: 0}}"
    notebook, out = PROJECT / "notebooks" / "02_candidate_benchmark.ipynb", run.path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", notebook, out, "-y", given, "--no-progress-bar"]
    return subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers_of(run):
    return Answers(run.path / "cache" / "02_candidate_benchmark" / "answers.sqlite")


def kill_after(run, process, count):
    """SIGKILL to papermill and its kernel, as when the machine goes down, once `count` answers are kept."""
    file = run.path / "cache" / "02_candidate_benchmark" / "answers.sqlite"
    while not file.exists() or len(answers_of(run).counts()) < count:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        each.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_killed_notebook_ends_with_the_table_of_an_unbroken_one(audited):
    whole, killed = audited("whole"), audited("killed")
    unbroken, first = start(whole), start(killed)
    kill_after(killed, first, 30)
    kept = answers_of(killed).counts()
    assert not killed.done("02_candidate_benchmark")
    again = start(killed)
    assert (unbroken.wait(), again.wait()) == (0, 0)

    counts = answers_of(killed).counts()
    assert 30 <= len(kept) < len(counts)
    assert set(counts.values()) == {1}
    assert counts.keys() == answers_of(whole).counts().keys()
    for name, timed in (("predictions.parquet", TIMES), ("scoreboard.parquet", MEASURED)):
        tables = [
            pd.read_parquet(r.path / "02_candidate_benchmark" / name).drop(columns=timed) for r in (whole, killed)
        ]
        pd.testing.assert_frame_equal(*tables, atol=1e-4)
