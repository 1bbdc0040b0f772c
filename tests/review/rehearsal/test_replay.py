"""A replay sends each call where the policy would, and charges and times what was asked on the way."""

import dataclasses

import pandas as pd
import pytest

from migration import routing
from migration.errors import NotEnoughCalls
from migration.review.rehearsal import Fault, Faults, held_out, recorded, replay
from migration.review.rehearsal.results import by_conversation
from migration.routing.policy.signals import SignalScore


@pytest.fixture
def replayed(calls, predictions, policy):
    return replay(held_out(calls, 100, seed=1), recorded(predictions, policy), policy)


def test_each_call_goes_through_its_rungs_in_order(replayed):
    by_call = replayed.set_index("call_id")
    first, second, reply = (by_call.loc[name] for name in ("3-1", "3-2", "3-3"))
    assert (first["hybrid_model"], first["hybrid_latency_ms"], first["hybrid_cost_usd"]) == ("slm", 50, 0)
    assert second["hybrid_model"] == "slm"  # the classifier was unsure: waited for, and free
    assert second["hybrid_latency_ms"] == 100
    assert second["hybrid_cost_usd"] == pytest.approx(110e-6)
    assert (reply["hybrid_model"], reply["hybrid_cost_usd"], reply["hybrid_quality"]) == ("llm", 0.001, 1.0)


def test_a_call_that_no_rung_answered_goes_to_the_logged_answer(calls, predictions, policy):
    some = [frame[frame["call_id"] != "3-1"] for frame in predictions]
    row = replay(held_out(calls, 100, seed=1), recorded(some, policy), policy).set_index("call_id").loc["3-1"]
    assert (row["hybrid_model"], row["hybrid_recorded"], row["hybrid_cost_usd"]) == ("llm", False, 0.001)


def test_an_answer_that_broke_is_never_kept(calls, predictions, policy):
    broken = [frame.assign(error="cut") for frame in predictions]
    found = replay(held_out(calls, 100, seed=1), recorded(broken, policy), policy)
    assert set(found["hybrid_model"]) == {"llm"}
    assert not found["hybrid_failed"].any()


@pytest.mark.parametrize("fault", [Fault.SLM_DOWN, Fault.SLM_SLOW, Fault.SLM_GARBAGE])
def test_a_failing_small_model_costs_time_but_no_answer(calls, predictions, policy, fault, replayed):
    found = replay(held_out(calls, 100, seed=1), recorded(predictions, policy), policy, fault=fault)
    assert not found["hybrid_failed"].any()
    served = (found["hybrid_model"] == "slm").sum()
    assert served == 40  # the classifier's half; the model's half went to the LLM
    slower = found["hybrid_latency_ms"].sum() > replayed["hybrid_latency_ms"].sum()
    assert slower


def test_without_the_llm_the_rungs_answers_are_what_is_left(calls, predictions, policy):
    found = replay(held_out(calls, 100, seed=1), recorded(predictions, policy), policy, fault=Fault.LLM_DOWN)
    routed = found[found["kind"] == "chat"]
    assert routed["llm_failed"].all()
    assert (routed["hybrid_failed"] == (routed["hybrid_model"] == "llm")).all()


def test_a_busy_llm_refuses_both_arms_alike(calls, predictions, policy):
    found = replay(held_out(calls, 100, seed=1), recorded(predictions, policy), policy, fault=Fault.LLM_BUSY,
                   faults=Faults(busy=0.9))  # fmt: skip
    to_llm = found[(found["hybrid_model"] == "llm") & (found["kind"] == "chat")]
    assert (to_llm["hybrid_failed"] == to_llm["llm_failed"]).all()
    assert to_llm["llm_failed"].any()


def test_an_unproved_answer_is_better_than_none_where_the_policy_says_so(calls, predictions, policy):
    strict = dataclasses.replace(
        policy, rungs={"intent": (dataclasses.replace(policy.rungs["intent"][1], threshold=1.0),)}
    )
    answers = recorded(predictions, policy)
    for allowed in (False, True):
        given = dataclasses.replace(strict, llm_fallback=allowed)
        found = replay(held_out(calls, 100, seed=1), answers, given, fault=Fault.LLM_DOWN)
        assert (~found[found["task"] == "intent"]["hybrid_failed"]).all() == allowed


def test_conversations_sum_what_their_calls_cost(replayed):
    frame = by_conversation(replayed)
    assert len(frame) == 80
    assert set(frame["arm"]) == {"llm", "hybrid"}
    llm = frame[frame["arm"] == "llm"]
    assert (llm["calls"] == 4).all()
    assert llm["cost_usd"].sum() == pytest.approx(0.16)
    assert llm["quality"].eq(1).all()
    assert frame.loc[frame["arm"] == "hybrid", "slm_share"].eq(2 / 3).all()


def test_whole_conversations_are_drawn_and_unknown_prices_are_filled(calls):
    calls.loc[calls["task"] == "reply", "cost_usd"] = [float("nan"), *[0.002] * 39]
    drawn = held_out(calls, 7, seed=3)
    assert drawn.groupby("conversation").size().eq(4).all()
    assert drawn["conversation"].nunique() == 7
    assert drawn["cost_usd"].notna().all()
    with pytest.raises(NotEnoughCalls):
        held_out(calls.assign(split="train"), 7, seed=3)
    assert pd.api.types.is_datetime64_any_dtype(drawn["created_at"])


def test_decisions_are_those_of_step_04(calls, predictions, policy):
    """With every signal that confidence may read, the length of the answer too."""
    longer_is_worse = SignalScore(("mean_logprob", "output_chars"), (0.0, 1.0), (1.0, 1.0), {"*": (3.1, 2.0, -3.0)})
    policy = dataclasses.replace(policy, calibrators=dict.fromkeys(policy.calibrators, longer_is_worse))
    said = ["x" * (place % 5) for place in range(len(predictions[0]))]
    told = [frame.assign(task="intent", task_type="classification", output=said) for frame in predictions]
    decided = routing.decide(policy, routing.gather(calls, told)).set_index("call_id")
    found = replay(held_out(calls, 100, seed=1), recorded(told, policy), policy).set_index("call_id")
    assert set(decided["candidate"]) == {"labels", "small", "gpt"}
    assert (found.loc[decided.index, "hybrid_model"] == decided["model"]).all()
