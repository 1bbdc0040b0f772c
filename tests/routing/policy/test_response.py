"""The signals of a reply are those that the benchmark measured, and a malformed reply has none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from migration.benchmark.engine import endpoint
from migration.routing.policy.response import signals_of
from migration.schema import SIGNALS

logprob = st.floats(-30, 0)
token = st.builds(
    lambda own, others: {
        "token": "a",
        "logprob": own,
        "top_logprobs": [{"token": "b", "logprob": value} for value in [own, *others]],
    },
    logprob,
    st.lists(logprob, min_size=1, max_size=4),
)


def reply(tokens, content="yes"):
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": {"content": tokens}}
    usage = {"prompt_tokens": 7, "completion_tokens": len(tokens), "total_tokens": 7 + len(tokens)}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


@given(st.lists(token, min_size=1, max_size=8))
def test_they_are_what_the_benchmark_writes(tokens):
    ours = signals_of(reply(tokens))
    theirs = endpoint._value(ChatCompletion.construct(**ChatCompletion.model_validate(_whole(reply(tokens))).__dict__))
    for name in set(ours) & set(theirs):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9, abs=1e-9), name
    assert set(ours) <= set(SIGNALS)
    assert ours["output_chars"] == 3


def _whole(body):
    """`bytes` of tokens, which OpenAI's own type demands."""
    for one in body["choices"][0]["logprobs"]["content"]:
        one["bytes"] = None
        for other in one["top_logprobs"]:
            other["bytes"] = None
    return body


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "logprobs", "logprob", "top_logprobs", "usage"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_like, json_like, json_like)
def test_a_malformed_reply_has_no_signals_and_raises_nothing(choices, tokens, usage):
    for body in ({"choices": choices, "usage": usage}, reply(tokens if isinstance(tokens, list) else [tokens])):
        assert all(value is None or math.isfinite(value) for value in signals_of(body).values())
