"""What a replay says: by conversation, against the guarantee's limits, and under faults.

Out of scope: how a call goes through the rungs (`replay`), and words for people (`present`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.review.rehearsal.faults import Fault, Faults
from migration.review.rehearsal.replay import replay
from migration.routing.policy import Policy
from migration.schema import REPLAYED
from migration.stats import Difference, Rate, paired_bootstrap


def by_conversation(replayed: pd.DataFrame) -> pd.DataFrame:
    """rehearsal.parquet: two rows a conversation, arms `llm` and `hybrid`.

    replayed: of `replay`. quality: mean over the calls that can be routed; latency_ms, cost_usd: sums over all calls,
    one after the other; slm_share: of the calls that can be routed; recorded: share of those whose rung's answer to
    them was there to replay; failures: calls without an answer.
    """
    routed = replayed["kind"].isin(REPLAYED)
    parts = []
    for arm in ("llm", "hybrid"):
        arms = pd.DataFrame(
            {
                "conversation_id": replayed["conversation"],
                "calls": 1,
                "quality": replayed[f"{arm}_quality"],
                "latency_ms": replayed[f"{arm}_latency_ms"],
                "cost_usd": replayed[f"{arm}_cost_usd"],
                "slm_share": (replayed[f"{arm}_model"] == "slm").where(routed).astype(float),
                "recorded": replayed[f"{arm}_recorded"].where(routed).astype(float),
                "failures": replayed[f"{arm}_failed"].astype(int),
            }
        )
        how = {"calls": "sum", "quality": "mean", "latency_ms": "sum", "cost_usd": "sum", "slm_share": "mean"}
        grouped = arms.groupby("conversation_id", sort=True).agg(how | {"recorded": "mean", "failures": "sum"})
        parts.append(grouped.reset_index().assign(arm=arm))
    return pd.concat(parts, ignore_index=True)


def under_faults(
    calls: pd.DataFrame, answers: Mapping[tuple[str, str], Mapping[str, object]], policy: Policy, faults: Faults
) -> pd.DataFrame:
    """Each fault's replay in a row: fault, arm, answered (share of calls that can be routed), quality (of all of them,
    0 where none came), slm_share, p95_ms of a call."""
    rows = []
    for fault in Fault:
        replayed = replay(calls, answers, policy, fault=fault, faults=faults)
        replayed = replayed[replayed["kind"].isin(REPLAYED)]
        for arm in ("llm", "hybrid"):
            rows.append(
                {
                    "fault": str(fault),
                    "arm": arm,
                    "answered": 1 - float(replayed[f"{arm}_failed"].mean()),
                    "quality": float(replayed[f"{arm}_quality"].mean()),
                    "slm_share": float((replayed[f"{arm}_model"] == "slm").mean()),
                    "p95_ms": float(replayed[f"{arm}_latency_ms"].quantile(0.95)),
                }
            )
    return pd.DataFrame(rows)


def differences(conversations: pd.DataFrame, *, seed: int = 7) -> dict[str, Difference]:
    """Hybrid minus LLM a conversation, paired: quality, latency_ms, cost_usd, with 95% intervals.

    conversations: of `by_conversation`.
    """
    wide = conversations.pivot(index="conversation_id", columns="arm", values=["quality", "latency_ms", "cost_usd"])
    return {
        name: paired_bootstrap(wide[name]["llm"].to_numpy(), wide[name]["hybrid"].to_numpy(), draws=2000, seed=seed)
        for name in ("quality", "latency_ms", "cost_usd")
    }


def losses(replayed: pd.DataFrame, *, seed: int = 7) -> dict[str, Rate]:
    """The two risks that the guarantee limits, on calls whose rungs' answers were there to replay: `loss` of all of
    them, `kept_error` of those that a rung answered; with 95% intervals by conversation. n counts calls.

    replayed: of `replay`. An entry is missing where it has no call.
    """
    routed = replayed[replayed["kind"].isin(REPLAYED) & replayed["hybrid_recorded"].astype(bool)]
    sides = {"loss": routed, "kept_error": routed[routed["hybrid_model"] == "slm"]}
    return {name: _rate(side, seed) for name, side in sides.items() if len(side)}


def _rate(calls: pd.DataFrame, seed: int) -> Rate:
    lost = 1 - calls["hybrid_quality"].to_numpy(float)
    sums = pd.DataFrame({"at": calls["conversation"].to_numpy(), "lost": lost, "n": 1}).groupby("at").sum()
    groups = len(sums)
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=1000) @ sums.to_numpy(
        float
    )
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return Rate(float(lost.mean()), float(low), float(high), len(lost))


@dataclass(frozen=True)
class Rehearsal:
    """All that a rehearsal found. conversations: of `by_conversation`; replayed: of `replay`; losses, differences: of
    the functions so named; faults: of `under_faults`; scripts: of `play`."""

    policy: Policy
    conversations: pd.DataFrame
    replayed: pd.DataFrame
    losses: Mapping[str, Rate]
    differences: Mapping[str, Difference]
    faults: pd.DataFrame
    scripts: pd.DataFrame

    @property
    def slm_share(self) -> float:
        """Share of the calls that can be routed which a rung answered."""
        routed = self.replayed[self.replayed["kind"].isin(REPLAYED)]
        return float((routed["hybrid_model"] == "slm").mean())

    @property
    def recorded(self) -> float:
        """Share of the calls that can be routed whose rung's answer was there to replay."""
        routed = self.replayed[self.replayed["kind"].isin(REPLAYED)]
        return float(routed["hybrid_recorded"].astype(bool).mean())


def rehearse(
    calls: pd.DataFrame,
    answers: Mapping[tuple[str, str], Mapping[str, object]],
    policy: Policy,
    scripts: pd.DataFrame,
    *,
    faults: Faults,
) -> Rehearsal:
    """The whole rehearsal: the replay, its statistics, and the same replay under each fault.

    calls: of `held_out`, `audit.with_texts`; answers: of `recorded`; scripts: of `scripts.play`.
    """
    replayed = replay(calls, answers, policy, faults=faults)
    conversations = by_conversation(replayed)
    paired = differences(conversations, seed=faults.seed)
    risks = losses(replayed, seed=faults.seed)
    return Rehearsal(
        policy, conversations, replayed, risks, paired, under_faults(calls, answers, policy, faults), scripts
    )
