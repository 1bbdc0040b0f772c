"""A number is a person's by its country's check digits, or by what it is called; an order's is left."""

import pytest

from migration.audit.pii.numbers.identities import cards, ibans, national_ids

NAMED_BY_ITS_FORM = [
    "yes 19811228-9874 as before",  # Sweden: a date and Luhn
    "390.533.447-05",
    "X1234567L",
    "AB 12 34 56 C",
    "towed: 8KXT418, and the fine for LK19 XZR",
]


@pytest.mark.parametrize("text", NAMED_BY_ITS_FORM)
def test_a_country_s_own_form_needs_no_word(text: str) -> None:
    assert list(national_ids(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Ausweisnr. L4VK5T989, danke", "L4VK5T989"),
        ("身份证号310104195704182313，医保", "310104195704182313"),
        ("my adhar card no is 6398 9209 7646 pls", "6398 9209 7646"),
        ("6550597M is my PPSN", "6550597M"),
        ("targa FX 418 KL, multa", "FX 418 KL"),
        ("soy 47281930 de dni", "47281930"),
        ("身分證字號F166890799，健保", "F166890799"),
        ("Dowód osobisty seria i nr DQP 986030", "DQP 986030"),
        ("Meine Steuer-Identnr. ist die 47 036 892 815", "47 036 892 815"),
        ("dl_number=T4728193 dl_state=CA", "T4728193"),
        ("cc 1047281930 de Bogotá", "1047281930"),
    ],
)
def test_a_word_says_whose_a_number_is(text: str, number: str) -> None:
    assert {text[start:end] for start, end in national_ids(text)} == {number}


@pytest.mark.parametrize(
    "text",
    [
        "order 20260311-0042", "19811228-9875 is no check digit", "invoice 390.533.447-05", "my ID and order no 774122",
        "the licence expires 12.03.2027", "room LK19", "part AB 123 CD in stock",
        "customer said 44719283", "ticket id INC0047281", "sin respuesta desde 47281930",
        "run 12345678 failed",
    ],
)  # fmt: skip
def test_what_is_an_order_s_or_fails_its_check_is_left(text: str) -> None:
    assert not list(national_ids(text))


def test_cards_and_accounts_are_told_by_their_check() -> None:
    assert len(list(cards("2261430895297546"))) == 1
    assert not list(cards("2261430895297547"))
    assert len(list(ibans("de40981669630440682202 danke"))) == 1
    assert not list(ibans("de41981669630440682202 danke"))
