"""From a run folder to tables: what is read, what is asked for, what is written, and where each number comes from."""

import json

import numpy as np
import pandas as pd
import papermill
import pytest
from shops import draw_decisions, draw_log, draw_shop
from traced import untraced

from migration.artifacts import open_step
from migration.costs import reading, scenarios
from migration.costs.alternatives import compare, plans, project_all
from migration.costs.projection import central, simulate
from migration.errors import BadInput
from migration.files import PROJECT
from migration.schema.tables import PROJECTION

PARAMETERS = {
    "gpu": "rtx4090",
    "latency_target_ms": 2000.0,
    "redundancy": 0,
    "engineer_hours_month": 4.0,
    "engineer_usd_hour": 100.0,
    "wrong_answer_usd": 0.0,
    "log_share": 1.0,
}


def write_run(folder, calls, decisions, *, share: float):
    """What steps 01 to 04 leave, as far as 05 reads it."""
    extra = {
        "messages": [[{"role": "user", "content": "a long rule, then this"}]] * len(calls),
        "response": "x",
        "task_type": "other",
        "complexity": 0.5,
        "split": "test",
    }
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
    open_step(folder, "03_qlora_finetune").finish({"tuned": "small+tuned", "base_model": "small"}, decision="x")
    step = open_step(folder, "04_router_tuning")
    ids = {"call_id": [f"d{i}" for i in range(len(decisions))], "confidence": 0.9, "complexity": 0.5}
    step.write("decisions.parquet", decisions.assign(reason="", **ids))
    at = np.linspace(0, 1, 11)
    curve = {"threshold": at, "slm_share": 1 - at, "quality": 0.8 + 0.2 * at, "quality_low": 0.75 + 0.2 * at,
             "quality_high": np.minimum(0.84 + 0.2 * at, 1), "cost_usd_per_1k": 1 + 3 * at}  # fmt: skip
    step.write("curve.parquet", pd.DataFrame(curve))
    policy = {"version": 2, "llm": "gpt-4o", "candidates": {"small": {"kind": "slm"}}}
    (step.path / "policy.json").write_text(json.dumps(policy))
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
    calls = reading.read_calls(step)
    return reading.read_basis(step, calls, scenarios.read_assumptions(), {**PARAMETERS, **changes}), calls, step


def test_the_quality_is_what_04_measured_and_speeds_are_what_02_timed(run):
    basis, calls, _ = basis_of(run)
    assert "messages" not in calls
    movable = calls[calls["kind"].isin(["chat", "scoring", "retry"])]
    tried = movable["task"].isin(basis.ladder.counts.index).mean()
    assert basis.quality.value == pytest.approx(1 - tried * 0.03)
    assert (basis.terms.cpu.prompt_tokens_per_s, basis.terms.cpu.completion_tokens_per_s) == pytest.approx((400, 25))


@pytest.mark.parametrize(
    ("name", "value"),
    [("redundancy", -1), ("engineer_usd_hour", float("nan")), ("gpu", "abacus"), ("log_share", 0.0)],
)
def test_impossible_parameters_are_named(run, name, value):
    with pytest.raises(BadInput, match=name):
        basis_of(run, **{name: value})


def test_alternatives_are_made_of_what_the_run_holds(run):
    basis, calls, step = basis_of(run)
    known = reading.read_known(step, basis, calls, offline=["reply"])
    assert known.prefix["intent"] == 1.0
    assert known.offline == {"reply"}
    found = plans(basis, known)
    assert {"stay", "stay_batch", "hybrid"} <= set(found)
    assert not any(name.startswith("api_") for name in found)  # 02 measured none with a list price
    assert "hybrid_api" not in found  # no price of the tuned model is given
    with pytest.raises(BadInput, match="batch_tasks: 'nothing'"):
        reading.read_known(step, basis, calls, offline=["nothing"])


def test_one_price_for_each_candidate_wherever_it_is_used(run):
    _, _, step = basis_of(run)
    prices = reading.unit_prices(step, scenarios.read_assumptions(), hosting="cpu")
    expected = scenarios.slm_price(scenarios.read_assumptions(), "cpu", speed=(400.0, 25.0))
    assert prices["small"].document() == pytest.approx(expected.document())
    assert reading.unit_prices(step, scenarios.read_assumptions())["small"].source.startswith("rtx4090 rented")
    assert prices["small"].usd(1e6, 1e6) == pytest.approx(0.09 / 3600 * 1e6 * (1 / 400 + 1 / 25))
    assert "other" not in prices


