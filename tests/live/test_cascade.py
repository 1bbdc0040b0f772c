"""The gateway and the clients decide as the router does; around it stand the ramp, the switch and the alarms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_runs import OTHER, QUEUE, asked, policy

from migration.live.call import read
from migration.live.cascade import Ask, beside, drive, in_shadow, in_share, settle
from migration.live.policies import Active, State
from migration.live.rungs.answer import Answer, unfit
from migration.routing.policy import Request, Router

signals = st.fixed_dictionaries({"mean_logprob": st.floats(-4, 0) | st.none()})
ROUTER = Router(policy(rungs=("tiny", "small")))


def state(**active) -> State:
    return State(Active("v1", **active), ROUTER)


def answer(name: str, signals: dict, text: str = "x") -> Answer:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return Answer(name, {"choices": [choice]}, signals)


@given(
    st.sampled_from([QUEUE, OTHER, "unknown"]),
    st.booleans(),
    st.fixed_dictionaries({"tiny": signals, "small": signals}),
)
def test_decisions_are_the_routers_on_every_call(system, with_tool, seen):
    messages = asked("hi", system)
    tools = [{"type": "function", "function": {"name": "look_up"}}] if with_tool else None
    call = read({"model": "m", "messages": messages, "tools": tools})
    settled = drive(settle(state(), call), lambda whom: answer(whom.candidate, seen[whom.candidate]))

    names = ["look_up"] * with_tool
    decision = ROUTER.route(Request(messages, task=ROUTER.recognise(messages, names), tools=names))
    while decision.needs_check:
        decision = ROUTER.accept(decision, seen[decision.candidate])
    assert settled.decision == decision
    assert (settled.answer is None) == (decision.model == "llm")


def test_a_rung_that_fails_costs_one_escalation_even_where_its_threshold_is_zero():
    router = Router(policy(0.0, rungs=("tiny", "small")))
    call = read({"messages": asked("hi")})
    asked_of = []

    def ask(whom: Ask) -> Answer:
        name = whom.candidate
        asked_of.append(name)
        return Answer(name, error="down") if name == "tiny" else answer(name, {"mean_logprob": -9.0})

    settled = drive(settle(State(Active("v1"), router), call), ask)
    assert asked_of == ["tiny", "small"]
    assert settled.decision.candidate == "small"
    assert settled.tried[0].answer.error == "down"
    down = drive(settle(State(Active("v1"), router), call), lambda whom: Answer(whom.candidate, error="down"))
    assert (down.decision.model, down.decision.reason) == ("llm", "small failed: down")


@pytest.mark.parametrize(
    ("active", "why"),
    [({"off": True}, "switched off"), ({"share": 0.0}, "outside the 0%"), ({"suspended": ("queue",)}, "alarm")],
)
def test_the_switch_the_ramp_and_an_alarm_come_before_the_policy(active, why):
    call = read({"messages": asked("hi")})
    settled = drive(settle(state(**active), call), lambda whom: pytest.fail("no rung is asked"))
    assert settled.decision.model == "llm"
    assert why in settled.decision.reason
    assert settled.decision.task == "queue", "what it was is known all the same"


def test_the_ramp_is_sticky_and_only_adds():
    names = [f"c{i}" for i in range(2000)]
    small, large = [{n for n in names if in_share(n, share)} for share in (0.1, 0.5)]
    assert small < large
    assert 140 < len(small) < 260
    assert all(in_share(n, 1.0) for n in names)
    assert not any(in_share(n, 0.0) for n in names)


def test_a_shadow_asks_whom_the_caller_did_not_hear():
    call = read({"messages": asked("hi")})
    sure, unsure = {"mean_logprob": -0.1}, {"mean_logprob": -3.0}

    def shadow(of: State, ask):
        return drive(beside(of, call, drive(settle(of, call), ask)), ask)

    (llm,) = shadow(state(), lambda whom: answer(whom.candidate, sure))
    assert (llm.answer.candidate, llm.rung) == ("big", -1)
    held = shadow(state(share=0.0), lambda whom: answer(whom.candidate, unsure if whom.candidate == "tiny" else sure))
    assert [(one.answer.candidate, one.kept) for one in held] == [("tiny", False), ("small", True)]
    assert shadow(state(), lambda whom: answer(whom.candidate, unsure)) == (), "all were asked on the way"
    assert shadow(state(off=True), lambda whom: pytest.fail("off is off")) == ()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_the_shadow_is_drawn_by_conversation_and_anew_for_each_version(share):
    names = [f"c{i}" for i in range(3000)]
    one, other = [{n for n in names if in_shadow(n, Active(v, shadow_share=share))} for v in ("v1", "v2")]
    ramp = {n for n in names if in_share(n, share)}
    assert len(one) / 3000 == pytest.approx(share, abs=0.05)
    for independent in (other, ramp):
        assert len(one & independent) / 3000 == pytest.approx(share**2, abs=0.05)


OFFERED = [{"type": "function", "function": {"name": "look_up"}}]


def called(name: str, arguments: str) -> Answer:
    tools = [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}]
    message = {"role": "assistant", "content": None, "tool_calls": tools}
    return Answer("small", {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]})


@pytest.mark.parametrize(
    ("said", "asks", "why"),
    [
        (called("look_up", "{}"), {"tools": OFFERED}, ""),
        (called("delete", "{}"), {"tools": OFFERED}, "calls a tool that was not offered"),
        (called("look_up", "{torn"), {"tools": OFFERED}, "calls a tool with what is no JSON object"),
        (answer("small", {}, '{"a": 1}'), {"response_format": {"type": "json_schema"}}, ""),
        (answer("small", {}, "Sure! {}"), {"response_format": {"type": "json_object"}}, "its answer is no JSON object"),
        (answer("small", {}, "Sure!"), {"response_format": {"type": "text"}}, ""),
    ],
)
def test_an_answer_that_its_caller_would_fail_on_is_not_kept_however_sure_the_model_is(said, asks, why):
    assert unfit(read({"messages": asked("hi")} | asks), said) == why


def test_an_answer_cut_by_our_own_limit_is_not_kept():
    body = {"choices": [{"finish_reason": "length", "message": {"role": "assistant", "content": "and so"}}]}
    assert "was cut" in unfit(read({"messages": asked("hi")}), Answer("small", body))
    assert unfit(read({"messages": asked("hi"), "max_tokens": 2}), Answer("small", body)) == ""
