"""A planted drift of each kind is found within its week, with its right cause; quiet weeks are quiet."""

import pandas as pd
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


@pytest.mark.parametrize(("task", "old", "new"), [("intent", r"_(order|item)", "_goods"), ("route", "QUEUE", "TEAM")])
def test_answers_that_change_under_the_same_name_are_the_llm_too(task, old, new):
    before, week = weeks(None)
    changed = week.copy()
    mine = changed["task"] == task  # whichever of the tasks it is
    changed.loc[mine, "reference"] = changed.loc[mine, "reference"].str.replace(old, new, regex=True)
    found = causes(before, changed, WEEK)
    assert [(alarm.kind, alarm.group) for alarm in found] == [("llm-change", task)]


def test_a_new_version_of_a_prompt_is_told_of_its_task_and_is_no_other_mix():
    before, week = weeks(None)
    mine = (week["task"] == "reply") & (pd.factorize(week["conversation_id"])[0] % 2 == 0)
    changed = week.assign(task=week["task"].mask(mine))
    changed.loc[mine, "messages"] = changed.loc[mine, "messages"].map(
        lambda messages: [{**messages[0], "content": messages[0]["content"] + " (v2) Be brief."}, *messages[1:]]
    )
    other = [{"role": "system", "content": "Translate into Dutch."}, {"role": "user", "content": "hello"}]
    more = week.head(40).assign(task=None, conversation_id=[f"new {n}" for n in range(40)], messages=[other] * 40)
    found = causes(before, pd.concat([changed, more], ignore_index=True), WEEK)
    said = {alarm.group: alarm.cause for alarm in found}
    assert {alarm.kind for alarm in found} == {"new-task"}
    assert said.keys() == {"reply", ""}
    assert "new version" in said["reply"]
    assert "no task" in said[""]
