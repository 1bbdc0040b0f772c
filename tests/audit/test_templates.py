"""Templates: what a prompt's tokens are, and where slots begin."""

from __future__ import annotations

import json
from random import Random

import pytest
import sites

from migration.audit.templates import (
    NO_TEMPLATE,
    find_templates,
    fixed_tokens,
    prompt_of,
    text_of,
    tokens_of,
    tool_names,
)


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
    assert tool_names(tools) == ["book"]
    assert prompt_of(user("hi"), tools).system != prompt_of(user("hi")).system


def test_fixed_tokens_leave_slots_out() -> None:
    prompts = [tokens_of(f"You help {name} with the garden of the house") for name in ("Ada", "Bo", "Cy", "Di")]
    assert "ada" not in fixed_tokens(prompts[0], prompts)
    assert fixed_tokens(prompts[0], prompts)[-4:] == ("garden", "of", "the", "house")


def test_a_template_is_found_whatever_the_order_of_the_calls() -> None:
    r = Random(3)
    prompts = [prompt_of(site(r)[0]) for site in list(sites.SITES)[:6] for _ in range(30)]
    straight = find_templates(prompts)
    shuffled = Random(1).sample(prompts, len(prompts))
    turned = find_templates(shuffled)
    assert straight.leaves == turned.leaves
    assert [straight.assign(p) for p in prompts] == [turned.assign(p) for p in prompts]


def test_an_unseen_wording_of_a_known_system_prompt_is_placed_and_a_stranger_is_not() -> None:
    def greet(name: str) -> list[dict[str, str]]:
        system = f"You are the concierge of {name}. Answer the guest's question about the hotel in one short sentence."
        return [{"role": "system", "content": system}, *user("Where is the pool?")]

    names = [sites.word(Random(i)) for i in range(40)]
    templates = find_templates([prompt_of(greet(name)) for name in names])
    assert templates.assign(prompt_of(greet("Grandhotel Zur Linde"))) != NO_TEMPLATE
    stranger = [{"role": "system", "content": "Translate what follows into Dutch verse."}, *user("Good morning")]
    assert templates.assign(prompt_of(stranger)) == NO_TEMPLATE


def test_stock_phrases_of_customers_are_no_templates() -> None:
    """Buttons and common beginnings repeat word for word, yet no instruction stands before a slot."""
    r = Random(5)
    buttons = ["I want to track my order", "I need help with a return", "Talk to an agent please"]
    system = {"role": "system", "content": "You are the assistant of a shop for garden tools. Help the customer."}
    prompts = [
        prompt_of([system, *user(r.choice(buttons) if r.random() < 0.5 else sites.text(r, 1, 2))]) for _ in range(600)
    ]
    assert len(find_templates(prompts).leaves) == 1
