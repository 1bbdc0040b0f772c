"""Figures of step 02: agreement by task and candidate, intervals, and what a customer waits.

Covers: the scoreboard's frames and how they are drawn. Out of scope: how they were made.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import PercentFormatter

from migration.figures import LLM, NEUTRAL, SLM, WIDTH, Picture, canvas, log_axis, save, style
from migration.figures.names import headline, short

_SHADES = LinearSegmentedColormap.from_list("agreement", ["#fff7ed", "#99d5cc", SLM])
VERDICT_COLOURS = {
    "move now": SLM,
    "move after fine-tuning": "#5eb5aa",
    "cannot tell yet": "#cbd5e1",
    "keep on the LLM": LLM,
    "shown, not judged": "#e2e8f0",
}

ABOUT = 1.05
"""Waits closer than this are called equal."""
_INK = {"move after fine-tuning": "#2a8c80", "cannot tell yet": NEUTRAL, "shown, not judged": NEUTRAL}
"""Darker than its area, where a verdict's colour is too light for words."""


def heatmap(frame: pd.DataFrame, folder: Path, *, names: dict[str, str] | None = None) -> Picture:
    """Agreement of every candidate (columns) on every task (rows, commonest first), `ALL` at the top.

    frame: a scoreboard without the LLM's rows. The number in a cell is agreement, below it its interval.
    """
    names = names or {}
    order = ["ALL", *(task for task in frame["task"].unique() if task != "ALL")]
    wide = frame.pivot(index="task", columns="candidate", values="agreement")
    wide = wide.loc[order, list(frame["candidate"].unique())]
    counts = frame.groupby("task")["n"].max()
    labels = ["All the traffic asked" if t == "ALL" else short(names.get(t, t), 32) for t in order]
    top = pd.Series(wide.loc["ALL"])
    title = _heatmap_title(frame[frame["task"] == "ALL"].set_index("candidate"))
    with style():
        fig, ax = canvas(1.9 + 0.5 * len(wide))
        sns.heatmap(wide, ax=ax, cmap=_SHADES, vmin=0, vmax=1, cbar=False, linewidths=1.5, linecolor="white")
        _cells(ax, wide, frame.set_index(["task", "candidate"]))
        ax.set(xlabel="", ylabel="")
        rows = [f"{label}  (n={counts[t]})" for t, label in zip(order, labels, strict=True)]
        ax.set_yticks(np.arange(len(wide)) + 0.5, rows, rotation=0)
        room = max(8, int((WIDTH - 3.6) / len(wide.columns) * 9.5))
        columns = [textwrap.fill(short(str(c), 60), room) for c in wide.columns]
        ax.set_xticks(np.arange(len(wide.columns)) + 0.5, columns, rotation=0)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.axhline(1, color="#0f172a", lw=1.2)
        headline(fig, title)
    told = "; ".join(f"{c} {v:.0%}" for c, v in top.items())
    alt = f"Heat map of agreement by task and candidate. All the traffic: {told}."
    return save(fig, folder, "1_agreement", title=title, alt=alt)


def _heatmap_title(top: pd.DataFrame) -> str:
    """top: agreement, low on all the traffic asked, by candidate. The best is the surest: few calls win by luck."""
    if not top["agreement"].max() > 0:
        return "As they are, none of the candidates ever agrees with the LLM: they lack the form of the answers"
    best = max(top.reset_index().to_dict("records"), key=lambda row: row["low"])
    agrees = f"agrees with the LLM on {best['agreement']:.0%} of the traffic asked"
    if len(top) == 1:
        return f"{best['candidate']} as it is {agrees}"
    return f"{best['candidate']} {agrees}, surely on {best['low']:.0%}: the most of {len(top)} tried"


