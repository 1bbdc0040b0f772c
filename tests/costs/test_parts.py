"""The bill computed a second time, call by call, holds every part; totals are sums of parts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import STAYS, decided, draw_decisions, draw_log, draw_shop, hybrid, make_basis

from migration.audit.month_scale import MONTH_HOURS
from migration.audit.unit_price import UnitPrice
from migration.costs.alternatives import compare, project_all
from migration.costs.ladder import ladder_of
from migration.costs.month import MOVABLE
from migration.costs.origins import ledger
from migration.costs.parts import COMPONENTS, PART_OF, PARTS, Component
from migration.costs.present import fan
from migration.costs.projection import central, project, simulate
from migration.costs.scenarios import HOSTING

KINDS = st.sampled_from(["chat", "embedding", "scoring", "retry", "error"])
CALL = st.tuples(
    KINDS, st.sampled_from(["a", "b", None]), st.sampled_from(["gpt-4o", "gpt-4o-mini", None]), st.integers(0, 9000),
    st.integers(0, 900), st.floats(0, 5), st.floats(0, 40),
)  # fmt: skip
ROUTE = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["slm", "both", "llm"]))


def frame(rows) -> pd.DataFrame:
    table = pd.DataFrame(
        rows, columns=["kind", "task", "model", "prompt_tokens", "completion_tokens", "cost_usd", "day"]
    )
    at = pd.Timestamp("2025-09-01", tz="UTC") + pd.to_timedelta(table.pop("day"), unit="D").astype("timedelta64[us]")
    return table.assign(created_at=at, call_id=[str(i) for i in range(len(table))], latency_ms=1.0)


@settings(max_examples=12, deadline=None)
@given(st.lists(CALL, min_size=2, max_size=40), st.lists(ROUTE, min_size=1, max_size=20), st.integers(0, 2**31))
def test_every_total_is_the_sum_of_its_parts_and_the_bill_before_is_the_logs_own(rows, routes, seed):
    calls = frame(rows)
    if calls["created_at"].nunique() < 2:
        return
    decisions = pd.concat([decided(task, [way]) for task, way in routes], ignore_index=True)
    basis = make_basis(calls, decisions, hours=3.0, wrong_answer_usd=0.1)
    log = calls["cost_usd"].sum() * basis.traffic.span.to_month
    drawn, plans = simulate(basis, 7, seed=seed), {"stay": STAYS, "hybrid": hybrid(basis)}
    many, one = (project_all(basis, sims, plans, months=5) for sims in (drawn, central(basis)))
    assert one["stay"].total[0, 0] == pytest.approx(log, rel=1e-9, abs=1e-6)
    for projection in [*many.values(), *one.values()]:
        assert np.allclose(sum(projection.parts.values()), projection.total, rtol=1e-12)
        assert all((part >= -1e-9).all() for part in projection.parts.values())
    table = fan(many, one)
    expected = table.pivot_table(index=["scenario", "month"], columns="component", values="expected", aggfunc="first")
    assert np.allclose(expected.drop(columns=["total", "running", "saved"]).sum(axis=1), expected["total"])
    assert (table["p10"] <= table["p90"] + 1e-9).all()
    assert not compare(many, one, least_quality=0.9)["scenario"].duplicated().any()


def second_count(basis, calls: pd.DataFrame, hosting: str, gpus: float, busy: float) -> dict[str, float]:
    """The parts after, by plain sums over the log's calls: nothing of `parts` is used."""
    factor, terms, run = basis.traffic.span.to_month, basis.terms, basis.assumptions.running
    share = basis.ladder.shares.reindex(calls["task"]).fillna(0.0).to_numpy()
    ways = [way.answer or (way.tried and "both") or "llm" for way in basis.ladder.ways]
    slm, both = share[:, ways.index("small")], share[:, ways.index("both")]
    embeds = calls["kind"].eq("embedding").to_numpy()
    slm, both = np.where(embeds, 0, slm), np.where(embeds, 0, both)
    movable, usd = calls["kind"].isin(MOVABLE).to_numpy(), calls["cost_usd"].to_numpy() * factor
    after = dict.fromkeys(PARTS, 0.0)
    for kind, part in PART_OF.items():
        of = calls["kind"].eq(kind).to_numpy()
        left = 1 - slm - both if kind == "chat" else 1 - slm
        after[part] += float((usd * left)[of].sum())
        after["escalations"] += float((usd * both)[of].sum()) if kind == "chat" else 0.0
    after["monitoring"] = float((usd * slm)[movable].sum()) * run.judged_share
    asks = np.where(movable, slm + both, 0) * factor
    if hosting == "api":
        prompt, answer = (
            float((calls[c].to_numpy() * asks).sum()) / 1e6 for c in ("prompt_tokens", "completion_tokens")
        )
        after["slm"] = prompt * 0.13 + answer * 0.52
    elif hosting == "bought":
        kwh = (gpus * MONTH_HOURS * (60 + 100) + busy * (450 - 60)) / 1000
        after["slm"] = gpus * ((1600 + 1800) / 36 + 20) + kwh * 0.15
    else:
        after["slm"] = gpus * MONTH_HOURS * terms.own(hosting).rent_usd_hour
    after["fine_tuning"] = run.retrains_month * run.retrain_usd
    after["engineering"] = terms.engineer_hours_month * terms.engineer_usd_hour
    after["wrong_answers"] = movable.sum() * factor * (1 - basis.quality.value) * terms.wrong_answer_usd
    return {part: value for part, value in after.items() if value > 0}


