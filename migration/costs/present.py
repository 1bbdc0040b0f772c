"""What the numbers say, in sentences and in tables that a finance person reads.

Knows: frames and how people write money. Refuses to know: how anything was computed; nothing here is typed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from migration.costs.article import AS_PRINTED, Article
from migration.costs.before_after import PARTS
from migration.costs.month import MONTH_HOURS
from migration.costs.worlds import Basis


@dataclass(frozen=True)
class Currency:
    """A label and what one US dollar is in it. A rate is the user's word: nothing is looked up."""

    name: str = "USD"
    rate: float = 1.0

    def __call__(self, usd: float, *, signed: bool = False) -> str:
        """An amount as people write it: whole from 100 on, else in cents, two digits of less than ten cents."""
        value = usd * self.rate
        sign = "-" if value < 0 else "+" if signed and value > 0 else ""
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else 2
        if 0 < size < 0.1:
            digits = min(1 - math.floor(math.log10(size)), 6)
        unit = "$" if self.name == "USD" else ""
        return f"{sign}{unit}{size:,.{digits}f}" + ("" if unit else f" {self.name}")

    def axis(self, per: str = "a month") -> str:
        return f"{self.name} {per}"

    def table(self, frame: pd.DataFrame, money: list[str], **formats: str) -> Styler:
        """`frame` for reading: the columns `money` in this currency, others by `formats` (column=format string)."""
        shown = frame.copy()
        shown[money] = shown[money] * self.rate
        most = {column: shown[column].abs().max() for column in money}
        written = {c: f"{{:,.{0 if size >= 1000 else 2 if size >= 1 else 4}f}}" for c, size in most.items()}
        names = {column: column.replace("usd", self.name).replace("_", " ") for column in shown.columns}
        named: Any = {names[c]: f for c, f in {**written, **formats}.items() if c in names}
        numbers: Any = [names[column] for column in shown.select_dtypes("number").columns]
        styled = shown.rename(columns=names).style.format(named, na_rep="-").hide(axis="index")
        aligned: Any = {"text-align": "right", "white-space": "nowrap"}
        return styled.set_properties(subset=numbers, **aligned)


def rounded(count: float) -> str:
    """A count to the two digits that an estimate of it deserves."""
    return f"{float(f'{count:.2g}'):,.{0 if count >= 10 else 1}f}"


def prose(text: str) -> Markdown:
    """`text` for a notebook, with dollar signs that do not start a formula."""
    return Markdown(text.replace("$", "\\$"))


def bill_table(bill: pd.DataFrame, names: dict[str, str], currency: Currency, rows: int = 12) -> Styler:
    """The dearest lines of `Traffic.bill` with tasks by their `names`, the rest as one line, and the total."""
    bill = bill.sort_values("cost_usd_month", ascending=False, kind="stable")
    first, rest = bill.head(rows), bill.tail(max(len(bill) - rows, 0))
    shown = first.assign(task=first["task"].map(lambda task: names.get(task, task)))
    numbers = ["calls", "prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd", "cost_usd_month"]
    extra = [{"kind": "total", "task": f"{len(bill)} lines", "model": "", **bill[numbers].sum()}]
    if len(rest):
        extra.insert(0, {"kind": "other", "task": _lines(len(rest)), "model": "", **rest[numbers].sum()})
    shown = pd.concat([shown, pd.DataFrame(extra)], ignore_index=True)
    counts = dict.fromkeys(["calls", "prompt_tokens", "cached_tokens", "completion_tokens"], "{:,.0f}")
    return currency.table(shown, ["cost_usd", "cost_usd_month"], **counts)


def _lines(n: int) -> str:
    return "1 line" if n == 1 else f"{n} lines"


def say_bill(bill: Any, scale: Any, currency: Currency, audited: float | None = None) -> str:
    """What the log costs, what the month costs, and which part is hidden behind the chats.

    audited: the month's USD in step 01's summary, so that a reader who compares the two knows why they differ.
    """
    log, month = bill["cost_usd"].sum(), bill["cost_usd_month"].sum()
    hidden = bill.loc[bill["kind"] != "chat", "cost_usd_month"].sum() / month if month else 0.0
    cached = bill["cached_tokens"].sum() / max(bill["prompt_tokens"].sum(), 1)
    text = f"The log's {bill['calls'].sum():,.0f} calls cost **{currency(log)}**; times {scale.factor:.4f} "
    text += f"({scale.note}) that is **{currency(month)} a month**. {1 - hidden:.0%} of it is chat answers"
    text += f", and {cached:.0%} of prompt tokens were read from the provider's cache."
    if audited is not None and abs(audited - month) > 0.005 * month:
        text += f" (Step 01 shows {currency(audited)}: it scales by the log's elapsed time; here days that are cut or"
        text += " missing are weighed.)"
    return text


