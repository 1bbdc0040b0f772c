"""What the router is shown of a call is what the audit saw of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.audit.importers.forms.bodies import messages as imported
from migration.live.call import conversation_of, plain, read

text = st.text(max_size=20)
function = st.fixed_dictionaries({"name": text, "arguments": st.sampled_from(['{"b": 1, "a": 2}', "not json", "[1]"])})
message = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": text}),
    st.fixed_dictionaries({"role": st.just("user"), "content": st.lists(
        st.one_of(st.fixed_dictionaries({"type": st.just("text"), "text": text}),
                  st.fixed_dictionaries({"type": st.just("image_url"), "image_url": text})), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"role": st.just("assistant"), "content": st.none() | text, "tool_calls": st.lists(
        st.fixed_dictionaries({"id": text, "type": st.just("function"), "function": function}), min_size=1)}),
    st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": text, "content": text}),
)  # fmt: skip


@given(st.lists(message, min_size=1, max_size=4))
def test_messages_have_the_form_that_the_importers_give_them(messages):
    assert list(plain(messages)) == imported(messages)


def test_a_conversation_is_found_in_header_metadata_user_and_beginning():
    body = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "user": "me",
            "metadata": {"session_id": "m"}}  # fmt: skip
    messages = plain(body["messages"])
    assert conversation_of(body, messages, {"x-conversation-id": "h"}) == "h"
    assert conversation_of(body, messages, {}) == "m"
    assert conversation_of(body | {"metadata": None}, messages, {}) == "me"
    begun = conversation_of({}, messages, {})
    later = (*messages, {"role": "assistant", "content": "a"}, {"role": "user", "content": "again"})
    assert conversation_of({}, later, {}) == begun, "later calls repeat the beginning"
    assert conversation_of({}, ({"role": "user", "content": "other"},), {}) != begun


@pytest.mark.parametrize(
    ("more", "why"),
    [({"n": 3}, "more than one answer"), ({"logprobs": True}, "logprobs"), ({"modalities": ["audio"]}, "modalities"),
     ({"messages": "hi"}, "no readable messages"), ({"messages": [1]}, "no readable messages"), ({}, None)],
)  # fmt: skip
def test_what_no_small_model_was_measured_with_is_beyond_the_rungs(more, why):
    beyond = read({"model": "m", "messages": [{"role": "user", "content": "hi"}]} | more).beyond
    assert beyond is None if why is None else why in beyond


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "tool_calls", "function", "type", "text", "name"]), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["messages", "tools", "metadata", "user", "stream", "n"]), json_like))
def test_no_body_raises(body):
    call = read(body)
    json.dumps(call.messages)
    assert all(isinstance(one["content"], str) for one in call.messages)
