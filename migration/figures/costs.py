"""Figures of the cost projection: where the money goes, how sure that is, what it hinges on, what else one would do.

Frames of `migration.costs` in, saved pictures out; money is USD a month, shown in a `Currency`. Every title states what
the figure shows, computed from the frame. Out of scope: computing any of it.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter, MaxNLocator

from migration.costs.present import Currency
from migration.figures import CASCADE, LLM, NEUTRAL, SLM, Picture, canvas, save, style
from migration.figures.names import headline, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

SAVES, COSTS = SLM, "#be123c"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def waterfall(table: pd.DataFrame, folder: Path, currency: Currency) -> Picture:
    """From today's bill to the new one, part by part. table: `change_table` (part, before, after, difference)."""
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
        fig, ax = canvas(1.3 + 0.46 * len(labels))
        _bars(ax, labels, left, width, [LLM, *np.where(steps < 0, SAVES, COSTS), CASCADE])
        edge = _largest(left + width) or 1.0
        for at, (text, end) in enumerate(zip(said, left + width, strict=True)):
            weight = "bold" if at in (0, len(said) - 1) else "normal"
            ax.text(end + edge * 0.012, at, text, va="center", fontsize=10.5, fontweight=weight)
        for at, level in enumerate(levels):
            ax.plot([level, level], [at + 0.31, at + 0.69], color="#94a3b8", lw=0.9)
        ax.set(xlim=(0, edge * 1.16), xlabel=currency.axis(), ylabel="")
        _finish_bars(ax, title)
        listed = "; ".join(f"{part} {change}" for part, change in zip(moved["part"], changes, strict=True))
        alt = f"Waterfall from {said[0]} to {said[-1]} a month: {listed or 'nothing moves'}."
        return save(fig, folder, "1_waterfall", title=title, alt=alt)


def _bars(ax: Axes, labels: list[str], left: np.ndarray, width: np.ndarray, colours: list[str]) -> None:
    """Horizontal bars from `left`, one a label, each in its colour."""
    sns.barplot(x=width, y=labels, hue=labels, palette=list(colours), width=0.62, saturation=1, legend=False, ax=ax)
    for bars in ax.containers:
        for bar in bars:
            bar.set_x(bar.get_x() + left[round(bar.get_y() + bar.get_height() / 2)])


def _largest(values: ArrayLike) -> float:
    """The largest of the values that are known; 0 where none is."""
    known = np.asarray(values, float)
    return float(known[np.isfinite(known)].max(initial=0.0))


def _finish_bars(ax: Any, title: str) -> None:
    ax.xaxis.set_major_formatter(_ticks())
    ax.grid(axis="y", visible=False)
    headline(ax.figure, title)


def _ticks() -> FuncFormatter:
    return FuncFormatter(lambda x, _: _money(x))


def _money(value: float) -> str:
    """An amount at an axis, short enough to stand beside others."""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:,g}M"
    return f"{value:,.0f}" if size >= 10 or size == 0 else f"{value:,.2f}" if size >= 0.1 else f"{value:.2g}"


def _bill_title(before: float, after: float, currency: Currency) -> str:
    if not np.isfinite([before, after]).all():
        return "The monthly bill is unknown: calls lack a price"
    if np.isclose(before, after, rtol=5e-3):
        return f"The monthly bill stays at {currency(before)}"
    way = "falls" if after < before else "rises"
    return f"The monthly bill {way} from {currency(before)} to {currency(after)}"


def fan_chart(projection: pd.DataFrame, name: str, folder: Path, currency: Currency) -> Picture:
    """Months to come, P10 to P90, without what is spent once (which is written instead): both bills, and what is saved.

    projection: `fan` (scenario, month, component, p10, p50, p90). The bills' bands overlap where growth or prices move
    both alike; what is saved is a difference within each simulation.
    """

    def band(scenario: str, component: str) -> Any:
        chosen = projection[(projection["scenario"] == scenario) & (projection["component"] == component)]
        return chosen.set_index("month")[["p10", "p50", "p90"]]

    bills = {"stay with the LLM": band("stay", "running"), "the ladder": band(name, "running")}
    saved, last = band(name, "saved"), int(projection["month"].max())
    end, once = saved.loc[last], float(band(name, "one_off")["p50"].sum())
    title = _fan_title(last, end, float(bills["stay with the LLM"].loc[last, "p50"]), currency)
    note = "line: median; band: 8 of 10 simulations (P10 to P90)"
    note += f"; not drawn: {currency(once)} (median) spent once, in month 1" if once else ""
    with style():
        fig, (above, below) = canvas(6.4, rows=2, sharex=True, height_ratios=[3, 2])
        _bills(above, bills, currency)
        _band(below, saved, SLM, currency)
        below.axhline(0, color=COSTS, lw=1.2, ls="--")
        below.text(last + 0.3, end["p50"] * currency.rate, f"saved\n{currency(end['p50'])}", color=SLM, va="center",
                   fontweight="bold")  # fmt: skip
        below.set(ylabel=f"{currency.name} saved a month", xlim=(1, max(last, 2)))
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        headline(fig, title)
        below.set_xlabel(f"month after the move\n{fill(note, 96)}")
        values = ", ".join(f"{label} {currency(bill.loc[last, 'p50'])}" for label, bill in bills.items())
        alt = f"Monthly cost over {last} months with P10 to P90 bands; in month {last}: {values}; saved "
        alt += f"{currency(end['p50'])} ({currency(end['p10'])} to {currency(end['p90'])}); {note}."
        return save(fig, folder, "2_months_to_come", title=title, alt=alt)


