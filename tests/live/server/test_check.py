"""The gateway decides on a run's test calls as step 04 did, and an engine that answers otherwise is told.

A recorded server stands for the engine here; a tuned model in two real engines is in `test_serve`.
"""

import json

import pandas as pd
import pytest
from live_runs import OTHER, QUEUE, asked, log_of, policy

from migration import routing
from migration.benchmark import Candidate, answer, score
from migration.errors import BadInput
from migration.live.server.check import check


@pytest.fixture
def measured(tmp_path, small_url):
    """A run whose small model was measured at an address: 02's answers, 04's policy and decisions."""
    texts = ["hi", "unsure", "hi again", "unsure again", "hi and bye", "unsure of it"] * 4
    rows = [
        {"call_id": f"c{place}", "conversation_id": f"v{place}", "kind": "chat", "task": "queue" if ours else "poem",
         "task_type": "routing", "split": "test", "messages": asked(f"{text} {place}", QUEUE if ours else OTHER),
         "response": f"small says {text} {place}", "model": "big", "complexity": 0.1, "prompt_tokens": 40,
         "completion_tokens": 4, "cost_usd": 0.001, "latency_ms": 400.0, "max_tokens": 50,
         "created_at": pd.Timestamp("2026-01-01", tz="UTC")}
        for place, (text, ours) in enumerate(zip(texts, [True, True, False] * 8, strict=True))
    ]  # fmt: skip
    calls, trial = pd.DataFrame(rows), Candidate("small", f"{small_url}#small")
    log_of(tmp_path, rows)
    said = score(answer(trial, calls[["call_id", "messages", "max_tokens"]]).assign(**trial.id.columns()), calls)
    tables = {"02_candidate_benchmark/predictions": said, "03_qlora_finetune/predictions": said.iloc[:0],
              "04_router_tuning/decisions": routing.decide(policy(), routing.gather(calls, [said]))}  # fmt: skip
    for name, table in tables.items():
        (tmp_path / name).parent.mkdir()
        table.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "04_router_tuning" / "policy.json").write_text(json.dumps(policy().to_json()))
    return tmp_path


def test_with_the_same_engine_every_decision_is_that_of_step_04(measured, small_url):
    found = check(measured, {"small": small_url}, "as measured", calls=50, measured=True)
    assert (found.same.value, found.changed.value, found.loss.value) == pytest.approx((1.0, 0.0, 0.0))
    assert found.same.n == 24
    assert found.differing.empty
    assert (found.carried, "carries over" in str(found)) == (found.bound, True)


def test_an_engine_that_answers_otherwise_is_told(measured, llm_url):
    found = check(measured, {"small": llm_url}, "another model", calls=50)
    assert found.differing.empty, "as sure as the other"
    assert found.changed.value == pytest.approx(found.loss.value)
    assert found.changed.value > 0.2
    assert found.carried == found.bound + found.changed.high > found.max_loss
    assert "tune with this engine" in str(found)


def test_an_engine_that_is_down_costs_decisions_and_no_answer(measured):
    found = check(measured, {"small": "http://127.0.0.1:9/v1"}, "nobody", calls=50)
    assert found.same.value < 0.8
    assert (found.changed.value, found.loss.value) == (0.0, 0.0)
    assert set(found.differing["found"]) == {"big"}


def test_what_cannot_be_checked_says_why(measured, tmp_path):
    (tmp_path / "02_candidate_benchmark" / "predictions.parquet").unlink()
    with pytest.raises(BadInput, match="steps 02 to 04"):
        check(tmp_path, {}, "any", calls=1)
    nothing = policy(rungs=())
    (tmp_path / "04_router_tuning" / "policy.json").write_text(json.dumps(nothing.to_json()))
    with pytest.raises(BadInput, match=r"nothing to check|missing"):
        check(tmp_path, {}, "any", calls=1)
