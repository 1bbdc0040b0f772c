"""Figures: one look for all of them, and a way out of the notebook that keeps title and alt text.

A figure's title states its finding. `save` writes the PNG with title and alt text as its own metadata (PNG
`Title` and `Description`), so that a report is built from the pictures alone.
"""

from __future__ import annotations

import base64
import html
import io
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from PIL import Image

from migration.figures.names import FONTS

SLM, LLM, CASCADE, NEUTRAL = "#0f766e", "#b45309", "#6366f1", "#64748b"
"""One colour a meaning, in every figure: small model, large model, cascade, everything else; apart for the colour-blind
too (a test measures it)."""

WIDTH = 9.0
"""Inches that every figure is wide, so that its letters have one size on a page."""

STYLE: dict[Any, Any] = {
    "font.family": FONTS,
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "savefig.bbox": "tight",
    "figure.figsize": (WIDTH, 4.2),
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.title_fontsize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.edgecolor": "#cbd5e1",
    "grid.color": "#e2e8f0",
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=[SLM, LLM, CASCADE, NEUTRAL, "#be185d", "#0369a1", "#4d7c0f"]),
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar sign in a task's name starts no formula
}


@dataclass(frozen=True)
class Picture:
    """A saved figure as a notebook and a report show it: `<figure>` with alt text and caption."""

    path: Path
    title: str
    alt: str

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.path.read_bytes()).decode()
        return (
            f'<figure><img style="max-width:100%" alt="{html.escape(self.alt, quote=True)}" '
            f'src="data:image/png;base64,{data}"><figcaption>{html.escape(self.alt)}</figcaption></figure>'
        )


def style() -> AbstractContextManager[None]:
    """The context every figure is drawn in: seaborn's white grid, our words' colours."""
    look: dict[Any, Any] = sns.axes_style("whitegrid") | sns.plotting_context("notebook") | STYLE
    return mpl.rc_context(look)


def canvas(height: float, rows: int = 1, columns: int = 1, **how: Any) -> tuple[Figure, Any]:
    """An empty figure of our width, `height` inches high, in which nothing overlaps; to be called within `style()`."""
    return plt.subplots(rows, columns, figsize=(WIDTH, height), layout="constrained", **how)


def log_axis(ax: Axes, values: pd.Series, label: str) -> None:
    """A log scale with plain numbers along x over the positive `values`; without one the scale stays linear."""
    positive = values[values > 0]
    ax.set_xlabel(f"{label} (log scale)" if len(positive) else label)
    if not len(positive):
        return
    low, high = float(positive.min()), float(positive.max())
    room = 1.5 if high > 10 * low else 4
    ax.set_xscale("log")
    ax.set_xlim(low / room, high * room)
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 50 * low else (1.0,), numticks=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())


def png(fig: Figure, **how: Any) -> bytes:
    """The figure as PNG; it is closed."""
    buffer = io.BytesIO()
    with style():  # its `savefig` settings are read here
        fig.savefig(buffer, format="png", **how)
    plt.close(fig)
    return buffer.getvalue()


def save(fig: Figure, folder: Path, name: str, *, title: str, alt: str) -> Picture:
    """Write `folder/figures/<name>.png`. `title` states the finding, `alt` says what a reader would see."""
    path = folder / "figures" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(fig, metadata={"Title": title, "Description": alt}))
    return Picture(path, title, alt)


def load(path: Path) -> Picture:
    """A picture written by `save`, with its title and alt text read back from the file."""
    with Image.open(path) as image:
        text = dict(getattr(image, "text", {}))
    return Picture(path, text.get("Title", path.stem), text.get("Description", path.stem))
