"""Names behind what announces them: typed without accents, in scripts without capitals, on a letter's last line."""

import pytest

from migration.audit.pii.names.people import may_name, names


def found(text: str) -> set[str]:
    return {text[start:end] for start, end in names(text)} if may_name(text) else set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ma numesc Anișoara Lupulescu si as vrea", "Anișoara Lupulescu"),
        ("nazywam sie Grażyna Wolak, prosze", "Grażyna Wolak"),
        ("Добър ден, аз съм Пламен Стоянов, пиша", "Пламен Стоянов"),
        ("سلام، من کیوان صادقی هستم", "کیوان صادقی"),
        ("আমি রফিকুল ইসলাম বলছি", "রফিকুল ইসলাম"),
        ("hello 我係麥可盈,想問下", "麥可盈"),
        ("A hiba fennáll. Köszönettel: Bodnár Kornélia", "Bodnár Kornélia"),
        ("demandez Perrine Lagarde, elle a le badge", "Perrine Lagarde"),
        ("Hildegard Zumthor holt das Paket ab", "Hildegard Zumthor"),
        ("From: Shahzaib Chandio <noreply>\nSubject: leave", "Shahzaib Chandio"),
        ("Sehr geehrter Herr Prof. Dr. med. Leopold Hinterberger,", "Herr Prof. Dr. med. Leopold Hinterberger"),
        ("Name (Vor- und Zuname): Alwine Petersen", "Alwine Petersen"),
    ],
)
def test_a_name_is_found_where_it_is_announced(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Tisztelt Ügyfélszolgálat! A csomag", "Уважаемая Служба Поддержки, верните", "To: Customer Care <noreply>",
        "من از شما راضی هستم",
        "Royal Mail will collect the parcel", "من دیروز سفارش دادم", "معك حق لكن المنتج تالف", "我係你哋嘅會員",
        "ja sam iz Zagreba", "मैं घर से बोल रहा हूँ", "The code <br> of New York",
    ],
)  # fmt: skip
def test_offices_and_other_words_are_no_names(text: str) -> None:
    assert not found(text)


def test_a_first_name_that_begins_as_an_office_does_stays_one() -> None:
    assert "Timothy Bankole" in found("my name is Timothy Bankole")