def say_change(table: Any, currency: Currency) -> str:
    """Where the largest changes are; the parts sum to the total."""
    total: Any = table.set_index("part").loc["total"]
    parts = table[table["part"] != "total"]
    up, down = parts.loc[parts["difference"].idxmax()], parts.loc[parts["difference"].idxmin()]
    text = f"A running month goes from {currency(total['before'])} to {currency(total['after'])}"
    if down["difference"] < 0:
        text += f"; most is saved on {down['part']} ({currency(down['difference'], signed=True)})"
    if up["difference"] > 0:
        text += f"; most is added by {up['part']} ({currency(up['difference'], signed=True)})"
    gap = abs(parts["after"].sum() - total["after"])
    return text + f". The parts sum to the total within {max(gap, 1e-12):.0e} USD."


def say_hosting(options: Any, reachable: float, target_ms: float, currency: Currency) -> str:
    """Which hosting is cheapest, how idle a card would be, and whether the latency target can be met at all."""
    if not options["usd_month"].any():
        return "No call goes to the SLM, so nothing needs to be hosted."
    best, cards = options.loc[options["usd_month"].idxmin()], options[options["cards"] > 0]
    text = f"Cheapest: **{best['hosting']}** at {currency(best['usd_month'])} a month."
    if len(cards):
        one = cards.iloc[0]
        n = "1 card" if one["cards"] == 1 else f"{one['cards']} cards"
        text += f" The busiest hour needs {n}: {one['busy_hours']:,.3g} hours of work a month, and all"
        text += f" {one['cards'] * MONTH_HOURS:,.4g} are paid for."
    if reachable < 0.95:
        text += f" Only {reachable:.0%} of the SLM's answers can keep {target_ms:,.0f} ms on this card,"
        text += " however many there are: a long answer takes its time."
    return text


def say_months(scenarios: Any, name: str, currency: Currency) -> str:
    """The chance to save, the sum saved with its interval, and the break-even month with its own."""
    one = scenarios.set_index("scenario").loc[name]
    text = f"**{one['saving_probability']:.0%}** of the worlds save money; saved by the horizon: median "
    text += f"{currency(one['saved_p50_usd'])} ({currency(one['saved_p10_usd'])} to {currency(one['saved_p90_usd'])}). "
    even = [one[f"breakeven_month_{q}"] for q in ("p10", "p50", "p90")]
    low, mid, high = (f"month {value:.0f}" if np.isfinite(value) else "never within the horizon" for value in even)
    text += (
        f"Break-even: {mid} (P10 {low}, P90 {high})."
        if np.isfinite(even[0])
        else "Break-even: never within the horizon."
    )
    if pd.notna(one["breakeven_calls_month"]):
        text += f" Running costs alone break even at about {rounded(one['breakeven_calls_month'])} calls a month"
        text += f" (hosting: {one['breakeven_hosting']})."
    return text


def say_latency(latency: Any) -> str:
    """What a conversation's customer feels, before and after, escalations included."""
    if latency.empty:
        return "The log holds no latencies, so nothing can be said of what customers feel."
    whole = latency.set_index("of").loc["a conversation"]
    return (
        f"A conversation's model calls take {whole['before mean, ms'] / 1000:.2f} s on average today and "
        f"{whole['after mean, ms'] / 1000:.2f} s after; the slowest twentieth "
        f"{whole['before 95%, ms'] / 1000:.2f} s and "
        f"{whole['after 95%, ms'] / 1000:.2f} s. An escalated call waits for both models."
    )


def say_article(article: Article) -> str:
    """How many of the article's lines hold, and its saving as printed and on like for like."""
    wrong = article.table[article.table["verdict"] != AS_PRINTED]
    return (
        f"{len(article.table) - len(wrong)} of {len(article.table)} lines are as printed. The article's saving is "
        f"**{article.saving_printed:.0%}** as printed and **{article.saving_corrected:.1%}** on like for like (LLM "
        f"tokens against LLM tokens, SLM tokens and GPU, all 160,000 calls); if the costs that it does not itemise "
        f"stay, "
        f"{article.saving_if_hidden_costs_stay:.1%}."
    )


def say_quality(scenarios: Any, basis: Basis, currency: Currency) -> str:
    """The cheapest scenario and the one with the quality of the policy, and what a wrong answer would have to cost."""
    by = scenarios.set_index("scenario")
    cheap = by.loc[by["saved_p50_usd"].idxmax()]
    text = f"Over the horizon, **{cheap['title']}** costs least (median), at {cheap['quality']:.1%} of the quality. "
    price = basis.terms.wrong_answer_usd
    wrong = (
        f"{currency(price)} are counted for each" if price else "nothing is counted for them (wrong_answer_usd is 0)"
    )
    kept = basis.quality.value
    return text + f"The policy keeps {kept:.1%}: {1 - kept:.1%} of answers are worse, and {wrong}."


