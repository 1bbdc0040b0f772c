"""Signals of an answer from the numbers of its tokens."""

import numpy as np
import pytest

from migration.schema.signals import OF_TOKENS, QUANTILES, of_tokens


def test_signals_are_numbers_of_the_tokens():
    found = of_tokens([-1.0, -3.0], [0.5, 1.5], [0.2, 0.4])
    assert (found["mean_logprob"], found["min_logprob"], found["mean_entropy"]) == (-2.0, -3.0, 1.0)
    assert found["lp_q50"] == -2.0
    assert (found["margin"], found["first_margin"]) == (pytest.approx(0.3), 0.2)
    assert set(of_tokens([], [], []).values()) == {None}


def test_an_answer_without_alternatives_has_no_margin_and_quantiles_are_numpys():
    values = [-0.1, -3.0, -0.5, -7.0]
    found = of_tokens(values, [], [])
    assert [found[name] for name in QUANTILES] == pytest.approx(np.quantile(values, list(QUANTILES.values())))
    assert {name for name in OF_TOKENS if found[name] is None} == {
        "mean_entropy",
        "first_entropy",
        "margin",
        "first_margin",
    }
