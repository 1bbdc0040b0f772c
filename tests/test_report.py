"""The pages load nothing, run nothing, escape what they show, and say each number with its unit."""

import re

import matplotlib.pyplot as plt
import nbformat
import pytest

from migration import figures, report
from migration.artifacts import open_run, open_step
from migration.errors import MissingStep


def a_run(tmp_path):
    run = open_run(tmp_path / "run")
    run.note(
        traffic=[{"file": "log.jsonl", "sha256": "ab" * 32}], parameters={"max_loss": 0.05}, versions={"torch": "2"}
    )
    step = open_step(run.path, "01_traffic_audit")
    with figures.style():
        fig, ax = plt.subplots()
        ax.plot([1, 2])
    figures.save(fig, step.path, "volume", title="Mondays are busy", alt='Line of calls by hour, "peak" <at> 9')
    step.finish(
        {"calls": 13159, "cost_usd_month": 22.4, "movable_share": 0.82}, decision="Go on <script>alert(1)</script>"
    )
    return run


def test_index_is_one_file_that_escapes_everything(tmp_path):
    page = report.build_index(a_run(tmp_path)).read_text()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:|#|0\d_)', page)
    assert "Go on &lt;script&gt;" in page
    assert 'alt="Line of calls by hour, &#34;peak&#34; &lt;at&gt; 9"' in page
    assert "13,159" in page
    assert "$22.40" in page
    assert "82.0%" in page


def test_a_failed_step_is_shown_with_its_error(tmp_path):
    run = a_run(tmp_path)
    run.note_step("02_candidate_benchmark", status="failed", error="NotEnoughCalls: 20 calls are too few")
    assert "This step did not finish.</strong> NotEnoughCalls: 20 calls" in report.build_index(run).read_text()


def test_an_empty_run_has_no_report(tmp_path):
    with pytest.raises(MissingStep):
        report.build_index(open_run(tmp_path))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("before_usd_month", 12345.6, "$12,346"),
        ("cost_usd", 0.0123, "$0.01"),
        ("slm_share", 0.8, "80.0%"),
        ("difference_low", -0.021, "-2.1%"),
        ("train_seconds", 351.2, "351 s"),
        ("p50_ms", 180.4, "180 ms"),
        ("calls", 13159, "13,159"),
        ("breakeven_month", None, "never"),
        ("bound", None, "unknown"),
        ("candidates", ["a", "b"], "a, b"),
    ],
)
def test_numbers_carry_their_unit(name, value, shown):
    assert report.humanize(name, value) == shown


def test_a_notebook_is_exported_without_code_or_links(tmp_path):
    book = nbformat.v4.new_notebook()
    output = nbformat.v4.new_output("stream", name="stdout", text="seen <b>")
    noise = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    book.cells = [
        nbformat.v4.new_markdown_cell("# Question?"),
        nbformat.v4.new_code_cell("secret_code()", outputs=[output, noise]),
    ]
    nbformat.write(book, tmp_path / "n.ipynb")
    page = report.export_notebook(tmp_path / "n.ipynb", tmp_path / "report.html").read_text()
    assert "Question?" in page
    assert "seen &lt;b&gt;" in page
    assert "secret_code" not in page
    assert "a warning" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_figures_carry_their_title_and_alt_text(tmp_path):
    fig, _ = plt.subplots()
    saved = figures.save(fig, tmp_path, "x", title="It rises", alt="A rising line")
    assert figures.load(saved.path) == saved
    assert '<img style="max-width:100%" alt="A rising line"' in saved._repr_html_()


@pytest.mark.parametrize(
    ("share", "after", "said"),
    [
        (0.2, 40.0, "the bill goes from $100.00 to $40.00"),
        (0.2, 400.0, "does not pay"),
        (0.0, 100.0, "Do not route yet"),
    ],
)
def test_the_headline_says_what_the_numbers_say(share, after, said):
    priced = {"before_usd_month": 100.0, "after_usd_month_p50": after}
    assert said in report.headline({"04_router_tuning": {"slm_share": share}, "05_cost_projection": priced})


def test_the_headline_speaks_of_all_calls_where_the_costs_do():
    """Step 04 decides on the tasks it has answers of; the bill is for all calls."""
    priced = {"before_usd_month": 100.0, "after_usd_month_p50": 80.0, "llm_share": 0.86}
    text = report.headline({"04_router_tuning": {"slm_share": 0.2}, "05_cost_projection": priced})
    assert "can keep 14% of the calls" in text
