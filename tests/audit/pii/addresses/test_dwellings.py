"""Addresses are found by their structure and by what announces them; times, counts and other addresses are none."""

import pytest

from migration.audit.pii.addresses.dwellings import addresses


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in addresses(text)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Mitt hem: Adress: Södra vägen 12, tack", "Södra vägen 12"),
        ("Please post it to The Hollies, 80 Station Approach.", "The Hollies, 80 Station Approach."),
        ("Мой адрес: ул. Ленина, д. 12, кв. 4.", "ул. Ленина, д. 12, кв. 4."),
        ("住所は東京都渋谷区神南1-12-3。", "東京都渋谷区神南1-12-3"),
        ("I live at Rose Cottage, Mill Lane.", "Rose Cottage, Mill Lane"),
        ("new address is 12 baker street, same town", "12 baker street"),
    ],
)
def test_an_address_is_found_whole(text: str, address: str) -> None:
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "I live in Boston since 2019.", "We moved to Berlin in 2020.", "Send it to Anna by 5 pm.",
        "ship it to 3 Customers",
        "My e-mail address is Jane12@example.org", "The address is 192.168.0.1", "My address is wrong in 3 places.",
        "Deliver to the office before 12 March.", "Phase 2 of the project", "leave from Union Station at 1:30 pm",
        "a place that had 2 bedrooms", "the route has 0 transfers", "My address changed, order 12345678",
        "Address: version 12 of the form is broken", "My address: ticket 4711 is about it",
    ],
)  # fmt: skip
def test_times_counts_and_other_addresses_are_none(text: str) -> None:
    assert found(text) == []
