"""Tags say where values stand, give them back, and are legal."""

import re
from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.kinds.copied.shape import Field, Layout, Many, Shape
from migration.benchmark.kinds.copied.tags import likeliest_tags, tags_of, touching_kinds, values_of

KINDS = ("name", "city")
SHAPE = Shape(Layout.OBJECT, tuple(Field(kind, Many.ALWAYS) for kind in KINDS))


def places(text):
    """Words and signs, as a tokenizer would tell them."""
    return np.array([match.span() for match in re.finditer(r"\w+|[^\w\s]", text)], int).reshape(-1, 2)


def tags(text, **values):
    return tags_of(text, places(text), values, {kind: i for i, kind in enumerate(KINDS)})


@given(st.lists(st.tuples(st.sampled_from(["", *KINDS]), st.integers(1, 3)), max_size=8), st.sampled_from(" -\n"))
def test_every_answer_whose_values_stand_in_the_text_comes_back(parts, space):
    words, values, number = [], {}, 0
    for kind, length in parts:  # runs of words that are new, each run a value of a kind or none
        run = [f"Wört{number + i}ß" for i in range(length)]
        number += length
        words += [*run, "."]
        if kind:
            values.setdefault(kind, []).append(space.join(run))
    text = space.join(words)
    answer = SHAPE.decode(values)
    found = tags(text, **SHAPE.encode(answer))
    assert SHAPE.decode(values_of(text, places(text), found.tolist(), KINDS)) == answer


def test_letters_may_differ_and_the_text_s_own_are_given():
    text = "I live in new york, says ANN"
    found = tags(text, name=["Ann"], city=["New York"])
    assert values_of(text, places(text), found.tolist(), KINDS) == {"name": ["ANN"], "city": ["new york"]}


def test_a_value_that_is_not_there_whole_has_no_tags():
    assert tags("the cables of Ann", name=["cable"]) is None
    assert tags("on the 3rd", city=["2025-03-03"]) is None
    assert tags("Paris", name=["Paris"], city=["Paris"]) is None  # one token cannot be both


def test_every_place_of_a_value_is_tagged_and_a_long_one_first():
    assert tags("Ann and Ann Bo and Ann", name=["Ann", "Ann Bo"]).tolist() == [1, 0, 1, 2, 0, 1]


@given(st.integers(0, 10_000), st.sampled_from([(), (0,), (1,), (0, 1)]))
def test_the_likeliest_tags_are_the_best_of_all_legal_ones(seed, touching):
    chances = np.log(np.random.default_rng(seed).dirichlet(np.ones(5), 4))

    def legal(path):
        for last, tag in pairwise([0, *path]):
            goes_on = tag and tag % 2 == 0
            if goes_on and last not in (tag, tag - 1):
                return False
            if tag % 2 and last in (tag, tag + 1) and (tag - 1) // 2 not in touching:
                return False
        return True

    every = [path for path in product(range(5), repeat=4) if legal(path)]
    best = max(every, key=lambda path: sum(chances[i, tag] for i, tag in enumerate(path)))
    assert likeliest_tags(chances, touching).tolist() == list(best)


def test_values_that_touch_in_training_may_touch_again():
    assert touching_kinds([tags("#tent #lamp", city=["#tent", "#lamp"]), tags("Ann, Bo", name=["Ann", "Bo"])]) == (1,)


def test_a_text_without_tokens_has_no_tags():
    assert likeliest_tags(np.zeros((0, 5))).tolist() == []
