"""From a run folder to tables: what is read, what is asked for, what is written, and where each number comes from."""

import json

import numpy as np
import pandas as pd
import papermill
import pytest
from shops import draw_decisions, draw_log, draw_shop
from traced import untraced

from migration.artifacts import PROJECT, open_step
from migration.costs import inputs, results, scenarios
from migration.costs import present as words
from migration.costs.article import check_article
from migration.costs.projection import hosting_options, project
from migration.costs.worlds import central, draw_worlds
from migration.errors import BadInput
from migration.schema.tables import PROJECTION
from migration.stats import Rate

TERMS = {
    "gpu": "rtx4090",
    "latency_target_ms": 2000.0,
    "redundancy": 0,
    "engineer_hours_month": 4.0,
    "engineer_usd_hour": 100.0,
    "wrong_answer_usd": 0.0,
}


def write_run(folder, calls, decisions, *, share: float):
    """What steps 01 to 04 leave, as far as 05 reads it."""
    extra = {"messages": None, "response": "x", "task_type": "other", "complexity": 0.5, "split": "test"}
    extra |= {"cached_tokens": 0.0, "cache_hit": False, "service_tier": None, "logged_cost_usd": np.nan}
    step = open_step(folder, "01_traffic_audit")
    step.write("calls.parquet", calls.assign(**extra))
    tasks = pd.DataFrame({"task": calls["task"].unique()}).assign(
        name="n", task_type="other", kind="chat", calls=1, conversations=1, prompt_tokens=1, completion_tokens=1,
        cost_usd=1.0, p50_ms=1.0, p95_ms=1.0, complexity=0.5, route_hint="slm",
    )  # fmt: skip
    step.write("tasks.parquet", tasks)
    step.finish({}, decision="x")
    step = open_step(folder, "02_candidate_benchmark")
    rng = np.random.default_rng(0)
    asked, said = rng.integers(50, 500, 80), rng.integers(5, 90, 80)
    answers = pd.DataFrame({"call_id": [f"c{i}" for i in range(80)], "candidate": "small", "task": "intent",
                            "task_type": "other", "output": "x", "reference": "x", "score": 1.0, "agrees": True,
                            "latency_ms": 1000 * (asked / 400 + said / 25), "prompt_tokens": asked,
                            "completion_tokens": said, "mean_logprob": -1.0, "min_logprob": -1.0, "mean_entropy": 1.0,
                            "margin": 1.0, "error": None})  # fmt: skip
    step.write("predictions.parquet", answers)
    step.finish({}, decision="x")
    open_step(folder, "03_qlora_finetune").finish({"tuned": "small+tuned"}, decision="x")
    step = open_step(folder, "04_router_tuning")
    ids = {"call_id": [f"d{i}" for i in range(len(decisions))], "confidence": 0.9, "complexity": 0.5}
    step.write("decisions.parquet", decisions.assign(**ids))
    at = np.linspace(0, 1, 11)
    curve = {"threshold": at, "slm_share": 1 - at, "quality": 0.8 + 0.2 * at, "quality_low": 0.75 + 0.2 * at,
             "quality_high": np.minimum(0.84 + 0.2 * at, 1), "cost_usd_per_1k": 1 + 3 * at}  # fmt: skip
    step.write("curve.parquet", pd.DataFrame(curve))
    (step.path / "policy.json").write_text(json.dumps({"version": 1, "slm": "small+tuned", "llm": "gpt-4o"}))
    said = {
        "slm_share": share,
        "quality_retained": 0.97,
        "test_loss_low": 0.01,
        "test_loss_high": 0.05,
        "test_calls": 200,
    }
    step.finish(said, decision="x")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rng = np.random.default_rng(11)
    shop = draw_shop(rng)
    return write_run(tmp_path_factory.mktemp("run"), draw_log(shop, rng), draw_decisions(shop, rng), share=0.5)


def basis_of(run, **changes):
    step = open_step(run, "05_cost_projection")
    calls = step.read("01_traffic_audit/calls.parquet")
    return inputs.read_basis(step, calls, scenarios.read_assumptions(), **{**TERMS, **changes}), calls


def test_the_quality_is_what_04_measured_with_its_interval(run):
    basis, _ = basis_of(run)
    assert (basis.quality.value, basis.quality.low, basis.quality.high) == pytest.approx((0.97, 0.95, 0.99))
    assert basis.slm_quality.value == 1.0
    assert basis.slm_quality.low < 1.0


