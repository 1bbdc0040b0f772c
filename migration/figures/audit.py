"""Figures of the traffic audit. Frames in, a matplotlib Figure out, with the finding as its title.

Knows: frames of `migration.audit.analytics`. Out of scope: files, engines, prices.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from migration.figures import FONTS, LLM, NEUTRAL, SLM, Picture, save, style

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
        fig, ax = plt.subplots(layout="constrained", figsize=(9, 3.4))
        image = ax.imshow(grid, cmap="YlGnBu", aspect="auto")
        ax.set_yticks(range(7), DAYS)
        ax.set_xticks(range(0, 24, 2), [f"{h:02d}" for h in range(0, 24, 2)])
        ax.set_xlabel("hour of day (UTC)")
        ax.grid(False)
        fig.colorbar(image, ax=ax, label="calls", pad=0.02)
        _title(
            fig,
            f"Traffic peaks on {DAYS[day]} at {hour:02d}:00 UTC; the weekend carries {weekend:.0%} of {calls:,} calls",
            "Heat map of calls, seven weekdays by 24 hours.",
        )
    return fig


def cost_by_task(kinds: pd.DataFrame, names: dict[str, str], *, to_month: float) -> Figure:
    """Bars of USD a month by task, stacked by kind. kinds: task, kind, cost_usd; names: task to its name."""
    table = kinds.assign(cost=kinds.cost_usd.fillna(0.0) * to_month)
    grid = table.pivot_table(index="task", columns="kind", values="cost", aggfunc="sum", fill_value=0.0)
    grid = _largest(grid.loc[grid.sum(axis=1).sort_values(ascending=False).index])
    total = grid.to_numpy().sum()
    hidden = grid.drop(columns=[k for k in ("chat",) if k in grid]).to_numpy().sum() / (total or 1)
    first = grid.index[0]
    with style():
        fig, ax = plt.subplots(layout="constrained", figsize=(9, 1.3 + 0.36 * len(grid)))
        left = np.zeros(len(grid))
        for kind in [k for k in KIND_COLORS if k in grid]:
            ax.barh(range(len(grid)), grid[kind], left=left, color=KIND_COLORS[kind], label=kind)
            left += grid[kind].to_numpy()
        for row, value in enumerate(left):
            ax.text(value, row, f" ${value:,.2f}" if total < 1000 else f" ${value:,.0f}", va="center", fontsize=9)
        ax.set_yticks(range(len(grid)), [short(names.get(t, t)) for t in grid.index])
        ax.invert_yaxis()
        ax.set_xlim(0, left.max() * 1.12 or 1)
        ax.set_xlabel("USD a month")
        ax.grid(axis="y", visible=False)
        ax.legend(title="kind", loc="lower right")
        _title(
            fig,
            "No call has a known price"
            if not total
            else f"“{short(names.get(first, first))}” is {grid.iloc[0].sum() / (total or 1):.0%} of the bill; "
            + (f"calls that users never see cost {hidden:.0%}" if hidden else "no hidden calls are in this log"),
            "Bars of US dollars a month, one a task, split by the kind of call.",
        )
    return fig


def percentiles(tasks: pd.DataFrame) -> Figure:
    """Median to 95th percentile of prompt tokens, answer tokens and latency by task, on log scales.

    tasks: name, p50_prompt, p95_prompt, p50_completion, p95_completion, p50_ms, p95_ms; largest cost first.
    """
    own = tasks[tasks.p50_prompt.notna()].head(MOST)
    panels = (("prompt", "prompt tokens"), ("completion", "answer tokens"), ("ms", "latency (ms)"))
    over = int((own.p95_prompt > 4000).sum())
    with style():
        fig, axes = plt.subplots(1, 3, layout="constrained", figsize=(11, 1.4 + 0.34 * len(own)), sharey=True)
        for ax, (column, label) in zip(axes, panels, strict=True):
            low, high = own[f"p50_{column}"].clip(lower=1), own[f"p95_{column}"].clip(lower=1)
            rows = np.arange(len(own))
            ax.hlines(rows, low, high, color="#94a3b8", lw=3)
            ax.plot(low, rows, "o", color=CHAT, label="median")
            ax.plot(high, rows, "|", color=P95, ms=11, mew=3, label="95th percentile")
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high.max() < 8 * low.min() else (1,), numticks=5))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
            ax.xaxis.set_minor_formatter(NullFormatter())
            ax.set_xlabel(label)
            ax.grid(axis="y", visible=False)
        axes[0].axvline(4000, color=NEUTRAL, ls="--", lw=1)
        axes[0].text(4000, -0.8, "4K", color=NEUTRAL, ha="center", fontsize=9)
        axes[0].set_yticks(range(len(own)), [short(n) for n in own.name])
        axes[0].invert_yaxis()
        fig.legend(*axes[2].get_legend_handles_labels(), loc="outside lower left", ncols=2)
        fit = "All tasks' prompts fit into 4,000 tokens"
        if over:
            fit = f"Prompts of {over} of {len(own)} tasks outgrow 4,000 tokens"
        _title(
            fig,
            f"{fit}; the median task answers in {_seconds(own.p50_ms.median())}",
            "For each task the range from median to 95th percentile of prompt tokens, answer tokens and latency.",
        )
    return fig


def complexity(bins: pd.DataFrame, tasks: pd.DataFrame, *, n_bins: int = 20) -> Figure:
    """Histogram of complexity, one row a task, coloured by route_hint. bins: task, bin, calls.

    tasks: task, name, calls, complexity, route_hint.
    """
    own = tasks[tasks.task.isin(bins.task)].sort_values("calls").tail(MOST).sort_values("complexity")
    grid = bins.pivot_table(index="task", columns="bin", values="calls", aggfunc="sum", fill_value=0)
    grid = grid.reindex(columns=range(n_bins), fill_value=0)
    easy = grid.iloc[:, : round(0.7 * n_bins)].to_numpy().sum() / max(1, grid.to_numpy().sum())
    with style():
        fig, ax = plt.subplots(layout="constrained", figsize=(9, 1.3 + 0.42 * len(own)))
        edges = np.arange(n_bins) / n_bins
        for row, (task, hint) in enumerate(zip(own.task, own.route_hint, strict=True)):
            share = grid.loc[task].to_numpy() / max(1, grid.loc[task].max())
            ax.bar(edges, 0.85 * share, 1 / n_bins, row, align="edge", color=HINT_COLORS[hint], lw=0.4, edgecolor="w")
        ax.set_yticks(
            np.arange(len(own)) + 0.3, [f"{short(n)} ({c:,})" for n, c in zip(own.name, own.calls, strict=True)]
        )
        ax.axvline(0.7, color=NEUTRAL, ls="--", lw=1)
        ax.set_xlim(0, 1)
        ax.set_xlabel("complexity: 0 easy, 1 hard (dashed: the article's limit)")
        ax.grid(axis="y", visible=False)
        _hint_legend(fig)
        _title(
            fig,
            f"{easy:.0%} of the calls are below the article's complexity limit of 0.7",
            "One small histogram of complexity a task, easiest at the bottom, coloured by where the task could go.",
        )
    return fig


def could_move(shares: pd.DataFrame) -> Figure:
    """Stacked bars of what could move: by calls and by cost, beside the article's 82%.

    shares: route_hint, call_share, cost_share.
    """
    own = shares.set_index("route_hint")
    bars = {
        "this log, by cost": {hint: float(own.cost_share[hint]) for hint in HINT_COLORS},
        "this log, by calls": {hint: float(own.call_share[hint]) for hint in HINT_COLORS},
        "the article, by calls": {"slm": ARTICLE_SHARE, "unclear": 0.0, "llm": 1 - ARTICLE_SHARE},
    }
    with style():
        fig, ax = plt.subplots(layout="constrained", figsize=(9, 2.9))
        for row, values in enumerate(bars.values()):
            left = 0.0
            for hint, value in values.items():
                faint = 0.45 if row == 2 else 1.0
                ax.barh(row, value, left=left, color=HINT_COLORS[hint], alpha=faint, height=0.62)
                if value >= 0.04:
                    ax.text(left + value / 2, row, f"{value:.0%}", ha="center", va="center", color="w", weight="bold")
                left += value
        ax.set_yticks(range(len(bars)), list(bars))
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.0%}"))
        ax.grid(axis="y", visible=False)
        _hint_legend(fig)
        calls, cost = own.call_share["slm"], own.cost_share["slm"]
        _title(
            fig,
            f"{calls:.0%} of the calls could move to a small model"
            + (f"; they are {cost:.0%} of the cost" if own.cost_share.sum() else "; their cost is unknown"),
            f"Stacked bars: small model, unclear, large model; the article moved {ARTICLE_SHARE:.0%} of its calls.",
        )
    return fig


def short(name: str, width: int = 38) -> str:
    """A task's name as an axis can carry it; where no font here has its letters, in what script it is written."""
    lacking = {unicodedata.name(c, "unknown").split()[0].title() for c in name if not _drawn(c)}
    if lacking:
        return f"(named in {', '.join(sorted(lacking))} letters)"
    return name if len(name) <= width else name[: width - 1].rstrip() + "…"


