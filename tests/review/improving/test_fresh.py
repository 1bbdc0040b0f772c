"""Fresh calls as a review reads them out of the decision log."""

from dataclasses import replace

import pandas as pd
from live_runs import policy

from migration.review.improving.fresh import logged_answers
from migration.routing.policy import Candidate
from migration.schema import CandidateKind


def test_a_logged_answer_is_of_the_candidate_that_the_policy_names():
    served = Candidate(CandidateKind.SLM, "small", "small", "", 3, {}, "random", masked=True)
    made = replace(policy(), candidates={"small": served})
    task = "queue"
    decisions = pd.DataFrame([{
        "call_id": "1", "task": task, "first": "yes", "first_confidence": 0.9, "prompt_tokens": 1,
        "completion_tokens": 1, "latency_ms": 1.0, "decision": "slm",
    }])  # fmt: skip
    fresh = pd.DataFrame([{"call_id": "1", "task": task, "task_type": "classification", "response": "yes"}])
    answer = logged_answers(decisions, fresh, made).iloc[0]
    assert answer[["candidate", "shots", "examples", "masked"]].tolist() == ["small", 3, "random", True]
