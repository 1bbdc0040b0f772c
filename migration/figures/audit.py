"""Figures of the traffic audit. Frames in, a matplotlib Figure out, with the finding as its title.

Covers: frames of `migration.audit.analytics`. Out of scope: files, engines, prices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from migration.figures import LLM, NEUTRAL, SLM, Picture, canvas, save, style
from migration.figures.names import headline, short

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CHAT, P95 = "#0369a1", "#be185d"
KIND_COLORS = {"chat": CHAT, "scoring": P95, "embedding": "#4d7c0f", "retry": "#eab308", "error": "#0f172a"}
HINT_COLORS = {"slm": SLM, "unclear": "#94a3b8", "llm": LLM}
HINT_WORDS = {"slm": "small model", "unclear": "unclear", "llm": "large model"}
ARTICLE_SHARE = 0.82
"""The article: share of its calls that were classification, extraction or templated generation."""
MOST = 15
"""Tasks drawn one by one; the rest is drawn as one."""


def volume(hours: pd.DataFrame, *, calls: int) -> Figure:
    """Heat map of calls by hour (UTC) and weekday. hours: weekday, hour, calls."""
    grid = hours.pivot_table(index="weekday", columns="hour", values="calls", aggfunc="sum", fill_value=0)
    grid = grid.reindex(index=range(7), columns=range(24), fill_value=0)
    day, hour = divmod(int(grid.to_numpy().argmax()), 24)
    weekend = grid.loc[[5, 6]].to_numpy().sum() / max(1, grid.to_numpy().sum())
    with style():
        fig, ax = canvas(3.4)
        bar = {"label": "calls", "pad": 0.02}
        sns.heatmap(grid, cmap="YlGnBu", ax=ax, cbar_kws=bar, yticklabels=list(DAYS), vmin=0)
        ax.set_xticks(np.arange(0, 24, 2) + 0.5, [f"{h:02d}" for h in range(0, 24, 2)], rotation=0)
        ax.set(xlabel="hour of day (UTC)", ylabel="")
        ax.tick_params(axis="y", rotation=0, length=0)
        peak = f"Traffic peaks on {DAYS[day]} at {hour:02d}:00 UTC; "
        peak += f"the weekend carries {weekend:.0%} of {calls:,} calls"
        _title(fig, peak, "Heat map of calls, seven weekdays by 24 hours.")
    return fig


def cost_by_task(kinds: pd.DataFrame, names: dict[str, str], *, to_month: float) -> Figure:
    """Bars of USD a month by task, stacked by kind. kinds: task, kind, cost_usd; names: task to its name."""
    table = kinds.assign(cost=kinds["cost_usd"].fillna(0.0) * to_month)
    grid = table.pivot_table(index="task", columns="kind", values="cost", aggfunc="sum", fill_value=0.0)
    grid = _largest(grid.loc[grid.sum(axis=1).sort_values(ascending=False).index])
    total = grid.to_numpy().sum()
    hidden = grid.drop(columns=[k for k in ("chat",) if k in grid]).to_numpy().sum() / (total or 1)
    first = short(names.get(str(grid.index[0]), str(grid.index[0])))
    unseen = f"calls that users never see cost {hidden:.0%}" if hidden else "no hidden calls are in this log"
    finding = f"“{first}” is {grid.iloc[0].sum() / (total or 1):.0%} of the bill; {unseen}"
    with style():
        fig, ax = canvas(1.5 + 0.36 * len(grid))
        _stacked(ax, grid, KIND_COLORS)
        widest = grid.sum(axis=1).max()
        for row, value in enumerate(grid.sum(axis=1)):
            ax.text(value, row, f" ${value:,.2f}" if total < 1000 else f" ${value:,.0f}", va="center", fontsize=10)
        ax.set_yticks(range(len(grid)), [short(names.get(t, t)) for t in grid.index])
        ax.set(xlabel="USD a month", ylabel="", xlim=(0, widest * 1.12 or 1))
        _legend(fig, {kind: KIND_COLORS[kind] for kind in KIND_COLORS if kind in grid})
        picture = "Bars of US dollars a month, one a task, split by the kind of call."
        _title(fig, finding if total else "No call has a known price", picture)
    return fig


def percentiles(tasks: pd.DataFrame) -> Figure:
    """Median to 95th percentile of prompt tokens, answer tokens and latency by task, on log scales.

    tasks: name, p50_prompt, p95_prompt, p50_completion, p95_completion, p50_ms, p95_ms; largest cost first.
    """
    own = tasks[tasks["p50_prompt"].notna()].head(MOST).reset_index(drop=True)
    over = int((own["p95_prompt"] > 4000).sum())
    with style():
        fig, axes = canvas(1.7 + 0.34 * len(own), columns=3, sharey=True)
        for ax, (column, label) in zip(axes, (("prompt", "prompt tokens"), ("completion", "answer tokens"),
                                              ("ms", "latency (ms)")), strict=True):  # fmt: skip
            _range(ax, own[f"p50_{column}"], own[f"p95_{column}"], label)
        if len(own):
            axes[0].axvline(4000, color=NEUTRAL, ls="--", lw=1)
            axes[0].text(4000, -0.75, "4K", color=NEUTRAL, ha="center", fontsize=9)
        axes[0].set_yticks(range(len(own)), [short(n, 30) for n in own["name"]])
        axes[0].set_ylim(len(own) - 0.5, -1)
        _legend(fig, {"median": CHAT, "95th percentile": P95})
        fit = "All tasks' prompts fit into 4,000 tokens"
        if over:
            fit = f"Prompts of {over} of {len(own)} tasks outgrow 4,000 tokens"
        finding = f"{fit}; the median task answers in {_seconds(own['p50_ms'].median())}"
        picture = "For each task the range from median to 95th percentile of prompt tokens, answer tokens and latency."
        _title(fig, finding if len(own) else "No answered call tells how long prompts and answers are", picture)
    return fig


def _range(ax: Axes, low: pd.Series, high: pd.Series, label: str) -> None:
    """One range a row on a log scale; a value that is not known is not drawn."""
    ax.set(xlabel=label, ylabel="")
    ax.grid(axis="y", visible=False)
    if low.isna().all():
        ax.text(0.5, 0.5, "not logged", transform=ax.transAxes, ha="center", color=NEUTRAL)
        ax.set_xticks([])
        return
    low, high, rows = low.clip(lower=1), high.clip(lower=1), np.arange(len(low))
    ax.hlines(rows, low, high, color="#94a3b8", lw=3)
    sns.scatterplot(x=low, y=rows, color=CHAT, s=45, ax=ax, legend=False, zorder=3)
    sns.scatterplot(x=high, y=rows, color=P95, marker="|", s=130, linewidth=3, ax=ax, legend=False, zorder=3)
    ax.set_xscale("log")
    narrow = bool(high.max() < 8 * low.min())
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / 1000:g}K" if v >= 1000 else f"{v:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def complexity(bins: pd.DataFrame, tasks: pd.DataFrame, *, n_bins: int = 20) -> Figure:
    """How complex each task's calls are, one row a task, coloured by route_hint. bins: task, bin, calls.

    tasks: task, name, calls, complexity, route_hint.
    """
    own = tasks[tasks["task"].isin(bins["task"])].sort_values("calls").tail(MOST).sort_values("complexity")
    easy = bins.loc[bins["bin"] < round(0.7 * n_bins), "calls"].sum() / max(1, bins["calls"].sum())
    order = {task: row for row, task in enumerate(own["task"])}
    shown = bins[bins["task"].isin(order)].merge(own[["task", "route_hint"]], on="task")
    shown = shown.assign(at=(shown["bin"] + 0.5) / n_bins, row=shown["task"].map(order))
    shown["share"] = shown["calls"] / shown.groupby("task")["calls"].transform("sum")
    with style():
        fig, ax = canvas(1.6 + 0.42 * len(own))
        sns.scatterplot(shown, x="at", y="row", size="share", sizes=(12, 420), hue="route_hint", palette=HINT_COLORS,
                        alpha=0.85, legend=False, ax=ax)  # fmt: skip
        labels = [f"{short(n)} ({c:,})" for n, c in zip(own["name"], own["calls"], strict=True)]
        ax.set_yticks(range(len(own)), labels)
        ax.axvline(0.7, color=NEUTRAL, ls="--", lw=1)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(own) - 0.3), ylabel="")
        ax.set_xlabel("complexity: 0 easy, 1 hard (dashed: the article's limit)\narea: share of the task's calls")
        _legend(fig, {HINT_WORDS[hint]: colour for hint, colour in HINT_COLORS.items()})
        picture = "A row a task, easiest at the bottom: where its calls lie in complexity, and where it could go."
        _title(fig, f"{easy:.0%} of the calls are below the article's complexity limit of 0.7", picture)
    return fig


def could_move(shares: pd.DataFrame) -> Figure:
    """Stacked bars of what could move: by calls and by cost, beside the article's 82%.

    shares: route_hint, call_share, cost_share.
    """
    own = shares.set_index("route_hint")
    bars = {
        "the article, by calls": {"slm": ARTICLE_SHARE, "unclear": 0.0, "llm": 1 - ARTICLE_SHARE},
        "this log, by calls": {hint: float(own.call_share[hint]) for hint in HINT_COLORS},
        "this log, by cost": {hint: float(own.cost_share[hint]) for hint in HINT_COLORS},
    }
    grid = pd.DataFrame(bars).T.fillna(0.0)
    with style():
        fig, ax = canvas(2.9)
        _stacked(ax, grid, HINT_COLORS)
        for row, values in enumerate(grid.to_numpy()):
            for value, left in zip(values, np.cumsum(values) - values, strict=True):
                if value >= 0.05:
                    ax.text(left + value / 2, row, f"{value:.0%}", ha="center", va="center", color="w", weight="bold")
        ax.set_yticks(range(len(bars)), list(bars))
        ax.set(xlim=(0, 1), xlabel="", ylabel="")
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        _legend(fig, {HINT_WORDS[hint]: colour for hint, colour in HINT_COLORS.items()})
        calls, cost = own.call_share["slm"], own.cost_share["slm"]
        paid = f"; they are {cost:.0%} of the cost" if own.cost_share.sum() else "; their cost is unknown"
        picture = f"Stacked bars: small model, unclear, large model; the article moved {ARTICLE_SHARE:.0%}."
        _title(fig, f"{calls:.0%} of the calls could move to a small model{paid}", picture)
    return fig


def _stacked(ax: Axes, grid: pd.DataFrame, colours: dict[str, str]) -> None:
    """Horizontal bars, a row of `grid` each, its columns one after the other in their `colours`."""
    shown = [name for name in colours if name in grid]
    long: Any = grid[shown].set_axis(range(len(grid)), axis=0).rename_axis("row").reset_index().melt("row")
    long.columns = ["row", "part", "value"]
    sns.histplot(long, y="row", weights="value", hue="part", hue_order=shown[::-1], palette=colours, multiple="stack",
                 discrete=True, shrink=0.66, alpha=1, linewidth=0, legend=False, ax=ax)  # fmt: skip
    ax.set_ylim(len(grid) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _seconds(ms: float) -> str:
    return "an unknown time" if pd.isna(ms) else f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def _largest(grid: pd.DataFrame) -> pd.DataFrame:
    if len(grid) <= MOST:
        return grid
    rest = grid.iloc[MOST - 1 :].sum().rename(f"{len(grid) - MOST + 1} other tasks")
    return pd.concat([grid.iloc[: MOST - 1], rest.to_frame().T])


def _legend(fig: Figure, colours: dict[str, str]) -> None:
    """Below the axes, where it covers nothing."""
    handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
    fig.legend(handles, list(colours), loc="outside lower left", ncols=len(colours))


def _title(fig: Figure, finding: str, picture: str) -> None:
    """The finding, over the figure; `picture` is for alt text."""
    headline(fig, finding)
    fig.set_label(picture)


def keep(fig: Figure, folder: Path, name: str) -> Picture:
    """Save a figure of this module with the title and alt text that it carries."""
    title = " ".join(fig.get_suptitle().split())
    return save(fig, folder, name, title=title, alt=f"{title}. {fig.get_label()}")
