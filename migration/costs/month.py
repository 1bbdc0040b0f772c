"""The one bill: the log's calls by day and line, each line with the prices that it paid.

A line is a kind, a task, a model and its prices, so what a line costs is its tokens times its prices, exactly; where no
price gives what a call cost (logged as money, free), the line holds the money alone. Calls whose model has no known
price are kept out of both sides and shown. Out of scope: what other models would cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from migration.audit.month_scale import Span, arrivals_of, calendar, span
from migration.audit.prices import DISCOUNTED_TIERS, RATES, Contract, Tokens, cost_usd, is_free, rates_of, settled
from migration.errors import NotEnoughCalls
from migration.schema import REPLAYED, Kind

MOVABLE = (*REPLAYED, Kind.RETRY)
"""The kinds that a policy can move. A retry is an answer too: where the task moves, its new model gives it."""
TOKENS = ("prompt", "cached", "written", "answer")
"""In the order of `prices.RATES`."""
AMOUNTS = ("calls", *TOKENS, "usd")
_LINE = ["kind", "task", "model", "said", *RATES, "discounted"]


@dataclass(frozen=True)
class Traffic:
    """The log as days x lines.

    lines (L rows): kind, task, model, said (whose word the prices are), usd_prompt, usd_cached, usd_written, usd_answer
    (USD per million tokens, NaN where the line holds money alone), discounted, and the log's sums of AMOUNTS.
    days (D rows): day, calls, covered, weekend. sums: (6, D, L), in the order of AMOUNTS. each: a row a call with
    call_id, created_at, line (row of `lines`), prompt_tokens, completion_tokens. unpriced: model, calls, tokens of the
    calls that are left out.
    """

    lines: pd.DataFrame
    days: pd.DataFrame
    sums: np.ndarray
    span: Span
    each: pd.DataFrame
    unpriced: pd.DataFrame

    def month(self, weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """A month's AMOUNTS, each (W, L); `weights` (W, D) counts each day of the log so many times (absent: once)."""
        weights = np.ones((1, len(self.days))) if weights is None else weights
        return {name: self.span.to_month * weights @ part for name, part in zip(AMOUNTS, self.sums, strict=True)}

    @property
    def movable(self) -> np.ndarray:
        """Lines (L,) whose kind a policy can move."""
        return self.lines["kind"].isin(list(MOVABLE)).to_numpy()

    def bill(self) -> pd.DataFrame:
        """The log's own bill and the month's, a row a line: nothing is summed away.

        Columns: kind, task, model, calls, prompt_tokens, cached_tokens, completion_tokens, cost_usd, cost_usd_month.
        """
        lines: Any = self.lines
        bill = lines[["kind", "task", "model", "calls"]].assign(
            prompt_tokens=lines["prompt"] + lines["cached"] + lines["written"],
            cached_tokens=lines["cached"],
            completion_tokens=lines["answer"],
            cost_usd=lines["usd"],
        )
        bill = bill.groupby(["kind", "task", "model"], as_index=False).sum()
        return bill.assign(cost_usd_month=bill["cost_usd"] * self.span.to_month)


def price_calls(calls: pd.DataFrame, agreed: Contract, *, anew: bool = False) -> pd.DataFrame:
    """`calls` with cost_usd, the RATES that give it (discounts taken off), `said` (whose word), `discounted`.

    calls: call_id, kind, model, created_at, *_tokens, cost_usd, and where the log had them cached_tokens,
    cache_write_tokens, service_tier, cache_hit, logged_cost_usd. anew: price by `agreed` and the list; else cost_usd
    stays as step 01 has it. Rates are NaN where they do not give a call's cost.
    """
    tokens = Tokens.of(calls)
    day = calls["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    model = calls["model"].to_numpy(object)
    cheap = (
        calls["service_tier"].isin(DISCOUNTED_TIERS).to_numpy()
        if "service_tier" in calls
        else np.zeros(len(calls), bool)
    )
    rates, said = rates_of(model, day, tokens.prompt, agreed)
    rates = np.where(cheap[:, None], rates * (1 - agreed.batch_discount), rates)
    said = np.where(cheap, said + f", less {agreed.batch_discount:.0%} for batch or flex", said)
    cost = calls["cost_usd"].to_numpy(float)
    if anew:
        logged = calls["logged_cost_usd"].to_numpy(float) if "logged_cost_usd" in calls else np.full(len(calls), np.nan)
        hit = calls["cache_hit"].fillna(False) if "cache_hit" in calls else np.zeros(len(calls), bool)
        free = is_free(np.asarray(hit), calls["kind"].to_numpy(), calls["tokens_estimated"].to_numpy())
        cost = settled(cost_usd(model, day, tokens, cheap, agreed), logged, free)
    gives = (tokens.by_rate() * rates).sum(axis=1) / 1e6
    other = ~np.isclose(np.nan_to_num(gives, nan=-1.0), np.nan_to_num(cost), rtol=1e-9, atol=1e-12)
    rates[other], said[other] = np.nan, "cost_usd as step 01 has it"
    priced = calls.assign(cost_usd=cost, said=said, discounted=cheap)
    return priced.assign(**dict(zip(RATES, rates.T, strict=True)))


def read_traffic(
    calls: pd.DataFrame, agreed: Contract | None = None, *, anew: bool = False, log_share: float = 1.0
) -> Traffic:
    """Group a calls table (columns: see `price_calls`) by day and line.

    Calls whose cost is unknown are left out (`unpriced`); the month's scale is that of the whole log. Raises
    NotEnoughCalls where the log has no extent in time: one moment says nothing of a month.
    """
    hours = arrivals_of(calls["created_at"])
    over, days = span(hours, log_share=log_share), calendar(hours)
    if over.first == over.last:
        raise NotEnoughCalls("a month's bill from a log (calls at two different times)", 1, 2)
    priced = price_calls(calls, agreed or Contract(), anew=anew)
    counted = priced["prompt_tokens"].fillna(0) + priced["completion_tokens"].fillna(0)
    known, unpriced = _apart(priced, counted)
    amounts = Tokens.of(known).by_rate()
    table = known[["kind", "said", *RATES, "discounted"]].assign(
        task=known["task"].fillna("unknown"), model=known["model"].fillna("unknown"), calls=1.0,
        usd=known["cost_usd"].fillna(0.0), **dict(zip(TOKENS, amounts.T, strict=True)),
    )  # fmt: skip
    grouped = table.groupby(_LINE, dropna=False, sort=True)
    line = grouped.ngroup().to_numpy()
    lines = grouped[list(AMOUNTS)].sum().reset_index()
    day = pd.Index(days["day"]).get_indexer(
        known["created_at"].dt.tz_localize(None).dt.floor("D").astype(days["day"].dtype)
    )
    sums = np.zeros((len(AMOUNTS), len(days), len(lines)))
    for part, name in zip(sums, AMOUNTS, strict=True):
        np.add.at(part, (day, line), table[name].to_numpy(float))
    each = known[["call_id", "created_at", "prompt_tokens", "completion_tokens"]].assign(line=line)
    return Traffic(lines, days, sums, over, each, unpriced)


def _apart(priced: pd.DataFrame, tokens: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The calls whose cost is known, and the others by model. A failed call without tokens costs nothing."""
    lost = priced["cost_usd"].isna() & (tokens > 0)
    left = priced.assign(tokens=tokens, model=priced["model"].fillna("unknown"))[lost]
    unpriced = left.groupby("model").agg(calls=("call_id", "size"), tokens=("tokens", "sum")).reset_index()
    return priced[~lost].reset_index(drop=True), unpriced.sort_values("calls", ascending=False, ignore_index=True)
