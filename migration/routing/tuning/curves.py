"""What other choices would have given: the curve over thresholds, the front over both scores, and plain baselines.

Knows: outcomes with their confidence and gain. Refuses to know: how they were learned, and what is promised.
Every point is of the same calls: SLM share, quality (share of answers as good as the LLM's), USD per 1,000 calls,
mean wait in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from migration.routing.policy.router import LLM, Policy
from migration.routing.tuning.outcomes import requests_of
from migration.routing.tuning.sweeping import sweep
from migration.stats import wilson

ARTICLE_THRESHOLD = 0.85
MOST_POINTS = 300


def confidence_in(policy: Policy, rows: pd.DataFrame, gate: float | None = None) -> np.ndarray:
    """Confidence of each row, -1 where the task's rule, a limit or the score before the call already chose the LLM."""
    ruled = np.array([policy.rules.get(task, LLM) == LLM for task in rows["task"]], bool)
    blocked = ruled | rows["limited"].to_numpy(bool)
    if gate is not None:
        blocked |= rows["gain"].to_numpy() > gate
    return np.where(blocked, -1.0, rows["confidence"].to_numpy())


def points(rows: pd.DataFrame, confidence: np.ndarray) -> pd.DataFrame:
    """Every threshold on these calls: threshold, slm_share, quality, cost_usd_per_1k, wait_ms; ascending.

    A call with confidence below 0 never reaches the SLM, so its attempt is neither paid nor waited for. The last row
    is "all to the LLM".
    """
    tried = confidence >= 0
    weight = rows["weight"].to_numpy(float)
    agrees, ones = rows["agrees"].to_numpy(float), np.ones(len(rows))
    paid = np.where(rows["llm_cost"].isna().any(), np.nan, 1.0)  # an unknown price makes every cost unknown
    money, time = (
        sweep(confidence, agrees, ones, _known(rows[a]) * tried, _known(rows[b]), weight=weight)
        for a, b in (("slm_cost", "llm_cost"), ("slm_ms", "llm_ms"))
    )
    table = pd.DataFrame(
        {
            "threshold": money["threshold"],
            "slm_share": money["slm_share"],
            "quality": money["quality"],
            "cost_usd_per_1k": money["cost"] * 1000 * paid,
            "wait_ms": time["cost"],
        }
    )
    total = weight.sum()
    nobody = {
        "threshold": np.nextafter(max(1.0, float(confidence.max())), 2),
        "slm_share": 0.0,
        "quality": 1.0,
        "cost_usd_per_1k": float(weight @ _known(rows["llm_cost"]) / total * 1000 * paid),
        "wait_ms": float(weight @ _known(rows["llm_ms"])) / total,
    }
    return pd.concat([table[table["threshold"] >= 0], pd.DataFrame([nobody])], ignore_index=True)


def _known(values: pd.Series) -> np.ndarray:
    return values.fillna(0.0).to_numpy(float)


def curve(policy: Policy, rows: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """The curve of one common threshold on calibrated confidence, with Wilson intervals of the quality.

    Tasks that the policy sends to the LLM stay there. At most MOST_POINTS thresholds, evenly spread over the calls.
    """
    table = points(rows, confidence_in(policy, rows, policy.score_limit))
    weight = rows["weight"].to_numpy(float)
    effective = max(1, round(weight.sum() ** 2 / float(weight @ weight)))
    kept = np.unique(np.linspace(0, len(table) - 1, MOST_POINTS).astype(int))
    table = table.iloc[kept].reset_index(drop=True)
    rates = [wilson(round(quality * effective), effective, level=level) for quality in table["quality"]]
    return table.assign(
        quality_low=[min(rate.low, q) for rate, q in zip(rates, table["quality"], strict=True)],
        quality_high=[max(rate.high, q) for rate, q in zip(rates, table["quality"], strict=True)],
    )


def pareto(policy: Policy, rows: pd.DataFrame, *, gates: int = 12, resamples: int = 500, seed: int = 0) -> pd.DataFrame:
    """The front over (score before the call x confidence of the answer): no point has more quality for less money.

    Returns the points of `points` with `gate` (the most expected gain that still tries the SLM) and quality_low,
    quality_high (95%, by bootstrap over the calls), cheapest first.
    Notes: the front is the best seen on these calls, so its points are a little better than they would be on others;
    the interval is of each point, not of the choice.
    """
    limits = [None, *np.quantile(rows["gain"], np.linspace(0.1, 0.95, gates))]
    tables = [points(rows, confidence_in(policy, rows, gate)).assign(gate=gate) for gate in limits]
    table = pd.concat([table.astype({"gate": float}) for table in tables], ignore_index=True)
    priced = table["cost_usd_per_1k"].notna().all()
    table = table.assign(price=table["cost_usd_per_1k"] if priced else -table["slm_share"])
    table = table.sort_values(["price", "quality"], ascending=[True, False]).drop(columns="price")
    best = table["quality"].cummax().shift(fill_value=-1.0)
    front = table[table["quality"] > best].reset_index(drop=True)
    return front.assign(**_quality_interval(policy, rows, front, resamples, seed))


def _quality_interval(
    policy: Policy, rows: pd.DataFrame, front: pd.DataFrame, resamples: int, seed: int
) -> dict[str, np.ndarray]:
    """95% interval of each front point's quality: percentiles over draws of the calls with replacement."""
    n, weight, wrong = len(rows), rows["weight"].to_numpy(float), ~rows["agrees"].to_numpy(bool)
    gates = front["gate"].astype(object).where(front["gate"].notna(), None)
    confidence = {gate: confidence_in(policy, rows, gate) for gate in set(gates)}
    pairs = zip(gates, front["threshold"], strict=True)
    lost = np.column_stack([wrong & (confidence[gate] >= threshold) for gate, threshold in pairs])
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples) * weight
    quality = 1 - (times @ lost) / times.sum(1, keepdims=True)
    low, high = np.quantile(quality, [0.025, 0.975], axis=0)
    seen = front["quality"].to_numpy()  # sums in another order may differ from it by a rounding error
    return {"quality_low": np.minimum(low, seen), "quality_high": np.maximum(high, seen)}


