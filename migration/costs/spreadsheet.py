"""The same month as a spreadsheet with live formulas, for who wants to change a cell and see.

Knows: one expected world (the middle of every range), as cells. Refuses to know: uncertainty; and the queue, so the
number of cards is an input there, filled with what the busiest hour needs.
Formulas use + - * / ^, SUM, SUMIFS, IF and MIN alone; a test evaluates them and holds them against the projection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xlsxwriter

from migration.costs.before_after import on_lines, shares
from migration.costs.month import MONTH_HOURS
from migration.costs.projection import Projection, hosting_options
from migration.costs.worlds import Basis
from migration.errors import BadInput

LINE_FIRST = 5
"""Row of the first line on the sheet `Lines` (1-based, as people count)."""


def write_spreadsheet(
    path: Path, basis: Basis, middle: dict[str, Projection], months: int, name: str = "hybrid"
) -> Path:
    """Write the scenario `name` (no iteration) as sheets Inputs, Lines, Month, Months.

    Blue cells are inputs. Every other number is a formula of them. Raises BadInput for a scenario that iterates.
    """
    if basis.assumptions.scenarios[name].iteration:
        raise BadInput(f"the spreadsheet shows scenarios without iteration, not {name!r}")
    book = xlsxwriter.Workbook(str(path))
    looks = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "input": book.add_format({"font_color": "#1d4ed8", "num_format": "#,##0.######"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "total": book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1}),
    }
    named = _inputs(book, looks, basis, middle[name])
    last = _lines(book, looks, basis)
    _month(book, looks, named, last)
    _months(book, looks, named, months)
    book.close()
    return path


def _inputs(book: Any, looks: dict[str, Any], basis: Basis, one: Projection) -> dict[str, str]:
    """The sheet of inputs; returns where each name's cell is."""
    terms, unsure = basis.terms, basis.assumptions.uncertainty
    run, card, api = terms.running, terms.card, terms.api
    options: Any = hosting_options(basis, one.name).set_index("hosting")
    rows: list[tuple[str, Any, str]] = [
        ("factor", basis.traffic.scale.factor, "from the log to a month"),
        ("hosting", one.hosting, "bought, rented or api"),
        ("growth", unsure.growth_month[1], "of calls, month on month"),
        ("price_year", unsure.api_price_year[1], "change of API prices, a year"),
        ("tokens_year", unsure.tokens_year[1], "tokens a call, a year later against today"),
        ("api_prompt", api.prompt_usd_per_m, "USD per million prompt tokens, SLM through an API"),
        ("api_completion", api.completion_usd_per_m, "USD per million answer tokens, SLM through an API"),
        ("cards", int(options.loc["bought", "cards"]), "cards that the busiest hour needs (Erlang C, step 05)"),
        ("card_price", card.price_usd, "USD a card"),
        ("amortise", run.amortise_months, "months that a card lasts"),
        ("hosting_usd", run.hosting_usd_month, "USD a month to house a card"),
        ("rent", card.rent_usd_hour, "USD an hour, rented card"),
        ("watts", card.watts, "at work"),
        ("idle_watts", card.idle_watts, "idle"),
        ("kwh", run.power_usd_kwh, "USD per kWh"),
        ("month_hours", MONTH_HOURS, "hours of a month"),
        ("prompt_speed", card.prompt_tokens_per_s, "prompt tokens a second, a card"),
        ("completion_speed", card.completion_tokens_per_s, "answer tokens a second, a card"),
        ("judged", run.judged_share, "share of SLM answers asked again of the LLM"),
        ("retrains", run.retrains_month, "fine-tunings a month"),
        ("retrain_usd", run.retrain_usd, "USD a fine-tuning"),
        ("hours", terms.engineer_hours_month, "engineer hours a month"),
        ("hour_usd", terms.engineer_usd_hour, "USD an engineer hour"),
        ("migration_hours", run.migration_hours, "engineer hours, once"),
        ("quality", basis.quality.value, "share of answers as good as the LLM's (step 04)"),
        ("wrong_usd", terms.wrong_answer_usd, "USD a wrong answer"),
    ]
    sheet = book.add_worksheet("Inputs")
    sheet.set_column(0, 0, 18)
    sheet.set_column(2, 2, 60)
    sheet.write_row(0, 0, ["input", "value", "what it is"], looks["head"])
    for row, (name, value, what) in enumerate(rows, start=1):
        sheet.write(row, 0, name)
        sheet.write(row, 1, value, looks["input"])
        sheet.write(row, 2, what)
    return {name: f"Inputs!$B${row + 1}" for row, (name, _, _) in enumerate(rows, start=1)}


