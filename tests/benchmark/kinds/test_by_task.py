"""A log's closed-form tasks are learned from its train split, and answered like any other candidate answers them."""

import numpy as np
import pandas as pd
import pytest

from migration.benchmark import ask, available, compare, draw_sample, eligible, keep_classifiers, score
from migration.benchmark.kinds import Classifier
from migration.benchmark.kinds.by_task import _fitted, load_tasks, training_calls
from migration.files import read_json
from migration.schema import split_of


@pytest.fixture(scope="module")
def calls(desk):
    texts, intents = desk
    reply = [f"Dear customer, about {text}: case {i} is open." for i, text in enumerate(texts)]
    rows = []
    for task, kind, said in (("intent", "classification", intents), ("reply", "faq", reply)):
        for i, (text, answer) in enumerate(zip(texts, said, strict=True)):
            mail = f" write to ann{i}@example.com" if i % 9 == 0 else ""
            messages = [{"role": "system", "content": f"Task {task}."}, {"role": "user", "content": text + mail}]
            rows.append((f"{task}{i}", task, kind, messages, answer, split_of(f"{task}{i}")))
    hours = pd.to_timedelta(np.arange(len(rows)) % 320, "h")
    columns = ["call_id", "task", "task_type", "messages", "response", "split"]
    return pd.DataFrame(rows, columns=columns).assign(
        kind="chat", model="gpt-4o", conversation_id=None, prompt_tokens=20, completion_tokens=3, latency_ms=900.0,
        cost_usd=0.001, created_at=pd.Timestamp("2025-06-01", tz="UTC") + hours,
    )  # fmt: skip


@pytest.fixture(scope="module")
def answered(calls, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    trials, missing = available(["classifier", "cache"])
    assert not missing
    sample = draw_sample(calls, 10)
    return trials, sample, ask(trials, sample, calls, cache=folder), folder


def test_training_rows_are_masked_train_calls_that_repeat_no_held_out_one(calls):
    rows = training_calls(calls, "intent")
    assert 20 <= len(rows) < (calls["split"].eq("train") & calls["task"].eq("intent")).sum()
    assert not rows["messages"].map(str).str.contains("@example.com").any()
    assert training_calls(calls, "reply").empty


def test_lines_of_a_machine_that_differ_in_numbers_are_learned_from():
    forms = ["disk {} of the node is full", "user {} of the shop logged in", "payment {} was refused by the bank"]
    texts = [forms[i % 3].format(1000 + i // 4) for i in range(240)]
    ids = [f"c{i}" for i in range(240)]
    log = pd.DataFrame({"call_id": ids, "task": "lines", "kind": "chat", "response": ["warn", "info", "error"] * 80})
    log["split"] = log["call_id"].map(split_of)
    log["messages"] = [[{"role": "user", "content": text}] for text in texts]
    rows, train = training_calls(log, "lines"), log[log["split"] == "train"]
    held = set(log.loc[log["split"] != "train", "messages"].map(str))
    assert len(rows) == (~train["messages"].map(str).isin(held)).sum() > 20


def test_masks_in_text_and_answer_are_no_spans():
    masks = [f"<PHONE_{1 + i % 2}>" for i in range(40)]
    asked = [[{"role": "user", "content": f"{mask} is my number, not {i}"}] for i, mask in enumerate(masks)]
    assert isinstance(_fitted(pd.DataFrame({"messages": asked, "response": masks}), "minilm"), Classifier)


def test_a_classifier_answers_all_held_out_calls_of_its_tasks_and_fails_the_others(calls, answered):
    _, sample, answers, _ = answered
    own = answers[answers["candidate"] == "classifier"].set_index("call_id")
    held = eligible(calls).set_index("call_id")
    assert set(own.index) == set(held.index[held["task"] == "intent"]) | set(sample["call_id"])
    learned = own[own["error"].isna()]
    assert (learned["output"] == held.loc[learned.index, "response"]).mean() > 0.85
    assert learned[["confidence_raw", "margin", "distance", "latency_ms", "compute_ms"]].notna().all().all()
    assert own["candidate_kind"].eq("classifier").all()
    assert own["base"].eq("minilm").all()


def test_weights_speak_for_the_traffic_whatever_the_number_of_answers(calls, answered):
    _, _, answers, _ = answered
    scored = score(answers, eligible(calls))
    totals = scored.groupby(["candidate", "task"])["weight"].sum()
    assert totals.to_numpy() == pytest.approx(320)
    board = compare(scored, calls)
    assert board.rate("classifier").value == pytest.approx(board.rate("classifier", "intent").value / 2)


def test_a_second_time_nothing_is_learned_again_and_the_answers_are_the_same(calls, answered, monkeypatch):
    trials, sample, before, folder = answered
    monkeypatch.setattr("migration.benchmark.kinds.by_task.fit_classifier", None)
    after = ask(trials, sample, calls, cache=folder)
    pd.testing.assert_series_equal(before["output"], after["output"])


def test_classifiers_are_kept_for_production(answered, tmp_path):
    *_, folder = answered
    kept = keep_classifiers(folder, tmp_path)
    assert list(read_json(kept / "tasks.json")) == ["intent"]
    one = load_tasks(kept)["intent"].answer(["please refund my order"])
    assert one["output"].isna().all()  # without the task's system prompt it is another version
