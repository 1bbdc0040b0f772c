"""From outcomes to a policy: who answers what, what is guaranteed, and how it does on calls it has not seen."""

import json

import numpy as np
import pandas as pd
import pytest

from migration.audit.unit_price import UnitPrice
from migration.errors import BadInput, NotEnoughCalls
from migration.figures.routing import pareto_picture
from migration.routing import (
    Limits,
    Policy,
    baselines,
    by_rung,
    by_task,
    curve,
    decide,
    evaluate,
    gather,
    present,
    tune,
)
from migration.routing.tuning.grouping import LOW_VOLUME, rule_out
from migration.routing.tuning.ladder import build
from migration.routing.tuning.outcomes import tool_names
from migration.schema import parts_of, split_of

ACCURACY = {"intent": 0.93, "route": 0.95, "scope": 0.7, "reply": 0.02, "rare": 0.9}
MIX = {"intent": 0.45, "route": 0.25, "scope": 0.2, "reply": 0.07, "rare": 0.03}


def run(n: int, seed: int = 0, accuracy: dict[str, float] = ACCURACY) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """calls, and predictions of 02 (base) and 03 (tuned) as the contract has them."""
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
        task_type="classification", candidate="small, tuned", candidate_kind="slm", base="small", adapter="a",
        shots=0, output=np.where(right, "x", "y"), reference="x",
        score=right.astype(float), agrees=right, latency_ms=180.0, mean_logprob=logprob, min_logprob=4 * logprob,
        mean_entropy=-logprob, margin=np.nan, error=None, weight=1.0, masked=True,
    )  # fmt: skip
    tuned = tuned[calls["split"] != "train"]
    base = tuned.assign(candidate="small", adapter="", agrees=tuned["agrees"] & (rng.random(len(tuned)) < 0.1))
    return calls, [base, tuned]


def tuned_policy(n: int = 4000, seed: int = 0, accuracy: dict[str, float] = ACCURACY, **options):
    calls, predictions = run(n, seed, accuracy)
    asked = {"llm": "large", "max_loss": 0.05, "confidence_level": 0.95} | options
    return calls, tune(gather(calls, predictions), **asked)


@pytest.fixture(scope="module")
def tuned():
    return tuned_policy(8000)[1]


def test_what_is_guaranteed_holds_on_unseen_calls(tuned) -> None:
    test = tuned.rows[tuned.rows["part"] == "test"]
    result = evaluate(tuned.policy, test)
    assert tuned.decision == "route"
    assert result.loss.value <= 0.05
    assert result.kept_error.value <= 0.10
    assert result.slm_share > 0.3
    assert result.cost < result.all_llm_cost
    assert tuned.policy.unproved() is None
    assert "5%" in present.guarantee_sentence(tuned)
    assert "within both limits" in present.test_sentence(tuned, result)
    assert present.decision_sentence(tuned, result).startswith("Route ")
    assert "shifted" not in present.decision_sentence(tuned, result)
    assert "guarantee does not cover it" in present.decision_sentence(tuned, result, shifted=True)


def test_hopeless_and_pinned_tasks_are_not_tried(tuned) -> None:
    assert "reply" not in tuned.policy.rungs
    assert "agrees often enough" in tuned.ruled_out["reply"]
    _, pinned = tuned_policy(1500, pinned=["intent"])
    decisions = decide(pinned.policy, pinned.rows)
    assert (decisions.loc[decisions["task"] == "intent", "model"] == "llm").all()
    assert rule_out(pinned.rows, ["intent"])["intent"] == "pinned to the LLM"


def test_running_text_that_nothing_judges_gets_no_guarantee() -> None:
    calls, predictions = run(3000)
    rows = gather(calls, [frame.assign(provable=frame["task"] != "intent") for frame in predictions])
    tuned = tune(rows, llm="large", max_loss=0.05, confidence_level=0.95)
    assert "intent" not in tuned.policy.rungs
    assert "shown, not judged" in present.why_not(tuned)


