"""A planted drift of each kind is found within its week, with its right cause; quiet weeks are quiet."""

import pandas as pd
import pytest

from migration.review.watching.causes import causes, judge_alarm
from migration.sample import Drift, drifting
from migration.sample.simulate import _log


def weeks(drift, seed=3, calls=2600):
    """Two weeks before a drift and the week after it, as the review reads them."""
    world = drifting(4, drift)
    rows = [
        {
            "call_id": line["id"],
            "conversation_id": line["metadata"]["conversation_id"],
            "created_at": line["created"],
            "task": facts["site"],
            "messages": line["request"].get("messages"),
            "reference": line["response"]["choices"][0]["message"]["content"],
            "model": line["request"]["model"],
        }
        for line, facts in _log(calls, seed, world)
        if facts["kind"] in ("chat", "scoring") and facts["correct"] is not None
    ]
    frame = pd.DataFrame(rows)
    frame.loc[frame["task"] == "urgency", "task"] = None  # not recognised by the policy
    day = (frame["created_at"] - world.start.timestamp()) / 86400
    return frame[day < 14], frame[(day >= 14) & (day < 21)]


@pytest.mark.slow
@pytest.mark.parametrize("drift", list(Drift))
def test_a_planted_drift_is_told_with_its_cause(drift):
    found = causes(*weeks(drift), "2026-W40")
    assert found[0].kind == str(drift), [(a.kind, a.group, a.cause) for a in found]


def test_a_quiet_week_raises_nothing():
    assert causes(*weeks(None, 1), "2026-W40") == []


def test_answers_that_change_under_the_same_name_are_the_llm_too():
    before, week = weeks(None)
    changed = week.copy()
    intent = changed["task"] == "intent"
    changed.loc[intent, "reference"] = changed.loc[intent, "reference"].str.replace("track_order", "order_tracking")
    found = causes(before, changed, "2026-W40")
    assert [(alarm.kind, alarm.group) for alarm in found] == [("llm-change", "intent")]


def test_a_judge_that_grades_the_same_answers_otherwise_is_told():
    anchors = pd.DataFrame({"call_id": range(60), "first": [1] * 60, "again": [1] * 40 + [0] * 20})
    assert [alarm.kind for alarm in judge_alarm(anchors, "2026-W40")] == ["judge"]
    assert judge_alarm(anchors.assign(again=1), "2026-W40") == []
