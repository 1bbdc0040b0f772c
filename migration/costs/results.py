"""The projection as tables: what is written, shown and summarised.

Knows: how the projection's arrays become frames.
Refuses to know: how a cost is computed. Every number can be followed: `sources` says which cell, price or parameter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from migration.costs.article import Article
from migration.costs.before_after import PARTS
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

    Components are the parts, `total`, `running` (total without `one_off`) and `saved` (running, against staying in the
    same world). `expected` is the central world: there a month's parts sum to its total; percentiles do not sum.
    """
    rows = []
    for name, one in projections.items():
        drawn, point = _components(one, projections["stay"]), _components(middle[name], middle["stay"])
        for part, values in drawn.items():
            low, mid, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
            month = np.arange(1, values.shape[1] + 1)
            rows.append(pd.DataFrame({"scenario": name, "month": month, "component": part, "p10": low, "p50": mid,
                                      "p90": high, "expected": point[part][0]}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _components(one: Projection, stay: Projection) -> dict[str, np.ndarray]:
    return one.parts | {"running": one.running, "total": one.total, "saved": stay.running - one.running}


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
