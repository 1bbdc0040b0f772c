"""What the same LLM would cost with prompt caching, and through a batch API: no answer changes, only its price.

A factor a line of the log: what its price becomes, as a share. Out of scope: what other models cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from migration.costs.month import Traffic
from migration.schema import Kind

CACHE_LEAST, CACHE_STEP, CACHE_KEPT = 1024, 128, pd.Timedelta("5min")
"""Providers cache prompts of 1,024 tokens or more, in steps of 128, for some five minutes after the last use."""


def shared_prefix(texts: Iterable[str]) -> float:
    """Of a task's prompts (as one text each, in order of time), the share that each has in common with the one before.

    Characters from the beginning, since a provider's cache holds beginnings only; 0 for fewer than two prompts.
    """
    shares = [_common(before, text) / max(len(text), 1) for before, text in pairwise(texts)]
    return float(np.median(shares or [0.0]))


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    least = min(len(one), len(other))
    differs = (a != b for a, b in zip(one, other, strict=False))
    return next((at for at, different in enumerate(differs) if different), least)


def caching_factor(traffic: Traffic, prefix: dict[str, float]) -> np.ndarray:
    """What each line's LLM price becomes, (L,) as a share, when beginnings that prompts share are read from the cache.

    prefix: task -> `shared_prefix`. A call finds the cache warm when the task was called within CACHE_KEPT before, and
    pays for writing otherwise where the provider asks that. What the log shows as cached already stays as it is.
    """
    lines, each = traffic.lines, traffic.each.sort_values("created_at")
    task = lines["task"].to_numpy()[each["line"]]
    group = pd.Series(task, index=each.index) + "|" + lines["model"].to_numpy()[each["line"]]
    warm = each["created_at"].groupby(group).diff() <= CACHE_KEPT
    share = pd.Series(task, index=each.index).map(prefix).fillna(0.0)
    common = share * each["prompt_tokens"].fillna(0).to_numpy(float)
    common = (common // CACHE_STEP * CACHE_STEP).where(common >= CACHE_LEAST, 0.0)
    read, write = (common.where(mask, 0.0).groupby(each["line"]).sum().reindex(range(len(lines)), fill_value=0.0)
                   for mask in (warm, ~warm))  # fmt: skip
    more = (read - lines["cached"]).clip(lower=0.0)
    written = (write - lines["written"]).clip(lower=0.0)
    saved = more * (lines["usd_prompt"] - lines["usd_cached"]) - written * (lines["usd_written"] - lines["usd_prompt"])
    factor = 1 - (saved / 1e6 / lines["usd"].where(lines["usd"] > 0)).fillna(0.0)
    return np.where(factor < 1, factor, 1.0)


def waits_nobody(traffic: Traffic, conversations: pd.Series) -> set[str]:
    """Tasks that look like batch work: single calls, nine in ten of them within a tenth of the log's hours.

    conversations: the conversation of each row of `traffic.each` (null: none). A log of less than two days, or a task
    of less than 100 calls, shows no such thing.
    """
    first, last = traffic.each["created_at"].min(), traffic.each["created_at"].max()
    hours = (last - first) / pd.Timedelta("1h")
    task = pd.Series(traffic.lines["task"].to_numpy()[traffic.each["line"]], index=traffic.each.index)
    found = set()
    for name, rows in traffic.each.groupby(task) if hours >= 48 else ():
        together = conversations[rows.index].dropna()
        busy = rows["created_at"].dt.floor("h").value_counts().cumsum()
        if len(rows) >= 100 and together.is_unique and busy.searchsorted(0.9 * len(rows)) + 1 <= hours / 10:
            found.add(str(name))
    return found


def batch_factor(traffic: Traffic, offline: set[str], discount: float) -> np.ndarray:
    """What each line's LLM price becomes, (L,) as a share, when calls for which no user waits go through a batch API.

    offline: tasks; grading and embedding calls are always among them. Lines that have a batch or flex price keep it.
    """
    lines = traffic.lines
    kind = lines["kind"].isin([Kind.SCORING, Kind.EMBEDDING]) | (
        lines["task"].isin(offline) & lines["kind"].eq(Kind.CHAT)
    )
    return np.where(kind & ~lines["discounted"].astype(bool), 1 - discount, 1.0)
