"""Where each number comes from: the ledger of the bill, the inputs with their origins, and a spreadsheet of both.

The ledger is the components of the bill written out, a quantity times a price a row. Out of scope: how they are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from migration.costs.parts import PARTS, Basis, Plan, components
from migration.costs.projection import central, demand, drivers_of, lay, load_of

Row = tuple[str, Any, str]


def ledger(basis: Basis, stay: Plan, after: Plan) -> pd.DataFrame:
    """Every amount of a running month before and after, and what is spent once, as quantity x price_usd = usd.

    Columns: when (before, after, once), part, quantity, unit, price_usd, usd, quantity_from, price_from, follows
    (what it follows month by month). Today's volume, central simulation.
    """
    sims, frames = central(basis), []
    for when, plan in (("before", stay), ("after", after)):
        drivers = drivers_of(sims, 1)
        load = load_of(basis, sims, plan, lay(basis, plan, sims.routes), drivers)
        rows = pd.concat([component.rows() for component in components(load)], ignore_index=True)
        frames.append(rows.assign(when=np.where(rows["part"] == "one_off", "once", when)))
    keys = ["when", "part", "unit", "price_usd", "quantity_from", "price_from", "follows"]
    rows = pd.concat(frames)[lambda t: t["quantity"] > 0].groupby(keys, sort=False, as_index=False)["quantity"].sum()
    order = ["when", "part", "quantity", "unit", "price_usd", "usd", "quantity_from", "price_from", "follows"]
    return rows.assign(usd=rows["quantity"] * rows["price_usd"])[order]


def sources(basis: Basis, plan: Plan) -> pd.DataFrame:
    """Where each input comes from: columns number, value, from. Prices that calls paid are in the `ledger`."""
    rows = [*_from_log(basis, plan), *_from_policy(basis), *_from_parameters(basis), *_from_file(basis)]
    table = pd.DataFrame(rows, columns=["number", "value", "from"])
    return table.assign(value=table["value"].map(lambda v: f"{v:,.6g}" if isinstance(v, int | float) else str(v)))


def _from_log(basis: Basis, plan: Plan) -> list[Row]:
    traffic, over = basis.traffic, basis.traffic.span
    rows: list[Row] = [
        ("cost of the log, USD", float(traffic.lines["usd"].sum()), "01 calls.parquet, sum of cost_usd"),
        ("calls in the log", over.calls, "01 calls.parquet, rows"),
        (
            "calls without a known price",
            int(traffic.unpriced["calls"].sum()),
            "01 calls.parquet: left out of both sides",
        ),
        ("days the log covers", over.days, f"01 calls.parquet, created_at: {over.note}"),
        ("share of the traffic in the log", over.log_share, "parameter log_share"),
        ("from the log to a month, times", over.to_month, "30.4375 days / days the log covers / share in the log"),
        ("latency of the LLM", "a call's own", "01 calls.parquet, latency_ms"),
    ]
    if plan.hosting in ("", "api"):
        return rows
    peak, job = demand(basis, plan)
    hour = f"01 calls.parquet, created_at, x share by task: the hour from {peak.start:%Y-%m-%d %H:%M} UTC"
    return [
        *rows,
        ("busiest hour, calls to the SLM", peak.calls, hour),
        ("calls a minute then, variance over mean", peak.burst,
         "01 calls.parquet, the ten busiest hours; 1: Poisson, or too few calls to tell"),
        ("seconds of the machine that a call takes", job.gpu_s, "01 calls.parquet, tokens / tokens a second"),
    ]  # fmt: skip


def _from_policy(basis: Basis) -> list[Row]:
    ladder, quality = basis.ladder, basis.quality
    rows: list[Row] = []
    counted, shares = ladder.counts.sum(axis=1).to_numpy(int), ladder.shares.to_numpy(float)
    for task, way, n in zip(ladder.counts.index, shares, counted, strict=True):
        said = ", ".join(f"{way[k]:.1%} {one.label}" for k, one in enumerate(ladder.ways) if way[k] > 0)
        rows.append((f"ways of {task}", said, f"04 decisions.parquet, {n} calls"))
    for name, price in ladder.prices.items():
        said = f"{price.prompt_usd_per_m:.4g} in, {price.completion_usd_per_m:.4g} out per 1M tokens"
        said += f", {price.call_usd:.4g} a call"
        rows.append((f"price of {name}, USD", said, f"04 policy.json: {price.source}"))
    measured = "04 summary.json: quality_retained, test_loss_high, test_loss_low; the LLM's own tasks counted as 100%"
    said = f"{quality.value:.1%} ({quality.low:.1%} to {quality.high:.1%})"
    return [*rows, ("quality under the policy", said, measured)]


def _from_parameters(basis: Basis) -> list[Row]:
    terms = basis.terms
    return [
        ("latency target, ms", terms.target_s * 1000, "parameter latency_target_ms"),
        ("spare GPUs", terms.redundancy, "parameter redundancy"),
        ("engineer hours a month", terms.engineer_hours_month, "parameter engineer_hours_month"),
        ("an engineer hour, USD", terms.engineer_usd_hour, "parameter engineer_usd_hour"),
        ("a wrong answer costs, USD", terms.wrong_answer_usd, "parameter wrong_answer_usd (0: nothing is counted)"),
    ]


def _from_file(basis: Basis) -> list[Row]:
    """The scenarios file: GPU and CPU, the SLM's API, running costs, effort, ranges."""
    rows: list[Row] = []
    for name, own in ((f"gpus.{basis.terms.machine}", basis.terms.gpu), ("cpu", basis.terms.cpu)):
        if not own.known:
            continue
        speeds = f"{own.prompt_tokens_per_s:,.0f} and {own.completion_tokens_per_s:,.0f} over {own.streams} streams"
        rows.append((f"{name}: tokens a second, reading and writing", speeds, f"scenarios {name}: {own.source}"))
        for field in ("price_usd", "host_usd", "rent_usd_hour", "watts", "idle_watts", "host_watts"):
            rows.append((f"{name}: {field.replace('_', ' ')}", float(getattr(own, field)), f"scenarios {name}.{field}"))
    api = basis.assumptions.slm_api
    said = f"{api.prompt_usd_per_m:g} in, {api.completion_usd_per_m:g} out" if api else "no offer, so not offered here"
    rows.append(("SLM behind an API, USD per 1M tokens", said, f"scenarios slm_api: {api.source if api else 'empty'}"))
    for name, effort in basis.assumptions.effort.model_dump().items():
        said = f"{effort['hours_once']:g} once, {effort['hours_month']:g} a month"
        rows.append((f"effort of {name}, hours", said, f"scenarios effort.{name}"))
    for group in ("running", "uncertainty"):
        for name, value in getattr(basis.assumptions, group).model_dump().items():
            given = value if isinstance(value, float) else " / ".join(f"{v:g}" for v in value)
            moved = ", middle: parameter growth_month" if name == "growth_month" else ""
            rows.append((name.replace("_", " "), given, f"scenarios {group}: {name}{moved}"))
    return rows


