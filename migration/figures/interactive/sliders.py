"""Sliders that redraw a figure at once: the threshold of step 04; traffic, share and GPU price of step 05.

Finished frames and a function from the sliders to money in, pictures out. Out of scope: computing either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from migration.figures import LLM, SLM, canvas, png, style
from migration.figures.names import headline
from migration.figures.routing import curve_figure

if TYPE_CHECKING:
    import ipywidgets as widgets

DPI = 80
"""Of a picture that is drawn again at each move."""


class ThresholdSlider:
    """A slider over the thresholds that moves a point on step 04's curve; a sentence where no kernel answers it.

    curve: of `routing.curve`; chosen: slm_share, quality, cost_usd_per_1k of the policy on the same calls.
    """

    def __init__(self, curve: pd.DataFrame, chosen: dict[str, float], *, max_loss: float):
        self.curve, self.chosen, self.max_loss = curve, chosen, max_loss

    def row(self, threshold: float) -> pd.Series:
        """The curve at the threshold nearest to `threshold`."""
        return self.curve.iloc[int((self.curve["threshold"] - threshold).abs().argmin())]

    def read(self, threshold: float) -> str:
        """One sentence on the threshold nearest to `threshold`."""
        row = self.row(threshold)
        price = f", USD {row['cost_usd_per_1k']:.2f} per 1,000 calls" if np.isfinite(row["cost_usd_per_1k"]) else ""
        return (
            f"threshold {row['threshold']:.2f}: small models answer {row['slm_share']:.0%} of the calls, "
            f"{row['quality']:.1%} of the answers are as good as the LLM's "
            f"({row['quality_low']:.1%} to {row['quality_high']:.1%}){price}"
        )

    def figure(self, threshold: float) -> Figure:
        """The curve with a point at `threshold`."""
        row = self.row(threshold)
        title = f"At threshold {row['threshold']:.2f} small models answer {row['slm_share']:.0%} of the calls"
        return curve_figure(self.curve, self.chosen, max_loss=self.max_loss, title=title, at=row)

    def widget(self) -> widgets.Widget:
        """The slider with its figure, for a live notebook."""
        import ipywidgets as widgets

        known = self.curve["threshold"].replace([np.inf, -np.inf], np.nan).dropna()
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        single, high = low == high, max(high, low + 0.01)
        wide = widgets.Layout(width="32em")
        move = widgets.FloatSlider(value=(low + high) / 2, min=low, max=high, step=(high - low) / 100,
                                   description="threshold", layout=wide, disabled=single)  # fmt: skip
        text, picture = widgets.Label(), widgets.Image(format="png")

        def redraw(_: object = None) -> None:
            text.value = self.read(move.value)
            picture.value = png(self.figure(move.value), dpi=DPI)

        move.observe(redraw, "value")
        redraw()
        return widgets.VBox([move, text, picture])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        half = float(self.curve["threshold"].replace([np.inf, -np.inf], np.nan).median())
        note = f"Move the threshold in JupyterLab. For example, {self.read(half)}."
        return {**(self.widget()._repr_mimebundle_() or {}), "text/html": f"<p>{note}</p>", "text/plain": note}


Bill = Callable[[np.ndarray, float, float], tuple[np.ndarray, np.ndarray]]
"""(traffic as multiples of today's (n,), LLM share kept of today's under the plan, GPU price as a multiple) to USD a
month today and after, each (n,)."""


class BillSliders:
    """Sliders for traffic, the small models' share and the GPU's price, which move the bill's points: today and after.

    bill: `costs.what_if`; calls: calls a month today; share: the small models' share of the calls under the plan.
    """

    TRAFFIC = np.geomspace(0.1, 1000, 41)

    def __init__(self, bill: Bill, *, calls: float, share: float, unit: str = "USD"):
        self.bill, self.calls, self.share, self.unit = bill, calls, share, unit

    def read(self, traffic: float, share: float, gpu: float) -> str:
        """One sentence on the bill at these sliders. traffic, gpu: multiples of today's; share: of the calls (0..1)."""
        today, after = (float(side[0]) for side in self.bill(np.array([traffic]), share, gpu))
        change = f"{abs(today - after):,.2f} {'less' if after <= today else 'more'}"
        return (
            f"{self.calls * traffic:,.0f} calls a month, small models answer {share:.0%}, GPU price × {gpu:.2f}: "
            f"{self.unit} {today:,.2f} a month with the LLM alone, {after:,.2f} after ({change})"
        )

    def figure(self, traffic: float, share: float, gpu: float) -> Figure:
        """Both bills over traffic, with a point at `traffic`."""
        lines = self.bill(self.TRAFFIC, share, gpu)
        points = self.bill(np.array([traffic]), share, gpu)
        calls = self.calls * self.TRAFFIC
        with style():
            fig, ax = canvas(3.6)
            for line, point, colour, name in zip(lines, points, (LLM, SLM), ("LLM alone", "after"), strict=True):
                sns.lineplot(x=calls, y=line, color=colour, label=name, ax=ax, legend=False, errorbar=None)
                sns.scatterplot(x=[self.calls * traffic], y=point, color=colour, s=90, ax=ax, legend=False, zorder=4)
            ax.set_xscale("log")
            if min(line.min() for line in lines) > 0:
                ax.set_yscale("log")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}"))
            ax.set(xlabel="calls a month (log scale)", ylabel=f"{self.unit} a month")
            fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
            cheaper = "less" if points[1][0] < points[0][0] else "more" if points[1][0] > points[0][0] else "the same"
            headline(fig, f"At {self.calls * traffic:,.0f} calls a month the plan costs {cheaper}"
                          + ("" if cheaper == "the same" else " than the LLM alone"))  # fmt: skip
        return fig

    def widget(self) -> widgets.Widget:
        """The sliders with their figure, for a live notebook."""
        import ipywidgets as widgets

        wide = {"layout": widgets.Layout(width="40em"), "style": {"description_width": "13em"}}
        traffic = widgets.FloatLogSlider(value=1.0, base=10, min=-1, max=3, step=0.05, description="traffic ×", **wide)
        share = widgets.FloatSlider(value=self.share, min=0.0, max=1.0, step=0.01, readout_format=".0%",
                                    description="small models' share", disabled=self.share <= 0, **wide)  # fmt: skip
        gpu = widgets.FloatSlider(value=1.0, min=0.1, max=3.0, step=0.05, description="GPU price ×", **wide)
        text, picture = widgets.Label(), widgets.Image(format="png")

        def redraw(_: object = None) -> None:
            where = traffic.value, share.value, gpu.value
            text.value = self.read(*where)
            picture.value = png(self.figure(*where), dpi=DPI)

        for control in (traffic, share, gpu):
            control.observe(redraw, "value")
        redraw()
        return widgets.VBox([traffic, share, gpu, text, picture])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        note = f"Move traffic, share and GPU price in JupyterLab. Today: {self.read(1.0, self.share, 1.0)}."
        return {**(self.widget()._repr_mimebundle_() or {}), "text/html": f"<p>{note}</p>", "text/plain": note}