def test_the_parts_share_no_conversation(tuned) -> None:
    assert tuned.rows.groupby("conversation_id")["part"].nunique().max() == 1
    assert parts_of(["c"], ["test"]) == ["test"]
    parts = parts_of([f"c{i}" for i in range(1000)], ["calibration"] * 1000)
    assert 200 < parts.count("fit") < 300


def test_the_policy_file_decides_as_the_tuned_one(tuned) -> None:
    again = Policy.from_dict(json.loads(json.dumps(tuned.policy.to_json())))
    first, second = decide(tuned.policy, tuned.rows), decide(again, tuned.rows)
    assert (first["candidate"] == second["candidate"]).all()
    assert again.version == tuned.policy.version
    assert again.candidates["small, tuned"].masked, "what was measured masked is masked where it serves"


def test_a_weak_slm_is_not_routed_and_the_reason_is_given() -> None:
    _, weak = tuned_policy(1500, accuracy=dict.fromkeys(ACCURACY, 0.1), max_loss=0.01)
    assert weak.decision == "do not route"
    result = evaluate(weak.policy, weak.rows)
    assert (result.slm_share, result.loss.value) == (0.0, 0.0)
    assert result.cost == pytest.approx(result.all_llm_cost)
    assert present.decision_sentence(weak, result).startswith("Do not route")


def test_few_calls_say_how_many_more() -> None:
    _, few = tuned_policy(240, accuracy=dict.fromkeys(ACCURACY, 0.995))
    assert few.decision == "do not route"
    assert few.choices[LOW_VOLUME].more_labels > 0
    assert "more labelled calls" in present.guarantee_sentence(few)


def test_low_volume_tasks_are_proved_together(tuned) -> None:
    groups = dict(zip(tuned.groups["group"], tuned.groups["tasks"], strict=True))
    assert groups["intent"] == 1
    assert groups[LOW_VOLUME] >= 1


def test_each_task_has_the_best_candidate_of_a_kind() -> None:
    calls, (base, tuned) = run(3000)
    base.loc[base["task"] == "scope", "agrees"] = True
    both = tune(
        gather(calls, [base, tuned[tuned["task"] != "rare"]]), llm="large", max_loss=0.05, confidence_level=0.95
    )
    assert both.members["scope"] == ("small",)
    assert both.members["intent"] == ("small, tuned",)


def test_a_cheap_sure_classifier_comes_before_the_language_model() -> None:
    """The classifier is sure and right on half of the calls, the language model on most: together they keep more."""
    calls, (_, model) = run(6000, accuracy={**ACCURACY, "intent": 0.97})
    sure = np.random.default_rng(3).random(len(model)) < 0.5
    quick = model.assign(
        candidate="quick", candidate_kind="classifier", adapter="", base="quick", mean_logprob=np.nan,
        min_logprob=np.nan, mean_entropy=np.nan, latency_ms=2.0,
        confidence_raw=np.where(sure, 0.99, 0.4) + np.random.default_rng(4).normal(0, 0.003, len(model)),
        agrees=np.where(sure, True, np.random.default_rng(5).random(len(model)) < 0.4),
    )  # fmt: skip
    asked = {"llm": "large", "max_loss": 0.05, "confidence_level": 0.95}
    alone = tune(gather(calls, [model], prices={"small, tuned": UnitPrice(1.0, 1.0)}), **asked)
    ladder = tune(gather(calls, [model, quick], prices={"small, tuned": UnitPrice(1.0, 1.0)}), **asked)
    assert ladder.members["intent"] == ("quick", "small, tuned")
    results = [evaluate(each.policy, each.rows[each.rows["part"] == "test"]) for each in (alone, ladder)]
    assert results[1].slm_share > results[0].slm_share
    assert results[1].milliseconds < results[0].milliseconds
    shares = by_rung(results[1].decisions).set_index("candidate")["share"]
    assert shares.sum() == pytest.approx(1)
    assert shares["quick"] > 0.2


