"""Totals are sums of parts, and the bill before is the log's own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import draw_log, draw_shop, make_basis

from migration.costs.before_after import ask_for_prices, count_routes, read_traffic
from migration.costs.projection import project
from migration.costs.results import fan, project_all
from migration.costs.worlds import central, draw_worlds
from migration.errors import BadInput

KINDS = st.sampled_from(["chat", "embedding", "scoring", "retry", "error"])
CALL = st.tuples(
    KINDS,
    st.sampled_from(["a", "b", None]),
    st.sampled_from(["gpt-4o", "gpt-4o-mini", None]),
    st.integers(0, 9000),
    st.integers(0, 900),
    st.floats(0, 5),
    st.floats(0, 40),
)
ROUTE = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["slm", "llm"]), st.booleans())


def frame(rows) -> pd.DataFrame:
    table = pd.DataFrame(
        rows, columns=["kind", "task", "model", "prompt_tokens", "completion_tokens", "cost_usd", "day"]
    )
    at = pd.Timestamp("2025-09-01", tz="UTC") + pd.to_timedelta(table.pop("day"), unit="D").astype("timedelta64[us]")
    return table.assign(created_at=at, call_id=[str(i) for i in range(len(table))], latency_ms=1.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(CALL, min_size=2, max_size=40), st.lists(ROUTE, min_size=1, max_size=20), st.integers(0, 2**31))
def test_every_total_is_the_sum_of_its_parts_and_the_bill_before_is_the_logs_own(rows, routes, seed):
    calls = frame(rows)
    if calls["created_at"].nunique() < 2:
        return
    decided = pd.DataFrame(routes, columns=["task", "model", "tried_slm"]).assign(reason="")
    decided["tried_slm"] |= decided["model"].eq("slm")
    basis = make_basis(calls, decided, hours=3.0, wrong_answer_usd=0.1)
    log = calls["cost_usd"].sum()
    bill = basis.traffic.bill()
    assert bill["cost_usd"].sum() == pytest.approx(log, abs=1e-9)
    assert bill["calls"].sum() == len(calls)
    assert bill["cost_usd_month"].sum() == pytest.approx(log * basis.traffic.scale.factor, abs=1e-6)
    drawn, middle = draw_worlds(basis, 7, seed=seed), central(basis)
    many, one = project_all(basis, drawn, months=5), project_all(basis, middle, months=5)
    assert one["stay"].total[0, 0] == pytest.approx(log * basis.traffic.scale.factor, rel=1e-9, abs=1e-6)
    for projection in [*many.values(), *one.values()]:
        assert np.allclose(sum(projection.parts.values()), projection.total, rtol=1e-12)
        assert all((part >= -1e-9).all() for part in projection.parts.values())
    table = fan(many, one)
    expected = table.pivot_table(index=["scenario", "month"], columns="component", values="expected", aggfunc="first")
    parts = expected.drop(columns=["total", "running", "saved"]).sum(axis=1)
    assert np.allclose(parts, expected["total"], rtol=1e-9, atol=1e-9)
    assert np.allclose(
        expected["saved"], expected.loc["stay", "running"].reindex(expected.index, level=1) - expected["running"]
    )
    assert (table["p10"] <= table["p90"] + 1e-9).all()


def test_with_nothing_routed_the_bill_stays_and_only_the_trial_is_paid(calls):
    decided = pd.DataFrame({"task": ["intent", "reply"], "model": "llm", "tried_slm": False, "reason": "rule"})
    basis = make_basis(calls, decided, hours=8.0)
    drawn = draw_worlds(basis, 50, seed=1)
    stay, hybrid = project(basis, drawn, "stay"), project(basis, drawn, "hybrid")
    assert np.allclose(hybrid.running, stay.running)
    assert hybrid.parts["one_off"].sum(axis=1) == pytest.approx(basis.terms.running.retrain_usd)
    assert not hybrid.cards.any()


def test_an_escalated_call_pays_both_models(calls):
    decided = pd.DataFrame({"task": ["intent"] * 4, "model": ["slm", "llm", "llm", "llm"], "reason": "",
                            "tried_slm": [True, True, True, False]})  # fmt: skip
    basis = make_basis(calls, decided)
    one = project(basis, central(basis), "hybrid", hosting="api", months=1)
    intent = calls[calls["task"] == "intent"]
    factor, api = basis.traffic.scale.factor, basis.terms.api
    asked = 0.75 * factor * (intent["prompt_tokens"].sum() * api.prompt_usd_per_m
                             + intent["completion_tokens"].sum() * api.completion_usd_per_m) / 1e6  # fmt: skip
    assert one.parts["slm"][0, 0] == pytest.approx(asked)
    assert one.parts["escalations"][0, 0] == pytest.approx(0.5 * factor * intent["cost_usd"].sum())


def test_routes_are_counted_on_the_test_part_where_it_is_large_enough():
    decided = pd.DataFrame({"task": "a", "model": ["slm"] * 40 + ["llm"] * 40, "tried_slm": True, "reason": "",
                            "part": ["test"] * 40 + ["choose"] * 40})  # fmt: skip
    few = decided.assign(part=["test"] * 10 + ["choose"] * 70)
    assert count_routes(decided).loc["a"].tolist() == [40, 40, 0, 0]
    assert count_routes(few).loc["a"].tolist() == [80, 40, 40, 0]


def test_an_unknown_price_is_asked_for_and_never_zero(calls):
    calls.loc[:4, ["model", "cost_usd"]] = ["our-own-7b", np.nan]
    with pytest.raises(BadInput, match=r"our-own-7b \(5 calls\).*models: \{our-own-7b: \{input: \?, output: \?\}\}"):
        read_traffic(calls)


def test_a_failed_call_without_tokens_needs_no_price(calls):
    calls.loc[0, ["model", "kind", "cost_usd", "prompt_tokens", "completion_tokens"]] = [None, "error", np.nan, 0, 0]
    ask_for_prices(calls)
    assert read_traffic(calls).bill()["cost_usd"].sum() == pytest.approx(calls["cost_usd"].sum())


def test_a_month_is_that_of_the_truth():
    rng = np.random.default_rng(5)
    shop = draw_shop(rng)
    traffic = read_traffic(draw_log(shop, rng, days=84, noise=0.05))
    assert traffic.month().usd.sum() == pytest.approx(shop.month_usd.sum(), rel=0.03)
