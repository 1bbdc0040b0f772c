"""Three logs, each with the winner that its prices imply; the answers are computed by hand beside each."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from shops import STAYS, decided, make_basis

from migration.audit.prices import Contract
from migration.costs.alternatives import (
    HYBRID,
    STAY,
    Known,
    compare,
    kept_quality,
    ladder_plan,
    mark_winner,
    plans,
    project_all,
)
from migration.costs.discounts import caching_factor, waits_nobody
from migration.costs.ladder import Way, ladder_of
from migration.costs.projection import central, project, simulate
from migration.schema import CandidateKind
from migration.stats import Rate

CALLS = 2_000_000
"""A month's calls, each of 800 prompt and 100 answer tokens: USD 0.003 with gpt-4o, USD 0.00018 with gpt-4o-mini."""
N = 4_000


def log_of(model: str, *, nightly: bool = False, prompt: int = 800) -> pd.DataFrame:
    """N calls over 28 days; nightly: all between two and three o'clock, none in a conversation."""
    at = np.sort(np.random.default_rng(0).random(N)) * 28
    at = np.floor(at) + (2 + at % 1) / 24 if nightly else at
    created = pd.Timestamp("2025-09-01", tz="UTC") + pd.to_timedelta(np.concatenate([at, [27.9999]]), unit="D")
    usd = {"gpt-4o": (2.5, 10.0), "gpt-4o-mini": (0.15, 0.6)}[model]
    return pd.DataFrame({
        "call_id": [f"c{i}" for i in range(N + 1)], "created_at": created.astype("datetime64[us, UTC]"), "model": model,
        "conversation_id": None if nightly else [f"v{i // 4}" for i in range(N + 1)], "kind": "chat", "task": "sort",
        "prompt_tokens": prompt, "completion_tokens": 100, "latency_ms": 900.0, "tokens_estimated": False,
        "cached_tokens": 0, "cost_usd": (prompt * usd[0] + 100 * usd[1]) / 1e6,
    })  # fmt: skip


def basis_of(calls: pd.DataFrame, *, kept: float = 0.8):
    """Eight in ten calls kept by the small model and the others escalated, at 97% of the quality."""
    ways = ["slm"] * round(kept * 200) + ["both" if kept else "llm"] * round((1 - kept) * 200)
    basis = make_basis(calls, decided("sort", ways), hours=4.0)
    share = basis.traffic.month()["calls"].sum() / CALLS
    traffic = replace(basis.traffic, span=replace(basis.traffic.span, log_share=share))
    no_offer = basis.assumptions.model_copy(update={"slm_api": None})
    return replace(basis, traffic=traffic, assumptions=no_offer)


def known_of(calls: pd.DataFrame, basis, *, mini: float | None = None, prefix: float = 0.0) -> Known:
    """mini: share of 400 answers of gpt-4o-mini that agreed, each of the log's own tokens."""
    answered = pd.DataFrame({
        "call_id": [f"c{i}" for i in range(400)], "candidate": "gpt-4o-mini", "candidate_kind": "api", "base": None,
        "task": "sort", "agrees": np.arange(400) < 400 * (mini or 0), "prompt_tokens": calls["prompt_tokens"].iloc[0],
        "completion_tokens": 100, "error": None,
    })  # fmt: skip
    conversations = calls["conversation_id"]
    answered = answered if mini is not None else answered.head(0)
    return Known(answered, pd.DataFrame({"task": []}), calls[["kind", "task"]],
                 {"sort": prefix}, waits_nobody(basis.traffic, conversations), Contract(), date(2025, 9, 28),
                 str(calls["model"].iloc[0]))  # fmt: skip


def table_of(calls: pd.DataFrame, *, kept: float = 0.8, **known):
    basis = basis_of(calls, kept=kept)
    found = plans(basis, known_of(calls, basis, **known))
    projections = [project_all(basis, sims, found) for sims in (simulate(basis, 300, seed=1), central(basis))]
    table = compare(*projections, least_quality=0.95, risk=0.1)
    return table.set_index("scenario"), projections[1]


