"""Plans over months: what breaks even, what the saving hinges on, how the LLM share falls, and what intervals hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shops import PRICE, STAYS, draw_decisions, draw_log, draw_shop, hybrid, make_basis

from migration.costs.alternatives import cheapest, hosting_options
from migration.costs.parts import PARTS
from migration.costs.projection import (
    INPUTS,
    Projection,
    breakeven_months,
    central,
    draw,
    project,
    quality_at,
    simulate,
    tornado,
)
from migration.costs.scenarios import HOSTING
from migration.stats import Rate


def flat(saved) -> tuple[Projection, Projection]:
    saved = np.atleast_2d(np.asarray(saved, float))
    zero = np.zeros_like(saved)
    stay, other = ({"llm_answers": usd, "one_off": zero} for usd in (saved, zero))
    return Projection(STAYS, stay, zero, zero), Projection(STAYS, other, zero, zero)


def test_break_even_is_where_the_saving_so_far_stays_above_zero():
    stay, other = flat([[-10, 4, 4, 4], [1, 1, 1, 1], [-9, 1, 1, 1], [5, -6, 2, 2]])
    assert breakeven_months(stay, other).tolist() == [4, 1, np.inf, 3]


def test_a_falling_llm_share_reaches_what_reviews_saw_and_stays_there(basis):
    once, often = (project(basis, central(basis), replace(hybrid(basis), falls=falls)) for falls in (None, (0.6, 8.0)))
    assert often.llm_share[0, -1] == pytest.approx(once.llm_share[0, -1] * 0.6, rel=1e-6)
    assert often.llm_share[0, 0] > often.llm_share[0, 2] == pytest.approx(often.llm_share[0, -1])
    assert (often.parts["llm_answers"][0, 3:] < once.parts["llm_answers"][0, 3:]).all()
    assert (often.parts["slm"][0, 3:] > once.parts["slm"][0, 3:]).all()


def test_an_idle_gpu_is_paid_for_all_month_and_has_a_machine_around_it(basis):
    options = hosting_options(basis).set_index("hosting")
    gpu, run = basis.terms.gpu, basis.assumptions.running
    least = (gpu.price_usd + gpu.host_usd) / run.amortise_months + run.hosting_usd_month
    assert options.loc["bought", "usd_month"] > least
    assert options.loc["rented", "usd_month"] == pytest.approx(gpu.rent_usd_hour * 365.25 * 2)
    assert 0 < options.loc["bought", "busy_hours"] < 0.05 * 365.25 * 2
    assert options.loc["bought", "usd_on_day_one"] == gpu.price_usd + gpu.host_usd
    assert options.loc["cpu", "usd_month"] == pytest.approx(basis.terms.cpu.rent_usd_hour * 365.25 * 2)
    assert cheapest(basis, {way: hybrid(basis, way) for way in HOSTING}).hosting == "api"


def test_a_spare_gpu_costs_what_a_gpu_costs(basis):
    spare = replace(basis, terms=replace(basis.terms, redundancy=1))
    one, two = (project(b, central(b), hybrid(b, "rented")) for b in (basis, spare))
    assert (two.gpus == one.gpus + 1).all()
    assert two.parts["slm"] == pytest.approx(one.parts["slm"] * 2)


def test_the_tornado_moves_one_input_at_a_time_and_is_sorted(basis):
    basis = replace(basis, terms=replace(basis.terms, wrong_answer_usd=0.5))
    table = tornado(basis, simulate(basis, 400, seed=0), STAYS, hybrid(basis))
    width = (table["saving_high"] - table["saving_low"]).abs()
    assert (np.diff(width) <= 1e-9).all()
    assert set(table["input"]) == set(INPUTS.values())
    by = table.set_index("input")
    assert by.loc[INPUTS["people"], "saving_low"] > by.loc[INPUTS["people"], "saving_high"]
    assert by.loc[INPUTS["luck"], "saving_low"] < by.loc[INPUTS["luck"], "saving_high"]
    assert by.loc[INPUTS["routes"], "saving_low"] < by.loc[INPUTS["routes"], "saving_high"]


def test_a_large_log_pays_for_a_gpu(rng):
    shop = draw_shop(rng)
    big = replace(shop, weekday=shop.weekday * 40, weekend=shop.weekend * 40, prompt=shop.prompt * 10)
    basis = make_basis(draw_log(big, rng, days=14), draw_decisions(shop, rng), hours=1.0)
    plan, drawn = replace(hybrid(basis, "bought"), hours_once=8.0), simulate(basis, 200, seed=0)
    stay, after = project(basis, drawn, STAYS), project(basis, drawn, plan)
    assert (after.gpus[:, 0] >= 1).all()
    assert ((stay.total - after.total).sum(axis=1) > 0).mean() > 0.5


def test_the_same_seed_gives_the_same_simulations_and_ranges_are_as_given(basis):
    one, two = (simulate(basis, 4000, seed=3) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in vars(one))
    growth = basis.assumptions.uncertainty.growth_month
    assert np.quantile(one.growth, [0.1, 0.5, 0.9]) == pytest.approx(growth, abs=0.004)
    assert one.routes.sum(axis=2) == pytest.approx(1.0)
    closed = basis.ladder.counts.to_numpy() == 0
    assert (one.routes[:, closed] < 1e-6).all()


def test_a_quality_has_the_width_of_its_interval():
    drawn = quality_at(Rate(0.97, 0.95, 0.99, 300), np.random.default_rng(0).random(20_000))
    assert drawn.mean() == pytest.approx(0.97, abs=0.001)
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx([0.947, 0.986], abs=0.006)
    assert quality_at(Rate(1.0, 1.0, 1.0, 0), np.array([0.5, np.nan])).tolist() == [1.0, 1.0]


def true_months(shop, basis, rng) -> tuple[np.ndarray, np.ndarray]:
    """What a simulation's 24 months cost staying and after, by plain arithmetic on the truth that the log came from."""
    unsure, run = basis.assumptions.uncertainty, basis.assumptions.running
    growth, price = draw(rng, 1, unsure.growth_month)[0], max(1 + draw(rng, 1, unsure.api_price_year)[0], 0.1)
    text, people = (np.exp(draw(rng, 1, np.log(of))[0]) for of in (unsure.tokens_year, unsure.people))
    month = np.arange(24)
    grown = (1 + growth) ** month * price ** (month / 12) * text ** (month / 12)
    slm, both, _ = shop.ways.T
    movable = np.array([1, 1, 1, 0, 1])
    usd, asks = shop.month_usd, movable * (slm + both)
    small = shop.month_calls * asks * (shop.prompt * 0.13 + shop.completion * 0.52) / 1e6
    large = usd * (1 - movable * slm) + run.judged_share * usd * movable * slm
    fixed = run.retrains_month * run.retrain_usd + people * basis.terms.engineer_hours_month * 100.0
    return usd.sum() * grown, (small + large).sum() * grown + fixed


