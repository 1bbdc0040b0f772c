"""Risks of a kept set: sums by conversation, bounds where the tests turn, and a confidence against chance."""

import numpy as np
import pytest

from migration.routing.tuning.proof import risk


def drawn(n: int = 400, conversations: int = 150, seed: int = 0):
    rng = np.random.default_rng(seed)
    cluster = np.r_[np.arange(conversations), rng.integers(0, conversations, n - conversations)]
    return (rng.random(n) < 0.06).astype(float), rng.uniform(1, 3, n), cluster, rng.integers(0, 4, n)


def test_sums_by_conversation_are_those_of_a_loop() -> None:
    loss, weight, cluster, place = drawn()
    kept = risk.keep(loss, weight, cluster, place, 3)
    for j in range(3):
        held = place <= j
        assert kept.loss[j] == pytest.approx((weight * loss)[held].sum() / weight.sum())
        assert kept.share[j] == pytest.approx(weight[held].sum() / weight.sum())
        assert kept.kept_error[j] == pytest.approx((weight * loss)[held].sum() / weight[held].sum())
    lost = np.column_stack([(place <= j) & (loss > 0) for j in range(3)])
    same = risk.keep_each(lost, np.column_stack([place <= j for j in range(3)]), weight, cluster)
    np.testing.assert_allclose(same.lost, kept.lost)
    np.testing.assert_allclose(same.kept, kept.kept)
    assert (same.counts == kept.counts).all()


@pytest.mark.parametrize("alone", [True, False])
def test_the_bound_is_where_the_test_turns(alone: bool) -> None:
    loss, weight, cluster, _ = drawn()
    if alone:
        weight, cluster = np.ones(len(loss)), np.arange(len(loss))
    kept = risk.keep(loss, weight, cluster, np.zeros(len(loss), int), 1)
    over_all, _, method = risk.upper_bounds(kept, 0.05)
    assert method == ("exact binomial" if alone else "betting by conversation")
    assert kept.loss[0] < over_all < kept.loss[0] + 0.08
    assert risk.proves(kept, over_all + 0.002, 1.0, np.array([0.05]))[0, 0]
    assert not risk.proves(kept, over_all - 0.002, 1.0, np.array([0.05]))[0, 0]


def test_a_giant_conversation_does_not_silence_the_others() -> None:
    cluster = np.r_[np.zeros(30, int), np.arange(1, 2500)]
    loss = np.r_[np.zeros(30), (np.random.default_rng(0).random(2499) < 0.005).astype(float)]
    kept = risk.keep(loss, np.ones(len(loss)), cluster, np.zeros(len(loss), int), 1)
    assert risk.proves(kept, 0.05, 1.0, np.array([0.05]))[0, 0]


def test_noise_has_even_p_values_and_a_signal_a_small_one() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(60), 4)
    found = []
    for _ in range(150):
        shared = np.repeat(rng.random(60), 4)
        loss = (rng.random(240) < 0.3 * shared).astype(float)
        confidence = np.repeat(rng.random(60), 4)
        found.append(risk.beats_random(confidence, loss, np.ones(240), cluster, delta=0.01))
    assert np.mean(np.array(found) <= 0.1) < 0.1 + 2.5 * np.sqrt(0.09 / 150)
    assert risk.beats_random(-loss - 0.1 * rng.random(240), loss, np.ones(240), cluster, delta=0.01) < 0.01
