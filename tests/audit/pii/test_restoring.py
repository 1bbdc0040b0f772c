"""What is sent has no personal data in it, what comes back has it again, and JSON stays JSON on both ways."""

import json

import pytest
from canaries import PERSONAL, SAID
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.audit.pii import masked_request

PIECES = st.sampled_from(
    [*PERSONAL.values(), SAID, "Mail ann@example.com", '"', "\\", "\n", "{", "<EMAIL_1>", "Hello, "]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join)
KEYS = st.sampled_from(["card", "name", "to"])
LEAVES = TEXTS | st.sampled_from([5, True, None, 5555555555554444])
JSONS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
STYLES = [{}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":"), "ensure_ascii": False}]
WRITTEN = st.builds(lambda value, style: json.dumps(value, **style), JSONS, st.sampled_from(STYLES))
TOOL = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Sends a mail. Ask ann@example.com where it fails.",
        "parameters": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "as in Quentin Abernathy"},
                "to": {"type": "string", "enum": ["ann@example.com", "quentin.vole@example.org"]},
            },
            "required": ["name", "to"],
        },
    },
}


def sent(*texts: str, **more: object):
    """The messages as they are sent, and what takes their masks back."""
    body, masks = masked_request({"messages": [{"role": "user", "content": text} for text in texts]} | more)
    return body, masks, [one["content"] for one in body["messages"]]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS | WRITTEN, min_size=1, max_size=3))
def test_an_echo_comes_back_as_it_was_written(texts):
    _, masks, masked = sent(*texts)
    assert [masks.restore(text) for text in masked] == texts
    assert not any(masks.left(masks.restore(text)) for text in masked)
    for before, after in zip(texts, masked, strict=True):
        if before[:1] in ("{", "[") and _is_json(before):
            assert _is_json(after)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_a_value_has_one_placeholder_in_all_of_a_request():
    body, masks, masked = sent(
        SAID,
        json.dumps({"to": PERSONAL["e-mail"], "whose": PERSONAL["name"]}),
        f"Is {PERSONAL['name']} in?",
        tools=[TOOL],
    )
    told = json.dumps(body)
    assert not [value for value in PERSONAL.values() if value in told]
    email = next(name for name, value in masks.values.items() if value == PERSONAL["e-mail"])
    name = next(name for name, value in masks.values.items() if value == PERSONAL["name"])
    assert json.loads(masked[1]) == {"to": email, "whose": name}
    assert masked[2] == f"Is {name} in?", "found where it is introduced, masked where it is not"
    assert email in body["tools"][0]["function"]["parameters"]["properties"]["to"]["enum"]


def test_of_two_names_that_begin_alike_the_longer_one_is_masked_whole():
    _, masks, masked = sent("My name is Ann Lee.", "My name is Ann Lee Mayer.", "Ann Lee Mayer and Ann Lee asked.")
    assert masked[2] == "<NAME_2> and <NAME_1> asked."
    assert masks.restore(masked[2]) == "Ann Lee Mayer and Ann Lee asked."


def test_tools_and_schemas_keep_their_names_and_their_form():
    body, masks, _ = sent("hi", tools=[TOOL], response_format={"type": "json_schema", "json_schema": {"name": "reply",
                          "schema": TOOL["function"]["parameters"]}}, stop=["ann@example.com"])  # fmt: skip
    assert "ann@example.com" not in json.dumps(body)
    function = body["tools"][0]["function"]
    assert (function["name"], function["parameters"]["required"]) == ("send_mail", ["name", "to"])
    assert set(function["parameters"]["properties"]) == {"name", "to"}
    assert masks.restore(body["tools"]) == [TOOL]
    assert masks.restore(body["stop"]) == ["ann@example.com"]