COLUMNS = ["kind", "task", "model", "calls", "prompt tokens", "answer tokens", "USD in the log",
           "SLM alone", "SLM, then LLM", "LLM alone",
           "USD LLM alone", "USD after escalation", "USD to ask again", "SLM calls", "SLM prompt tokens",
           "SLM answer tokens"]  # fmt: skip


def _lines(book: Any, looks: dict[str, Any], basis: Basis) -> int:
    """The log's lines with their shares; returns the last row."""
    sheet = book.add_worksheet("Lines")
    sheet.write(0, 0, "The log, line by line (its sums, not yet a month); shares are those of step 04's decisions.")
    sheet.write_row(LINE_FIRST - 2, 0, COLUMNS, looks["head"])
    lines: list[Any] = basis.traffic.lines.to_dict("records")
    laid = on_lines(basis.traffic.lines, shares(basis.routes).to_numpy()[None], basis.routes.index)[0]
    for at, (line, way) in enumerate(zip(lines, laid, strict=True), start=LINE_FIRST):
        sheet.write_row(at - 1, 0, [line["kind"], line["task"], line["model"]])
        amounts = [line[c] for c in ("calls", "prompt_tokens", "completion_tokens", "cost_usd")]
        sheet.write_row(at - 1, 3, [*map(float, amounts), *map(float, way)], looks["input"])
        asks = f'IF($A{at}="error",0,H{at}+I{at})'
        formulas = [f"=G{at}*J{at}", f"=G{at}*I{at}", f'=IF($A{at}="error",0,G{at}*H{at})',
                    f"=D{at}*{asks}", f"=E{at}*{asks}", f"=F{at}*{asks}"]  # fmt: skip
        for column, formula in enumerate(formulas, start=10):
            sheet.write_formula(at - 1, column, formula, looks["money"])
    return LINE_FIRST + len(lines) - 1


