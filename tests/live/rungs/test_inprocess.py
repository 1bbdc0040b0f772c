"""A classifier of step 02 as a rung: its own answers, the signals that its calibration reads, no exception."""

import dataclasses

import pandas as pd
import pytest
from live_runs import asked, log_of, policy, put

from migration import models
from migration.benchmark import fit_classifier
from migration.files import write_json
from migration.live import Hybrid, HybridClient
from migration.live.call import read
from migration.live.cascade import drive, settle
from migration.live.policies import Active, State
from migration.live.rungs.inprocess import Classifiers, InProcess
from migration.routing.policy import Candidate, Router
from migration.routing.policy.signals import Calibrator, SignalScore
from migration.schema import CandidateKind


class Fitted:
    """Answers as `benchmark.kinds.Classifier.answer` does."""

    def answer(self, texts):
        (messages,) = texts
        if "break" in messages[-1]["content"]:
            raise RuntimeError("as asked")
        sure = "unsure" not in messages[-1]["content"]
        row = {
            "output": "billing" if sure else None,
            "confidence": 0.9 if sure else 0.0,
            "margin": 0.8,
            "distance": 0.1,
        }
        return pd.DataFrame([row])


@pytest.fixture
def state():
    score = SignalScore(("confidence_raw",), (0.5,), (1.0,), {"*": (0.0, 9.0)}, Calibrator())
    made = dataclasses.replace(
        policy(rungs=("labels",)),
        candidates={"labels": Candidate(CandidateKind.CLASSIFIER)},
        calibrators={"labels": score},
    )
    return State(Active("v"), Router(made))


@pytest.mark.parametrize(("text", "who"), [("hi", "labels"), ("unsure", "big"), ("break", "big")])
def test_it_answers_or_costs_an_escalation(state, text, who):
    call, rung = read({"messages": asked(text)}), InProcess("labels", Classifiers({"queue": Fitted()}))
    settled = drive(settle(state, call), lambda whom: rung.ask(call, whom.task))
    assert settled.decision.candidate == who
    if who == "labels":
        assert settled.answer.text == "billing"
        assert settled.answer.signals["confidence_raw"] == 0.9


def test_a_run_without_fitted_classifiers_says_so_and_goes_on(run, state):
    hybrid = Hybrid(run, log=False)
    answer = hybrid.rung(state, "labels").ask(read({"messages": asked("hi")}), "queue")
    assert "does not exist" in answer.error


def test_a_classifier_that_step_02_fitted_answers_in_the_gateway(run, llm_url):
    """The whole way with real weights: fitted, saved, loaded, asked, calibrated, kept."""
    by_task = pytest.importorskip("migration.benchmark.kinds.by_task")
    try:
        models.find("minilm")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    parcel, contract = ("parcel", "package", "delivery", "order"), ("contract", "subscription", "plan", "agreement")
    ways = ("where is my {}?", "I want to ask about the {} of mine", "my {}, please!", "{}: what now?")
    texts = [way.format(word) for way in ways for pair in zip(parcel, contract, strict=True) for word in pair]
    answers = ["shipping", "contracts"] * (len(texts) // 2)
    fitted = fit_classifier([asked(text) for text in texts], answers, encoder="minilm")
    folder = run / "02_candidate_benchmark" / by_task.FOLDER
    fitted.save(folder / "one")
    write_json(folder / "tasks.json", {"queue": "one"})
    score = SignalScore(("confidence_raw",), (0.3,), (1.0,), {"*": (0.0, 9.0)}, Calibrator())
    made = dataclasses.replace(
        policy(rungs=("labels",)),
        candidates={"labels": Candidate(CandidateKind.CLASSIFIER, "minilm")},
        calibrators={"labels": score},
    )
    put(run, made)
    with HybridClient(run, base_url=llm_url, api_key="k", hybrid={"log": False}) as client:
        client.hybrid.warm()
        reply = client.chat.completions.create(model="m", messages=asked("where is my package, please?"))
        assert reply.choices[0].message.content == "shipping"
        assert reply.decision.candidate == "labels"


def test_a_request_that_the_log_answered_before_is_answered_from_the_cache(run, llm_url):
    before = [{"call_id": str(i), "task": "queue", "kind": "chat", "split": "train", "response": "billing",
               "created_at": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(hours=i),
               "messages": asked("My card  is LOST")} for i in range(8)]  # fmt: skip
    log_of(run, before)
    score = SignalScore(("confidence_raw",), (0.5,), (1.0,), {"*": (0.0, 9.0)}, Calibrator())
    cache = {"cache": Candidate(CandidateKind.CACHE)}
    put(run, dataclasses.replace(policy(rungs=("cache",)), candidates=cache, calibrators={"cache": score}))
    with HybridClient(run, base_url=llm_url, api_key="k", hybrid={"log": False}) as client:
        said = {
            text: client.chat.completions.create(model="m", messages=asked(text))
            for text in ("my card is lost", "my card is found")
        }
    assert said["my card is lost"].choices[0].message.content == "billing"
    assert said["my card is lost"].decision.candidate == "cache"
    assert said["my card is found"].decision.reason == "cache failed: has no answer to this"


def test_a_small_model_without_an_address_answers_in_this_process(run, llm_url):
    """That its decisions are those of step 04 is shown in `server.test_check`."""
    name = "pocket-llama3"
    try:
        models.find(name)
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    put(run, dataclasses.replace(policy(0.0, rungs=(name,)), candidates={name: Candidate(CandidateKind.SLM, name)}))
    with HybridClient(run, base_url=llm_url, api_key="k", hybrid={"log": False}) as client:
        reply = client.chat.completions.create(model="m", messages=asked("Where is my order?"), max_tokens=6)
    assert (reply.decision.decision, reply.model) == ("slm", name)
    assert reply.usage.completion_tokens <= 6


def test_a_candidate_that_is_nowhere_says_what_to_do(run, state):
    nobody = dataclasses.replace(state.policy, candidates={"labels": Candidate(CandidateKind.API, "gpt-4o-mini")})
    answered = Hybrid(run, log=False).rung(State(Active("v"), Router(nobody)), "labels").ask(read({}), "queue")
    assert "upstreams={'labels'" in answered.error
