"""A table of words that is grouped by first letter finds what the plain one finds."""

import re

import pytest

from migration.audit.pii import mask
from migration.audit.pii.names import introductions
from migration.audit.pii.words import any_of, by_first_letter, folded

WORDS = r"pass(?:word|code)?|pin|\bcpf|(?:api|app) key|[Pp]in code|n?if|rut|señal"


@pytest.mark.parametrize(
    "text", ["password", "PIN", "CPF", "app key", "pin code", "if", "nif", "rut", "señal", "nothing"]
)
def test_what_is_found_stays_the_same(text: str) -> None:
    plain, grouped = (re.compile(form, re.I) for form in (f"(?:{WORDS})", by_first_letter(WORDS)))
    assert bool(plain.fullmatch(text)) == bool(grouped.fullmatch(text))


@pytest.mark.parametrize("table", [introductions.OWN, introductions.FIELDS, introductions.CLOSES])
def test_every_table_compiles(table: str) -> None:
    assert re.compile(by_first_letter(table), re.I)


@pytest.mark.parametrize(
    "text",
    [
        "Call me Monday morning, my name is spelled wrong.",
        "Home: 3 bedrooms, 2 baths. Entrega: entre 15 y 18 horas",
        "In 2019, 45000 People visited Rome. On 12 March 2024 Amazon sent it.",
        "Model 3 in 2021, 75000 Miles. Run 12345678 failed, fin de mois 202512345678.",
        "error key not found: user_settings_theme_default_v2",
        "The password to Amazon account is not accepted.",
        "Product name: Maple Desk. Login: https://shop.example.com/login",
    ],
)
def test_words_that_announce_something_else_change_nothing(text: str) -> None:
    assert mask([text]) == [text]


@pytest.mark.parametrize("text", ["Şifrem MÓJ ΚΩΔΙΚΌΣ Йод Straße İstanbul", "日本 ﬁ ไทย حرف", "plain"])
def test_a_folded_text_keeps_its_places(text: str) -> None:
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("my TAX-ID is", "tax-id"), ("taxid", "taxid"), ("S.S.N", "s.s.n"), ("ssn", "ssn"),
        ("Steuernummern", "steuernummern"),
        ("Kundenkennwort", "kennwort"), ("driver's licence no", "driver's licence no"), ("passing", None),
        ("assn", None),
    ],
)  # fmt: skip
def test_a_table_s_grammar_reaches_how_people_type(text: str, word: str | None) -> None:
    words = any_of({"a": "tax id, s.s.n, steuernummer*", "b": "*kennwort, driver* licence no, pass"})
    found = words.search(folded(text))
    assert (found and found[0]) == word
