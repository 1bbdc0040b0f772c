"""Figures of step 03: the loss, base against tuned, and what more examples bring.

Covers: the step's frames and how they are drawn. Out of scope: how they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from migration.figures import NEUTRAL, SLM, Picture, canvas, save, style
from migration.figures.names import headline, short


def loss(history: pd.DataFrame, folder: Path, *, best_step: int) -> Picture:
    """Loss of every step, and agreement on the validation calls where it was read (both of `Training.history`)."""
    read = history.dropna(subset=["agreement"]) if "agreement" in history else history.iloc[:0]
    first, last = float(history["loss"].iloc[0]), float(history["loss"].tail(5).mean())
    reached = read.loc[read["step"] == best_step, "agreement"].max() if len(read) else np.nan
    title = f"Loss goes from {first:.2f} to {last:.2f}"
    if np.isfinite(reached):
        title += f"; {reached:.0%} of the validation calls are answered exactly"
    with style():
        fig, (left, right) = canvas(3.8, columns=2)
        sns.lineplot(history, x="step", y="loss", color=NEUTRAL, ax=left, errorbar=None)
        left.set(xlabel="training step", ylabel="loss (nats a token of the answer)")
        left.set_ylim(bottom=0)
        if len(read):
            sns.lineplot(read, x="step", y="agreement", color=SLM, marker="o", ax=right, errorbar=None)
        right.axvline(best_step, color=SLM, ls=":", lw=1.2)
        right.set(xlabel="training step (dotted: the adapter that is kept)", ylabel="validation calls answered exactly")
        right.set(ylim=(-0.02, 1.05), xlim=left.get_xlim())
        right.yaxis.set_major_formatter(PercentFormatter(1))
        for ax in (left, right):
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        headline(fig, title)
    alt = f"Loss by step, from {first:.2f} to {last:.2f}. {title}. The kept adapter is that of step {best_step}."
    return save(fig, folder, "1_loss", title=title, alt=alt)


def before_after(table: pd.DataFrame, folder: Path, *, names: Mapping[str, str]) -> Picture:
    """Base and tuned on each task, with intervals; trained tasks above, the others below.

    table: of `finetune.comparison`.
    """
    rows = table.assign(_top=table["task"] == "ALL").sort_values(["trained", "_top", "difference"])
    whole = table[table["task"] == "ALL"].iloc[0]
    title = _change(whole)
    with style():
        fig, ax = canvas(1.7 + 0.5 * len(rows))
        at = np.arange(len(rows))
        ax.hlines(at, rows["base"], rows["tuned"], color="#cbd5e1", lw=3, zorder=1)
        for column, colour, lift in (("base", NEUTRAL, 0.12), ("tuned", SLM, -0.12)):
            _interval(ax, rows, column, at + lift, colour)
        labels = [_label(row, names) for row in rows.to_dict("records")]
        ax.set_yticks(at, labels)
        ax.set(xlabel="agreement with the logged LLM (95% interval)", ylabel="", xlim=(-0.02, 1.02))
        ax.set_ylim(-0.6, len(rows) - 0.4)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.grid(axis="y", visible=False)
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        headline(fig, title)
    told = [f"{names.get(row['task'], row['task'])}: {row['base']:.0%} to {row['tuned']:.0%}."
            for row in rows[rows["task"] != "ALL"][::-1].to_dict("records")]  # fmt: skip
    return save(fig, folder, "2_before_after", title=title, alt=f"{title}. {' '.join(told)}")


def _change(whole: pd.Series) -> str:
    """What tuning did on all trained tasks together, by the interval of the difference where there is one."""
    said = f"the trained tasks from {whole['base']:.0%} to {whole['tuned']:.0%} agreement"
    constant = float(whole.get("constant", np.nan))
    trivial = f"; one constant answer has {constant:.0%}" if whole["tuned"] <= constant else ""
    low, high = (float(whole.get(end, np.nan)) for end in ("low", "high"))
    if whole["base"] == whole["tuned"]:
        return f"Tuning leaves the trained tasks at {whole['base']:.0%} agreement"
    if np.isfinite(low) and low <= 0 <= high:
        return f"Tuning takes {said}, which this many calls cannot tell from no change{trivial}"
    return f"Tuning takes {said}{trivial}"


def _interval(ax: Axes, rows: pd.DataFrame, column: str, at: np.ndarray, colour: str) -> None:
    ax.hlines(at, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, lw=2, alpha=0.6)
    sns.scatterplot(x=rows[column], y=at, color=colour, s=60, label=column, ax=ax, legend=False, zorder=3)


def _label(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    name = "All trained tasks" if row["task"] == "ALL" else short(names.get(row["task"], str(row["task"])))
    return f"{name}{'' if row['trained'] else ' (not trained)'}  n={row['n']}"


def learning_curve(curve: pd.DataFrame, folder: Path) -> Picture:
    """Agreement on the validation calls by the number of examples a task. curve: examples, agreement, low, high, n."""
    title = _enough(curve)
    with style():
        fig, ax = canvas(3.8)
        ax.vlines(curve["examples"], curve["low"], curve["high"], color=SLM, lw=2, alpha=0.6)
        sns.lineplot(curve, x="examples", y="agreement", marker="o", color=SLM, ax=ax, errorbar=None)
        ax.set_xscale("log", base=2)
        ax.set_xticks(curve["examples"], [f"{n:.0f}" for n in curve["examples"]])
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        calls = f"answered exactly ({curve['n'].iloc[-1]:.0f} validation calls)"
        ax.set(xlabel="training examples (log scale)", ylabel=calls, ylim=(0, 1.02))
        headline(fig, title)
    alt = f"{title}: " + ", ".join(f"{row.examples:.0f} examples {row.agreement:.0%}" for row in curve.itertuples())
    return save(fig, folder, "3_learning_curve", title=title, alt=alt)


def _enough(curve: pd.DataFrame) -> str:
    last = curve.iloc[-1]
    if len(curve) == 1:
        return f"{last['examples']:.0f} examples: {last['agreement']:.0%} of the validation calls answered exactly"
    enough = curve[curve["high"] >= last["low"]].iloc[0]
    if enough["examples"] < last["examples"]:
        return f"From {enough['examples']:.0f} examples on, more of them change nothing that this many calls can show"
    return f"{last['examples']:.0f} examples are better than {curve['examples'].iloc[-2]:.0f}: more may help further"
