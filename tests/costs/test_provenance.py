"""Every amount is a quantity times a price with the origin of both, and the ledger agrees with the bill."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shops import draw_decisions, draw_log, draw_shop, make_basis

from migration.audit.prices import Contract, Tokens, cost_usd
from migration.costs.before_after import PARTS
from migration.costs.projection import hosting_options, project
from migration.costs.provenance import ledger, price_lines, sources
from migration.costs.results import before_after_table
from migration.costs.scenarios import HOSTING
from migration.costs.worlds import central


def priced_log(rng: np.random.Generator, *, days: int = 14) -> pd.DataFrame:
    """A log of two models with cached tokens and batch calls, priced by list; some costs are as the log had them."""
    calls = draw_log(draw_shop(rng), rng, days=days)
    n = len(calls)
    calls = calls.assign(
        model=rng.choice(["gpt-4o", "gpt-4o-mini"], n),
        cached_tokens=np.where(rng.random(n) < 0.3, calls["prompt_tokens"] // 2, 0),
        service_tier=np.where(rng.random(n) < 0.2, "batch", None),
    )
    day = calls["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    batch = calls["service_tier"].eq("batch").to_numpy()
    usd = cost_usd(calls["model"].to_numpy(object), day, Tokens.of(calls), batch, Contract())
    calls["cost_usd"] = np.where(rng.random(n) < 0.1, rng.random(n) / 100, usd)
    return calls


def ledger_of(basis, calls, hosting: str) -> pd.DataFrame:
    return ledger(basis, calls, hosting_options(basis, "hybrid"), hosting)


@pytest.mark.parametrize("hosting", HOSTING)
@pytest.mark.parametrize(("seed", "wrong", "share"), [(1, 0.0, 1.0), (2, 0.3, 0.1)])
def test_every_part_of_the_bill_is_quantities_times_prices_with_the_origin_of_both(seed, hosting, wrong, share):
    rng = np.random.default_rng(seed)
    calls = priced_log(rng)
    basis = make_basis(calls, draw_decisions(draw_shop(rng), rng), hours=3.0, wrong_answer_usd=wrong)
    basis = replace(basis, traffic=replace(basis.traffic, scale=basis.traffic.scale.sampled(share)))
    rows = ledger_of(basis, calls, hosting)
    assert np.allclose(rows["quantity"] * rows["price_usd"], rows["usd"], rtol=1e-12)
    assert (rows[["quantity_from", "price_from", "unit"]].map(len) > 2).all(axis=None)
    stay, hybrid = project(basis, central(basis), "stay"), project(basis, central(basis), "hybrid", hosting=hosting)
    bill = before_after_table(stay, hybrid).set_index("part").drop(index="total")
    summed = rows.pivot_table(index="part", columns="when", values="usd", aggfunc="sum").rename(index=PARTS)
    for when in ("before", "after"):
        parts = summed.loc[summed[when] > 0, when].to_dict()
        assert parts == pytest.approx(bill.loc[bill[when] > 0, when].to_dict(), rel=1e-9)
    assert summed["once"].sum() == pytest.approx(hybrid.parts["one_off"].sum(), rel=1e-12)
    assert summed["before"].sum() == pytest.approx(calls["cost_usd"].sum() * basis.traffic.scale.factor, rel=1e-9)


def test_a_price_line_knows_the_cache_the_batch_tier_and_whose_word_it_is(rng):
    calls = priced_log(rng)
    paid = price_lines(calls)
    listed = paid["usd_prompt"].notna()
    batch, large = calls["service_tier"].eq("batch"), calls["model"].eq("gpt-4o")
    whole, half = paid[listed & large & ~batch], paid[listed & large & batch]
    assert whole[["usd_prompt", "usd_cached", "usd_answer"]].drop_duplicates().to_numpy().tolist() == [[2.5, 1.25, 10]]
    assert half[["usd_prompt", "usd_cached", "usd_answer"]].drop_duplicates().to_numpy().tolist() == [[1.25, 0.625, 5]]
    assert whole["said"].str.startswith("genai-prices ").all()
    assert half["said"].str.endswith("less 50% for batch or flex").all()
    assert set(paid.loc[~listed, "said"]) == {"cost_usd as step 01 has it"}
    assert 0.05 < 1 - listed.mean() < 0.15


def test_where_nothing_moves_the_ledger_holds_the_log_and_the_trial(rng):
    calls = priced_log(rng)
    basis = make_basis(calls, pd.DataFrame({"task": ["intent"], "model": "llm", "tried_slm": False, "reason": ""}))
    rows = ledger_of(basis, calls, "api")
    assert set(rows["part"]) == {"llm_answers", "scoring", "embedding", "retries", "one_off"}
    by = rows.groupby("when")["usd"].sum()
    assert by["before"] == pytest.approx(by["after"])
    assert by["once"] == basis.terms.running.retrain_usd


def test_every_input_of_the_projection_has_a_source(basis, calls):
    traced = sources(basis, calls)
    known = ("01 ", "03, 02 ", "04 ", "30.4375", "scenarios ", "parameter ")
    assert traced["from"].str.startswith(known).all()
    said = " ".join(traced["number"])
    fields = [*type(basis.terms.running).model_fields, *type(basis.assumptions.uncertainty).model_fields]
    assert all(name.replace("_", " ") in said for name in fields)
    assert traced["number"].str.startswith("routes of").sum() == len(basis.routes)
    assert {"busiest hour, calls to the SLM", "LLM share of hybrid_iterating"} <= set(traced["number"])
