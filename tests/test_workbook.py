"""The main job: six notebooks on a small simulated log with pocket models, headlessly, and what must hold of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import browsers
import canaries
import labs
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from migration import runner
from migration.artifacts import Run
from migration.routing import Router
from migration.sample import write
from migration.schema import CONTRACTS, STEPS

ROOT = Path(__file__).resolve().parent.parent
QUICK = {
    "candidates": "[classifier, cache, pocket-llama3, pocket-gemma2]",
    "shots": "0",
    "benchmark_minutes": "0.4",
    "base_model": "pocket-llama3",
    "train_minutes": "0.4",
    "examples_per_task": "60",
    "simulations": "200",
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def migrate(*words, cwd=ROOT):
    command = [sys.executable, "-m", "migration.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("traffic") / canaries.FILE
    write(path, calls=1200, seed=11)
    canaries.plant(path)
    return path


@pytest.fixture(scope="module")
def words(log, tmp_path_factory):
    out = tmp_path_factory.mktemp("outputs")
    given = [word for name, value in QUICK.items() for word in ("-p", name, value)]
    return ["run", "--traffic", log, "--out", out, "--run", "shop", *given]


@pytest.fixture(scope="module")
def run(words):
    done = migrate(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "index.html" in done.stdout
    assert "\x1b[31m" not in done.stdout + done.stderr, "the log's text commands no terminal"
    return Run(words[4] / "shop")


def test_every_step_leaves_its_artifacts_and_keeps_the_contracts(run):
    expected = {
        "01_traffic_audit": ["calls.parquet", "tasks.parquet"],
        "02_candidate_benchmark": ["predictions.parquet", "scoreboard.parquet"],
        "03_qlora_finetune": ["adapter", "train.jsonl", "predictions.parquet", "comparison.parquet"],
        "04_router_tuning": ["policy.json", "curve.parquet", "decisions.parquet"],
        "05_cost_projection": ["projection.parquet", "scenarios.parquet"],
        "06_rehearsal": ["rehearsal.parquet"],
    }
    for step in STEPS:
        folder = run.path / step
        for name in [*expected[step], "notebook.ipynb", "report.html", "summary.json", "figures"]:
            assert (folder / name).exists(), f"{step}/{name}"
        assert list((folder / "figures").glob("*.png"))
        for file in folder.glob("*.parquet"):
            if file.stem in CONTRACTS:
                assert set(CONTRACTS[file.stem].names) <= set(pq.read_schema(file).names), file
    assert not list(run.path.glob("*.partial"))


def test_summaries_are_recomputable_from_the_tables(run):
    calls = pd.read_parquet(run.path / "01_traffic_audit" / "calls.parquet")
    tasks = pd.read_parquet(run.path / "01_traffic_audit" / "tasks.parquet")
    audit = run.summary("01_traffic_audit")
    assert audit["calls"] == len(calls) == tasks["calls"].sum()
    assert audit["tasks"] == tasks.loc[tasks["kind"].isin(["chat", "scoring"]), "task"].nunique()
    assert tasks["cost_usd"].sum() == pytest.approx(calls["cost_usd"].sum(), rel=1e-9)

    comparison = pd.read_parquet(run.path / "03_qlora_finetune" / "comparison.parquet").set_index("task")
    tuned = run.summary("03_qlora_finetune")
    assert tuned["tuned_agreement"] == pytest.approx(comparison.loc["ALL", "tuned"])
    assert tuned["base_agreement"] == pytest.approx(comparison.loc["ALL", "base"])
    assert tuned["train_examples"] == sum(1 for _ in (run.path / "03_qlora_finetune" / "train.jsonl").open())

    projection = pd.read_parquet(run.path / "05_cost_projection" / "projection.parquet")
    assert set(projection["month"]) == set(range(1, 25))
    assert "total" in set(projection["component"])
    assert (projection["p10"] <= projection["p90"] + 1e-9).all()


def test_the_policy_routes_as_the_decisions_say(run):
    folder = run.path / "04_router_tuning"
    policy = json.loads((folder / "policy.json").read_text())
    fields = {"version", "llm", "recognition", "candidates", "rungs", "calibrators", "limits", "pinned", "guarantee"}
    assert fields <= set(policy)
    decisions = pd.read_parquet(folder / "decisions.parquet")
    assert set(decisions["model"]) <= {"slm", "llm"}
    assert np.isfinite(decisions["confidence"].dropna()).all()
    router = Router.load(folder / "policy.json")
    assert router.route({"messages": "hello", "task": "a task of nobody"}).model == "llm"


def test_nothing_leaks_from_held_out_calls_into_training(run):
    calls = pd.read_parquet(run.path / "01_traffic_audit" / "calls.parquet").set_index("call_id")
    rows = [json.loads(line) for line in (run.path / "03_qlora_finetune" / "train.jsonl").open()]
    examples = pd.read_parquet(run.path / "03_qlora_finetune" / "examples.parquet")
    train = calls.loc[examples["call_id"].dropna()]
    held = calls[calls["split"] != "train"]
    assert set(train["split"]) == {"train"}
    assert not set(train["conversation_id"].dropna()) & set(held["conversation_id"].dropna())
    users = {row["messages"][-2]["content"].strip().lower() for row in rows}
    held_users = {messages[-1]["content"].strip().lower() for messages in held["messages"].dropna() if len(messages)}
    assert not users & held_users


def test_personal_data_stays_in_the_calls_table_and_the_kept_answers(run):
    leaks = canaries.leaks(run.path)
    assert "01_traffic_audit/calls.parquet" in leaks, "the canaries were read"
    assert {name: held for name, held in leaks.items() if not name.startswith(canaries.PRIVATE)} == {}
    for path in run.path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_text_of_the_log_is_text_on_every_page_and_in_every_notebook(run, log):
    shown = canaries.pages(run.path)
    assert len(shown) > 2 * len(STEPS)
    assert {name: canaries.live(page) for name, page in shown.items() if canaries.live(page)} == {}
    assert sum("cnry" in page for page in shown.values()) > len(STEPS) // 2, "the canaries are shown"
    assert not [path for path in run.path.rglob("*") if "cnry" in path.name]
    assert canaries.formulas(run.path) == []


def test_the_report_says_which_models_made_it(run):
    page = (run.path / "index.html").read_text()
    assert "decide nothing from it" in page
    assert "pocket-llama3" in page
    assert page.count("<figure ") >= 5


def test_a_second_run_does_nothing_and_says_so(run, words):
    again = migrate(*words)
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


def test_a_parameter_of_04_reruns_04_and_05_alone(run, words):
    again = migrate(*words, "-p", "max_loss", "0.2")
    assert again.returncode == 0, again.stdout + again.stderr
    running = [line.split()[1].rstrip(":") for line in again.stdout.splitlines() if ": running (" in line]
    assert running == ["04_router_tuning", "05_cost_projection", "06_rehearsal"]
    later = migrate("run", "--out", words[4], "--run", "shop")
    assert "as given before: candidates" in later.stdout
    assert "max_loss 0.2" in later.stdout
    assert "nothing to do" in later.stdout, "parameters hold until they are given again"


def test_a_notebook_runs_alone_with_plain_papermill(run, tmp_path):
    book = ROOT / "notebooks" / "04_router_tuning.ipynb"
    command = [sys.executable, "-m", "papermill", book, tmp_path / "out.ipynb", "-p", "run_dir", run.path]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_step_without_its_forerunner_says_which(tmp_path):
    (book,) = [b for b in runner.notebooks() if b.step.startswith("04")]
    command = [sys.executable, "-m", "papermill", book.path, tmp_path / "o.ipynb", "-p", "run_dir", tmp_path / "none"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "MissingStep" in done.stderr


def test_twenty_calls_are_too_few_and_the_report_says_for_what(tmp_path):
    write(tmp_path / "few.jsonl", calls=20, seed=1)
    words = ["-p", "candidates", "[pocket-llama3]", "-p", "benchmark_minutes", "0.1", "-p", "shots", "0"]
    words += ["-p", "train_minutes", "0.1"]
    done = migrate("run", "--traffic", tmp_path / "few.jsonl", "--out", tmp_path, "--run", "few", *words)
    assert done.returncode in (0, 1)
    said = done.stdout + done.stderr
    assert "too few" in said or "needs" in said
    assert (tmp_path / "few" / "index.html").exists()


def test_notebooks_run_in_jupyterlab_and_their_widgets_answer(run, tmp_path):
    """A real browser chooses Run All: step 04 here, every notebook in the soak. Limits are wide: something routes."""
    browsers.needed()
    given, newer = {"run_dir": str(run.path)}, tmp_path / "decisions.jsonl"
    write(tmp_path / "newer.jsonl.gz", calls=400, seed=12)
    labs.served(run.path / "04_router_tuning" / "policy.json", tmp_path / "newer.jsonl.gz", newer)
    wide = {"04": {"max_loss": 0.5, "max_kept_error": 0.9}, "05": {"max_loss": 0.5}, "07": {"traffic": [str(newer)]}}
    names = []
    for book in sorted((ROOT / "notebooks").glob("*.ipynb")):
        known = run.manifest["steps"].get(book.stem, {}).get("parameters", {})
        if book.name.startswith("04") or "MIGRATION_SOAK" in os.environ:
            labs.with_parameters(book, tmp_path / book.name, **known | given | wide.get(book.name[:2], {}))
            names.append(book.name)
    with labs.serving(tmp_path) as (url, token):
        seen = browsers.call("lab.mjs", timeout=1200, url=url, token=token, notebooks=names)
    assert [one["notebook"] for one in seen] == names
    for one in seen:
        assert one["errors"] == [], one["notebook"]
        assert one["run"] == one["cells"], one["notebook"]
        for move in [*(one["threshold"] or []), *(one["bill"] or [])]:
            assert move.get("disabled") or move["picture"], move
        if one["answers"]:
            parts = [int(said.split()[1]) for _, said, _ in one["answers"]["each"]]
            assert sum(parts) == int(one["answers"]["all"].split()[1])
        if one["table"]:
            assert one["table"]["none"] == 0
            assert one["table"]["sorted"] == one["table"]["before"]
        if one["form"]:
            assert (one["form"]["before"][:5], one["form"]["after"][:5]) == ("1 of ", "2 of ")
    assert any(one["threshold"] for one in seen)