def _month(book: Any, looks: dict[str, Any], cell: dict[str, str], last: int) -> None:
    """A running month at today's volume: every part before and after."""

    def lines(column: str, kind: str = "") -> str:
        values = f"Lines!${column}${LINE_FIRST}:${column}${last}"
        kinds = f"Lines!$A${LINE_FIRST}:$A${last}"
        return f'SUMIFS({values},{kinds},"{kind}")' if kind else f"SUM({values})"

    moved = f"({lines('N')}>0)"
    prompt, completion = (f"{lines(c)}*{cell['factor']}" for c in ("O", "P"))
    busy = f"({prompt}/{cell['prompt_speed']}+{completion}/{cell['completion_speed']})/3600"
    hours = f"{cell['cards']}*{cell['month_hours']}"
    kwh = f"({hours}*{cell['idle_watts']}+MIN({busy},{hours})*({cell['watts']}-{cell['idle_watts']}))/1000"
    bought = f"{cell['cards']}*({cell['card_price']}/{cell['amortise']}+{cell['hosting_usd']})+{kwh}*{cell['kwh']}"
    api = f"({prompt}*{cell['api_prompt']}+{completion}*{cell['api_completion']})/1000000"
    calls = "+".join(lines("D", kind) for kind in ("chat", "scoring", "retry"))
    factor = cell["factor"]
    other = (
        ("LLM scoring calls", "scoring"), ("embeddings", "embedding"), ("retries", "retry"), ("failed calls", "error"),
    )  # fmt: skip
    rows = [
        ("LLM answers", lines("G", "chat"), f"{lines('K', 'chat')}*{factor}"),
        ("LLM, after the SLM was unsure", "0", f"{lines('L', 'chat')}*{factor}"),
        *((label, lines("G", kind), f"({lines('K', kind)}+{lines('L', kind)})*{factor}") for label, kind in other),
        ("SLM: cards or API", "0", f'IF({moved},IF({cell["hosting"]}="api",{api},IF({cell["hosting"]}="rented",'
         f"{hours}*{cell['rent']},{bought})),0)"),
        ("quality checks by the LLM", "0", f"{lines('M')}*{factor}*{cell['judged']}"),
        ("monthly fine-tuning", "0", f"IF({moved},{cell['retrains']}*{cell['retrain_usd']},0)"),
        ("engineer time", "0", f"IF({moved},{cell['hours']}*{cell['hour_usd']},0)"),
        ("wrong answers", "0", f"IF({moved},({calls})*{factor}*(1-{cell['quality']})*{cell['wrong_usd']},0)"),
    ]  # fmt: skip
    sheet = book.add_worksheet("Month")
    sheet.set_column(0, 0, 34)
    sheet.write_row(0, 0, ["part, USD a month", "before", "after", "difference"], looks["head"])
    for at, (label, before, after) in enumerate(rows, start=2):
        sheet.write(at - 1, 0, label)
        sheet.write_formula(at - 1, 1, f"=({before})*{factor}", looks["money"])
        sheet.write_formula(at - 1, 2, f"={after}", looks["money"])
        sheet.write_formula(at - 1, 3, f"=C{at}-B{at}", looks["money"])
    end = len(rows) + 1
    sheet.write(end, 0, "total")
    for column in "BCD":
        sheet.write_formula(f"{column}{end + 1}", f"=SUM({column}2:{column}{end})", looks["total"])
    sheet.write(end + 1, 0, "spent once")
    once = f"={cell['retrain_usd']}+IF({moved},{cell['migration_hours']}*{cell['hour_usd']},0)"
    sheet.write_formula(end + 1, 2, once, looks["money"])


def _months(book: Any, looks: dict[str, Any], cell: dict[str, str], months: int) -> None:
    """Month by month with growth, prices and text lengths; cards stay as many as the input says."""
    sheet = book.add_worksheet("Months")
    heads = ["month", "LLM calls cost, times", "SLM tokens, times", "stay", "move, running", "spent once", "saved",
             "saved so far"]  # fmt: skip
    sheet.write_row(0, 0, heads, looks["head"])
    for month in range(1, months + 1):
        at, years = month + 1, f"(A{month + 1}-1)/12"
        text = f"(1+{cell['growth']})^(A{at}-1)*{cell['tokens_year']}^({years})"
        price = f"(1+{cell['price_year']})^({years})"
        llm = "Month!C2+Month!C3+Month!C4+Month!C5+Month!C6+Month!C7+Month!C9"
        cards = f'IF({cell["hosting"]}="api",Month!C8*C{at}*{price},Month!C8)'
        wrong = f"Month!C12*(1+{cell['growth']})^(A{at}-1)"
        sheet.write(at - 1, 0, month)
        formulas = [f"={text}*{price}", f"={text}", f"=Month!B13*B{at}",
                    f"=({llm})*B{at}+{cards}+Month!C10+Month!C11+{wrong}",
                    f"=IF(A{at}=1,Month!C14,0)", f"=D{at}-E{at}-F{at}", f"=SUM(G$2:G{at})"]  # fmt: skip
        for column, formula in enumerate(formulas, start=1):
            sheet.write_formula(at - 1, column, formula, looks["money"])
