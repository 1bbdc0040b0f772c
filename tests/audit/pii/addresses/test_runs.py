"""Streets' words beside numbers, and two parts of a house, are an address; in other sentences they are none."""

import pytest

from migration.audit.pii.addresses.runs import may_be_run, runs


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in runs(text)] if may_be_run(text) else []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("it is 1427 Larkspur Ct Apt 3C, Fayetteville AR 72701 now", "1427 Larkspur Ct Apt 3C, Fayetteville AR 72701"),
        ("je suis au 14 impasse des mimosas 83600 frejus", "14 impasse des mimosas 83600 frejus"),
        ("wohne in der hufelandstr. 8, hinterhaus in weimar", "hufelandstr. 8, hinterhaus"),
        ("manda pra rua das acácias 455, casa 2", "rua das acácias 455, casa 2"),
        ("vivo en Gorriti 4832 piso 6 dto A, CABA", "Gorriti 4832 piso 6 dto A, CABA"),
        ("на ж.к. Младост 3, бл. 325, вх. 2, ап. 41", "ж.к. Младост 3, бл. 325, вх. 2, ап. 41"),
        ("en Camino de los Almendros s/n, Ronda", "Camino de los Almendros s/n, Ronda"),
        ("jsuis au 6 impasse du four a chaux cest la", "6 impasse du four a chaux"),
        ("na qnl 14 conjunto c casa 23 taguatinga norte minha mãe", "qnl 14 conjunto c casa 23 taguatinga norte"),
        ("a Carrer de la Mare de Déu del Coll, 57, 2n 1a", "Carrer de la Mare de Déu del Coll, 57, 2n 1a"),
        ("behind Thornbury House, Church Lane", "Thornbury House, Church Lane"),
    ],
)
def test_an_order_of_words_that_no_pattern_knows_is_found(text: str, address: str) -> None:
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "sent via ups 2 day", "al Samsung A54 da 128 GB", "Ordering 2 lamps", "stop monitoring 3 devices",
        "this 1826 law in the Supreme Court on the grounds", "I worked on it all night. Scenario 2",
        "10 copies of the Wall Street Journal", "in the provided fields. 6. Save", "step 2 of block 3, unit 4",
        "0.2 kg of rice every meal", "The ring of integers modulo 11", "Käufer 2 hat gezahlt", "Brigade 3 kommt",
    ],
)  # fmt: skip
def test_streets_words_in_other_sentences_are_none(text: str) -> None:
    assert found(text) == []
