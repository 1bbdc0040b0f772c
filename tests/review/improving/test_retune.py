"""Retuning every week never breaks the guarantee more often than the budget says, and activates nothing unproved."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from migration.review.improving.retune import budget, propose
from migration.routing.policy import Rung


@pytest.fixture
def single(policy):
    """The policy of one classifier, without a cascade."""
    return dataclasses.replace(policy, rungs={"intent": (Rung("labels", 0.9),)})


def week(rng, conversations=300, wrong=0.04):
    """Fresh calls, two a conversation: surer answers are right more often."""
    confidence = rng.random(2 * conversations)
    agrees = rng.random(2 * conversations) < 1 - wrong - 0.5 * (1 - confidence) ** 2
    return pd.DataFrame(
        {
            "task": "intent",
            "confidence": confidence,
            "agrees": agrees,
            "weight": 1.0,
            "conversation_id": np.repeat(np.arange(conversations), 2),
        }
    )


def test_all_reviews_together_spend_the_budget_and_no_more():
    assert sum(budget(0.05, k) for k in range(1, 10_000)) < 0.05
    assert budget(0.05, 1) > budget(0.05, 2) > 0


def test_a_proposal_says_what_changes_and_what_is_proved(single):
    found = propose(week(np.random.default_rng(1), wrong=0.0), single, review=1)
    row = found.changes.iloc[0]
    assert row["before"] == 0.9
    assert row["after"] < 0.9
    assert found.may_activate
    assert found.policy.replaces == single.version
    assert found.policy.guarantee.groups[0].n == 600


def test_without_a_proof_an_alarmed_group_goes_to_the_llm(single):
    bad = week(np.random.default_rng(1)).assign(agrees=False)
    quiet, alarmed = (propose(bad, single, review=3, alarmed=groups) for groups in (frozenset(), frozenset({"intent"})))
    assert quiet.policy.version == single.version
    assert not quiet.may_activate
    assert alarmed.policy.routed_tasks == []
    assert alarmed.may_activate


def test_too_few_fresh_calls_change_nothing(single):
    found = propose(week(np.random.default_rng(1), conversations=20), single, review=1)
    assert found.policy.version == single.version
