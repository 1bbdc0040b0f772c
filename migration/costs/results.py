"""The projection as tables: what is written, shown and summarised.

Knows: how the projection's arrays become frames.
Refuses to know: how a cost is computed. Every number can be followed: `sources` says which cell, price or parameter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from migration.artifacts import resolve
from migration.audit.prices import price_table
from migration.costs.article import Article
from migration.costs.before_after import PARTS, shares
from migration.costs.projection import (
    Projection,
    breakeven_calls,
    breakeven_months,
    project,
)
from migration.costs.worlds import Basis, Worlds
from migration.stats import Rate

MONTHS = 24


def fan(projections: dict[str, Projection], middle: dict[str, Projection]) -> pd.DataFrame:
    """projection.parquet: scenario, month, component, p10, p50, p90, expected (USD a month).

    `running` is `total` without `one_off`. `expected` is the central world: there a month's parts sum to its total;
    percentiles do not sum.
    """
    rows = []
    for name, one in projections.items():
        point = middle[name]
        for part in [*PARTS, "running", "total"]:
            if part not in ("running", "total") and part not in one.parts:
                continue
            values = _values(one, part)
            expected = _values(point, part)[0]
            low, mid, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
            month = np.arange(1, values.shape[1] + 1)
            rows.append(pd.DataFrame({"scenario": name, "month": month, "component": part, "p10": low, "p50": mid,
                                      "p90": high, "expected": expected}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _values(one: Projection, part: str) -> np.ndarray:
    return {"total": one.total, "running": one.running}.get(part, one.parts.get(part, np.zeros(0)))


def compare_scenarios(
    basis: Basis, projections: dict[str, Projection], middle: dict[str, Projection]
) -> pd.DataFrame:  # fmt: skip
    """scenarios.parquet: a row a scenario; USD a month are of a running month at today's volume."""
    stay, rows = projections["stay"], []
    for name, one in projections.items():
        scenario = basis.assumptions.scenarios[name]
        low, mid, high = np.quantile(one.running[:, 0], [0.1, 0.5, 0.9])
        saved = (stay.total - one.total).sum(axis=1)
        even = breakeven_months(stay, one) if scenario.route != "none" else np.full(len(saved), np.inf)
        first, half, last = np.quantile(even, [0.1, 0.5, 0.9], method="higher")
        from_calls, way = breakeven_calls(basis, name) if scenario.route != "none" else (None, "")
        kept = {"all": basis.slm_quality, "policy": basis.quality, "none": Rate(1.0, 1.0, 1.0, 0)}[scenario.route]
        rows.append(
            {
                "scenario": name,
                "title": scenario.title,
                "hosting": one.hosting if one.cards.any() or middle[name].parts["slm"].any() else "none",
                "cards": int(middle[name].cards[0, 0]),
                "llm_share": float(middle[name].llm_share[0, 0]),
                "llm_share_last": float(middle[name].llm_share[0, -1]),
                "quality": kept.value,
                "expected_usd_month": float(middle[name].running[0, 0]),
                "p10_usd_month": low,
                "p50_usd_month": mid,
                "p90_usd_month": high,
                "one_off_usd": float(middle[name].parts["one_off"].sum()),
                "saved_p10_usd": np.quantile(saved, 0.1),
                "saved_p50_usd": np.quantile(saved, 0.5),
                "saved_p90_usd": np.quantile(saved, 0.9),
                "saving_probability": float((saved > 0).mean()),
                "breakeven_month_p10": first,
                "breakeven_month_p50": half,
                "breakeven_month_p90": last,
                "breakeven_calls_month": from_calls,
                "breakeven_hosting": way,
            }
        )
    return pd.DataFrame(rows)


def before_after_table(stay: Projection, after: Projection) -> pd.DataFrame:
    """A running month before and after, every part, in the central world (month 1): part, before, after, difference."""
    rows = [
        (PARTS[part], float(stay.parts[part][0, 0]), float(after.parts[part][0, 0]))
        for part in PARTS
        if part != "one_off" and (stay.parts[part][0, 0] or after.parts[part][0, 0])
    ]
    table = pd.DataFrame(rows, columns=["part", "before", "after"])
    total = pd.DataFrame([("total", stay.running[0, 0], after.running[0, 0])], columns=table.columns)
    table = pd.concat([table, total], ignore_index=True)
    return table.assign(difference=table["after"] - table["before"])


def project_all(basis: Basis, worlds: Worlds, *, months: int = MONTHS) -> dict[str, Projection]:
    """Every scenario of the file in the same worlds."""
    return {name: project(basis, worlds, name, months=months) for name in basis.assumptions.scenarios}