def test_each_tasks_weights_add_up_to_its_traffic(tuned) -> None:
    for part in ("choose", "test"):
        rows = tuned.rows[tuned.rows["part"] == part]
        calls = build(rows, tuned.members).calls
        expected = rows.drop_duplicates("task").set_index("task")["traffic"]
        for task, total in calls.groupby("task")["weight"].sum().items():
            assert total == pytest.approx(expected[task])


def test_without_answers_there_is_nothing_to_route() -> None:
    calls, (base, _) = run(300)
    with pytest.raises(NotEnoughCalls):
        gather(calls, [base.iloc[:0]])
    with pytest.raises(NotEnoughCalls):
        gather(calls, [base.assign(call_id="none")])


def test_limits_hold_in_the_tuned_policy() -> None:
    _, limited = tuned_policy(1500, limits=Limits(context_tokens=150))
    decisions = decide(limited.policy, limited.rows).set_index("call_id")
    long = limited.rows.loc[limited.rows["prompt_tokens"] > 150, "call_id"].unique()
    assert (decisions.loc[long, "model"] == "llm").all()
    assert (decisions.loc[long, "stage"] == "limit").all()


def test_an_unknown_price_is_unknown_and_not_zero(tmp_path) -> None:
    calls, predictions = run(1500)
    rows = gather(calls.assign(cost_usd=np.nan), predictions)
    unpriced = tune(rows, llm="large", max_loss=0.05, confidence_level=0.95)
    test = unpriced.rows[unpriced.rows["part"] == "test"]
    result = evaluate(unpriced.policy, test)
    assert np.isnan(result.all_llm_cost)
    table = curve(unpriced.policy, test)
    assert table["cost_usd_per_1k"].isna().all()
    if unpriced.decision == "route":
        assert "unknown" in present.decision_sentence(unpriced, result)
    picture = pareto_picture(table, baselines(unpriced.policy, test, test, max_loss=0.05), result.point(), tmp_path)
    assert "unknown" in picture.title
    some = calls.assign(cost_usd=calls["cost_usd"].where(calls["task"] != "rare"))
    assert gather(some, predictions)["llm_cost"].notna().all()


def test_broken_answers_are_escalated(tuned) -> None:
    assert evaluate(tuned.policy, tuned.rows.assign(error="timeout")).slm_share == 0.0


def test_the_curve_holds_the_policy_and_plain_routers_lie_beside_it(tuned) -> None:
    test = tuned.rows[tuned.rows["part"] == "test"]
    table = curve(tuned.policy, test)
    assert table["threshold"].is_monotonic_increasing
    assert ((table["quality_low"] <= table["quality"]) & (table["quality"] <= table["quality_high"])).all()
    assert table["quality"].iloc[-1] == pytest.approx(1.0)
    assert table["slm_share"].iloc[-1] == 0.0
    plain = baselines(tuned.policy, test, tuned.rows[tuned.rows["part"] == "fit"], max_loss=0.05).set_index("name")
    result = evaluate(tuned.policy, test)
    assert plain.loc["oracle", "quality"] == 1.0
    assert plain.loc["oracle", "cost_usd_per_1k"] < result.cost < plain.loc["all LLM", "cost_usd_per_1k"]
    assert plain.loc["constant answer", "quality"] == 1.0  # the fixture's LLM always says the same
    per_task = by_task(result.decisions, tuned.policy)
    assert per_task["traffic"].sum() == pytest.approx(1)
    assert (per_task["slm_share"] * per_task["traffic"]).sum() == pytest.approx(result.slm_share)


def test_pinned_takes_ids_names_and_types_and_refuses_an_unknown_word() -> None:
    tasks = pd.DataFrame({"task": ["t1", "t2"], "name": ["Route mail", "Greet"], "task_type": ["routing", "faq"]})
    assert present.resolve_pinned(["t1", "Greet", "routing"], tasks) == ["t1", "t2"]
    with pytest.raises(BadInput, match="'Route mial' is no task, name or type"):
        present.resolve_pinned(["Route mial"], tasks)


def test_tool_names_of_a_logged_request() -> None:
    assert tool_names('[{"type":"function","function":{"name":"book"}},{"name":"cancel"}]') == ("book", "cancel")
    assert tool_names(None) == ()
