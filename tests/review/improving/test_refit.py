"""Classifiers that learned from fresh answers know what they could not know before, and are served from the run."""

import numpy as np
import pandas as pd
import pytest

from migration.artifacts import open_step
from migration.live.call import read
from migration.live.rungs.inprocess import load
from migration.models import ModelNotFound, find
from migration.review.improving.refit import learn
from migration.routing.policy import Candidate
from migration.schema import split_of

ASKED = {
    "refund": ("I want my money back for", "please refund", "when do I get the refund of", "return the payment for"),
    "track": ("where is", "when will you deliver", "track the parcel with", "has the courier got"),
    "cancel": ("cancel", "I no longer want", "please stop the order of", "call off the purchase of"),
    "invoice": ("send me the bill for", "I need an invoice of", "where is the invoice for", "receipt of"),
}
THINGS = ("the blue shoes", "my order", "a coffee machine", "those two books", "the garden chair", "my new phone")
ENDS = ("", " please", ", thanks", " today", " as soon as you can", ", I ask again")


def calls(n: int, intents: tuple[str, ...], name: str) -> pd.DataFrame:
    """Calls of one task; fresh ones ask for what the log never asked for."""
    rng = np.random.default_rng(len(intents))
    said = rng.choice(intents, n)
    texts = [f"{rng.choice(ASKED[each])} {rng.choice(THINGS)}{rng.choice(ENDS)}" for each in said]
    messages = [[{"role": "system", "content": "Intent?"}, {"role": "user", "content": text}] for text in texts]
    ids = [f"{name}{i}" for i in range(n)]
    frame = pd.DataFrame({"call_id": ids, "conversation_id": ids, "messages": messages, "response": said})
    return frame.assign(
        task="intent", task_type="classification", kind="chat", split=frame["call_id"].map(split_of),
        prompt_tokens=20, completion_tokens=2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """(run folder, fresh calls, what was learned)."""
    try:
        find("minilm")
    except ModelNotFound as missing:
        pytest.skip(str(missing))
    step = open_step(tmp_path_factory.mktemp("run"), "07_weekly_review/2026-W01")
    fresh = calls(160, ("cancel", "invoice"), "new")
    before = pd.DataFrame({"candidate_kind": ["classifier"], "base": ["minilm"]})
    every = pd.concat([calls(160, ("refund", "track", "cancel"), "old"), fresh], ignore_index=True)
    found, left_out = learn(step, every, fresh["call_id"], before, hard=(), train_minutes=1.0, say=lambda _: None)
    step.finish({}, decision="")
    return step.run.path, fresh, found, left_out


def test_a_classifier_learns_an_answer_that_only_fresh_calls_have(learned):
    _, fresh, (made,), left_out = learned
    assert made.candidate.name == "classifier 2026-W01"
    assert 0 < made.fresh < made.examples
    own = made.answers[made.answers["call_id"].isin(fresh.loc[fresh["response"] == "invoice", "call_id"])]
    assert len(own) > 10
    assert own["agrees"].mean() > 0.8
    assert not own["call_id"].map(split_of).eq("train").any()  # what taught proves nothing
    assert left_out == ("no adapter was trained in step 03 that could go on",)


def test_production_loads_it_from_the_run_and_from_nowhere_else(learned):
    run, _, (made,), _ = learned
    served = Candidate(made.candidate.kind, "minilm", "minilm", str(made.candidate.adapter))
    call = read(
        {
            "messages": [
                {"role": "system", "content": "Intent?"},
                {"role": "user", "content": "send me the bill for my order"},
            ]
        }
    )
    assert load("new", served, run).reply(call, "intent").text == "invoice"
    with pytest.raises(Exception, match="outside of the run"):
        load("new", Candidate(made.candidate.kind, "minilm", "minilm", "../elsewhere"), run)


def test_a_log_without_a_set_of_answers_teaches_no_classifier(tmp_path):
    every = calls(60, ("refund", "track"), "old")
    every["response"] = [f"A reply of its own to case {i}." for i in range(60)]
    step = open_step(tmp_path, "07_weekly_review/2026-W02")
    before = pd.DataFrame({"candidate_kind": ["classifier"], "base": ["minilm"]})
    assert learn(step, every, every["call_id"], before, hard=(), train_minutes=0.0, say=print) == ((), ())
