"""Figures of step 03: the loss, base against tuned, and what more examples bring.

Knows: the step's frames and how they are drawn. Out of scope: how they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from migration.figures import NEUTRAL, SLM, Picture, save, style


def loss(history: pd.DataFrame, folder: Path, *, best_step: int) -> Picture:
    """Loss of every step, and agreement on the validation calls where it was read (both of `Training.history`)."""
    read = history.dropna(subset=["agreement"]) if "agreement" in history else history.iloc[:0]
    first, last = float(history["loss"].iloc[0]), float(history["loss"].tail(5).mean())
    reached = float(read.loc[read["step"] == best_step, "agreement"].max()) if len(read) else float("nan")
    title = f"Loss from {first:.2f} to {last:.2f}; {reached:.0%} of the validation calls answered exactly"
    with style():
        fig, ax = plt.subplots()
        ax.plot(history["step"], history["loss"], color=NEUTRAL, lw=1, label="loss")
        ax.set(xlabel="training step", ylabel="loss (nats a token of the answer)", ylim=(0, None), title=title)
        other = ax.twinx()
        other.plot(read["step"], read["agreement"], "o-", color=SLM, label="exact answers")
        other.axvline(best_step, color=SLM, ls=":", lw=1)
        other.set(ylim=(0, 1.02), ylabel="answered exactly (validation calls)")
        other.yaxis.set_major_formatter(PercentFormatter(1))
        other.grid(visible=False)
        other.spines["right"].set_visible(True)
        fig.legend(loc="center right", bbox_to_anchor=(0.88, 0.5))
    alt = (
        f"Loss by step, falling from {first:.2f} to {last:.2f}. {title}. The kept adapter is that of step {best_step}."
    )
    return save(fig, folder, "1_loss", title=title, alt=alt)


def before_after(table: pd.DataFrame, folder: Path, *, names: Mapping[str, str]) -> Picture:
    """Agreement of base and tuned, a row a task, with intervals; trained tasks above, the others below.

    table: of `finetune.comparison`.
    """
    rows = table.assign(_top=table["task"] == "ALL").sort_values(["trained", "_top", "difference"])
    whole = table[table["task"] == "ALL"].iloc[0]
    title = f"Tuning takes the trained tasks from {whole['base']:.0%} to {whole['tuned']:.0%} agreement"
    with style():
        fig, ax = plt.subplots(figsize=(8, 1.4 + 0.5 * len(rows)))
        at = np.arange(len(rows))
        ax.hlines(at, rows["base"], rows["tuned"], color="#cbd5e1", lw=3, zorder=1)
        for column, colour in (("base", NEUTRAL), ("tuned", SLM)):
            low, high = rows[column] - rows[f"{column}_low"], rows[f"{column}_high"] - rows[column]
            spread = np.maximum([low, high], 0)
            ax.errorbar(rows[column], at, xerr=spread, fmt="o", color=colour, capsize=3, label=column, zorder=2)
        labels = [
            ("All trained tasks" if row.task == "ALL" else _short(_named(row, names)))
            + ("" if row.trained else " (not trained)")
            + f"  n={row.n}"
            for row in rows.itertuples()
        ]
        ax.set_yticks(at, labels)
        ax.set(xlabel="agreement with the logged LLM (95% interval)", xlim=(-0.02, 1.02))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.legend(loc="lower right")
        fig.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=13)
        fig.tight_layout()
    alt = f"{title}. " + " ".join(
        f"{_named(row, names)}: {row.base:.0%} to {row.tuned:.0%}."
        for row in rows[rows["task"] != "ALL"][::-1].itertuples()
    )
    return save(fig, folder, "2_before_after", title=title, alt=alt)


def learning_curve(curve: pd.DataFrame, folder: Path) -> Picture:
    """Agreement on the validation calls by the number of examples a task. curve: examples, agreement, low, high, n."""
    last = curve.iloc[-1]
    enough = curve[curve["high"] >= last["low"]].iloc[0]
    title = f"From {enough['examples']:.0f} examples on, more of them change nothing that this many calls can show"
    if enough["examples"] == last["examples"]:
        title = (
            f"{last['examples']:.0f} examples are better than {curve['examples'].iloc[-2]:.0f}: more may help further"
        )
    with style():
        fig, ax = plt.subplots()
        spread = np.maximum([curve["agreement"] - curve["low"], curve["high"] - curve["agreement"]], 0)
        ax.errorbar(curve["examples"], curve["agreement"], yerr=spread, fmt="o-", color=SLM, capsize=4)
        ax.set_xscale("log", base=2)
        ax.set_xticks(curve["examples"], [f"{n:.0f}" for n in curve["examples"]])
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set(xlabel="training examples", ylabel=f"answered exactly ({last['n']:.0f} validation calls)", title=title)
        ax.set_ylim(0, 1.02)
    alt = f"{title}: " + ", ".join(f"{row.examples:.0f} examples {row.agreement:.0%}" for row in curve.itertuples())
    return save(fig, folder, "3_learning_curve", title=title, alt=alt)


def _named(row: Any, names: Mapping[str, str]) -> str:
    return names.get(str(row.task), str(row.task))


def _short(name: str, most: int = 40) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
