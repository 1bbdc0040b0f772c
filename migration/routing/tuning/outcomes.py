"""What the candidates' answers were worth, and what each way costs: one row an answer to a held-out call.

Out of scope: how confidence is learned, which rungs a task gets, and where its threshold lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from migration.audit.unit_price import UnitPrice
from migration.errors import BadInput, NotEnoughCalls
from migration.routing.policy import Request
from migration.schema import REPLAYED, SIGNALS, CandidateKind, Part, Split, parts_of

ARTICLE_PRICE = UnitPrice(0.02, 0.02, 0.0, "the article: USD 0.02 per million tokens")
_CALL_COLUMNS = ["call_id", "conversation_id", "kind", "split", "cost_usd", "latency_ms", "complexity", "created_at"]
CALLS = [*_CALL_COLUMNS, "task", "model", "prompt_tokens", "completion_tokens"]
"""What routing reads of calls.parquet; texts are read for the calls that were answered (`audit.with_texts`)."""


def gather(
    calls: pd.DataFrame, predictions: Sequence[pd.DataFrame], *, prices: Mapping[str, UnitPrice] | None = None
) -> pd.DataFrame:
    """One row an answer: its signals, whether it agrees, both costs (USD) and times (ms), its part.

    calls: of calls.parquet (call_id, conversation_id, kind, task, split, cost_usd, latency_ms, complexity, created_at;
    messages and tools where the score before the call is to be learned). predictions: frames of steps 02 and 03; of the
    same call and candidate the later frame's row is kept. prices: candidate -> what its answers cost
    (`costs.unit_prices`); one without costs the article's USD 0.02 per million tokens. An unknown LLM cost takes
    the median of its task, then of all calls (`llm_cost_known` says where); with no known cost at all it is NaN.
    `traffic` is the number of logged calls of the row's task. Raises NotEnoughCalls without any answer.
    """
    filled = [frame for frame in predictions if len(frame)]
    if not filled:
        raise NotEnoughCalls("routing needs answers of a candidate to held-out calls", 0, 1)
    answers = pd.concat(filled, ignore_index=True).drop_duplicates(["call_id", "candidate"], keep="last")
    answers = answers.drop(columns=["split", "weight", "conversation_id"], errors="ignore")
    rows = answers.merge(_known(calls), on="call_id", how="inner")
    rows["conversation"] = rows["conversation_id"].fillna(rows["call_id"]).astype(str)
    rows["part"] = parts_of(rows["conversation"], rows["split"])
    rows = rows[rows["part"].isin(list(Part))]
    if rows.empty:
        raise NotEnoughCalls("routing needs answers of a candidate to held-out calls", 0, 1)
    rows["agrees"] = rows["agrees"].fillna(False).astype(bool) & rows["error"].isna()
    rows["provable"] = rows["provable"].fillna(True).astype(bool) if "provable" in rows else True
    if "output_chars" not in rows:
        rows["output_chars"] = rows["output"].fillna("").str.len()
    rows = _identified(rows)
    rows["slm_cost"] = 0.0
    for name, own in rows.groupby("candidate"):
        price = (prices or {}).get(str(name), ARTICLE_PRICE)
        rows.loc[own.index, "slm_cost"] = price.usd(own["prompt_tokens"].fillna(0), own["completion_tokens"].fillna(0))
    rows["slm_ms"] = _filled(rows["latency_ms"], rows["task"])
    replayed = calls[calls["kind"].isin(REPLAYED)]
    rows["traffic"] = rows["task"].map(replayed.groupby("task").size()).fillna(1.0)
    return rows.sort_values(["call_id", "candidate"]).reset_index(drop=True)


def of_kinds(rows: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    """The rows of candidates of these kinds, of all where none is named. rows: of `gather`.

    Raises BadInput for a kind that does not exist or that no candidate is of.
    """
    there = sorted(rows["candidate_kind"].astype(str).unique())
    for kind in kinds:
        if kind not in there:
            raise BadInput(f"kinds: no candidate is of kind {kind!r}; steps 02 and 03 answered with {', '.join(there)}")
    return rows[rows["candidate_kind"].isin(list(kinds))].reset_index(drop=True) if kinds else rows


def _known(calls: pd.DataFrame) -> pd.DataFrame:
    columns = [c for c in (*_CALL_COLUMNS, "messages", "tools") if c in calls]
    known = calls.loc[calls["kind"].isin(REPLAYED), columns].rename(
        columns={"latency_ms": "llm_ms", "cost_usd": "llm_cost"}
    )
    known["llm_cost_known"] = known["llm_cost"].notna()
    task = calls.loc[known.index, "task"]
    known["llm_cost"], known["llm_ms"] = _filled(known["llm_cost"], task), _filled(known["llm_ms"], task)
    return known


def _identified(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the identity of each candidate as columns; one that has none is a small model of its own name."""
    known = {"candidate_kind": str(CandidateKind.SLM), "base": None, "adapter": "", "shots": 0, "examples": ""}
    known["masked"] = False
    for name, usual in known.items():
        rows[name] = rows[name].fillna(usual) if name in rows and usual is not None else rows.get(name, usual)
    return rows.assign(base=rows["base"].fillna(rows["candidate"]))