def _fan_title(last: int, saved: Any, stay: float, currency: Currency) -> str:
    low, middle, high = (float(saved[q]) for q in ("p10", "p50", "p90"))
    if not np.isfinite([low, middle, high, stay]).all():
        return f"Month {last}: what the ladder saves is unknown, as calls lack a price"
    if max(abs(low), abs(high)) <= 5e-3 * abs(stay):
        return f"Month {last}: the ladder costs what staying costs"
    if low < 0 < high:
        return f"Month {last}: the ladder may cost {currency(-low)} more than staying, or {currency(high)} less"
    return f"Month {last}: the ladder costs {currency(abs(middle))} {'less' if middle > 0 else 'more'} than staying"


def _band(ax: Axes, frame: pd.DataFrame, colour: str, currency: Currency) -> None:
    band = (frame * currency.rate).reset_index()
    ax.fill_between(band["month"], band["p10"], band["p90"], color=colour, alpha=0.18, lw=0)
    sns.lineplot(band, x="month", y="p50", color=colour, lw=2.4, marker="o" if len(band) == 1 else None, ax=ax)
    ax.yaxis.set_major_formatter(_ticks())


def _bills(ax: Axes, bills: dict[str, Any], currency: Currency) -> None:
    last = int(next(iter(bills.values())).index.max())
    top = max(_largest(bill["p90"]) for bill in bills.values()) * currency.rate * 1.08 or 1.0
    ends = [_largest(bill.loc[[last], "p50"]) * currency.rate for bill in bills.values()]
    for (label, bill), at, colour in zip(bills.items(), _apart(ends, top * 0.19), (LLM, SLM), strict=True):
        _band(ax, bill, colour, currency)
        text = f"{label}\n{currency(bill.loc[last, 'p50'])}"
        ax.text(last + 0.3, at, text, color=colour, va="center", fontweight="bold")
    ax.set(ylabel=currency.axis(), xlabel="", ylim=(0, top))


def _apart(values: list[float], least: float) -> list[float]:
    """Two label positions moved apart around their middle where they are closer than `least`."""
    first, second = values
    if abs(first - second) >= least:
        return values
    middle, up = (first + second) / 2, 1 if first >= second else -1
    return [middle + up * least / 2, middle - up * least / 2]


def tornado_chart(table: pd.DataFrame, base: float, folder: Path, currency: Currency) -> Picture:
    """What the saving hinges on: `tornado`, and `base` USD a month saved in the central simulation.

    Inputs that move the saving by less than a fiftieth of what the first one does are named, not drawn. table: input,
    low, high, saving_low, saving_high (USD a month).
    """
    width = (table["saving_high"] - table["saving_low"]).abs()
    least = max(float(width.max()) / 50, 1e-9)
    moving: list[Any] = table[width > least].to_dict("records")
    small = table.loc[(width <= least) & (width > 1e-9), "input"]
    note = fill(f"not drawn, each less than a fiftieth of the first: {'; '.join(small)}", 90) if len(small) else ""
    title = _hinge_title(moving, base)
    with style():
        fig, ax = canvas(1.7 + 0.48 * max(len(moving), 1))
        for at, row in enumerate(moving):
            _tornado_bar(ax, at, row, base, currency)
        ax.axvline(base * currency.rate, color="#334155", lw=1)
        ends = [base, *(row[end] for row in moving for end in ("saving_low", "saving_high"))]
        known = np.nan_to_num(ends) * currency.rate
        left, right = known.min(), known.max() + max(1e-9, 1e-6 * abs(known).max())
        if left < 0 < right:
            ax.axvline(0, color=COSTS, lw=1.2, ls="--")
        ax.set_xlim(left - 0.14 * (right - left), right + 0.14 * (right - left))
        ax.set(yticks=range(len(moving)), yticklabels=[row["input"] for row in moving], ylabel="")
        ax.invert_yaxis()
        label = f"{currency.name} saved a month, mean of the horizon (line: expected, {currency(base)})"
        ax.set_xlabel(label + (f"\n{note}" if note else ""))
        _finish_bars(ax, title)
        ranges = "; ".join(f"{r['input']}: {currency(r['saving_low'])} to {currency(r['saving_high'])}" for r in moving)
        alt = f"Monthly saving as each input alone goes from its P10 to its P90 (expected {currency(base)}): {ranges}"
        alt += f"; {note}." if note else "."
        return save(fig, folder, "3_what_it_hinges_on", title=title, alt=alt)


