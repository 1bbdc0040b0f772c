"""How much masking finds, on texts of eight countries whose personal data is known."""

from collections import Counter

from migration.audit.pii.recall import recall_by_kind
from migration.sample.personal import COUNTRIES, NOTHING, labelled


def test_the_labelled_texts_are_many_and_of_eight_countries() -> None:
    texts = labelled()
    assert len(texts) >= 300
    assert len({text.country for text in texts if text.kind == "NAME"}) == len(COUNTRIES) == 8
    assert all(one.value in one.text for one in texts)
    assert Counter(one.kind for one in texts)["NONE"] == 3 * len(NOTHING)
    assert labelled() == texts != labelled(seed=8)


def test_what_has_a_pattern_is_found_and_names_where_they_are_introduced() -> None:
    recall = recall_by_kind(seed=8).set_index("kind")
    assert (recall.drop(index=["NAME", "NONE"]).recall >= 0.95).all(), recall
    assert recall.recall["NAME"] >= 0.8
    assert recall.recall["NONE"] <= 0.02, "texts without personal data stay as they are"
    assert ((recall.low <= recall.recall) & (recall.recall <= recall.high)).all()
