"""The tests of a mean: exact where they claim to be, and wrong no more often than they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from migration.routing.tuning.proof import bounds


@given(st.integers(1, 400), st.floats(0.01, 0.5), st.sampled_from([0.01, 0.05, 0.1]))
@settings(max_examples=60, deadline=None)
def test_the_binomial_test_and_its_bound_say_the_same(n: int, limit: float, delta: float) -> None:
    most = bounds.most_losses(n, limit, delta)
    assert most == max((k for k in range(n + 1) if stats.binom.cdf(k, n, limit) <= delta), default=-1)
    if most >= 0:
        assert bounds.binomial_upper(most, n, delta) <= limit + 1e-9
    if most + 1 <= n:
        assert bounds.binomial_upper(most + 1, n, delta) > limit - 1e-9


def test_labels_needed_at_no_loss_are_the_rule_of_three() -> None:
    assert bounds.trials_needed(0.0, 0.05, 0.05) == 59  # (1 - 0.05)^59 <= 0.05 < (1 - 0.05)^58
    assert bounds.trials_needed(0.05, 0.05, 0.05) is None
    needed = bounds.trials_needed(0.03, 0.05, 0.05)
    assert 59 < needed < 1000


def draws(kind: str, mean: float, n: int, times: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Losses (n, times) of a mean that is known exactly, and their lowest value."""
    if kind == "graded":
        return (rng.random((n, times)) < 4 * mean) * rng.beta(1, 3, (n, times)), 0.0
    if kind == "even":
        return rng.uniform(0, 2 * mean, (n, times)), 0.0
    worse, better = rng.random((n, times)) < mean + 0.1, rng.random((n, times)) < 0.1
    return worse.astype(float) - better, -1.0


@pytest.mark.parametrize("kind", ["graded", "even", "signed"])
@pytest.mark.parametrize("n", [60, 400])
def test_betting_is_wrong_at_most_delta_of_the_time(kind: str, n: int) -> None:
    values, low = draws(kind, 0.05, n, 2000, np.random.default_rng(n))
    wrong = bounds.betting_proves(values, 0.05, 0.1, low=low, high=1.0).mean()
    assert wrong <= 0.1 + 2 * np.sqrt(0.09 / 2000)


@pytest.mark.parametrize("kind", ["graded", "signed"])
def test_betting_is_nearly_as_sharp_as_the_normal_approximation(kind: str) -> None:
    values, low = draws(kind, 0.03, 1000, 500, np.random.default_rng(1))
    z = (0.05 - values.mean(0)) / (values.std(0) / np.sqrt(1000))
    normal = (z > stats.norm.ppf(0.95)).mean()
    assert bounds.betting_proves(values, 0.05, 0.05, low=low, high=1.0).mean() > normal - 0.12