def _cells(ax: Axes, wide: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Agreement and its interval in every cell that was asked. rows: indexed by task and candidate."""
    for y, task in enumerate(wide.index):
        for x, candidate in enumerate(wide.columns):
            value = float(wide.to_numpy(float)[y, x])
            if np.isnan(value):
                continue
            row = rows.loc[(task, candidate)]
            ink = "white" if value > 0.7 else "#0f172a"
            ax.text(x + 0.5, y + 0.38, f"{value:.0%}", ha="center", va="center", color=ink, fontweight="bold")
            span = f"{row['low']:.0%} to {row['high']:.0%}"
            ax.text(x + 0.5, y + 0.74, span, ha="center", va="center", color=ink, fontsize=7.5)


def verdicts(frame: pd.DataFrame, folder: Path) -> Picture:
    """Each task's best candidate with its interval against the floor, coloured by verdict, its traffic on the right.

    frame: a scoreboard's verdicts, each with its floor.
    """
    shown = frame.iloc[::-1].reset_index(drop=True)
    inks = [_INK.get(word, VERDICT_COLOURS[word]) for word in shown["verdict"]]
    asked = shown["n"] > 0
    with style():
        fig, ax = canvas(1.6 + 0.44 * len(shown))
        ax.hlines(shown.index[asked], shown.loc[asked, "low"], shown.loc[asked, "high"], lw=5, alpha=0.45,
                  colors=[ink for ink, n in zip(inks, shown["n"], strict=True) if n])  # fmt: skip
        own = dict(enumerate(inks))
        sns.scatterplot(x=shown["agreement"].astype(float), y=shown.index, hue=shown.index, palette=own, s=65, ax=ax,
                        legend=False, zorder=3)  # fmt: skip
        for y, row in enumerate(shown.to_dict("records")):
            if not row["n"]:
                ax.text(0.02, y, "not asked", va="center", color=NEUTRAL, fontsize=9)
            ax.text(
                1.03, y, f"{_lacking(row)}  ·  {row['share']:.0%} of calls", va="center", color=inks[y], fontsize=10
            )
        floors = shown["floor"].to_numpy(float)
        ax.vlines(floors, shown.index - 0.5, shown.index + 0.5, color=LLM, lw=1.2, ls="--")
        at = f" ({floors[-1]:.0%})" if len(set(floors)) == 1 else ""
        ax.text(floors[-1], len(shown) - 0.35, f"as good as the LLM{at} ", color=LLM, fontsize=9, ha="right")
        ax.set_yticks(range(len(shown)), [short(name, 32) for name in shown["name"]])
        ax.set(ylim=(-0.6, len(shown) - 0.1), xlim=(-0.01, 1.01), ylabel="")
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("agreement with the logged LLM, best candidate, 95% interval")
        ready = frame.loc[frame["verdict"] == "move now", "share"].sum()
        tune = frame.loc[frame["verdict"] == "move after fine-tuning", "share"].sum()
        title = f"{ready:.0%} of the traffic can move as it is; fine-tuning is worth a try on {tune:.0%}"
        headline(fig, title)
    told = "; ".join(f"{row['name']}: {_lacking(row)}" for row in frame.to_dict("records"))
    return save(fig, folder, "2_verdicts", title=title, alt=f"Agreement interval and verdict of each task. {told}.")


def _lacking(row: Mapping[Any, Any]) -> str:
    more = int(row["more_calls"])
    return f"{row['verdict']}: needs {more:,} more" if more else str(row["verdict"])


def waiting(frame: pd.DataFrame, folder: Path, candidate: str) -> Picture:
    """How long a conversation's calls take one after the other: share of conversations done by a time.

    frame: conversation_id, calls, asked (those of a task that the candidate answered), llm_ms, candidate_ms.
    """
    llm, slm = (frame[column].to_numpy(float) / 1e3 for column in ("llm_ms", "candidate_ms"))
    halves = float(np.median(llm)), float(np.median(slm))
    title = f"On this machine {short(candidate)} {_change(*halves)} over a conversation"
    with style():
        fig, ax = canvas(4.0)
        both = pd.DataFrame({"seconds": np.r_[llm, slm], "who": np.repeat(["logged LLM", candidate], len(frame))})
        colours = {"logged LLM": LLM, candidate: SLM}
        sns.ecdfplot(both, x="seconds", hue="who", palette=colours, lw=2.2, ax=ax, legend=False)
        for half, who in zip(halves, colours, strict=True):
            ax.plot(half, 0.5, "o", color=colours[who], label=f"{short(who)}: half within {half:.2g} s")
        log_axis(ax, both["seconds"], "seconds a customer waits over one conversation's calls")
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylabel("conversations done")
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
        headline(fig, title)
    told = f"LLM median {halves[0]:.2f} s, {candidate} {halves[1]:.2f} s"
    alt = f"Distribution of waiting time over {len(frame):,} conversations: {told}."
    return save(fig, folder, "4_waiting", title=title, alt=alt)


def _change(llm: float, slm: float) -> str:
    """How a candidate's wait compares with the LLM's, both in seconds."""
    if not (llm > 0 and slm > 0):
        return "is not to be compared with the LLM: a wait of nothing was logged"
    if 1 / ABOUT <= llm / slm <= ABOUT:
        return "is about as fast as the LLM"
    return f"is {llm / slm:.1f} times faster" if slm < llm else f"is {slm / llm:.1f} times slower"


def named(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """`frame` with its task column in the words people know, and its numbers short."""
    shown = frame.assign(task=[names.get(task, task) for task in frame["task"]])
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].map("{:.0%}".format if column == "share" else "{:.2f}".format)
    return shown.rename(columns=lambda c: c.replace("_", " "))


def models_table(models: pd.DataFrame) -> pd.DataFrame:
    """The article's head-to-head table as people read it.

    models: data/models.csv.
    """
    prices = [
        f"{a:.2f} to {b:.2f}" if a != b else f"{a:.2f}" for a, b in models[["usd_m_low", "usd_m_high"]].to_numpy()
    ]
    return pd.DataFrame(
        {
            "model": models["model"],
            "parameters (billions)": models["parameters_b"].map("{:g}".format),
            "MMLU %": models["mmlu"].map("{:.1f}".format),
            "HellaSwag %": models["hellaswag"].map("{:.1f}".format),
            "ARC-C %": models["arc_c"].map("{:.1f}".format),
            "USD per M tokens": prices,
            "memory (GB)": models["memory_gb"].map("{:g}".format).replace("nan", ""),
            "does not hold": models["flag"],
            "figures from": models["source"] + ", " + models["as_of"],
            "the model's own report": models["report"] + ", " + models["report_date"],
        }
    )


def waiting_sentence(frame: pd.DataFrame, candidate: str) -> str:
    """How the measured waiting compares with the article's, in one sentence.

    frame: of `pipeline_latency`.
    """
    llm, slm = frame["llm_ms"].median() / 1e3, frame["candidate_ms"].median() / 1e3
    low, high = frame["candidate_ms"].quantile([0.05, 0.95]) / 1e3
    share = frame["asked"].sum() / frame["calls"].sum()
    rest = (
        "" if share == 1 else f"; {1 - share:.0%} of the calls are of tasks that were not asked and keep the LLM's wait"
    )
    return (
        f"Over {len(frame):,} logged conversations of {frame['calls'].mean():.1f} calls on average, half wait at most "
        f"{llm:.2f} s for the LLM and {slm:.2f} s for {candidate} on this machine (90% between {low:.2f} and "
        f"{high:.2f} s): {llm / slm:.1f} times as fast, where the article reports 4.8 / 0.72 = {4.8 / 0.72:.1f} times"
        f"{rest}."
    )


def head_to_head(models: pd.DataFrame, own: pd.DataFrame, folder: Path) -> Picture:
    """Public knowledge scores of the article's models beside the agreement measured on the team's own prompts.

    models: model, mmlu, runs_on_laptop flag; own: candidate, agreement, low, high (rows of `ALL`).
    """
    best = own.iloc[own["agreement"].fillna(0).argmax()]
    title = (
        f"Public scores run from {models['mmlu'].min():.0f}% to {models['mmlu'].max():.0f}%; "
        f"on your own prompts {short(best['candidate'])} agrees on {best['agreement']:.0%}"
    )
    with style():
        fig, (left, right) = canvas(0.6 + 0.42 * max(len(models), len(own)), columns=2, width_ratios=[1.1, 1])
        shown = models.sort_values("mmlu", ascending=False)
        laptop = shown["laptop"].map({"yes": "runs on a laptop", "no": "does not"}).fillna("does not")
        sns.barplot(x=shown["mmlu"] / 100, y=shown["model"], hue=laptop, ax=left, saturation=1, dodge=False,
                    palette={"runs on a laptop": SLM, "does not": LLM})  # fmt: skip
        for y, value in enumerate(shown["mmlu"]):
            left.text(value / 100 + 0.01, y, f"{value:.1f}%", va="center", fontsize=9)
        handles, labels = left.get_legend_handles_labels()
        left.get_legend().remove()
        fig.legend(handles, labels, loc="outside lower left", ncols=2)
        left.set(xlabel="MMLU, the article's table", ylabel="")
        _own_agreement(right, own)
        for ax in (left, right):
            ax.set_xlim(0, 1.12)
            ax.xaxis.set_major_formatter(PercentFormatter(1))
            ax.grid(visible=False, axis="y")
        headline(fig, title)
    alt = "Left: MMLU of the article's eight models. Right: measured agreement."
    return save(fig, folder, "3_head_to_head", title=title, alt=f"{alt} {title}.")


def _own_agreement(ax: Axes, own: pd.DataFrame) -> None:
    """A bar a candidate with its interval and its share."""
    names = [textwrap.fill(short(name, 44), 22) for name in own["candidate"]]
    sns.barplot(x=own["agreement"].to_numpy(), y=names, color=SLM, width=0.6, saturation=1, ax=ax)
    ax.hlines(range(len(own)), own["low"], own["high"], color="#0f172a", lw=1.5)
    for y, (value, high) in enumerate(own[["agreement", "high"]].to_numpy()):
        ax.text(high + 0.02, y, f"{value:.0%}", va="center", fontsize=9)
    ax.set(xlabel="agreement on your own\nprompts, 95% interval", ylabel="", ylim=(max(len(own), 4) - 0.5, -0.5))
