"""The browser of disagreements marks what differs, filters, and shows a log's text as text."""

import pandas as pd
import pytest

from migration.figures.interactive import AnswerBrowser
from migration.figures.interactive.answers import marked

ROWS = pd.DataFrame(
    {
        "task": ["gate", "gate", "sort"],
        "asked": ["<script>alert(1)</script>", "b", "c"],
        "reference": ["yes, at once", "yes", "billing"],
        "answer": ["no, at once", "<img src=x>", "parcels"],
        "score": [0.0, 0.0, 0.5],
        "confidence": [0.2, 0.9, None],
    }
)


def test_only_what_differs_is_marked():
    first, second = marked("ship it <b>today</b>", "ship it <b>now</b>")
    assert first.count("<mark") == second.count("<mark") == 1
    assert ">today</mark>" in first
    assert ">now</mark>" in second
    assert "&lt;b&gt;" in first.replace("</mark>", "").replace("&lt;", "&lt;")


@pytest.mark.parametrize(
    ("task", "confidence", "n"), [("every task", (0, 1), 3), ("gate", (0, 1), 2), ("gate", (0.5, 1), 1)]
)
def test_the_browser_filters(task, confidence, n):
    assert len(AnswerBrowser(ROWS).chosen(task, tuple(map(float, confidence)))) == n


def test_the_widget_follows_its_filters_and_nothing_of_the_log_is_markup():
    widget = AnswerBrowser(ROWS).widget()
    filters, place, shown = widget.children
    assert "<script" not in shown.value
    filters.children[0].value = "sort"
    assert place.children[1].value == "of 1 answers that differ"
    assert "parcels" in shown.value
    assert "<img" not in AnswerBrowser(ROWS)._repr_mimebundle_()["text/html"]
