"""Every page in a real browser: whom it shuts out, what it asks for, and that a hostile log changes its words alone."""

from pathlib import Path

import browsers
import made
import pytest

CANARIES = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "</style></table></main><h1>owned</h1>",
    '"><svg onload=alert(1)>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "<iframe src=//evil.example></iframe><base href=//evil.example>",
    "[click](https://evil.example) ![see](https://evil.example/x.png) # head\n\n---\n\n| a | b |\n|--|--|\n",
    "$x^2$ \\(y\\) \\[z\\] $$\\href{javascript:alert(1)}{q}$$",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\u202eright to left\u2066 marks\u2069",
    "W" * 1_000_000,
    "{{ 7 * 7 }} {% for x in y %} &lt;b&gt; <!-- --> ]]>",
]


@pytest.fixture(scope="module", autouse=True)
def _browser():
    browsers.needed()


@pytest.fixture(scope="module")
def tame(tmp_path_factory):
    return made.a_run(tmp_path_factory.mktemp("tame") / "run", lambda role: role)


def test_no_page_shuts_anyone_out_or_asks_for_anything(tame):
    seen = browsers.call(
        "pages.mjs", pages=[page for page in made.pages(tame) if page.endswith("index.html") or "03_" in page]
    )
    assert len(seen) == 8, "two pages at two widths, light and dark"
    for one in seen:
        where = f"{Path(one['page']).parent.name}/{Path(one['page']).name} at {one['width']} px, {one['scheme']}"
        assert one["faults"] == [], where
        assert one["asked"] == [], where
        assert one["overflow"] <= 0, where
        assert Path(one["page"]).stat().st_size < 3_000_000


def test_a_hostile_log_changes_the_words_of_a_page_and_nothing_else(tame, tmp_path):
    """The same run twice; in one of them each text of the log is an attack in turn."""
    turn = iter(range(10**6))
    hostile = made.a_run(tmp_path / "run", lambda role: CANARIES[next(turn) % len(CANARIES)])
    quick = {"widths": [1280], "schemes": ["light"], "axe": False}
    before, after = (browsers.call("pages.mjs", pages=made.pages(run), **quick) for run in (tame, hostile))
    for one, other in zip(after, before, strict=True):
        assert one["shape"] == other["shape"], one["page"]
    for one in after:
        assert one["asked"] == []
        assert one["dialogs"] == []