def test_an_endpoint_that_is_sent_masks_has_the_price_of_its_model(run, monkeypatch):
    asked = pd.DataFrame([{"candidate": "gpt-4o-mini masked", "candidate_kind": "api", "base": "gpt-4o-mini"}])
    _, _, step = basis_of(run)
    monkeypatch.setattr(reading, "read_predictions", lambda step: asked)
    price = reading.unit_prices(step, scenarios.read_assumptions())["gpt-4o-mini masked"]
    assert price.usd(1e6, 1e6) == pytest.approx(0.15 + 0.6)


def test_weekly_reviews_say_how_the_llm_share_fell(tmp_path):
    assert reading.read_weeks("") is None
    file = tmp_path / "weeks.csv"
    pd.DataFrame({"week": range(5), "llm_share": 0.3 * 0.9 ** np.arange(5)}).to_csv(file, index=False)
    assert reading.read_weeks(file) == pytest.approx((0.9**4, 4.0))
    review = {"week": ["2026-W01", "2026-W02", "2026-W03"] * 2, "group": ["a"] * 3 + ["b"] * 3, "calls": [10] * 6,
              "slm_share": [0.5, 0.6, 0.7] * 2}  # fmt: skip
    pd.DataFrame(review).to_parquet(tmp_path / "review.parquet")
    left, weeks = reading.read_weeks(tmp_path / "review.parquet")
    assert weeks == 2
    assert left == pytest.approx(0.6, abs=0.01)
    for text, said in (("a,b\n1,2\n", "week and llm_share"), ("week,llm_share\n1,.2\n", "needs 3")):
        (tmp_path / "odd.csv").write_text(text)
        with pytest.raises(BadInput, match=said):
            reading.read_weeks(tmp_path / "odd.csv")


def test_all_of_it_together_on_one_run(run):
    basis, calls, step = basis_of(run)
    found = plans(basis, reading.read_known(step, basis, calls), falls=(0.6, 6.0))
    many, middle = (project_all(basis, sims, found) for sims in (simulate(basis, 40, seed=0), central(basis)))
    table = compare(many, middle, least_quality=0.95)
    assert table["winner"].sum() == 1
    assert table["scenario"].iloc[0] == "stay"
    assert "hybrid_reviewed" in set(table["scenario"])


@pytest.mark.slow
@pytest.mark.parametrize("routed", [True, False])
def test_the_notebook_runs_and_keeps_the_contract(tmp_path, routed):
    rng = np.random.default_rng(3)
    shop = draw_shop(rng)
    decisions, calls = draw_decisions(shop, rng), draw_log(shop, rng)
    if not routed:
        decisions = decisions.assign(model="llm", candidate="gpt-4o", tried=[[]] * len(decisions))
        calls.loc[:20, ["model", "cost_usd"]] = ["our-own-7b", np.nan]  # no price is known: the step goes on
    run = write_run(tmp_path / "run", calls, decisions, share=0.5 * routed)
    book = PROJECT / "notebooks" / "05_cost_projection.ipynb"
    given = {"run_dir": str(run), "simulations": 150, "xlsx": routed, "currency": "EUR", "currency_rate": 0.9}
    papermill.execute_notebook(book, tmp_path / "out.ipynb", parameters=given, progress_bar=False)
    folder = run / "05_cost_projection"
    assert untraced(tmp_path / "out.ipynb", folder, given) == []
    projection, compared = (pd.read_parquet(folder / f"{n}.parquet") for n in ("projection", "scenarios"))
    assert set(PROJECTION.names) <= set(projection)
    assert set(projection["month"]) == set(range(1, 25))
    assert compared.set_index("scenario").loc["stay", "saving_probability"] == 0
    summary = json.loads((folder / "summary.json").read_text())
    assert {"before_usd_month", "after_usd_month_p10", "after_usd_month_p50", "after_usd_month_p90",
            "saving_probability", "breakeven_month"} <= set(summary)  # fmt: skip
    assert len(list((folder / "figures").glob("*.png"))) == 4
    assert (folder / "cost_model.xlsx").exists() == routed
    if not routed:
        assert summary["decision"].startswith("Stay with the LLM")
        assert summary["unpriced_calls"] == 21
        assert summary["after_usd_month_p50"] == pytest.approx(summary["before_usd_month"], rel=0.05)
        assert summary["one_off_usd"] == pytest.approx(5.0)