def test_gpt_4o_with_a_ladder_that_holds_wins_by_the_ladder():
    table, middle = table_of(log_of("gpt-4o"), mini=0.90)
    assert table.loc[STAY, "expected_usd_month"] == pytest.approx(6000)
    # By hand: mini costs 2M x 0.00018 = 360, 2% of 6,000 to check and an hour at 100, but 10% of its answers differ.
    assert table.loc["api_gpt-4o-mini", "expected_usd_month"] == pytest.approx(580)
    assert not table.loc["api_gpt-4o-mini", "good"]
    # By hand: the LLM's fifth 1,200; 2% of 4,800 to check; tuning 5; four hours 400; and the GPUs.
    running = 1200 + 96 + 5 + 400
    assert table.loc[HYBRID, "expected_usd_month"] == pytest.approx(running + middle[HYBRID].parts["slm"][0, 0])
    assert middle[HYBRID].parts["slm"][0, 0] < middle["hybrid_rented"].parts["slm"][0, 0]
    assert table["winner"].idxmax() == HYBRID
    assert table.loc[HYBRID, "saving_probability"] > 0.95


def test_gpt_4o_with_a_mini_that_answers_as_well_wins_by_the_mini():
    table, _ = table_of(log_of("gpt-4o"), mini=0.97)
    assert table["winner"].idxmax() == "api_gpt-4o-mini"
    assert table.loc["api_gpt-4o-mini", "quality"] == pytest.approx(0.97)
    # By hand: 16 hours once are 1,600, back in the first month, in which 6,000 - 580 are saved.
    assert table.loc["api_gpt-4o-mini", ["one_off_usd", "breakeven_month_p50"]].tolist() == [1600, 1]


def test_an_endpoint_that_is_sent_masks_costs_what_its_model_does():
    basis = basis_of(calls := log_of("gpt-4o"))
    known = known_of(calls, basis, mini=0.97)
    asked = known.predictions.assign(candidate="gpt-4o-mini masked", base="gpt-4o-mini")
    masked = plans(basis, replace(known, predictions=asked))["api_gpt-4o-mini masked"]
    plain = plans(basis, known)["api_gpt-4o-mini"]
    assert list(masked.ladder.prices.values()) == list(plain.ladder.prices.values())


def test_gpt_4o_mini_stays():
    table, _ = table_of(log_of("gpt-4o-mini"))
    # By hand: 360 a month; four hours of people alone cost 400.
    assert table.loc[STAY, "expected_usd_month"] == pytest.approx(360)
    assert table.loc[HYBRID, "expected_usd_month"] > 400
    assert table["winner"].idxmax() == STAY
    assert set(table.index) == {STAY, HYBRID, *(f"hybrid_{way}" for way in ("rented", "cpu", "bought"))} - {
        f"hybrid_{table.loc[HYBRID, 'hosting']}"}  # fmt: skip


def test_a_batch_like_log_wins_by_the_batch_api():
    table, _ = table_of(log_of("gpt-4o", nightly=True), kept=0.0)
    # By hand: half of 6,000; 16 hours once.
    assert table.loc["stay_batch", ["expected_usd_month", "one_off_usd"]].tolist() == pytest.approx(
        [3000, 1600], rel=1e-3
    )
    assert table["winner"].idxmax() == "stay_batch"
    assert "stay_batch" not in table_of(log_of("gpt-4o"), kept=0.0)[0].index


def test_prompts_that_share_their_beginning_are_cheaper_with_caching():
    calls = log_of("gpt-4o", prompt=4000)
    basis = basis_of(calls)
    factor = caching_factor(basis.traffic, {"sort": 0.8})[0]
    gaps = calls["created_at"].diff()
    # By hand: 3,200 tokens shared, in steps of 128 are 3,200; read at half of 2.5 where the cache is warm.
    warm = float((gaps <= pd.Timedelta("5min")).mean())
    assert factor == pytest.approx(1 - warm * 3200 * 1.25 / (4000 * 2.5 + 100 * 10), rel=1e-3)
    assert caching_factor(basis_of(log_of("gpt-4o")).traffic, {"sort": 0.8}).tolist() == [1.0]  # 640 tokens are too few
    plan = plans(basis, known_of(calls, basis, prefix=0.8))["stay_caching"]
    bill = project(basis, central(basis), plan, months=1).running[0, 0]
    assert bill == pytest.approx(project(basis, central(basis), STAYS, months=1).running[0, 0] * factor)


