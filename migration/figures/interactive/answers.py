"""A browser of disagreements: reference beside answer, what differs marked, filtered by task and confidence.

A finished frame in. Out of scope: which answers disagree, and masking, which was done before.
"""

from __future__ import annotations

import difflib
import html
import re
from typing import TYPE_CHECKING

import pandas as pd

from migration.markup import printable, table

if TYPE_CHECKING:
    import ipywidgets as widgets

EVERY = "every task"
MARK = "background:#fde68a;color:#0f172a"


def marked(reference: str, answer: str) -> tuple[str, str]:
    """Both texts as HTML, the words that one of them has alone in <mark>."""
    first, second = (re.findall(r"\s+|\w+|[^\w\s]", printable(text)) for text in (reference, answer))
    sides: tuple[list[str], list[str]] = ([], [])
    for what, a, b, c, d in difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        for side, words in zip(sides, (first[a:b], second[c:d]), strict=True):
            text = html.escape("".join(words))
            side.append(text if what == "equal" or not text else f'<mark style="{MARK}">{text}</mark>')
    return "".join(sides[0]), "".join(sides[1])


class AnswerBrowser:
    """Answers that differ from the reference, one at a time.

    rows: task (its name), asked, reference, answer, score, and confidence (0..1, null where none was stated).
    """

    def __init__(self, rows: pd.DataFrame, *, first: int = 20):
        self.rows, self.first = rows.reset_index(drop=True), first

    def chosen(self, task: str = EVERY, confidence: tuple[float, float] = (0.0, 1.0)) -> pd.DataFrame:
        """The rows of `task` whose confidence lies in the range; one without confidence is in the full range alone."""
        rows = self.rows if task == EVERY else self.rows[self.rows["task"] == task]
        if "confidence" not in rows or confidence == (0.0, 1.0):
            return rows
        return rows[rows["confidence"].between(*confidence)]

    def html(self, row: pd.Series) -> str:
        """One disagreement, a `row` of the frame: what was asked above, reference and answer side by side."""
        reference, answer = marked(str(row["reference"] or ""), str(row["answer"] or ""))
        sure = row.get("confidence")
        sure = f", confidence {sure:.0%}" if sure is not None and pd.notna(sure) else ""
        cell = "width:50%;vertical-align:top;text-align:left;white-space:pre-wrap;padding:.5em"
        return (
            f"<p><strong>{html.escape(printable(str(row['task'])))}</strong> (score {row['score']:.2f}{sure})</p>"
            f'<p style="white-space:pre-wrap">{html.escape(printable(str(row["asked"] or "")))}</p>'
            f'<table style="width:100%"><thead><tr><th>reference</th><th>answer</th></tr></thead><tbody><tr>'
            f'<td style="{cell}">{reference}</td><td style="{cell}">{answer}</td></tr></tbody></table>'
        )

    def widget(self) -> widgets.Widget:
        """The browser, for a live notebook."""
        import ipywidgets as widgets

        tasks = [EVERY, *dict.fromkeys(self.rows["task"].astype(str))]
        task = widgets.Dropdown(options=tasks, description="task")
        sure = widgets.FloatRangeSlider(value=(0.0, 1.0), min=0.0, max=1.0, step=0.01, description="confidence",
                                        readout_format=".0%")  # fmt: skip
        at = widgets.BoundedIntText(value=1, min=1, max=max(len(self.rows), 1), description="number")
        count, shown = widgets.Label(), widgets.HTML()

        def redraw(_: object = None) -> None:
            rows = self.chosen(task.value, tuple(sure.value))
            at.max = max(len(rows), 1)
            count.value = f"of {len(rows)} answers that differ"
            shown.value = self.html(rows.iloc[at.value - 1]) if len(rows) else "<p>None.</p>"

        for control in (task, sure, at):
            control.observe(redraw, "value")
        redraw()
        return widgets.VBox([widgets.HBox([task, sure]), widgets.HBox([at, count]), shown])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        static = table(self.rows.head(self.first), {"score": "{:.2f}", "confidence": "{:.0%}"}).to_html()
        return {**(self.widget()._repr_mimebundle_() or {}), "text/html": static, "text/plain": "answers that differ"}
