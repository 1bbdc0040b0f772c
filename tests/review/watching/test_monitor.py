"""The monitor: its evidence is a fair bet on quiet traffic, however calls are grouped, weighted and looked at."""

from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import BadInput
from migration.review import Monitor
from migration.review.watching import monitor

bets_at_once = patch.object(monitor, "LEARNED", 0)


@bets_at_once
@settings(max_examples=25, deadline=None)
@given(
    limit=st.sampled_from([0.01, 0.05, 0.3]),
    together=st.floats(0, 1),
    weights=st.lists(st.floats(0.5, 20), min_size=4, max_size=4),
    half=st.booleans(),
)
def test_at_the_limit_the_evidence_is_one_on_average(limit, together, weights, half):
    """Every outcome of four conversations of two, with its chance: no cleverness wins against quiet traffic."""
    pair = {(a, b): (limit if a else 1 - limit) * ((a == b) * together + (1 - together) * (limit if b else 1 - limit))
            for a, b in product((0, 1), repeat=2)}  # fmt: skip
    mean = 0.0
    for outcome in product(pair, repeat=4):
        watch = Monitor(limit)
        losses, weight = np.array(outcome, float), np.repeat(weights, 2).reshape(4, 2)
        if half:  # all first calls on one day, all second calls on the next
            for day in (0, 1):
                watch.observe(losses[:, day], list("abcd"), weight[:, day])
        else:
            watch.observe(losses.ravel(), np.repeat(list("abcd"), 2), weight.ravel())
        mean += np.prod([pair[calls] for calls in outcome]) * watch.evidence
    assert mean == pytest.approx(1.0, abs=1e-9)


@bets_at_once
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 59), window=st.sampled_from([3, 256]))
def test_how_often_one_looks_changes_nothing(seed, cut, window):
    rng = np.random.default_rng(seed)
    losses, cluster, weight = rng.random(60) ** 3, np.repeat(np.arange(20), 3), np.repeat(rng.uniform(1, 5, 20), 3)
    whole, parts = Monitor(0.2), Monitor(0.2)
    whole.observe(losses, cluster, weight)
    with patch.object(monitor, "WINDOW", window):
        for part in (slice(None, cut), slice(cut, None)):
            parts.observe(losses[part], cluster[part], weight[part])
    assert parts.evidence == pytest.approx(whole.evidence, rel=1e-9)
    assert (parts.calls, parts.conversations) == (60, 20)


def test_nothing_is_bet_before_it_is_known_how_large_conversations_are():
    """Short conversations lose 37%, the one in twenty that is of 200 calls 2%: the whole is at the limit."""
    watch = Monitor(0.05)
    watch.observe(np.ones(monitor.LEARNED), cluster=range(monitor.LEARNED))
    assert watch.evidence == 1
    assert watch.observe(np.ones(30), cluster=range(100, 130))
    assert Monitor(0.05).observe(np.ones(30))  # calls that are all that there is to a conversation


def quiet_alarms(streams: int, **options) -> int:
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(streams):
        watch = Monitor(0.1, **options)
        for _ in range(30):
            wrong = rng.random(50) < 0.1  # conversations of eight that are right or wrong as a whole
            first = watch.conversations
            watch.observe(np.repeat(wrong, 8), np.repeat(np.arange(first, first + 50), 8))
        alarms += watch.alarm
    return alarms


def test_false_alarms_are_bounded_over_the_whole_stream():
    assert quiet_alarms(60, false_alarm=0.05) <= 8  # P(more) < 1% at 5% each


@pytest.mark.parametrize(("after", "at_most"), [(0.10, 1400), (0.15, 500)])
def test_a_change_is_seen_soon_however_long_all_was_well(after, at_most):
    """Twice what the bench prints, mean of 10 streams that were quiet for 4,000 calls."""
    rng, waited = np.random.default_rng(5), []
    for _ in range(10):
        watch = Monitor(0.05)
        watch.observe(rng.random(4000) < 0.03, np.arange(4000) // 2)
        assert not watch.alarm
        calls = 0
        while not watch.observe(rng.random(20) < after, [f"{calls}-{i // 2}" for i in range(20)]):
            calls += 20
        waited.append(calls)
    assert np.mean(waited) <= at_most


def test_an_alarm_stays_and_long_streams_stay_finite():
    watch = Monitor(0.01)
    watch.observe(np.ones(5000))
    assert np.isfinite(watch.evidence)
    watch = Monitor(0.01)
    assert watch.observe(np.ones(50))
    watch.observe(np.zeros(20_000))
    assert watch.alarm
    assert watch.evidence < 20
    assert len(watch._weight) == monitor.WINDOW


def test_a_weighted_mean_is_watched_not_the_mean_of_rows():
    """Rows lose 10%, but the calls that stand for many lose 1%."""
    rng = np.random.default_rng(1)
    heavy = rng.random(4000) < 0.5
    losses = rng.random(4000) < np.where(heavy, 0.01, 0.19)
    assert not Monitor(0.05).observe(losses, weight=np.where(heavy, 20.0, 1.0))
    assert Monitor(0.05).observe(losses)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Monitor(1.0), "limit"),
        (lambda: Monitor(0.1, false_alarm=0), "false_alarm"),
        (lambda: Monitor(0.1).observe([0, 1.2]), "index 1"),
        (lambda: Monitor(0.1).observe([0, np.nan]), "index 1"),
        (lambda: Monitor(0.1).observe([0, 1], weight=[1, 0]), "weight"),
        (lambda: Monitor(0.1).observe([0, 1], cluster=["a"]), "cluster"),
    ],
)
def test_what_cannot_be_watched_is_refused(call, words):
    with pytest.raises(BadInput, match=words):
        call()
