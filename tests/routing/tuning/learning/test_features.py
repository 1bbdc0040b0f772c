"""Texts as numbers: the same one by one and together, and what is counted."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migration.routing.tuning.learning.features import BUCKETS, COUNTS, hashed


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
@example(["0.", "0"])
@example(["end.", " start"])
@settings(max_examples=80, deadline=None)
def test_a_text_is_the_same_alone_and_in_company(texts: list[str]) -> None:
    row, bucket, counts = hashed(texts)
    assert counts.shape == (len(texts), len(COUNTS))
    assert np.isfinite(counts).all()
    for i, text in enumerate(texts):
        _, alone, own = hashed([text])
        assert sorted(bucket[row == i]) == sorted(alone)
        np.testing.assert_allclose(counts[i], own[0])


def test_case_and_digits_do_not_matter_but_order_does() -> None:
    same = [set(hashed([text])[1].tolist()) for text in ("Order 123, please", "order 987 PLEASE")]
    assert same[0] == same[1]
    assert set(hashed(["please order 123"])[1].tolist()) != same[0]
    assert all(0 <= b < BUCKETS for b in same[0])


def test_what_is_counted() -> None:
    text = "Is it NOT late? It cost $1,234.56.\nSecond line"
    counts = dict(zip(COUNTS, np.expm1(hashed([text])[2][0]), strict=True))
    wanted = {"characters": len(text), "words": 11, "digits": 6, "numbers": 3, "longest number": 3, "decimals": 1,
              "capitals": 6, "lines": 1, "first line": text.index("\n"), "questions": 1, "commas": 1, "money": 1,
              "negations": 1, "sentences": 3}  # fmt: skip
    assert {name: counts[name] for name in wanted} == pytest.approx(wanted)


def test_of_a_long_text_both_ends_are_read() -> None:
    text = "start " + "x " * 10_000 + "end"
    _, bucket, _ = hashed([text])
    assert len(bucket) < 10_000
    assert set(hashed(["start"])[1]) | set(hashed(["end"])[1]) <= set(bucket)
