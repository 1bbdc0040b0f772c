"""Figures of the cost projection: where the money goes, how sure that is, and what it hinges on.

Frames of `migration.costs.results` in, saved pictures out. Money is USD a month; `symbol` and `rate` make another
currency of it. Every title states what the figure shows, computed from the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from migration.costs.words import Currency
from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, save
from migration.figures import style as shared_style


@contextmanager
def style() -> Iterator[None]:
    """The common look, with a dollar sign that is a dollar sign."""
    with shared_style(), mpl.rc_context({"text.parse_math": False}):
        yield


SAVES, COSTS = SLM, "#be123c"


def waterfall(table: pd.DataFrame, folder: Path, currency: Currency) -> Picture:
    """From today's bill to the new one, part by part. table: `before_after_table` (part, before, after, difference)."""
    total: Any = table[table["part"] == "total"].iloc[0]
    parts = table[table["part"] != "total"]
    moved = parts[parts["difference"].abs() > 1e-9].sort_values("difference")
    steps = moved["difference"].to_numpy() * currency.rate
    levels = total["before"] * currency.rate + np.concatenate([[0.0], np.cumsum(steps)])
    left = np.array([0.0, *np.minimum(levels[:-1], levels[1:]), 0.0])
    width = np.array([levels[0], *np.abs(steps), levels[-1]])
    labels = ["today", *moved["part"], "after"]
    changes = [currency(d, signed=True) for d in moved["difference"]]
    said = [currency(total["before"]), *changes, currency(total["after"])]
    title = _bill_title(total["before"], total["after"], currency)
    with style():
        fig, ax = plt.subplots(figsize=(8.4, 1.1 + 0.46 * len(labels)))
        y = np.arange(len(labels))
        ax.barh(y, width, left=left, color=[LLM, *np.where(steps < 0, SAVES, COSTS), CASCADE], height=0.62)
        edge = max(float((left + width).max()), 1e-9)
        for at, text, end in zip(y, said, left + width, strict=True):
            weight = "bold" if at in (0, y[-1]) else "normal"
            ax.text(end + edge * 0.012, float(at), text, va="center", fontsize=10.5, fontweight=weight)
        for at, level in zip(y[:-1], levels, strict=True):
            ax.plot([level, level], [at + 0.31, at + 0.69], color="#94a3b8", lw=0.9)
        ax.set(yticks=y, yticklabels=labels, xlim=(0, edge * 1.16), xlabel=currency.axis())
        _finish_bars(ax, title)
        listed = "; ".join(f"{part} {change}" for part, change in zip(moved["part"], changes, strict=True))
        alt = f"Waterfall from {said[0]} to {said[-1]} a month: {listed or 'nothing moves'}."
        return save(fig, folder, "1_waterfall", title=title, alt=alt)


def _finish_bars(ax: Any, title: str) -> None:
    ax.xaxis.set_major_formatter(_ticks())
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set_title(title, pad=12)
    ax.title.set_x(0.0)


def _ticks() -> FuncFormatter:
    return FuncFormatter(lambda x, _: f"{x:,.0f}" if abs(x) >= 10 or x == 0 else f"{x:,.2f}")


def _bill_title(before: float, after: float, currency: Currency) -> str:
    if np.isclose(before, after, rtol=5e-3):
        return f"The monthly bill stays at {currency(before)}"
    way = "falls" if after < before else "rises"
    return f"The monthly bill {way} from {currency(before)} to {currency(after)}"


def fan_chart(projection: pd.DataFrame, name: str, folder: Path, currency: Currency) -> Picture:
    """Months to come, staying and changing, P10 to P90, without what is spent once (which is written instead).

    projection: `fan` (scenario, month, component, p10, p50, p90).
    """
    one: Any = projection[(projection["scenario"] == name) & (projection["component"] == "one_off")].set_index("month")
    totals = projection[projection["component"] == "running"]
    stay, other = (totals[totals["scenario"] == s].set_index("month")[["p10", "p50", "p90"]] for s in ("stay", name))
    last = int(stay.index.max())
    ends: Any = {"stay with the LLM": stay.loc[last], "hybrid": other.loc[last]}
    change = float(ends["hybrid"]["p50"] - ends["stay with the LLM"]["p50"])
    same = abs(change) < 5e-3 * float(ends["stay with the LLM"]["p50"])
    word = "less" if change < 0 else "more"
    title = f"Month {last}: the hybrid costs {currency(abs(change))} {word} than staying (median)"
    title = f"Month {last}: the hybrid costs what staying costs" if same else title
    with style():
        fig, ax = plt.subplots()
        for frame, colour, label in ((stay, LLM, "stay with the LLM"), (other, SLM, "hybrid")):
            band = frame * currency.rate
            ax.fill_between(band.index, band["p10"], band["p90"], color=colour, alpha=0.18, lw=0)
            ax.plot(band.index, band["p50"], color=colour, lw=2.4, ls="--" if same and label == "hybrid" else "-")
        top = max(float(stay["p90"].max()), float(other["p90"].max())) * currency.rate * 1.08
        ends_at = [float(ends[label]["p50"]) * currency.rate for label in ends]
        for (label, end), at in zip(ends.items(), _apart(ends_at, top * 0.13), strict=True):
            colour = LLM if label.startswith("stay") else SLM
            ax.text(last + 0.3, at, f"{label}\n{currency(end['p50'])}", color=colour, va="center", fontweight="bold")
        ax.set(xlabel="month after the move", ylabel=currency.axis(), xlim=(1, last), ylim=(0, max(top, 1e-9)))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_major_formatter(_ticks())
        ax.set_title(title)
        note = "line: median; band: 8 of 10 worlds (P10 to P90)"
        once = float(one["p50"].sum())
        note += f"; not drawn: {currency(once)} (median) spent once, in month 1" if once else ""
        ax.text(0.0, -0.2, note, transform=ax.transAxes, fontsize=9.5, color=NEUTRAL)
        values = ", ".join(f"{label} {currency(end['p50'])}" for label, end in ends.items())
        alt = f"Monthly cost over {last} months with P10 to P90 bands; in month {last}: {values}; {note}."
        return save(fig, folder, "2_months_to_come", title=title, alt=alt)


