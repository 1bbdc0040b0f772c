"""The pages load nothing, run nothing, escape what they show, and say each number with its unit."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import mistune
import nbformat
import pandas as pd
import pytest

from migration import figures, markup, report
from migration.artifacts import open_run, open_step
from migration.errors import MissingStep
from migration.report import fields, story, tasks
from migration.report.tasks import kept_answers

ROOT = Path(__file__).resolve().parent.parent


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


def test_the_page_and_its_figures_have_one_colour_a_meaning():
    css = (ROOT / "migration" / "templates" / "page.css").read_text()
    assert f"--slm:{figures.SLM}; --llm:{figures.LLM};" in css
    assert css.count(figures.SLM) == css.count(figures.LLM) == 1


def test_an_empty_run_has_no_report(tmp_path):
    with pytest.raises(MissingStep):
        report.build_index(open_run(tmp_path))


def test_units_stand_beside_the_field_and_the_unknown_is_said():
    summary = {"breakeven_month": None}
    facts = {fact["label"]: fact["value"] for fact in (f.fact(summary) for f in report.HEADLINES[report.COST])}
    assert facts["break-even month"] == "never"
    assert facts["bill a month today"] == "unknown"
    assert [fields.usd(v) for v in (12345.6, 423.4, 0.0123, 0.0004, 0)] == [
        "$12,346",
        "$423",
        "$0.01",
        "less than $0.01",
        "$0.00",
    ]
    assert (fields.share(-0.021), fields.count(13159)) == ("-2.1%", "13,159")


def routed(tmp_path, share):
    """A run that steps 04 and 05 have ended, with `share` of the calls routed."""
    run = a_run(tmp_path)
    guarantee = {"max_loss": 0.05, "confidence_level": 0.95, "calibration_calls": 800, "test_calls": 300}
    measured = {"test_loss": 0.01, "test_loss_low": 0.0, "test_loss_high": 0.03, "traffic_shifted": False}
    open_step(run.path, report.ROUTE).finish({"slm_share": share, **guarantee, **measured}, decision="route")
    money = {f"{when}_usd_month{end}": 100.0 for when in ("before", "after") for end in ("", "_p10", "_p50", "_p90")}
    priced = money | {"saving_probability": 0.5, "breakeven_month": None}
    open_step(run.path, report.COST).finish(priced, decision="stay")
    return report.build_index(run).read_text()


def test_the_page_opens_with_decision_money_risks_and_what_to_do(tmp_path):
    page = routed(tmp_path, 0.4)
    order = ["<h1>", 'class="bars"', "Three risks", "What to do on Monday", "How this was found", "Words used here"]
    assert [page.index(part) for part in order] == sorted(page.index(part) for part in order)
    assert "at most 5.0% of all, with 95% confidence, on traffic like the 800" in page
    assert "migrate serve run" in page
    assert "Change nothing in production" in routed(tmp_path / "other", 0.0)


CANARIES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<style>*{display:none}</style>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "</td></table><h1>owned</h1>",
    "[click](https://evil.example)",
    "![see](https://evil.example/x.png)",
    "<svg onload=alert(1)>",
    "\x1b[31mred\u202eright to left",
    "$x^2$ **bold** | pipe |",
]
ACTIVE = re.compile(r"(?i)<(script|style|meta|iframe|svg|form|object|link|base)\b|\son\w+\s*=|javascript:|<h1>owned")


@pytest.mark.parametrize("canary", CANARIES)
def test_text_of_a_log_stays_text_in_the_stakeholder_report(tmp_path, canary):
    run = a_run(tmp_path)
    run.note_step("02_candidate_benchmark", status="failed", error=canary)
    folder = run.path / report.AUDIT
    table = {"task": ["t"], "name": [canary], "calls": [3], "cost_usd": [1.0], "kind": ["chat"]}
    pd.DataFrame(table).to_parquet(folder / "tasks.parquet")
    (run.path / report.BENCHMARK).mkdir()
    board = {"task": ["t"], "candidate": [canary], "n": [3], "agreement": [0.5], "low": [0.1], "high": [0.9]}
    pd.DataFrame(board | {"verdict": [canary]}).to_parquet(run.path / report.BENCHMARK / "scoreboard.parquet")
    body = report.build_index(run).read_text().split("</style>")[1]
    plain = [tag for tag in re.findall(r"<[a-zA-Z/][^>]*>", body) if "svg" not in tag and "<rect" not in tag]
    assert not [tag for tag in plain if ACTIVE.search(tag)]
    assert body.count("<h1>") == 1
    assert "evil.example" not in "".join(plain)


def test_no_output_of_a_notebook_becomes_active_markup(tmp_path):
    """Each canary in each kind of output, on one page."""
    outputs = []
    for canary in CANARIES:
        table = markup.table(pd.DataFrame({canary: [canary]})).to_html()
        shown = [("text/html", canary), ("text/markdown", canary), ("text/html", table)]
        outputs += [
            nbformat.v4.new_output("display_data", data={kind: one, "text/plain": canary}) for kind, one in shown
        ]
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=canary))
        outputs.append(nbformat.v4.new_output("error", ename="E", evalue=canary, traceback=[canary]))
    cells = [nbformat.v4.new_code_cell("1", outputs=[one]) for one in outputs]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "n.ipynb")
    page = report.export_notebook(tmp_path / "n.ipynb", tmp_path / "report.html").read_text().split("</style>")[1]
    assert page.count("right to left") >= 5, "each kind of output is shown"
    tags = re.findall(r"<[a-zA-Z/][^>]*>", page)
    assert [tag for tag in tags if ACTIVE.search(tag.replace("<h1>owned", "")) or "evil.example" in tag] == []


def test_what_notebooks_show_is_escaped_at_one_place():
    """A frame's own `style` escapes nothing: tables of the presentation modules and notebooks are of `markup.table`."""
    shown = [*(ROOT / "migration").rglob("present.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert len(shown) >= 12
    assert [file.name for file in shown if ".style." in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("canary", CANARIES)
def test_a_name_in_a_sentence_formats_nothing(canary):
    shown = mistune.html(f"It is {markup.plain(canary)} that costs most.")
    assert set(re.findall(r"<[^>]+>", shown)) == {"<p>", "</p>"}
    assert "\x1b" not in markup.printable(canary)
    assert "\u202e" not in markup.printable(canary)


def test_a_notebook_is_exported_without_code_or_links(tmp_path):
    book = nbformat.v4.new_notebook()
    output = nbformat.v4.new_output("stream", name="stdout", text="seen <b>")
    more = nbformat.v4.new_output("stream", name="stdout", text=", and more")
    noise = nbformat.v4.new_output("stream", name="stderr", text="a warning")
    book.cells = [
        nbformat.v4.new_markdown_cell("# Question?"),
        nbformat.v4.new_code_cell("secret_code()", outputs=[output, more, noise]),
    ]
    nbformat.write(book, tmp_path / "n.ipynb")
    page = report.export_notebook(tmp_path / "n.ipynb", tmp_path / "report.html").read_text()
    assert "Question?" in page
    assert "seen &lt;b&gt;, and more" in page
    assert re.search(r"<details class=.code.><summary>code</summary><pre[^>]*><code>secret_code\(\)", page)
    assert "a warning" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_a_page_two_folders_down_finds_the_report_of_its_run(tmp_path):
    run = a_run(tmp_path)
    week = open_step(run.path, "07_weekly_review/2026-W48")
    nbformat.write(nbformat.v4.new_notebook(), week.path / "notebook.ipynb")
    week.finish({"week": "2026-W48"}, decision="All quiet")
    index = report.build_all(run).read_text()
    assert '<a href="../../index.html">' in (run.path / "07_weekly_review/2026-W48/report.html").read_text()
    assert '<a href="07_weekly_review/2026-W48/report.html">2026-W48</a></dt><dd>All quiet' in index


def test_columns_without_a_row_are_not_shown(tmp_path):
    shown = markup.table(pd.DataFrame({"gpus": []})).to_html() + markup.table(pd.DataFrame({"seen": [1]})).to_html()
    output = nbformat.v4.new_output("display_data", data={"text/html": shown, "text/plain": ""})
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])]), tmp_path / "n.ipynb"
    )
    page = report.export_notebook(tmp_path / "n.ipynb", tmp_path / "report.html").read_text()
    assert "gpus" not in page
    assert page.count("Nothing to list.") == 1
    assert "seen" in page