def test_placeholders_of_the_log_are_no_ones_data():
    _, masks, (masked,) = sent("<EMAIL_1> wrote to ann@example.com")
    assert masked == "<EMAIL_1> wrote to <EMAIL_2>"
    assert masks.restore("<EMAIL_1>, <EMAIL_2>") == "<EMAIL_1>, ann@example.com"
    assert masks.left("<EMAIL_1>, ann@example.com") == 0


@pytest.mark.parametrize(
    "said", ["<EMAIL_9>", "<email_1>", "EMAIL_1", "&lt;EMAIL_1&gt;", "<EMAIL-1>", "[EMAIL_1]", "<EMAIL>"]
)
def test_what_an_answer_changed_stays_and_is_counted(said):
    _, masks, _ = sent("write to ann@example.com")
    answer = masks.restore(f"To {said} and <EMAIL_1>")
    assert answer == f"To {said} and ann@example.com"
    assert masks.left(answer) == 1
    assert masks.left("An e-mail, 1 of 2") == 0


@pytest.mark.parametrize("form", ['{"to":"%s"}', '{"to": "%s",\n"a":1}'])
def test_placeholders_come_back_where_a_server_escapes_angle_brackets_in_json(form):
    _, masks, _ = sent("write to ann@example.com")
    arguments = form % r"\u003cEMAIL_1\u003e"
    assert json.loads(masks.restore(arguments))["to"] == "ann@example.com"
    calls = json.dumps({"tool_calls": [{"function": {"arguments": arguments}}]}, sort_keys=True)
    restored = json.loads(masks.restore(calls))["tool_calls"][0]["function"]["arguments"]
    assert json.loads(restored)["to"] == "ann@example.com"
    assert masks.left(masks.restore(form % r"\u003cEMAIL_9\u003e")) == 1
    _, masks, _ = sent(r'{"to":"\u003cEMAIL_1\u003e"}', "write to ann@example.com")
    assert masks.values == {"<EMAIL_2>": "ann@example.com"}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Fill in\n<email>...</email> for ann@example.com", "<email><EMAIL_1></email>"),
        ("Fill in\nemail_1: and email_2: for ann@example.com", "email_1: <EMAIL_3>, email_2: none"),
        ("I am email_1@example.com", "Hello <EMAIL_2>"),
    ],
)
def test_tags_and_names_of_the_request_itself_are_no_changed_placeholders(asked, answer):
    _, masks, _ = sent(asked)
    restored = masks.restore(answer)
    assert restored != answer
    assert masks.left(restored) == 0


def test_json_in_an_answer_stays_json_whatever_was_masked():
    _, masks, _ = sent("I live at 12 Main Street,\nSpringfield, IL 62704", '{"card": 5555555555554444}')
    number = next(name for name, value in masks.values.items() if isinstance(value, int))
    other = next(name for name, value in masks.values.items() if isinstance(value, str))
    for form in ('{"a": "%s", "b": "%s"}', '{ "a":"%s",\n "b":"%s" }', '```json\n{"a": "%s", "b": "%s"}\n```'):
        restored = masks.restore(form % (number, other)).removeprefix("```json\n").removesuffix("\n```")
        assert json.loads(restored) == {"a": 5555555555554444, "b": masks.values[other]}


@pytest.mark.parametrize(
    "form",
    [
        '{"n": 123456789012345678901234567890, "a": "%s"}',
        r'{"n": "\ud800", "a": "%s"}',
        'Here it is:\n```json\n{"a": "%s"}\n```\nAnything else?',
        r'{"said":  "{\"a\": \"%s\"}"}',
    ],
)
def test_json_stays_json_however_the_answer_holds_it(form):
    _, masks, _ = sent(address := "I live at 12 Main Street,\nSpringfield, IL 62704")
    (made,) = masks.values
    restored = masks.restore(form % made)
    found = json.loads(restored[restored.index("{") : restored.rindex("}") + 1])
    assert (json.loads(found["said"]) if "said" in found else found)["a"] == address.removeprefix("I live at ")
