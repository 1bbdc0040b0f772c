"""Candidates side by side with the logged LLM, weighted to the traffic.

Out of scope: models, prompts, and how the result is presented (`scoreboard`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from migration.audit.waiting import conversation_waits
from migration.benchmark.scoreboard import Scoreboard
from migration.benchmark.scoring.forms import plain
from migration.benchmark.scoring.scorers import macro_f1
from migration.benchmark.verdict import columns_of, commonest, prospect, rate_of, verdict, verdicts
from migration.errors import NotEnoughCalls
from migration.markup import cut
from migration.schema import REPLAYED, CandidateKind, Part, Verdict, parts_of
from migration.stats import Rate, constant_rate, holm, kappa, paired_difference, simultaneous, weighted_rate

CONSTANT = "constant answer"
"""The baseline's name: each task's commonest answer, whatever is asked."""
MACHINE_USD_HOUR = 0.205
"""A machine at USD 150 a month (the article's amortised GPU), 730 hours."""
IDENTITY = ("candidate_kind", "base", "adapter", "shots", "examples", "masked")
"""What a table says of a candidate beside its name (`schema.CandidateId`)."""
LEAST_FLOOR = 0.5
"""Below it agreement says nothing: an LLM that contradicts itself more often than not is no reference."""
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
    ceilings: Mapping[str, Rate] | None = None,
) -> Scoreboard:
    """Compare candidates that answered one and the same sample.

    scored: `scoring.score`'s frame with `weight`; calls: the log; margin: how much less agreement than the reference's
    own is still as good (fraction). facts: candidate -> `trial.facts`; a call of a candidate without a list price costs
    its share of a machine that is busy all the time. names: task -> the name people know. left_out: task -> why it was
    not asked. ceilings: task -> how often the LLM agrees with itself there; the margin is taken from its upper end,
    else from 1. Raises NotEnoughCalls when nothing was answered.
    """
    if scored.empty:
        raise NotEnoughCalls("a comparison of candidates", 0, 1)
    facts = facts or {}
    known = calls.set_index("call_id")["conversation_id"] if "conversation_id" in calls else pd.Series(dtype=object)
    scored = scored.assign(conversation_id=scored["call_id"].map(known).fillna(scored["call_id"]))
    replayed = calls[calls["kind"].isin(REPLAYED) & calls["task"].notna()]
    sampled = replayed[replayed["task"].isin(scored["task"].unique())]
    order = [str(task) for task in sampled["task"].value_counts().index]
    rows = [
        row
        for name, answers in scored.groupby("candidate", sort=False)
        for row in _rows(str(name), _parts(answers, order), facts.get(str(name), {}), machine_usd_hour)
    ]
    board = pd.DataFrame(rows)
    prospects = {task: prospect(scored, replayed, task) for task in board["task"].unique()}
    own = {task: max(LEAST_FLOOR, rate.high - margin) for task, rate in (ceilings or {}).items()}
    board = _judged(board.assign(floor=board["task"].map(own).fillna(1 - margin)))
    told = [verdict(row, prospects[row["task"]]) for row in board.to_dict("records")]
    board = board.assign(verdict=[str(each.verdict) for each in told], more_calls=[each.more_calls for each in told])
    decided = verdicts(board, prospects, replayed, names or {}, left_out or {})
    decided["floor"] = decided["task"].map(own).fillna(1 - margin)
    llm = f"{commonest(sampled['model'])} (logged)"
    logged = pd.DataFrame([_logged(llm, task, group) for task, group in _parts(sampled, order)])
    asked = scored.sort_values("weight", ascending=False).drop_duplicates("call_id")
    constant = pd.DataFrame([_constant(task, group) for task, group in _parts(asked, order)])
    frame = pd.concat([logged.assign(verdict=str(Verdict.REFERENCE)), constant, board], ignore_index=True)
    base = base_candidate(scored, facts)
    return Scoreboard(frame, decided, _tests(scored), margin, llm, facts, base)


