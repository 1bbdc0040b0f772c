"""Hard examples are the calls that taught something, masked, once each, and without answers that a person rejected."""

import dataclasses
import json

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.review import add_examples, hard_examples, read_labels


@pytest.fixture
def decisions():
    rows = [
        ("wrong", "where is order 1", True, 0.97, 1.0),
        ("wrong again", "where is order 2", True, 0.97, 1.0),
        ("escalated", "my mail is ann@example.com", False, 0.3, 0.0),
        ("near", "cancel it", True, 0.91, 0.0),
        ("easy", "hello there", True, 0.99, 0.0),
    ]
    frame = pd.DataFrame(rows, columns=["call_id", "text", "kept", "first_confidence", "loss"])
    messages = [[{"role": "user", "content": text}] for text in frame["text"]]
    return frame.drop(columns="text").assign(
        task="intent", conversation_id=frame["call_id"], messages=messages, first="a", reference="b"
    )


def test_the_hardest_come_first_and_repeats_and_easy_ones_not_at_all(decisions, policy):
    hard = hard_examples(decisions, policy)
    assert hard["call_id"].tolist() == ["wrong", "escalated", "near"]
    assert hard["why"].tolist() == ["differs", "escalated", "near the threshold"]


def test_a_policy_that_routes_nothing_has_no_hard_example(decisions, policy):
    to_llm = dataclasses.replace(policy, rungs={"intent": ()})
    asked_nobody = decisions.assign(first=None, first_confidence=None, kept=False, loss=float("nan"))
    assert hard_examples(asked_nobody, to_llm).empty
    assert hard_examples(asked_nobody, dataclasses.replace(policy, rungs={})).empty


def test_examples_are_masked_and_follow_what_a_person_said(decisions, policy, tmp_path):
    (tmp_path / "labels.csv").write_text("call_id,right,answer\nwrong,no,\nnear,,c\n")
    labels = read_labels(tmp_path / "labels.csv")
    former = tmp_path / "train.jsonl"
    former.write_text('{"messages": []}\n')
    assert add_examples(former, hard_examples(decisions, policy), labels, tmp_path / "new.jsonl") == 2
    lines = [json.loads(line) for line in (tmp_path / "new.jsonl").read_text().splitlines()]
    assert [line["messages"][-1]["content"] for line in lines[1:]] == ["b", "c"]
    assert "ann@example.com" not in (tmp_path / "new.jsonl").read_text()


def test_labels_without_their_columns_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("id,verdict\n1,yes\n")
    with pytest.raises(BadInput, match="call_id"):
        read_labels(tmp_path / "labels.csv")
    (tmp_path / "labels.csv").write_text("call_id,right\n1,yes\n2,perhaps\n")
    with pytest.raises(BadInput, match="line 3"):
        read_labels(tmp_path / "labels.csv")
