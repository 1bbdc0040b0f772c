"""A planted drift of each kind is found within its week, with its right cause; quiet weeks are quiet."""

import pytest
from drifts import WEEK, told, weeks

from migration.review.watching.causes import causes
from migration.sample import Drift


@pytest.mark.slow
def test_a_planted_drift_of_each_kind_is_told_with_its_cause():
    """`python tests/bench/drifts.py` counts over many seeds."""
    kinds = [*map(str, Drift), "judge"]
    assert {kind: told(kind, 3)[:1] for kind in kinds} == {kind: [kind] for kind in kinds}


def test_a_quiet_week_and_an_unchanged_judge_raise_nothing():
    assert told("quiet", 1) == []
    assert told("quiet_judge", 1) == []


def test_answers_that_change_under_the_same_name_are_the_llm_too():
    before, week = weeks(None)
    changed = week.copy()
    intent = changed["task"] == "intent"
    renamed = changed.loc[intent, "reference"].str.replace(r"_(order|item)", "_goods", regex=True)
    changed.loc[intent, "reference"] = renamed
    found = causes(before, changed, WEEK)
    assert [(alarm.kind, alarm.group) for alarm in found] == [("llm-change", "intent")]
