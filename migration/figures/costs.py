"""Figures of the cost projection: where the money goes, how sure that is, and what it hinges on.

Frames of `migration.costs.results` in, saved pictures out. Money is USD a month; `symbol` and `rate` make another
currency of it. Every title states what the figure shows, computed from the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from migration.costs.present import Currency
from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, save
from migration.figures import style as shared_style


@contextmanager
def style() -> Iterator[None]:
    """The common look, with a dollar sign that is a dollar sign."""
    with shared_style(), mpl.rc_context({"text.parse_math": False}):
        yield


SAVES, COSTS = SLM, "#be123c"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


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
    return FuncFormatter(
        lambda x, _: f"{x:,.0f}" if abs(x) >= 10 or x == 0 else f"{x:,.2f}" if abs(x) >= 0.1 else f"{x:.2g}"
    )


def _bill_title(before: float, after: float, currency: Currency) -> str:
    if np.isclose(before, after, rtol=5e-3):
        return f"The monthly bill stays at {currency(before)}"
    way = "falls" if after < before else "rises"
    return f"The monthly bill {way} from {currency(before)} to {currency(after)}"


def fan_chart(projection: pd.DataFrame, name: str, folder: Path, currency: Currency) -> Picture:
    """Months to come, P10 to P90, without what is spent once (which is written instead): both bills, and what is saved.

    projection: `fan` (scenario, month, component, p10, p50, p90). The bills' bands overlap where growth or prices move
    both alike; what is saved is a difference within each world.
    """

    def band(scenario: str, component: str) -> Any:
        chosen = projection[(projection["scenario"] == scenario) & (projection["component"] == component)]
        return chosen.set_index("month")[["p10", "p50", "p90"]]

    bills = {"stay with the LLM": band("stay", "running"), "hybrid": band(name, "running")}
    saved, last = band(name, "saved"), int(projection["month"].max())
    end, once = saved.loc[last], float(band(name, "one_off")["p50"].sum())
    title = _fan_title(last, end, float(bills["stay with the LLM"].loc[last, "p50"]), currency)
    note = "line: median; band: 8 of 10 worlds (P10 to P90)"
    note += f"; not drawn: {currency(once)} (median) spent once, in month 1" if once else ""
    with style():
        fig, (above, below) = plt.subplots(2, 1, figsize=(8.4, 6.4), sharex=True, height_ratios=[3, 2])
        _bills(above, bills, currency)
        _band(below, saved, SLM, currency)
        below.axhline(0, color=COSTS, lw=1.2, ls="--")
        below.text(last + 0.3, end["p50"] * currency.rate, f"saved\n{currency(end['p50'])}", color=SLM, va="center",
                   fontweight="bold")  # fmt: skip
        below.set(xlabel="month after the move", ylabel=f"{currency.name} saved a month", xlim=(1, last))
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        above.set_title(title)
        below.text(0.0, -0.36, note, transform=below.transAxes, fontsize=9.5, color=NEUTRAL)
        values = ", ".join(f"{label} {currency(bill.loc[last, 'p50'])}" for label, bill in bills.items())
        alt = f"Monthly cost over {last} months with P10 to P90 bands; in month {last}: {values}; saved "
        alt += f"{currency(end['p50'])} ({currency(end['p10'])} to {currency(end['p90'])}); {note}."
        return save(fig, folder, "2_months_to_come", title=title, alt=alt)


def _fan_title(last: int, saved: Any, stay: float, currency: Currency) -> str:
    low, middle, high = (float(saved[q]) for q in ("p10", "p50", "p90"))
    if max(abs(low), abs(high)) < 5e-3 * abs(stay):
        return f"Month {last}: the hybrid costs what staying costs"
    if low < 0 < high:
        return f"Month {last}: the hybrid may cost {currency(-low)} more than staying, or {currency(high)} less"
    return f"Month {last}: the hybrid costs {currency(abs(middle))} {'less' if middle > 0 else 'more'} than staying"


def _band(ax: Any, frame: Any, colour: str, currency: Currency) -> None:
    band = frame * currency.rate
    ax.fill_between(band.index, band["p10"], band["p90"], color=colour, alpha=0.18, lw=0)
    ax.plot(band.index, band["p50"], color=colour, lw=2.4)
    ax.yaxis.set_major_formatter(_ticks())


def _bills(ax: Any, bills: dict[str, Any], currency: Currency) -> None:
    last = int(next(iter(bills.values())).index.max())
    top = max(float(bill["p90"].max()) for bill in bills.values()) * currency.rate * 1.08
    ends = [float(bill.loc[last, "p50"]) * currency.rate for bill in bills.values()]
    for (label, bill), at, colour in zip(bills.items(), _apart(ends, top * 0.19), (LLM, SLM), strict=True):
        _band(ax, bill, colour, currency)
        text = f"{label}\n{currency(bill.loc[last, 'p50'])}"
        ax.text(last + 0.3, at, text, color=colour, va="center", fontweight="bold")
    ax.set(ylabel=currency.axis(), ylim=(0, max(top, 1e-9)))


def _apart(values: list[float], least: float) -> list[float]:
    """Two label positions moved apart around their middle where they are closer than `least`."""
    first, second = values
    if abs(first - second) >= least:
        return values
    middle, up = (first + second) / 2, 1 if first >= second else -1
    return [middle + up * least / 2, middle - up * least / 2]


def tornado_chart(table: pd.DataFrame, base: float, folder: Path, currency: Currency) -> Picture:
    """What the saving hinges on: `tornado`, and `base` USD a month saved in the central world (mean of the horizon).

    Inputs that move the saving by less than a fiftieth of what the first one does are named, not drawn.
    """
    width = (table["saving_high"] - table["saving_low"]).abs()
    least = max(float(width.max()) / 50, 1e-9)
    moving: list[Any] = table[width > least].to_dict("records")
    small = table.loc[(width <= least) & (width > 1e-9), "input"]
    note = fill(f"not drawn, each less than a fiftieth of the first: {'; '.join(small)}", 90) if len(small) else ""
    title = _hinge_title(moving, base)
    with style():
        fig, ax = plt.subplots(figsize=(8.4, 1.6 + 0.48 * max(len(moving), 1)))
        for at, row in enumerate(moving):
            _tornado_bar(ax, at, row, base, currency)
        ax.axvline(base * currency.rate, color="#334155", lw=1)
        left, right = ax.get_xlim()
        if left < 0 < right:
            ax.axvline(0, color=COSTS, lw=1.2, ls="--")
        ax.set_xlim(left - 0.14 * (right - left), right + 0.14 * (right - left))
        ax.set(yticks=range(len(moving)), yticklabels=[row["input"] for row in moving])
        label = f"{currency.name} saved a month, mean of the horizon (line: expected, {currency(base)})"
        ax.set_xlabel(label + (f"\n{note}" if note else ""))
        _finish_bars(ax, title)
        ranges = "; ".join(f"{r['input']}: {currency(r['saving_low'])} to {currency(r['saving_high'])}" for r in moving)
        alt = f"Monthly saving as each input alone goes from its P10 to its P90 (expected {currency(base)}): {ranges}"
        alt += f"; {note}." if note else "."
        return save(fig, folder, "3_what_it_hinges_on", title=title, alt=alt)


def _hinge_title(moving: list[Any], base: float) -> str:
    if not moving:
        return "No call moves, so nothing uncertain changes the saving"
    low, high = sorted((moving[0]["saving_low"], moving[0]["saving_high"]))
    turns = "and can turn the saving into a loss" if base > 0 else "and can turn the loss into a saving"
    result = turns if low < 0 < high else "and stays a " + ("saving" if low > 0 else "loss")
    return f"It hinges most on {moving[0]['input'].split(',')[0]}, {result}"


def _tornado_bar(ax: Any, at: int, row: Any, base: float, currency: Currency) -> None:
    """One input's bar from its end of less saving to its end of more, each labelled with the input's value."""
    ends = sorted(((row["saving_low"], row["low"]), (row["saving_high"], row["high"])))
    for (saving, value), side in zip(ends, (-1, 1), strict=True):
        shift = (saving - base) * currency.rate
        ax.barh(at, shift, left=base * currency.rate, color=SAVES if shift > 0 else COSTS, height=0.6)
        at_end = (saving * currency.rate, at)
        ax.annotate(_input(row["input"], value, currency), at_end, xytext=(5 * side, 0), va="center", fontsize=9.5,
                    textcoords="offset points", ha="left" if side > 0 else "right", bbox=PAPER)  # fmt: skip


def _input(name: str, value: float, currency: Currency) -> str:
    if name.startswith(("traffic", "API")):
        return "0%" if abs(value) < 0.005 else f"{value:+.0%}"
    if name.startswith(("SLM share", "quality")):
        return f"{value:.1%}"
    return currency(value) if name.startswith("the log") else f"×{value:.2f}"


def cost_quality(curve: pd.DataFrame, share: float, quality: float, folder: Path, currency: Currency) -> Picture:
    """Cost against quality along 04's threshold; `share` and `quality` are of the chosen point.

    All three are of the tasks that 04 decided on; what no small model was tried on is not in this figure.
    """
    curve = curve.sort_values("slm_share")
    cost, kept = curve["cost_usd_per_1k"].to_numpy() * currency.rate, 100 * curve["quality"].to_numpy()
    chosen = float(np.interp(share, curve["slm_share"], cost))
    title = f"Chosen: {share:.0%} on the SLM keeps {quality:.1%} of the quality" if share else "Chosen: all on the LLM"
    with style():
        fig, ax = plt.subplots()
        ax.fill_between(cost, 100 * curve["quality_low"], 100 * curve["quality_high"], color=CASCADE, alpha=0.18, lw=0)
        ax.plot(cost, kept, color=CASCADE, lw=2.2, marker="o", ms=4, markevery=max(len(curve) // 30, 1))
        ax.scatter([chosen], [100 * quality], s=130, color=SLM, zorder=5, edgecolor="white", linewidth=1.5)
        text: Any = {"fontsize": 9.5, "color": NEUTRAL, "textcoords": "offset points"}
        if len(curve) > 1:
            ax.annotate("most on the SLM", (cost[-1], kept[-1]), xytext=(8, -14), ha="left", **text)
        ax.annotate("all on the LLM", (cost[0], kept[0]), xytext=(0, 9), ha="right", **text)
        arrow = {"arrowstyle": "-", "color": SLM, "lw": 1.2, "shrinkB": 6}
        ax.annotate("chosen, as measured\non calls kept apart", (chosen, 100 * quality), xytext=(0, -52), color=SLM,
                    textcoords="offset points", ha="center", fontweight="bold", arrowprops=arrow)  # fmt: skip
        ax.set(
            xlabel=currency.axis("for 1,000 calls of the tasks that step 04 decided on"),
            ylabel="quality kept, % of the LLM's",
        )
        ax.margins(x=0.12, y=0.16)
        ax.set_title(title)
        alt = (
            f"Quality kept against cost for 1,000 calls over all thresholds, with its interval; chosen: {quality:.1%}."
        )
        return save(fig, folder, "4_cost_against_quality", title=title, alt=alt)
