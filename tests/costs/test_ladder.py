"""Who answers: ways are read from typed columns, and a rung alone is the same decisions without the others."""

import numpy as np
import pandas as pd
import pytest
from shops import decided

from migration.audit.unit_price import UnitPrice
from migration.costs.ladder import Way, agreement_over, ladder_of, measured_speed, of_all_calls, policy_quality
from migration.errors import BadInput
from migration.schema import CandidateKind
from migration.stats import Rate

POLICY = {
    "candidates": {
        "seen": {"kind": "cache", "price": UnitPrice(call_usd=1e-6, source="x").document()},
        "lr": {"kind": "classifier"},
        "small": {"kind": "slm", "base": "smol"},
    }
}
DECIDED = pd.DataFrame(
    {
        "task": ["a", "a", "a", "b"],
        "model": ["slm", "slm", "llm", "llm"],
        "candidate": ["lr", "small", "gpt-4o", "gpt-4o"],
        "tried": [["seen", "lr"], ["seen", "lr", "small"], ["seen", "lr", "small"], []],
    }
)


def test_ways_are_candidates_in_their_order_and_whose_answer_counts():
    ladder = ladder_of(DECIDED, POLICY)
    assert ladder.ways[0] == Way()
    assert [way.label for way in ladder.ways[1:]] == ["seen, then lr", "seen, then lr, then small",
                                                      "seen, then lr, then small, then LLM"]  # fmt: skip
    assert ladder.counts.loc["a"].tolist() == [0, 1, 1, 1]
    assert ladder.to_llm.tolist() == [True, False, False, True]
    assert ladder.escalates.tolist() == [False, False, False, True]
    assert ladder.asks(CandidateKind.SLM).tolist() == [[False, False, True, True]]
    assert ladder.prices["seen"].call_usd == 1e-6


def test_a_rung_alone_keeps_what_it_kept_and_leaves_the_rest_to_the_llm():
    alone = ladder_of(DECIDED, POLICY).only([CandidateKind.CLASSIFIER])
    assert [way.label for way in alone.ways] == ["LLM", "lr", "lr, then LLM", "lr, then LLM"]
    assert alone.to_llm.tolist() == [True, False, True, True]
    assert set(alone.kinds) == {"lr"}


def test_decisions_of_an_older_run_are_refused_by_name():
    with pytest.raises(BadInput, match="lacks the column tried: run 04 again"):
        ladder_of(DECIDED.drop(columns="tried"), POLICY)


def test_ways_are_counted_on_the_test_part_where_it_is_large_enough():
    decisions = decided("a", ["slm"] * 40 + ["both"] * 40)
    many, few = (["test"] * n + ["choose"] * (80 - n) for n in (40, 10))
    assert ladder_of(decisions.assign(part=many), {}).counts.loc["a"].tolist() == [0, 40]
    assert ladder_of(decisions.assign(part=few), {}).counts.loc["a"].tolist() == [0, 40, 40]


def test_a_speed_is_what_the_latencies_say_of_both_token_counts():
    rng = np.random.default_rng(0)
    asked, said = rng.integers(50, 500, 80), rng.integers(5, 90, 80)
    rows = pd.DataFrame({"candidate": "small", "latency_ms": 1000 * (asked / 400 + said / 25), "error": None,
                         "prompt_tokens": asked, "completion_tokens": said})  # fmt: skip
    assert measured_speed(rows, ["small"]) == pytest.approx((400, 25))
    assert measured_speed(rows.head(9), ["small"]) is None


def test_qualities_are_weighed_by_the_calls_they_speak_of():
    calls = pd.DataFrame({"kind": ["chat", "chat", "retry", "chat", "embedding"], "task": ["a", "b", "a", "b", "a"]})
    quality = of_all_calls(Rate(0.9, 0.8, 0.96, 50), calls, pd.Index(["a"]))
    assert (quality.value, quality.low, quality.high) == pytest.approx((0.95, 0.90, 0.98))
    asked = pd.DataFrame({"candidate": "m", "task": ["a"] * 10 + ["b"] * 10, "agrees": [True] * 15 + [False] * 5})
    rate = agreement_over(asked, ["m"], pd.Series({"a": 300, "b": 100}))
    assert rate.value == pytest.approx(0.75 + 0.25 * 0.5)
    assert agreement_over(asked, ["other"], pd.Series({"a": 1})) is None


def test_the_policys_quality_is_what_04_measured_with_its_interval():
    said = {
        "slm_share": 0.5,
        "quality_retained": 0.97,
        "test_loss_low": 0.01,
        "test_loss_high": 0.05,
        "test_calls": 200,
    }
    assert policy_quality(said) == Rate(0.97, 0.95, 0.99, 200)
    assert policy_quality({"slm_share": 0.0}).value == 1.0
