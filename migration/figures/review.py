"""Figures of 06 and 07: frames in, pictures out. A title states what its frame shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, canvas, log_axis, save, style
from migration.figures.names import headline, short

ARMS = {"llm": LLM, "hybrid": SLM}
ARM_WORDS = {"llm": "LLM alone", "hybrid": "hybrid"}
LINES = 4
"""Groups of a review that get a line of their own: those that alarm first, then those that lose most."""


def conversations_picture(conversations: pd.DataFrame, folder: Path) -> Picture:
    """What a conversation waits for and costs in both arms. conversations: rows of rehearsal.parquet."""
    units = {"latency_ms": 1e-3, "cost_usd": 100}
    shown = conversations.assign(**{column: conversations[column] * unit for column, unit in units.items()})
    mean = shown.groupby("arm")[list(units)].mean()
    title = f"A conversation {_dearer(mean['cost_usd'])} and {_longer(mean['latency_ms'])}"
    with style():
        fig, axes = canvas(4.0, columns=2, sharey=True)
        for ax, column, label in zip(axes, units, ("seconds that a conversation waits", "US cents a conversation"),
                                     strict=True):  # fmt: skip
            sns.ecdfplot(shown, x=column, hue="arm", palette=ARMS, lw=2.2, ax=ax, legend=False)
            log_axis(ax, shown[column], label)
            ax.set(ylabel="conversations that need no more", ylim=(-0.01, 1.02))
            ax.yaxis.set_major_formatter(PercentFormatter(1))
        for arm, colour in ARMS.items():
            axes[0].plot([], [], color=colour, lw=2.2, label=ARM_WORDS[arm])
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
        headline(fig, title)
    n = conversations["conversation_id"].nunique()
    half: Any = shown.groupby("arm")[list(units)].median()
    told = "; ".join(f"{ARM_WORDS[arm]} half within {half.loc[arm, 'latency_ms']:.2g} s and "
                     f"{half.loc[arm, 'cost_usd']:.2g} cents" for arm in ARMS)  # fmt: skip
    alt = f"Cumulative shares of {n:,} held-out conversations by waiting time and by cost: {told}."
    return save(fig, folder, "conversations", title=title, alt=alt)


def _dearer(cents: pd.Series) -> str:
    """Mean US cents by arm, compared in words."""
    llm, hybrid = float(cents["llm"]), float(cents["hybrid"])
    if not (np.isfinite(llm) and np.isfinite(hybrid) and llm > 0):
        return "costs an unknown amount"
    change = hybrid / llm - 1
    return (
        "costs about the same" if abs(change) < 0.005 else f"costs {abs(change):.0%} {'more' if change > 0 else 'less'}"
    )


def _longer(seconds: pd.Series) -> str:
    """Mean seconds by arm, compared in words."""
    change = float(seconds["hybrid"] - seconds["llm"])
    if not np.isfinite(change):
        return "waits an unknown time"
    return (
        "waits about as long" if abs(change) < 0.05 else f"waits {abs(change):.1f} s {'more' if change > 0 else 'less'}"
    )


def faults_picture(faults: pd.DataFrame, folder: Path) -> Picture:
    """Share of calls answered under each injected fault. faults: fault, arm, answered (0..1)."""
    wide = faults.pivot(index="fault", columns="arm", values="answered").loc[lambda t: list(faults["fault"].unique())]
    worst = (wide["hybrid"] - wide["llm"]).min()
    title = "No fault costs the hybrid an answer that the LLM alone would have given"
    if not np.isfinite(worst):
        title = "How many calls were answered under faults is unknown"
    elif worst < -1e-9:
        title = f"{(wide['hybrid'] - wide['llm']).idxmin()}: the hybrid loses {-worst:.1%} of the answers"
    with style():
        fig, ax = canvas(1.6 + 0.55 * len(wide))
        shown = faults.assign(arm=faults["arm"].map(ARM_WORDS))
        colours = {ARM_WORDS[arm]: colour for arm, colour in ARMS.items()}
        sns.barplot(shown, y="fault", x="answered", hue="arm", palette=colours, saturation=1, ax=ax, legend=False)
        for (word, colour), bars in zip(colours.items(), ax.containers, strict=True):
            labels = [f" {bar.get_width():.1%}" for bar in bars]
            ax.bar_label(bars, labels, fontsize=9, color=colour)
            ax.plot([], [], color=colour, lw=6, label=word)
        ax.set(xlabel="share of calls that get an answer", ylabel="", xlim=(0, 1.12), xticks=np.linspace(0, 1, 6))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.grid(axis="y", visible=False)
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        headline(fig, title)
    told = "; ".join(
        f"{fault}: LLM alone {row['llm']:.1%}, hybrid {row['hybrid']:.1%}" for fault, row in wide.iterrows()
    )
    return save(fig, folder, "faults", title=title, alt=f"Bars of the calls that get an answer. {told}.")


def weeks_picture(table: pd.DataFrame, folder: Path, *, max_loss: float, names: Mapping[str, str]) -> Picture:
    """The split and the loss by week. table: of `review.weekly`, groups and ALL; names: of the tasks, by id."""
    weeks = sorted(table["week"].unique())
    whole, groups = table[table["group"] == "ALL"], table[table["group"] != "ALL"]
    newest = groups[groups["week"] == weeks[-1]].sort_values(["alarm", "loss"], ascending=False, na_position="last")
    alarmed = [short(names.get(g, g), 30) for g in newest.loc[newest["alarm"], "group"]]
    title = f"Small models answer {whole['slm_share'].iloc[-1]:.0%} of the calls in {weeks[-1]}"
    if alarmed:
        title += f"; alarm: {', '.join(alarmed[:2])}" + (f" and {len(alarmed) - 2} more" if len(alarmed) > 2 else "")
    own = list(newest["group"].head(LINES))
    with style():
        fig, (left, right) = canvas(4.6, columns=2)
        _weekly(left, whole, "slm_share", weeks, SLM)
        left.set(ylabel="small models' share of calls", ylim=(0, 1.02))
        for group, rows in groups.groupby("group"):
            if group not in own:
                _weekly(right, rows, "loss", weeks, "#cbd5e1")
        for group, colour in zip(own, ("#be185d", CASCADE, "#0369a1", "#4d7c0f"), strict=False):
            rows = groups[groups["group"] == group]
            _weekly(right, rows, "loss", weeks, colour, label=short(names.get(group, group), 30))
        _weekly(right, whole, "loss", weeks, NEUTRAL, label="all calls")
        right.axhline(max_loss, color=LLM, ls="--", lw=1, label=f"limit ({max_loss:.0%})")
        right.set(ylabel="shadowed calls that differ")
        right.set_ylim(0, max(2 * max_loss, 1.08 * float(np.nanmax([0, *table["loss"]])), 0.01))
        if table["loss"].isna().all():
            right.text(0.5, 0.75, "no call was shadowed", transform=right.transAxes, ha="center", color=NEUTRAL)
        fig.legend(*right.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        headline(fig, title)
    alt = f"Left: share of calls answered by small models in {len(weeks)} weeks. Right: loss on shadowed calls by group"
    alt += f", at most {max_loss:.0%} allowed. {title}."
    return save(fig, folder, "weeks", title=title, alt=alt)


def _weekly(ax: Axes, rows: pd.DataFrame, column: str, weeks: list[str], colour: str, label: str | None = None) -> None:
    """A line over the weeks, named at about six of them; a week that lacks the value is a gap."""
    values = rows.set_index("week")[column].reindex(weeks).to_numpy(float)
    ax.plot(range(len(weeks)), values, marker="o", ms=5, lw=1.8, color=colour, label=label)
    ticks = list(range(0, len(weeks), -(-len(weeks) // 6)))
    ax.set_xticks(ticks, [str(weeks[at]) for at in ticks], rotation=30, ha="right")
    ax.set_xlim(-0.4, len(weeks) - 0.6)
    ax.yaxis.set_major_formatter(PercentFormatter(1))


def loop_picture(weeks: pd.DataFrame, folder: Path, *, max_loss: float) -> Picture:
    """The LLM's share and the quality by week, a line each arm. weeks: week, arm, llm_share, quality (or null)."""
    order = list(dict.fromkeys(weeks["week"]))
    last = weeks[weeks["week"] == order[-1]].set_index("arm")["llm_share"]
    title = f"The LLM's share of calls in {order[-1]}: " + ", ".join(
        f"{share:.0%} {arm}" for arm, share in last.items()
    )
    arms: Any = weeks.groupby("arm", sort=False)
    with style():
        fig, (left, right) = canvas(4.4, columns=2)
        for (arm, rows), colour in zip(arms, (SLM, CASCADE, NEUTRAL), strict=False):
            _weekly(left, rows, "llm_share", order, colour, label=str(arm))
            _weekly(right, rows, "quality", order, colour)
        left.plot([], [], color=LLM, ls="--", lw=1, label=f"guaranteed ({1 - max_loss:.0%})")
        left.set(ylabel="LLM's share of calls", ylim=(0, 1.02))
        right.axhline(1 - max_loss, color=LLM, ls="--", lw=1)
        right.set(ylabel="answers as good as the LLM's")
        lowest = float(np.nanmin([1 - 2 * max_loss, *weeks["quality"]]))
        right.set_ylim(lowest - 0.01, 1.005)
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
        headline(fig, title)
    alt = f"Left: share of calls to the LLM in {len(order)} weeks. Right: quality. {title}."
    return save(fig, folder, "loop", title=title, alt=alt)
