"""The version of a prompt and what is new in a request are told apart, wherever the fixed words stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.kinds.versions import UNKNOWN, find_forms

CONTENT = [f"{word}{i} number {i} of {word}" for i, word in enumerate("abcdefghijklmnopqrst" * 3)]


def asked(system, text):
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def test_plain_messages_have_one_form_and_stay_as_they_are():
    forms = find_forms(CONTENT)
    assert [forms.split(text) for text in CONTENT] == [(0, text) for text in CONTENT]


@pytest.mark.parametrize("in_system", [True, False])
def test_two_versions_are_told_apart(in_system):
    prompts = ["Classify the text in one word.", "Say in JSON what this text is about."]

    def request(i, text):
        prompt = prompts[i % 3 == 0]
        return asked(prompt, text) if in_system else f"{prompt}\n{text}\nYour answer as one short line:"

    requests = [request(i, text) for i, text in enumerate(CONTENT)]
    forms = find_forms(requests)
    found = [forms.split(r) for r in requests]
    assert [text for _, text in found] == CONTENT
    assert [form for form, _ in found] == [int(i % 3 == 0) for i in range(len(CONTENT))]  # the commonest is first


def test_a_line_that_varies_is_content_and_no_version():
    requests = [asked(f"Label the ticket.\nTicket {i}", text) for i, text in enumerate(CONTENT)]
    forms = find_forms(requests)
    assert len(forms.forms) == 1
    assert forms.split(requests[5]) == (0, f"Ticket 5\n{CONTENT[5]}")


def test_an_unknown_version_is_unknown_unless_it_is_nearly_a_known_one():
    old = "Label the ticket.\nUse one word.\nBe brief."
    forms = find_forms([asked(old, text) for text in CONTENT])
    assert forms.split(asked(f"{old}\nThanks.", "x"))[0] == 0
    assert forms.split(asked("Write a poem.", "x"))[0] == UNKNOWN


def test_named_versions_are_taken_as_named():
    forms = find_forms(CONTENT, ["v1", "v2"] * 30)
    assert {forms.split(CONTENT[0], name)[0] for name in ("v1", "v2")} == {0, 1}
    assert forms.split(CONTENT[0], "v3")[0] == UNKNOWN


@given(st.lists(st.text(max_size=30), min_size=1, max_size=40))
def test_any_texts_can_be_taken_apart(texts):
    forms = find_forms(texts)
    assert all(content in text for text, (_, content) in zip(texts, map(forms.split, texts), strict=True))
