"""A review from a run folder and a decision log to alerts, suspended tasks and a new policy."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from migration import review
from migration.artifacts import Run, write_json
from migration.errors import BadInput
from migration.live import policies
from migration.review.watching.decisions import read_decisions
from migration.routing.policy import Rung

WORDS = np.array(["order", "parcel", "refund", "late", "broken", "card", "login", "colour", "size", "help", "please"])


def lines(policy, *, wrong, calls=4000, start="2025-09-08", seed=0, shadow_share=0.5):
    """A decision log of one task in conversations of two: sure answers are kept, and wrong at a rate."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp(start, tz="UTC")
    for number in range(calls):
        confidence = float(rng.uniform(0.7, 1.0))
        kept, shadowed = confidence >= 0.9, bool(rng.random() < shadow_share)
        said = "no" if rng.random() < (wrong if kept else 0.3) else "yes"
        text = " ".join(rng.choice(WORDS, 6))
        tried = [{"candidate": "labels", "rung": 0, "answer": said, "confidence": confidence, "kept": False}]
        llm = [{"candidate": "gpt", "rung": -1, "answer": "yes", "confidence": 1.0, "kept": True}]
        yield {
            "call_id": f"{start}-{number}",
            "conversation_id": f"{start}-{number // 2}",
            "created_at": (at + pd.Timedelta(minutes=2 * number)).isoformat(),
            "task": "intent",
            "rung": 0 if kept else -1,
            "decision": "slm" if kept else "llm",
            "reason": "",
            "confidence": confidence,
            "prompt_tokens": 50,
            "completion_tokens": 2,
            "latency_ms": 20.0,
            "cost_usd": 0.0 if kept else 0.001,
            "candidate": "labels" if kept else "gpt",
            "stage": "answer",
            "policy": policy.version,
            "shadow_share": shadow_share,
            "shadowed": shadowed,
            "shadow": llm if shadowed and kept else [],
            "tried": [] if kept else tried,
            "model": "labels" if kept else "gpt",
            "messages": [{"role": "system", "content": "Name the intent."}, {"role": "user", "content": text}],
            "response": said if kept else "yes",
        }


@pytest.fixture
def single(policy):
    return dataclasses.replace(policy, rungs={"intent": (Rung("labels", 0.9),)})


@pytest.fixture
def run(tmp_path, single):
    """A run folder with what a review reads, and its policy active."""
    for step in ("01_traffic_audit", "04_router_tuning", "05_cost_projection", "03_qlora_finetune"):
        write_json(tmp_path / step / "summary.json", {"decision": ""})
    pd.DataFrame({"task": ["intent"], "task_type": ["classification"]}).to_parquet(
        tmp_path / "01_traffic_audit" / "tasks.parquet"
    )
    rows = pd.DataFrame(list(lines(single, wrong=0.0, calls=800, start="2025-08-04", seed=9)))
    rows = rows.assign(kind="chat", split="test", response="yes", model="gpt")
    rows[["call_id", "conversation_id", "task", "messages", "response", "model", "kind", "split"]].to_parquet(
        tmp_path / "01_traffic_audit" / "calls.parquet"
    )
    projection = {"scenario": "hybrid", "month": 1, "component": "total", "p10": 1.0, "p50": 2.0, "p90": 30.0}
    pd.DataFrame([projection]).to_parquet(tmp_path / "05_cost_projection" / "projection.parquet")
    (tmp_path / "03_qlora_finetune" / "train.jsonl").write_text('{"messages": []}\n')
    file = write_json(tmp_path / "04_router_tuning" / "policy.json", single.to_json())
    policies.activate(policies.folder_of(tmp_path), policies.add(policies.folder_of(tmp_path), file))
    return Run(tmp_path)


def logged(run, records):
    path = run.path / "live" / "decisions-2025-09-08.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_quiet_week_ends_quietly_and_may_lower_the_threshold(run, single):
    logged(run, lines(single, wrong=0.005))
    found = review.open_review(run, [])
    assert found.alarms == []
    assert review.act(found) == []
    whole = found.table[found.table["group"] == "ALL"].iloc[0]
    assert whole["slm_share"] == pytest.approx(1 / 3, abs=0.03)
    proposed = review.proposal(found)
    assert proposed.review == 1
    review.spend(found, proposed)
    assert review.proposal(found) is None  # no call is looked at twice


def test_a_broken_guarantee_returns_its_tasks_to_the_llm_at_once(run, single):
    logged(run, lines(single, wrong=0.4))
    found = review.open_review(run, [])
    assert [alarm.kind for alarm in found.alarms] == ["guarantee"]
    assert review.act(found) == ["intent"]
    assert policies.read_active(run.path / "live").suspended == ("intent",)
    store = policies.PolicyStore(run.path / "live")
    assert store.current().active.suspended == ("intent",)
    assert "intent went back" in review.decision_sentence(found, ["intent"], None)


def test_answers_to_check_and_hard_examples_come_from_the_log(run, single, tmp_path):
    logged(run, lines(single, wrong=0.1))
    found = review.open_review(run, [])
    form = review.LabelForm(review.to_check(review.check_rows(found), 50), tmp_path / "to_check.csv")
    for _ in range(50):
        form.say("yes")
    rate = review.checked_rate(tmp_path / "to_check.csv", review.check_rows(found))
    assert rate.n == 50
    assert rate.low == 0
    hard = review.hard_examples(found.decisions, found.policy, 30)
    assert hard["why"].str.contains("differs").any()
    target = tmp_path / "train.jsonl"
    assert review.add_examples(run.path / "03_qlora_finetune" / "train.jsonl", hard, {}, target) == 30
    assert len(target.read_text().splitlines()) == 31


def test_shadow_answers_are_read_as_the_policy_decided(run, single):
    frame = read_decisions([logged(run, lines(single, wrong=0.0, calls=200))])
    kept = frame["kept"].astype(bool)
    assert (frame.loc[kept & frame["shadowed"].astype(bool), "reference"] == "yes").all()
    assert (frame.loc[~kept, "first"].notna()).all()
    assert (frame.loc[frame["shadowed"].astype(bool), "weight"] == 2).all()


def test_a_log_that_cannot_be_read_says_where(run, single):
    path = logged(run, lines(single, wrong=0.0, calls=3))
    path.write_text('{"broken": 1}\n' + path.read_text())
    with pytest.raises(BadInput, match="line 1"):
        read_decisions([path])


@pytest.mark.slow
def test_the_command_ends_with_3_on_an_alarm(run, single):
    import subprocess
    import sys

    logged(run, lines(single, wrong=0.4, calls=2000))
    done = subprocess.run(
        [sys.executable, "-m", "migration.cli", "review", str(run.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stdout + done.stderr
    folder = run.path / "07_weekly_review" / "2025-W37"
    alerts = json.loads((folder / "alerts.json").read_text())
    assert alerts["suspended"] == ["intent"]
    assert {"week", "group", "calls", "slm_share", "shadowed", "loss", "evidence", "alarm", "cost_usd"} <= set(
        pd.read_parquet(folder / "review.parquet").columns
    )
