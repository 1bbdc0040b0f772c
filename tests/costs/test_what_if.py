"""The sliders' bill is the projection's own where they stand at today, and moves the way it must."""

import numpy as np
import pytest
from shops import STAYS, hybrid

from migration.costs.projection import central, project
from migration.costs.what_if import small_share, what_if

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
