"""Choosing among known answers: only where the set is closed, on the same calls, each way counted as it is."""

import pandas as pd
import pytest

from migration.benchmark import Answers, Candidate, ask, choices, eligible, score
from migration.benchmark.closed import CHOOSE, EITHER, FIRST_CALLS, WRITE, Choices, closed_sets

TEAMS = ["billing", "parcels", "parcels abroad"]


def log(task, answers, split="train"):
    return pd.DataFrame(
        {
            "call_id": [f"{task}-{split}-{i}" for i in range(len(answers))],
            "kind": "chat",
            "task": task,
            "task_type": "routing",
            "messages": [[{"role": "user", "content": f"{task} {split} {i}"}] for i in range(len(answers))],
            "response": answers,
            "completion_tokens": 3,
            "split": split,
        }
    )


@pytest.fixture
def calls():
    return pd.concat(
        [
            log("team", TEAMS * 30),
            log("reply", [f"Dear customer {i}" for i in range(60)]),
            log("gate", ["yes"] * 40),
            log("team", TEAMS * 4, "test"),
            log("reply", ["Dear customer"] * 6, "test"),
        ],
        ignore_index=True,
    )


def test_a_set_is_closed_where_the_next_answer_is_hardly_ever_new(calls):
    assert closed_sets(calls) == {"team": tuple(TEAMS)}
    rare = pd.concat([calls, log("team", ["fraud", "legal"]).assign(call_id=["x", "y"])])
    assert closed_sets(rare) == {}


def test_both_ways_answer_the_same_calls_and_nothing_is_chosen_twice(tiny_folder, calls, tmp_path):
    candidate, sample = Candidate("tiny", str(tiny_folder)), eligible(calls[calls["split"] == "test"])
    written = score(ask([candidate], sample, calls, cache=tmp_path), sample)
    found = choices(candidate, written, sample, calls, minutes=1, cache=tmp_path)
    again = choices(candidate, written, sample, calls, minutes=1, cache=tmp_path)
    pd.testing.assert_frame_equal(found.frame, again.frame)
    assert set(Answers(tmp_path / "answers.sqlite").counts().values()) == {1}

    both = found.onto(written).set_index("task")
    assert both.loc["team", "closed_output"].isin(TEAMS).all()
    assert both.loc["team", "closed_margin"].between(0, 1).all()
    assert both.loc["reply", "closed_output"].isna().all()
    (row,) = found.frame.to_dict("records")
    assert (row["task"], row["answers"], row["n"]) == ("team", 3, 12)
    assert row["chosen"] == pytest.approx(both.loc["team", "closed_agrees"].mean())
    assert row["written"] == pytest.approx(both.loc["team", "agrees"].mean())
    assert found.table({"team": "Which team?"})["task"].tolist() == ["Which team?"]


def test_little_time_asks_few_calls(tiny_folder, calls, tmp_path):
    candidate, sample = Candidate("tiny", str(tiny_folder)), eligible(calls[calls["split"] == "test"])
    written = score(ask([candidate], sample, calls, cache=tmp_path), sample)
    assert choices(candidate, written, sample, calls, minutes=0, cache=tmp_path).frame["n"].tolist() == [FIRST_CALLS]


def test_calls_that_the_minutes_left_unwritten_are_not_chosen_for(tiny_folder, calls, tmp_path):
    candidate, sample = Candidate("tiny", str(tiny_folder)), eligible(calls[calls["split"] == "test"])
    written = score(ask([candidate], sample, calls, cache=tmp_path), sample).iloc[:-9]
    found = choices(candidate, written, sample, calls, minutes=1, cache=tmp_path)
    assert found.frame["n"].sum() == (written["task"] == "team").sum() < 12


def test_an_endpoint_is_not_asked(calls, tmp_path):
    sample = eligible(calls[calls["split"] == "test"])
    written = pd.DataFrame(
        {"call_id": sample["call_id"], "candidate": "far", "output": "", "margin": 0.0, "agrees": True}
    )
    found = choices(Candidate("far", "http://localhost:9/v1#far"), written, sample, calls, minutes=1, cache=tmp_path)
    assert str(found).startswith("No task")
    assert found.table({}).empty
    assert found.onto(written)["closed_output"].isna().all()


def test_the_sentence_counts_what_is_better():
    row = {"n": 50, "written_ms": 100.0, "chosen_ms": 250.0}
    frame = pd.DataFrame(
        [
            row | {"written": 0.0, "chosen": 0.4, "better": CHOOSE},
            row | {"written": 0.6, "chosen": 0.2, "better": WRITE, "chosen_ms": 50.0},
            row | {"written": 0.3, "chosen": 0.3, "better": EITHER},
        ]
    )
    said = str(Choices("tiny", pd.DataFrame(), frame))
    assert "better choosing on 1 and better writing on 1" in said
    assert "30% of these calls agree when it writes, 30% when it chooses, in 0.5 to 2.5 times" in said
