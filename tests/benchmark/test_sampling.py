"""The sample is nested, speaks for the traffic, and fits into its minutes."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.benchmark.sampling import FEWEST, draw_sample, fixed_plan, plan_sample
from migration.errors import NotEnoughCalls
from migration.schema import split_of
from migration.stats import calls_for_width

TRAFFIC = {"gate": 2000, "reply": 400, "agent": 50}


def log(traffic=TRAFFIC):
    rows = [
        {"call_id": f"{task}-{i}", "kind": "chat", "task": task, "response": "yes", "split": split_of(f"{task}-{i}")}
        for task, count in traffic.items()
        for i in range(count)
    ]
    return pd.DataFrame(rows).assign(prompt_tokens=100, completion_tokens=5)


CALLS = log()


@given(small=st.integers(1, 40), more=st.integers(0, 200))
@settings(max_examples=15, deadline=None)
def test_a_larger_sample_holds_the_smaller_one(small, more):
    first, second = draw_sample(CALLS, small), draw_sample(CALLS, small + more)
    assert set(first["call_id"]) <= set(second["call_id"])
    assert set(second["split"]) <= {"calibration", "test"}


def test_weights_add_up_to_the_traffic_of_each_task():
    sample = draw_sample(CALLS, {"gate": 30, "agent": 5})
    assert sample.groupby("task")["weight"].sum().round(6).to_dict() == {"agent": 50, "gate": 2000}


def test_only_replayed_calls_with_a_reference_are_asked():
    spoilt = pd.concat(
        [
            CALLS,
            CALLS.head(500).assign(kind="embedding", call_id=lambda d: "e" + d["call_id"]),
            CALLS.head(500).assign(response=None, call_id=lambda d: "n" + d["call_id"]),
        ]
    )
    sample = draw_sample(spoilt, 10_000)
    assert set(sample["kind"]) == {"chat"}
    assert sample["response"].notna().all()
    with pytest.raises(NotEnoughCalls):
        draw_sample(CALLS.assign(response=None), 5)


@given(
    seconds=st.lists(st.floats(0.001, 30), min_size=3, max_size=3),
    minutes=st.floats(0.2, 60),
)
@settings(max_examples=40, deadline=None)
def test_the_plan_keeps_its_minutes_and_never_asks_for_more_than_there_is(seconds, minutes):
    cost = dict(zip(TRAFFIC, seconds, strict=True))
    plan = plan_sample(CALLS, cost, minutes=minutes)
    frame = plan.frame
    if FEWEST * min(seconds) <= minutes * 60:
        assert plan.minutes_planned <= minutes + 1e-6
        asked = frame[frame["n"] > 0]
        assert (asked["n"] >= asked["eligible"].clip(upper=FEWEST)).all()
    else:
        (n,) = plan.per_task.values()
        assert n == 1 or plan.minutes_planned <= minutes + 1e-6
    assert (frame["n"] <= frame["wanted"]).all()
    assert set(plan.left_out) == set(frame.loc[frame["n"] == 0, "task"])
    assert all("too expensive" in why for why in plan.left_out.values())


def test_with_time_enough_every_task_gets_the_calls_its_interval_needs():
    plan = plan_sample(CALLS, dict.fromkeys(TRAFFIC, 0.001), minutes=8, width=0.2)
    rows = plan.frame.set_index("task")
    assert rows.loc["gate", "n"] == calls_for_width(0.2)
    assert rows.loc["gate", "half_width"] <= 0.1
    assert rows.loc["agent", "n"] == rows.loc["agent", "eligible"]
    assert "3 of 3 tasks get as many" in plan.reading()


def test_an_expensive_task_is_left_out_and_said():
    plan = plan_sample(CALLS, {"gate": 0.1, "reply": 0.5, "agent": 60}, minutes=8)
    assert list(plan.left_out) == ["agent"]
    assert plan.share == pytest.approx(2400 / 2450)
    assert plan.table({"gate": "Scope gate"}).loc[0, "task"] == "Scope gate"


def test_on_a_slow_machine_the_tasks_with_most_traffic_a_second_are_asked():
    plan = plan_sample(CALLS, {"gate": 8, "reply": 7, "agent": 6}, minutes=2)
    assert plan.per_task == {"gate": 15}
    assert "left out: 2 tasks, 18% of the traffic" in plan.reading()


def test_a_dozen_calls_of_one_task_are_asked_all():
    few = log({"gate": 12})
    plan = plan_sample(few, {"gate": 0.1}, minutes=1)
    assert plan.per_task == {"gate": int(few["split"].isin(["calibration", "test"]).sum())}
    assert "Too few to say much (under 10): Scope gate." in plan.reading({"gate": "Scope gate"})


def test_a_fixed_plan_asks_what_it_was_told():
    assert fixed_plan(CALLS, 25).per_task == {"gate": 25, "reply": 25, "agent": 25}
