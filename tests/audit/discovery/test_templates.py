"""Templates: where slots begin, and what is none."""

from __future__ import annotations

from random import Random

import sites

from migration.audit.discovery.templates import find_templates
from migration.prompts.index import NO_TEMPLATE
from migration.prompts.tokens import prompt_of


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_a_template_is_found_whatever_the_order_of_the_calls() -> None:
    r = Random(3)
    prompts = [prompt_of(site(r)[0]) for site in list(sites.SITES)[:6] for _ in range(30)]
    straight = find_templates(prompts)
    shuffled = Random(1).sample(prompts, len(prompts))
    turned = find_templates(shuffled)
    assert straight.leaves == turned.leaves
    assert [straight.index.assign(p) for p in prompts] == [turned.index.assign(p) for p in prompts]


def test_an_unseen_wording_of_a_known_system_prompt_is_placed_and_a_stranger_is_not() -> None:
    def greet(name: str) -> list[dict[str, str]]:
        system = f"You are the concierge of {name}. Answer the guest's question about the hotel in one short sentence."
        return [{"role": "system", "content": system}, *user("Where is the pool?")]

    names = [sites.word(Random(i)) for i in range(40)]
    templates = find_templates([prompt_of(greet(name)) for name in names])
    assert templates.index.assign(prompt_of(greet("Grandhotel Zur Linde"))) != NO_TEMPLATE
    stranger = [{"role": "system", "content": "Translate what follows into Dutch verse."}, *user("Good morning")]
    assert templates.index.assign(prompt_of(stranger)) == NO_TEMPLATE


def test_stock_phrases_of_customers_are_no_templates() -> None:
    """Buttons and common beginnings repeat word for word, yet no instruction stands before a slot."""
    r = Random(5)
    buttons = ["I want to track my order", "I need help with a return", "Talk to an agent please"]
    system = {"role": "system", "content": "You are the assistant of a shop for garden tools. Help the customer."}
    prompts = [
        prompt_of([system, *user(r.choice(buttons) if r.random() < 0.5 else sites.text(r, 1, 2))]) for _ in range(600)
    ]
    assert len(find_templates(prompts).leaves) == 1
