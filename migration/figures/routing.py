"""Figures of step 04: frames in, pictures out. A title states what its frame shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, save, style


def reliability_picture(before: pd.DataFrame, after: pd.DataFrame, ece: tuple[float, float], folder: Path) -> Picture:
    """before, after: of `routing.reliability` on test calls; ece: expected calibration error of each."""
    direction = "Calibration brings" if ece[1] < ece[0] else "Calibration does not bring"
    title = f"{direction} confidence closer to what comes true (error {ece[0]:.2f} to {ece[1]:.2f})"
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
        for ax, frame, name in zip(axes, (before, after), ("as the model states it", "calibrated"), strict=True):
            ax.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1)
            error = np.abs(frame[["low", "high"]].to_numpy().T - frame["agreement"].to_numpy())
            ax.errorbar(frame["confidence"], frame["agreement"], yerr=error, fmt="o-", color=SLM, capsize=3)
            ax.set(xlabel=f"confidence, {name}", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes[0].set_ylabel("share that agrees with the LLM")
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    n = int(after["n"].sum())
    alt = f"Two reliability diagrams on {n} test calls, before and after calibration, with 95% intervals a bin."
    return save(fig, folder, "reliability", title=title, alt=alt)


def curve_picture(curve: pd.DataFrame, chosen: dict[str, float], folder: Path, *, max_loss: float) -> Picture:
    """curve: of `routing.curve`; chosen: slm_share, quality, cost_usd_per_1k of the policy on the same calls."""
    saved = 1 - chosen["cost_usd_per_1k"] / curve["cost_usd_per_1k"].iloc[-1]
    if chosen["slm_share"] > 0:
        title = (
            f"{chosen['slm_share']:.0%} of the calls stay small, {1 - chosen['quality']:.1%} lost, {saved:.0%} saved"
        )
    else:
        title = "No threshold has a guarantee and saves money: all calls stay with the LLM"
    with style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2))
        _band(left, curve, max_loss)
        left.plot(chosen["slm_share"], chosen["quality"], "D", color=CASCADE, markersize=9, label="the policy")
        left.legend(loc="lower left")
        right.plot(curve["slm_share"], curve["cost_usd_per_1k"], color=LLM)
        right.plot(chosen["slm_share"], chosen["cost_usd_per_1k"], "D", color=CASCADE, markersize=9)
        right.set(xlabel="share of calls that the SLM answers", ylabel="USD per 1,000 calls")
        right.set_ylim(bottom=0)
        fig.suptitle(title, x=0.01, ha="left", weight="bold")
        fig.tight_layout()
    alt = (
        "Left: quality kept over the share of calls that the small model answers, with its 95% band and the loss "
        f"allowed ({max_loss:.0%}). Right: cost of the same thresholds."
    )
    return save(fig, folder, "curve", title=title, alt=alt)


def _band(ax: Axes, curve: pd.DataFrame, max_loss: float) -> None:
    ax.fill_between(curve["slm_share"], curve["quality_low"], curve["quality_high"], color=SLM, alpha=0.15, lw=0)
    ax.plot(curve["slm_share"], curve["quality"], color=SLM, label="one common threshold")
    ax.axhline(1 - max_loss, color=NEUTRAL, linestyle="--", linewidth=1, label=f"{max_loss:.0%} lost")
    ax.set(xlabel="share of calls that the SLM answers", ylabel="quality kept (share as good as the LLM)")


def pareto_picture(curve: pd.DataFrame, plain: pd.DataFrame, chosen: dict[str, float], folder: Path) -> Picture:
    """curve: of `routing.curve`; plain: of `routing.baselines`; chosen: the policy on the same calls."""
    ends = plain.set_index("name").loc[["all SLM", "all LLM"]]
    prices, qualities = ends["cost_usd_per_1k"].to_numpy(), ends["quality"].to_numpy()
    same_quality = float(np.interp(chosen["quality"], qualities, prices))  # what an even random mix would pay
    title = "Nothing is routed, so the policy is the LLM alone"
    if not np.isfinite(prices).all():
        title = "The price of the LLM is unknown, and so is what each router costs"
    elif chosen["slm_share"] > 0:
        times = same_quality / chosen["cost_usd_per_1k"]
        title = f"A random mix of the same quality would cost {times:.1f} times as much"
        title = title if times >= 1.05 else "A random mix of the same quality would cost about the same"
    with style():
        fig, ax = plt.subplots(figsize=(8.5, 4.6))
        ax.fill_between(
            curve["cost_usd_per_1k"], curve["quality_low"], curve["quality_high"], color=SLM, alpha=0.15, lw=0
        )
        ax.plot(curve["cost_usd_per_1k"], curve["quality"], color=SLM, label="each threshold, 95% band")
        ax.plot(prices, qualities, ":", color=NEUTRAL, label="random mix")
        shown = plain[plain["name"] != "random half"]
        places: dict[tuple[float, float], list[str]] = {}
        for name, x, y in zip(shown["name"], shown["cost_usd_per_1k"], shown["quality"], strict=True):
            places.setdefault((round(float(x), 4), round(float(y), 4)), []).append(str(name))
        for (x, y), names in places.items():
            ax.plot(x, y, "o", color=LLM if "all LLM" in names else NEUTRAL)
            ax.annotate(", ".join(names), (x, y), xytext=(0, -16), fontsize=9, textcoords="offset points", ha="center")
        ax.plot(chosen["cost_usd_per_1k"], chosen["quality"], "D", color=CASCADE, markersize=9, label="the policy")
        ax.set(xlabel="USD per 1,000 calls", ylabel="quality kept (share as good as the LLM)", title=title)
        ax.margins(x=0.12, y=0.1)
        ax.legend(loc="lower right")
    alt = "Quality kept over cost: every common threshold, the policy, and the plain routers beside it."
    return save(fig, folder, "pareto", title=title, alt=alt)


class ThresholdSlider:
    """A slider over the thresholds in a live notebook; a line of text in a report, where no kernel answers it."""

    def __init__(self, curve: pd.DataFrame):
        self.curve = curve

    def read(self, share: float) -> str:
        """One sentence on the threshold whose SLM share is nearest to `share` (0..1)."""
        row = self.curve.iloc[(self.curve["slm_share"] - share).abs().argmin()]
        return (
            f"threshold {row['threshold']:.2f}: {row['slm_share']:.0%} small, quality {row['quality']:.1%} "
            f"({row['quality_low']:.1%} to {row['quality_high']:.1%}), USD {row['cost_usd_per_1k']:.2f} per 1,000 calls"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        import ipywidgets as widgets

        note = f"Move the threshold in JupyterLab. At half of the calls: {self.read(0.5)}."
        share = widgets.FloatSlider(value=0.5, min=0, max=1, step=0.01, description="SLM share", readout_format=".0%")
        text = widgets.Label(self.read(0.5))
        share.observe(lambda change: setattr(text, "value", self.read(change["new"])), "value")
        box = widgets.VBox([share, text])
        bundle = box._repr_mimebundle_()
        return {**(bundle or {}), "text/html": f"<p>{note}</p>", "text/plain": note}
