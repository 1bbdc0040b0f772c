"""The form of answers is learned from them, and gives every answer of that form back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.kinds.copied.shape import Layout, Letters, Many, learn_shape, with_letters

TEXT = "Order 45707, a red tent and a lamp, for Ann Bo in Cork, paid 19.50"
WORDS = st.sampled_from(["45707", "red tent", "lamp", "Ann Bo", "Cork", "paid"])


def shape_of(*answers):
    return learn_shape(answers * 3, [TEXT] * 3 * len(answers))


WRITTEN = {
    "an object": ['{"order": "45707", "name": "Ann Bo"}', '{"order": "45707"}', '{"name": "Ann Bo"}', "{}"],
    "lists": ['{"item": ["red tent", "lamp"]}', '{"item": ["lamp"]}', "{}"],
    "a list only of several": ['{"item": ["red tent", "lamp"]}', '{"item": "lamp"}', '{"item": "red tent"}'],
    "null and an empty list": ['{"order": 45707, "item": []}', '{"order": null, "item": ["lamp"]}'],
    "a word for none": ['{"city": "Cork"}', '{"city": "UNKNOWN"}'],
    "a constant": ['{"type": "order form", "paid": 19.5}', '{"type": "order form", "paid": null}'],
    "lines": ["ORDER: 45707\nITEM: NONE", "ORDER: NONE\nITEM: red tent"],
    "a value": ["45707", "NONE"],
    "a list": ['["red tent", "lamp"]', "[]"],
    "a fence": ['```json\n{"order":"45707"}\n```', "```json\n{}\n```"],
    "indented": ['{\n  "order": "45707"\n}', "{}"],
    "escaped": ['{"city": "K\\u00f6ln"}', "{}"],
}


@pytest.mark.parametrize("answers", WRITTEN.values(), ids=WRITTEN)
def test_an_answer_is_written_again_as_it_was(answers):
    shape = learn_shape(answers * 3, [TEXT + " Köln 19.5"] * 3 * len(answers))
    for answer in answers:
        assert shape.decode(shape.encode(answer)) == answer


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(WORDS, min_size=1, max_size=3, unique=True)))
def test_every_answer_of_a_form_comes_back(values):
    shape = shape_of('{"a": ["lamp"], "b": ["Cork"], "c": ["paid"]}', "{}")
    answer = json.dumps({key: values[key] for key in "abc" if key in values})
    assert shape.encode(answer) == {key: values[key] for key in "abc" if key in values}
    assert shape.decode(shape.encode(answer)) == answer


def test_keys_stand_in_the_order_of_the_answers_whichever_are_there():
    shape = shape_of('{"z": "lamp", "m": "Cork"}', '{"m": "Cork", "a": "paid"}', '{"z": "lamp", "a": "paid"}')
    assert shape.kinds == ("z", "m", "a")


def test_types_and_lists_are_those_of_the_answers():
    shape = shape_of('{"order": 45707, "item": ["lamp"], "name": "Ann Bo"}')
    assert shape.layout is Layout.OBJECT
    assert [(each.number, each.many) for each in shape.fields] == [
        (True, Many.NEVER), (False, Many.ALWAYS), (False, Many.NEVER),
    ]  # fmt: skip
    assert shape.decode({"order": ["45707"]}) == '{"order": 45707}'
    assert shape.decode({"order": ["no number"]}) is None
    assert shape.decode({"name": ["Ann", "Bo"]}) is None  # which of them is not known
    assert [shape.decode({"order": ["1" * digits]}) for digits in (400, 5000)] == [None, None]  # what no float holds


def test_a_value_that_the_llm_worked_out_stands_for_none_only_where_most_answers_have_it():
    derived = ['{"city": "Genf"}', '{"city": "Genf"}', '{"city": "Wien"}', '{"city": "Prag"}', '{"city": "Cork"}']
    assert learn_shape(derived, [TEXT] * 5).fields[0].absent is None
    assert shape_of('{"city": "UNKNOWN"}', '{"city": "Cork"}').fields[0].absent == '"UNKNOWN"'
    few = ['{"city": null}'] * 2 + [f'{{"city": "Genf {i}"}}' for i in range(9)]  # null is never worked out
    assert learn_shape([*few, '{"city": "Cork"}'], [TEXT] * 12).fields[0].absent == "null"


def test_where_one_value_is_the_answer_no_value_is_no_answer():
    assert shape_of("45707", "Cork").decode({}) is None
    assert shape_of("45707", "").decode({}) == ""


def test_letters_are_written_as_the_answers_write_them():
    shape = shape_of('{"city": "CORK"}')
    upper = with_letters(shape, {"city": [("Cork", "CORK"), ("Bern", "BERN")]})
    assert upper.fields[0].letters is Letters.UPPER
    assert upper.decode({"city": ["Basel"]}) == '{"city": "BASEL"}'


def test_a_value_that_is_always_spelled_otherwise_is_written_so():
    pairs = [("gold", "Gold"), ("pro", "Pro"), ("max", "Max"), ("free", "free")] * 5 + [
        ("Basic", "Basic"),
        ("basic", "basic"),
    ] * 5
    (field,) = with_letters(shape_of('{"plan": "lamp"}'), {"plan": pairs}).fields
    assert [field.write(each) for each in ("gold", "Free", "silver")] == ["Gold", "free", "Silver"]
    assert field.spelled == (("free", "free"),)


@pytest.mark.parametrize(
    "answer", ['{"a": {"b": "lamp"}}', '[{"a": "lamp"}]', '{"a": [["lamp"]]}', '{"a": ', '{"a": ' + "1" * 5000 + "}"]
)
def test_what_is_nested_or_broken_has_no_form(answer):
    assert shape_of(answer) is None


def test_an_answer_of_another_form_has_no_values():
    shape = shape_of('{"a": "lamp"}', '{"a": null}')
    assert [shape.encode(text) for text in ('{"b": "lamp"}', "lamp", "{}", '{"a": true}')] == [None] * 4


def test_a_key_that_is_personal_data_is_no_part_of_a_form():
    answers = ['{"order": "45707"}', '{"order": "45707", "ann.bo@example.com": "Cork"}']
    assert shape_of(*answers).kinds == ("order",)
