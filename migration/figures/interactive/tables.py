"""A table that sorts by a column and filters by a word, in JupyterLab; the table itself elsewhere.

Out of scope: what is in it. Cells are sorted by the number that they begin with, else by their words.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from pandas.io.formats.style import Styler

if TYPE_CHECKING:
    import ipywidgets as widgets

_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?")
AS_IS = "as it is"


def key_of(text: str) -> tuple[int, float, str]:
    """What a cell is sorted by: numbers first, by size; then words."""
    found = _NUMBER.match(text.strip().lstrip("$€£ ").replace("−", "-"))
    if found:
        return (0, float(found.group().replace(",", "")), text)
    return (1, 0.0, text.lower())


class SortableTable:
    """`table` with a choice of column, a direction and a word to look for. Widgets are made when it is shown."""

    def __init__(self, table: Styler):
        self.static = table.to_html()
        soup = BeautifulSoup(self.static, "html.parser")
        self.style = "".join(str(part) for part in soup.find_all("style"))
        self.head = str(soup.thead or "")
        self.columns = [cell.get_text(" ", strip=True) for cell in soup.select("thead tr:first-child th")]
        rows = soup.select("tbody tr")
        self.rows = [([c.get_text(" ", strip=True) for c in row.find_all(["th", "td"])], str(row)) for row in rows]
        self.id = str(soup.table.get("id", "")) if soup.table else ""

    def html(self, column: str = AS_IS, *, falling: bool = False, word: str = "") -> str:
        """The table sorted by `column`, with the rows that hold `word`."""
        rows = [row for row in self.rows if word.lower() in " ".join(row[0]).lower()]
        if column in self.columns:
            at = self.columns.index(column)
            rows = sorted(rows, key=lambda row: key_of(row[0][at]), reverse=falling)
        body = "".join(row for _, row in rows)
        counted = f"<p>{len(rows)} of {len(self.rows)} rows</p>"
        return f'{self.style}<table id="{html.escape(self.id)}">{self.head}<tbody>{body}</tbody></table>{counted}'

    def widget(self) -> widgets.Widget:
        """The table with its controls, for a live notebook."""
        import ipywidgets as widgets

        column = widgets.Dropdown(options=[AS_IS, *dict.fromkeys(self.columns)], description="sort by")
        falling = widgets.Checkbox(value=False, description="falling", indent=False)
        word = widgets.Text(description="with", placeholder="a word", continuous_update=True)
        shown = widgets.HTML(self.html())

        def redraw(_: object) -> None:
            shown.value = self.html(column.value, falling=falling.value, word=word.value)

        for control in (column, falling, word):
            control.observe(redraw, "value")
        return widgets.VBox([widgets.HBox([column, falling, word]), shown])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {**(self.widget()._repr_mimebundle_() or {}), "text/html": self.static, "text/plain": "a table"}