def write_spreadsheet(path: Path, basis: Basis, rows: pd.DataFrame, months: int) -> Path:
    """The ledger `rows` as a spreadsheet with live formulas, for who wants to change a cell and see.

    Sheets: Inputs (growth, prices, text lengths), Ledger (quantity x price a row), Month (by part, before and after),
    Months. Blue cells are inputs, every other number is a formula of them; GPUs stay as many as the ledger counts.
    Formulas use + - * / ^, SUM, SUMIFS and IF alone, and texts of the log are written as texts.
    """
    book = xlsxwriter.Workbook(str(path))
    looks = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "input": book.add_format({"font_color": "#1d4ed8", "num_format": "#,##0.######"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "total": book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1}),
    }
    unsure = basis.assumptions.uncertainty
    inputs: list[tuple[str, float, str]] = [
        ("growth", unsure.growth_month[1], "of calls, month on month"),
        ("price_year", unsure.api_price_year[1], "change of API prices, a year"),
        ("tokens_year", unsure.tokens_year[1], "tokens a call, a year later against today"),
    ]
    sheet = book.add_worksheet("Inputs")
    sheet.write_row(0, 0, ["input", "value", "what it is"], looks["head"])
    for at, (name, value, what) in enumerate(inputs, start=1):
        sheet.write_string(at, 0, name)
        sheet.write_number(at, 1, value, looks["input"])
        sheet.write_string(at, 2, what)
    _ledger_sheet(book, looks, rows)
    parts = _month_sheet(book, looks, rows)
    _months_sheet(book, looks, months, len(rows) + 1, parts + 2)
    book.close()
    return path


