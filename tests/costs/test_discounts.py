"""What the same answers would cost with prompt caching or through a batch API, by hand."""

import numpy as np
import pandas as pd
import pytest
from shops import decided, draw_log, draw_shop, make_basis

from migration.costs.discounts import batch_factor, caching_factor, shared_prefix, waits_nobody


def test_what_prompts_share_is_their_beginning():
    assert shared_prefix(["rules: a", "rules: b", "rules: c"]) == pytest.approx(7 / 8)
    assert shared_prefix(["one"]) == 0.0
    assert shared_prefix(["x", "y"]) == 0.0


def test_grading_and_embedding_wait_for_nobody_and_chats_where_it_is_said(rng):
    traffic = make_basis(draw_log(draw_shop(rng), rng), decided("intent", ["slm"])).traffic
    factor = dict(
        zip(traffic.lines["task"] + " " + traffic.lines["kind"], batch_factor(traffic, {"reply"}, 0.5), strict=True)
    )
    assert factor == {"intent chat": 1.0, "reply chat": 0.5, "reply retry": 1.0, "judge scoring": 0.5,
                      "embed embedding": 0.5}  # fmt: skip


def test_calls_in_conversations_or_all_day_long_are_not_batch_work(rng):
    calls = draw_log(draw_shop(rng), rng)
    traffic = make_basis(calls, decided("intent", ["slm"])).traffic
    alone = pd.Series(np.nan, index=traffic.each.index, dtype=object)
    assert waits_nobody(traffic, alone) == set()


def test_what_is_cached_already_is_not_saved_twice(rng):
    calls = draw_log(draw_shop(rng), rng).assign(prompt_tokens=2000)
    calls["cached_tokens"] = 1920
    rates = (
        2.5 * (2000 - calls["cached_tokens"]) + 1.25 * calls["cached_tokens"] + 10 * calls["completion_tokens"]
    ) / 1e6
    traffic = make_basis(calls.assign(cost_usd=rates), decided("intent", ["slm"])).traffic
    tasks = dict.fromkeys(traffic.lines["task"], 0.96)
    assert caching_factor(traffic, tasks).tolist() == pytest.approx([1.0] * len(traffic.lines))
