"""The base text of the pocket models: prose about customers' messages, and small scenes in simple English.

Knows: how a careful reader speaks of a message, and a little grammar of its own.
Refuses to know: any answer form of the workbook's call sites. No label, no JSON, no `KEY: value` line is said here
(a test reads it), so a model that was trained on this must be tuned before it can answer one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from migration.sample.language import (
    CHANNELS,
    CITIES,
    COLOURS,
    ITEMS,
    NAMES,
    Customer,
    customer,
    expand,
    words,
)

Chat = list[dict[str, str]]
"""Messages as {role, content}, the last one the assistant's."""

WISHES = {
    "track_order": "[wants to know where the parcel is|is waiting for a delivery|asks when the parcel comes]",
    "cancel_order": "[does not need it any more|wants us to stop the sale|would like to cancel]",
    "change_address": "[has moved|wants it sent to another place|gave us the wrong street]",
    "return_item": "[wants to send it back|does not like it and returns it|would like to give it back]",
    "refund_status": "[is waiting for the money|asks about the money for something sent back|wants the refund]",
    "damaged_item": "[got something broken|has something that does not work|wants a new one for the broken one]",
    "wrong_item": "[got the wrong thing|has something that was not ordered|was sent a different thing]",
    "payment_failed": "[cannot pay|has trouble with the card|was charged in a wrong way]",
    "invoice_copy": "[needs the bill|asks for the invoice|wants a receipt]",
    "discount_code": "[has trouble with a voucher|asks for a discount|wants the price to go down]",
    "product_question": "[asks how good the thing is|wants to know more about the thing|has a question on a product]",
    "delivery_options": "[asks how we deliver|wants to know what delivery costs|asks if we come to a town]",
    "account_login": "[cannot get into the account|has trouble with the password|wants something done to the account]",
    "complaint": "[is not happy with us|complains about our service|was treated badly]",
}
HINTS = {
    "legal": "[they speak of a lawyer or a court|they threaten to go to law]",
    "injury": "[somebody was hurt|there was an accident]",
    "person": "[they would rather talk to a person|they do not want a machine]",
    "repeat": "[they wrote to us before|it is not the first time]",
}
_ASIDES = (
    "Be [kind|short|friendly|calm|clear].",
    "You help the people of the shop Fernhill.",
    "You are [a helpful friend|an assistant|a careful reader].",
    "[Write|Answer|Speak] in [plain|simple|good] words.",
    "Do not [make things up|say more than you know|guess].",
    "People may want to {a}, {b}, {c} or {d}.",
    "The shop sells things such as a {i} and a {j}.",
    "Some of them [are angry|write fast|are in a hurry|call us by phone].",
    "[Orders|Returns|Billing|Advice|Care] is [one of our teams|a team of the shop].",
)
_ACTIONS = words(
    "track an order, cancel an order, change an address, return an item, ask about a refund, report a damaged item, "
    "report a wrong item, tell us of a failed payment, get an invoice or a copy, use a discount code, ask a product "
    "question, hear about delivery options, get help with the account and the login, make a complaint"
)
_QUESTIONS = {
    "wish": ("What does the customer want?", "Say what this is about.", "Which wish do you see?"),
    "thing": ("Which product and which order do they name?", "Say what they bought and the number of the order."),
    "mood": ("How do they feel, and is there anything special?", "Is there something we must take care of?"),
    "all": ("Tell me all that matters.", "Sum up the message.", "What should the team know?"),
}
_NOUNS = words("dog cat bird child teacher farmer nurse baker driver girl boy river garden house ship train horse cook")
_ADJECTIVES = words("old young small big quiet happy tired clever slow kind tall brave")
_VERBS = words("sleeps waits sings works plays rests reads walks")
_PLACES = words(
    "under the tree, near the river, in the garden, behind the house, at the station, on the hill, by the sea"
)
_TIMES = words("in the morning, at noon, in the evening, every Monday, in winter, all day, after lunch")


def base_chats(seed: int) -> Iterator[Chat]:
    """Chats without end: three in four read a customer's message, the others a small scene. All answers are prose."""
    rng = random.Random(f"pocket:{seed}")
    while True:
        yield _shop_chat(rng) if rng.random() < 0.75 else _scene_chat(rng)


def _shop_chat(rng: random.Random) -> Chat:
    channel = rng.choices(CHANNELS, (0.5, 0.3, 0.2))[0]
    who = customer(rng, channel=channel, moods=(0.6, 0.2, 0.2), two_things=0.14, slips=0.3, escalations=0.2)
    aspect = rng.choices(list(_QUESTIONS), (0.4, 0.25, 0.15, 0.2))[0]
    asides = [expand(aside, rng) for aside in rng.sample(_ASIDES, rng.randint(0, 6))]
    actions = dict(zip("abcd", rng.sample(_ACTIONS, 4), strict=True))
    system = " ".join([*asides, rng.choice(_QUESTIONS[aspect])]).format(
        i=rng.choice(ITEMS), j=rng.choice(ITEMS), **actions
    )
    return _chat(system, who.message, _reading(who, aspect, rng))


def _reading(who: Customer, aspect: str, rng: random.Random) -> str:
    """What a careful reader says of a message, in prose."""
    subject = rng.choice(("The customer", "This person", who.name if who.channel == "email" else "The customer"))
    wish = f"{subject} {expand(WISHES[who.intent], rng)}."
    bought = f"They write about the {who.item}" if who.item else "They do not say what they bought"
    number = f"the order is {who.order}." if who.order else "they give no number."
    mood = {"calm": "They are calm", "vague": "They say little", "angry": "They are angry"}[who.mood]
    hint = f"{mood}, and {expand(HINTS[who.escalation], rng) if who.escalation else 'there is nothing special'}."
    return {"wish": wish, "thing": f"{bought} and {number}", "mood": hint}.get(
        aspect, f"{wish} {bought} and {number} {hint}"
    )


def _scene_chat(rng: random.Random) -> Chat:
    one, two = rng.sample(_NOUNS, 2)
    scenes, told = {}, []
    for noun in (one, two):
        scene = rng.choice(_ADJECTIVES), rng.choice(_VERBS), rng.choice(_PLACES), rng.choice(_TIMES)
        scenes[noun] = scene
        told.append(f"The {scene[0]} {noun} {scene[1]} {scene[2]} {scene[3]}.")
    told.append(f"{rng.choice(NAMES)} has a {rng.choice(COLOURS)} {rng.choice(ITEMS)} in {rng.choice(CITIES)}.")
    asked = rng.choice((one, two))
    adjective, verb, place, moment = scenes[asked]
    question, answer = rng.choice(
        (
            (f"Where is the {asked}?", f"The {asked} is {place}."),
            (f"What does the {asked} do?", f"The {asked} {verb} {moment}."),
            (f"What is the {asked} like?", f"The {asked} is {adjective}."),
        )
    )
    system = " ".join(expand(a, rng) for a in rng.sample(_ASIDES[:5], rng.randint(0, 3)))
    return _chat(system, " ".join([*told, question]), answer)


def _chat(system: str, user: str, assistant: str) -> Chat:
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
