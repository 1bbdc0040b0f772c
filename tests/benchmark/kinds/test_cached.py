"""A cache gives an answer again to the same request, later, and knows from the log how long answers stay true."""

import pandas as pd
import pytest

from migration.benchmark import Candidate
from migration.benchmark.kinds.cached import MISS, answer, learn_recall, request_key, staleness
from migration.schema import CandidateKind

START = pd.Timestamp("2025-06-01", tz="UTC")


def log(rows):
    """rows: (hours after the start, text, answer, split)."""
    frame = pd.DataFrame(rows, columns=["hours", "text", "response", "split"])
    return pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(len(frame))],
            "task": "price",
            "kind": "chat",
            "messages": [[{"role": "user", "content": text}] for text in frame["text"]],
            "response": frame["response"],
            "split": frame["split"],
            "created_at": START + pd.to_timedelta(frame["hours"], "h"),
        }
    )


def test_the_latest_answer_before_a_request_is_given_again():
    calls = log([(0, "Price of A?", "5", "train"), (3, "price of  a?", "6", "train"), (9, "price of A?", "7", "train")])
    held = log([(1, "PRICE OF A?", "5", "test"), (4, "price of a?", "6", "test"), (5, "price of B?", "8", "test")])
    found, _ = answer(Candidate("cache", "", kind=CandidateKind.CACHE), held, calls)
    assert found["output"].tolist()[:2] == ["5", "6"]
    assert found["error"].tolist() == [None, None, MISS]
    assert found["repeats"].tolist()[:2] == [1, 2]
    assert found["unanimity"].tolist()[:2] == [1.0, 0.5]
    assert found["age_s"].tolist()[:2] == [3600.0, 3600.0]


def test_an_answer_is_trusted_as_long_as_the_logs_repeats_agree():
    rows = []
    for item in range(40):  # asked again within the hour: the same; after a week: another price
        rows += [(0, f"item {item}", "1", "train"), (0.5, f"item {item}", "1", "train")]
        rows += [(300, f"item {item}", "2", "train")]
    recall = learn_recall(log(rows))
    table = staleness(log(rows)).set_index("age")
    assert table["repeats"].tolist() == [40, 40]
    assert table.loc["up to an hour", "agreement"] > 0.9
    assert table.loc["up to thirty days", "agreement"] < 0.1
    key = request_key("price", [{"role": "user", "content": "item 3"}])
    soon, late = (recall.look_up(key, START.timestamp() + 3600 * hours) for hours in (0.9, 200))
    assert soon["confidence_raw"] > 0.9
    assert late["confidence_raw"] < 0.1


def test_the_same_words_in_another_task_are_another_request():
    message = [{"role": "user", "content": "item 3"}]
    assert request_key("price", message) != request_key("stock", message)


def test_a_log_without_repeats_knows_little():
    calls = log([(i, f"text {i}", "x", "train") for i in range(9)])
    recall = learn_recall(calls)
    assert recall.agreement == pytest.approx([0.5] * 5)
    assert staleness(calls).empty
