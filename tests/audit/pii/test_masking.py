"""Personal data is masked, the rest of a text is left as it was."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.audit import count_by_kind, import_log, mask, mask_messages
from migration.audit.pii import Masker, mask_answers, named_without

MASKED = [
    ("Mail Jane.Doe@example.com or jane.doe@example.com.", "Mail <EMAIL_1> or <EMAIL_1>."),
    ("Call me on +1 (415) 555-2671 or 020 7946 0958", "Call me on <PHONE_1> or <PHONE_2>"),
    ("call me at 4155552671", "call me at <PHONE_1>"),
    ("the code to 555-0157 never came\nJo\n555-0180", "the code to <PHONE_1> never came\nJo\n<PHONE_2>"),
    ("My card is 4111 1111 1111 1111.", "My card is <CARD_1>."),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN <IBAN_1> please"),
    ("from 192.168.1.10 and 2001:db8::1", "from <IP_1> and <IP_2>"),
    ("my ssn no is 345678234", "my ssn no is <NATIONAL_ID_1>"),
    ("nhs number 943 476 5919, NIF 12345678Z", "nhs number <NATIONAL_ID_1>, NIF <NATIONAL_ID_2>"),
    ("National insurance AB123456C", "National insurance <NATIONAL_ID_1>"),
    ("Send it to 742 Evergreen Terrace, Springfield, IL 62704 today", "Send it to <ADDRESS_1> today"),
    ("10 Downing Street, London SW1A 2AA", "<ADDRESS_1>"),
    ("Ich wohne Musterstraße 12 in Berlin", "Ich wohne <ADDRESS_1> in Berlin"),
    ("J'habite 12 bis rue de la Paix, Paris", "J'habite <ADDRESS_1>"),
    ("Hello, my name is John Smith and I am angry", "Hello, my name is <NAME_1> and I am angry"),
]
LEFT = [
    "order number 4155552671 is late, invoice #45395787636214 too",
    "purchase 370795561790, order ID-1234567, order number 734-2211",
    "734-2211",
    "{{Order Number}} and {{Customer Support Phone Number}}",
    "It was 1,234.56 on 2024-05-15 15:00:00, from 10 to 20 March 2020-2021",
    "credit_card_7815826, flight HAT136 at 2024-05-24T16:00",
    "id 7f3c2a10-1234-4abc-9def-123456789012 at https://example.com/orders/4155552671",
    "version 12.0.1, ratio 16:9, 100 000 000 visitors",
    "<EMAIL_1> wrote already",
    "",
]


@pytest.mark.parametrize(("text", "expected"), MASKED)
def test_personal_data_is_masked(text: str, expected: str) -> None:
    assert mask([text]) == [expected]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_not_personal_stays(text: str) -> None:
    assert mask([text]) == [text]
    assert count_by_kind([text]) == {}


def test_masks_agree_within_a_conversation_only() -> None:
    texts = ["a@b.com", "c@d.com then A@B.com", "c@d.com", None]
    assert mask(texts, ["x", "x", "y", "y"]) == ["<EMAIL_1>", "<EMAIL_2> then <EMAIL_1>", "<EMAIL_1>", None]
    assert mask(texts) == ["<EMAIL_1>", "<EMAIL_1> then <EMAIL_2>", "<EMAIL_1>", None]
    masker = Masker()
    first = mask_messages([{"role": "user", "content": "c@d.com"}], "x", masker)
    again = mask_messages([{"role": "user", "content": "a@b.com"}, {"role": "user", "content": "c@d.com"}], "x", masker)
    assert [one["content"] for one in first + again] == ["<EMAIL_1>", "<EMAIL_2>", "<EMAIL_1>"]


def test_a_phone_number_is_the_same_however_it_is_written() -> None:
    assert mask(["call 415-555-2671 or (415) 555 2671"]) == ["call <PHONE_1> or <PHONE_1>"]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_stays_json(indent: int | None) -> None:
    inner = json.dumps({"email": "a@b.com", "phone": "415-555-2671"})
    value = {
        "phone": 4155552671,
        "order_id": 4155552671,
        "note": "line\n415-555-2671 ü",
        "tool": inner,
        "n": [1, 2.5, None],
    }
    masked = json.loads(mask([json.dumps(value, ensure_ascii=False, indent=indent)])[0])
    assert masked == value | {
        "phone": "<PHONE_1>",
        "note": "line\n<PHONE_1> ü",
        "tool": json.dumps({"email": "<EMAIL_1>", "phone": "<PHONE_1>"}),
    }


def test_keys_of_json_are_masked_and_none_is_lost() -> None:
    text = json.dumps({"jane@example.com": {"order": 1}, "note": "write to jane@example.com"})
    assert json.loads(mask([text])[0]) == {"<EMAIL_1>": {"order": 1}, "note": "write to <EMAIL_1>"}
    assert mask(['{"jane@example.com": 1, "Jane@example.com": 2}']) == ['{"<EMAIL_1>": 1, "<EMAIL_1>": 2}']


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**5), 10**5) | st.text('abc {}"\\\n,:@'),
        lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text("abc", max_size=3), one, max_size=3),
    )
)
def test_json_without_personal_data_comes_back_to_the_letter(value) -> None:
    text = json.dumps(value)
    assert mask([text]) == [text]


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask([text + " a@b.com"], ["x"])
    assert mask(once, ["x"]) == once


def test_importing_the_audit_loads_no_recogniser() -> None:
    code = (
        "import sys, migration.audit; from migration.audit import import_log; print('presidio_analyzer' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def test_masking_loads_no_torch_and_leaves_it_to_be_had() -> None:
    code = (
        "import sys; from importlib.util import find_spec; from migration.audit import mask;"
        "print(mask(['mail a@b.com']), 'torch' in sys.modules, find_spec('torch') is not None)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "['mail <EMAIL_1>'] False True\n"


def test_the_real_log_is_clean_after_masking(support_log: Path, tmp_path: Path) -> None:
    report = import_log(support_log, tmp_path / "calls.parquet", progress=lambda _: None)
    rows = pq.read_table(report.out, columns=["messages", "response", "conversation_id"]).slice(0, 1500).to_pylist()
    texts = [one["content"] for row in rows for one in row["messages"][1:]] + [row["response"] for row in rows]
    kinds = count_by_kind(texts)
    assert kinds["EMAIL"] > 10
    assert kinds["PHONE"] > 10
    assert count_by_kind(mask(texts)) == {}


def test_answers_that_were_equal_stay_equal_and_only_those() -> None:
    answers = pd.DataFrame(
        {
            "call_id": ["one", "one", "two"],
            "reference": ["mail a@b.com", "mail a@b.com", None],
            "output": ["mail a@b.com", "mail c@d.com", "fine"],
        }
    )
    masked = mask_answers(answers)
    assert masked["reference"].fillna("").tolist() == ["mail <EMAIL_1>", "mail <EMAIL_1>", ""]
    assert masked["output"].tolist() == ["mail <EMAIL_1>", "mail <EMAIL_2>", "fine"]
    assert answers["output"].tolist()[0] == "mail a@b.com", "what is scored is not changed"


@pytest.mark.parametrize("known", ["chatcmpl-d78ba3e823256307af06b37e", "conv:12/3", "4155552671", "", None])
def test_ids_of_machines_stay(known: str | None) -> None:
    assert named_without(known) == known


def test_an_id_that_names_a_person_is_a_hash_and_the_same_each_time() -> None:
    assert named_without("session of jane@example.com") == named_without("session of jane@example.com")
    assert re.fullmatch("m[0-9a-f]{24}", str(named_without("jane@example.com")))