def test_figures_carry_their_title_and_alt_text(tmp_path):
    fig, _ = plt.subplots()
    saved = figures.save(fig, tmp_path, "x", title="It rises", alt="A rising line")
    assert figures.load(saved.path) == saved
    assert '<img style="max-width:100%" alt="A rising line"' in saved._repr_html_()


@pytest.mark.parametrize(
    ("share", "after", "said"),
    [
        (0.2, 40.0, "the bill goes from $100 to $40.00"),
        (0.2, 400.0, "but at this volume that does not pay: $100 a month today, $400 after"),
        (0.0, 100.0, "Change nothing yet"),
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


@pytest.mark.parametrize(
    ("priced", "kept", "said"),
    [
        ({}, "97% (93% to 98%, n=232) of the 85% kept", "moves now"),
        ({}, "", "stays: no answer is sure enough yet"),
        ({"best_plan": "stay"}, "97%", "proved, but does not pay"),
        ({"other_plan": "Classifier only", "other_plan_kind": "classifier"}, "97%", "proved, but does not pay"),
        ({"other_plan": "Small only", "other_plan_kind": "slm"}, "97%", "moves now"),
    ],
)
def test_a_task_moves_where_it_is_proved_and_the_plan_that_pays_answers_it(priced, kept, said):
    policy = {"rungs": {"t": [{"candidate": "small"}]}, "candidates": {"small": {"kind": "slm"}}}
    seen = tasks.Seen(pd.DataFrame({"verdict": []}), {}, {"t": kept}, policy, priced)
    assert tasks._next({"task": "t", "kind": "chat"}, seen) == said


def test_where_nothing_pays_surely_the_page_says_stay_everywhere():
    """A bill that falls on average, too unsurely for step 05, is announced nowhere."""
    money = {"before_usd_month": 100.0, "after_usd_month": 80.0, "one_off_usd": 8005.0, "saving_probability": 0.4}
    priced = money | {"best_plan": "stay", "llm_share": 0.5, "calls_month": 13480.6, "breakeven_calls_month": 2332402.0}
    summaries = {"04_router_tuning": {"slm_share": 0.5}, "05_cost_projection": priced}
    said = story.headline(summaries)
    assert said.endswith("but that does not surely pay: $100 a month today, $80.00 after, and $8,005 spent once")
    assert "it does not pay at today's volume" in story.risks(summaries)[1]
    first, *others = story.monday(summaries, "mine")
    assert first["text"].endswith("from about 2,300,000 calls a month on, all else equal; today there are 13,000.")
    assert not any("Raise the share" in each["text"] for each in others)


def test_a_plan_of_fewer_rungs_that_pays_better_is_what_the_page_says_and_how_to_get_it():
    priced = {
        "before_usd_month": 100.0, "after_usd_month": 110.0, "llm_share": 0.3, "saving_probability": 0.2,
        "breakeven_month": None, "other_plan": "Classifier only", "other_plan_kind": "classifier",
        "best_usd_month": 60.0, "best_usd_month_p10": 55.0, "best_usd_month_p50": 61.0, "best_usd_month_p90": 70.0,
        "best_saving_probability": 0.94, "best_breakeven_month": 6, "best_llm_share": 0.5,
        "after_usd_month_p10": 90.0, "after_usd_month_p90": 140.0, "before_usd_month_p10": 95.0,
        "before_usd_month_p90": 105.0,
    }  # fmt: skip
    both = {"04_router_tuning": {"slm_share": 0.7}, "05_cost_projection": priced}
    summaries = story.decided(both)
    said = "Classifier only: it keeps 50% of the calls; the bill goes from $100 to $60.00 a month"
    assert story.headline(summaries) == said
    assert story.bars(summaries[report.COST])[1]["told"] == "$60.00 a month (likely $55.00 to $70.00)"
    money = story.risks(summaries)[1]
    assert (
        "saves money is 94%; it is paid back in month 6. For the whole ladder, small model included, it is 20%" in money
    )
    facts = [field.fact(summaries[report.COST])["value"] for field in report.HEADLINES[report.COST]]
    assert facts == ["Classifier only", "$100", "$60.00", "94.0%", "6"]
    first = story.monday(summaries, "mine")[0]
    assert first["command"] == """migrate run --run mine -p kinds '["classifier"]'"""
    whole = story.decided(both | {"05_cost_projection": priced | {"other_plan": ""}})
    assert "does not pay" in story.headline(whole)
    first = story.monday(whole, "mine")[0]["command"]
    assert first == "migrate policy activate mine --share 0 --shadow-share 1 && migrate serve mine"


def test_a_report_of_an_older_run_leaves_out_what_its_tables_lack(tmp_path):
    run = open_run(tmp_path)
    (run.path / "04_router_tuning").mkdir()
    older = pd.DataFrame({"call_id": ["a"], "task": ["t"], "model": ["slm"]})
    older.to_parquet(run.path / "04_router_tuning" / "decisions.parquet")
    assert kept_answers(run) == {}
