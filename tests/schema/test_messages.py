"""The same message is the same string, whoever logged it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.schema.messages import arguments, content

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


def test_plain_text_stays_as_it_is_however_it_is_wrapped():
    assert content({"role": "user", "content": "hi"}) == "hi"
    assert content({"role": "user", "content": [{"type": "text", "text": "hi"}], "name": None}) == "hi"
    assert content({"role": "assistant", "content": None, "tool_calls": []}) == ""


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), json_values))
def test_arguments_are_one_string_whatever_their_spaces_and_order(value):
    turned = dict(reversed(value.items()))
    assert arguments(json.dumps(value, indent=2)) == arguments(json.dumps(turned, ensure_ascii=False))
    assert json.loads(arguments(json.dumps(value))) == value


@pytest.mark.parametrize("text", ["not json", "{torn", '{"a": "\\ud800"}', "[" * 100_000, ""])
def test_what_is_no_json_text_stays_as_the_model_wrote_it(text):
    assert arguments(text) == text


def test_tool_calls_that_are_none_are_refused():
    with pytest.raises(ValueError, match="list of objects"):
        content({"role": "assistant", "content": None, "tool_calls": "look up"})