@pytest.mark.parametrize("hosting", HOSTING)
@pytest.mark.parametrize(("seed", "wrong", "share"), [(1, 0.0, 1.0), (2, 0.3, 0.1)])
def test_the_ledger_is_the_bill_counted_a_second_time(seed, hosting, wrong, share):
    rng = np.random.default_rng(seed)
    shop = draw_shop(rng)
    calls = draw_log(shop, rng, days=14)
    calls.loc[::10, "cost_usd"] = rng.random(len(calls[::10])) / 100  # as a log had them, whatever the list says
    basis = make_basis(calls, draw_decisions(shop, rng), hours=3.0, wrong_answer_usd=wrong)
    basis = replace(basis, traffic=replace(basis.traffic, span=replace(basis.traffic.span, log_share=share)))
    plan, middle = hybrid(basis, hosting), central(basis)
    rows = ledger(basis, STAYS, plan)
    assert np.allclose(rows["quantity"] * rows["price_usd"], rows["usd"], rtol=1e-12)
    assert (rows[["quantity_from", "price_from", "unit"]].map(len) > 2).all(axis=None)
    after = project(basis, middle, plan, months=1)
    gpus = after.gpus[0, 0]
    work = rows[rows["unit"].eq("hours at work")]["quantity"].sum()
    own = basis.terms.own(hosting)
    asks = basis.ladder.shares.reindex(calls["task"]).fillna(0.0).to_numpy()[:, 1:].sum(axis=1)
    asks = asks * calls["kind"].isin(MOVABLE).to_numpy() * basis.traffic.span.to_month
    seconds = (
        calls["prompt_tokens"] / own.prompt_tokens_per_s + calls["completion_tokens"] / own.completion_tokens_per_s
    )
    busy = float((seconds * asks).sum()) / 3600
    assert hosting not in ("rented", "cpu") or work == pytest.approx(busy, rel=1e-6)
    summed = rows.pivot_table(index="part", columns="when", values="usd", aggfunc="sum").fillna(0.0)
    found = {part: usd for part, usd in summed["after"].items() if usd > 0}
    assert found == pytest.approx(second_count(basis, calls, hosting, gpus, busy), rel=1e-6)
    assert found == pytest.approx({p: v[0, 0] for p, v in after.parts.items() if v[0, 0] > 0 and p != "one_off"})
    assert summed["before"].sum() == pytest.approx(calls["cost_usd"].sum() * basis.traffic.span.to_month)
    assert summed["once"].sum() == pytest.approx(after.parts["one_off"][0, 0])


