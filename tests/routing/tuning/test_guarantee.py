"""From outcomes to a policy: who answers what, what is promised, and how it does on calls it has not seen."""

import json

import numpy as np
import pandas as pd
import pytest

from migration.errors import NotEnoughCalls
from migration.figures.routing import pareto_picture
from migration.routing import (
    Limits,
    Policy,
    baselines,
    by_task,
    curve,
    decision_sentence,
    evaluate,
    gather,
    pareto,
    promise_sentence,
    shift,
    shift_sentence,
    tune,
)  # fmt: skip
from migration.routing import (
    test_sentence as sentence_of_test,
)
from migration.routing.tuning.guarantee import THIN, group_tasks, rule_out
from migration.routing.tuning.outcomes import part_of, tool_names
from migration.schema import split_of

ACCURACY = {"intent": 0.93, "route": 0.95, "scope": 0.7, "reply": 0.02, "rare": 0.9}
MIX = {"intent": 0.45, "route": 0.25, "scope": 0.2, "reply": 0.07, "rare": 0.03}


def run(n: int, seed: int = 0, accuracy: dict[str, float] = ACCURACY) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """calls, and predictions of 02 (base) and 03 (base+tuned) as the contract has them."""
    rng = np.random.default_rng(seed)
    task = rng.choice(list(MIX), n, p=list(MIX.values()))
    conversation = [f"c{i // 3}" for i in range(n)]
    doubt = rng.normal(size=n)
    odds = np.log([accuracy[t] / (1 - accuracy[t]) for t in task])
    right = rng.random(n) < 1 / (1 + np.exp(-(odds - 1.5 * doubt)))
    calls = pd.DataFrame(
        {
            "call_id": [f"k{i}" for i in range(n)],
            "conversation_id": conversation,
            "created_at": pd.date_range("2026-01-01", periods=n, freq="7min", tz="UTC"),
            "model": "large",
            "kind": "chat",
            "task": task,
            "messages": [[{"role": "user", "content": f"my order {i} is late"}] for i in range(n)],
            "prompt_tokens": rng.integers(20, 300, n),
            "completion_tokens": 10,
            "latency_ms": 1200.0,
            "cost_usd": rng.uniform(5e-4, 1e-3, n),
            "complexity": 0.5,
            "split": [split_of(c) for c in conversation],
        }
    )
    logprob = -0.05 - np.exp(-1.5 + doubt + rng.normal(0, 0.4, n))
    tuned = calls[["call_id", "task", "prompt_tokens", "completion_tokens"]].assign(
        task_type="classification", candidate="small+tuned", output=np.where(right, "x", "y"), reference="x",
        score=right.astype(float), agrees=right, latency_ms=180.0, mean_logprob=logprob, min_logprob=4 * logprob,
        mean_entropy=-logprob, margin=np.nan, error=None, weight=1.0,
    )  # fmt: skip
    tuned = tuned[calls["split"] != "train"]
    base = tuned.assign(candidate="small", agrees=tuned["agrees"] & (rng.random(len(tuned)) < 0.1))
    return calls, [base, tuned]


def tuned_policy(n: int = 4000, seed: int = 0, accuracy: dict[str, float] = ACCURACY, **options):
    calls, predictions = run(n, seed, accuracy)
    rows = gather(calls, predictions, tuned="small+tuned", base="small")
    asked = {"slm": "small+tuned", "llm": "large", "max_loss": 0.05, "confidence_level": 0.95} | options
    return calls, tune(rows, **asked)


@pytest.fixture(scope="module")
def tuned():
    return tuned_policy()[1]


def test_what_is_promised_is_kept_on_unseen_calls(tuned) -> None:
    test = tuned.rows[tuned.rows["part"] == "test"]
    result = evaluate(tuned.policy, test)
    assert tuned.decision == "route"
    assert result.loss <= 0.05
    assert result.slm_share > 0.4
    assert result.cost < result.all_llm_cost
    assert tuned.policy.guarantee["test_loss"] == pytest.approx(result.loss)
    assert "5%" in promise_sentence(tuned)
    assert "within" in sentence_of_test(tuned, result)
    assert decision_sentence(tuned, result).startswith("Route ")
    assert "shifted" not in decision_sentence(tuned, result)
    assert "the promise does not cover it" in decision_sentence(tuned, result, shifted=True)


