"""A candidate that was measured with worked examples is asked with them, or not at all."""

import dataclasses

import pytest
from live_runs import asked, log_of, policy, put

from migration.live import HybridClient
from migration.routing.policy import Candidate
from migration.schema import CandidateKind

TRAIN = [("where is my parcel", "shipping"), ("end my contract", "contracts"), ("call jane.doe@example.com", "sales")]


@pytest.fixture
def client(run, llm_url, small_url):
    def with_examples(examples: str) -> HybridClient:
        shown = Candidate(CandidateKind.SLM, "small", shots=2, examples=examples)
        put(run, dataclasses.replace(policy(), candidates={"small": shown}))
        options = {"log": False, "upstreams": {"small": small_url}}
        return HybridClient(run, base_url=llm_url, api_key="k", hybrid=options)

    return with_examples


def rows() -> list[dict]:
    learned = [{"messages": asked(text), "response": said} for text, said in TRAIN]
    return [
        {"call_id": str(i), "task": "queue", "kind": "chat", "split": "train"} | one for i, one in enumerate(learned)
    ]


@pytest.mark.parametrize("examples", ["similar", "random"])
def test_examples_come_from_the_runs_own_training_calls(client, run, small_app, examples):
    log_of(run, [*rows(), {**rows()[0], "split": "test", "response": "a held-out answer"}])
    with client(examples) as talking:
        talking.hybrid.warm()
        reply = talking.chat.completions.create(model="m", messages=asked("where is the parcel of mine?"))
    assert reply.decision.candidate == "small"
    sent = [(one["role"], one["content"]) for one in small_app.state.seen[-1][1]["messages"]]
    assert [role for role, _ in sent] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert sent[-1] == ("user", "where is the parcel of mine?")
    assert {text for _, text in sent[1:-1]} <= {word for pair in TRAIN for word in pair} | {"call <EMAIL_1>"}
    if examples == "similar":
        assert sent[3:5] == [("user", "where is my parcel"), ("assistant", "shipping")]


def test_without_its_examples_it_is_another_candidate_and_not_asked(client):
    with client("similar") as talking:
        reply = talking.chat.completions.create(model="m", messages=asked("hi"))
    assert reply.choices[0].message.content == "llm says hi"
    assert "its examples cannot be had" in reply.decision.reason
