"""Worked examples: of the same task, the nearest last, and nobody's personal data."""

import pandas as pd

from migration.benchmark.shots import Examples, with_shots


def test_shots_are_the_nearest_examples_of_the_task_best_last():
    def call(text, task, response):
        return {"messages": [{"role": "system", "content": "old"}, {"role": "user", "content": text}]} | {
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
        {"messages": [{"role": "user", "content": f"text {i}"}], "response": str(i), "task": "t"} for i in range(20)
    ]
    train = pd.DataFrame(rows)
    asked = train.head(3).drop(columns="response")
    first, *others = [m[:-1] for m in with_shots(asked, train, 4, examples="random")["messages"]]
    assert len(first) == 8
    assert all(other == first for other in others)


def test_examples_show_no_personal_data_of_another_customer():
    asked = {
        "messages": [{"role": "user", "content": "I am at jane.doe@example.com"}],
        "response": "jane.doe@example.com",
    }
    ((shown, answer, question),) = Examples.of(pd.DataFrame([asked]), 2).onto([[{"role": "user", "content": "and I?"}]])
    assert (shown["content"], answer["content"]) == ("I am at <EMAIL_1>", "<EMAIL_1>")
    assert question["content"] == "and I?"
