"""Which tasks are learned as copied, from which messages, and what counts as a failure."""

import json

import numpy as np
import pytest

from migration.benchmark import fit_classifier
from migration.benchmark.kinds import Classifier
from migration.benchmark.kinds.copied import Extractor, may_be_copied
from migration.benchmark.kinds.copied.extractor import narrowed
from migration.benchmark.kinds.copied.fitting import same_answer
from migration.errors import BadInput

NUMBERS = [str(n) for n in np.random.default_rng(2).integers(10_000, 99_999, 80)]
ENDS = ("please help me", "it did not come", "I am waiting", "who can help")
TEXTS = [f"the number is {n}, {ENDS[i % 4]}" if i % 2 else f"{ENDS[i % 3]}: {n}" for i, n in enumerate(NUMBERS)]


def agreement(fitted, texts, answers):
    return (fitted.answer(texts[60:])["output"] == answers[60:]).mean()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Meine Bestellung {} ist nicht da", "BESTELLUNG: {}"),
        ("注文番号{}が届きません", '{{"注文": ["{}"]}}'),
        ("¿Dónde está mi pedido nº {}?", "{}"),
    ],
    ids=["German lines", "Japanese lists", "Spanish values"],
)
def test_in_any_language(text, answer):
    texts, answers = [text.format(n) for n in NUMBERS], [answer.format(n) for n in NUMBERS]
    fitted = fit_classifier(texts[:60], answers[:60])
    assert isinstance(fitted, Extractor)
    assert agreement(fitted, texts, answers) > 0.9


def test_a_set_of_answers_is_taken_for_labels_and_never_for_spans(desk):
    assert not may_be_copied(*desk)
    assert isinstance(fit_classifier(desk[0][:80], desk[1][:80]), Classifier)


def test_where_both_can_be_what_answers_more_rows_out_of_fold_is_taken():
    repeated = NUMBERS[:20] * 4  # a set of answers, and all are copied: a sentence's vector hardly tells numbers apart
    texts = [f"the number is {n}, {ENDS[i % 3]}" for i, n in enumerate(repeated)]
    assert isinstance(fit_classifier(texts, repeated), Extractor)
    cities = ["Cork", "Bern", "Oslo", "Riga"] * 20
    texts = [f"I live in {city} and wait for {n}" for city, n in zip(cities, NUMBERS, strict=True)]
    ruled = [{"Bern": "Oslo", "Riga": "Cork"}.get(city, city) for city in cities]  # what copying does not know
    assert isinstance(fit_classifier(texts[:60], ruled[:60]), Classifier)


@pytest.mark.parametrize("last", [True, False], ids=["the last message", "the whole conversation"])
def test_values_are_looked_for_where_training_answers_have_them(last):
    def request(i):
        turns = [TEXTS[(i + 7) % 80], "thank you, what else", TEXTS[i]] if last else [TEXTS[i], "and the name?", "Ann"]
        roles = ("user", "assistant", "user")
        return [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]

    requests = [request(i) for i in range(80)]
    fitted = fit_classifier(requests[:60], NUMBERS[:60])
    assert fitted.last == last
    assert agreement(fitted, requests, NUMBERS) > 0.9


def test_prompts_stay_where_only_the_last_message_is_read():
    turns = [("system", "a"), ("user", "b"), ("assistant", "c"), ("user", "d"), ("assistant", "e")]
    request = [{"role": role, "content": content} for role, content in turns]
    assert [turn["content"] for turn in narrowed(request, True)] == ["a", "d"]
    assert narrowed(request, False) == request


def test_each_version_of_a_prompt_has_its_own_form_of_answer():
    asks = ("Reply with the number of the order alone.", "Reply as JSON with the key order.")
    requests = [
        [{"role": "system", "content": asks[i % 3 == 0]}, {"role": "user", "content": text}]
        for i, text in enumerate(TEXTS)
    ]
    answers = [json.dumps({"order": n}) if i % 3 == 0 else n for i, n in enumerate(NUMBERS)]
    assert agreement(fit_classifier(requests[:60], answers[:60]), requests, answers) > 0.9


def test_answers_that_cannot_be_rebuilt_are_failures():
    odd = [f"No. {n[::-1]}" if i % 4 == 0 else n for i, n in enumerate(NUMBERS)]
    fitted = fit_classifier(TEXTS[:60], odd[:60])
    assert 0.6 < fitted.answer(TEXTS[60:])["confidence"].mean() < 0.85


def test_what_is_neither_a_set_nor_copied_is_refused():
    with pytest.raises(BadInput, match="comes twice or is copied"):
        fit_classifier(TEXTS[:60], [n[::-1] for n in NUMBERS[:60]])
    with pytest.raises(BadInput, match="comes twice or is copied"):  # nested
        fit_classifier(TEXTS[:60], [json.dumps({"a": {"b": n}}) for n in NUMBERS[:60]])


def test_answers_are_compared_as_scorers_of_values_do():
    assert same_answer('{"b": 1, "a": "X"}', '{"a": "x", "b": 1}')
    assert not same_answer('{"a": "1"}', '{"a": 1}')
    assert same_answer("Cork.", "cork")
    assert not same_answer(None, "cork")
