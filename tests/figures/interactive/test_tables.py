"""A table sorts by what its cells say, filters by a word, and is a plain table where nobody can click."""

import pandas as pd

from migration.figures.interactive import SortableTable
from migration.figures.interactive.tables import key_of

FRAME = pd.DataFrame({"task": ["sort", "<b>gate", "reply"], "share": ["9.5%", "100% (99% to 100%)", "–"]})


def order(page):
    return [name for _, name in sorted((page.index(name), name) for name in ("sort", "gate", "reply") if name in page)]


def test_rows_are_sorted_by_number_and_filtered_by_word():
    table = SortableTable(FRAME.style.format(escape="html"))
    assert table.columns[-2:] == ["task", "share"]
    assert order(table.html()) == ["sort", "gate", "reply"]
    assert order(table.html("share", falling=True))[:2] == ["reply", "gate"]
    assert order(table.html("share")) == ["sort", "gate", "reply"]
    assert order(table.html(word="GATE")) == ["gate"]
    assert "<b>" not in table.html()


def test_numbers_come_before_words():
    assert sorted(["b", "$1,200", "-3%", "20 s"], key=key_of) == ["-3%", "20 s", "$1,200", "b"]


def test_headless_it_is_the_static_table_and_live_it_has_controls():
    table = SortableTable(FRAME.style)
    bundle = table._repr_mimebundle_()
    assert bundle["text/html"] == table.static
    controls, shown = table.widget().children
    controls.children[2].value = "gate"
    assert "1 of 3 rows" in shown.value