def test_a_saving_that_is_not_sure_enough_is_no_reason_to_migrate():
    calls = log_of("gpt-4o")
    basis = basis_of(calls)
    found = plans(basis, known_of(calls, basis))
    found = {STAY: found[STAY], HYBRID: replace(found[HYBRID], hours_month=40.0)}  # 4,000 a month, half or twice
    many, middle = (project_all(basis, sims, found) for sims in (simulate(basis, 500, seed=2), central(basis)))
    careful, bold = (compare(many, middle, least_quality=0.9, risk=risk).set_index("scenario") for risk in (0.1, 0.8))
    assert 0.2 < careful.loc[HYBRID, "saving_probability"] < 0.9
    assert careful["winner"].idxmax() == STAY
    assert bold["winner"].idxmax() == HYBRID


def test_a_cheap_rung_alone_is_offered_at_the_quality_it_kept():
    decisions = pd.DataFrame({
        "call_id": [f"c{i}" for i in range(100)], "task": "sort", "part": "test", "weight": 1.0,
        "model": ["slm"] * 90 + ["llm"] * 10, "candidate": ["lr"] * 60 + ["small"] * 30 + ["gpt-4o"] * 10,
        "tried": [["lr"]] * 60 + [["lr", "small"]] * 40,
    })  # fmt: skip
    policy = {"candidates": {"lr": {"kind": "classifier", "price": {"usd_per_call": 1e-6}}, "small": {"kind": "slm"}}}
    ladder = ladder_of(decisions, policy)
    predictions = pd.DataFrame({"call_id": decisions["call_id"], "candidate": decisions["candidate"],
                                "agrees": np.arange(100) >= 3})  # fmt: skip
    rate = kept_quality(decisions, predictions, ladder.only(["classifier"]))
    assert rate.value == pytest.approx(0.97)
    calls = log_of("gpt-4o")
    basis = replace(basis_of(calls), ladder=ladder)
    predictions = predictions.assign(task="sort", error=None, candidate_kind=None, base=None)
    known = replace(known_of(calls, basis), decisions=decisions, predictions=predictions)
    plan = plans(basis, known)["classifier_only"]
    assert (plan.quality.value, plan.ladder.ways[1]) == (pytest.approx(0.97), Way(("lr",), "lr"))
    assert plan.only == CandidateKind.CLASSIFIER
    assert kept_quality(decisions.assign(conversation=np.arange(100) // 10), predictions, ladder).low < rate.low
    bill = project(basis, central(basis), plan, months=1)
    assert bill.llm_share[0, 0] == pytest.approx(0.4)
    # By hand: two fifths of 6,000 stay; 2M calls at a millionth are 2; 2% of 3,600 to check; an hour.
    assert bill.running[0, 0] == pytest.approx(2400 + 2 + 72 + 100)
    whole = ladder_plan(replace(basis, ladder=plan.ladder), "")
    assert (whole.hours_once, whole.hours_month) == (plan.hours_once, plan.hours_month)
    assert not whole.tuned, "a policy that asks no small model costs the work of its rungs, and no fine-tuning"


def test_a_plan_of_the_wrong_quality_never_wins():
    table = pd.DataFrame({"scenario": [STAY, "a", "b"], "saved_p50_usd": [0.0, 9.0, 5.0], "pays": [False, True, True],
                          "good": [True, False, True]})  # fmt: skip
    assert mark_winner(table)["winner"].tolist() == [False, False, True]
    assert mark_winner(table.assign(pays=False))["winner"].tolist() == [True, False, False]


def test_the_quality_of_the_llm_itself_is_whole():
    assert STAYS.quality == Rate(1.0, 1.0, 1.0, 0)
