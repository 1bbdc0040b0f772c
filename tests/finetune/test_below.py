"""Training goes where the rungs below cannot be trusted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_examples import log

from migration.benchmark.kinds.by_task import training_calls
from migration.finetune import below
from migration.finetune.examples import choose, pick
from migration.models import ModelNotFound, find
from migration.schema import Part, parts_of


def trial_of(calls, task, right, kind="classifier", base="minilm"):
    """A candidate's answers to the held-out calls of `task`: `right` (call_id -> agrees) where it is sure."""
    held = calls[(calls["task"] == task) & (calls["split"] != "train")]
    agrees = [right(call) for call in held["call_id"]]
    return pd.DataFrame({
        "call_id": held["call_id"], "candidate": kind, "candidate_kind": kind, "base": base, "task": task,
        "split": held["split"], "agrees": agrees, "confidence_raw": np.where(agrees, 0.9, 0.4), "error": None,
    })  # fmt: skip


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 60))
def test_what_is_kept_differs_in_a_tenth_at_most(agrees, silent):
    agrees = np.array(agrees, bool)
    confidence = np.linspace(1, 0, len(agrees))
    share = below.kept_share(confidence, agrees)
    kept = round(share * len(agrees))
    assert (~agrees[:kept]).sum() <= below.TRUSTED * kept
    without = np.r_[agrees, np.zeros(silent, bool)], np.r_[confidence, np.full(silent, -1.0)]
    assert below.kept_share(without[1], without[0]) == pytest.approx(kept / max(len(agrees) + silent, 1))


def test_tasks_that_a_classifier_answers_count_for_what_it_leaves():
    calls = pd.concat([log(400, "sort"), log(400, "mood")])
    calls["call_id"] = calls["task"] + calls["call_id"]
    tasks = pd.DataFrame({"task": ["sort", "mood", "free"]})
    trial = pd.concat([
        trial_of(calls, "sort", lambda call: True),
        trial_of(calls, "mood", lambda call: int(call[-1]) < 5),
        trial_of(calls, "mood", lambda call: True, kind="slm"),
    ])  # fmt: skip
    left = below.with_left(tasks, trial, calls).set_index("task")["left"]
    assert (left["sort"], left["free"]) == (0, 1)
    assert 0.2 < left["mood"] < 0.8
    assert below.with_left(tasks, trial.iloc[:0], calls)["left"].tolist() == [1, 1, 1]
    other = trial.assign(agrees=[
        agrees or part != Part.FIT
        for agrees, part in zip(trial["agrees"], parts_of(trial["call_id"], trial["split"]), strict=True)
    ])  # fmt: skip
    kept = below.with_left(tasks, other, calls.assign(conversation_id=None)).set_index("task")["left"]
    assert kept["mood"] > 0  # calls that prove or report say nothing


def test_examples_follow_the_doubt():
    texts = [f"words of message number {i} {'abcdefg'[i % 7] * 5}" for i in range(80)]
    pool = pd.DataFrame({"label": ["sure", "doubted"] * 40, "own_text": texts})
    even = pool.loc[pick(pool, 20), "label"].value_counts()
    led = pool.assign(doubt=np.where(pool["label"] == "doubted", 0.9, 0.0))
    found = led.loc[pick(led, 20), "label"].value_counts()
    assert even["sure"] == even["doubted"] == 10
    assert found["doubted"] > 15
    assert found["sure"] >= 1
    half = pool.assign(doubt=np.where(pool["label"] == "doubted", 0.3, np.nan))  # no classifier looked at the others
    assert pool.loc[pick(half, 20), "label"].value_counts().to_dict() == {"sure": 10, "doubted": 10}


def test_a_task_of_many_answers_gets_examples_of_each():
    calls = log(900, "sort")
    calls["response"] = [f"answer {i % 50}" for i in range(len(calls))]
    assert choose(calls, ["sort"], n=40).train["label"].nunique() == 40
    train = choose(calls, ["sort"], n=200).train
    assert len(train) >= min(250, 0.8 * len(training_calls(calls, "sort")) * 0.7)


def test_doubt_is_of_a_classifier_that_did_not_see_the_call():
    try:
        find("minilm")
    except ModelNotFound as missing:
        pytest.skip(str(missing))
    calls = log(300, "sort").assign(conversation_id=None)
    tasks = pd.DataFrame({"task": ["sort"], "left": [0.4]})
    found = below.doubted(calls, tasks, trial_of(calls, "sort", lambda call: True))
    train = found["split"] == "train"
    assert found.loc[train, "doubt"].between(0, 1).mean() > 0.9
    assert found.loc[~train, "doubt"].isna().all()
    none = below.doubted(calls, tasks.assign(left=0.0), trial_of(calls, "sort", lambda call: True))
    assert none["doubt"].isna().all()
