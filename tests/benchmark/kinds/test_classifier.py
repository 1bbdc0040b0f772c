"""A classifier gives the log's answers, knows when it does not know, and is the same after it was saved."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from migration.benchmark import fit_classifier
from migration.benchmark.kinds import Classifier
from migration.errors import BadInput, NotEnoughCalls


@pytest.fixture(scope="module")
def fitted(desk):
    texts, intents = desk
    return fit_classifier(texts[:240], intents[:240])


def test_it_answers_fresh_messages_like_the_log(fitted, desk):
    texts, intents = desk
    found = fitted.answer(texts[240:])
    assert list(found.columns) == ["output", "confidence", "margin", "distance"]
    assert (found["output"] == intents[240:]).mean() > 0.95
    numbers = found[["confidence", "margin", "distance"]].to_numpy()
    assert ((numbers >= 0) & (numbers <= 1)).all()


def test_what_is_far_from_all_it_learned_is_far_and_less_sure(fitted, desk):
    known, strange = fitted.answer(desk[0][:50]), fitted.answer(["Compute the eigenvalues of A", "zxq 11 uvw", ""])
    assert strange["distance"].min() > known["distance"].quantile(0.9)
    assert strange["confidence"].max() < known["confidence"].median()


def test_a_saved_classifier_answers_the_same_and_needs_no_pickle(fitted, desk, tmp_path):
    again = Classifier.load(fitted.save(tmp_path / "one"))
    before, after = fitted.answer(desk[0][240:]), again.answer(desk[0][240:])
    pd.testing.assert_frame_equal(before, after, atol=2e-2)
    assert before["output"].equals(after["output"])
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == ["classifier.json", "weights.npz"]


def test_what_is_no_classifier_is_refused(fitted, tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        Classifier.load(tmp_path)
    folder = fitted.save(tmp_path / "two")
    about = json.loads((folder / "classifier.json").read_text())
    (folder / "classifier.json").write_text(json.dumps(about | {"version": 99}))
    with pytest.raises(BadInput, match="version 99"):
        Classifier.load(folder)


def test_what_customers_begin_with_is_asked_and_no_version_of_a_prompt():
    wishes = ("cancel", "return", "track")
    texts = [f"please {wish} my order {i}" for i in range(20) for wish in wishes]
    found = fit_classifier(texts, list(wishes) * 20).answer(["I want to cancel", "please return order 7", "track it"])
    assert found["output"].tolist() == ["cancel", "return", "track"]
    assert found["confidence"].iloc[1] > 0.5


def test_a_request_of_a_form_without_a_learned_answer_gets_none_and_no_warning(desk):
    texts, intents = desk
    asked = [f"Name the topic of this message.\n{text}" for text in texts[:100]]
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        found = fit_classifier(asked, intents[:100]).answer(["Write a poem.", asked[0]])
    assert found["output"].isna().tolist() == [True, False]
    assert found["confidence"].iloc[0] == 0


def test_an_answer_that_is_no_text_is_refused_by_its_place(desk):
    texts, _ = desk
    with pytest.raises(BadInput, match=r"answers\[2\] is None"):
        fit_classifier(texts[:30], ["a", "b", *[None] * 28])


@pytest.mark.parametrize("in_system", [True, False], ids=["system prompt", "around the message"])
def test_two_versions_of_a_prompt_share_meaning_and_keep_their_form(desk, in_system):
    texts, intents = desk
    new = np.random.default_rng(1).random(len(texts)) < 0.3
    asks = ("Say what the message is about, as JSON only.", "Name the topic of this message in capital letters.")

    def request(text, version):
        if in_system:
            return [{"role": "system", "content": asks[version]}, {"role": "user", "content": text}]
        return f"{asks[version]}\n\nMessage: {text}"

    requests = [request(text, int(v)) for text, v in zip(texts, new, strict=True)]
    answers = [i.upper() if v else json.dumps({"topic": i}) for i, v in zip(intents, new, strict=True)]
    found = fit_classifier(requests[:240], answers[:240])
    assert found.head.classes == 4
    assert len(found.answers) == 8
    made = found.answer(requests[240:])
    assert (made["output"] == answers[240:]).mean() > 0.95
    other = found.answer([request(text, 1) for text in texts[240:]])
    assert (other["output"] == [i.upper() for i in intents[240:]]).mean() > 0.95


def test_a_version_that_was_never_seen_is_not_answered(fitted):
    system = {"role": "system", "content": "Translate into French."}
    found = fitted.answer([[system, {"role": "user", "content": "where is my order"}]])
    assert found["output"].isna().all()
    assert found[["confidence", "distance"]].to_numpy().tolist() == [[0.0, 1.0]]


def test_answers_that_do_not_follow_from_the_text_are_not_trusted(desk):
    texts, _ = desk
    coin = np.random.default_rng(5).choice(list("ABCD"), len(texts))
    found = fit_classifier(texts[:240], coin[:240].tolist()).answer(texts[240:])
    assert found["confidence"].mean() < 0.45


def test_one_answer_to_all_is_a_set_too(desk):
    found = fit_classifier(desk[0][:60], ["yes"] * 60).answer(desk[0][60:70])
    assert set(found["output"]) == {"yes"}
    assert found["confidence"].between(0.5, 1 - 1e-6).all()


def test_empty_texts_leave_only_how_often_an_answer_came():
    found = fit_classifier([""] * 60, ["a", "b"] * 30).answer(["", "hello"])
    assert found["confidence"].max() < 0.6
    numbers = [str(n) for n in range(10_000, 10_060)]
    texts = [f"order {n}" if i % 2 else "" for i, n in enumerate(numbers)]
    found = fit_classifier(texts, [n if i % 2 else "" for i, n in enumerate(numbers)]).answer(["", "order 20571"])
    assert found["output"].tolist() == ["", "20571"]


def test_answers_that_came_once_are_failures_not_labels(desk):
    texts, intents = desk
    rare = [f"{intent} {i}" if i % 4 == 0 else intent for i, intent in enumerate(intents)]
    found = fit_classifier(texts[:240], rare[:240])
    assert set(found.answers) == {"refund", "track", "cancel", "invoice"}
    assert 0.6 < found.answer(texts[240:])["confidence"].mean() < 0.85


def test_what_cannot_be_learned_says_why(desk):
    texts, intents = desk
    with pytest.raises(NotEnoughCalls):
        fit_classifier(texts[:10], intents[:10])
    with pytest.raises(BadInput, match="each text needs its answer"):
        fit_classifier(texts[:30], intents[:29])
    with pytest.raises(BadInput, match="comes twice"):
        fit_classifier(texts[:30], [str(i) for i in range(30)])
