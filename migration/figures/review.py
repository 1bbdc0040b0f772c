"""Figures of 06 and 07: frames in, pictures out. A title states what its frame shows."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from migration.figures import LLM, NEUTRAL, SLM, Picture, save, style

ARMS = {"llm": LLM, "hybrid": SLM}


def conversations_picture(conversations: pd.DataFrame, folder: Path) -> Picture:
    """What a conversation waits for and costs in both arms. conversations: rows of rehearsal.parquet."""
    mean = conversations.groupby("arm")[["latency_ms", "cost_usd"]].mean()
    paid = mean["cost_usd"]
    cheaper = 1 - paid["hybrid"] / paid["llm"] if paid["llm"] else 0.0
    waits = mean["latency_ms"]["hybrid"] - mean["latency_ms"]["llm"]
    title = f"A conversation costs {cheaper:.0%} less and waits {waits / 1000:+.1f} s"
    if cheaper < 0:
        title = f"A conversation costs {-cheaper:.0%} more and waits {waits / 1000:+.1f} s"
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(9, 4))
        for ax, column, label, unit in zip(
            axes, ("latency_ms", "cost_usd"), ("seconds", "US cents"), (1e-3, 100), strict=True
        ):
            shown = conversations.assign(value=conversations[column] * unit)
            sns.ecdfplot(data=shown, x="value", hue="arm", palette=ARMS, ax=ax, legend=column == "latency_ms")
            ax.set(xlabel=f"{label} a conversation", ylabel="share of conversations")
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    n = conversations["conversation_id"].nunique()
    alt = f"Cumulative shares of {n} held-out conversations by waiting time and by cost, LLM alone and hybrid."
    return save(fig, folder, "conversations", title=title, alt=alt)


def faults_picture(faults: pd.DataFrame, folder: Path) -> Picture:
    """Share of calls answered under each injected fault. faults: fault, arm, answered (0..1)."""
    wide = faults.pivot(index="fault", columns="arm", values="answered")
    worst = (wide["hybrid"] - wide["llm"]).min()
    title = "No fault costs the hybrid an answer that the LLM alone would have given"
    if worst < -1e-9:
        title = f"{(wide['hybrid'] - wide['llm']).idxmin()}: the hybrid loses {-worst:.1%} of the answers"
    with style():
        fig, ax = plt.subplots(figsize=(8, 0.6 * len(wide) + 1.6))
        sns.barplot(data=faults, y="fault", x="answered", hue="arm", palette=ARMS, ax=ax)
        ax.set(xlabel="share of calls answered", ylabel="", xlim=(0, 1.02))
        ax.axvline(1.0, color=NEUTRAL, linewidth=1, linestyle="--")
        ax.legend(loc="lower left", title="")
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    return save(fig, folder, "faults", title=title, alt=f"Bars: {', '.join(wide.index)}, answered by LLM and hybrid.")


def weeks_picture(table: pd.DataFrame, folder: Path, *, max_loss: float) -> Picture:
    """The split and the loss by week. table: of `review.weekly`, groups and ALL."""
    whole = table[table["group"] == "ALL"]
    title = f"Small models answer {whole['slm_share'].iloc[-1]:.0%} of the calls in {whole['week'].iloc[-1]}"
    alarmed = table[(table["week"] == table["week"].max()) & table["alarm"] & (table["group"] != "ALL")]["group"]
    if len(alarmed):
        title += f"; alarm: {', '.join(alarmed)}"
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
        sns.lineplot(data=whole, x="week", y="slm_share", marker="o", color=SLM, ax=left)
        left.set(xlabel="week", ylabel="small models' share of calls", ylim=(0, 1))
        shown = table[table["loss"].notna()]
        sns.lineplot(data=shown, x="week", y="loss", hue="group", marker="o", ax=right)
        right.axhline(max_loss, color=LLM, linestyle="--", linewidth=1)
        right.set(xlabel="week", ylabel="loss, shadowed (dashed: limit)")
        right.set_ylim(bottom=0)
        for ax in (left, right):
            ax.tick_params(axis="x", rotation=45)
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    alt = (
        f"Left: share of calls answered by small models in {len(whole)} weeks. Right: loss on shadowed calls by group."
    )
    return save(fig, folder, "weeks", title=title, alt=alt)


def loop_picture(weeks: pd.DataFrame, folder: Path, *, max_loss: float) -> Picture:
    """The LLM's share and the quality by week, a line each arm. weeks: week, arm, llm_share, quality (or null)."""
    last = weeks[weeks["week"] == weeks["week"].iloc[-1]].set_index("arm")["llm_share"]
    title = f"LLM share in {weeks['week'].iloc[-1]}: " + ", ".join(f"{share:.0%} {arm}" for arm, share in last.items())
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(9, 4))
        for ax, column in zip(axes, ("llm_share", "quality"), strict=True):
            sns.lineplot(data=weeks, x="week", y=column, hue="arm", style="arm", markers=True, ax=ax)
        axes[0].set(xlabel="week", ylabel="LLM share of calls", ylim=(0, 1.02))
        axes[1].set(xlabel="week", ylabel="quality (dashed: limit)")
        axes[1].set_ylim(min(1 - 2 * max_loss, weeks["quality"].min()) - 0.01, 1.005)
        axes[1].axhline(1 - max_loss, color=LLM, linestyle="--", linewidth=1)
        axes[1].legend().remove()
        for ax in axes:
            ax.tick_params(axis="x", rotation=45)
        axes[0].legend(title="")
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    arms = ", ".join(last.index)
    alt = f"Left: share of calls to the LLM in {weeks['week'].nunique()} weeks. Right: quality. Lines: {arms}."
    return save(fig, folder, "loop", title=title, alt=alt)
