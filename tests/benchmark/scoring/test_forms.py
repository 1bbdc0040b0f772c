"""Answers read as a caller's code would read them: generous with quotes and fences, strict with prose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.scoring.forms import fields_f1, is_blank, parse, plain, spans_f1, tool_calls

CALL = {"name": "find_order", "arguments": {"id": 12}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict | list))


@pytest.mark.parametrize("text", ["Refund.", ' "refund" ', "```\nrefund\n```", "**REFUND**", "refund"])
def test_a_label_is_the_same_in_any_dress(text):
    assert plain(text) == "refund"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n["x"]\n```', ["x"]),
        ("QUEUE: refund\nESCALATE: no", {"queue": "refund", "escalate": "no"}),
        ("QUEUE: refund", {"queue": "refund"}),
        ("Note: it takes three days.", None),
        ('Here it is: {"a": 1}', None),
        ('{"a": 1', None),
        ('{"a": ' + "1" * 5000 + "}", None),
    ],
)
def test_fields_are_read_where_a_caller_s_parser_would_read_them(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(CALL),
        f"<tool_call>\n{json.dumps(CALL)}\n</tool_call>",
        json.dumps({"content": None, "tool_calls": [{"id": "a", "type": "function", "function": CALL}]}),
        json.dumps({"tool_calls": [{"function": CALL | {"arguments": json.dumps(CALL["arguments"])}}]}),
    ],
)
def test_a_tool_call_is_one_in_every_form(text):
    assert tool_calls(text) == [("find_order", {"id": 12})]


def test_prose_calls_no_tool():
    assert tool_calls("I would call find_order.") is None


@given(JSON, JSON)
def test_how_alike_two_are_is_a_share_and_equals_are_wholly_alike(one, other):
    for f1 in (fields_f1, spans_f1):
        assert f1(one, one) == 1
        assert 0 <= f1(one, other) <= 1
    assert fields_f1(one, other) == fields_f1(other, one)


def test_a_declared_alternative_of_a_span_is_right_and_every_other_value_is_wanted():
    wanted = {"city": {"any_of": ["Paris", "paris, France"]}}
    assert spans_f1({"city": "Paris, France"}, wanted) == 1
    assert spans_f1({"city": "Rome"}, wanted) == 0
    assert spans_f1({"city": ["Paris"]}, {"city": ["Paris", "Rome"]}) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": []}, {}),
        ({}, []),
        ({"a": {}}, {"a": []}),
        ({"a": True}, {"a": "true"}),
        ({"a": True}, {"a": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        (
            [{"who": "Ann", "owes": 5}, {"who": "Bob", "owes": 9}],
            [{"who": "Ann", "owes": 9}, {"who": "Bob", "owes": 5}],
        ),
        ({"a.b": 1}, {"a": {"b": 1}}),
    ],
)
def test_values_that_a_program_would_tell_apart_differ(one, other):
    for unordered in (False, True):
        assert fields_f1(one, other, unordered=unordered) < 1


def test_order_counts_unless_the_list_is_a_set():
    assert fields_f1({"a": [1, {"b": [2, 3]}]}, {"a": [{"b": [3, 2]}, 1]}) < 1
    assert fields_f1({"a": [1, {"b": [2, 3]}]}, {"a": [{"b": [3, 2]}, 1]}, unordered=True) == 1


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "```\n\n```"])
def test_an_answer_that_shows_nothing_is_blank(text):
    assert is_blank(text)
