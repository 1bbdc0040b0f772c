"""Pairs, intervals and verdicts of base against tuned."""

import numpy as np
import pandas as pd
import pytest

from migration import stats
from migration.errors import BadInput
from migration.finetune import proof

NAMES = {"sort": "Sort", "mood": "Mood", "other": "Other"}


def predictions(rates, n=100):
    """Answers of `base` and `base+tuned` to n test calls a task, agreeing at the given rates (base, tuned)."""
    draw, rows = np.random.default_rng(5), []
    for task, both in rates.items():
        for candidate, rate in zip(("base", "base+tuned"), both, strict=True):
            agrees = draw.random(n) < rate
            rows += [
                {"call_id": f"{task}{i}", "candidate": candidate, "task": task, "agrees": bool(a), "split": "test",
                 "conversation_id": f"{task}{i}", "weight": 2.0, "compute_ms": 10.0}
                for i, a in enumerate(agrees)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def table(rates, trained=("sort", "mood"), n=100):
    return proof.comparison(predictions(rates, n), "base", "base+tuned", list(trained))


def test_numbers_are_recomputed_from_the_pairs():
    made = predictions({"sort": (0.1, 0.9)})
    row = proof.comparison(made, "base", "base+tuned", ["sort"]).iloc[0]
    base = made[made["candidate"] == "base"].set_index("call_id")["agrees"]
    tuned = made[made["candidate"] == "base+tuned"].set_index("call_id")["agrees"].loc[base.index]
    gain = stats.paired_difference(base.to_numpy(), tuned.to_numpy())
    assert (row["base"], row["tuned"], row["n"]) == pytest.approx((base.mean(), tuned.mean(), 100))
    expected = (gain.value, gain.low, gain.high, gain.p_value)
    assert (row["difference"], row["low"], row["high"], row["p_value"]) == pytest.approx(expected)


def test_all_is_the_trained_tasks_weighted_to_the_traffic():
    made = predictions({"sort": (0.0, 1.0), "mood": (0.0, 0.0), "other": (1.0, 0.0)})
    made.loc[made["task"] == "sort", "weight"] = 6.0
    rows = proof.comparison(made, "base", "base+tuned", ["sort", "mood"]).set_index("task")
    assert rows.loc["ALL", "tuned"] == pytest.approx(0.75)
    assert rows.loc["ALL", "base"] == 0


def test_calls_that_only_one_answered_do_not_count():
    made = predictions({"sort": (0.0, 1.0)})
    made = made[~((made["candidate"] == "base") & (made["call_id"] == "sort3"))]
    assert len(proof.paired(made, "base", "base+tuned")) == 99


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [((0.0, 0.97), "ship"), ((0.1, 0.6), "behind the router"), ((0.5, 0.5), "more data"), ((0.9, 0.3), "do not")],
)
def test_verdicts(rates, verdict):
    row = table({"sort": rates}).set_index("task").loc["sort"].to_dict()
    said, why = proof.verdict(row)
    assert said == verdict
    assert f"{row['n']} calls" in why
    assert ("with the LLM as fallback" in why) == (rates == (0.1, 0.6))


def test_forgetting_is_seen_on_untrained_tasks_alone():
    made = table({"sort": (0.0, 0.9), "mood": (0.9, 0.2), "other": (0.9, 0.1)})
    assert proof.forgotten(made)["task"].tolist() == ["other"]
    assert "Forgotten" in proof.reading(made, NAMES)
    assert "do not use it for Mood" in proof.decision(made, NAMES)
    assert "Ship the adapter for Sort" in proof.decision(made, NAMES)
    shown = proof.shown(made, NAMES).set_index("task")["verdict"]
    assert shown["Other"] == "not trained: forgotten"


def test_the_base_is_named_or_the_benchmarks_best():
    assert proof.base_of({"best_candidate": "smollm2"}) == "smollm2"
    assert proof.base_of({"best_candidate": "smollm2"}, "pocket-phi3") == "pocket-phi3"
    with pytest.raises(BadInput, match="endpoint"):
        proof.base_of({"best_candidate": "x"}, "http://127.0.0.1:1/v1#x")


def test_pairs_speak_for_the_traffic_of_the_tuned_answers():
    made = predictions({"sort": (0, 1), "mood": (0, 1)})
    few = made[(made["candidate"] == "base+tuned") | made["call_id"].isin([f"sort{i}" for i in range(10)])]
    pairs = proof.paired(few, "base", "base+tuned")
    assert len(pairs) == 10
    assert pairs["weight"].sum() == pytest.approx(200)
