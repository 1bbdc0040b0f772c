"""A date is one of birth beside a word that says so, in front of it or behind, however it is written."""

import pytest

from migration.audit.pii.numbers.births import births


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("my d.o.b. is 14th Mar 87, thanks", "14th Mar 87"),
        ("nascida a 3 de maio de 1992", "3 de maio de 1992"),
        ("14.03.1987 doğumluyum", "14.03.1987"),
        ("Ich bin am 3. März 1987 geboren", "3. März 1987"),
        ("生年月日は昭和52年8月21日です", "昭和52年8月21日"),
        ("เกิดวันที่ 14 มีนาคม 2530", "14 มีนาคม 2530"),
        ("생년월일 870314 확인", "870314"),
        ("Geburtsdatum:\n03.11.1961", "03.11.1961"),
        ("b. 14 Aug 1968", "14 Aug 1968"),
    ],
)
def test_a_word_says_whose_birth_it_was(text: str, date: str) -> None:
    assert {text[start:end] for start, end in births(text)} == {date}


@pytest.mark.parametrize(
    "text",
    [
        "delivered on 14.03.2024", "a birthday gift due 14.03.2024", "the cake for her birthday, order 20240314",
        "born to run, size 42", "1 over 10 is no birth",
    ],
)  # fmt: skip
def test_other_dates_and_birthdays_without_one_are_left(text: str) -> None:
    assert not list(births(text))
