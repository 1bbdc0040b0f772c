"""An address goes on over its flat, its postcode and its town, and ends where a clause does."""

import pytest

from migration.audit.pii.addresses.extents import clause, widened


@pytest.mark.parametrize(
    ("text", "found", "whole"),
    [
        ("Calle 5 # 3-21 apto 502, Bogotá y gracias", "Calle 5", "Calle 5 # 3-21 apto 502, Bogotá"),
        ("тут: 171573, Тверская обл., дер. Носово, д. 7", "д. 7", "171573, Тверская обл., дер. Носово, д. 7"),
        ("9 Mill Road\nThirsk\nAgent: hello", "9 Mill Road", "9 Mill Road\nThirsk"),
        ("9 Mill Road. Amazon said so", "9 Mill Road", "9 Mill Road"),
    ],
)
def test_an_address_is_widened_to_what_belongs_to_it(text: str, found: str, whole: str) -> None:
    at = text.index(found)
    start, end = widened(text, at, at + len(found))
    assert text[start:end] == whole


def test_a_clause_ends_before_words_that_no_address_holds() -> None:
    text = "at Kerouzien 4, Plouarzel because it rains"
    span = clause(text, 3)
    assert span is not None
    assert text[slice(*span)] == "Kerouzien 4, Plouarzel"
