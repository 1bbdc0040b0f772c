"""The score before the call: it learns what can be learned, shrinks what is thin, and survives JSON."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import BadInput
from migration.routing import GainModel, routing_metrics
from migration.routing.policy.score import SCALES, HashedScore, waves


def outcomes(n: int, seed: int = 0) -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    """The weak model fails on long texts and on the word `contract`; the strong one seldom fails."""
    rng = np.random.default_rng(seed)
    texts, weak = [], []
    for _ in range(n):
        words = list(rng.choice(["order", "parcel", "refund", "late", "help"], rng.integers(3, 30)))
        if rng.random() < 0.4:
            words[0] = "contract"
        texts.append(" ".join(words))
        weak.append(float(rng.random() > 0.1 + 0.5 * ("contract" in words) + 0.01 * len(words)))
    return texts, np.array(weak), (rng.random(n) < 0.95).astype(float), ["a" if i % 2 else "b" for i in range(n)]


def test_it_learns_what_the_words_and_the_shape_tell() -> None:
    texts, weak, strong, _ = outcomes(1200)
    model = GainModel().fit(texts[:400], weak[:400], strong[:400])
    assert routing_metrics(model.score(texts[400:]), weak[400:], strong[400:]).apgr > 0.65


def test_a_tasks_mean_is_shrunk_to_the_pool() -> None:
    rng = np.random.default_rng(0)
    tasks = ["common"] * 300 + ["rare"] * 2
    weak = np.r_[(rng.random(300) < 0.5).astype(float), 0.0, 0.0]
    texts = [" ".join(rng.choice(["order", "parcel", "refund", "late", "help"], 8)) for _ in tasks]
    model = GainModel().fit(texts, weak, np.ones(302), tasks)
    common, rare, new = (model.score(texts, [task] * 302).mean() for task in ("common", "rare", "new"))
    assert abs(common - 0.5) < 0.1
    assert common <= rare < 0.9  # two failures in two do not make a certainty
    assert common - 0.05 <= new <= rare + 0.05


def test_requests_may_be_messages() -> None:
    texts, weak, strong, tasks = outcomes(100)
    messages = [[{"role": "system", "content": "x"}, {"role": "user", "content": text}] for text in texts]
    by_text = GainModel().fit(texts, weak, strong, tasks).score(texts, tasks)
    by_messages = GainModel().fit(messages, weak, strong, tasks).score(messages, tasks)
    np.testing.assert_allclose(by_text, by_messages)


def test_json_keeps_the_score() -> None:
    texts, weak, strong, tasks = outcomes(200)
    model = GainModel().fit(texts, weak, strong, tasks)
    again = HashedScore.from_dict(json.loads(json.dumps(model.light().to_dict())))
    np.testing.assert_allclose(again.score(texts, tasks), model.score(texts, tasks), atol=5e-3)
    assert again.score([]).shape == (0,)


@pytest.mark.parametrize(("weak", "strong"), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
@pytest.mark.parametrize("n", [1, 2, 30])
def test_outcomes_that_never_differ(weak: float, strong: float, n: int) -> None:
    model = GainModel().fit(["hello there"] * n, np.full(n, weak), np.full(n, strong), ["t"] * n)
    assert model.score(["hello there", ""], ["t", None]) == pytest.approx([strong - weak] * 2)


def test_the_waves_are_a_sum_of_gaussian_kernels_on_every_machine() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 21)), rng.normal(size=(40, 21))
    distance = ((a - b) ** 2).sum(1) / 21
    kernel = np.mean([np.exp(-(scale**2) * distance / 2) for scale in SCALES], axis=0)
    np.testing.assert_allclose((waves(a) * waves(b)).sum(1), kernel, atol=0.16)
    assert float(waves(np.zeros((1, 21)))[0, :3].sum()) == pytest.approx(0.0421522, abs=1e-5)


def test_where_both_models_vary_the_gain_follows_the_ease_of_a_task() -> None:
    """Both right or both wrong at the ends, the strong one better in the middle: thin tasks profit from the curve."""
    rng = np.random.default_rng(0)
    level = rng.uniform(-3, 4, 60)
    task = rng.integers(0, 60, 6000)
    weak, strong = ((rng.random(6000) < 1 / (1 + np.exp(-level[task] - lead))).astype(float) for lead in (0, 1))
    texts, names = [f"text {i}" for i in rng.permutation(6000)], [f"t{i}" for i in task]
    model = GainModel().fit(texts[:1500], weak[:1500], strong[:1500], names[:1500])
    score = model.light()
    assert score.curve is not None
    assert score.curve.bend < 0
    flat = HashedScore(score.idf, score.count_mean, score.count_scale, score.gain)
    curved, straight = (
        routing_metrics(s.score(texts[1500:], names[1500:]), weak[1500:], strong[1500:], resamples=0).apgr
        for s in (score, flat)
    )
    assert curved > straight + 0.005


def test_no_curve_where_the_llm_is_the_reference() -> None:
    texts, weak, _, tasks = outcomes(300)
    assert GainModel().fit(texts, weak, np.ones(300), tasks).light().curve is None


requests = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]),
                                   "content": st.one_of(st.none(), st.text(max_size=9))}), max_size=3,
        ),
    ), min_size=1, max_size=40,
)  # fmt: skip


@given(requests, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_requests_and_outcomes_give_finite_scores_again_and_again(asked, random) -> None:
    n = len(asked)
    weak, strong = ([random.choice([0, 0.5, 1]) for _ in range(n)] for _ in range(2))
    tasks = [random.choice(["a", "b", None, float("nan")]) for _ in range(n)]
    score = GainModel().fit(asked, weak, strong, tasks).score(asked, tasks)
    assert score.shape == (n,)
    assert np.isfinite(score).all()
    series = GainModel().fit(asked, pd.Series(weak, range(5, 5 + n)), np.array(strong), pd.Series(tasks, dtype=object))
    np.testing.assert_array_equal(series.score(asked, tasks), score)
    assert np.isfinite(series.score(["never seen"], ["new task"])).all()


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="weak is NaN at index 1"):
        GainModel().fit(["a", "b"], [1.0, np.nan], [1.0, 1.0])
    with pytest.raises(BadInput, match="differ in length"):
        GainModel().fit(["a"], [1.0, 0.0], [1.0, 1.0])
    with pytest.raises(BadInput, match="empty"):
        GainModel().fit([], [], [])
    with pytest.raises(BadInput, match="fit"):
        GainModel().score(["a"])
    with pytest.raises(BadInput, match="requests is NoneType at index 1"):
        GainModel().fit(["a", None], [1.0, 0.0], [1.0, 1.0])
    with pytest.raises(BadInput, match="requests and tasks differ in length: 1 and 2"):
        GainModel().fit(["a"], [1.0], [1.0]).score(["a"], ["x", "y"])


@pytest.mark.slow
def test_it_beats_the_published_routers_on_gsm8k(shared) -> None:
    rows = pd.read_parquet(shared / "data" / "routellm_gsm8k.parquet")
    weak, strong = rows["mixtral_8x7b_correct"].astype(float), rows["gpt4_1106_correct"].astype(float)
    rng, found = np.random.default_rng(0), []
    for _ in range(4):
        order = rng.permutation(len(rows))
        train, test = order[:650], order[650:]
        model = GainModel().fit(list(rows["prompt"].iloc[train]), weak.iloc[train], strong.iloc[train])
        score = model.score(list(rows["prompt"].iloc[test]))
        found.append(routing_metrics(score, weak.iloc[test], strong.iloc[test], resamples=0).apgr)
    assert np.mean(found) > 0.622  # RouteLLM's best published
