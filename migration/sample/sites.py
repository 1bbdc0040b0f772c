"""The call sites of the invented shop's assistant: what each asks a model, the true answer, and a wrong one.

Covers: prompts (in versions), facts, policies, and the answer forms.
Out of scope: how often the logged model errs, fails or is retried (`simulate`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from migration.sample.language import Customer, expand
from migration.sample.phrases import INTENTS, ITEMS, NAMES, words

QUEUES = {
    "ORDERS": ("track_order", "cancel_order", "change_address", "delivery_options"),
    "RETURNS": ("return_item", "refund_status", "damaged_item", "wrong_item"),
    "BILLING": ("payment_failed", "invoice_copy", "discount_code"),
    "ADVICE": ("product_question", "account_login"),
    "CARE": ("complaint",),
}
QUEUE_OF = {intent: queue for queue, intents in QUEUES.items() for intent in intents}
CONFUSED_WITH = {
    "track_order": "delivery_options", "cancel_order": "return_item", "change_address": "account_login",
    "return_item": "refund_status", "refund_status": "return_item", "damaged_item": "return_item",
    "wrong_item": "damaged_item", "payment_failed": "invoice_copy", "invoice_copy": "payment_failed",
    "discount_code": "payment_failed", "product_question": "delivery_options", "delivery_options": "track_order",
    "account_login": "change_address", "complaint": "track_order",
}  # fmt: skip
"""The intent that the logged model names when it errs."""

_INTENTS = ", ".join(INTENTS)
PROMPTS: dict[str, tuple[tuple[float, str], ...]] = {
    "intent": (
        (
            0,
            "You sort messages to the shop Fernhill (prompt of 2025-08-18). Name the customer's intent. Several "
            f'wishes: take the first. Answer with JSON only: {{"intent": <intent>}}.\nIntents: {_INTENTS}.',
        ),
        (
            5,
            "You are the triage model of the shop Fernhill (prompt of 2025-09-06). Name the one intent of the "
            "customer's message; if it has several, the first. Answer with JSON only: "
            f'{{"intent": <intent>}}.\nIntents: {_INTENTS}.',
        ),
    ),
    "lookup": (
        (
            0,
            "Find what the customer's message says of the order. Reply in exactly two lines:\n"
            "ORDER: <order number in digits, or NONE>\nITEM: <the product they bought, or NONE>",
        ),
    ),
    "reply": (
        (
            0,
            "You write replies for the shop Fernhill. Use the facts only. Greet by first name, say sorry if the "
            "customer is angry, two or three sentences, sign as Fernhill Care.",
        ),
        (
            12,
            "You write replies for the shop Fernhill (v2). Use the facts only. Greet by first name, say sorry if the "
            "customer is angry, two or three short sentences, sign as Fernhill Care.",
        ),
    ),
    "route": (
        (
            0,
            "Check where this message belongs. Reply in exactly two lines:\n"
            f"QUEUE: <one of {' | '.join(QUEUES)}>\nESCALATE: <yes | no>\n"
            "ESCALATE is yes if the customer threatens legal steps, reports an injury, asks for a person, or says that "
            "they have contacted us before; what is escalated goes to CARE.",
        ),
    ),
    "judge": (
        (
            0,
            "Grade the agent's reply from 1 to 5. 5: right, polite, complete. 4: right, but no greeting. 3: polite, "
            "but says nothing. 2: a fact is wrong. 1: rude. Reply with the number only.",
        ),
    ),
    "resolve": (
        (
            0,
            "Work out how Fernhill settles this complaint. Today is {today}.\nRules: 1. A damaged or missing item is "
            "refunded in full. 2. An item the customer keeps although it was late by more than 5 days is reduced by 10 "
            "percent. 3. Delivery (4.90) is refunded if anything was damaged. 4. A third contact adds a voucher of 10. "
            "5. A single settlement above 150 needs a team lead. Go through the order item by item, give the sums, "
            "then the total, who signs it off, and the next step for the customer.",
        ),
    ),
    "apology": (
        (
            0,
            "Write a warm, personal e-mail of apology from Fernhill to this customer, in your own words, about 100 "
            "words. Say sorry for what happened, promise nothing but what the note allows, no headings. "
            "Today is {today}.",
        ),
    ),
    "urgency": (
        (
            0,
            "How soon must somebody look at this message to Fernhill? Reply with one word: NOW for threats, injuries "
            "and people who have written before, TODAY for angry customers and goods that came wrong, else LATER.",
        ),
    ),
}
MAX_TOKENS = {
    "intent": 24, "lookup": 32, "reply": 160, "route": 24, "judge": 4, "resolve": 400, "apology": 400, "urgency": 4,
}  # fmt: skip
TEMPERATURE = {"reply": 0.3, "resolve": 0.2, "apology": 0.9}

FACTS: dict[str, tuple[str, str]] = {
    "track_order": (
        "{record}; shipped {d1}; due {d2} with {carrier}",
        "your {item} left our warehouse on {d1} and should reach you by {d2} with {carrier}. You can follow it under "
        "My Orders",
    ),
    "cancel_order": (
        "{record}; not yet shipped; cancelled {d1}; {amount} euros go back within {n} days",
        "we have cancelled your {item} today. The {amount} euros will be back on your account within {n} days",
    ),
    "change_address": (
        "{record}; not yet shipped; new address saved; due {d2}",
        "the new address for your {item} is saved. It should arrive there by {d2}",
    ),
    "return_item": (
        "{record}; return window open until {d2}; label sent by e-mail; drop-off at {carrier}",
        "you can send the {item} back until {d2}. The label is in your mailbox, just hand the parcel in at {carrier}",
    ),
    "refund_status": (
        "{record}; return received {d1}; {amount} euros paid out; bank takes {n} days",
        "your {item} came back to us on {d1} and we have paid out {amount} euros. Your bank may need {n} days",
    ),
    "damaged_item": (
        "{record}; replacement booked; due {d2}; customer keeps the old one",
        "a new {item} is on its way and should arrive by {d2}. There is no need to send the old one back",
    ),
    "wrong_item": (
        "{record}; right item sent {d1}; {carrier} collects the wrong one on {d2}",
        "the right {item} was sent to you on {d1}. {carrier} will collect the wrong one on {d2}",
    ),
    "payment_failed": (
        "{record}; card refused by bank; order held until {d2}; other ways: invoice, bank transfer",
        "your bank refused the card, so we hold your {item} until {d2}. You can also pay by invoice or bank transfer",
    ),
    "invoice_copy": (
        "{record}; invoice sent by e-mail {d1}; also under My Orders",
        "we sent the invoice for your {item} again by e-mail on {d1}. You also find it under My Orders",
    ),
    "discount_code": (
        "{record}; code valid until {d2}; order value at least {amount} euros; not on sale items",
        "the code is valid until {d2} for orders from {amount} euros and not for sale items. Please try it again in "
        "your basket",
    ),
    "product_question": (
        "{item}; {n} years of guarantee; wipe with a damp cloth; back in stock {d2}",
        "our {item} has {n} years of guarantee and is best cleaned with a damp cloth. It is back in stock on {d2}",
    ),
    "delivery_options": (
        "standard 4.90 euros in {n} days; free from {amount} euros; express 9.90 euros next day",
        "standard delivery costs 4.90 euros and takes {n} days, from {amount} euros it is free. Express for 9.90 euros "
        "comes the next day",
    ),
    "account_login": (
        "account found; reset link sent; valid {n} hours; after that call 555-0100",
        "we have sent you a new reset link, which is valid for {n} hours. If it does not work, please call 555-0100",
    ),
    "complaint": (
        "{record}; case opened {d1}; team lead calls by {d2}",
        "we opened a case for you on {d1}. A team lead will call you by {d2} to put things right",
    ),
}
_WHO = words(
    "Fernhill, I, My team, Our packers, Our drivers, Two colleagues, The night shift, A newcomer, Our hotline, "
    "Somebody here, The warehouse, Everyone involved, One clerk, Our website, Marek, Nobody but us, Several "
    "people, This shop, Our system, Haste"
)
_DID = words(
    "bent broke misread neglected rushed spoiled strained wasted tested shook bruised betrayed delayed overlooked "
    "ignored clouded darkened dulled failed fumbled hindered hurt lost misjudged mislaid muddled risked shortened "
    "soured stalled stole taxed upset weakened wronged undid burdened dented forgot frayed"
)
_WHAT_LIKE = words(
    "generous patient honest long quiet careful fair early small warm hopeful kind rare busy simple steady bright "
    "gentle modest precious reasonable sincere sunny thoughtful trusting usual whole brave calm decent dear eager "
    "faithful friendly good happy lively lovely loyal polite"
)
_WHAT = words(
    "trust patience morning evening weekend plan hope gift garden holiday party surprise faith goodwill time "
    "budget journey lunch mood kitchen order request question letter wish word table terrace birthday visit "
    "afternoon kindness cheer comfort confidence delight home spirit welcome errand"
)
_HOW = words(
    "badly twice needlessly plainly clumsily carelessly again today quietly visibly lately foolishly unfairly "
    "silently everywhere repeatedly thoroughly hastily truly blindly"
)
"""Word classes of the free e-mails: so many that hardly three words in a row come back."""
CARRIERS = ("Swift Post", "Blue Van", "Parcel Hub", "Green Line")


@dataclass(frozen=True)
class Ask:
    """One question to a model: the messages, its true answer, and what the model says when it errs."""

    site: str
    messages: list[dict[str, str]]
    true: str
    wrong: str
    options: dict[str, Any] = field(default_factory=dict)


def prompt(site: str, day: float, today: str) -> str:
    """The system prompt that `site` used on `day` (days since the log's start)."""
    text = [text for start, text in PROMPTS[site] if start <= day][-1]
    return text.replace("{today}", today)


def _ask(site: str, who: Customer, user: str, true: str, wrong: str, when: tuple[float, str]) -> Ask:
    options: dict[str, Any] = {"temperature": TEMPERATURE.get(site, 0), "max_tokens": MAX_TOKENS[site]}
    if site == "intent":
        options["response_format"] = {"type": "json_object"}
    messages = [{"role": "system", "content": prompt(site, *when)}, {"role": "user", "content": user}]
    return Ask(site, messages, true, wrong, options)


def intent(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """The call that finds out what the customer wants."""
    wrong = who.second_intent or CONFUSED_WITH[who.intent]
    form = '{{"intent": "{}"}}'
    return _ask("intent", who, who.message, form.format(who.intent), form.format(wrong), when)


def lookup(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """The call that finds order and item in a message."""
    order, item = who.order or "NONE", who.item or "NONE"
    swapped = order[:2] + order[3] + order[2] + order[4:] if who.order and order[2] != order[3] else None
    lost = (swapped or "NONE", item) if who.order else (order, rng.choice([i for i in ITEMS if i != item]))
    if lost == (order, item):
        lost = ("NONE", item)
    form = "ORDER: {}\nITEM: {}"
    return _ask("lookup", who, who.message, form.format(order, item), form.format(*lost), when)


def route(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """The call that chooses the queue, and whether to escalate."""
    up = who.escalation is not None
    queue, other = "CARE" if up else QUEUE_OF[who.intent], QUEUE_OF[CONFUSED_WITH[who.intent]]
    slips = (QUEUE_OF[who.intent], not up) if other == queue or rng.random() < 0.6 else (other, up)
    form = "QUEUE: {}\nESCALATE: {}"
    true, wrong = (form.format(q, "yes" if e else "no") for q, e in ((queue, up), slips))
    return _ask("route", who, f"Channel: {who.channel}\n{who.message}", true, wrong, when)


def reply(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """The call that writes to the customer."""
    facts, true, wrong = _reply(who, rng)
    return _ask("reply", who, f"FACTS: {who.name}; {facts}\nMESSAGE: {who.message}", true, wrong, when)


def _reply(who: Customer, rng: random.Random) -> tuple[str, str, str]:
    """Facts, a right reply, and one with a date or a number that is not in the facts."""
    slots = {
        "record": f"order {who.order_number}; {who.item_bought}",
        "item": who.item_bought,
        "carrier": rng.choice(CARRIERS),
        "amount": str(rng.randint(9, 180)),
        "n": str(rng.randint(2, 9)),
        "d1": f"{rng.randint(1, 14)} September",
        "d2": f"{rng.randint(15, 30)} September",
    }
    other = {"d1": f"{rng.randint(1, 30)} August", "d2": f"{rng.randint(1, 9)} October", "n": "14", "amount": "200"}
    facts, body = FACTS[who.intent]
    frame = expand("[Hello|Hello|Hi] {name}, ", rng) + ("we are sorry for the trouble, " if who.mood == "angry" else "")
    frame = frame.replace("{name}", who.name) + "{body}. " + expand("[Kind|Kind|Best] regards, Fernhill Care", rng)
    true, wrong = (frame.replace("{body}", body.format(**values)) for values in (slots, slots | other))
    return facts.format(**slots), true, wrong


def judge(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """The call that grades a reply, 1 to 5."""
    facts, right, wrong = _reply(who, rng)
    grade = rng.choices((5, 4, 3, 2, 1), (0.42, 0.16, 0.16, 0.16, 0.1))[0]
    empty = f"Hello {who.name}, thank you for your message. We will look into it. Kind regards, Fernhill Care"
    rude = (
        f"{rng.choice(('That', 'This'))} is {rng.choice(('your own fault', 'not our problem', 'in the terms'))}. "
        + (rng.choice(("Read the page again.", "Stop writing to us.", "Ask somebody else.")))
    )
    text = {5: right, 4: right.split(", ", 1)[1].capitalize(), 3: empty, 2: wrong, 1: rude}[grade]
    slip = str(grade + (1 if grade == 1 or (grade < 5 and rng.random() < 0.7) else -1))
    user = f"FACTS: {who.name}; {facts}\nMESSAGE: {who.message}\nREPLY: {text}"
    return _ask("judge", who, user, str(grade), slip, when)


def resolve(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """A complaint over several items that needs sums and rules in order."""
    lines, steps, total, damaged, items = [], [], 0.0, False, rng.sample(ITEMS, 3)
    for item in items:
        price, late = rng.randint(8, 95), rng.randint(0, 12)
        state = rng.choice(("damaged", "missing", "kept", "kept"))
        lines.append(f"- {item}, {price}.00 euros, {state}, {late} days late")
        back = float(price) if state != "kept" else price * 0.1 if late > 5 else 0.0
        damaged, total = damaged or state == "damaged", total + back
        why = f"it was {state}" if state != "kept" else f"it was {late} days late" if back else "it came in time"
        steps.append(f"{item}: {back:.2f} euros, since {why}")
    total += 4.9 if damaged else 0.0
    contacts = rng.randint(1, 4)
    steps.append(f"Delivery: {4.9 if damaged else 0:.2f} euros")
    steps.append("A voucher of 10 euros for the third contact" if contacts >= 3 else "No voucher")

    def plan(total: float) -> str:
        lead = "a team lead must sign it off" if total > 150 else "no sign-off is needed"
        body = "\n".join(f"{i}. {step}." for i, step in enumerate(steps, 1))
        return (
            f"{body}\nTotal: {total:.2f} euros; {lead}. Next step: {who.name} gets a mail with the sum today and the "
            f"money within {3 if total < 100 else 5} days."
        )

    record = "\n".join(lines)
    user = f"Order {who.order_number}, contact number {contacts}:\n{record}\nCustomer {who.name} wrote:\n{who.message}"
    return _ask("resolve", who, user, plan(total), plan(total + rng.choice((-4.9, 4.9, 10))), when)


def apology(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """Free writing: many right answers, none of which can be compared word by word."""
    note = rng.choice(("a voucher of 10 euros", "free delivery on the next order", "a call by the team lead"))
    trouble = {
        "complaint": "the way we treated you",
        "damaged_item": f"the state in which your {who.item_bought} reached you",
        "wrong_item": "the mix-up in our warehouse",
        "refund_status": "the long wait for your money",
    }.get(who.intent, "the trouble we caused you")
    blames = [_blame(rng) for _ in range(11)]
    blames.insert(rng.randint(4, 9), "Please accept {note}.")
    text = f"Dear {who.name},\n\nsorry for {trouble}. {' '.join(blames)}\n\n{rng.choice(NAMES)}"
    true, wrong = text.format(note=note), text.format(note="a full refund and 50 euros in cash")
    return _ask("apology", who, f"NOTE: may offer {note}\n{who.message}", true, wrong, when)


def _blame(rng: random.Random) -> str:
    who, did, how = rng.choice(_WHO + NAMES), rng.choice(_DID), rng.choice(_HOW)
    one, two = (f"{rng.choice(_WHAT_LIKE)} {rng.choice(_WHAT)}" for _ in range(2))
    return rng.choice(
        (f"{who} {did} your {one} {how}.", f"{who} {how} {did} {one} and {two}.", f"{who} {did} a {one}.")
    )


def urgency(who: Customer, rng: random.Random, when: tuple[float, str]) -> Ask:
    """A call site that only some simulations have: how soon somebody must look at the case."""
    grades = ("LATER", "TODAY", "NOW")
    grade = 2 if who.escalation else 1 if who.mood == "angry" or QUEUE_OF[who.intent] == "RETURNS" else 0
    return _ask("urgency", who, who.message, grades[grade], grades[grade - 1 if grade else 1], when)


SITES: dict[str, Callable[[Customer, random.Random, tuple[float, str]], Ask]] = {
    "intent": intent, "lookup": lookup, "reply": reply, "route": route, "judge": judge, "resolve": resolve,
    "apology": apology, "urgency": urgency,
}  # fmt: skip
