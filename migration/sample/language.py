"""What customers of the invented shop Fernhill write and say: a template grammar with moods, channels and slips.

Covers: intents, how each is put into words, and how a mood, a channel or hurry bends the words.
Out of scope: what a model answers (`sites`), or when anything happens (`simulate`).

A template holds alternatives in square brackets, which may nest (`[my|the [new|old]] {thing}`), and slots in
braces. Slips of the keyboard fall on the template's own words, never into a slot: an order number or an item
in a message can always be read off.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration.sample.phrases import (
    ANGER,
    CITIES,
    CLOSINGS,
    COLOURS,
    CONTEXTS,
    DAYS,
    ESCALATIONS,
    FILLERS,
    INTENT_WEIGHTS,
    INTENTS,
    ITEMS,
    MOODS,
    NAMES,
    NEEDS_NO_ORDER,
    OPENINGS,
    ORDER_PHRASES,
    REASONS,
    STREETS,
    SURNAMES,
    VAGUE,
    words,
)

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_PIECES = re.compile(r"(\{\w+\})")
ASIDES = 0.08
"""Of messages that are not vague: a sentence that has nothing to do with what is wanted."""
ZIPF = 2.0
"""How fast the wordings of an intent get rare, the first one being the usual."""
_DIGIT_WORDS = words("zero one two three four five six seven eight nine")


@dataclass(frozen=True)
class Customer:
    """Who writes, what they want and which of it their message says. `order` and `item` are None where unsaid."""

    name: str
    email: str
    phone: str
    channel: str
    mood: str
    intent: str
    second_intent: str | None
    escalation: str | None
    order_number: str
    order: str | None
    item_bought: str
    item: str | None
    message: str


def expand(template: str, rng: random.Random) -> str:
    """Choose among the alternatives of `template`, the innermost first. Slots in braces stay."""
    while match := _CHOICE.search(template):
        choice = rng.choice(match[1].split("|"))
        template = template[: match.start()] + choice + template[match.end() :]
    return template


def customer(
    rng: random.Random, *, channel: str, moods: tuple[float, float, float], two_things: float, slips: float,
    escalations: float, intents: Mapping[str, float] = INTENT_WEIGHTS,
) -> Customer:  # fmt: skip
    """Draw one customer with their message. The shares are probabilities; `moods` weighs MOODS."""
    first, last = rng.choice(NAMES), rng.choice(SURNAMES)
    mood = rng.choices(MOODS, moods)[0]
    intent = rng.choices(list(intents), list(intents.values()))[0]
    second = rng.choice([i for i in INTENTS if i != intent]) if rng.random() < two_things else None
    reason = rng.choice(ESCALATIONS) if rng.random() < escalations * (2 if mood == "angry" else 0.8) else None
    number, bought = str(rng.randint(10000, 99999)), rng.choice(ITEMS)
    says_order = mood != "vague" and rng.random() < (0.25 if intent in NEEDS_NO_ORDER else 0.72)
    names_item = mood != "vague" and rng.random() < 0.7
    email = f"{first}.{last}{rng.randint(1, 99)}@example.com".lower()
    phone = f"555-01{rng.randint(0, 99):02d}"
    slots = slots_of(rng, bought, names_item, number, channel) | {"email": email, "phone": phone}
    parts = _parts(rng, mood, intent, second, reason, says_order)
    text = _spoken(parts, rng) if channel == "voice" else _written(parts, rng, mood, slips)
    message = text.format(**slots)
    if channel == "email":
        topic = rng.choice(("Question", "My order", "Help", "Problem", intent.split("_")[0].capitalize(), "Hello"))
        message = f"Subject: {topic}\n{message}\n{first} {last}\n{rng.choice((email, phone))}"
    return Customer(
        name=first, email=email, phone=phone, channel=channel, mood=mood, intent=intent, second_intent=second,
        escalation=reason, order_number=number, item_bought=bought, message=message,
        order=number if "{order}" in text else None, item=bought if "{thing}" in text and names_item else None,
    )  # fmt: skip


def slots_of(rng: random.Random, bought: str, names_item: bool, number: str, channel: str) -> dict[str, str]:
    """What fills the slots of a template."""
    unnamed = ("my order", "my parcel", "the thing I ordered", "my purchase", "the goods")
    thing = f"{rng.choice(('the', 'my', 'the', 'that'))} {bought}" if names_item else rng.choice(unnamed)
    colours = rng.sample(COLOURS, 2)
    if channel == "voice":
        number = " ".join(number if rng.random() < 0.5 else (_DIGIT_WORDS[int(d)] for d in number))
    return {
        "thing": thing,
        "order": number,
        "other": rng.choice([i for i in ITEMS if i != bought]),
        "colour": colours[0],
        "colour2": colours[1],
        "city": rng.choice(CITIES),
        "street": rng.choice(STREETS),
        "number": str(rng.randint(1, 99)),
        "day": rng.choice(DAYS),
        "n": str(rng.randint(2, 9)),
        "amount": str(rng.randint(9, 180)),
        "card": f"4111 1111 1111 {rng.choice(('1111', '1234', '4242'))}",
        "code": f"{rng.choice(('FERN', 'HELLO', 'SAVE', 'LEAF'))}{rng.randint(5, 30)}",
    }


def _parts(
    rng: random.Random, mood: str, intent: str, second: str | None, reason: str | None, says_order: bool
) -> list[str]:
    """The sentences of a message as templates without alternatives, in the order they are said."""
    wording = (VAGUE if mood == "vague" else INTENTS)[intent]
    reference = rng.choice(ORDER_PHRASES) if says_order else ""
    parts = [expand(_usual(wording, rng), rng).replace("{ref}", reference)]
    if second:
        also = rng.choice(("also, ", "and one more thing: ", "besides, ", "oh and "))
        parts.append(
            also + expand(rng.choice(INTENTS[second]), rng).replace("{ref}", "").replace("{thing}", "the rest")
        )
    context = expand(rng.choice(CONTEXTS), rng)
    if mood != "vague" and rng.random() < ASIDES:
        parts.insert(rng.choice((0, 1, len(parts))), context)
    if mood == "angry":
        parts.insert(rng.choice((0, len(parts))), expand(rng.choice(ANGER), rng))
    if reason:
        parts.append(expand(rng.choice(REASONS[reason]), rng))
    ends = expand(OPENINGS[mood], rng), expand(CLOSINGS[mood], rng)
    return [part for part in (ends[0], *parts, ends[1]) if part]


def _usual(wordings: Sequence[str], rng: random.Random) -> str:
    """One of the wordings, the first ones most often: most customers put a thing in a few ways (Zipf's law)."""
    return rng.choices(wordings, [1 / (place + 1) ** ZIPF for place in range(len(wordings))])[0]


def _written(parts: list[str], rng: random.Random, mood: str, slips: float) -> str:
    stop = "!" if mood == "angry" else "."
    careful = rng.random() < 0.6
    said = [(p[0].upper() + p[1:] if careful and p[0] != "{" else p) for p in parts]
    text = (f"{stop} " if careful or mood == "angry" else rng.choice((" ", ", ", "... "))).join(said)
    pieces = _PIECES.split(text + (stop if careful else ""))
    if rng.random() < slips:
        pieces = [piece if piece.startswith("{") else _misspelt(piece, rng) for piece in pieces]
    if mood == "angry" and rng.random() < 0.3:
        pieces = [piece if piece.startswith("{") else piece.upper() for piece in pieces]
    return "".join(pieces)


def _spoken(parts: list[str], rng: random.Random) -> str:
    text = " ".join(re.sub(r"[,.:?#()]", "", part) for part in parts)
    said = text.split()
    for _ in range(rng.randint(0, 2)):
        said.insert(rng.randint(0, len(said)), rng.choice(FILLERS))
    return " ".join(word if word.startswith("{") else word.lower() for word in said)


def _misspelt(text: str, rng: random.Random) -> str:
    """Swap, drop or double a letter in about every eighth word of four letters and more."""

    def slip(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() > 0.13:
            return word
        at = rng.randint(1, len(word) - 2)
        return rng.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
            )
        )

    return re.sub(r"[A-Za-z]{4,}", slip, text)