def test_hopeless_and_pinned_tasks_are_not_tried(tuned) -> None:
    assert tuned.policy.rules["reply"] == "llm"
    _, pinned = tuned_policy(1500, pinned=["intent"])
    decisions = evaluate(pinned.policy, pinned.rows).decisions
    assert (decisions.loc[decisions["task"] == "intent", "model"] == "llm").all()
    assert set(rule_out(pinned.rows[pinned.rows["part"] == "fit"], ["intent", "new"])) >= {"intent", "new"}


def test_the_parts_share_no_conversation(tuned) -> None:
    parts = tuned.rows.groupby("conversation_id")["part"].nunique()
    assert parts.max() == 1
    assert part_of("c", "test") == "test"
    halves = [part_of(f"c{i}", "calibration") for i in range(1000)]
    assert 400 < halves.count("fit") < 600


def test_the_policy_file_decides_as_the_tuned_one(tuned) -> None:
    again = Policy.from_dict(json.loads(json.dumps(tuned.policy.to_dict())))
    first, second = evaluate(tuned.policy, tuned.rows), evaluate(again, tuned.rows)
    assert (first.decisions["model"] == second.decisions["model"]).all()


def test_a_weak_slm_is_not_routed_and_the_reason_is_given() -> None:
    _, weak = tuned_policy(1500, accuracy=dict.fromkeys(ACCURACY, 0.1), max_loss=0.01)
    assert weak.decision == "do not route"
    result = evaluate(weak.policy, weak.rows)
    assert (result.slm_share, result.loss) == (0.0, 0.0)
    assert result.cost == pytest.approx(result.all_llm_cost)
    assert decision_sentence(weak, result).startswith("Do not route")


def test_few_calls_say_how_many_more() -> None:
    _, few = tuned_policy(150, accuracy=dict.fromkeys(ACCURACY, 0.995))
    assert few.decision == "do not route"
    assert few.choices[THIN].more_labels > 0
    assert "more labelled calls" in promise_sentence(few)


def test_thin_tasks_are_promised_together() -> None:
    choose = pd.DataFrame({"task": ["big"] * 900 + ["thin"] * 30 + ["other"] * 20})
    groups = group_tasks(choose, ["other"], max_loss=0.05, delta=0.05)
    assert groups == {"big": ["big"], THIN: ["thin"]}


def test_the_better_of_base_and_tuned_answers_each_task() -> None:
    calls, (base, tuned) = run(3000)
    base.loc[base["task"] == "scope", "agrees"] = True
    rows = gather(calls, [base, tuned[tuned["task"] != "rare"]], tuned="small+tuned", base="small")
    answered = rows.groupby("task")["candidate"].unique()
    assert list(answered["scope"]) == ["small"]
    assert list(answered["rare"]) == ["small"]
    assert list(answered["intent"]) == ["small+tuned"]
    assert not rows["call_id"].duplicated().any()


def test_without_step_03_the_best_candidate_is_taken() -> None:
    calls, (base, tuned) = run(600)
    rows = gather(calls, [pd.concat([base, tuned.assign(candidate="other")])])
    assert set(rows["candidate"]) == {"other"}
    with pytest.raises(NotEnoughCalls):
        gather(calls, [base.iloc[:0], tuned[tuned["call_id"] == "none"], base[base["call_id"] == "none"].head(0)])


def test_limits_hold_in_the_tuned_policy() -> None:
    _, limited = tuned_policy(1500, limits=Limits(context_tokens=150))
    decisions = evaluate(limited.policy, limited.rows).decisions
    long = limited.rows["prompt_tokens"].to_numpy() > 150
    assert (decisions["model"][long] == "llm").all()
    assert (decisions["stage"][long] == "limit").all()