def sources(basis: Basis, calls: pd.DataFrame, prices: str = "") -> pd.DataFrame:
    """Where each number comes from: columns number, value, from. Every input of the projection is a row."""
    terms, unsure, scale = basis.terms, basis.assumptions.uncertainty, basis.traffic.scale
    run, card, api = terms.running, terms.card, terms.api
    rows: list[tuple[str, Any, str]] = [
        ("cost of the log, USD", basis.traffic.lines["cost_usd"].sum(), "01 calls.parquet, sum of cost_usd"),
        ("calls in the log", len(calls), "01 calls.parquet, rows"),
        ("days the log covers", scale.days, f"01 calls.parquet, created_at: {scale.note}"),
        ("from the log to a month, times", scale.factor, "30.4375 days / days the log covers"),
    ]
    models = calls.loc[calls["cost_usd"] > 0, "model"].dropna().unique().tolist()
    at = calls["created_at"].max().date()
    listed: list[Any] = price_table(models, resolve(prices) if prices else None, at=at).to_dict("records")
    for price in listed:
        said = f"{price['source']}, price of {price['date']}" if price["source"] else "01 calls.parquet, cost as logged"
        value = f"{price['input_usd_m']:g} in, {price['output_usd_m']:g} out, {price['cached_usd_m']:g} cached"
        rows.append((f"price of {price['model']}, USD per 1M tokens", value, said))
    counted = basis.routes["n"].to_dict()
    for task, way in shares(basis.routes).to_dict("index").items():
        value = f"{way['slm']:.1%} SLM, {way['escalated']:.1%} both, {way['llm']:.1%} LLM"
        rows.append((f"routes of {task}", value, f"04 decisions.parquet, {counted[task]} calls"))
    quality = basis.quality
    rows += [
        ("quality under the policy", f"{quality.value:.1%} ({quality.low:.1%} to {quality.high:.1%})",
         "04 summary.json quality_retained, curve.parquet"),
        ("quality with all on the SLM", f"{basis.slm_quality.value:.1%}", "03, 02 predictions.parquet, agrees by task"),
        ("card: tokens a second, reading and writing", f"{card.prompt_tokens_per_s:,.0f} and "
         f"{card.completion_tokens_per_s:,.0f} over {card.streams} streams", f"scenarios cards: {card.source}"),
        ("card: price, rent an hour, watts", f"{card.price_usd:,.0f}, {card.rent_usd_hour:.2f}, {card.watts:.0f}",
         "scenarios cards: stated"),
        ("SLM through an API, USD per 1M tokens", f"{api.prompt_usd_per_m:g} in, {api.completion_usd_per_m:g} out",
         f"scenarios slm_api: {api.source}"),
        ("latency target, ms", terms.target_s * 1000, "parameter latency_target_ms"),
        ("spare cards", terms.redundancy, "parameter redundancy"),
        ("engineer time", f"{terms.engineer_hours_month:g} h a month at {terms.engineer_usd_hour:g} USD",
         "parameters engineer_hours_month, engineer_usd_hour"),
        ("a wrong answer costs, USD", terms.wrong_answer_usd, "parameter wrong_answer_usd (0: nothing is counted)"),
    ]  # fmt: skip
    rows += [(name.replace("_", " "), value, f"scenarios running: {name}") for name, value in run.model_dump().items()]
    rows += [
        (name.replace("_", " "), value if isinstance(value, float) else " / ".join(f"{v:g}" for v in value),
         f"scenarios uncertainty: {name}" + (", middle: parameter growth_month" if name == "growth_month" else ""))
        for name, value in unsure.model_dump().items()
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["number", "value", "from"])
    return table.assign(value=table["value"].map(lambda v: f"{v:,.6g}" if isinstance(v, int | float) else str(v)))


def mean_saving(middle: dict[str, Projection], name: str) -> float:
    """USD a month saved by scenario `name`, mean of the horizon, in the central world."""
    return float((middle["stay"].total - middle[name].total).mean())


def summary_of(
    scenarios: pd.DataFrame, options: pd.DataFrame, basis: Basis, article: Article, name: str = "hybrid"
) -> dict[str, Any]:
    """summary.json of the step; USD a month are of a running month at today's volume, one-off costs apart."""
    by: Any = scenarios.set_index("scenario")
    priced: Any = options
    chosen, stay = by.loc[name], by.loc["stay"]
    month, volume = float(chosen["breakeven_month_p50"]), chosen["breakeven_calls_month"]
    return {
        "before_usd_month": float(stay["expected_usd_month"]),
        "before_usd_month_p10": float(stay["p10_usd_month"]),
        "before_usd_month_p90": float(stay["p90_usd_month"]),
        "after_usd_month": float(chosen["expected_usd_month"]),
        "after_usd_month_p10": float(chosen["p10_usd_month"]),
        "after_usd_month_p50": float(chosen["p50_usd_month"]),
        "after_usd_month_p90": float(chosen["p90_usd_month"]),
        "one_off_usd": float(chosen["one_off_usd"]),
        "saving_probability": float(chosen["saving_probability"]),
        "breakeven_month": int(month) if np.isfinite(month) else None,
        "calls_month": float(basis.traffic.lines["calls"].sum() * basis.traffic.scale.factor),
        "breakeven_calls_month": float(volume) if pd.notna(volume) else None,
        "llm_share": float(chosen["llm_share"]),
        "hosting": chosen["hosting"],
        "cheapest_option": priced.loc[priced["usd_month"].idxmin(), "hosting"] if priced["usd_month"].any() else "none",
        "gpus": int(priced.loc[priced["hosting"] == "bought", "cards"].iloc[0]),
        "wrong_answer_usd": basis.terms.wrong_answer_usd,
        "article_saving_printed": article.saving_printed,
        "article_saving_corrected": article.saving_corrected,
    }
