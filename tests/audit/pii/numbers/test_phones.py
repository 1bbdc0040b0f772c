"""Digits are a phone number by their form, or by the nearest word that says what they are."""

import pytest

from migration.audit.pii.numbers.phones import called_a_phone, phones


@pytest.mark.parametrize(
    ("near", "called"),
    [
        ("my order 80090. Call me on ", True),
        ("call me about order number ", False),
        ("Zavolejte mi na ", True),
        ("Номер заказа ", False),
        ("it weighs ", None),
    ],
)
def test_the_nearest_word_says_what_a_number_is(near: str, called: bool | None) -> None:
    assert called_a_phone(near) is called


@pytest.mark.parametrize(
    "number",
    ["+372 5123 4567", "0171 392 4411", "(044) 123-45-67", "303.555.0112", "+1 (415) 555-2671", "00420 777 123 456"],
)
def test_some_forms_need_no_word(number: str) -> None:
    text = f"yes {number} thanks"
    assert {text[start:end].strip() for start, end in phones(text)} == {number}


@pytest.mark.parametrize(
    "text",
    [
        "on 2025-03-14 10:30", "from 01.02.2025 to 03.04.2025", "2019-2020", "10 000 000 rows", "192.168.100.200",
        "order 415-555-2671", "SKU 021-555-0134", "€ 1.234.567", "1234567 calls", "4929 1234 1234 1234",
        "20 8.5 1000000.5",
    ],
)  # fmt: skip
def test_dates_sums_orders_and_counts_are_none(text: str) -> None:
    assert list(phones(text)) == []
