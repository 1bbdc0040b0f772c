"""What the small model's answers were worth, and what each way costs: one row a call that both models answered.

Knows: which candidate answers which task, the money and time of either way, and which rows serve which purpose.
Refuses to know: how confidence is learned or a threshold chosen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from migration.errors import BadInput, NotEnoughCalls
from migration.routing.policy.router import Request
from migration.schema import REPLAYED, SIGNALS

PARTS = ("fit", "choose", "test")
"""Confidence is learned on `fit`, thresholds are chosen on `choose`, and `test` only reports."""


def part_of(key: str, split: str) -> str:
    """`fit` or `choose` for the two halves of the calibration split (by a hash of the conversation), else `test`."""
    if split != "calibration":
        return split
    return "fit" if hashlib.sha256(f"part:{key}".encode()).digest()[0] < 128 else "choose"


def pick_candidates(predictions: pd.DataFrame, *, tuned: str | None = None, base: str | None = None) -> pd.DataFrame:
    """The rows of the candidate that answers each task: one candidate, or a tuned one beside its own base.

    predictions: rows of predictions.parquet, columns `part` and `weight` added. Without `tuned` the candidate with
    the highest agreement over the traffic is taken; with it, each task goes to the better of `tuned` and `base`. Only
    `fit` rows are looked at, so nothing is chosen on what it is tested on.
    """
    rows = predictions[predictions["part"].isin(PARTS)]
    if rows.empty:
        raise NotEnoughCalls("routing needs answers of a small model to held-out calls", 0, 1)
    fit = rows[rows["part"] == "fit"]
    seen = fit if len(fit) else rows
    if tuned is None:
        right = (seen["agrees"] * seen["weight"]).groupby(seen["candidate"]).sum()
        agreement = right / seen["weight"].groupby(seen["candidate"]).sum()
        return rows[rows["candidate"] == agreement.idxmax()].reset_index(drop=True)
    pair = rows[rows["candidate"].isin([tuned, base])]
    if pair.empty:
        raise BadInput(f"no predictions of {tuned!r} or {base!r} on held-out calls")
    rate = seen.groupby(["task", "candidate"])["agrees"].mean().unstack("candidate")
    columns = [name for name in (tuned, base) if name is not None and name in rate]  # the tuned one wins a tie
    known = pd.DataFrame(rate[columns]).dropna(how="all").fillna(-1.0)
    best = dict(zip(known.index, known.columns[known.to_numpy().argmax(1)], strict=True)) if columns else {}
    asked = pair.groupby("task")["candidate"].agg(set)
    answers_it = {
        task: best[task] if best.get(task) in names else (tuned if tuned in names else base)
        for task, names in asked.items()
    }
    return pair[pair["candidate"] == pair["task"].map(answers_it)].reset_index(drop=True)


def gather(
    calls: pd.DataFrame,
    predictions: Sequence[pd.DataFrame],
    *,
    tuned: str | None = None,
    base: str | None = None,
    slm_usd_per_m: float = 0.02,
) -> pd.DataFrame:
    """One row a call that the SLM answered: its signals, whether it agrees, both costs (USD) and times (ms), its part.

    predictions: frames of steps 02 and 03; of the same call and candidate the later frame's row is kept. The SLM costs
    `slm_usd_per_m` per million tokens of its own prompt and answer. An LLM cost that is unknown takes the median of
    its task, then of all calls (`llm_cost_known` says where); with no known cost at all it is NaN. Each task's weights
    on `test` add up to what they add up to in all parts, so that what is measured there speaks for the traffic.
    """
    filled = [frame for frame in predictions if len(frame)]
    if not filled:
        raise NotEnoughCalls("routing needs answers of a small model", 0, 1)
    answers = pd.concat(filled, ignore_index=True)
    answers = answers.drop_duplicates(["call_id", "candidate"], keep="last")
    if "weight" not in answers:
        answers["weight"] = 1.0
    answers["weight"] = answers["weight"].fillna(1.0)
    wanted = ["call_id", "conversation_id", "kind", "split", "messages", "cost_usd", "latency_ms"]
    wanted += ["complexity", *[name for name in ("tools",) if name in calls]]
    known = calls.loc[calls["kind"].isin(REPLAYED), wanted].rename(
        columns={"latency_ms": "llm_ms", "cost_usd": "llm_cost"}
    )
    known["llm_cost_known"] = known["llm_cost"].notna()
    known["llm_cost"] = _filled(known["llm_cost"], calls.loc[known.index, "task"])
    known["llm_ms"] = _filled(known["llm_ms"], calls.loc[known.index, "task"])
    rows = answers.drop(columns=["split"], errors="ignore").merge(known, on="call_id", how="inner")
    key = rows["conversation_id"].fillna(rows["call_id"])
    rows["part"] = [part_of(k, split) for k, split in zip(key, rows["split"], strict=True)]
    rows["agrees"] = rows["agrees"].fillna(False).astype(bool) & rows["error"].isna()
    rows["output_chars"] = rows["output"].fillna("").str.len() if "output_chars" not in rows else rows["output_chars"]
    rows = pick_candidates(rows, tuned=tuned, base=base)
    rows["slm_cost"] = (rows["prompt_tokens"] + rows["completion_tokens"]).fillna(0) * slm_usd_per_m / 1e6
    rows["slm_ms"] = _filled(rows["latency_ms"], rows["task"])
    test, of_task = rows["part"] == "test", rows.groupby("task")["weight"].transform("sum")
    rows.loc[test, "weight"] *= (of_task / rows[test].groupby("task")["weight"].transform("sum"))[test]
    return rows.sort_values("call_id").reset_index(drop=True)


def _filled(values: pd.Series, task: pd.Series) -> pd.Series:
    return values.fillna(values.groupby(task).transform("median")).fillna(values.median())


def requests_of(rows: pd.DataFrame) -> Iterator[Request]:
    """The rows as the router would have met them."""
    tools = rows["tools"] if "tools" in rows else [None] * len(rows)
    columns = (rows["messages"], rows["task"], rows["task_type"], rows["prompt_tokens"], tools, rows["complexity"])
    for messages, task, task_type, tokens, tool_text, complexity in zip(*columns, strict=True):
        count = None if pd.isna(tokens) else int(tokens)
        known = None if pd.isna(complexity) else float(complexity)
        yield Request(list(messages), task, task_type, count, tool_names(tool_text), complexity=known)


def tool_names(tools: str | None) -> tuple[str, ...]:
    """Names of the tools a request offers, from its logged JSON text."""
    if not isinstance(tools, str) or not tools:
        return ()
    listed = json.loads(tools)
    return tuple(str((tool.get("function") or tool).get("name", "tool")) for tool in listed)


def signals_of(rows: pd.DataFrame) -> Iterator[dict[str, float]]:
    """The signals of each row's answer, as `Router.accept` takes them; an answer that broke has none."""
    names = [name for name in SIGNALS if name in rows]
    values = rows[names].apply(pd.to_numeric).to_numpy(float, na_value=np.nan)
    broken = rows["error"].notna().to_numpy()
    for row, failed in zip(values, broken, strict=True):
        yield {} if failed else dict(zip(names, row.tolist(), strict=True))


def stated_confidence(rows: pd.DataFrame) -> np.ndarray:
    """What the model itself says: the geometric mean probability of its tokens, 0 where it gave none."""
    return np.exp(pd.to_numeric(rows["mean_logprob"]).to_numpy(float, na_value=-np.inf))


def calibration_and_recent(calls: pd.DataFrame, *, share: float = 0.2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The calibration calls, and the newest `share` of all others: the two sides of the shift check."""
    routable = calls[calls["kind"].isin(REPLAYED)]
    calibration = routable[routable["split"] == "calibration"]
    others = routable[routable["split"] != "calibration"].sort_values("created_at")
    return calibration, others.tail(max(1, round(share * len(routable))))
