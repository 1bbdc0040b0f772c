"""What other choices would have given on the same calls: the curve over thresholds, and plain baselines.

Every point: SLM share (of any rung below the LLM), quality (share of answers as the LLM's), USD per 1,000 calls, mean
wait in milliseconds. Out of scope: how confidences were learned, and what is guaranteed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from migration.markup import cut
from migration.routing.policy import LLM, SLM, Policy
from migration.routing.tuning.ladder import Ladder, build
from migration.routing.tuning.outcomes import requests_of
from migration.schema import CandidateKind
from migration.stats import weighted_rate

ARTICLE_THRESHOLD = 0.85
MOST_POINTS = 100


def ladder_of(policy: Policy, rows: pd.DataFrame) -> Ladder:
    """All calls of `rows` by the policy's rungs; a task that it does not route has none."""
    return build(
        rows, {str(t): tuple(r.candidate for r in policy.rungs.get(str(t), ())) for t in rows["task"].unique()}
    )


def curve(policy: Policy, rows: pd.DataFrame) -> pd.DataFrame:
    """The curve of one common threshold on calibrated confidence over all routed tasks.

    Returns threshold, slm_share, quality, quality_low, quality_high, cost_usd_per_1k, wait_ms; ascending, the last row
    is "all to the LLM". At most MOST_POINTS thresholds, evenly spread over the calls. An unknown price of the LLM
    makes every cost unknown. rows: outcomes, of `outcomes.gather`.
    """
    ladder = ladder_of(policy, rows)
    sure = ladder.confidence.max(1)
    tried = sure[sure >= 0]
    asked = np.unique(np.quantile(tried, np.linspace(0, 1, MOST_POINTS), method="lower")) if len(tried) else np.empty(0)
    thresholds = np.append(asked, np.nextafter(max(1.0, float(sure.max(initial=0.0))), 2))
    lost, kept, cost = ladder.lost_at(thresholds)
    waits = _waits(ladder, thresholds)
    weight, task = ladder.calls["weight"].to_numpy(float), ladder.calls["task"].to_numpy(str)
    share, conversation = weight / weight.sum(), ladder.calls["conversation"]
    priced = np.nan if ladder.calls["llm_cost"].isna().any() else 1.0
    rates = [weighted_rate(~lost[:, j], weight, task, cluster=conversation) for j in range(len(thresholds))]
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "slm_share": share @ kept,
            "quality": [rate.value for rate in rates],
            "quality_low": [min(rate.low, rate.value) for rate in rates],
            "quality_high": [max(rate.high, rate.value) for rate in rates],
            "cost_usd_per_1k": share @ cost * 1000 * priced,
            "wait_ms": share @ waits,
        }
    )


def _waits(ladder: Ladder, thresholds: np.ndarray) -> np.ndarray:
    """Milliseconds of each call under each threshold (n, m): every rung asked, and the LLM where none keeps it."""
    rows, rungs = np.arange(len(ladder)), ladder.confidence.shape[1]
    waited = np.where(ladder.confidence >= 0, ladder.ms, 0.0).cumsum(1)
    places = [ladder.rung_at(threshold) for threshold in thresholds]
    llm = ladder.calls["llm_ms"].fillna(0.0).to_numpy()
    return np.array([waited[rows, np.minimum(p, rungs - 1)] + (p == rungs) * llm for p in places]).T


def baselines(policy: Policy, rows: pd.DataFrame, fit: pd.DataFrame, *, max_loss: float) -> pd.DataFrame:
    """What plainer routers give on the same calls: name, slm_share, quality, cost_usd_per_1k, wait_ms.

    Each rung kind alone on every call that it answers, all to the LLM, the task rule (tasks whose best candidate's
    `fit` agreement is at least 1 - max_loss), an even random mix of the language model and the LLM, the article's 0.85
    on the answer's own mean token probability, each task's commonest answer, and an oracle that keeps just the right
    answers of each task's best candidate. rows, fit: outcomes, of `outcomes.gather`.
    """
    best = fit.groupby(["task", "candidate"])["agrees"].mean()
    rules = best.groupby("task").idxmax().map(lambda pair: pair[1]) if len(best) else pd.Series(dtype=object)
    own = rows[rows["candidate"] == rows["task"].map(rules)]
    model = rows[rows["candidate_kind"].isin([CandidateKind.SLM, CandidateKind.API])]
    model = model.sort_values("agrees", ascending=False).drop_duplicates(["call_id"]) if len(model) else model
    everything, right = np.ones(len(own), bool), own["agrees"].to_numpy(bool)
    ruled = own["task"].map(best.groupby("task").max()).fillna(0).to_numpy() >= 1 - max_loss
    found = [
        {"name": "all SLM", **_mark(own, everything, everything)},
        {"name": "all LLM", **_mark(own, ~everything, ~everything)},
        {"name": "task rule", **_mark(own, ruled, ruled)},
        {"name": "oracle", **_mark(own, right, right)},
    ]
    stated = np.exp(pd.to_numeric(own["mean_logprob"]).to_numpy(float, na_value=-np.inf)) >= ARTICLE_THRESHOLD
    found.append({"name": "article's 0.85", **_mark(own, stated, everything)})
    found.append({"name": "constant answer", **_mark(own.assign(agrees=_commonest(own, fit), slm_cost=0.0, slm_ms=0.0),
                                                     everything, everything)})  # fmt: skip
    middle = {key: (found[0][key] + found[1][key]) / 2 for key in found[0] if key != "name"}
    return pd.DataFrame([*found, {"name": "random half", **middle}])


