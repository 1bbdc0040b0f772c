"""Which tasks are tested together, and that a candidate more does not cost the others their proof."""

import numpy as np
import pandas as pd
import pytest

from migration.routing import gather, tune
from migration.routing.tuning import grouping
from migration.routing.tuning.grouping import LOW_VOLUME
from migration.schema import split_of

SMALL = ("colour", "size", "brand")


def calls_of(task: str, n: int, size: int) -> pd.DataFrame:
    conversation = [f"{task}-{i // size}" for i in range(n)]
    return pd.DataFrame({
        "call_id": [f"{task}{i}" for i in range(n)], "conversation_id": conversation, "task": task, "kind": "chat",
        "created_at": pd.Timestamp("2026-01-01", tz="UTC"), "model": "large", "cost_usd": 1e-3, "latency_ms": 900.0,
        "complexity": 0.5, "split": [split_of(each) for each in conversation],
    })  # fmt: skip


def answers(calls: pd.DataFrame, candidate: str, kind: str, right: np.ndarray, sure: np.ndarray) -> pd.DataFrame:
    return calls[["call_id", "task"]].assign(
        task_type="classification", candidate=candidate, candidate_kind=kind, base=candidate, adapter="", shots=0,
        output="x", reference="x", agrees=right, score=1.0, latency_ms=9.0, prompt_tokens=50, completion_tokens=3,
        mean_logprob=np.log(np.clip(sure, 1e-3, 1)), min_logprob=np.nan, mean_entropy=np.nan, margin=np.nan, error=None,
    )[calls["split"] != "train"]  # fmt: skip


def log(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Calls, a classifier's answers to three small tasks, and a cache's to one of long conversations, of which it knows
    one in twelve."""
    rng = np.random.default_rng(seed)
    small = pd.concat([calls_of(task, 520, 1) for task in SMALL], ignore_index=True)
    form = calls_of("form", 900, 6)
    sure, known = rng.random(len(small)), np.repeat(rng.random(150) < 1 / 12, 6)
    quick = answers(small, "quick", "classifier", rng.random(len(small)) > 0.5 * (1 - sure) ** 2.5, sure)
    again = answers(form, "again", "cache", known | (rng.random(900) < 0.2), np.where(known, 0.99, 0.1))
    return pd.concat([small, form], ignore_index=True), quick, again


def kept(tuned) -> float:
    """Calls of the small tasks that are proved to be kept."""
    test = next(each for each in tuned.policy.guarantee.groups if each.group == LOW_VOLUME)
    return test.slm_share * test.n if test.proved else 0.0


def proofs(seed: int) -> tuple[float, float]:
    calls, quick, again = log(seed)
    asked = {"llm": "large", "max_loss": 0.05, "confidence_level": 0.95}
    return kept(tune(gather(calls, [quick]), **asked)), kept(tune(gather(calls, [quick, again]), **asked))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_candidate_for_one_more_task_does_not_cost_the_others_their_proof(seed: int) -> None:
    without, beside = proofs(seed)
    assert without > 100
    assert beside >= 0.9 * without


def test_what_is_left_out_is_said() -> None:
    calls, quick, again = log(0)
    tuned = tune(gather(calls, [quick, again]), llm="large", max_loss=0.05, confidence_level=0.95)
    assert "less of the low-volume tasks would be proved" in tuned.ruled_out["form"]
    assert set(tuned.members) == set(SMALL)


def test_the_parts_of_the_chance_of_error_add_up_to_all_of_it() -> None:
    calls, quick, again = log(0)
    terms = grouping.Terms(0.05, 0.95)
    rows = gather(calls, [quick, again]).assign(confidence=0.9)
    members = {"form": ("again",)} | dict.fromkeys(SMALL, ("quick",))
    plan = grouping.plan_tests(rows, members, terms)
    assert sum(plan.parts.values()) == pytest.approx(1)
    assert sorted(task for tasks in plan.groups.values() for task in tasks) + sorted(plan.left_out) == sorted(members)