def baselines(policy: Policy, rows: pd.DataFrame, fit: pd.DataFrame, *, max_loss: float) -> pd.DataFrame:
    """What plainer routers give on the same calls: name, slm_share, quality, cost_usd_per_1k, wait_ms.

    All SLM, all LLM, the task rule alone (tasks whose `fit` agreement is at least 1 - max_loss), an even random mix,
    the article's 0.85 on the answer's own mean token probability, and the oracle that keeps just the right answers.
    """
    rates = fit.groupby("task")["agrees"].mean()
    by_task = rows["task"].map(rates).fillna(0).to_numpy() >= 1 - max_loss
    agrees = rows["agrees"].to_numpy(bool)
    everything = np.ones(len(rows), bool)
    stated = np.exp(pd.to_numeric(rows["mean_logprob"]).to_numpy(float, na_value=-np.inf)) >= ARTICLE_THRESHOLD
    ways: list[tuple[str, np.ndarray, np.ndarray]] = [
        ("all SLM", everything, everything),
        ("all LLM", ~everything, ~everything),
        ("task rule", by_task, by_task),
        ("article's 0.85", stated, everything),
        ("oracle", agrees, agrees),
    ]
    table = pd.DataFrame([{"name": name, **_mark(rows, kept, tried)} for name, kept, tried in ways])
    middle = table.iloc[:2].drop(columns="name").mean().to_dict()
    return pd.concat([table, pd.DataFrame([{"name": "random half", **middle}])], ignore_index=True)


def _mark(rows: pd.DataFrame, kept: np.ndarray, tried: np.ndarray) -> dict[str, float]:
    weight = rows["weight"].to_numpy(float) / rows["weight"].sum()
    return {
        "slm_share": float(weight @ kept),
        "quality": float(1 - weight @ (kept & ~rows["agrees"].to_numpy(bool))),
        "cost_usd_per_1k": float(weight @ (tried * rows["slm_cost"] + ~kept * rows["llm_cost"])) * 1000,
        "wait_ms": float(weight @ (tried * rows["slm_ms"] + ~kept * rows["llm_ms"])),
    }


def by_task(rows: pd.DataFrame, decisions: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """How each task fared: task, rule, threshold, n, agreement of the SLM, share kept, loss with Wilson interval."""
    kept = (decisions["model"] == "slm").to_numpy()
    lost = kept & ~rows["agrees"].to_numpy(bool)
    out = []
    for task, here in rows.groupby("task").indices.items():
        rate = wilson(int(lost[here].sum()), len(here))
        out.append(
            {
                "task": task,
                "rule": policy.rules.get(str(task), LLM),
                "threshold": policy.thresholds.get(str(task), float("nan")),
                "n": len(here),
                "slm_agreement": float(rows["agrees"].to_numpy(bool)[here].mean()),
                "slm_share": float(kept[here].mean()),
                "loss": rate.value,
                "loss_low": rate.low,
                "loss_high": rate.high,
                "traffic": float(rows["weight"].to_numpy()[here].sum() / rows["weight"].sum()),
            }
        )
    return pd.DataFrame(out).sort_values("traffic", ascending=False, ignore_index=True)


def examples(
    rows: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    mask: Callable[[list[str | None]], list[Any]],
    count: int = 10,
    seed: int = 7,
) -> pd.DataFrame:
    """`count` kept and `count` escalated calls, masked and shortened, as a person would check them.

    mask: replaces personal data in texts (`migration.audit.mask`). Returns decision, task, request, both answers,
    agrees, confidence.
    """
    picked: Sequence[int] = []
    rng = np.random.default_rng(seed)
    for model in ("slm", "llm"):
        here = np.flatnonzero((decisions["model"] == model) & decisions["tried_slm"])
        picked = [*picked, *sorted(rng.permutation(here)[:count])]
    shown = rows.iloc[list(picked)]

    def short(texts: Iterable[str | None]) -> list[str]:
        words = [" ".join((text or "").split()) for text in mask(list(texts))]
        return [text if len(text) <= 120 else text[:119] + "…" for text in words]

    return pd.DataFrame(
        {
            "decision": np.where(decisions["model"].iloc[list(picked)] == "slm", "kept", "escalated"),
            "task": shown["task"].to_numpy(),
            "request": short(request.text for request in requests_of(shown)),
            "SLM's answer": short(shown["output"]),
            "LLM's answer": short(shown["reference"]),
            "agrees": shown["agrees"].map({True: "yes", False: "no"}).to_numpy(),
            "confidence": shown["confidence"].round(2).to_numpy(),
        }
    )
