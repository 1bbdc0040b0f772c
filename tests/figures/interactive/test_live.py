"""An error in a notebook is one box that says what and where; nothing in it is markup."""

import sys

from migration.errors import BadInput
from migration.figures.interactive.live import LiveLine, box, is_live


def caught(error):
    try:
        raise error
    except type(error):
        return box(*sys.exc_info())


def test_the_box_says_what_and_folds_the_traceback():
    page = caught(BadInput("no run folder outputs/x: name one that exists"))
    assert "<strong>Bad input.</strong> no run folder outputs/x: name one that exists" in page
    assert page.index("no run folder") < page.index("<details><summary>traceback</summary>")
    assert "not foreseen" not in page
    assert "migrate doctor" in caught(TypeError("<script>alert(1)</script>\x1b[31m"))
    assert "<script" not in caught(TypeError("<script>alert(1)</script>"))


def test_lines_are_printed_where_nobody_watches(capsys, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert not is_live()
    LiveLine()("10 of 20 answers")
    assert capsys.readouterr().out == "10 of 20 answers\n"
