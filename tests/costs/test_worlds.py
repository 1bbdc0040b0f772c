"""The worlds keep the ranges they are drawn from, and their intervals hold what is true as often as they say."""

import numpy as np
import pandas as pd
import pytest
from shops import PRICE, TASKS, draw_decisions, draw_log, draw_shop, make_basis

from migration.costs.projection import project
from migration.costs.worlds import _draw, central, draw_worlds, quality_at
from migration.stats import Rate


def test_a_range_is_drawn_with_the_quantiles_it_names(rng):
    drawn = _draw(rng, 200_000, (-0.45, -0.2, 0.0))
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx([-0.45, -0.2, 0.0], abs=0.005)


def test_worlds_are_the_same_for_the_same_seed_and_centred_on_the_log(basis):
    one, again = draw_worlds(basis, 3000, seed=4), draw_worlds(basis, 3000, seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(again).values(), strict=True))
    assert one.days.sum(axis=1) == pytest.approx(len(basis.traffic.days), rel=0.02)
    assert one.routes.mean(axis=0) == pytest.approx(central(basis).routes[0], abs=0.01)
    usd = basis.traffic.month(one.days).usd.sum(axis=1)
    assert np.median(usd) == pytest.approx(basis.traffic.month().usd.sum(), rel=0.01)


def test_a_way_that_no_call_of_a_task_went_stays_closed(calls, rng):
    decided = pd.DataFrame({"task": "intent", "model": "llm", "tried_slm": False, "reason": ""}, index=range(9))
    drawn = draw_worlds(make_basis(calls, decided), 100, seed=0)
    assert drawn.routes[:, :, 2] == pytest.approx(1.0)


def test_quality_has_the_interval_that_it_came_with():
    rate = Rate(0.94, 0.91, 0.97, 240)
    assert quality_at(rate, np.array([0.025, 0.975])) == pytest.approx([0.91, 0.97], abs=0.006)
    assert quality_at(Rate(1.0, 1.0, 1.0, 0), np.array([0.1, 0.9])).tolist() == [1.0, 1.0]
    assert (quality_at(Rate(1.0, 0.95, 1.0, 60), np.random.default_rng(0).random(99)) <= 1).all()


def test_a_short_log_knows_less(shop, rng):
    decided = draw_decisions(shop, rng)
    spreads = []
    for days in (1, 4, 28):
        basis = make_basis(draw_log(shop, rng, days=days), decided)
        total = project(basis, draw_worlds(basis, 800, seed=0), "stay", months=1).total[:, 0]
        spreads.append(np.quantile(total, 0.9) / np.quantile(total, 0.1))
    assert spreads[0] > spreads[1] > spreads[2]


def true_months(shop, basis, rng) -> tuple[np.ndarray, np.ndarray]:
    """What staying and the hybrid (through an API) truly cost, month by month: plain arithmetic on the truth."""
    unsure, run, api = basis.assumptions.uncertainty, basis.terms.running, basis.terms.api
    growth, change = (_draw(rng, 1, r)[0] for r in (unsure.growth_month, unsure.api_price_year))
    text, people = (np.exp(_draw(rng, 1, np.log(r))[0]) for r in (unsure.tokens_year, unsure.people))
    month = np.arange(24)
    calls, price, longer = (1 + growth) ** month, max(1 + change, 0.1) ** (month / 12), text ** (month / 12)
    usd, per_month = shop.month_usd, shop.month_calls
    slm, both, llm = shop.ways.T
    asks = np.where(np.array(list(TASKS.values())) == "embedding", 0, slm + both)
    small = per_month * asks * (shop.prompt * api.prompt_usd_per_m + shop.completion * api.completion_usd_per_m) / 1e6
    large = usd * np.where(asks > 0, both + llm, 1) + run.judged_share * usd * np.where(asks > 0, slm, 0)
    fixed = run.retrains_month * run.retrain_usd + people * basis.terms.engineer_hours_month * 100.0
    return usd.sum() * calls * price * longer, (small + large).sum() * calls * price * longer + fixed


@pytest.mark.slow
def test_eight_intervals_in_ten_hold_the_truth_over_500_worlds():
    """P10 to P90 against 500 worlds whose parameters are known: the nominal rate is 80%."""
    rng, worlds, held = np.random.default_rng(2025), 500, []
    assert PRICE == (2.5e-6, 10e-6)
    for i in range(worlds):
        shop = draw_shop(rng)
        basis = make_basis(draw_log(shop, rng, days=int(rng.integers(14, 36))), draw_decisions(shop, rng), hours=0.02)
        drawn = draw_worlds(basis, 200, seed=i)
        stay = project(basis, drawn, "stay")
        hybrid = project(basis, drawn, "hybrid", hosting="api")
        true_stay, true_hybrid = true_months(shop, basis, rng)
        pairs = [
            (stay.running, true_stay),
            (hybrid.running, true_hybrid),
            (stay.running - hybrid.running, true_stay - true_hybrid),
        ]
        row = []
        for drawn_usd, truth in pairs:
            low, high = np.quantile(drawn_usd, [0.1, 0.9], axis=0)
            row.append((low <= truth) & (truth <= high))
        held.append(row)
    rate = np.mean(held, axis=0)  # (stay, hybrid, saving) x months
    # A binomial rate of 500 has a standard error of 1.8%; worlds share nothing, months of a world share much.
    print("coverage of P10 to P90 in months 1, 12, 24:", rate[:, [0, 11, 23]].round(3).tolist())
    assert (np.abs(rate[:, [0, 11, 23]] - 0.8) < 0.055).all()
    assert abs(rate.mean() - 0.8) < 0.035
