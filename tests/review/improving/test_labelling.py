"""Checks go where they narrow the estimate, and the estimate holds the truth as often as it says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import BadInput
from migration.review import estimate, to_check
from migration.review.improving.labelling import allocate, strata_of


def answers(rng, n=2000):
    confidence = 1 - rng.beta(0.35, 5, n)
    frame = pd.DataFrame({"call_id": np.arange(n), "group": "intent", "confidence": confidence, "output": ""})
    return frame, rng.random(n) < confidence


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), checks=st.integers(20, 200))
def test_the_checks_are_shared_out_whole(seed, checks):
    error = np.random.default_rng(seed).beta(0.4, 3, 500)
    strata = strata_of(error)
    share = allocate(error, strata, checks)
    assert share.sum() == checks
    assert (share <= np.bincount(strata)).all()


def test_the_interval_holds_the_truth_and_is_narrower_than_a_random_sample():
    held, width = 0, []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        frame, right = answers(rng)
        chosen = to_check(frame, 50, seed=seed)
        chosen["right"] = np.where(right[chosen["call_id"]], "yes", "no")
        rate = estimate(chosen, frame)
        held += rate.low <= 1 - right.mean() <= rate.high
        width.append(rate.high - rate.low)
    assert held >= 88
    assert np.mean(width) < 0.13  # Wilson's interval of 50 random answers is 0.14 wide


def test_a_confidence_that_is_worth_nothing_does_not_bias_the_estimate():
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        frame, _ = answers(rng)
        chosen = to_check(frame, 100, seed=seed)
        chosen["right"] = rng.random(100) < 0.7
        found.append(estimate(chosen, frame).value)
    assert np.mean(found) == pytest.approx(0.3, abs=0.04)


def test_a_label_that_is_neither_yes_nor_no_is_refused():
    frame, _ = answers(np.random.default_rng(0))
    with pytest.raises(BadInput, match="yes or no"):
        estimate(to_check(frame, 20).assign(right="maybe"), frame)