@lru_cache
def _drawn(letter: str) -> bool:
    return any(get_font(findfont(font)).get_char_index(ord(letter)) for font in FONTS)


def _seconds(ms: float) -> str:
    return "an unknown time" if pd.isna(ms) else f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def _largest(grid: pd.DataFrame) -> pd.DataFrame:
    if len(grid) <= MOST:
        return grid
    rest = grid.iloc[MOST - 1 :].sum().rename(f"{len(grid) - MOST + 1} other tasks")
    return pd.concat([grid.iloc[: MOST - 1], rest.to_frame().T])


def _hint_legend(fig: Figure) -> None:
    handles = [Rectangle((0, 0), 1, 1, color=color) for color in HINT_COLORS.values()]
    fig.legend(handles, [HINT_WORDS[hint] for hint in HINT_COLORS], loc="outside lower left", ncols=3)


def _title(fig: Figure, finding: str, picture: str) -> None:
    """A title over the whole figure, left: tasks' names make axes begin far to the right. `picture` is for alt text."""
    fig.suptitle(finding, x=0.01, ha="left", weight="bold", fontsize=13)
    fig.set_label(picture)


def keep(fig: Figure, folder: Path, name: str) -> Picture:
    """Save a figure of this module with the title and alt text that it carries."""
    title = fig.get_suptitle()
    return save(fig, folder, name, title=title, alt=f"{title}. {fig.get_label()}")
