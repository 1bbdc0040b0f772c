"""Task types follow from how answers behave."""

from __future__ import annotations

import json
from random import Random

import pytest
import sites

from migration.audit.discovery.behaviour import Exchange, evidence, fields_of, free_shares, labels_of, shape_of, type_of


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ('{"a": {"b": ["x", "y"]}, "c": null}', {"a.b": ["x", "y"]}),
        ('```json\n{"ok": true}\n```', {"ok": ["true"]}),
        ("QUEUE: billing\nESCALATE: no", {"queue": ["billing"], "escalate": ["no"]}),
        ("**Label:** spam", {"label": ["spam"]}),
        ("Just a sentence: with a colon, and more of it than a label would ever have.", None),
        ("{broken json", None),
    ],
)
def test_fields_of_an_answer(answer: str, fields: dict[str, list[str]] | None) -> None:
    assert fields_of(answer) == (fields if fields is not None else {"": [answer]})


def test_shapes() -> None:
    assert [shape_of(a) for a in ('{"a": 1}', '["a"]', "A: b\nC: d", "spam", '{"tool_calls": []}')] == [
        "json",
        "list",
        "pairs",
        "label",
        "tool",
    ]


def test_labels_are_the_closed_values_and_no_numbers() -> None:
    assert labels_of(["red", "green", "blue"] * 10) == {"red", "green", "blue"}
    assert labels_of(["1", "2", "3"] * 10) == frozenset()
    assert labels_of([f"answer number {i}" for i in range(30)]) == frozenset()


@pytest.mark.parametrize("site", list(sites.SITES), ids=lambda site: site.__name__)
def test_each_made_up_site_gets_a_right_type(site: sites.Site) -> None:
    r = Random(11)
    exchanges = []
    for _ in range(120):
        messages, answer, tools = site(r)
        users = [m["content"] for m in messages if m["role"] == "user"]
        exchanges.append(Exchange("\n".join(users), answer, turns=len(users), tools=bool(tools)))
    assert type_of(evidence(exchanges, messages[0]["content"])) in sites.SITES[site]


def test_labels_listed_in_every_prompt_are_not_copies() -> None:
    r = Random(2)
    told = "Choose one of apple, banana, cherry.\n"
    listed = [Exchange(told + sites.sentence(r), r.choice(["apple", "banana", "cherry"])) for _ in range(100)]
    assert evidence(listed).copied < 0.1
    copies = [Exchange(told + f"My name is {name}", name) for name in (sites.word(r) for _ in range(100))]
    assert evidence(copies).copied > 0.9


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("SELECT count(*) FROM orders WHERE day > {n}", "code"),
        ("delete from carts where id = {n};", "code"),
        ("Select plan {n} from the list of plans below and press the green button to go on.", "other"),
        ("def total(x):\n    y = x + {n}\n    return y", "code"),
    ],
)
def test_a_statement_is_code_however_short(answer: str, kind: str) -> None:
    asked = [Exchange(f"Question about thing {n}, please, and about nothing else at all", answer.format(n=n))
             for n in range(40)]  # fmt: skip
    found = type_of(evidence(asked))
    assert (found == "code") == (kind == "code")


def test_too_few_answers_decide_nothing() -> None:
    assert type_of(evidence([Exchange("hello", "yes")] * 3)) == "other"
    assert type_of(evidence([Exchange("hello", None)] * 30)) == "other"


def sure(asked: str, answer: dict[str, object]) -> Exchange:
    return Exchange(asked, json.dumps(answer))


def test_a_share_of_the_models_own_beside_a_label_is_set_aside() -> None:
    labels = ("good", "bad")
    said = [sure(f"text {i}", {"label": labels[i % 2], "score": 0.5 + i % 37 / 100}) for i in range(60)]
    assert free_shares(said) == ("score",)
    rates = [sure(f"text {i}", {"label": labels[i % 2], "tax": (0.07, 0.19)[i % 2]}) for i in range(60)]
    copied = [sure(f"{0.5 + i / 100}", {"label": labels[i % 2], "price": 0.5 + i / 100}) for i in range(40)]
    alone = [sure(f"text {i}", {"score": 0.5 + i % 37 / 100}) for i in range(60)]
    assert free_shares(rates) == free_shares(copied) == free_shares(alone) == ()