def test_an_escalated_call_pays_both_models(calls):
    basis = make_basis(calls, decided("intent", ["slm", "both", "both", "llm"]))
    one = project(basis, central(basis), hybrid(basis), months=1)
    intent = calls[calls["task"] == "intent"]
    factor = basis.traffic.span.to_month
    asked = 0.75 * factor * (intent["prompt_tokens"].sum() * 0.13 + intent["completion_tokens"].sum() * 0.52) / 1e6
    assert one.parts["slm"][0, 0] == pytest.approx(asked)
    assert one.parts["escalations"][0, 0] == pytest.approx(0.5 * factor * intent["cost_usd"].sum())


def test_each_rung_of_a_ladder_costs_its_own_price(calls):
    decisions = pd.DataFrame({
        "task": "intent", "model": ["slm", "slm", "slm", "llm"], "candidate": ["seen", "lr", "mini", "gpt-4o"],
        "tried": [["seen"], ["seen", "lr"], ["seen", "lr", "mini"], ["seen", "lr", "mini"]],
    })  # fmt: skip
    prices = {"seen": UnitPrice(call_usd=1e-6), "lr": UnitPrice(call_usd=1e-5), "mini": UnitPrice(0.15, 0.6)}
    listed = {"seen": "cache", "lr": "classifier", "mini": "api"}
    policy = {"candidates": {n: {"kind": kind, "price": prices[n].document()} for n, kind in listed.items()}}
    basis = replace(make_basis(calls, decisions), ladder=ladder_of(decisions, policy))
    parts = project(basis, central(basis), hybrid(basis, ""), months=1).parts
    intent = calls[calls["task"] == "intent"]
    n, factor = len(intent) * basis.traffic.span.to_month, basis.traffic.span.to_month
    tokens = intent["prompt_tokens"].sum() * 0.15 + intent["completion_tokens"].sum() * 0.6
    assert parts["classifier"][0, 0] == pytest.approx(n * 1e-6 + 0.75 * n * 1e-5)
    assert parts["api"][0, 0] == pytest.approx(0.5 * factor * tokens / 1e6)
    assert parts["escalations"][0, 0] == pytest.approx(0.25 * factor * intent["cost_usd"].sum())
    assert parts["slm"][0, 0] == 0


def test_a_new_component_is_one_function(calls, shop, rng, monkeypatch):
    def audit_fee(load):
        yield Component("engineering", np.full((len(load.laid), 1, 1), 2.0), "audits", np.array([50.0]), ["x"], ["y"])

    basis = make_basis(calls, draw_decisions(shop, rng), hours=1.0)
    plain = project(basis, central(basis), hybrid(basis), months=3).total
    monkeypatch.setattr("migration.costs.parts.COMPONENTS", (*COMPONENTS, audit_fee))
    assert project(basis, central(basis), hybrid(basis), months=3).total == pytest.approx(plain + 100.0)
    assert "audits" in set(ledger(basis, STAYS, hybrid(basis))["unit"])


def test_with_nothing_routed_the_bill_stays_and_only_the_trial_is_paid(calls):
    basis = make_basis(calls, decided("intent", ["llm"]), hours=8.0)
    drawn = simulate(basis, 50, seed=1)
    stay, after = project(basis, drawn, STAYS), project(basis, drawn, hybrid(basis, ""))
    assert np.allclose(after.running, stay.running)
    assert after.parts["one_off"].sum(axis=1) == pytest.approx(basis.assumptions.running.retrain_usd)
    assert not after.gpus.any()


def test_a_wrong_answer_that_costs_is_counted(basis):
    dear = replace(basis, terms=replace(basis.terms, wrong_answer_usd=2.0))
    gap = project(dear, central(dear), hybrid(dear)).total - project(basis, central(basis), hybrid(basis)).total
    movable = (basis.traffic.month()["calls"] * basis.traffic.movable).sum()
    assert gap[0, 0] == pytest.approx(movable * 0.03 * 2.0, rel=1e-6)
