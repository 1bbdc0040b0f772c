"""Scenarios over months: what breaks even, what the saving hinges on, how the LLM share falls."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shops import draw_decisions, draw_log, draw_shop, make_basis

from migration.costs.projection import (
    Projection,
    breakeven_calls,
    breakeven_months,
    cheapest,
    fit_iteration,
    hosting_options,
    llm_share,
    project,
    remaining,
    tornado,
)
from migration.costs.scenarios import HOSTING, Iteration
from migration.costs.worlds import INPUTS, central, draw_worlds

ARTICLES = Iteration(start=0.18, end=0.11, weeks=6, source="stated", engineer_hours_month=0)


def flat(saved) -> tuple[Projection, Projection]:
    saved = np.atleast_2d(np.asarray(saved, float))
    zero = np.zeros_like(saved)
    stay = Projection("stay", "api", {"llm_answers": saved, "one_off": zero}, zero, zero)
    return stay, Projection("other", "api", {"llm_answers": zero, "one_off": zero}, zero, zero)


def test_break_even_is_where_the_saving_so_far_stays_above_zero():
    stay, other = flat([[-10, 4, 4, 4], [1, 1, 1, 1], [-9, 1, 1, 1], [5, -6, 2, 2]])
    assert breakeven_months(stay, other).tolist() == [4, 1, np.inf, 3]


def test_the_llm_share_falls_as_the_article_says_and_stays_there():
    left = remaining(ARTICLES, 24)
    assert left[0] == pytest.approx(1 - (1 - 11 / 18) * (30.4375 / 7 / 6) / 2, rel=1e-3)
    assert left[2:] == pytest.approx(11 / 18)
    assert (np.diff(left) <= 1e-12).all()
    assert (remaining(None, 3) == 1).all()


def test_an_iteration_is_fitted_to_the_weeks_seen_and_not_beyond():
    weeks = pd.DataFrame({"week": range(5), "llm_share": 0.3 * 0.9 ** np.arange(5)})
    fitted = fit_iteration(weeks, ARTICLES)
    assert (fitted.start, fitted.end, fitted.weeks) == pytest.approx((0.3, 0.3 * 0.9**4, 4))
    assert fit_iteration(weeks.head(2), ARTICLES) is ARTICLES
    assert remaining(fitted, 6)[-1] == pytest.approx(0.9**4)


def test_iterating_moves_llm_calls_to_the_slm(basis):
    once, often = (project(basis, central(basis), name, hosting="api") for name in ("hybrid", "hybrid_iterating"))
    assert often.llm_share[0, -1] == pytest.approx(once.llm_share[0, -1] * 11 / 18, rel=0.02)
    assert (often.parts["llm_answers"][0, 3:] < once.parts["llm_answers"][0, 3:]).all()
    assert (often.parts["slm"][0, 3:] >= once.parts["slm"][0, 3:]).all()
    assert llm_share(basis) == pytest.approx(once.llm_share[0, 0])


def test_an_idle_card_is_paid_for_all_month(basis):
    options = hosting_options(basis, "hybrid").set_index("hosting")
    card, run = basis.terms.card, basis.terms.running
    least = card.price_usd / run.amortise_months + run.hosting_usd_month
    assert options.loc["bought", "usd_month"] > least
    assert options.loc["rented", "usd_month"] == pytest.approx(card.rent_usd_hour * 365.25 * 2)
    assert 0 < options.loc["bought", "busy_hours"] < 0.05 * 365.25 * 2
    assert options.loc["bought", "usd_on_day_one"] == card.price_usd
    assert cheapest(basis, "hybrid") == "api"


def test_a_spare_card_costs_what_a_card_costs(basis):
    spare = replace(basis, terms=replace(basis.terms, redundancy=1))
    one, two = (project(b, central(b), "hybrid", hosting="rented") for b in (basis, spare))
    assert (two.cards == one.cards + 1).all()
    assert two.parts["slm"] == pytest.approx(one.parts["slm"] * 2)


def test_at_the_break_even_volume_the_bill_is_even(basis):
    volume, way = breakeven_calls(basis, "hybrid")
    times = volume / (basis.traffic.lines["calls"].sum() * basis.traffic.scale.factor)
    assert times > 1
    for scale, sign in ((0.97, -1), (1.05, 1)):
        there = replace(central(basis), volume=np.array([times * scale]))
        saved = project(basis, there, "stay").running[0, 0] - project(basis, there, "hybrid", hosting=way).running[0, 0]
        assert np.sign(saved) == sign
        if sign < 0:
            others = [project(basis, there, "hybrid", hosting=w, months=1).running[0, 0] for w in HOSTING]
            assert min(others) >= project(basis, there, "stay", months=1).running[0, 0] - 1


def test_where_the_slm_costs_more_than_the_llm_no_volume_breaks_even(calls, shop, rng):
    basis = make_basis(calls, draw_decisions(shop, rng))
    dear = basis.terms.api.model_copy(update={"prompt_usd_per_m": 50.0, "completion_usd_per_m": 90.0})
    card = basis.terms.card.model_copy(update={"price_usd": 1e9, "rent_usd_hour": 1e6})
    assert breakeven_calls(replace(basis, terms=replace(basis.terms, api=dear, card=card)), "hybrid") == (None, "")


def test_the_tornado_moves_one_input_at_a_time_and_is_sorted(basis):
    basis = replace(basis, terms=replace(basis.terms, wrong_answer_usd=0.5))
    table = tornado(basis, draw_worlds(basis, 400, seed=0), "hybrid")
    width = (table["saving_high"] - table["saving_low"]).abs()
    assert (np.diff(width) <= 1e-9).all()
    assert set(table["input"]) == set(INPUTS.values())
    by = table.set_index("input")
    assert by.loc[INPUTS["people"], "saving_low"] > by.loc[INPUTS["people"], "saving_high"]
    assert by.loc[INPUTS["luck"], "saving_low"] < by.loc[INPUTS["luck"], "saving_high"]
    assert by.loc[INPUTS["routes"], "saving_low"] < by.loc[INPUTS["routes"], "saving_high"]


def test_a_wrong_answer_that_costs_is_counted(basis):
    free, dear = basis, replace(basis, terms=replace(basis.terms, wrong_answer_usd=2.0))
    gap = project(dear, central(dear), "hybrid").total - project(free, central(free), "hybrid").total
    movable = (
        basis.traffic.lines.query("kind in ('chat', 'scoring', 'retry')")["calls"].sum() * basis.traffic.scale.factor
    )
    assert gap[0, 0] == pytest.approx(movable * 0.03 * 2.0, rel=1e-6)


def test_a_large_log_pays_for_a_card(rng):
    shop = draw_shop(rng)
    big = replace(shop, weekday=shop.weekday * 40, weekend=shop.weekend * 40, prompt=shop.prompt * 10)
    basis = make_basis(draw_log(big, rng, days=14), draw_decisions(shop, rng), hours=1.0)
    running = basis.terms.running.model_copy(update={"migration_hours": 8.0})
    basis = replace(basis, terms=replace(basis.terms, running=running))
    drawn = draw_worlds(basis, 200, seed=0)
    stay, hybrid = project(basis, drawn, "stay"), project(basis, drawn, "hybrid", hosting="bought")
    assert (hybrid.cards[:, 0] >= 1).all()
    assert ((stay.total - hybrid.total).sum(axis=1) > 0).mean() > 0.5
