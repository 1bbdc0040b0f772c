"""Names are found where a greeting, an introduction or a closing stands beside them, in small letters, too."""

import pytest

from migration.audit.pii.names.given import GIVEN
from migration.audit.pii.names.people import may_name, names


def found(text: str) -> set[str]:
    return {text[start:end] for start, end in names(text)} if may_name(text) else set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("im tasha and i need a refund", "tasha"),
        ("hola soy marta, no me llega", "marta"),
        ("ich bins, uwe, hab geschrieben", "uwe"),
        ("hey its rob castellano, my code", "rob castellano"),
        ("Hei, Ragnhild her. Får ikke logget inn", "Ragnhild"),
        ("it does not work\nkayleigh", "kayleigh"),
        ("Sent from my iPhone\nXanthe Broome", "Xanthe Broome"),
        ("Mange hilsner fra Jytte Overgaard", "Jytte Overgaard"),
        ("The chat agent, Qadira, left", "Qadira"),
        ("T.a.v. mevrouw De Bruijn", "mevrouw De Bruijn"),
        ("أنا محمود عبد الحميد وعايز", "محمود عبد الحميد"),
        ("收件人：欧阳志远", "欧阳志远"),
        ("佐藤健太です。返品", "佐藤健太"),
        ("- traveler: Anneliese Hofstadter", "Anneliese Hofstadter"),
    ],
)
def test_a_name_is_found_by_what_stands_beside_it(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "im happy with it", "soy cliente desde 2019", "Thanks, Walmart", "I flew from Charlotte to Austin",
        "저는 환불을 원합니다", "저는 고객입니다", "St. Louis is far", "- event name: Celine Dion", "это заказ номер 4",
        "Das Abo im Monat, bitte", "this works for mme. Let's go", "ich bin enttäuscht", "- from: New York",
    ],
)  # fmt: skip
def test_other_words_beside_the_same_cues_are_none(text: str) -> None:
    assert not found(text)


def test_first_names_are_single_words_in_small_letters() -> None:
    assert all(name == name.lower() and len(name) > 1 for name in GIVEN)
    assert GIVEN.isdisjoint({"happy", "grace", "mark", "will", "client", "sorry"})