def _hinge_title(moving: list[pd.Series], base: float) -> str:
    if not np.isfinite(base):
        return "What the saving hinges on is unknown, as calls lack a price"
    if not moving:
        return "No call moves, so nothing uncertain changes the saving"
    low, high = sorted((moving[0]["saving_low"], moving[0]["saving_high"]))
    turns = "and can turn the saving into a loss" if base > 0 else "and can turn the loss into a saving"
    result = turns if low < 0 < high else "and stays a " + ("saving" if low > 0 else "loss")
    return f"It hinges most on {moving[0]['input'].split(',')[0]}, {result}"


def _tornado_bar(ax: Axes, at: int, row: pd.Series, base: float, currency: Currency) -> None:
    """One input's bar from its end of less saving to its end of more, each labelled with the input's value."""
    ends = sorted(((row["saving_low"], row["low"]), (row["saving_high"], row["high"])))
    for (saving, value), side in zip(ends, (-1, 1), strict=True):
        shift = (saving - base) * currency.rate
        sns.barplot(x=[shift], y=[at], native_scale=True, orient="y", width=0.6, saturation=1, ax=ax,
                    color=SAVES if shift > 0 else COSTS)  # fmt: skip
        bar = ax.containers[-1][0]
        bar.set_x(bar.get_x() + base * currency.rate)
        at_end = (saving * currency.rate, at)
        ax.annotate(_input(row["input"], value, currency), at_end, xytext=(5 * side, 0), va="center", fontsize=9.5,
                    textcoords="offset points", ha="left" if side > 0 else "right", bbox=PAPER)  # fmt: skip


def _input(name: str, value: float, currency: Currency) -> str:
    if name.startswith(("traffic", "API")):
        return "0%" if abs(value) < 0.005 else f"{value:+.0%}"
    if name.startswith(("share of", "quality")):
        return f"{value:.1%}"
    return currency(value) if name.startswith("the log") else f"×{value:.2f}"


def alternatives(table: pd.DataFrame, folder: Path, currency: Currency, horizon: int) -> Picture:
    """What each plan saves over the horizon, P10 to P90, beside its quality. table: of `costs.compare`."""
    shown = table[table["scenario"] != "stay"].sort_values("saved_p50_usd", ascending=False).reset_index(drop=True)
    best = table[table["winner"]].iloc[0]
    title = "No plan that is good enough surely saves money: stay"
    if best["scenario"] != "stay":
        title = f"{short(best['title'], 40)} saves most: {currency(best['saved_p50_usd'])} in {horizon} months"
    money = shown[["saved_p10_usd", "saved_p50_usd", "saved_p90_usd"]] * currency.rate
    labels = [f"{short(str(row.title), 40)}\n{row.quality:.1%} of the quality" for row in shown.itertuples()]
    colours = [SAVES if row.good and row.pays else NEUTRAL if row.good else COSTS for row in shown.itertuples()]
    with style():
        fig, ax = canvas(1.6 + 0.62 * max(len(shown), 1))
        at = range(len(shown))
        if len(shown):
            own = dict(enumerate(colours))
            sns.scatterplot(x=money["saved_p50_usd"], y=at, hue=at, palette=own, s=80, ax=ax, legend=False)
        ax.hlines(at, money["saved_p10_usd"], money["saved_p90_usd"], colors=colours, lw=2.4, alpha=0.5)
        ax.axvline(0, color="#334155", lw=1, ls="--")
        ax.set(yticks=at, yticklabels=labels, ylabel="", ylim=(-0.6, len(shown) - 0.4))
        key = ((SAVES, "pays"), (NEUTRAL, "does not surely pay"), (COSTS, "below the quality asked"))
        for colour, meaning in key:
            ax.plot([], [], "o", color=colour, label=meaning)
        fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=3)
        ax.set_xlabel(f"{currency.name} saved in {horizon} months (point: median; line: P10 to P90)")
        ax.invert_yaxis()
        _finish_bars(ax, title)
        rows: list[Any] = shown.to_dict("records")
        each = [[currency(row[f"saved_{q}_usd"]) for q in ("p50", "p10", "p90")] for row in rows]
        ranges = "; ".join(f"{row['title']}: {mid} ({low} to {high}), quality {row['quality']:.1%}"
                           for row, (mid, low, high) in zip(rows, each, strict=True))  # fmt: skip
        return save(fig, folder, "4_alternatives", title=title, alt=f"Saved in {horizon} months by plan: {ranges}.")