def test_an_unknown_price_is_unknown_and_not_zero(tmp_path) -> None:
    calls, predictions = run(1500)
    rows = gather(calls.assign(cost_usd=np.nan), predictions, tuned="small+tuned", base="small")
    unpriced = tune(rows, slm="small+tuned", llm="large", max_loss=0.05, confidence_level=0.95)
    test = unpriced.rows[unpriced.rows["part"] == "test"]
    result = evaluate(unpriced.policy, test)
    assert np.isnan(result.cost)
    assert curve(unpriced.policy, test)["cost_usd_per_1k"].isna().all()
    assert "unknown" in decision_sentence(unpriced, result)
    plain = baselines(unpriced.policy, test, test, max_loss=0.05)
    picture = pareto_picture(pareto(unpriced.policy, test), plain, result.point(), tmp_path)
    assert "unknown" in picture.title
    some = calls.assign(cost_usd=calls["cost_usd"].where(calls["task"] != "rare"))
    assert gather(some, predictions, tuned="small+tuned")["llm_cost"].notna().all()


def test_what_is_measured_on_the_test_part_speaks_for_the_traffic(tuned) -> None:
    """Its tasks have the weights of all parts, however the split fell; the other parts' weights are as they were."""
    test, rest = (tuned.rows[tuned.rows["part"].eq("test") == side].groupby("task") for side in (True, False))
    np.testing.assert_allclose(test["weight"].sum(), tuned.rows.groupby("task").size())
    np.testing.assert_allclose(rest["weight"].sum(), rest.size())


def test_broken_answers_are_escalated(tuned) -> None:
    rows = tuned.rows.assign(error="timeout")
    assert evaluate(tuned.policy, rows).slm_share == 0.0


def test_the_curve_and_the_front_hold_the_policy(tuned) -> None:
    test = tuned.rows[tuned.rows["part"] == "test"]
    table = curve(tuned.policy, test)
    assert table["threshold"].is_monotonic_increasing
    assert table["cost_usd_per_1k"][:-1].is_monotonic_increasing
    assert (
        table["cost_usd_per_1k"].iloc[-1] < table["cost_usd_per_1k"].max()
    )  # where nothing is tried, nothing is wasted
    assert ((table["quality_low"] <= table["quality"]) & (table["quality"] <= table["quality_high"])).all()
    assert table["quality"].iloc[-1] == 1.0
    front = pareto(tuned.policy, test)
    assert front["quality"].is_monotonic_increasing
    assert ((front["quality_low"] <= front["quality"]) & (front["quality"] <= front["quality_high"])).all()
    assert front["quality_low"].iloc[0] < front["quality_high"].iloc[0]
    plain = baselines(tuned.policy, test, tuned.rows[tuned.rows["part"] == "fit"], max_loss=0.05).set_index("name")
    result = evaluate(tuned.policy, test)
    assert plain.loc["oracle", "quality"] == 1.0
    assert plain.loc["oracle", "cost_usd_per_1k"] < result.cost < plain.loc["all LLM", "cost_usd_per_1k"]
    per_task = by_task(test, result.decisions, tuned.policy)
    assert per_task["traffic"].sum() == pytest.approx(1)
    assert (per_task["slm_share"] * per_task["traffic"]).sum() == pytest.approx(result.slm_share)


def test_shift_is_seen_where_it_is_and_only_there() -> None:
    calls, _ = run(3000)
    same = shift(calls.iloc[::2], calls.iloc[1::2])
    assert not same["shifted"].any()
    assert "applies" in shift_sentence(same)
    moved = calls.iloc[1::2].copy()
    moved.loc[moved.index[:700], "task"] = "reply"
    found = shift(calls.iloc[::2], moved)
    assert list(found.loc[found["shifted"], "property"]) == ["task mix"]
    assert shift_sentence(found).startswith("Warning")
    assert shift(calls.iloc[:2], calls.iloc[:2]).empty


def test_tool_names_of_a_logged_request() -> None:
    assert tool_names('[{"type":"function","function":{"name":"book"}},{"name":"cancel"}]') == ("book", "cancel")
    assert tool_names(None) == ()