def _filled(values: pd.Series, task: pd.Series) -> pd.Series:
    return values.fillna(values.groupby(task).transform("median")).fillna(values.median())


def requests_of(rows: pd.DataFrame) -> Iterator[Request]:
    """The rows as the router would have met them."""
    nothing = [None] * len(rows)
    messages, tools = rows.get("messages", nothing), rows.get("tools", nothing)
    columns = (messages, rows["task"], rows["task_type"], rows["prompt_tokens"], tools, rows["complexity"])
    for text, task, task_type, tokens, tool_text, complexity in zip(*columns, strict=True):
        count = None if pd.isna(tokens) else int(tokens)
        known = None if pd.isna(complexity) else float(complexity)
        yield Request(
            list(text) if text is not None else (), task, task_type, count, tool_names(tool_text), complexity=known
        )


def tool_names(tools: str | None) -> tuple[str, ...]:
    """Names of the tools a request offers, from its logged JSON text."""
    if not isinstance(tools, str) or not tools:
        return ()
    listed = json.loads(tools)
    return tuple(str((tool.get("function") or tool).get("name", "tool")) for tool in listed)


def signals_of(rows: pd.DataFrame) -> Iterator[dict[str, float]]:
    """The signals of each row's answer, as `Router.accept` takes them; an answer that broke has none.

    rows: SIGNALS (those there are) and error.
    """
    names = [name for name in SIGNALS if name in rows]
    values = rows[names].apply(pd.to_numeric).to_numpy(float, na_value=np.nan)
    broken = rows["error"].notna().to_numpy()
    for row, failed in zip(values, broken, strict=True):
        yield {} if failed else dict(zip(names, row.tolist(), strict=True))


def stated_confidence(rows: pd.DataFrame) -> np.ndarray:
    """What the model itself says: its own probability, or the geometric mean of its tokens'; 0 where it gave none.

    rows: mean_logprob and, where a candidate states one, confidence_raw. Returns (n,).
    """
    stated = np.exp(pd.to_numeric(rows["mean_logprob"]).to_numpy(float, na_value=-np.inf))
    if "confidence_raw" not in rows:
        return stated
    own = pd.to_numeric(rows["confidence_raw"]).to_numpy(float, na_value=np.nan)
    return np.where(np.isfinite(own), own, stated)


def calibration_and_recent(calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The calibration calls, and the newest of the others, a fifth of all: the two sides of the shift check."""
    routable = calls[calls["kind"].isin(REPLAYED)]
    calibration = routable[routable["split"] == Split.CALIBRATION]
    others = routable[routable["split"] != Split.CALIBRATION].sort_values("created_at")
    return calibration, others.tail(max(1, round(0.2 * len(routable))))


def newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest fifth of the conversations, by their last call: a holdout by time instead of at random.

    rows: of `gather`, with conversation and created_at. Caveat: other conversations of the same days may have been
    learned from, so this shows whether quality falls with time, not what another month holds.
    """
    last = rows.groupby("conversation")["created_at"].max().sort_values(kind="stable")
    return rows[rows["conversation"].isin(last.index[-max(1, round(0.2 * len(last))) :])]