def base_candidate(scored: pd.DataFrame, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """The candidate to build on, chosen on `fit` calls alone, which nothing is proved or reported on.

    The small model that agrees most often over the traffic; among those whose interval there reaches its rate, the
    largest, which has most to tune. Rows with examples in the prompt do not count; without a small model it is the best
    of the other kinds. Without a `fit` call all calls are looked at. scored: of `score`: candidate, agrees, weight,
    task, conversation_id and, where known, shots, candidate_kind, split.
    """
    rows = scored[scored["shots"].fillna(0) == 0] if "shots" in scored else scored
    if "candidate_kind" in rows and (rows["candidate_kind"] == CandidateKind.SLM).any():
        rows = rows[rows["candidate_kind"] == CandidateKind.SLM]
    if "split" in rows:
        fit = rows[np.array(parts_of(rows["conversation_id"], rows["split"])) == Part.FIT]
        rows = fit if set(fit["candidate"]) == set(rows["candidate"]) else rows
    rates = {
        str(name): weighted_rate(own["agrees"], own["weight"], own["task"], cluster=own["conversation_id"])
        for name, own in rows.groupby("candidate", sort=False)
    }
    top = max(rates, key=lambda name: rates[name].value)
    level = [name for name, rate in rates.items() if rate.high >= rates[top].value]
    return max(level, key=lambda name: (float(facts.get(name, {}).get("parameters") or 0), name == top))


def _parts(rows: pd.DataFrame, order: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """(`ALL`, `rows`), and (task, its rows) of each task in `order` that has some."""
    groups = {str(task): own for task, own in rows.groupby("task")}
    return [("ALL", rows), *((task, groups[task]) for task in order if task in groups)]


def _constant(task: str, calls: pd.DataFrame) -> dict[str, object]:
    """The row of "each task's commonest answer, whatever is asked": what is trivial to reach, and costs nothing."""
    answers = [plain(str(reference)) for reference in calls["reference"]]
    rate = constant_rate(answers, calls["weight"], calls["task"], cluster=calls["conversation_id"])
    return {
        "candidate": CONSTANT, "task": task, **columns_of(rate), "score": rate.value, "p50_ms": 0.0,
        "p95_ms": 0.0, "cost_usd_per_1k": 0.0, "errors": 0.0,
        "verdict": str(Verdict.BASELINE),
    }  # fmt: skip


def _judged(board: pd.DataFrame) -> pd.DataFrame:
    """`board` (each row with its floor) with p_reaches, p_short (one-sided, corrected for candidates x tasks; `ALL`
    rows among themselves) and questions (how many were corrected together)."""
    parts = []
    for _, rows in board.groupby(board["task"] == "ALL"):
        found = simultaneous([rate_of(row) for row in rows.to_dict("records")], rows["floor"].tolist())
        p = {"p_reaches": [each.p_reaches for each in found], "p_short": [each.p_short for each in found]}
        parts.append(rows.assign(questions=len(rows), **p))
    return pd.concat(parts).sort_index()


def _rows(
    name: str, parts: list[tuple[str, pd.DataFrame]], fact: Mapping[str, float | str], hourly: float
) -> list[dict[str, object]]:
    """A candidate's scoreboard rows, with its identity. parts: of `_parts`."""
    (_, whole), *_ = parts
    who = {column: whole[column].iloc[0] for column in IDENTITY if column in whole}
    return [_row(name, task, part, fact, hourly) | who for task, part in parts]


def _row(name: str, task: str, part: pd.DataFrame, fact: Mapping[str, float | str], hourly: float) -> dict[str, object]:
    """One scoreboard row. Times are quantiles, tokens_per_s and cost are means, all weighted to the traffic."""
    weight, agrees = part["weight"].to_numpy(float), part["agrees"].to_numpy(bool)
    rate = weighted_rate(agrees, weight, part["task"], cluster=part["conversation_id"])
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
        **columns_of(rate),
        "score": float(np.average(part["score"], weights=weight)),
        "p50_ms": p50,
        "p95_ms": p95,
        "tokens_per_s": float(weight[known] @ tokens[known] / busy) if busy else np.nan,
        "cost_usd_per_1k": cost,
        **(_of_labels(labelled) if task != "ALL" and len(labelled) else {"macro_f1": np.nan, "kappa": np.nan}),
        "errors": float(np.average(part["error"].notna(), weights=weight)),
        "provable": float(part["provable"].mean()) if "provable" in part else 1.0,
        "memory_mb": weights,
        "peak_mb": peak,
        "hardware": _hardware(peak),
    }


def _of_labels(labelled: pd.DataFrame) -> dict[str, float]:
    """Macro-F1, and agreement beyond chance, on answers that are labels or fields."""
    said, wanted = ([plain(str(text or "")) for text in labelled[name]] for name in ("output", "reference"))
    beyond = kappa(said, wanted, labelled["weight"], cluster=labelled["conversation_id"])
    return {
        "macro_f1": macro_f1(labelled["output"].tolist(), labelled["reference"].tolist()), "kappa": beyond.value,
    }  # fmt: skip


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
        "errors": 0.0,
        "hardware": "the provider's",
    }


def weighted_quantiles(values: pd.Series, weights: np.ndarray, at: tuple[float, ...]) -> list[float]:
    """Quantiles of a weighted sample (inverse of its distribution function, as numpy's `inverted_cdf`, but
    not moved to the next value by the rounding of its sums); NaN where no value is known.

    values, weights: (n,); at: the levels, 0..1.
    """
    x = values.to_numpy(float)
    known = np.isfinite(x)
    if not known.any():
        return [np.nan] * len(at)
    x, w = x[known], weights[known]
    order = np.argsort(x)
    reached = np.cumsum(w[order]) / w.sum()
    return [float(x[order][min(np.searchsorted(reached, q - 1e-12), len(x) - 1)]) for q in at]


