"""Prompts: what a prompt's tokens are, and which of them are masked."""

from __future__ import annotations

import json
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.audit.discovery.prompts import Runs, fixed_tokens, tool_names, without_lists
from migration.prompts.tokens import prompt_of, text_of, tokens_of


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Order #4711 of 2025-06-01", "Order #99 of 2024-12-24"),
        ("Write to anna@example.org today", "Write to b.c@mail.example.com today"),
        ("See https://a.example/x?y=1 first", "See http://b.example first"),
        ("Version v1.2.3, price 4.50€", "Version v10.0, price 1,000€"),
        ("Hello\n\n\nthere", "hello\nthere"),
    ],
)
def test_what_changes_from_call_to_call_is_masked(one: str, other: str) -> None:
    assert tokens_of(one) == tokens_of(other)


def test_scripts_without_spaces_have_tokens() -> None:
    assert len(tokens_of("お客様の名前を答えて")) == 10
    assert tokens_of("2025年6月1日です") == tokens_of("1999年12月31日です")


def test_content_that_is_json_of_a_message_gives_its_text() -> None:
    parts = json.dumps({"content": [{"type": "text", "text": "Look at this"}, {"type": "image_url"}]})
    assert text_of(parts) == "Look at this"
    assert text_of('{"order": 4}') == '{"order": 4}', "a plain message that happens to be JSON stays as it is"
    assert text_of(None) == ""


def test_tools_are_part_of_a_prompt() -> None:
    tools = json.dumps([{"type": "function", "function": {"name": "book", "parameters": {}}}])
    assert tool_names(tools) == ("book",)
    assert prompt_of(user("hi"), tool_names(tools)).system != prompt_of(user("hi")).system


def test_fixed_tokens_leave_slots_out() -> None:
    prompts = [tokens_of(f"You help {name} with the garden of the house") for name in ("Ada", "Bo", "Cy", "Di")]
    assert "ada" not in fixed_tokens(prompts)
    assert fixed_tokens(prompts)[-4:] == ("garden", "of", "the", "house")


TEXTS = st.text(st.sampled_from("aB1@._-/\n\t?&xΣσé日ก,'0 ſ\u00b4\u2028"), max_size=12)


@given(TEXTS, TEXTS)
def test_no_token_reaches_over_white_space(one: str, other: str) -> None:
    """What lets words be taken apart once: the tokens of a text are those of its parts, a repeated mask once."""
    before, after = tokens_of(one), tokens_of(other)
    after = after[1:] if before[-1:] == after[:1] == ("0",) else after
    assert tokens_of(f"{one} {other}") == before + after


def test_lists_of_values_are_no_instructions() -> None:
    told = "Name the reason. Reasons: {}. Be polite, precise and brief."
    lists = ("late, lost, torn, other", "lost, damaged parcel, wrong address, late, customs, other")
    one, other = (without_lists(tokens_of(told.format(listed))) for listed in lists)
    assert set(one) - set(other) == {"late"}, "the first and the last item may be words before and after the list"
    assert {"polite", "precise", "brief"} <= set(one)


def test_likeness_does_not_hang_on_the_size_of_a_sample() -> None:
    r = Random(5)

    def answers(n: int, words: str) -> Runs:
        return Runs.of(tuple(r.choice(words) for _ in range(30)) for _ in range(n))

    large, other = answers(400, "abcdef"), answers(400, "uvwxyz")
    few = [answers(6, "abcdef").likeness(large) for _ in range(40)]
    assert fmean(x for x in few if x is not None) == pytest.approx(1, abs=0.1)
    assert answers(400, "abcdef").likeness(large) == pytest.approx(1, abs=0.05)
    assert other.likeness(large) == 0
    assert Runs.of([("once", "only", "said")]).likeness(large) is None
