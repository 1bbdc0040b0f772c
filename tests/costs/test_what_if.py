"""The sliders' bill is the projection's own where they stand at today, and moves the way it must."""

from dataclasses import replace

import numpy as np
import pytest
from shops import STAYS, draw_decisions, hybrid, make_basis

from migration.costs.projection import central, project
from migration.costs.what_if import breakeven_calls, small_share, what_if

ONE = np.ones(1)


@pytest.mark.parametrize("hosting", ["api", "bought", "rented"])
def test_at_today_the_bill_is_the_projection_s(basis, hosting):
    plan = hybrid(basis, hosting)
    here, after = what_if(basis, STAYS, plan)(ONE, small_share(basis, plan), 1.0)
    assert here[0] == pytest.approx(project(basis, central(basis), STAYS, months=1).running[0, 0])
    assert after[0] == pytest.approx(project(basis, central(basis), plan, months=1).running[0, 0])


def test_more_traffic_costs_more_and_a_dearer_gpu_only_after_the_move(basis):
    plan = hybrid(basis, "rented")
    bill, share = what_if(basis, STAYS, plan), small_share(basis, plan)
    here, after = bill(np.array([1.0, 2.0, 50.0]), share, 1.0)
    assert (np.diff(here) > 0).all()
    assert (np.diff(after) > 0).all()
    same, dearer = bill(ONE, share, 2.0)
    assert same[0] == pytest.approx(here[0])
    assert dearer[0] > after[0]


def test_the_share_goes_from_nothing_to_all_of_the_tasks_that_move(basis):
    plan = hybrid(basis, "api")
    bill = what_if(basis, STAYS, plan)
    after = [bill(ONE, share, 1.0)[1][0] for share in (0.0, small_share(basis, plan), 1.0)]
    assert after == sorted(after, reverse=True)


@pytest.mark.parametrize("hosting", ["api", "rented"])
def test_at_the_break_even_volume_the_bill_is_even(basis, hosting):
    plan = hybrid(basis, hosting)
    times = breakeven_calls(basis, STAYS, plan) / basis.traffic.month()["calls"].sum()
    assert times > 1
    for scale, sign in ((0.95, -1), (1.05, 1)):
        there = replace(central(basis), volume=np.array([times * scale]))
        saved = [project(basis, there, one, months=1).running[0, 0] for one in (STAYS, plan)]
        assert np.sign(saved[0] - saved[1]) == sign


def test_where_the_slm_costs_more_than_the_llm_no_volume_breaks_even(calls, shop, rng):
    basis = make_basis(calls, draw_decisions(shop, rng))
    dear = basis.assumptions.slm_api.model_copy(update={"prompt_usd_per_m": 50.0, "completion_usd_per_m": 90.0})
    basis = replace(basis, assumptions=basis.assumptions.model_copy(update={"slm_api": dear}))
    assert breakeven_calls(basis, STAYS, hybrid(basis)) is None
