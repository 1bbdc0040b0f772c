"""Words know what parts them: a comma, a sentence's end, or the point of what is shortened."""

from migration.audit.pii.addresses.tokens import words_of


def test_a_point_ends_a_sentence_unless_it_shortens() -> None:
    ends = [word.ended for word in words_of("Nörd. str. 4, 2. Stock. Main Road. Danke")]
    assert ends == [False, False, False, False, True, False, True, False]


def test_what_goes_on_is_near_and_what_a_comma_parts_is_apart() -> None:
    words = words_of("No: 4, Apt 3; happens. So")
    assert [word.near for word in words] == [True, True, True, True, False, False]
    assert [word.apart for word in words] == [False, False, True, False, False, False]
    assert [words_of(said)[0].number for said in ("12b", "33/2", "20%", "b12", "123456")] == [True, True] + [False] * 3
