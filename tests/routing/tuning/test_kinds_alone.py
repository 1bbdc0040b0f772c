"""Each kind of candidate by itself beside the ladder."""

from functools import partial

import numpy as np
import pytest
from test_grouping import log

from migration.routing import evaluate, gather, kinds_alone, present, tune


def test_each_kind_answers_alone_under_the_same_rule() -> None:
    calls, quick, again = log(0)
    rows, rule = gather(calls, [quick, again]), partial(tune, llm="large", max_loss=0.05, confidence_level=0.95)
    tuned = rule(rows)
    ladder = evaluate(tuned.policy, tuned.rows[tuned.rows["part"] == "test"])
    found = kinds_alone(rows, rule, ladder)
    share = found.groupby("policy")["share"].sum()
    assert share.to_numpy() == pytest.approx(np.ones(3))
    kept = found[found["candidate"] != "large"].groupby("policy")["share"].sum()
    assert kept["all kinds"] == pytest.approx(ladder.slm_share)
    assert kept["classifier"] > 0.1
    assert "cache" not in kept, "of a cache alone nothing is proved here"
    assert found.groupby("policy")["usd"].sum()["all kinds"] == pytest.approx(ladder.cost)
    assert "cache 0% (USD 1.000 per 1,000 calls)" in present.kinds_sentence(found, "large")
