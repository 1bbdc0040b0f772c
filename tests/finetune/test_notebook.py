"""Notebook 03 on a small run folder with a pocket model: what it leaves, and that a leak stops it."""

import json

import pandas as pd
import papermill
import pytest
from test_examples import log
from test_fit import tasks_of

from migration.artifacts import open_step
from migration.benchmark import Candidate, ask, draw_sample, score
from migration.files import PROJECT, read_json

BASE = "pocket-llama3"
NOTEBOOK = str(PROJECT / "notebooks" / "03_qlora_finetune.ipynb")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder with steps 01 and 02 done: one task to train and one that is kept on the LLM."""
    if not (PROJECT / "data" / "pocket" / BASE).is_dir():
        pytest.skip(f"needs data/pocket/{BASE}")
    folder = tmp_path_factory.mktemp("run")
    parts = [log(300, "sort"), log(120, "write", "Write a line in answer to the customer. " * 3)]
    calls = pd.concat([part.assign(call_id=part["task"] + part["call_id"]) for part in parts], ignore_index=True)
    calls = calls.assign(
        created_at=pd.Timestamp("2025-06-01", tz="UTC"), model="gpt-4o", prompt_tokens=40, tokens_estimated=False,
        latency_ms=900.0, cost_usd=0.001, conversation_id=calls["task"] + calls["conversation_id"],
        task_type="classification",
    )  # fmt: skip
    first = open_step(folder, "01_traffic_audit")
    tasks = tasks_of(calls, write={"route_hint": "llm", "task_type": "creative"})
    empty = {"conversations": 1, "p50_ms": 1.0, "p95_ms": 1.0, "complexity": 0.5}
    first.write("calls.parquet", calls)
    first.write("tasks.parquet", tasks.assign(**empty))
    first.finish({}, decision="")
    second = open_step(folder, "02_candidate_benchmark")
    sample = draw_sample(calls, 30)
    second.write("predictions.parquet", score(ask([Candidate(BASE, BASE)], sample, calls, cache=second.cache), sample))
    second.finish({"best_candidate": BASE}, decision="")
    return folder


def execute(run, out, **parameters):
    papermill.execute_notebook(
        NOTEBOOK,
        str(out),
        {"run_dir": str(run), "train_minutes": 2.0} | parameters,
        progress_bar=False,
        log_output=False,
    )


@pytest.mark.slow
def test_the_notebook_leaves_an_adapter_with_its_proof(run, tmp_path):
    execute(run, tmp_path / "out.ipynb", epochs=2.0, examples_per_task=60, learning_curve=True)
    step = run / "03_qlora_finetune"
    summary = read_json(step / "summary.json")
    table = pd.read_parquet(step / "comparison.parquet").set_index("task")
    made = pd.read_parquet(step / "predictions.parquet")
    assert set(made["candidate"]) == {BASE, f"{BASE}+tuned"}
    assert set(made["split"]) == {"calibration", "test"}
    assert summary["tasks_trained"] == ["sort"]
    assert summary["tuned_agreement"] == pytest.approx(table.loc["ALL", "tuned"])
    assert {"sort", "write", "ALL"} == set(table.index)
    test = made[(made["split"] == "test") & (made["task"] == "sort")]
    both = test.groupby("call_id")["agrees"].transform("size") == 2  # the minutes may end before the base is through
    tuned = test[both & (test["candidate"] == f"{BASE}+tuned")]
    assert tuned["agrees"].mean() == pytest.approx(table.loc["sort", "tuned"])
    assert len(tuned) == table.loc["sort", "n"]
    lines = (step / "train.jsonl").read_text().splitlines()
    assert len(lines) == summary["train_examples"]
    assert all(json.loads(line)["messages"][-1]["role"] == "assistant" for line in lines)
    assert {"README.md", "adapter_config.json", "adapter_model.safetensors"} <= {
        f.name for f in (step / "adapter").iterdir()
    }
    assert {f.stem for f in (step / "figures").iterdir()} == {"1_loss", "2_before_after", "3_learning_curve"}
    assert "decide nothing from it" in summary["model_notice"]
    told = (tmp_path / "out.ipynb").read_text()
    assert "examples are better" in told or "examples on" in told


@pytest.mark.slow
def test_a_planted_near_duplicate_stops_the_notebook_with_the_pair(run, tmp_path):
    calls = pd.read_parquet(run / "01_traffic_audit" / "calls.parquet")
    held = calls[(calls["split"] == "test") & (calls["task"] == "sort")].iloc[0]
    text = held["messages"][1]["content"]
    planted = {
        "messages": [
            {"role": "system", "content": held["messages"][0]["content"]},
            {"role": "user", "content": text + "?"},
        ]
    }
    file = tmp_path / "corrections.jsonl"
    file.write_text(json.dumps(planted | {"response": "order"}) + "\n")
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        execute(run, tmp_path / "out.ipynb", corrections=str(file))
    assert caught.value.ename == "LeakError"
    assert "correction-1" in caught.value.evalue
    assert held["call_id"] in caught.value.evalue
    assert text[:30] in caught.value.evalue
