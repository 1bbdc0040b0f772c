"""Text of a log where people read it: never markup, never a terminal's command.

Each place has its function: `printable` (terminal), `prose` (a sentence in Markdown), `table` (a frame as HTML),
`sanitise` (a whole page, by an allow-list), `hashed` (an id that may not be shown). Out of scope: what is shown, and
masking personal data (`audit.pii`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\))")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&:@/])")

_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "section", "br", "hr", "blockquote", "a"),
    *("ul", "ol", "li", "dl", "dt", "dd", "strong", "b", "em", "i", "small", "sub", "sup", "code", "pre"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("figure", "figcaption", "img", "details", "summary"),
}
_ATTRIBUTES = {
    "*": {"class", "id", "title", "role", "tabindex", "aria-label", "aria-hidden"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "details": {"open"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
}
_IMAGE = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_MACHINE_ID = re.compile(r"[\w:./=-]{0,200}")
_LINK = re.compile(r"#[\w.%~-]*")


def printable(text: str) -> str:
    """`text` without terminal escapes, control characters (but tab and newline) and direction marks."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def plain(value: object) -> str:
    """A name or text of the log for use inside a Markdown sentence: it reads the same and formats nothing."""
    return _MARKDOWN.sub(r"\\\1", " ".join(printable(str(value)).split()))


def made_by_machine(identifier: str) -> bool:
    """Whether an id is as machines make them; any other may hold a name or a mail address."""
    return bool(_MACHINE_ID.fullmatch(identifier))


def hashed(identifier: str) -> str:
    """What stands for an id that may not be shown: the same wherever it occurs, in tables, decision log and spans."""
    return f"m{hashlib.sha256(identifier.encode('utf-8', 'replace')).hexdigest()[:24]}"


def cut(text: str, most: int) -> str:
    """`text`, with an ellipsis for what is beyond `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def table(frame: pd.DataFrame, formats: Mapping[str, str] | None = None, *, missing: str = "–") -> Styler:
    """A frame as an HTML table: escaped (column names too), numbers to the right, texts to the left, no index.

    formats: column -> format as of `Styler.format`; numbers without one are shown to three decimals.
    """
    import html

    import numpy as np

    shown = frame.rename(columns={name: html.escape(printable(str(name))) for name in frame.columns}).reset_index(
        drop=True
    )
    shown = shown.map(lambda value: printable(value) if isinstance(value, str) else value)
    known: dict[Any, Any] = {
        html.escape(printable(str(name))): form for name, form in (formats or {}).items() if name in frame.columns
    }
    style = shown.style.format(known, precision=3, thousands=",", na_rep=missing, escape="html").hide(axis="index")
    numeric = np.array([shown[column].dtype.kind in "iuf" or column in known for column in shown.columns], bool)
    style = style.set_properties(subset=shown.columns[~numeric], **{"text-align": "left"})
    return style.set_properties(subset=shown.columns[numeric], **{"text-align": "right", "white-space": "nowrap"})


def sanitise(page: str) -> str:
    """HTML with only the tags and attributes of an allow-list; images are inline, links stay on the page.

    Script, style, event handlers, forms, frames, remote images and links to elsewhere are gone; what they held as text
    stays as text.
    """
    import nh3

    def keep(tag: str, attribute: str, value: str) -> str | None:
        allowed = {("img", "src"): _IMAGE, ("a", "href"): _LINK}.get((tag, attribute))
        return value if allowed is None or allowed.fullmatch(value) else None

    return nh3.clean(
        page,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes={"data"},
        clean_content_tags={"script", "style"},
        link_rel=None,
        strip_comments=True,
    )
