"""Figures of step 04: frames in, pictures out. A title states what its frame shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, canvas, save, style
from migration.figures.names import headline

SHARE = "share of calls that small models answer"
QUALITY = "answers as good as the LLM's"
PRICE = "USD per 1,000 calls"


def reliability_picture(before: pd.DataFrame, after: pd.DataFrame, ece: tuple[float, float], folder: Path) -> Picture:
    """before, after: of `routing.reliability` on test calls; ece: expected calibration error of each."""
    title = f"Calibration brings confidence closer to what comes true (error {ece[0]:.2f} to {ece[1]:.2f})"
    if abs(ece[1] - ece[0]) < 0.005:
        title = f"Confidence was off by {ece[0]:.3f} as stated and is by {ece[1]:.3f} calibrated"
    elif ece[1] > ece[0]:
        title = f"Calibration does not bring confidence closer to what comes true (error {ece[0]:.2f} to {ece[1]:.2f})"
    with style():
        fig, axes = canvas(4.2, columns=2, sharey=True)
        for ax, frame, name in zip(axes, (before, after), ("as the model states it", "calibrated"), strict=True):
            ax.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
            ax.vlines(frame["confidence"], frame["low"], frame["high"], color=SLM, lw=2, alpha=0.5)
            sns.lineplot(frame, x="confidence", y="agreement", marker="o", color=SLM, ax=ax, errorbar=None)
            ax.set(xlabel=f"confidence, {name}", ylabel="share that agrees with the LLM", xlim=(-0.02, 1.02))
            ax.set(ylim=(-0.02, 1.04))
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_formatter(PercentFormatter(1))
        headline(fig, title)
    n = int(after["n"].sum())
    alt = f"Two reliability diagrams on {n} test calls, before and after calibration, with 95% intervals a bin."
    return save(fig, folder, "1_reliability", title=title, alt=alt)


def curve_picture(curve: pd.DataFrame, chosen: dict[str, float], folder: Path, *, max_loss: float) -> Picture:
    """curve: of `routing.curve`; chosen: slm_share, quality, cost_usd_per_1k of the policy on the same calls."""
    title = _kept(curve, chosen)
    fig = curve_figure(curve, chosen, max_loss=max_loss, title=title)
    alt = (
        "Left: quality kept over the share of calls that small models answer, with its 95% band and the loss "
        f"allowed ({max_loss:.0%}). Right: cost of the same thresholds. {title}."
    )
    return save(fig, folder, "2_curve", title=title, alt=alt)


def _kept(curve: pd.DataFrame, chosen: dict[str, float]) -> str:
    if not chosen["slm_share"] > 0:
        return "No threshold has a guarantee and saves money: all calls stay with the LLM"
    dearest = float(curve["cost_usd_per_1k"].max())
    said = (
        f"Small models keep {chosen['slm_share']:.0%} of the calls: {1 - chosen['quality']:.1%} of all answers differ"
    )
    if not (np.isfinite(dearest) and dearest > 0):
        return f"{said}; what it saves is unknown"
    saved = 1 - chosen["cost_usd_per_1k"] / dearest
    return f"{said}, {saved:.0%} of the cost is saved" if saved >= 0 else f"{said}, the cost rises by {-saved:.0%}"


def curve_figure(
    curve: pd.DataFrame, chosen: dict[str, float], *, max_loss: float, title: str, at: pd.Series | None = None
) -> Figure:
    """Quality and cost of every common threshold, with the policy's point, and that of one threshold `at` (a row).

    curve: of `routing.curve`.
    """
    with style():
        fig, (left, right) = canvas(4.2, columns=2)
        _band(left, curve, "slm_share")
        left.axhline(1 - max_loss, color=NEUTRAL, linestyle="--", linewidth=1, label=f"{max_loss:.0%} lost")
        sns.lineplot(curve, x="slm_share", y="cost_usd_per_1k", color=SLM, ax=right, errorbar=None)
        for ax, column in ((left, "quality"), (right, "cost_usd_per_1k")):
            _point(ax, chosen["slm_share"], chosen[column], CASCADE, "D", "the policy")
            if at is not None:
                _point(ax, at["slm_share"], at[column], LLM, "o", f"threshold {at['threshold']:.2f}")
            ax.xaxis.set_major_formatter(PercentFormatter(1))
            ax.set(xlabel=SHARE, xlim=(-0.03, 1.03))
        left.yaxis.set_major_formatter(PercentFormatter(1))
        left.set(ylabel=QUALITY)
        right.set(ylabel=PRICE)
        if curve["cost_usd_per_1k"].notna().any():
            right.set_ylim(bottom=0)
        else:
            _nothing(right, "no price is known")
        handles, labels = left.get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower left", ncols=len(labels))
        headline(fig, title)
    return fig


def _band(ax: Axes, curve: pd.DataFrame, column: str) -> None:
    """Quality over `column` with its 95% band."""
    ordered = curve.sort_values(column)
    ax.fill_between(ordered[column], ordered["quality_low"], ordered["quality_high"], color=SLM, alpha=0.15, lw=0)
    sns.lineplot(
        curve, x=column, y="quality", color=SLM, ax=ax, errorbar=None, estimator=None, sort=False,
        label="one common threshold, 95% band", legend=False,
    )  # fmt: skip


def _point(ax: Axes, x: float, y: float, colour: str, marker: str, label: str) -> None:
    sns.scatterplot(x=[x], y=[y], color=colour, marker=marker, s=85, ax=ax, label=label, legend=False, zorder=4)


def _nothing(ax: Axes, why: str) -> None:
    """Say in an empty panel why it is empty."""
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=NEUTRAL)
    ax.set(xticks=[], yticks=[])


def pareto_picture(curve: pd.DataFrame, plain: pd.DataFrame, chosen: dict[str, float], folder: Path) -> Picture:
    """curve: of `routing.curve`; plain: of `routing.baselines`; chosen: the policy on the same calls."""
    ends = plain.set_index("name").loc[["all SLM", "all LLM"]]
    prices, qualities = ends["cost_usd_per_1k"].to_numpy(float), ends["quality"].to_numpy(float)
    title = _beside_random(prices, qualities, chosen)
    with style():
        fig, ax = canvas(4.8)
        _band(ax, curve, "cost_usd_per_1k")
        ax.plot(prices, qualities, ":", color=NEUTRAL, label="random mix")
        _plain_routers(ax, plain[plain["name"] != "random half"])
        _point(ax, chosen["cost_usd_per_1k"], chosen["quality"], CASCADE, "D", "the policy")
        ax.set(xlabel=PRICE, ylabel=QUALITY)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.3g}"))
        ax.margins(x=0.12, y=0.12)
        if not np.isfinite(prices).any():
            _nothing(ax, "no price is known")
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
        headline(fig, title)
    alt = "Quality kept over cost: every common threshold, the policy, and the plain routers beside it."
    return save(fig, folder, "3_pareto", title=title, alt=alt)


def _beside_random(prices: np.ndarray, qualities: np.ndarray, chosen: dict[str, float]) -> str:
    """How the policy's cost compares with an even random mix of the same quality."""
    if not np.isfinite(prices).all():
        return "The price of the LLM is unknown, and so is what each router costs"
    if not chosen["slm_share"] > 0:
        return "Nothing is routed, so the policy is the LLM alone"
    if not qualities[0] < qualities[1] or not chosen["cost_usd_per_1k"] > 0:
        return "The small models alone are as good as the LLM on these calls"
    times = float(np.interp(chosen["quality"], qualities, prices)) / chosen["cost_usd_per_1k"]
    if 0.95 < times < 1.05:
        return "A random mix of the same quality would cost about the same"
    if times < 1:
        return f"A random mix of the same quality would cost {1 - times:.0%} less"
    return f"A random mix of the same quality would cost {times:.1f} times as much"


def _plain_routers(ax: Axes, shown: pd.DataFrame) -> None:
    """A point each, named; those at one place share it, and names next to each other are set apart."""
    places: dict[tuple[float, float], list[str]] = {}
    for name, x, y in zip(shown["name"], shown["cost_usd_per_1k"], shown["quality"], strict=True):
        if np.isfinite(x) and np.isfinite(y):
            places.setdefault((round(float(x), 4), round(float(y), 3)), []).append(str(name))
    taken: list[tuple[Any, ...]] = []
    wide = max((x for x, _ in places), default=1.0) or 1.0
    for (x, y), names in sorted(places.items()):
        ax.plot(x, y, "o", color=LLM if "all LLM" in names else NEUTRAL)
        lift = -16 - 13 * sum(abs(x - a) < 0.22 * wide and abs(y - b) < 0.12 for a, b in taken)
        taken.append((x, y))
        ax.annotate(", ".join(names), (x, y), xytext=(0, lift), fontsize=9, textcoords="offset points", ha="center")
