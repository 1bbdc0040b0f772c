"""Planted drift: nothing changes before its day, and then the right thing does."""

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.sample import Drift, drifting, truth
from migration.sample.simulate import simulate

CALLS, WEEKS = 3000, 4


def halves(drift):
    world = drifting(WEEKS, drift)
    lines = list(simulate(CALLS, 5, world))
    facts = truth(CALLS, 5, world)
    facts["late"] = [line["created"] >= world.start.timestamp() + 86400 * 14 for line in lines]
    facts["model"] = [line["request"]["model"] for line in lines]
    return facts, lines


def share(facts: pd.DataFrame, site: str) -> tuple[float, float]:
    return tuple(facts.groupby("late")["site"].agg(lambda sites: (sites == site).mean()))


def test_before_its_day_nothing_differs():
    plain, changed = (list(simulate(CALLS, 5, drifting(WEEKS, each)))[: CALLS // 4] for each in (None, Drift.WORDING))
    assert plain == changed


@pytest.mark.parametrize(("drift", "site", "least"), [(Drift.MIX, "judge", 0.05), (Drift.NEW_TASK, "urgency", 0.05)])
def test_the_mix_moves(drift, site, least):
    before, after = share(halves(drift)[0], site)
    assert after - before > least


def test_customers_write_otherwise():
    facts, _ = halves(Drift.WORDING)
    angry = facts.groupby("late")["mood"].agg(lambda moods: (moods == "angry").mean())
    assert angry[True] > 2 * angry[False]
    before, after = share(facts, "intent")
    assert abs(after - before) < 0.03


def test_the_llm_is_another_and_answers_otherwise():
    facts, _ = halves(Drift.LLM_CHANGE)
    assert facts.groupby("model")["late"].mean()["gpt-4o-2024-11-20"] > 0.9
    correct = facts[facts["site"] == "intent"].groupby("late")["correct"].mean()
    assert correct[False] - correct[True] > 0.08


def test_no_weeks_are_refused():
    with pytest.raises(BadInput, match="weeks"):
        drifting(0)
