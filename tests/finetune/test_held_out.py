"""Held-out answers go where a guarantee is nearest, and never by what they are to prove."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import NotEnoughCalls
from migration.finetune import held_out
from migration.finetune.held_out import FIRST_LOOK, MOST_HELD_OUT, TEST_PART, proof_calls

looks = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(0, FIRST_LOOK).map(lambda right: (right, FIRST_LOOK)), min_size=1
)


@given(looks, st.integers(0, 5000))
def test_no_more_is_planned_than_there_is_time_for(agreed: dict, room: int) -> None:
    plan = proof_calls(agreed, dict.fromkeys(agreed, 100.0), room)
    assert sum(plan.values()) * (1 + TEST_PART) <= room + len(plan)
    assert all(0 < n <= MOST_HELD_OUT for n in plan.values())


def test_a_hopeless_task_is_asked_no_more_and_a_sure_one_first() -> None:
    agreed = {"sure": (24, 24), "fair": (18, 24), "hopeless": (0, 24)}
    plan = proof_calls(agreed, dict.fromkeys(agreed, 1000.0), 400)
    assert list(plan) == ["sure", "fair"]
    assert plan["sure"] >= held_out.KEPT_TO_PROVE
    assert plan["fair"] < held_out.KEPT_TO_PROVE / 0.5  # what is left over does not prove it
    assert list(proof_calls(agreed, {"sure": 10.0, "fair": 1000.0, "hopeless": 9e9}, 1000)) == ["fair", "sure"]


def test_a_comparison_of_nothing_is_refused() -> None:
    rows = pd.DataFrame({"call_id": ["a"], "task": ["sort"], "conversation_id": [None], "split": ["test"]})
    with pytest.raises(NotEnoughCalls):
        held_out._choose(None, None, rows, rows, rows, [], minutes=1, cache=None, progress=None)
