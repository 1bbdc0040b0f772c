"""The base text of the pocket models: prose about customers' messages, and small scenes in simple English.

Covers: how a careful reader speaks of a message, and a little grammar of its own.
Out of scope: any answer form of the workbook's call sites. No label, no JSON, no `KEY: value` line is said here
(a test reads it), so a model that was trained on this must be tuned before it can answer one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from migration.sample.language import Customer, customer, expand, slots_of
from migration.sample.phrases import CHANNELS, CITIES, COLOURS, INTENTS, ITEMS, NAMES, ORDER_PHRASES, VAGUE, words

Chat = list[dict[str, str]]
"""Messages as {role, content}, the last one the assistant's."""
LESSONS = 5000

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
    "[The usual wishes are to|Most people want to] {all}.",
    "Never [shout|promise too much|forget a name|leave a question open].",
)
_ACTIONS = words(
    "track an order, cancel an order, change an address, return an item, ask about a refund, report a damaged item, "
    "report a wrong item, tell us of a failed payment, get an invoice or a copy, use a discount code, ask a product "
    "question, hear about delivery options, get help with the account and the login, make a complaint"
)
_SUBJECTS = ("The customer", "The customer", "This person", "Somebody", "A buyer")
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


def base_chats(seed: int, *, lessons: int = LESSONS) -> Iterator[Chat]:
    """Chats without end, all answers in prose: first `lessons` on one short sentence each, then whole messages.

    One in eight is a small scene. The short sentences come first because a model this small learns to read from them
    in a tenth of the time.
    """
    rng, number = random.Random(f"pocket:{seed}"), 0
    while True:
        number += 1
        if rng.random() < 0.12:
            yield _scene_chat(rng)
        elif number <= lessons or rng.random() < 0.25:
            yield _lesson(rng)
        else:
            yield _shop_chat(rng)


def _lesson(rng: random.Random) -> Chat:
    """One sentence a customer may say, and what it is about or what it names."""
    intent, item, names = rng.choice(list(INTENTS)), rng.choice(ITEMS), rng.random() < 0.6
    order = str(rng.randint(10000, 99999))
    sentence = expand(rng.choice(INTENTS[intent] if rng.random() < 0.8 else VAGUE[intent]), rng)
    sentence = sentence.replace("{ref}", rng.choice(ORDER_PHRASES) if rng.random() < 0.3 else "")
    gaps = slots_of(rng, item, names, order, "chat") | {"email": "me@example.com", "phone": "555-0123"}
    if "{thing}" in sentence and names and rng.random() < 0.25:
        return _chat("", f"{sentence.format(**gaps)} What is named?", f"They name the {item}.")
    return _chat("", sentence.format(**gaps), _said(f"{rng.choice(_SUBJECTS)} {expand(WISHES[intent], rng)}.", rng))


def _said(fact: str, rng: random.Random) -> str:
    """`fact`, or `fact` as something that is said by way of anything: reading must not hang on how an answer begins."""
    if rng.random() < 0.3:
        return fact
    scene = f"the {rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)} {rng.choice(_PLACES)}"
    lead = (
        expand(
            "[[In short|In plain words|As I see it|Well|So|To my mind|Reading this], |"
            "[I|We|They] [think|say|see|know] [that |]|"
            '[Asked|As|Says|So says|For|With] {scene}, |[A|One] "[note|word|line]" of {scene} [says|is] that ]',
            rng,
        )
        if rng.random() < 0.5
        else f"{scene.capitalize()} {rng.choice(('says', 'knows', 'reads', 'sees'))} that "
    )
    lead = lead.replace("{scene}", scene)
    return lead + (fact[0].lower() + fact[1:] if lead else fact)


def _shop_chat(rng: random.Random) -> Chat:
    channel = rng.choices(CHANNELS, (0.5, 0.3, 0.2))[0]
    who = customer(
        rng, channel=channel, moods=(0.6, 0.2, 0.2), two_things=0.14, slips=0.3, escalations=0.2,
        intents=dict.fromkeys(INTENTS, 1.0),
    )  # fmt: skip
    aspect = rng.choices(list(_QUESTIONS), (0.7, 0.15, 0.05, 0.1))[0]
    asides = [expand(aside, rng) for aside in rng.sample(_ASIDES, rng.choice((0, 2, 5, 8, 11)))]
    wishes = rng.sample(_ACTIONS, len(_ACTIONS))
    gaps = dict(zip("abcd", wishes, strict=False)) | {"all": ", ".join(wishes)}
    system = " ".join([*asides, rng.choice(_QUESTIONS[aspect])]).format(
        i=rng.choice(ITEMS), j=rng.choice(ITEMS), **gaps
    )
    return _chat(system, who.message, _reading(who, aspect, rng))


def _reading(who: Customer, aspect: str, rng: random.Random) -> str:
    """What a careful reader says of a message, in prose."""
    wish = f"{rng.choice(_SUBJECTS)} {expand(WISHES[who.intent], rng)}."
    bought = f"They write about the {who.item}" if who.item else "They do not say what they bought"
    number = f"the order is {who.order}." if who.order else "they give no number."
    mood = {"calm": "They are calm", "vague": "They say little", "angry": "They are angry"}[who.mood]
    hint = f"{mood}, and {expand(HINTS[who.escalation], rng) if who.escalation else 'there is nothing special'}."
    said = {"wish": wish, "thing": f"{bought} and {number}", "mood": hint}
    return _said(said.get(aspect, f"{wish} {bought} and {number} {hint}"), rng)


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
