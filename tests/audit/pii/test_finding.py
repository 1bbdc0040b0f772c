"""Finding personal data takes time in proportion to a text's length, and leaves what only looks like it."""

import time

import pytest

from migration.audit.pii import Masker, mask
from migration.audit.pii.finding import WINDOW, find

RUNS = (
    "{{",
    "a.",
    "a@",
    "1 ",
    "+1 2",
    "Abc ",
    "my name is Ab",
    "\n",
    "eyJ",
    "password: ",
    "://a:",
    "sk-",
    "-----BEGIN KEY-----",
)
RUNS += ("a@b.com ", "12 Main ", "-_A1", "thanks\n\n", '{"a":', "1:", "12 rue de ", "1.2.3.")
RUNS += (
    "my address is A ",
    "Flat 2, ",
    "Calle A ",
    "ул. Б ",
    "Call me 0",
    "0 1-",
    "send it to the ",
    "a b c 1 d, ",
    "路",
    "A-1 ",
)


@pytest.mark.parametrize("run", RUNS)
def test_time_grows_with_length_alone(run: str) -> None:
    def seconds(length: int) -> float:
        text = (run * length)[:length]
        began = time.process_time()
        find(text)
        return time.process_time() - began

    find(run * 100)
    assert seconds(10_000) <= 0.3 + 20 * seconds(2_048)  # five times as much, and slack for a busy machine


@pytest.mark.parametrize("place", [0, WINDOW - 20, WINDOW - 4, WINDOW, 3 * WINDOW - 10])
def test_a_find_is_whole_wherever_windows_meet(place: int) -> None:
    text = (
        ("so it goes " * WINDOW)[:place]
        + " my IBAN DE89 3704 0044 0532 0130 00, mail jane.doe@example.com "
        + "on " * WINDOW
    )
    assert [text[f.start : f.end] for f in find(text)] == ["DE89 3704 0044 0532 0130 00", "jane.doe@example.com"]


def test_many_values_in_one_conversation_are_numbered_in_linear_time() -> None:
    texts = [f"mail{n}@example.com" for n in range(20_000)]
    masker, began = Masker(), time.process_time()
    masked = [masker.text(text, "one") for text in texts[:200]]
    first = time.process_time() - began
    assert (masked[0], masked[-1]) == ("<EMAIL_1>", "<EMAIL_200>")
    began = time.process_time()
    for text in texts[200:4_200]:
        masker._mask("EMAIL", text, "one")
    assert time.process_time() - began < 1 + 40 * first


@pytest.mark.parametrize("depth", [300, 900, 1_500])
def test_deep_json_is_masked_as_it_is_or_as_a_text(depth: int) -> None:
    text = "[" * depth + '"a@b.com"' + "]" * depth
    assert mask([text]) == [text.replace("a@b.com", "<EMAIL_1>")]


LEFT = [
    "It's New York City that I want, it's Country Music.",
    "I'm Looking for shoes. I am Very unhappy. This is Not fine.",
    "Password reset does not work, and my token is not valid.",
    "Thanks\nThe order came",
    '{"name": "Maple Desk", "password_required": true, "token": null}',
    "See https://shop.example.com/orders/4155552671?page=2",
    "NV-2018-961429",
    "Vertrag NV-2014-354877 betreffend",
]


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_personal_stays(text: str) -> None:
    assert mask([text]) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"password": "sunshine"}', '{"password": "<SECRET_1>"}'),
        ('{"customer_name": "Ada Byron", "name": "Lamp"}', '{"customer_name": "<NAME_1>", "name": "Lamp"}'),
        ("https://shop.example.com/a?token=Abc123Def456&page=2", "https://shop.example.com/a?token=<SECRET_1>&page=2"),
        ("https://shop.example.com/a?ssn=529471836&step=3", "https://shop.example.com/a?ssn=<NATIONAL_ID_1>&step=3"),
        ('{"label": "Tax ID", "value": "529471836"}', '{"label": "Tax ID", "value": "<NATIONAL_ID_1>"}'),
        ('{"type": "order", "number": "529471836"}', '{"type": "order", "number": "529471836"}'),
        ("born on 3 May 1990", "born on <BIRTHDATE_1>"),
        ("jane [at] example [dot] com", "<EMAIL_1>"),
        ("I paid with 4111 1111 1111 1111.", "I paid with <CARD_1>."),
    ],
)
def test_a_key_or_a_link_may_hold_it(text: str, expected: str) -> None:
    assert mask([text]) == [expected]
