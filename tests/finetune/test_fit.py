"""What fits into memory and minutes, and what is said of the rest."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from families import examples_of
from test_examples import log

from migration import models
from migration.benchmark.candidates import prompt_of
from migration.errors import BadInput, NotEnoughCalls
from migration.finetune import fit
from migration.finetune.examples import choose
from migration.finetune.training.recipe import Recipe


def tasks_of(calls, **changes):
    rows = []
    for task, group in calls.groupby("task"):
        rows.append(
            {
                "task": task, "name": f"Task {task}", "task_type": "classification", "kind": "chat",
                "calls": len(group), "prompt_tokens": 60 * len(group), "completion_tokens": 2 * len(group),
                "cost_usd": 0.01 * len(group), "route_hint": "slm",
            }
            | changes.get(str(task), {})
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def three():
    """A log of three tasks, the first worth most."""
    other = "Name the mood of the message: calm, angry or neither. One word. " * 2
    parts = [log(400, "sort"), log(300, "mood", other), log(300, "free", "Write an answer. " * 4)]
    calls = pd.concat([p.assign(call_id=p["task"] + p["call_id"]) for p in parts], ignore_index=True)
    return calls, tasks_of(calls, free={"task_type": "faq", "cost_usd": 50.0})


def plan(three, llama, minutes=60.0, **options):
    calls, tasks = three
    loaded = SimpleNamespace(tokenizer=llama.tokenizer, context=2048)
    return fit.choose_tasks(tasks, calls, loaded, Recipe(), pace=1e-3, minutes=minutes, n=40, **options)


def test_the_most_valuable_tasks_come_first_and_free_text_last(three, llama):
    made = plan(three, llama)
    assert made.frame["task"].tolist() == ["sort", "mood", "free"]
    assert made.trained == ["sort", "mood", "free"]
    assert len(made.training_set.train) == 120


def test_what_the_minutes_do_not_allow_is_left_with_its_reason(three, llama):
    full = plan(three, llama).frame["seconds"]
    made = plan(three, llama, minutes=float(full.iloc[0] + full.iloc[1] / 2) / 60)
    assert made.trained == ["sort"]
    assert made.left == ["mood", "free"]
    assert made.frame["why"].iloc[1].endswith("are left")
    assert "1 of 3 tasks" in str(made)


def test_where_nothing_fits_the_cheapest_is_trained_while_the_minutes_last(three, llama):
    made = plan(three, llama, minutes=0.01)
    cheapest = made.frame.sort_values("seconds")["task"].iloc[0]
    assert made.trained == [cheapest]
    assert "the minutes allow about 0." in made.frame.set_index("task").loc[cheapest, "why"]


def test_tasks_can_be_named_and_unknown_ones_are_refused(three, llama):
    assert plan(three, llama, wanted=["Task mood"]).trained == ["mood"]
    with pytest.raises(BadInput, match="nonsense"):
        plan(three, llama, wanted=["nonsense"])


def test_tasks_for_the_llm_and_tiny_ones_are_left(llama):
    calls = log(30)
    with pytest.raises(NotEnoughCalls, match="at least 20"):
        plan((calls, tasks_of(calls)), llama)
    calls = log(300)
    with pytest.raises(NotEnoughCalls, match="keeps it on the LLM"):
        plan((calls, tasks_of(calls, sort={"route_hint": "llm"})), llama)


def test_expected_seconds_grow_with_epochs_and_tokens(llama):
    examples = examples_of(llama, 40)
    one = fit.training_seconds(examples, Recipe(epochs=1), 1e-3)
    assert fit.training_seconds(examples, Recipe(epochs=3), 1e-3) == pytest.approx(3 * one)
    assert fit.training_seconds(examples, Recipe(epochs=1, packed=False), 1e-3) > 1.5 * one
    assert fit.training_seconds(examples, Recipe(epochs=1), 2e-3) == pytest.approx(2 * one)


def test_pace_is_a_time(llama):
    assert 0 < fit.seconds_per_token(llama.model(), Recipe(), tokens=100) < 1
    assert np.isfinite(fit.training_seconds(examples_of(llama, 3), Recipe(), 1e-4))


def test_an_example_is_trained_on_the_prompt_that_will_be_asked():
    loaded = models.load("pocket-llama3")
    tools = '[{"type": "function", "function": {"name": "find_order", "parameters": {}}}]'
    calls = log(120, "sort").assign(tools=tools)
    rows = choose(calls, ["sort"], n=20).train
    (first, *_) = fit.encoded(loaded.tokenizer, rows)
    asked = prompt_of(loaded.tokenizer, rows.iloc[0])
    assert "find_order" in asked
    assert loaded.tokenizer.decode(first.ids[: first.answer]) == asked
