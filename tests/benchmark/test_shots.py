"""Worked examples: of the same task, the nearest last, and nobody's personal data."""

import numpy as np
import pandas as pd
import pytest

from migration.audit import with_sampled_texts
from migration.benchmark import shots
from migration.benchmark.shots import RANDOM, SIMILAR, Examples, with_shots


def test_shots_are_the_nearest_examples_of_the_task_best_last():
    def call(text, task, response):
        return {"messages": [{"role": "system", "content": "old"}, {"role": "user", "content": text}]} | {
            "call_id": text,
            "task": task,
            "response": response,
        }

    train = pd.DataFrame(
        [
            call("where is my parcel", "intent", "track"),
            call("where is my parcel please", "other task", "wrong"),
            call("refund my money", "intent", "refund"),
            call("where is the parcel I ordered", "intent", "track it"),
            call("unanswered parcel", "intent", None),
        ]
    )
    asked = [{"role": "system", "content": "new"}, {"role": "user", "content": "where is my parcel?"}]
    requests = pd.DataFrame({"call_id": ["a"], "task": ["intent"], "messages": [asked], "max_tokens": [5]}, index=[7])
    (messages,) = with_shots(requests, train, 2)["messages"]
    assert [m["content"] for m in messages] == [
        "new",
        "where is the parcel I ordered",
        "track it",
        "where is my parcel",
        "track",
        "where is my parcel?",
    ]
    assert with_shots(requests, train, 0) is requests
    unknown = requests.assign(task="never seen")
    assert with_shots(unknown, train, 2)["messages"].iloc[0] == asked


def test_random_examples_are_the_same_for_all_calls_of_a_task():
    rows = [
        {"call_id": f"c{i}", "task": "t", "messages": [{"role": "user", "content": f"text {i}"}], "response": str(i)}
        for i in range(20)
    ]
    train = pd.DataFrame(rows)
    asked = train.head(3).drop(columns="response")
    first, *others = [m[:-1] for m in with_shots(asked, train, 4, examples="random")["messages"]]
    assert len(first) == 8
    assert all(other == first for other in others)


@pytest.mark.parametrize("examples", [SIMILAR, RANDOM])
def test_a_part_of_a_large_log_gives_the_same_examples_as_the_whole(tmp_path, examples, monkeypatch):
    monkeypatch.setattr(shots, "MOST_COMPARED", 5)
    monkeypatch.setattr(shots, "_likeness", lambda known: lambda asked: np.ones((len(asked), len(known))))
    log = pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(60)],
            "kind": "chat",
            "task": "t",
            "split": "train",
            "messages": [[{"role": "user", "content": f"text {i}"}] for i in range(60)],
            "tools": None,
            "response": [str(i) for i in range(60)],
        }
    )
    log.to_parquet(tmp_path / "calls.parquet")
    part = with_sampled_texts(tmp_path / "calls.parquet", most=20)
    assert part["response"].notna().sum() == 20
    asked = [[{"role": "user", "content": "which?"}]]
    whole, drawn = (Examples.of(calls.dropna(subset="response"), 5, examples=examples) for calls in (log, part))
    assert whole.onto(asked) == drawn.onto(asked)


def test_examples_show_no_personal_data_of_another_customer():
    asked = {
        "call_id": "a",
        "messages": [{"role": "user", "content": "I am at jane.doe@example.com"}],
        "response": "jane.doe@example.com",
    }
    ((shown, answer, question),) = Examples.of(pd.DataFrame([asked]), 2).onto([[{"role": "user", "content": "and I?"}]])
    assert (shown["content"], answer["content"]) == ("I am at <EMAIL_1>", "<EMAIL_1>")
    assert question["content"] == "and I?"