def scenario_table(scenarios: pd.DataFrame, currency: Currency) -> Styler:
    """The scenarios side by side for reading: money a running month, what comes of it, and the quality kept."""
    columns = {
        "title": "scenario",
        "hosting": "SLM runs",
        "llm_share": "LLM share",
        "quality": "quality",
        "p50_usd_month": "usd a month",
        "one_off_usd": "usd once",
        "saved_p10_usd": "saved P10",
        "saved_p50_usd": "saved P50",
        "saved_p90_usd": "saved P90",
        "saving_probability": "chance to save",
    }
    money = ["usd a month", "usd once", "saved P10", "saved P50", "saved P90"]
    percent = {"LLM share": "{:.0%}", "quality": "{:.1%}", "chance to save": "{:.0%}"}
    return currency.table(scenarios[list(columns)].rename(columns=columns), money, **percent)


def article_table(article: Article) -> Styler:
    """The article line by line: as printed, as computed, difference, verdict, note."""
    shown = article.table[["line", "printed", "computed", "difference", "unit", "verdict", "note"]].copy()
    numbers: Any = ["printed", "computed", "difference"]
    forms = {"calls": "{:,.0f}", "share": "{:.1%}"}
    for column in numbers:
        pairs = zip(shown["unit"], article.table[column], strict=True)
        shown[column] = [forms.get(unit, "{:,.2f}").format(value) for unit, value in pairs]
    right: Any = {"text-align": "right", "white-space": "nowrap"}
    return shown.style.set_properties(subset=numbers, **right).hide(axis="index")


def decision(summary: dict[str, Any], horizon: int) -> str:
    """One sentence, in US dollars: whether it pays, from what, and what to do next."""
    usd, chance = Currency(), summary["saving_probability"]
    low, mid, high = (usd(summary[f"after_usd_month_{q}"]) for q in ("p10", "p50", "p90"))
    bill = f"{usd(summary['before_usd_month'])} a month today, {mid} after (P10 to P90 {low} to {high})"
    once = usd(summary["one_off_usd"])
    if summary["llm_share"] >= 1:
        return f"Stay with the LLM: step 04 routes no call, so the bill stays at {mid} a month; trying cost {once} once"
    if chance >= 0.5:
        month = summary["breakeven_month"]
        when = f"that is back in month {month}" if month else "that comes back late"
        return f"Migrate: {bill}; {once} is spent once and {when}; {chance:.0%} of worlds save within {horizon} months"
    need, today = summary["breakeven_calls_month"], summary["calls_month"]
    grow = "no volume makes it pay, as a moved call costs more than it saves"
    if need and need <= today:
        grow = "a running month already saves, too little to bring back what is spent once"
    elif need:
        times = f"{rounded(need / today)} times today's"
        grow = f"its running costs pay off from about {rounded(need)} calls a month, {times}"
    saves = f"{chance:.0%} of worlds save within {horizon} months"
    return f"Do not migrate for the money: {bill}, and {once} once; {saves}; {grow}"


def ledger_table(ledger: pd.DataFrame, currency: Currency, rows: int = 40) -> Styler:
    """The dearest `rows` of the ledger in its own order, the others as one line."""
    first = ledger["usd"].rank(method="first", ascending=False) <= rows
    rest = ledger[~first]
    shown = ledger[first].assign(part=lambda t: t["part"].map(PARTS))
    if len(rest):
        said = {"part": f"{len(rest)} smaller ones", "usd": rest["usd"].sum(), "quantity_from": "ledger.parquet"}
        shown = pd.concat([shown, pd.DataFrame([said])], ignore_index=True).fillna(
            {"when": "", "unit": "", "price_from": ""}
        )
    return currency.table(shown, ["price_usd", "usd"], quantity="{:,.6g}", price_usd="{:,.6g}", usd="{:,.2f}")


def say_ledger(ledger: pd.DataFrame, change: Any) -> str:
    """Whether quantities times prices give the bill that the projection starts from."""
    total = change.set_index("part").loc["total"]
    sums = ledger.groupby("when")["usd"].sum()
    gap = max(abs(sums.get(when, 0.0) - total[when]) for when in ("before", "after"))
    return (
        f"These {len(ledger)} products, computed apart from the bill above, sum to it within {max(gap, 1e-12):.0e} USD."
    )
