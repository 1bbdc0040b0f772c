"""Names and titles as a figure can carry them: short, in letters that a font here has, wrapped. Nothing is drawn."""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from migration.markup import cut, printable

_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans Thai", "IPAexGothic", "WenQuanYi Zen Hei"),
    *("Droid Sans Fallback", "Hiragino Sans", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Arial Unicode MS"),
)
FONTS = ["DejaVu Sans", *(one for one in _OTHER_SCRIPTS if one in font_manager.get_font_names())]
"""The font of every figure, and those of this machine that have letters which it lacks."""


def short(name: str, width: int = 38) -> str:
    """A task's name as an axis can carry it; where no font here has its letters, in what script it is written."""
    name = " ".join(printable(name).split())
    lacking = {unicodedata.name(c, "unknown").split()[0] for c in name if not _drawn(c)}
    if lacking:
        scripts = sorted(script if script == "CJK" else script.title() for script in lacking)
        return f"(named in {', '.join(scripts)} letters)"
    return cut(name, width)


def headline(fig: Figure, finding: str) -> None:
    """The finding over the whole figure, at its left edge: tasks' names make axes begin far to the right."""
    wide = max(30, int(fig.get_figwidth() * 9.0))
    fig.suptitle(textwrap.fill(finding, wide), x=0.008, ha="left", weight="bold", fontsize=13)


@lru_cache(maxsize=4096)
def _drawn(letter: str) -> bool:
    return any(get_font(findfont(font)).get_char_index(ord(letter)) for font in FONTS)
