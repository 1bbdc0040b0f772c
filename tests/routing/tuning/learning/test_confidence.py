"""Confidence: learned from signals, calibrated by the simplest thing that will do, honest where there is little."""

import numpy as np
import pandas as pd
import pytest

from migration.errors import BadInput, NotEnoughCalls
from migration.routing import calibration_error, compare_signals, learn_confidence, reliability
from migration.routing.policy.signals import SignalScore
from migration.routing.tuning.learning.confidence import aurc, auroc, fit_calibrator


def answers(n: int, seed: int = 0, tasks: int = 3) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers whose tail log-probability tells right from wrong, on a scale of its own for each task."""
    rng = np.random.default_rng(seed)
    task = rng.integers(0, tasks, n)
    doubt = rng.normal(size=n)
    right = rng.random(n) < 1 / (1 + np.exp(-(1.0 - 0.8 * task - 1.8 * doubt)))
    frame = pd.DataFrame(
        {
            "task": [f"t{i}" for i in task],
            "mean_logprob": -0.2 - 0.05 * task - 0.1 * np.abs(rng.normal(size=n)),
            "lp_q10": -1.0 - 0.5 * doubt - 0.3 * rng.normal(size=n),
            "min_logprob": -2.0 - 0.4 * doubt - 0.6 * rng.normal(size=n),
            "mean_entropy": 0.3 + 0.1 * doubt + 0.1 * rng.normal(size=n),
            "completion_tokens": rng.integers(3, 60, n),
            "margin": np.nan,
        }
    )
    return frame, right


def probabilities(score: SignalScore, frame: pd.DataFrame) -> np.ndarray:
    raw = score.raw({name: frame[name].to_numpy(float) for name in score.names}, frame["task"].to_numpy())
    return np.asarray(score.calibrator(raw))


def test_learned_beats_single_signals_and_is_calibrated() -> None:
    train, right = answers(800)
    test, truth = answers(3000, seed=1)
    score = learn_confidence(train, right)
    learned = probabilities(score, test)
    marks = compare_signals(test, truth, learned).query("task == 'ALL'").set_index("signal")
    assert marks["auroc"].idxmax() == "learned"
    assert marks["aurc"].idxmin() == "learned"
    assert calibration_error(learned, truth).value < 0.07
    assert calibration_error(np.exp(test["mean_logprob"]), truth).value > 0.15


def test_a_stated_confidence_is_compared_and_learned_from_where_a_table_has_one() -> None:
    train, right = answers(600)
    assert "verbalised" not in set(compare_signals(train, right, right.astype(float))["signal"])
    rng = np.random.default_rng(5)
    train["verbalised"] = np.where(rng.random(600) < 0.9, right * 0.5 + 0.5, 1.0)
    train["sample_agreement"] = np.clip(right * 0.6 + rng.random(600) * 0.4, 0, 1)
    score = learn_confidence(train, right)
    assert {"verbalised", "sample_agreement"} <= set(score.names)
    marks = compare_signals(train, right, probabilities(score, train)).query("task == 'ALL'").set_index("signal")
    assert marks.loc["sample_agreement", "auroc"] > 0.9
    assert marks.loc["learned", "auroc"] >= marks.loc["verbalised", "auroc"]


def test_one_answer_is_judged_as_the_many_are() -> None:
    train, right = answers(300)
    score = learn_confidence(train, right)
    many = probabilities(score, train)
    for i in (0, 5, 17):
        one = score.confidence(train.iloc[i].to_dict(), train["task"].iloc[i])
        assert one == pytest.approx(many[i])
    assert score.confidence({}, "t0") == 0.0
    assert SignalScore.from_dict(score.to_dict()) == score


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("n", [1, 5, 40])
def test_all_right_and_all_wrong_give_the_rate_with_its_doubt(right: bool, n: int) -> None:
    frame, _ = answers(n)
    confidence = probabilities(learn_confidence(frame, np.full(n, right)), frame)
    expected = (n * right + 0.5) / (n + 1)
    np.testing.assert_allclose(confidence, expected, atol=1e-9)


def test_one_task_and_few_answers() -> None:
    frame, right = answers(20, tasks=1)
    confidence = probabilities(learn_confidence(frame, right), frame)
    assert ((confidence > 0) & (confidence < 1)).all()


def test_no_signal_at_all_gives_the_tasks_rate() -> None:
    frame, right = answers(400)
    bare = frame[["task"]]
    score = learn_confidence(bare, right)
    assert score.names == ()


def test_noise_is_not_mistaken_for_a_signal() -> None:
    rng = np.random.default_rng(3)
    frame, _ = answers(200)
    right = rng.random(200) < 0.7
    confidence = probabilities(learn_confidence(frame, right), frame)
    assert confidence.std() < 0.12


def test_the_calibrator_is_the_simplest_that_does() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 2, 4000)
    straight = rng.random(4000) < 1 / (1 + np.exp(-raw))
    assert fit_calibrator(raw, straight).kind == "temperature"
    assert fit_calibrator(raw[:20], straight[:20]).kind == "temperature"
    shifted = rng.random(4000) < 1 / (1 + np.exp(-(raw + 2)))
    assert fit_calibrator(raw, shifted).kind == "platt"
    bent = rng.random(4000) < np.where(raw > 0, 0.95, 0.3)
    assert fit_calibrator(raw, bent).kind == "isotonic"
    assert fit_calibrator(raw, np.ones(4000))(0.0) > 0.99


def test_an_isotonic_line_never_falls() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 2, 2000)
    calibrator = fit_calibrator(raw, (rng.random(2000) < np.where(raw > 0, 0.95, 0.3)).astype(float))
    assert (np.diff(calibrator(np.linspace(-9, 9, 500))) >= 0).all()


def test_areas_against_plain_counting() -> None:
    rng = np.random.default_rng(0)
    score, right = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.5
    pairs = [(a > b) + 0.5 * (a == b) for a in score[right] for b in score[~right]]
    assert auroc(score, right) == pytest.approx(np.mean(pairs))
    assert np.isnan(auroc(score, np.ones(60)))
    assert aurc(np.arange(4.0), np.array([0, 0, 1, 1])) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_reliability_counts_every_answer_once() -> None:
    rng = np.random.default_rng(0)
    confidence = np.round(rng.random(500), 1)
    frame = reliability(confidence, rng.random(500) < confidence)
    assert frame["n"].sum() == 500
    assert ((frame["low"] <= frame["agreement"]) & (frame["agreement"] <= frame["high"])).all()
    assert len(reliability(np.full(50, 0.3), np.zeros(50))) == 1


def test_bad_input_is_named() -> None:
    frame, _ = answers(5)
    with pytest.raises(NotEnoughCalls):
        learn_confidence(frame.iloc[:0], np.empty(0))
    with pytest.raises(BadInput, match="agrees is NaN at index 2"):
        learn_confidence(frame, np.array([1, 0, np.nan, 1, 0]))
