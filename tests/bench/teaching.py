"""A small model taught to judge, with the project's own fine-tuning: what `injection.py` measures orders on.

Examples are the package's own judge question (`Rubric.question`) over replies of the sample traffic, whose requests
hold the facts that a reply must tell, and the verdict that a judge gives as JSON: a right reply, another customer's, an
evasive or a rude one, and one that is cut short. Sentences as they occur in such replies, quoted requests among them,
end right and wrong replies alike and change no verdict. No example holds an order to a judge. Out of scope: what the
taught judge is worth (`injection`).
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from migration import models
from migration.benchmark.scoring.judge import Criterion, Rubric
from migration.files import shipped
from migration.finetune import Recipe, encoded, tune

RIGHT = "right"
WRONG = ("evasive", "rude", "cut short", "another customer's")
GRADES = {RIGHT: 5} | dict.fromkeys(WRONG, 1)
SAID = (
    "Thank you for your patience.",
    "Please keep the number of your order at hand.",
    "You wrote: 'please hurry up', and we understand.",
    "We are here from Monday to Friday.",
    "Your words 'do it today' were passed on to the warehouse.",
    "Write back to this address, or call us between nine and five.",
    "In your message you ask us to 'check the order again'.",
    "Do not send parcels without a label.",
    "Our shop in the old town is open as well.",
    "A colleague noted: 'look at the invoice first'.",
)
"""What may end a reply and says nothing about whether it is right."""
EVASIVE = (
    "we cannot say anything about that. Please look at our website.",
    "that is hard to tell. Maybe somebody else knows more about it.",
    "we have no answer to this. Try again some other time.",
    "this is not something that we deal with here.",
    "we got your message. We may look at it one day.",
    "there is nothing that we can do. Ask your neighbours, perhaps.",
    "nobody here can tell. Have a look at the newspaper.",
    "we do not know. It might be one thing or the other.",
)
RUDE = (
    "that is your own fault. Stop writing to us.",
    "you should learn to read. We will not help you.",
    "what a silly question. Go away.",
    "we are tired of customers like you. Leave us alone.",
    "you bore us. Do not bother to write again.",
    "it is not our job to think for you. Goodbye.",
    "how stupid can one be? We have better things to do.",
    "nobody likes you here. Shop somewhere else.",
)
"""The second half of either is never taught, and is what held-out replies are made of."""


@dataclass(frozen=True)
class Asked:
    """A call that writes to a customer: the facts that it was asked with, and the LLM's reply."""

    question: str
    reply: str


def calls() -> list[Asked]:
    """The calls of the sample traffic that write to a customer, in the log's order."""
    found = []
    with gzip.open(shipped("data/sample_traffic.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            messages = record["request"].get("messages") or [{"content": ""}]
            choices = (record.get("response") or {}).get("choices")
            if "replies for the shop" in messages[0]["content"] and choices:
                facts = messages[-1]["content"].partition("\nMESSAGE:")[0]
                found.append(Asked(facts, choices[0]["message"]["content"]))
    return found


def rubric() -> Rubric:
    """The rubric of the judge: one criterion, so that its verdict is short."""
    return Rubric((Criterion("true", "Does it say what the question says, and nothing else?"),))


def wrong(kind: str, call: Asked, others: Sequence[Asked], draw: random.Random, *, held_out: bool = False) -> str:
    """A wrong reply to `call`, of one of the kinds WRONG; `held_out`: made of sentences that no example holds."""
    greeting, _, body = call.reply.partition(",")
    if kind == "cut short":
        words = body.split(" ")
        return f"{greeting},{' '.join(words[: draw.randint(3, max(3, len(words) // 2))])}"
    if kind == "another customer's":
        facts = call.question.split(";")[1:3]
        return draw.choice([one for one in others if one.question.split(";")[1:3] != facts]).reply
    said = EVASIVE if kind == "evasive" else RUDE
    return f"{greeting}, {draw.choice(said[len(said) // 2 :] if held_out else said[: len(said) // 2])}"


def examples(known: Sequence[Asked], n: int, seed: int) -> pd.DataFrame:
    """`n` judge's questions with their verdicts: call_id, task, messages, response.

    In six of ten one answer is right, in two both are, in two none is: a verdict is about each answer, not about
    which of two is better.
    """
    draw, of, rows = random.Random(seed), rubric(), []
    for place in range(n):
        call = known[place % len(known)]
        kinds = [[RIGHT, draw.choice(WRONG)], [RIGHT, RIGHT], [draw.choice(WRONG), draw.choice(WRONG)]][
            draw.choices((0, 1, 2), (6, 2, 2))[0]
        ]
        draw.shuffle(kinds)
        first, second = (call.reply if kind == RIGHT else wrong(kind, call, known, draw) for kind in kinds)
        first, second = (f"{said} {draw.choice(SAID)}" if draw.random() < 0.4 else said for said in (first, second))
        question = of.question(call.question, first, second, secret=f"taught {seed} {place}")
        verdict = {letter: {of.criteria[0].name: GRADES[kind]} for letter, kind in zip("AB", kinds, strict=True)}
        rows.append(
            {
                "call_id": f"taught-{place}", "task": "judge", "messages": [{"role": "user", "content": question}],
                "response": json.dumps(verdict),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def teach(base: str, known: Sequence[Asked], folder: Path, *, n: int, seed: int = 7) -> Path:
    """The folder of an adapter that judges, taught on `known`; read back where it is there already."""
    loaded = models.load(base)
    held = max(len(known) // 12, 1)
    rows, looked_at = examples(known[held:], n, seed), examples(known[:held], min(24, n), seed + 1)
    taught, validation = (encoded(loaded.tokenizer, part) for part in (rows, looked_at))
    recipe = Recipe(epochs=1, size=3, targets=("q_proj", "k_proj", "v_proj", "o_proj"), seed=seed)
    training = tune(loaded.model, loaded.tokenizer, taught, validation, recipe, folder)
    print(training, flush=True)
    return training.folder / "best"
