"""Retuning every week never breaks the guarantee more often than the budget says, and activates nothing unproved."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from migration.benchmark import Candidate
from migration.review.improving.fresh import COLUMNS
from migration.review.improving.retune import budget, gathered, propose
from migration.routing.policy import Rung
from migration.schema import CandidateKind


@pytest.fixture
def single(policy):
    """The policy of one classifier, without a cascade."""
    return dataclasses.replace(policy, rungs={"intent": (Rung("labels", 0.9),)})


def week(rng, conversations=300, wrong=0.04, name="new"):
    """Fresh calls of the task, two a conversation, and the first rung's answers: surer ones are right more often."""
    n = 2 * conversations
    confidence = rng.random(n)
    agrees = rng.random(n) < 1 - wrong - 0.5 * (1 - confidence) ** 2
    ids = [f"{name}-{i}" for i in range(n)]
    calls = pd.DataFrame({"call_id": ids, "conversation_id": [f"{name}-{i // 2}" for i in range(n)]})
    calls = calls.assign(
        task="intent", task_type="classification", kind="chat", split="calibration", cost_usd=0.001, latency_ms=900.0,
        created_at=pd.Timestamp("2026-01-05", tz="UTC"), stands_for=1.0,
        messages=[[{"role": "user", "content": "hi"}]] * n,
    )  # fmt: skip
    return calls.reindex(columns=[*COLUMNS, "stands_for"]), answers(
        calls, "labels", agrees, logged_confidence=confidence
    )


def answers(calls, candidate, agrees, **more):
    return pd.DataFrame({"call_id": calls["call_id"], "agrees": agrees}).assign(
        candidate=candidate, candidate_kind="classifier", base="minilm", adapter="", shots=0, task="intent",
        task_type="classification", output="", error=None, latency_ms=1.0, prompt_tokens=50, completion_tokens=2,
        **more,
    )  # fmt: skip


def proposed(fresh, policy, **more):
    calls, said = fresh
    return propose(gathered(calls, calls, [said], {}), policy, **more)


def test_all_reviews_together_spend_the_budget_and_no_more():
    assert sum(budget(0.05, k) for k in range(1, 10_000)) < 0.05
    assert budget(0.05, 1) > budget(0.05, 2) > 0


def test_a_proposal_says_what_changes_and_what_is_proved(single):
    found = proposed(week(np.random.default_rng(1), wrong=0.0), single, review=1)
    row = found.changes.iloc[0]
    assert row["before"] == 0.9
    assert row["after"] < 0.9
    assert (row["rungs_before"], row["rungs_after"]) == ("labels", "labels")
    assert found.may_activate
    assert found.policy.replaces == single.version
    assert found.policy.guarantee.groups[0].n == 600


def test_a_threshold_keeps_the_calls_it_was_proved_on_though_the_log_rounds_confidences(single):
    calls, said = week(np.random.default_rng(1), wrong=0.0)
    exact = 0.993007  # logged as 0.9930, 0.99302 as 0.9930 too
    found = proposed((calls, said.assign(agrees=True, logged_confidence=round(exact, 4))), single, review=1)
    assert found.policy.rungs["intent"][0].threshold <= exact


def test_a_better_classifier_and_the_rung_behind_it_become_a_cascade(single):
    """Each is sure of half of the calls, the other half: together they keep what neither does alone."""
    rng = np.random.default_rng(2)
    old_calls, _ = week(rng, name="old")
    new_calls, _ = week(rng)
    calls = pd.concat([old_calls, new_calls], ignore_index=True)
    half = rng.random(len(calls)) < 0.5

    def said(name, kind, sure):
        right = np.where(sure, rng.random(len(calls)) < 0.995, rng.random(len(calls)) < 0.2)
        logprob = np.where(sure, -0.1, -3.0) + 0.05 * rng.standard_normal(len(calls))
        return answers(calls, name, right).assign(candidate_kind=kind, confidence_raw=logprob)

    tried = [said("labels 2026-W02", "classifier", half), said("small 2026-W02", "slm", ~half)]
    tried += [answers(calls, "labels", rng.random(len(calls)) < 0.3, logged_confidence=0.5)]
    new = {
        each["candidate"].iloc[0]: Candidate(
            each["candidate"].iloc[0], "base", "07/x", kind=CandidateKind(each["candidate_kind"].iloc[0])
        )
        for each in tried[:2]
    }
    found = propose(gathered(calls, new_calls, tried, {}), single, review=1, new=new)
    assert [rung.candidate for rung in found.policy.rungs["intent"]] == ["labels 2026-W02", "small 2026-W02"]
    assert found.changes.iloc[0]["slm_share"] > 0.9
    assert found.policy.candidates["small 2026-W02"].adapter == "07/x"
    assert set(found.policy.calibrators) >= {"labels 2026-W02", "small 2026-W02"}
    assert found.may_activate


def test_a_kept_call_stands_for_those_that_were_not_shadowed(single):
    """Kept answers lose 20%, but few of them are shadowed: unweighted they would vanish among the escalated ones."""
    rng = np.random.default_rng(3)
    calls, said = week(rng, conversations=1000)
    kept = np.arange(len(calls)) % 50 == 0
    said = said.assign(logged_confidence=np.where(kept, 0.95, 0.1), agrees=~kept | (rng.random(len(calls)) < 0.8))
    honest = proposed((calls.assign(stands_for=np.where(kept, 50.0, 1.0)), said), single, review=1)
    assert honest.choices["intent"].threshold is None


def test_without_a_proof_an_alarmed_group_goes_to_the_llm(single):
    calls, said = week(np.random.default_rng(1))
    bad = calls, said.assign(agrees=False)
    quiet, alarmed = (
        proposed(bad, single, review=3, alarmed=groups) for groups in (frozenset(), frozenset({"intent"}))
    )
    assert quiet.policy.version == single.version
    assert not quiet.may_activate
    assert alarmed.policy.routed_tasks == []
    assert alarmed.may_activate


@pytest.mark.parametrize(("conversations", "heavy"), [(60, 1.0), (300, 500.0)], ids=["few", "few stand for most"])
def test_too_few_fresh_calls_to_prove_anything_change_and_spend_nothing(single, conversations, heavy):
    calls, said = week(np.random.default_rng(1), conversations=conversations, wrong=0.0)
    stands_for = np.where(np.arange(len(calls)) < 20, heavy, 1.0)
    found = proposed((calls.assign(stands_for=stands_for), said), single, review=1)
    assert not found.choices
    assert found.policy.version == single.version
