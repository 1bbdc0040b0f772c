"""An extractor finds values that it never saw, says when it cannot answer, and is the same after it was saved."""

import json

import numpy as np
import pandas as pd
import pytest

from migration.benchmark import fit_classifier
from migration.benchmark.kinds.classifier import load_classifier
from migration.benchmark.kinds.copied import Extractor
from migration.errors import BadInput

ITEMS = ("tent", "blue lamp", "coffee machine", "garden chair", "door mat", "cutting board")
SYSTEM = {"role": "system", "content": "Find order and item in the message. Reply as JSON."}


@pytest.fixture(scope="module")
def shop():
    """(requests, answers) of 160 messages, whose numbers are all new."""
    rng = np.random.default_rng(1)
    requests, answers = [], []
    for number in rng.integers(10_000, 99_999, 160):
        item, ordered = rng.choice(["", *ITEMS]), rng.random() < 0.7
        text = f"{rng.choice(['hello, ', ''])}my {item or 'parcel'} {rng.choice(['is broken', 'did not come'])}"
        text += f"{rng.choice([', order ', ' (number ', '. It is '])}{number}" if ordered else ", please help"
        requests.append([SYSTEM, {"role": "user", "content": text}])
        answers.append(json.dumps({"order": int(number) if ordered else None} | ({"item": [item]} if item else {})))
    return requests, answers


@pytest.fixture(scope="module")
def fitted(shop):
    requests, answers = shop
    return fit_classifier(requests[:100], answers[:100])


def test_it_finds_values_that_it_never_saw(fitted, shop):
    requests, answers = shop
    found = fitted.answer(requests[100:])
    assert isinstance(fitted, Extractor)
    assert list(found.columns) == ["output", "confidence", "margin", "distance"]
    assert (found["output"] == answers[100:]).mean() > 0.95
    numbers = found[["confidence", "margin", "distance"]].to_numpy()
    assert ((numbers >= 0) & (numbers <= 1)).all()


def test_what_is_far_from_all_it_learned_is_less_sure(fitted, shop):
    strange = [[SYSTEM, {"role": "user", "content": text}] for text in ("zxq 11 uvw 5 kg", "Compute 17 times 4.")]
    known, other = fitted.answer(shop[0][:40]), fitted.answer(strange)
    assert other["distance"].min() > known["distance"].median()
    assert other["confidence"].max() < known["confidence"].median()


def test_a_saved_one_answers_the_same_alone_as_among_others(fitted, shop, tmp_path):
    again = load_classifier(fitted.save(tmp_path / "one"))
    before = fitted.answer(shop[0][100:])
    after = pd.concat([again.answer([request]) for request in shop[0][100:]], ignore_index=True)
    pd.testing.assert_frame_equal(before, after, atol=2e-2)
    assert before["output"].equals(after["output"])
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == ["classifier.json", "weights.npz"]


def test_nothing_of_a_message_is_saved(fitted, shop, tmp_path):
    said = (fitted.save(tmp_path / "two") / "classifier.json").read_text()
    assert "order" in said
    assert not any(word in said for word in ("broken", "tent", "parcel", *(shop[1][0][10:15],)))


def test_what_cannot_be_answered_gets_no_answer_and_no_confidence(fitted, shop):
    long = [SYSTEM, {"role": "user", "content": "my tent is broken, order 12345. " * 80}]
    other = [{"role": "system", "content": "Translate into French."}, {"role": "user", "content": "my tent"}]
    found = fitted.answer([long, other, *shop[0][:1]])
    assert found["output"].tolist() == [None, None, shop[1][0]]  # never NaN, which a caller would take for a text
    found = found.iloc[:2]
    assert found[["confidence", "margin", "distance"]].to_numpy().tolist() == [[0, 0, 1]] * 2


@pytest.mark.parametrize("change", [{"version": 99}, {"head": "other"}, {"shapes": [7]}, {"calibration": ["a", 1]}])
def test_what_is_no_extractor_is_refused(fitted, tmp_path, change):
    folder = fitted.save(tmp_path)
    about = json.loads((folder / "classifier.json").read_text())
    (folder / "classifier.json").write_text(json.dumps(about | change))
    with pytest.raises(BadInput):
        load_classifier(folder)
