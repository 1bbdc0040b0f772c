"""The exact sweep, the chosen threshold and a router's marks, against slow and plain re-computations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import BadInput
from migration.routing import choose_threshold, routing_metrics, sweep
from migration.routing.tuning.proof.thresholds import POWER, calls_to_prove

scores = st.sampled_from([0.0, 0.25, 0.5, 1.0])
confidences = st.sampled_from([-1.5, 0.0, 0.1, 0.2, 0.5, 0.9, 1.0])
rows = st.lists(st.tuples(confidences, scores, scores, st.floats(0, 1), st.floats(0, 9)), min_size=1, max_size=40)


def brute_sweep(confidence, slm, llm, slm_cost, llm_cost):
    for threshold in sorted(set(confidence)):
        kept = [c >= threshold for c in confidence]
        quality = np.mean([s if k else b for k, s, b in zip(kept, slm, llm, strict=True)])
        cost = np.mean([a + (0 if k else b) for k, a, b in zip(kept, slm_cost, llm_cost, strict=True)])
        yield threshold, np.mean(kept), quality, cost


@given(rows)
@settings(max_examples=150, deadline=None)
def test_the_sweep_is_the_loop_over_thresholds(data) -> None:
    table = sweep(*map(np.array, zip(*data, strict=True)))
    assert list(table.columns) == ["threshold", "slm_share", "quality", "cost"]
    np.testing.assert_allclose(table.to_numpy(), list(brute_sweep(*zip(*data, strict=True))), atol=1e-9)


def test_costs_may_be_one_number() -> None:
    table = sweep(np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.ones(2), 0.1, 1.0)
    assert table["cost"].tolist() == pytest.approx([0.1, 0.6])


@pytest.mark.parametrize("name", ["confidence", "slm_score", "llm_score"])
def test_nan_is_refused_by_name_and_index(name: str) -> None:
    arrays = {"confidence": np.ones(5), "slm_score": np.ones(5), "llm_score": np.ones(5)}
    arrays[name][3] = np.nan
    with pytest.raises(BadInput, match=rf"{name} is NaN at index 3"):
        sweep(**arrays, slm_cost=0, llm_cost=1)
    with pytest.raises(BadInput, match=rf"{name} is NaN at index 3"):
        choose_threshold(**arrays, max_loss=0.05, confidence_level=0.95)


def test_other_rubbish_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="confidence holds something that is no number"):
        sweep(["high", "low"], [1, 0], [1, 1], 0, 1)
    with pytest.raises(BadInput, match="llm_cost is infinite at index 1"):
        choose_threshold([0.1, 0.2], [1, 1], [1, 1], max_loss=0.05, confidence_level=0.9, llm_cost=[1, np.inf])
    with pytest.raises(BadInput, match=r"slm_score has shape \(1, 2\)"):
        sweep([0.1, 0.2], [[1, 0]], [1, 1], 0, 1)


def test_calls_without_a_conversation_stand_alone() -> None:
    rng = np.random.default_rng(3)
    confidence, slm = rng.random(400), (rng.random(400) < 0.99).astype(float)
    single = choose_threshold(confidence, slm, np.ones(400), max_loss=0.05, confidence_level=0.95)
    nobody = choose_threshold(confidence, slm, np.ones(400), max_loss=0.05, confidence_level=0.95, cluster=[None] * 400)
    assert single.threshold is not None
    assert nobody == single


@given(rows, st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=80, deadline=None)
def test_a_choice_is_always_whole_and_the_same_for_lists_and_arrays(data, max_loss: float, level: float) -> None:
    confidence, slm, llm, slm_cost, llm_cost = zip(*data, strict=True)
    asked = {"max_loss": max_loss, "confidence_level": level, "slm_cost": slm_cost, "llm_cost": llm_cost}
    choice = choose_threshold(list(confidence), list(slm), list(llm), **asked)
    assert choice == choose_threshold(*map(np.array, (confidence, slm, llm)), **asked)
    assert (choice.threshold is None) == (choice.decision == "do not route")
    assert np.isfinite([choice.slm_share, choice.loss, choice.bound, choice.saving]).all()
    if choice.threshold is not None:
        assert choice.threshold in confidence
        assert choice.loss <= choice.bound <= max_loss
        assert choice.saving > 0


def test_when_any_loss_is_allowed_everything_is_kept() -> None:
    choice = choose_threshold([0.1, 0.9], [0, 0], [1, 1], max_loss=1, confidence_level=0.9)
    assert (choice.decision, choice.slm_share) == ("route", 1.0)


@given(rows)
@settings(max_examples=80, deadline=None)
def test_marks_are_finite_exactly_where_there_is_a_gap(data) -> None:
    score, weak, strong, *_ = zip(*data, strict=True)
    marks = routing_metrics(score, weak, strong, resamples=20)
    gap = np.sum(strong) - np.sum(weak) > 0
    assert np.isfinite([marks.apgr, marks.cpt50, marks.cpt80]).all() == gap
    assert gap or np.isnan(list(marks.intervals.values())).all()


def test_lengths_and_emptiness_are_refused() -> None:
    with pytest.raises(BadInput, match="slm_score"):
        sweep(np.ones(3), np.ones(2), np.ones(3), 0, 1)
    with pytest.raises(BadInput, match="empty"):
        sweep(np.ones(0), np.ones(0), np.ones(0), 0, 1)
    with pytest.raises(BadInput, match="confidence_level"):
        choose_threshold(np.ones(3), np.ones(3), np.ones(3), max_loss=0.05, confidence_level=95)
    with pytest.raises(BadInput, match=r"slm_score is 2\.0 at index 1"):
        choose_threshold(np.ones(3), np.array([1.0, 2, 1]), np.ones(3), max_loss=0.05, confidence_level=0.95)


def test_all_right_keeps_everything_once_there_are_labels_enough() -> None:
    few = choose_threshold(np.ones(58), np.ones(58), np.ones(58), max_loss=0.05, confidence_level=0.95)
    assert (few.threshold, few.decision, few.more_labels) == (None, "do not route", 1)
    enough = choose_threshold(np.ones(59), np.ones(59), np.ones(59), max_loss=0.05, confidence_level=0.95)
    assert (enough.threshold, enough.slm_share, enough.decision) == (1.0, 1.0, "route")
    assert enough.bound <= 0.05


@pytest.mark.parametrize("confidence", [np.full(1000, 0.5), np.linspace(0, 1, 1000)])
def test_all_wrong_is_not_routed_and_more_labels_would_not_help(confidence: np.ndarray) -> None:
    choice = choose_threshold(confidence, np.zeros(1000), np.ones(1000), max_loss=0.05, confidence_level=0.95)
    assert (choice.threshold, choice.slm_share, choice.saving, choice.decision) == (None, 0.0, 0.0, "do not route")
    assert choice.more_labels is None
    assert "better SLM" in choice.reason


def test_one_call_decides_nothing() -> None:
    choice = choose_threshold([0.9], [1.0], [1.0], max_loss=0.05, confidence_level=0.95)
    assert choice.decision == "do not route"
    assert choice.more_labels == 58


def test_an_slm_that_costs_more_than_it_spares_is_not_routed() -> None:
    ones = np.ones(500)
    choice = choose_threshold(ones, ones, ones, max_loss=0.05, confidence_level=0.95, slm_cost=2.0, llm_cost=1.0)
    assert choice.decision == "do not route"
    assert "saves money" in choice.reason
    cheap = choose_threshold(ones, ones, ones, max_loss=0.05, confidence_level=0.95, slm_cost=0.1, llm_cost=1.0)
    assert cheap.saving == pytest.approx(0.9)


@pytest.mark.parametrize("shape", ["binary", "signed", "graded"])
def test_what_is_chosen_keeps_the_bound_on_its_own_calls(shape: str) -> None:
    rng = np.random.default_rng(4)
    confidence = rng.random(2000)
    slm = (rng.random(2000) < 0.6 + 0.4 * confidence).astype(float)
    llm = np.ones(2000)
    if shape == "signed":
        llm = (rng.random(2000) < 0.95).astype(float)
    if shape == "graded":
        slm = np.clip(0.6 + 0.4 * confidence + rng.normal(0, 0.1, 2000), 0, 1)
    choice = choose_threshold(confidence, slm, llm, max_loss=0.05, confidence_level=0.95)
    table = sweep(confidence, slm, llm, 0, 1).set_index("threshold")
    row = table.loc[choice.threshold]
    assert row["slm_share"] == pytest.approx(choice.slm_share)
    assert llm.mean() - row["quality"] == pytest.approx(choice.loss)
    assert choice.loss < choice.bound <= 0.05
    assert choice.saving == pytest.approx(choice.slm_share)


def test_ties_are_kept_or_escalated_together() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.integers(0, 4, 3000) / 4
    slm = (rng.random(3000) < 0.75 + 0.25 * confidence).astype(float)
    choice = choose_threshold(confidence, slm, np.ones(3000), max_loss=0.05, confidence_level=0.95)
    assert choice.slm_share == pytest.approx((confidence >= choice.threshold).mean())


def test_weights_speak_for_the_traffic() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(2000)
    slm = (rng.random(2000) < 0.5 + 0.5 * confidence).astype(float)
    weight = np.where(rng.random(2000) < 0.5, 2.0, 1.0)
    choice = choose_threshold(confidence, slm, np.ones(2000), max_loss=0.05, confidence_level=0.95, weight=weight)
    kept = confidence >= choice.threshold
    assert choice.slm_share == pytest.approx((weight * kept).sum() / weight.sum())
    assert choice.loss == pytest.approx((weight * kept * (1 - slm)).sum() / weight.sum())
    assert choice.bound <= 0.05


# ---- real logs: uneven weights, conversations, noise


def chosen(loss: np.ndarray, confidence: np.ndarray, **more) -> bool:
    asked = {"max_loss": 0.05, "confidence_level": 0.95} | more
    return choose_threshold(confidence, 1.0 - loss, np.ones(len(loss)), **asked).threshold is not None


@pytest.mark.parametrize("heavy", [2, 5, 10])
def test_a_few_heavy_calls_that_happen_to_pass_prove_nothing(heavy: int) -> None:
    rng, light, broken = np.random.default_rng(heavy), 110, 0
    weight = np.r_[np.full(heavy, 0.3 / heavy), np.full(light, 0.7 / light)]
    for _ in range(200):  # the heavy task is wrong on 18% of its calls: 5.4% of the traffic
        loss = np.r_[rng.random(heavy) < 0.18, np.zeros(light)].astype(float)
        broken += chosen(loss, np.ones(heavy + light), weight=weight)
    assert broken <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)


@pytest.mark.parametrize("size", [4, 8])
def test_calls_of_one_conversation_are_not_taken_for_independent(size: int) -> None:
    rng, broken, naive, conversations = np.random.default_rng(size), 0, 0, 250
    cluster = np.repeat(np.arange(conversations), size)
    for _ in range(150):
        loss = (rng.random(len(cluster)) < np.repeat(rng.beta(0.052, 0.948, conversations), size)).astype(float)
        broken += chosen(loss, np.ones(len(cluster)), cluster=cluster)
        naive += chosen(loss, np.ones(len(cluster)))
    assert broken <= 150 * 0.05 + 2 * np.sqrt(150 * 0.05 * 0.95)
    assert naive > broken


def test_a_confidence_that_is_noise_is_not_used() -> None:
    rng = np.random.default_rng(1)
    bad = [chosen((rng.random(300) < 0.7).astype(float), rng.random(300)) for _ in range(100)]
    assert sum(bad) == 0  # of what it would deliver, 70% differs
    mild = [chosen((rng.random(800) < 0.065).astype(float), rng.random(800)) for _ in range(100)]
    assert sum(mild) <= 100 * 0.05 + 2 * np.sqrt(100 * 0.05 * 0.95)


def test_of_the_kept_calls_too_only_so_many_may_differ() -> None:
    rng = np.random.default_rng(5)
    confidence = rng.random(3000)
    slm = (rng.random(3000) < 0.5 + 0.5 * confidence).astype(float)
    strict, loose = (
        choose_threshold(confidence, slm, np.ones(3000), max_loss=0.05, confidence_level=0.95, max_kept_error=limit)
        for limit in (0.06, 1.0)
    )
    assert strict.slm_share < loose.slm_share
    assert strict.kept_error < strict.kept_bound <= 0.06
    assert loose.kept_error > 0.1


def test_rubbish_about_weights_and_conversations_is_refused() -> None:
    ones = np.ones(3)
    with pytest.raises(BadInput, match="weight is 0"):
        chosen(ones, ones, weight=np.array([1.0, 0, 1]))
    with pytest.raises(BadInput, match="cluster has 2 values for 3 calls"):
        chosen(ones, ones, cluster=["a", "b"])
    with pytest.raises(BadInput, match="max_kept_error"):
        chosen(ones, ones, max_kept_error=2.0)


def test_the_forecast_number_of_labels_proves_with_the_power_it_says() -> None:
    needed = calls_to_prove(0.02, 0.03, 0.66, 0.05, 0.10, 0.05)
    rng = np.random.default_rng(0)
    losses = (rng.random((300, needed)) < 0.02).astype(float)
    proved = [chosen(loss, np.ones(needed), max_kept_error=1.0) for loss in losses]
    assert np.mean(proved) >= POWER - 0.06


# ---- marks of a pre-call router


def brute_apgr(score, weak, strong):
    order = np.argsort(-score, kind="stable")
    n, quality = len(score), []
    for k in range(n + 1):
        to_strong = order[:k]
        quality.append(weak.sum() + (strong - weak)[to_strong].sum())
    recovered = (np.array(quality) - quality[0]) / (quality[-1] - quality[0])
    return ((recovered[1:] + recovered[:-1]) / 2).mean(), recovered


def test_marks_are_those_of_a_loop_over_every_share() -> None:
    rng = np.random.default_rng(2)
    score, weak = rng.random(400), (rng.random(400) < 0.6).astype(float)
    strong = (rng.random(400) < 0.8).astype(float)
    marks = routing_metrics(score, weak, strong)
    apgr, recovered = brute_apgr(score, weak, strong)
    assert marks.apgr == pytest.approx(apgr)
    assert marks.cpt50 == pytest.approx(100 * np.argmax(recovered >= 0.5) / 400, abs=0.3)
    assert marks.cpt80 == pytest.approx(100 * np.argmax(recovered >= 0.8) / 400, abs=0.3)
    low, high = marks.intervals["apgr"]
    assert low < marks.apgr < high


def test_a_constant_score_is_random_and_the_oracle_is_best() -> None:
    rng = np.random.default_rng(2)
    weak, strong = (rng.random(1000) < 0.6).astype(float), (rng.random(1000) < 0.8).astype(float)
    constant = routing_metrics(np.zeros(1000), weak, strong)
    assert (constant.apgr, constant.cpt50, constant.cpt80) == pytest.approx((0.5, 50.0, 80.0))
    assert routing_metrics(strong - weak, weak, strong).apgr > 0.9


@pytest.mark.parametrize(("weak", "strong"), [(1.0, 1.0), (0.0, 0.0), (1.0, 0.0)])
def test_no_gap_has_no_marks(weak: float, strong: float) -> None:
    marks = routing_metrics(np.arange(5.0), np.full(5, weak), np.full(5, strong))
    assert np.isnan([marks.apgr, marks.cpt50, marks.cpt80]).all()


def test_one_call_has_marks() -> None:
    assert routing_metrics([1.0], [0.0], [1.0]).apgr == pytest.approx(0.5)
    with pytest.raises(BadInput, match="score is NaN at index 0"):
        routing_metrics([np.nan], [0.0], [1.0])
