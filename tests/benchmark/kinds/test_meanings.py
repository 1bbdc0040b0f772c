"""Two forms of an answer are one meaning where the texts say so, and two where they do not."""

import numpy as np

from migration.benchmark.kinds.meanings import find_meanings

RNG = np.random.default_rng(8)
TRUTH = RNG.integers(0, 6, 600)
FORM = (RNG.random(600) < 0.3).astype(int)
TEXTS = (np.eye(16)[TRUTH] * 3 + RNG.normal(size=(600, 16))).astype(np.float32)


def test_answers_of_two_forms_are_matched_by_what_the_texts_say():
    answers = [f"{'zyxwvu'[t]}!" if f else f"topic {t}" for t, f in zip(TRUTH, FORM, strict=True)]
    found = find_meanings(answers, FORM, TEXTS)
    assert found.count == 6
    assert all(found.said[f, found.rows[i]] == answers[i] for i, f in enumerate(FORM))
    assert len(set(zip(TRUTH, found.rows, strict=True))) == 6


def test_another_question_is_not_matched():
    other = RNG.integers(0, 6, 600)
    answers = [f"grade {o}" if f else f"topic {t}" for t, o, f in zip(TRUTH, other, FORM, strict=True)]
    assert find_meanings(answers, FORM, TEXTS).count == 12


def test_equal_answers_need_no_matching():
    found = find_meanings([f"topic {t}" for t in TRUTH], FORM, TEXTS)
    assert found.count == 6
    assert found.said[0, 0] == found.said[1, 0]


def test_answers_that_came_once_have_no_meaning():
    found = find_meanings(["a"] * 300 + ["b"] * 299 + ["once"], np.zeros(600, int), TEXTS)
    assert found.rows[-1] == -1
    assert found.count == 2
