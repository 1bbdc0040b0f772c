"""The article's cost tables, computed from the article's own inputs and held against what it printed.

data/article.csv holds what was printed, line by line. Out of scope: anybody's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from migration.files import PROJECT

AS_PRINTED, ROUNDED, SLIP, NOT_ITEMISED = "as printed", "rounded", "slip", "not itemised"
SLM_SHARE = 0.8
"""Of volume, by the article ("SLM handles 80% of volume")."""


@dataclass(frozen=True)
class Article:
    """`table`: line, printed, computed, difference, unit, verdict (`as printed`, `rounded`, `slip`, `not itemised`),
    note; `corrected`: both sides on all 160,000 calls; the savings as printed and as corrected, in shares."""

    table: pd.DataFrame
    corrected: pd.DataFrame
    saving_printed: float
    saving_corrected: float
    saving_if_hidden_costs_stay: float


def check_article() -> Article:
    """Recompute the article line by line from its own inputs."""
    printed = pd.read_csv(PROJECT / "data" / "article.csv")
    given = printed.set_index("key")["printed"]
    calls = given["conversations"] * given["calls_each"]
    computed = _recompute(given, calls)
    hidden = given["before_total_usd"] - computed["before_tokens_usd"]
    lines = printed[printed["side"] != "input"].copy()
    lines["computed"] = lines["key"].map(computed)
    lines["difference"] = lines["computed"] - lines["printed"]
    lines["verdict"] = [_verdict(p, c) for p, c in zip(lines["printed"], lines["computed"], strict=True)]
    lines.loc[lines["key"] == "before_total_usd", "verdict"] = NOT_ITEMISED
    lines["note"] = lines["key"].map(_notes(given, computed, hidden)).fillna("")
    columns = ["key", "side", "line", "printed", "computed", "difference", "unit", "verdict", "how", "note"]
    both = _like_for_like(calls, given, hidden)
    totals: Any = both.set_index("line")
    return Article(
        lines[columns].reset_index(drop=True),
        both,
        float(1 - given["after_total_usd"] / given["before_total_usd"]),
        float(1 - totals.loc["tokens and GPU", "after"] / totals.loc["tokens and GPU", "before"]),
        float(1 - totals.loc["all, hidden costs unchanged", "after"] / given["before_total_usd"]),
    )


def _recompute(given: pd.Series, calls: float) -> dict[str, float]:
    """The article's lines from its inputs."""
    tokens_m = calls * given["tokens_each"] / 1e6
    tokens_usd = tokens_m * given["llm_price"]
    slm_usd = given["slm_calls"] * given["tokens_each"] * given["slm_price"] / 1e6
    llm_usd = given["llm_calls"] * given["tokens_each"] * given["llm_price"] / 1e6
    after = slm_usd + llm_usd + given["gpu"]
    return {
        "before_tokens_m": tokens_m,
        "before_tokens_usd": tokens_usd,
        "before_total_usd": tokens_usd,
        "after_calls": calls,
        "after_slm_usd": slm_usd,
        "after_llm_usd": llm_usd,
        "after_gpu_usd": given["gpu"],
        "after_total_usd": after,
        "saving_share": 1 - after / tokens_usd,
    }


def _notes(given: pd.Series, computed: dict[str, float], hidden: float) -> dict[str, str]:
    """What does not add up, by line."""
    total = given["before_total_usd"]
    lines_printed = given[["after_slm_usd", "after_llm_usd", "after_gpu_usd"]].sum()
    return {
        "before_total_usd": f"${hidden:,.0f} of the ${total:,.0f} ({hidden / total:.0%}) are embedding, scoring and "
        "retry calls that the article names and does not itemise: only the tokens can be computed",
        "after_calls": "the tables after use 128,000 calls; 128 is the millions of tokens. "
        f"40,000 conversations x 4 calls are {computed['after_calls']:,.0f}",
        "after_slm_usd": "100 times too high: 102,400 x 800 tokens x $0.02 a million are "
        f"${computed['after_slm_usd']:,.2f}",
        "after_total_usd": f"the lines as printed sum to ${lines_printed:,.0f}; computed they sum to "
        f"${computed['after_total_usd']:,.2f}; embedding, scoring and retries are left out after, though counted "
        "before",
        "saving_share": "97% sets an after without embedding, scoring and retries against a before with them; "
        "as computed: tokens and GPU against tokens",
    }


def _verdict(printed: float, computed: float) -> str:
    if abs(printed - computed) < 0.005:
        return AS_PRINTED
    return ROUNDED if abs(printed - computed) <= 0.005 * abs(computed) else SLIP


def _like_for_like(calls: float, given: pd.Series, hidden: float) -> pd.DataFrame:
    """Both sides on the same 160,000 calls, USD a month: columns line, before, after."""
    million = calls * given["tokens_each"] / 1e6
    slm, llm = SLM_SHARE * million * given["slm_price"], (1 - SLM_SHARE) * million * given["llm_price"]
    rows = [
        ("LLM tokens", million * given["llm_price"], llm),
        ("SLM tokens", 0.0, slm),
        ("GPU", 0.0, given["gpu"]),
    ]
    before, after = sum(row[1] for row in rows), sum(row[2] for row in rows)
    rows.append(("tokens and GPU", before, after))
    rows.append(("embedding, scoring, retries: not itemised, unchanged", hidden, hidden))
    rows.append(("all, hidden costs unchanged", before + hidden, after + hidden))
    return pd.DataFrame(rows, columns=["line", "before", "after"])
