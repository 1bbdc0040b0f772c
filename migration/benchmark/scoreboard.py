"""The result of a comparison, as people read it: tables, sentences, headline figures.

Out of scope: how rows and verdicts were computed (`compare`, `verdict`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from migration.benchmark.verdict import rate_of
from migration.schema import Verdict
from migration.stats import Rate

TOLD = {
    Verdict.MOVE: "can move now",
    Verdict.TUNE: "are worth tuning it for",
    Verdict.KEEP: "stay with the LLM",
    Verdict.SHOWN_ONLY: "are running text that nothing judges",
    Verdict.UNKNOWN: "cannot be told yet",
}
MOST_PAIRS = 3
"""Pairs of candidates that are named one by one where they cannot be told apart."""


@dataclass(frozen=True)
class Scoreboard:
    """`compare`'s result.

    frame: SCOREBOARD columns, one row a candidate and task, `ALL` weighted to the traffic; macro_f1 and kappa (labels),
    errors (share of calls a candidate could not answer), memory_mb (weights), peak_mb (weights, and what answering in
    batches took besides, measured) and hardware (which holds that peak). The logged LLM is a row of its own.
    verdicts: task, name, calls, share (of the traffic), candidate (the task's best), n, agreement, low, high,
    verdict, sentence, floor (that the verdict asks for). tests: task, first, second, difference, low, high, p_value,
    p_holm (corrected over all tests).
    """

    frame: pd.DataFrame
    verdicts: pd.DataFrame
    tests: pd.DataFrame
    margin: float
    llm: str
    facts: Mapping[str, Mapping[str, float | str]]
    best: str

    @property
    def candidates(self) -> pd.DataFrame:
        """The rows of the candidates, without the logged LLM's and the constant answer's."""
        return self.frame[~self.frame["verdict"].isin([str(Verdict.REFERENCE), str(Verdict.BASELINE)])]

    def rate(self, candidate: str, task: str = "ALL") -> Rate:
        """Agreement of a candidate on a task. Raises KeyError where it was not asked."""
        rows = self.frame[(self.frame["candidate"] == candidate) & (self.frame["task"] == task)]
        if rows.empty:
            raise KeyError((candidate, task))
        return rate_of(rows.iloc[0].to_dict())

    def shares(self) -> dict[str, float]:
        """Share of the replayed traffic under each verdict."""
        shares = self.verdicts.groupby("verdict")["share"].sum()
        return {str(word): float(shares.get(str(word), 0.0)) for word in TOLD}

    def table(self) -> Styler:
        """The whole traffic, one line a model, as people read it; the constant answer among them."""
        rows = self.frame[self.frame["task"] == "ALL"]
        shown = pd.DataFrame(
            {
                "model": rows["candidate"],
                "agrees with the LLM": [_percent(*r) for r in rows[["agreement", "low", "high"]].to_numpy()],
                "score": rows["score"].map("{:.2f}".format),
                "half wait (s)": (rows["p50_ms"] / 1e3).map("{:.2f}".format),
                "95% wait (s)": (rows["p95_ms"] / 1e3).map("{:.2f}".format),
                "tokens/s": rows["tokens_per_s"].map("{:,.0f}".format).replace("nan", ""),
                "memory (MB)": [_memory(*r) for r in rows[["memory_mb", "peak_mb"]].to_numpy()],
                "USD per 1K calls": rows["cost_usd_per_1k"].map("{:.4f}".format).replace("nan", "unknown"),
                "runs on": rows["hardware"].fillna(""),
                "calls": rows["n"].map("{:,}".format),
            }
        )
        if rows["errors"].any():
            shown["not answered"] = rows["errors"].map("{:.0%}".format)
        return styled(shown)

    def reasons(self) -> Styler:
        """Each task's verdict and the sentence that it rests on."""
        shown = self.verdicts[["name", "share", "verdict", "sentence"]].assign(
            share=self.verdicts["share"].map("{:.0%}".format)
        )
        return styled(shown.set_axis(["task", "share of calls", "verdict", "because"], axis=1))

    def differences(self) -> str:
        """Which candidates differ on the whole traffic, by the paired test corrected for all that were made."""
        rows = self.tests[self.tests["task"] == "ALL"]
        if rows.empty:
            return "One candidate was tried, so there is nothing to compare it with but the LLM."
        made = f"paired on the same calls, {len(self.tests)} tests corrected by Holm's method at 5%"
        clear = rows[rows["p_holm"] < 0.05]
        parts = [_beats(row) for row in clear.to_dict("records")]
        if len(clear) < len(rows):
            alike = [f"{row.first} and {row.second}" for row in rows.drop(clear.index).itertuples()]
            told = "; ".join(alike) if len(alike) <= MOST_PAIRS else f"the other {len(alike)} pairs"
            parts.append(f"{told if parts else told.replace('the other', 'all')} cannot be told apart")
        return f"Over the whole traffic ({made}): " + "; ".join(parts) + "."

    def reading(self) -> str:
        """What the verdicts add up to, in one sentence."""
        parts = [f"{share:.0%} of the calls: {verdict}" for verdict, share in self.shares().items() if share]
        least, most = self.verdicts["floor"].min(), self.verdicts["floor"].max()
        floor = f"{least:.0%}" if least == most else f"{least:.0%} to {most:.0%}, by task"
        return f"Against a floor of {floor} (margin {self.margin:.0%}): " + "; ".join(parts) + "."

    def decision(self) -> str:
        """What step 02 decides, in one sentence: the base to tune, and on what."""
        shares = self.shares()
        parts = [f"{shares[str(word)]:.0%} of the calls {told}" for word, told in TOLD.items() if shares[str(word)]]
        asked = f"as it is it agrees with the LLM on {self.rate(self.best)} of the traffic asked"
        rows = self.candidates[self.candidates["task"] == "ALL"]
        own = dict(zip(rows["candidate"], rows.get("base", rows["candidate"]), strict=True))
        for name in rows["candidate"]:
            if name != self.best and own[name] == own[self.best]:
                asked += f", {str(name).removeprefix(self.best).strip()} in its prompt on {self.rate(str(name))}"
        return f"Build on {self.best}: {asked}; {', '.join(parts)}."

    def summary(self) -> dict[str, object]:
        """Headline figures for `summary.json`: shares are fractions, times milliseconds, costs USD per 1,000 calls."""
        rate = self.rate(self.best)
        rows = self.frame[self.frame["task"] == "ALL"].set_index("candidate")
        shares = self.shares()
        return {
            "best_candidate": self.best,
            "best_agreement": rate.value,
            "best_agreement_low": rate.low,
            "best_agreement_high": rate.high,
            "candidates": [str(name) for name in self.candidates["candidate"].unique()],
            "n": rate.n,
            "tasks": int((self.verdicts["n"] > 0).sum()),
            "sample_share": float(self.verdicts.loc[self.verdicts["n"] > 0, "share"].sum()),
            "margin": self.margin,
            "move_now_share": shares[str(Verdict.MOVE)],
            "move_after_tuning_share": shares[str(Verdict.TUNE)],
            "keep_share": shares[str(Verdict.KEEP)],
            "cannot_tell_share": shares[str(Verdict.UNKNOWN)],
            "best_p50_ms": float(rows["p50_ms"][self.best]),
            "llm_p50_ms": float(rows["p50_ms"][self.llm]),
            "best_cost_usd_per_1k": float(rows["cost_usd_per_1k"][self.best]),
            "llm_cost_usd_per_1k": float(rows["cost_usd_per_1k"][self.llm]),
        }


def styled(frame: pd.DataFrame) -> Styler:
    """A table for people: no index, everything in it escaped, words kept whole, long texts given room.

    frame: any columns.
    """
    width = {column: int(frame[column].astype(str).str.len().max()) if len(frame) else 0 for column in frame}
    short = [column for column, most in width.items() if most <= 16]
    long = [column for column, most in width.items() if most > 60]
    table = frame.style.format(escape="html").hide(axis="index").set_properties(subset=None, **{"text-align": "left"})
    table = table.set_properties(subset=short, **{"white-space": "nowrap"})
    table = table.set_properties(subset=long, **{"min-width": "11em"})
    return table.set_table_styles([{"selector": "th", "props": "overflow-wrap: normal; word-break: normal"}])


def _beats(row: Mapping[Any, Any]) -> str:
    low, high = row["low"], row["high"]
    if row["difference"] > 0:
        return f"{row['second']} beats {row['first']} by {low:.1%} to {high:.1%} of the calls"
    return f"{row['first']} beats {row['second']} by {-high:.1%} to {-low:.1%} of the calls"


def _percent(value: float, low: float, high: float) -> str:
    return f"{value:.1%}" if low == high else f"{value:.1%} ({low:.1%} to {high:.1%})"


def _memory(weights: float, peak: float) -> str:
    return "" if np.isnan(weights) else f"{weights:,.0f} + {peak - weights:,.0f}"