def test_tasks_that_no_small_model_was_tried_on_keep_the_llms_quality():
    calls = pd.DataFrame({"kind": ["chat", "chat", "retry", "chat", "embedding"], "task": ["a", "b", "a", "b", "a"]})
    routes = pd.DataFrame({"n": [9]}, index=["a"])
    quality = inputs.of_all_calls(Rate(0.9, 0.8, 0.96, 50), calls, routes)
    assert (quality.value, quality.low, quality.high) == pytest.approx((0.95, 0.90, 0.98))


def test_a_measured_card_has_the_speeds_that_02_timed(run):
    card = basis_of(run, gpu="this_machine")[0].terms.card
    assert (card.prompt_tokens_per_s, card.completion_tokens_per_s) == pytest.approx((400, 25), rel=1e-6)
    assert card.measured


@pytest.mark.parametrize(
    ("name", "value"), [("redundancy", -1), ("engineer_usd_hour", float("nan")), ("gpu", "abacus")]
)
def test_impossible_parameters_are_named(run, name, value):
    with pytest.raises(BadInput, match=name):
        basis_of(run, **{name: value})


def test_contract_prices_reprice_every_call(run, tmp_path):
    _, calls = basis_of(run)
    (tmp_path / "ours.yaml").write_text("models: {gpt-4o: {input: 1.0, output: 2.0}}")
    ours = inputs.reprice(calls, str(tmp_path / "ours.yaml"))
    assert ours["cost_usd"].sum() == pytest.approx(
        (calls["prompt_tokens"].sum() * 1.0 + calls["completion_tokens"].sum() * 2.0) / 1e6
    )
    assert inputs.reprice(calls, "") is calls


def test_weekly_reviews_replace_what_the_article_states(tmp_path):
    file = tmp_path / "weeks.csv"
    pd.DataFrame({"week": [0, 1, 2, 3], "slm_share": [0.6, 0.7, 0.75, 0.8]}).to_csv(file, index=False)
    fitted = inputs.read_weeks(str(file), scenarios.read_assumptions()).scenarios["hybrid_iterating"].iteration
    assert fitted.source == "fitted to 4 weekly reviews"
    assert fitted.end < fitted.start
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="week and llm_share"):
        inputs.read_weeks(str(tmp_path / "odd.csv"), scenarios.read_assumptions())


def test_the_decision_says_plainly_what_a_tiny_bill_means(run):
    basis, _ = basis_of(run)
    drawn, middle = draw_worlds(basis, 100, seed=0), central(basis)
    compared = results.compare_scenarios(basis, *(results.project_all(basis, w) for w in (drawn, middle)))
    summary = results.summary_of(compared, hosting_options(basis, "hybrid"), basis, check_article())
    said = words.decision(summary, 24)
    assert said.startswith("Do not migrate for the money")
    assert "calls a month" in said
    assert summary["saving_probability"] == 0.0
    assert summary["breakeven_month"] is None
    assert summary["breakeven_calls_month"] > summary["calls_month"]
    stay = project(basis, middle, "stay").total[0, 0]
    assert summary["before_usd_month"] == pytest.approx(stay)


@pytest.mark.slow
@pytest.mark.parametrize("routed", [True, False])
def test_the_notebook_runs_and_keeps_the_contract(tmp_path, routed):
    rng = np.random.default_rng(3)
    shop = draw_shop(rng)
    decided = draw_decisions(shop, rng)
    if not routed:
        decided = decided.assign(model="llm", tried_slm=False)
    run = write_run(tmp_path / "run", draw_log(shop, rng), decided, share=0.5 * routed)
    book = PROJECT / "notebooks" / "05_cost_projection.ipynb"
    given = {"run_dir": str(run), "worlds": 150, "xlsx": routed, "currency": "EUR", "currency_rate": 0.9}
    papermill.execute_notebook(book, tmp_path / "out.ipynb", parameters=given, progress_bar=False)
    folder = run / "05_cost_projection"
    assert untraced(tmp_path / "out.ipynb", folder, given) == []
    projection, compared = (pd.read_parquet(folder / f"{n}.parquet") for n in ("projection", "scenarios"))
    assert set(PROJECTION.names) <= set(projection)
    assert set(projection["month"]) == set(range(1, 25))
    assert compared.set_index("scenario").loc["stay", "saving_probability"] == 0
    summary = json.loads((folder / "summary.json").read_text())
    assert len(list((folder / "figures").glob("*.png"))) == 4
    assert (folder / "cost_model.xlsx").exists() == routed
    if not routed:
        assert summary["decision"].startswith("Stay with the LLM")
        assert summary["after_usd_month_p50"] == pytest.approx(summary["before_usd_month"], rel=0.05)
        assert summary["one_off_usd"] == pytest.approx(5.0)
