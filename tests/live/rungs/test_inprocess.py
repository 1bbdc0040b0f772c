"""A classifier of step 02 as a rung: its own answers, the signals that its calibration reads, no exception."""

import dataclasses

import pandas as pd
import pytest
from live_runs import asked, policy, put

from migration import models
from migration.artifacts import write_json
from migration.benchmark import fit_classifier
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