def _commonest(rows: pd.DataFrame, fit: pd.DataFrame) -> np.ndarray:
    """Whether each task's commonest reference on `fit` is the reference of the row, bool (n,)."""
    common = fit.drop_duplicates("call_id").groupby("task")["reference"].agg(lambda answers: answers.mode().iloc[0])
    return (rows["reference"] == rows["task"].map(common)).to_numpy()


def _mark(rows: pd.DataFrame, kept: np.ndarray, tried: np.ndarray) -> dict[str, Any]:
    weight = (rows["traffic"] / rows.groupby("task")["call_id"].transform("size")).to_numpy(float)
    weight = weight / weight.sum()
    return {
        "slm_share": float(weight @ kept),
        "quality": float(1 - weight @ (kept & ~rows["agrees"].to_numpy(bool))),
        "cost_usd_per_1k": float(weight @ (tried * rows["slm_cost"] + ~kept * rows["llm_cost"])) * 1000,
        "wait_ms": float(weight @ (tried * rows["slm_ms"] + ~kept * rows["llm_ms"])),
    }


def by_task(decisions: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """How each task fared: task, rungs, threshold, n, slm_share, loss (all calls) and kept_error (kept calls) with
    intervals by conversation, traffic (share of all calls).

    decisions: of `evaluation.decide`.
    """
    total, out = decisions["weight"].sum(), []
    for task, here in decisions.groupby("task"):
        lost, kept = ~here["agrees"].to_numpy(bool), (here["model"] == SLM).to_numpy()
        conversation = here["conversation"].to_numpy(str)
        rate = weighted_rate(lost, cluster=conversation)
        error = weighted_rate(lost[kept], cluster=conversation[kept]) if kept.any() else None
        rungs = policy.rungs.get(str(task), ())
        out.append(
            {
                "task": task,
                "rungs": " > ".join([*(rung.candidate for rung in rungs), policy.llm]),
                "threshold": rungs[0].threshold if rungs else float("nan"),
                "n": len(here),
                "slm_share": float(kept.mean()),
                "loss": rate.value,
                "loss_low": rate.low,
                "loss_high": rate.high,
                "kept_error": error.value if error else float("nan"),
                "kept_error_low": error.low if error else float("nan"),
                "kept_error_high": error.high if error else float("nan"),
                "traffic": float(here["weight"].sum() / total),
            }
        )
    return pd.DataFrame(out).sort_values("traffic", ascending=False, ignore_index=True)


def by_rung(decisions: pd.DataFrame) -> pd.DataFrame:
    """Who answered: candidate, calls (in the sample), share (of the traffic), kept_error, cost_usd_per_1k (of the calls
    it answered, all rungs asked before it included), latency_ms (mean).

    decisions: of `evaluation.decide`.
    """
    weight = decisions["weight"] / decisions["weight"].sum()
    parts = {
        "wrong": ~decisions["agrees"].astype(bool),
        "usd": 1000 * decisions["cost_usd"],
        "ms": decisions["latency_ms"],
    }
    frame = decisions[["rung", "candidate"]].assign(
        calls=1, share=weight, **{name: weight * values for name, values in parts.items()}
    )
    table = frame.groupby(["rung", "candidate"], as_index=False).sum()
    table["order"] = table["rung"].where(table["rung"] >= 0, 99)
    table = table.sort_values(["order", "candidate"], ignore_index=True)
    of_own = {name: table[column] / table["share"] for name, column in
              (("kept_error", "wrong"), ("cost_usd_per_1k", "usd"), ("latency_ms", "ms"))}  # fmt: skip
    return table[["candidate", "calls", "share"]].assign(**of_own)


def examples(
    rows: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    mask: Callable[[list[str | None]], list[str | None]],
    count: int = 10,
    seed: int = 7,
) -> pd.DataFrame:
    """`count` kept and `count` escalated calls, masked and shortened, as a person would check them.

    rows: outcomes with messages; mask: replaces personal data in texts (`migration.audit.mask`). Returns decision,
    task, request, both answers, agrees, confidence. decisions: of `evaluation.decide`.
    """
    picked: Sequence[int] = []
    rng = np.random.default_rng(seed)
    for model in (SLM, LLM):
        here = np.flatnonzero((decisions["model"] == model) & decisions["tried_slm"])
        picked = [*picked, *sorted(rng.permutation(here)[:count])]
    chosen = decisions.iloc[list(picked)]
    places = rows.reset_index().groupby(["call_id", "candidate"])["index"].first()
    asked = rows.drop_duplicates("call_id", keep="last").set_index("call_id")["candidate"]
    names = np.where(chosen["model"] == SLM, chosen["candidate"], asked.reindex(chosen["call_id"]).to_numpy())
    shown = rows.loc[[places[pair] for pair in zip(chosen["call_id"], names, strict=True)]]

    def short(texts: Iterable[str | None]) -> list[str]:
        return [cut(" ".join((text or "").split()), 120) for text in mask(list(texts))]

    return pd.DataFrame(
        {
            "decision": np.where(chosen["model"] == SLM, "kept", "escalated"),
            "task": shown["task"].to_numpy(),
            "request": short(request.text for request in requests_of(shown)),
            "small model's answer": short(shown["output"]),
            "LLM's answer": short(shown["reference"]),
            "agrees": shown["agrees"].map({True: "yes", False: "no"}).to_numpy(),
            "confidence": shown["confidence"].round(2).to_numpy(),
        }
    )


__all__ = ["LLM", "baselines", "by_rung", "by_task", "curve", "examples", "ladder_of"]
