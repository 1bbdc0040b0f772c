"""A tagger learns which tokens are values, gives only tags that are allowed, and says how sure it is."""

import numpy as np
import pytest

from migration.benchmark.kinds.copied.tagger import allowed_tags, beside, fit_tagger


@pytest.fixture(scope="module")
def texts():
    """States whose first number says whether a value of one kind begins, and the tags."""
    rng = np.random.default_rng(0)
    tags = [np.where(rng.random(12) < 0.3, 1, 0) for _ in range(60)]
    states = [rng.normal(size=(12, 4)).astype(np.float32) for _ in tags]
    for each, own in zip(states, tags, strict=True):
        each[:, 0] = 3 * own
    return states, tags


def test_it_tags_texts_that_it_did_not_see_and_is_sure(texts):
    states, tags = texts
    tagger = fit_tagger(states[:40], tags[:40], 5)
    found = [tagger.tag(each, allowed_tags([0], 5)) for each in states[40:]]
    assert all((said.tags == own).all() for said, own in zip(found, tags[40:], strict=True))
    assert min(said.chance for said in found) > 0.5
    assert min(said.margin for said in found) > 0.5


def test_only_allowed_tags_are_given(texts):
    states, tags = texts
    tagger = fit_tagger(states, tags, 5)
    assert {*tagger.tag(states[0], allowed_tags([1], 5)).tags.tolist()} <= {0, 3, 4}
    assert not tagger.tag(states[0], allowed_tags([], 5)).tags.any()


def test_an_unsure_token_makes_the_answer_unsure(texts):
    states, tags = texts
    tagger = fit_tagger(states, tags, 5)
    doubtful = states[0].copy()
    doubtful[3, 0] = 1.5
    sure, unsure = (tagger.tag(each, allowed_tags([0], 5)) for each in (states[0], doubtful))
    assert unsure.chance < sure.chance
    assert unsure.margin < sure.margin


def test_each_token_stands_between_its_neighbours():
    states = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert beside(states)[1].tolist() == [0, 1, 2, 3, 4, 5]
    assert beside(states)[0].tolist() == [0, 0, 0, 1, 2, 3]
    assert beside(states)[2].tolist() == [2, 3, 4, 5, 0, 0]
    assert beside(states[:0]).shape == (0, 6)
