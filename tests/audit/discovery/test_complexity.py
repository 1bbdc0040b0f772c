"""Complexity is bounded, grows with what makes calls hard, and the article's rules are applied as written."""

from __future__ import annotations

from random import Random

import pandas as pd
import pytest
import sites
from hypothesis import given
from hypothesis import strategies as st

from migration.audit.discovery.behaviour import Exchange, evidence
from migration.audit.discovery.complexity import USE_CASES, WEIGHTS, Profile, complexity, route_hint, use_cases
from migration.schema import TaskType

PLAIN = Profile(0.2, frozenset(["where", "is", "my", "order"]))


def of(user: str = "where is my order", **changes: object) -> float:
    return complexity(user, **({"prompt_tokens": 300, "turns": 1, "tools": False, "profile": PLAIN} | changes))  # type: ignore[arg-type]


@given(
    st.text(max_size=300),
    st.integers(0, 200_000),
    st.integers(0, 50),
    st.booleans(),
    st.floats(0, 1),
)
def test_complexity_is_a_probability(user: str, tokens: int, turns: int, tools: bool, openness: float) -> None:
    value = of(user, prompt_tokens=tokens, turns=turns, tools=tools, profile=Profile(openness, frozenset()))
    assert 0 <= value <= 1


def test_what_makes_a_call_hard_raises_it() -> None:
    base = of()
    assert of(tools=True) > base
    assert of(turns=6) > base
    assert of(prompt_tokens=6_000) > base
    assert of("where is my order? and the other? and why? and when?") > base
    assert of("wherefore tarries yonder parcel") > base, "words that the task's other calls never use"
    assert of(profile=Profile(0.9, PLAIN.known)) > base


def test_the_documented_weights_are_the_ones_used() -> None:
    assert of("order", tools=True, profile=Profile(0, PLAIN.known), prompt_tokens=0) == pytest.approx(WEIGHTS["tools"])


def test_open_answers_are_harder_than_labels() -> None:
    labels = evidence([Exchange(f"text {i}", "yes" if i % 2 else "no") for i in range(50)])
    r = Random(4)
    essays = evidence([Exchange(f"text {i}", sites.document(r, 30)) for i in range(50)])
    assert Profile.of(labels, ["a"]).openness < 0.2
    assert Profile.of(essays, ["a"]).openness > 0.6


@pytest.mark.parametrize(
    ("task_type", "changes", "hint"),
    [
        ("classification", {}, "slm"),
        ("classification", {"calls": 199}, "unclear"),
        ("classification", {"p95_prompt": 5_000}, "unclear"),
        ("classification", {"p50_prompt": 5_000, "p95_prompt": 9_000}, "llm"),
        ("extraction", {"complexity": 0.8}, "llm"),
        ("reasoning", {}, "llm"),
        ("creative", {"complexity": 0.1}, "llm"),
        ("code", {}, "llm"),
        ("summarization", {}, "unclear"),
        ("summarization", {"p50_prompt": 50_000, "p95_prompt": 90_000}, "llm"),
        ("scoring", {}, "unclear"),
        ("other", {}, "unclear"),
    ],
)
def test_the_articles_rules(task_type: str, changes: dict[str, float], hint: str) -> None:
    usual = {"calls": 500, "p50_prompt": 200.0, "p95_prompt": 400.0, "complexity": 0.2}
    found, reason = route_hint(task_type, **(usual | changes))  # type: ignore[arg-type]
    assert found == hint
    assert reason


def test_every_type_but_other_has_a_use_case() -> None:
    assert {row[1] for row in USE_CASES} == set(TaskType) - {"other"}
    tasks = pd.DataFrame({"task_type": ["faq", "faq", "code"], "calls": [3, 4, 5], "cost_usd": [1.0, 2.0, 4.0]})
    table = use_cases(tasks).set_index("use case")
    assert table.loc["FAQ / knowledge lookup", ["tasks", "calls", "cost_usd"]].tolist() == [2, 7, 3.0]
    assert table.calls.sum() == 12
