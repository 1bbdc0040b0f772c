"""A trial is planned by the clock once, for the minutes of the whole step, and the same again from what was kept."""

from dataclasses import replace

import pandas as pd
import pytest

from migration.artifacts import open_step
from migration.benchmark import Answers, Candidate, ask, available, draw_sample, plan_trial
from migration.benchmark.planning import LEAST_PART
from migration.files import read_json


@pytest.fixture
def step(tmp_path):
    return open_step(tmp_path / "run", "02_candidate_benchmark")


def test_the_plan_and_the_answers_are_the_same_again_and_nothing_is_computed_twice(tiny_folder, calls, step):
    trials, _ = available([str(tiny_folder)], shots=2)
    tables = []
    for later in (0, 100):  # seconds by which the step goes on later, as after a stop
        plan = plan_trial(trials, calls, replace(step, started=step.started - later), minutes=0.2)
        answers = ask(trials, draw_sample(calls, plan.per_task), calls, cache=step.cache, minutes=plan.minutes_planned)
        tables.append((plan.frame, answers))
    pd.testing.assert_frame_equal(tables[0][0], tables[1][0])
    pd.testing.assert_frame_equal(tables[0][1], tables[1][1])
    assert set(Answers(step.cache / "answers.sqlite").counts().values()) == {1}
    count = tables[0][1].groupby("candidate")["call_id"].agg(set)
    whole, *others = (count[c.name] for c in trials)
    assert others[0] == others[1] < whole
    assert len(others[0]) == pytest.approx(len(whole) / 2, abs=2)


def test_what_the_step_has_spent_before_is_not_spent_again(tiny_folder, calls, step):
    trials = [Candidate("tiny", str(tiny_folder))]
    plan_trial(trials, calls, replace(step, started=step.started - 60), minutes=3)
    (left,) = read_json(step.cache / "minutes.json").values()
    assert left < 3 * 60 - 60
    plan_trial(trials, calls, replace(step, started=step.started - 600), minutes=4)
    assert read_json(step.cache / "minutes.json").popitem()[1] == LEAST_PART * 4 * 60


def test_a_fixed_number_of_calls_needs_no_warm_up(tiny_folder, calls, step):
    plan = plan_trial([Candidate("tiny", str(tiny_folder))], calls, step, minutes=8, per_task=5)
    assert plan.per_task == {"gate": 5, "agent": 5}
    assert not (step.cache / "answers.sqlite").exists()