def _ledger_sheet(book: xlsxwriter.Workbook, looks: dict[str, object], rows: pd.DataFrame) -> None:
    sheet = book.add_worksheet("Ledger")
    heads = ["when", "part", "follows", "quantity", "unit", "price, USD", "USD", "quantity from", "price from"]
    sheet.write_row(0, 0, heads, looks["head"])
    records: list[Any] = rows.to_dict("records")
    for at, row in enumerate(records, start=1):
        texts = {0: row["when"], 1: row["part"], 2: row["follows"] or "fixed", 4: row["unit"], 7: row["quantity_from"],
                 8: row["price_from"]}  # fmt: skip
        for column, text in texts.items():
            sheet.write_string(at, column, text)
        sheet.write_number(at, 3, row["quantity"], looks["input"])
        sheet.write_number(at, 5, row["price_usd"], looks["input"])
        sheet.write_formula(at, 6, f"=D{at + 1}*F{at + 1}", looks["money"])


def _month_sheet(book: xlsxwriter.Workbook, looks: dict[str, object], rows: pd.DataFrame) -> int:
    """A running month by part, before and after; returns how many parts there are."""
    sheet, last = book.add_worksheet("Month"), len(rows) + 1
    sheet.set_column(0, 1, 30)
    sheet.write_row(0, 0, ["part", "USD a month", "before", "after", "difference"], looks["head"])
    parts = [part for part in PARTS if part != "one_off" and part in set(rows["part"])]
    for at, part in enumerate(parts, start=2):
        sheet.write_string(at - 1, 0, part)
        sheet.write_string(at - 1, 1, PARTS[part])
        for column, when in (("C", "before"), ("D", "after")):
            formula = f'=SUMIFS(Ledger!$G$2:$G${last},Ledger!$A$2:$A${last},"{when}",Ledger!$B$2:$B${last},"{part}")'
            sheet.write_formula(f"{column}{at}", formula, looks["money"])
        sheet.write_formula(f"E{at}", f"=D{at}-C{at}", looks["money"])
    end = len(parts) + 2
    sheet.write_string(f"B{end}", "total")
    for column in "CDE":
        sheet.write_formula(f"{column}{end}", f"=SUM({column}2:{column}{end - 1})", looks["total"])
    sheet.write_string(f"B{end + 1}", "spent once")
    once = f'=SUMIFS(Ledger!$G$2:$G${last},Ledger!$A$2:$A${last},"once")'
    sheet.write_formula(f"D{end + 1}", once, looks["money"])
    return len(parts)


def _months_sheet(book: xlsxwriter.Workbook, looks: dict[str, object], months: int, last: int, total: int) -> None:
    """Month by month: what follows calls, and what follows calls, tokens and API prices, grows; the rest is fixed."""
    sheet = book.add_worksheet("Months")
    sheet.write_row(0, 0, ["month", "calls, times", "API tokens' cost, times", "stay", "move, running", "spent once",
                           "saved", "saved so far"], looks["head"])  # fmt: skip

    def summed(when: str, follows: str) -> str:
        columns = (f"Ledger!${c}$2:${c}${last}" for c in "GAC")
        usd, whens, what = columns
        return f'SUMIFS({usd},{whens},"{when}",{what},"{follows}")'

    for at in range(2, months + 2):
        years = f"(A{at}-1)/12"
        bill = {
            when: f"={summed(when, 'calls tokens prices')}*C{at}+{summed(when, 'calls')}*B{at}+{summed(when, 'fixed')}"
            for when in ("before", "after")
        }
        sheet.write_number(at - 1, 0, at - 1)
        formulas = [f"=(1+Inputs!$B$2)^(A{at}-1)", f"=B{at}*(1+Inputs!$B$3)^({years})*Inputs!$B$4^({years})",
                    bill["before"], bill["after"], f"=IF(A{at}=1,Month!$D${total + 1},0)", f"=D{at}-E{at}-F{at}",
                    f"=SUM(G$2:G{at})"]  # fmt: skip
        for column, formula in enumerate(formulas, start=1):
            sheet.write_formula(at - 1, column, formula, looks["money"])
