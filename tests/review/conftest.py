"""A small policy and a log whose truth is known, shared by the tests of 06 and 07."""

import numpy as np
import pandas as pd
import pytest

from migration.routing.policy import Candidate, Limits, Policy, Rung
from migration.routing.policy.signals import SignalScore
from migration.schema import CandidateKind, GroupTest, Guarantee

SURE, UNSURE = -0.1, -3.0
"""Mean log-probabilities whose calibrated confidence is 0.95 and 0.05."""


@pytest.fixture
def policy():
    """One task on a cheap rung and then a small model, another on the LLM."""
    calibrator = SignalScore(("mean_logprob",), (0.0,), (1.0,), {"*": (3.1, 2.0)})
    proved = GroupTest("intent", ("intent",), 400, 200, 0.6, 0.01, 0.04, 0.02, 0.08, True)
    return Policy(
        llm="gpt",
        candidates={
            "labels": Candidate(CandidateKind.CLASSIFIER),
            "small": Candidate(
                CandidateKind.SLM, "small", price={"usd_per_1m_prompt": 1.0, "usd_per_1m_completion": 1.0}
            ),
        },
        rungs={"intent": (Rung("labels", 0.9), Rung("small", 0.8))},
        calibrators={"labels": calibrator, "small": calibrator},
        limits=Limits(context_tokens=1000),
        guarantee=Guarantee(0.05, 0.10, 0.95, 400, 200, (proved,)),
    )


@pytest.fixture
def calls():
    """40 test conversations: an embedding, two intent calls and a reply, in order."""
    rows = []
    for conversation in range(40):
        for place, task in enumerate(("embed", "intent", "intent", "reply")):
            rows.append(
                {
                    "call_id": f"{conversation}-{place}",
                    "conversation_id": f"c{conversation}",
                    "created_at": pd.Timestamp("2025-09-01", tz="UTC")
                    + pd.Timedelta(minutes=10 * conversation + place),
                    "kind": "embedding" if task == "embed" else "chat",
                    "task": task,
                    "task_type": "other" if task == "embed" else "classification",
                    "split": "test",
                    "prompt_tokens": 100,
                    "completion_tokens": 10,
                    "latency_ms": 500.0,
                    "cost_usd": 0.001,
                    "complexity": 0.2,
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def predictions(calls):
    """What both rungs answered to the intent calls: the first call surely by `labels`, the second only by `small`."""
    intent = calls[calls["task"] == "intent"]
    second = intent["call_id"].str.endswith("-2").to_numpy()
    wrong = np.arange(len(intent)) % 20 == 0

    def rows(candidate, sure):
        return pd.DataFrame(
            {
                "call_id": intent["call_id"].to_numpy(),
                "candidate": candidate,
                "agrees": ~wrong,
                "latency_ms": 50.0,
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "mean_logprob": np.where(sure, SURE, UNSURE),
                "error": None,
            }
        )

    return [rows("labels", ~second), rows("small", np.ones(len(intent), bool))]
