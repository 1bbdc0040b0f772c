"""Candidates side by side with the logged LLM, weighted to the traffic.

Knows: scored answers, traffic weights, prices of machine hours. Refuses to know: models, and prompts.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from migration.audit.waiting import conversation_waits
from migration.benchmark.scoreboard import Scoreboard
from migration.benchmark.scoring.scorers import macro_f1
from migration.benchmark.verdict import commonest, prospect, rate_of, verdict, verdicts
from migration.errors import NotEnoughCalls
from migration.schema import REPLAYED
from migration.stats import agreement_rate, holm, paired_bootstrap, paired_difference, weighted_rate

MACHINE_USD_HOUR = 0.205
"""A machine at USD 150 a month (the article's amortised GPU), 730 hours."""
IDENTITY = ("candidate_kind", "base", "adapter", "shots")
"""What a table says of a candidate beside its name (`schema.CandidateId`)."""
CLASSES = ((1, "any laptop (under 1 GB)"), (4, "laptop with 8 GB"), (10, "laptop with 16 GB"), (24, "one 24 GB GPU"))


def compare(
    scored: pd.DataFrame,
    calls: pd.DataFrame,
    *,
    margin: float = 0.05,
    facts: Mapping[str, Mapping[str, float | str]] | None = None,
    machine_usd_hour: float = MACHINE_USD_HOUR,
    names: Mapping[str, str] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Scoreboard:
    """Compare candidates that answered one and the same sample.

    scored: `scoring.score`'s frame with `weight`; calls: the log; margin: how much less agreement than the reference's
    own is still as good (fraction). facts: candidate -> `trial.facts`; a call of a candidate without a list price costs
    its share of a machine that is busy all the time. names: task -> the name people know. left_out: task -> why it was
    not asked. Raises NotEnoughCalls when nothing was answered.
    """
    if scored.empty:
        raise NotEnoughCalls("a comparison of candidates", 0, 1)
    facts = facts or {}
    replayed = calls[calls["kind"].isin(REPLAYED) & calls["task"].notna()]
    rows = []
    order = [task for task in replayed["task"].value_counts().index if task in set(scored["task"])]
    for name, answers in scored.groupby("candidate", sort=False):
        groups = dict(list(answers.groupby("task")))
        parts = [("ALL", answers)] + [(task, groups[task]) for task in order if task in groups]
        who = {column: answers[column].iloc[0] for column in IDENTITY if column in answers}
        rows += [
            _row(str(name), str(task), part, facts.get(str(name), {}), machine_usd_hour) | who for task, part in parts
        ]
    board = pd.DataFrame(rows)
    sampled = replayed[replayed["task"].isin(scored["task"].unique())]
    llm = f"{commonest(sampled['model'])} (logged)"
    reference = [("ALL", sampled)] + [(task, sampled[sampled["task"] == task]) for task in order]
    logged = pd.DataFrame([_logged(llm, str(task), group) for task, group in reference])
    prospects = {task: prospect(scored, replayed, task) for task in board["task"].unique()}
    board["verdict"] = [verdict(rate_of(row), margin, prospects[row["task"]])[0] for row in board.to_dict("records")]
    decided = verdicts(board, prospects, replayed, margin, names or {}, left_out or {})
    frame = pd.concat([logged.assign(verdict="the reference"), board], ignore_index=True)
    return Scoreboard(frame, decided, _tests(scored), margin, llm, {name: dict(fact) for name, fact in facts.items()})


def _row(name: str, task: str, part: pd.DataFrame, fact: Mapping[str, float | str], hourly: float) -> dict[str, object]:
    """One scoreboard row. Times are quantiles, tokens_per_s and cost are means, all weighted to the traffic."""
    weight, agrees = part["weight"].to_numpy(float), part["agrees"].to_numpy(bool)
    rate = weighted_rate(agrees, weight, part["task"].to_numpy()) if task == "ALL" else agreement_rate(agrees)
    p50, p95 = weighted_quantiles(part["latency_ms"], weight, (0.5, 0.95))
    seconds = part["compute_ms"].fillna(part["latency_ms"]).to_numpy(float) / 1e3
    known = np.isfinite(seconds)
    busy = float(weight[known] @ seconds[known])
    tokens = part["completion_tokens"].fillna(0).to_numpy(float)
    cost = busy / weight[known].sum() / 3600 * hourly * 1000 if known.any() else np.nan
    if "input_usd_m" in fact:
        read = float(weight @ part["prompt_tokens"].fillna(0).to_numpy(float))
        paid = read * float(fact["input_usd_m"]) + float(weight @ tokens) * float(fact["output_usd_m"])
        cost = paid / weight.sum() / 1e6 * 1000
    labelled = part[part["scorer"].isin(["label", "fields", "fields_set"])]
    weights = float(fact.get("memory_mb", np.nan))
    peak = weights + float(fact.get("peak_mb", 0.0))
    return {
        "candidate": name,
        "task": task,
        "n": len(part),
        "agreement": rate.value,
        "low": rate.low,
        "high": rate.high,
        "score": float(np.average(part["score"], weights=weight)),
        "p50_ms": p50,
        "p95_ms": p95,
        "tokens_per_s": float(weight[known] @ tokens[known] / busy) if busy else np.nan,
        "cost_usd_per_1k": cost,
        "macro_f1": macro_f1(labelled["output"].tolist(), labelled["reference"].tolist())
        if task != "ALL" and len(labelled)
        else np.nan,
        "errors": float(np.average(part["error"].notna(), weights=weight)),
        "memory_mb": weights,
        "peak_mb": peak,
        "hardware": _hardware(peak),
    }


def _logged(llm: str, task: str, group: pd.DataFrame) -> dict[str, object]:
    waits = group["latency_ms"].dropna()
    p50, p95 = waits.quantile([0.5, 0.95]) if len(waits) else (np.nan, np.nan)
    seconds = waits.sum() / 1e3
    return {
        "candidate": llm,
        "task": task,
        "n": len(group),
        "agreement": 1.0,
        "low": 1.0,
        "high": 1.0,
        "score": 1.0,
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "tokens_per_s": float(group.loc[waits.index, "completion_tokens"].sum() / seconds) if seconds else np.nan,
        "cost_usd_per_1k": float(group["cost_usd"].mean() * 1000),
        "macro_f1": np.nan,
        "errors": 0.0,
        "memory_mb": np.nan,
        "peak_mb": np.nan,
        "hardware": "the provider's",
    }


def weighted_quantiles(values: pd.Series, weights: np.ndarray, at: tuple[float, ...]) -> list[float]:
    """Quantiles of a weighted sample (inverse of its distribution function); NaN where no value is known."""
    x = values.to_numpy(float)
    known = np.isfinite(x)
    if not known.any():
        return [np.nan] * len(at)
    x, w = x[known], weights[known]
    order = np.argsort(x)
    reached = np.cumsum(w[order]) / w.sum()
    return [float(x[order][min(np.searchsorted(reached, q - 1e-12), len(x) - 1)]) for q in at]


def _hardware(peak_mb: float) -> str:
    if not np.isfinite(peak_mb):
        return "unknown"
    return next((name for gigabytes, name in CLASSES if peak_mb <= gigabytes * 1000), "several GPUs")


def _tests(scored: pd.DataFrame) -> pd.DataFrame:
    """Every pair of candidates on every task: exact McNemar, Newcombe's interval; `ALL` by weighted bootstrap."""
    columns = ["task", "first", "second", "difference", "low", "high", "p_value", "p_holm", "n"]
    order = list(scored["candidate"].unique())
    rows = []
    for task, part in [*scored.groupby("task"), ("ALL", scored)]:
        agrees = part.pivot(index="call_id", columns="candidate", values="agrees")
        heaviest = part.sort_values("weight", ascending=False).drop_duplicates("call_id")
        calls = heaviest.set_index("call_id").loc[agrees.index]
        for first, second in combinations([c for c in order if c in agrees], 2):
            both = agrees[[first, second]].dropna().astype(bool)  # a classifier answers calls that no model was asked
            a, b = both[first].to_numpy(bool), both[second].to_numpy(bool)
            if task == "ALL":
                found = paired_bootstrap(
                    a, b, weights=calls["weight"][both.index].to_numpy(), strata=calls["task"][both.index].to_numpy()
                )
            else:
                found = paired_difference(a, b)
            rows.append((task, first, second, found.value, found.low, found.high, found.p_value, np.nan, found.n))
    tests = pd.DataFrame(rows, columns=columns)
    return tests.assign(p_holm=holm(tests["p_value"].to_numpy())) if len(tests) else tests


def differing(scored: pd.DataFrame, calls: pd.DataFrame, candidate: str, *, n: int = 20) -> pd.DataFrame:
    """`n` calls where a candidate's answer differs from the reference, the tasks taking turns, personal data masked.

    Columns: task, asked (the last message), reference, answer, score; texts cut to 280 characters.
    """
    from migration.audit.pii import mask

    rows = scored[(scored["candidate"] == candidate) & ~scored["agrees"].astype(bool) & scored["output"].notna()]
    turn = rows.groupby("task").cumcount()
    shown = rows.assign(_turn=turn).sort_values(["_turn", "task"]).head(n)
    asked: dict[str, Any] = dict(zip(calls["call_id"], calls["messages"], strict=True))
    last = [str(asked[call][-1]["content"] or "") for call in shown["call_id"]]
    texts: dict[str, list[str]] = {
        "asked": last,
        "reference": shown["reference"].tolist(),
        "answer": shown["output"].tolist(),
    }
    masked = {column: [_short(text) for text in mask(values)] for column, values in texts.items()}
    return pd.DataFrame({"task": shown["task"].to_numpy(), **masked, "score": shown["score"].to_numpy()})


def _short(text: str, most: int = 280) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def pipeline_latency(scored: pd.DataFrame, calls: pd.DataFrame, candidate: str, *, seed: int = 7) -> pd.DataFrame:
    """What a customer waits over a whole logged conversation, call after call: the LLM against a candidate.

    Columns: conversation_id, calls, asked (calls of tasks with an answer), llm_ms, candidate_ms. A call that the
    candidate answered counts with its own measured latency, another with one drawn from its task's; a task that was not
    asked keeps the LLM's. Conversations with a call whose latency was not logged are left out.
    """
    own = scored[(scored["candidate"] == candidate) & scored["latency_ms"].notna()]
    replayed = calls[calls["kind"].isin(REPLAYED)].copy()
    replayed["slm_ms"] = replayed["call_id"].map(own.set_index("call_id")["latency_ms"])
    rng = np.random.default_rng(seed)
    for task, waits in own.groupby("task")["latency_ms"]:
        empty = replayed.index[(replayed["task"] == task) & replayed["slm_ms"].isna()]
        replayed.loc[empty, "slm_ms"] = rng.choice(waits.to_numpy(float), len(empty))
    replayed["asked"] = replayed["slm_ms"].notna()
    replayed["slm_ms"] = replayed["slm_ms"].fillna(replayed["latency_ms"])
    waits = conversation_waits(replayed.assign(asked=replayed["asked"].astype(int)), ["latency_ms", "slm_ms", "asked"])
    named = waits.rename(columns={"latency_ms": "llm_ms", "slm_ms": "candidate_ms"}).rename_axis("conversation_id")
    return named.reset_index()[["conversation_id", "calls", "asked", "llm_ms", "candidate_ms"]]