def _apart(values: list[float], least: float) -> list[float]:
    """Two label positions moved apart around their middle where they are closer than `least`."""
    first, second = values
    if abs(first - second) >= least:
        return values
    middle, up = (first + second) / 2, 1 if first >= second else -1
    return [middle + up * least / 2, middle - up * least / 2]


def tornado_chart(table: pd.DataFrame, base: float, folder: Path, currency: Currency) -> Picture:
    """What the saving hinges on: `tornado`, and `base` USD a month saved in the central world (mean of the horizon)."""
    moving: list[Any] = table[(table["saving_high"] - table["saving_low"]).abs() > 1e-9].to_dict("records")
    title = "No call moves, so nothing uncertain changes the saving"
    if moving:
        low, high = sorted((moving[0]["saving_low"], moving[0]["saving_high"]))
        result = "and can turn it into a loss" if low < 0 < high else "and stays a " + ("saving" if low > 0 else "loss")
        title = f"It hinges most on {moving[0]['input'].split(',')[0]}, {result}"
    with style():
        fig, ax = plt.subplots(figsize=(8.4, 1.4 + 0.48 * max(len(moving), 1)))
        for at, row in enumerate(moving):
            for value, saving in ((row["low"], row["saving_low"]), (row["high"], row["saving_high"])):
                shift, up = (saving - base) * currency.rate, saving >= base
                ax.barh(at, shift, left=base * currency.rate, color=SAVES if up else COSTS, height=0.6)
                ax.annotate(_input(row["input"], value, currency), (saving * currency.rate, at),
                            xytext=(5 if up else -5, 0), textcoords="offset points",
                            ha="left" if up else "right", va="center", fontsize=9.5)  # fmt: skip
        ax.axvline(base * currency.rate, color="#334155", lw=1)
        left, right = ax.get_xlim()
        if left < 0 < right:
            ax.axvline(0, color=COSTS, lw=1.2, ls="--")
        ax.set_xlim(left - 0.14 * (right - left), right + 0.14 * (right - left))
        ax.set(yticks=range(len(moving)), yticklabels=[row["input"] for row in moving])
        ax.set_xlabel(f"{currency.name} saved a month, mean of the horizon (line: expected, {currency(base)})")
        _finish_bars(ax, title)
        ranges = "; ".join(f"{r['input']}: {currency(r['saving_low'])} to {currency(r['saving_high'])}" for r in moving)
        alt = f"Monthly saving as each input alone goes from its P10 to its P90 (expected {currency(base)}): {ranges}."
        return save(fig, folder, "3_what_it_hinges_on", title=title, alt=alt)


def _input(name: str, value: float, currency: Currency) -> str:
    if name.startswith(("traffic", "API")):
        return "0%" if abs(value) < 0.005 else f"{value:+.0%}"
    if name.startswith(("SLM share", "quality")):
        return f"{value:.1%}"
    return currency(value) if name.startswith("the log") else f"×{value:.2f}"


def cost_quality(curve: pd.DataFrame, share: float, quality: float, folder: Path, currency: Currency) -> Picture:
    """Cost against quality along 04's threshold; `share` and `quality` are of the chosen point."""
    curve = curve.sort_values("slm_share")
    cost, kept = curve["cost_usd_per_1k"].to_numpy() * currency.rate, 100 * curve["quality"].to_numpy()
    chosen = float(np.interp(share, curve["slm_share"], cost))
    title = f"Chosen: {share:.0%} on the SLM keeps {quality:.1%} of the quality" if share else "Chosen: all on the LLM"
    with style():
        fig, ax = plt.subplots()
        ax.fill_between(cost, 100 * curve["quality_low"], 100 * curve["quality_high"], color=CASCADE, alpha=0.18, lw=0)
        ax.plot(cost, kept, color=CASCADE, lw=2.2, marker="o", ms=4, markevery=max(len(curve) // 30, 1))
        ax.scatter([chosen], [100 * quality], s=130, color=SLM, zorder=5, edgecolor="white", linewidth=1.5)
        ax.annotate("chosen", (chosen, 100 * quality), xytext=(0, 11), textcoords="offset points", color=SLM,
                    ha="center", fontweight="bold")  # fmt: skip
        ends = ((-1, "most on the SLM", 1), (0, "all on the LLM", -1))
        for at, text, side in ends if len(curve) > 1 else ends[1:]:
            ax.annotate(text, (cost[at], kept[at]), xytext=(8 * side, -14), textcoords="offset points",
                        ha="left" if side > 0 else "right", fontsize=9.5, color=NEUTRAL)  # fmt: skip
        ax.set(xlabel=currency.axis("for 1,000 calls"), ylabel="quality kept, % of the LLM's")
        ax.margins(x=0.09, y=0.14)
        ax.set_title(title)
        alt = (
            f"Quality kept against cost for 1,000 calls over all thresholds, with its interval; chosen: {quality:.1%}."
        )
        return save(fig, folder, "4_cost_against_quality", title=title, alt=alt)
