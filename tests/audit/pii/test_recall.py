"""How much masking finds, on texts of eight countries whose personal data is known."""

from collections import Counter
from pathlib import Path

import pytest

from migration.audit.pii.recall import recall_by_kind
from migration.errors import BadInput
from migration.sample.personal import COUNTRIES, NOTHING, labelled
from migration.sample.written import written

TUNING = Path("data/pii_tuning.txt")


def test_the_labelled_texts_are_many_and_of_eight_countries() -> None:
    texts = labelled()
    assert len(texts) >= 300
    assert len({text.country for text in texts if text.kind == "NAME"}) == len(COUNTRIES) == 8
    assert all(one.value in one.text for one in texts)
    assert Counter(one.kind for one in texts)["NONE"] == 3 * len(NOTHING)
    assert labelled() == texts != labelled(seed=8)


def test_what_has_a_pattern_is_found_and_names_where_they_are_introduced() -> None:
    recall = recall_by_kind(labelled(seed=8)).set_index("kind")
    assert (recall.drop(index=["NAME", "NONE"]).recall >= 0.95).all(), recall
    assert recall.recall["NAME"] >= 0.8
    assert recall.recall["NONE"] <= 0.02, "texts without personal data stay as they are"
    assert ((recall.low <= recall.recall) & (recall.recall <= recall.high)).all()


def test_texts_that_the_patterns_were_not_written_for_are_masked_too() -> None:
    texts = written()
    countries = {text.country for text in texts}
    assert (len(texts) >= 300, len(countries) >= 8) == (True, True)
    recall = recall_by_kind(texts).set_index("kind")
    print(recall)
    patterns = recall.drop(index=["NONE", "NAME", "ADDRESS", "EMAIL"])  # tests/README.md says what was measured
    assert (patterns.recall >= 0.95).all(), recall
    assert recall.recall["ADDRESS"] >= 0.9
    assert recall.recall["NAME"] >= 0.55
    assert recall.recall["NONE"] <= 0.02


def test_what_was_once_missed_or_taken_by_mistake_stays_mended() -> None:
    recall = recall_by_kind(written(TUNING, times=1)).set_index("kind")
    assert recall.n.loc[["PHONE", "ADDRESS", "NONE"]].min() > 100
    assert (recall.recall.loc[["PHONE", "ADDRESS"]] >= 0.95).all(), recall
    assert recall.recall["NONE"] <= 0.01


def test_a_text_that_names_no_value_is_told_by_its_line(tmp_path) -> None:
    (tmp_path / "texts.txt").write_text("# a comment\nNAME NL mijn naam is Joost\n")
    with pytest.raises(BadInput, match="line 2: one value in"):
        written(tmp_path / "texts.txt")