@pytest.mark.slow
def test_eight_intervals_in_ten_hold_the_truth_over_90_logs():
    """P10 to P90 against logs whose parameters are known: the nominal rate is 80%."""
    rng, logs, held = np.random.default_rng(2025), 90, []
    assert PRICE == (2.5e-6, 10e-6)
    for i in range(logs):
        shop = draw_shop(rng)
        basis = make_basis(draw_log(shop, rng, days=int(rng.integers(14, 36))), draw_decisions(shop, rng), hours=0.02)
        drawn = simulate(basis, 200, seed=i)
        stay, after = (project(basis, drawn, plan).running for plan in (STAYS, hybrid(basis)))
        true_stay, true_after = true_months(shop, basis, rng)
        pairs = [(stay, true_stay), (after, true_after), (stay - after, true_stay - true_after)]
        bounds = [(*np.quantile(usd, [0.1, 0.9], axis=0), truth) for usd, truth in pairs]
        held.append([(low <= truth) & (truth <= high) for low, high, truth in bounds])
    rate = np.mean(held, axis=0)  # (stay, after, saving) x months
    # A binomial rate of 90 has a standard error of 4.2%; months of a log share much.
    print("coverage of P10 to P90 in months 1, 12, 24:", rate[:, [0, 11, 23]].round(3).tolist())
    assert (np.abs(rate[:, [0, 11, 23]] - 0.8) < 0.125).all()
    assert abs(rate.mean() - 0.8) < 0.08


def test_no_part_is_without_a_name(basis):
    parts = project(basis, central(basis), hybrid(basis)).parts
    assert list(parts) == list(PARTS)
    assert pd.Series(PARTS).is_unique
