"""The gateway decides on a run's test calls as step 04 did, and an engine that answers otherwise is told.

A recorded server stands for the engine here; a tuned model in two real engines is in `test_serve`.
"""

import dataclasses
import json

import pandas as pd
import pytest
from live_runs import OTHER, QUEUE, asked, log_of, policy

from migration import routing
from migration.benchmark import Candidate, answer, score
from migration.errors import BadInput
from migration.live.server.check import bounds_of, check, sampled
from migration.routing.tuning.proof.bounds import binomial_upper
from migration.schema import GroupTest, Guarantee


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
    assert found.carried
    assert "carries over: these are the answers that 04 proved" in str(found)


def test_an_engine_that_answers_otherwise_is_told(measured, llm_url):
    found = check(measured, {"small": llm_url}, "another model", calls=50)
    assert found.differing.empty, "as sure as the other"
    assert found.changed.value == pytest.approx(found.loss.value)
    assert found.changed.value > 0.2
    assert not found.carried
    assert "tune with this engine" in str(found)


def test_few_calls_of_another_engine_prove_nothing_however_well_it_answers(measured, small_url):
    found = check(measured, {"small": small_url}, "the same answers, somewhere else", calls=50)
    assert (found.differing.empty, found.changed.value, found.carried) == (True, 0.0, False)


def test_another_engine_is_tested_against_both_limits_in_each_group_at_a_shared_level(measured, small_url):
    pair = [GroupTest(name, (name,), 1, 1, 0.5, 0.0, 0.0, 0.0, 0.0, True) for name in ("often", "seldom")]
    both = Guarantee(0.05, 0.05, 0.95, 1, 1, tuple(pair))
    kept = {"often": 300, "seldom": 20}  # of 300 calls each, one lost of those kept
    rows = pd.concat([pd.DataFrame({"task": task, "kept": range(300), "conversation": range(300), "weight": 1.0})
                      .assign(kept=lambda own, n=n: own["kept"] < n, lost=lambda own: own.index == 0)
                      for task, n in kept.items()])  # fmt: skip
    found = bounds_of(rows, both).set_index("group")
    assert found["bound"].tolist() == pytest.approx([binomial_upper(1, 300, 0.025)] * 2)
    assert found["kept_bound"].tolist() == pytest.approx([binomial_upper(1, n, 0.025) for n in kept.values()])
    told = dataclasses.replace(check(measured, {"small": small_url}, "any", calls=1), guarantee=both)
    assert not dataclasses.replace(told, groups=found).carried, "one in 20 kept is over 5%, for all that is known"
    assert dataclasses.replace(told, groups=found.loc[["often"]]).carried
    alone = bounds_of(rows[rows["task"] == "often"], both).set_index("group")
    assert alone.loc["seldom", ["bound", "kept_bound"]].tolist() == [1.0, 1.0], "no call, no proof"


def test_a_part_of_the_calls_stands_for_all_of_the_traffic(measured):
    every, some = (sampled(measured, ["queue"], calls) for calls in (50, 4))
    assert (len(every), len(some)) == (24, 8)
    traffic = [drawn.groupby("task")["weight"].sum().to_dict() for drawn in (every, some)]
    assert traffic[0] == pytest.approx(traffic[1])


def test_an_engine_that_is_down_costs_decisions_and_no_answer(measured):
    found = check(measured, {"small": "http://127.0.0.1:9/v1"}, "nobody", calls=50)
    assert found.same.value < 0.8
    assert (found.changed.value, found.loss.value) == (0.0, 0.0)
    assert set(found.differing["found"]) == {"big"}
    assert "decided otherwise, most often because of: small failed" in str(found)


def test_what_cannot_be_checked_says_why(measured, tmp_path):
    (tmp_path / "02_candidate_benchmark" / "predictions.parquet").unlink()
    with pytest.raises(BadInput, match="steps 02 to 04"):
        check(tmp_path, {}, "any", calls=1)
    nothing = policy(rungs=())
    (tmp_path / "04_router_tuning" / "policy.json").write_text(json.dumps(nothing.to_json()))
    with pytest.raises(BadInput, match=r"nothing to check|missing"):
        check(tmp_path, {}, "any", calls=1)