def _hardware(peak_mb: float) -> str:
    enough = (name for gigabytes, name in CLASSES if peak_mb <= gigabytes * 1000)
    return next(enough, "several GPUs") if np.isfinite(peak_mb) else "unknown"


def _tests(scored: pd.DataFrame) -> pd.DataFrame:
    """Every pair of candidates on every task and on `ALL`, with conversations as clusters."""
    columns = ["task", "first", "second", "difference", "low", "high", "p_value", "p_holm", "n"]
    order = list(scored["candidate"].unique())
    rows = []
    for task, part in [*scored.groupby("task"), ("ALL", scored)]:
        agrees = part.pivot(index="call_id", columns="candidate", values="agrees")
        heaviest = part.sort_values("weight", ascending=False).drop_duplicates("call_id")
        calls = heaviest.set_index("call_id").loc[agrees.index]
        for first, second in combinations([c for c in order if c in agrees], 2):
            both = agrees[[first, second]].dropna().astype(bool)  # a classifier answers calls that no model was asked
            own = calls.loc[both.index]
            found = paired_difference(
                both[first], both[second], weights=own["weight"], strata=own["task"], cluster=own["conversation_id"]
            )
            rows.append((task, first, second, found.value, found.low, found.high, found.p_value, np.nan, found.n))
    tests = pd.DataFrame(rows, columns=columns)
    return tests.assign(p_holm=holm(tests["p_value"].to_numpy())) if len(tests) else tests


def differing(
    scored: pd.DataFrame, calls: pd.DataFrame, candidate: str, *, n: int = 20, names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """`n` calls where a candidate's answer differs from the reference, the tasks taking turns, personal data masked.

    Columns: task, asked (the last message), reference, answer, score, confidence (0..1, as stated); texts cut to 280
    characters. scored: of `score`, with candidate, agrees, output; calls: call_id, messages.
    """
    from migration.audit.pii import mask

    rows = scored[(scored["candidate"] == candidate) & ~scored["agrees"].astype(bool) & scored["output"].notna()]
    shown = rows.assign(_turn=rows.groupby("task").cumcount()).sort_values(["_turn", "task"]).head(n)
    asked: dict[str, Any] = dict(zip(calls["call_id"], calls["messages"], strict=True))
    last = [str(asked[call][-1]["content"] or "") for call in shown["call_id"]]
    texts = {"asked": last, "reference": shown["reference"].tolist(), "answer": shown["output"].tolist()}
    masked = {column: [cut(text, 280) for text in mask(values)] for column, values in texts.items()}
    tasks = [(names or {}).get(task, task) for task in shown["task"]]
    return pd.DataFrame({"task": tasks, **masked, "score": shown["score"].to_numpy(), "confidence": _stated(shown)})


def _stated(rows: pd.DataFrame) -> np.ndarray:
    """What a candidate itself says of its answers (n,): its own probability, else its tokens' geometric mean."""
    known = rows.reindex(columns=["mean_logprob", "confidence_raw"]).apply(pd.to_numeric)
    stated, own = np.exp(known["mean_logprob"].to_numpy(float)), known["confidence_raw"].to_numpy(float)
    return np.where(np.isfinite(own), own, stated)


def pipeline_latency(scored: pd.DataFrame, calls: pd.DataFrame, candidate: str, *, seed: int = 7) -> pd.DataFrame:
    """What a customer waits over a whole logged conversation, call after call: the LLM against a candidate.

    Columns: conversation_id, calls, asked (calls of tasks with an answer), llm_ms, candidate_ms. A call that the
    candidate answered counts with its own measured latency, another with one drawn from its task's; a task that was not
    asked keeps the LLM's. Conversations with a call whose latency was not logged are left out. scored: candidate,
    call_id, task, latency_ms; calls: the calls table.
    """
    own = scored[(scored["candidate"] == candidate) & scored["latency_ms"].notna()]
    replayed = calls[calls["kind"].isin(REPLAYED)].copy()
    replayed["slm_ms"] = replayed["call_id"].map(own.set_index("call_id")["latency_ms"])
    rng = np.random.default_rng(seed)
    for task, waits in own.groupby("task")["latency_ms"]:
        empty = replayed.index[(replayed["task"] == task) & replayed["slm_ms"].isna()]
        replayed.loc[empty, "slm_ms"] = rng.choice(waits.to_numpy(float), len(empty))
    replayed["asked"] = replayed["slm_ms"].notna().astype(int)
    replayed["slm_ms"] = replayed["slm_ms"].fillna(replayed["latency_ms"])
    whole = conversation_waits(replayed, ["latency_ms", "slm_ms", "asked"])
    named = whole.rename(columns={"latency_ms": "llm_ms", "slm_ms": "candidate_ms"}).rename_axis("conversation_id")
    return named.reset_index()[["conversation_id", "calls", "asked", "llm_ms", "candidate_ms"]]
