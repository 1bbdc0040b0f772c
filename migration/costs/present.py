"""Every table, sentence and decision of step 05, as a finance person reads them.

Frames and projections in, words out; no number is typed in. Out of scope: how anything was computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from migration.audit.month_scale import MONTH_HOURS
from migration.costs.alternatives import HYBRID, STAY
from migration.costs.article import AS_PRINTED, Article
from migration.costs.month import Traffic
from migration.costs.parts import PARTS, Basis
from migration.costs.projection import Projection
from migration.markup import plain, printable, table


@dataclass(frozen=True)
class Currency:
    """A label and what one US dollar is in it. A rate is the user's word: nothing is looked up."""

    name: str = "USD"
    rate: float = 1.0

    def __call__(self, usd: float, *, signed: bool = False) -> str:
        """An amount as people write it: whole from 100 on, else in cents, two digits of less than ten cents."""
        if math.isnan(usd):
            return "unknown"
        value = usd * self.rate
        sign = "-" if value < 0 else "+" if signed and value > 0 else ""
        size = abs(value)
        digits = 0 if size >= 100 or size == 0 else 2
        if 0 < size < 0.1:
            digits = min(1 - math.floor(math.log10(size)), 6)
        unit = "$" if self.name == "USD" else ""
        return f"{sign}{unit}{size:,.{digits}f}" + ("" if unit else f" {self.name}")

    def axis(self) -> str:
        """The label of an axis of money."""
        return f"{self.name} a month"

    def table(self, frame: pd.DataFrame, money: list[str], **formats: str) -> Styler:
        """`frame` for reading: the columns `money` in this currency, others by `formats` (column=format string)."""
        shown = frame.copy()
        shown[money] = shown[money] * self.rate
        most = {column: shown[column].abs().max() for column in money}
        written = {c: f"{{:,.{0 if size >= 1000 else 2 if size >= 1 else 4}f}}" for c, size in most.items()}
        names = {column: column.replace("usd", self.name).replace("_", " ") for column in shown.columns}
        return table(shown.rename(columns=names), {names[c]: f for c, f in (written | formats).items() if c in names})


MOST_NAMED = 10
"""Models without a price that a sentence names: a log may name thousands."""


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
        said = "1 line" if len(rest) == 1 else f"{len(rest)} lines"
        extra.insert(0, {"kind": "other", "task": said, "model": "", **rest[numbers].sum()})
    shown = pd.concat([shown, pd.DataFrame(extra)], ignore_index=True)
    counts = dict.fromkeys(["calls", "prompt_tokens", "cached_tokens", "completion_tokens"], "{:,.0f}")
    return currency.table(shown, ["cost_usd", "cost_usd_month"], **counts)


def say_bill(traffic: Traffic, bill: pd.DataFrame, currency: Currency) -> str:
    """What the log costs, what the month costs, which part no user sees, and what is left out for want of a price.

    bill: of `Traffic.bill`.
    """
    log, month, over = bill["cost_usd"].sum(), bill["cost_usd_month"].sum(), traffic.span
    hidden = bill.loc[bill["kind"] != "chat", "cost_usd_month"].sum() / month if month else 0.0
    cached = bill["cached_tokens"].sum() / max(bill["prompt_tokens"].sum(), 1)
    text = f"The log's {bill['calls'].sum():,.0f} priced calls cost **{currency(log)}**; times {over.to_month:.4f} "
    text += f"({over.note}) that is **{currency(month)} a month**. {1 - hidden:.0%} of it is chat answers"
    text += f", and {cached:.0%} of prompt tokens were read from the provider's cache."
    left = traffic.unpriced
    if len(left):
        first, rest = left.head(MOST_NAMED), len(left) - MOST_NAMED
        named = ", ".join(f"{plain(name)} ({n:,})" for name, n in zip(first["model"], first["calls"], strict=True))
        lines = ", ".join(f"{printable(name).replace('`', '')}: {{input: ?, output: ?}}" for name in first["model"])
        named, lines = (named + f" and {rest:,} more models", lines + ", ...") if rest > 0 else (named, lines)
        text += f" **{left['calls'].sum():,} calls have no known price and are in neither side**: {named}. To count"
        text += f" them, write your prices in USD per million tokens to a YAML file, `models: {{{lines}}}`, and give it"
        text += " as the parameter `prices`."
    return text


def change_table(stay: Projection, after: Projection) -> pd.DataFrame:
    """A running month before and after, every part, in the central simulation: part, before, after, difference.

    stay, after: of one simulation. The last row is `total`.
    """
    rows = [
        (PARTS[part], float(stay.parts[part][0, 0]), float(after.parts[part][0, 0]))
        for part in PARTS
        if part != "one_off" and (stay.parts[part][0, 0] or after.parts[part][0, 0])
    ]
    rows.append(("total", float(stay.running[0, 0]), float(after.running[0, 0])))
    table = pd.DataFrame(rows, columns=["part", "before", "after"])
    return table.assign(difference=table["after"] - table["before"])


def say_change(table: Any, currency: Currency) -> str:
    """Where the largest changes are. table: of `change_table`."""
    total: Any = table.set_index("part").loc["total"]
    parts = table[table["part"] != "total"]
    text = f"A running month goes from {currency(total['before'])} to {currency(total['after'])}"
    if parts.empty:
        return text + "."
    up, down = parts.loc[parts["difference"].idxmax()], parts.loc[parts["difference"].idxmin()]
    if down["difference"] < 0:
        text += f"; most is saved on {down['part']} ({currency(down['difference'], signed=True)})"
    if up["difference"] > 0:
        text += f"; most is added by {up['part']} ({currency(up['difference'], signed=True)})"
    return text + "."


def fan(projections: dict[str, Projection], middle: dict[str, Projection]) -> pd.DataFrame:
    """projection.parquet: scenario, month, component, p10, p50, p90, expected (USD a month).

    Components are the parts, `total`, `running` (total without `one_off`) and `saved` (running, against staying in the
    same simulation). `expected` is the central one: there a month's parts sum to its total; percentiles do not sum.
    """
    rows = []
    for name, one in projections.items():
        drawn, point = _components(one, projections[STAY]), _components(middle[name], middle[STAY])
        for part, values in drawn.items():
            low, mid, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
            month = np.arange(1, values.shape[1] + 1)
            rows.append(pd.DataFrame({"scenario": name, "month": month, "component": part, "p10": low, "p50": mid,
                                      "p90": high, "expected": point[part][0]}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _components(one: Projection, stay: Projection) -> dict[str, np.ndarray]:
    return one.parts | {"running": one.running, "total": one.total, "saved": stay.running - one.running}


def say_hosting(options: pd.DataFrame, reachable: float, target_ms: float, currency: Currency) -> str:
    """Which hosting is cheapest, how idle a GPU would be, and whether the latency target can be met at all.

    options: of `alternatives.hosting_options`.
    """
    if options.empty:
        return "No call goes to a small language model, so nothing needs to be hosted."
    best, own = options.sort_values("usd_month").iloc[0], options[options["gpus"] > 0]
    text = f"Cheapest: **{best['hosting']}** at {currency(best['usd_month'])} a month."
    if len(own):
        one = best if best["gpus"] > 0 else own.iloc[0]
        n = f"{one['gpus']} GPU" + ("" if one["gpus"] == 1 else "s") if one["hosting"] != "cpu" else "a CPU machine"
        text += f" The busiest hour needs {n}: {one['busy_hours']:,.3g} hours of work a month, and all"
        text += f" {one['gpus'] * MONTH_HOURS:,.4g} are paid for."
    if reachable < 0.95:
        text += f" Only {reachable:.0%} of the SLM's answers can keep {target_ms:,.0f} ms there, however many"
        text += " machines there are: a long answer takes its time."
    if "api" not in set(options["hosting"]):
        text += " An API for the tuned model is left out: no price of one is given (`slm_api` of the scenarios file)."
    return text


def say_months(scenarios: Any, name: str, currency: Currency) -> str:
    """The chance to save, the sum saved with its interval, and the break-even month with its own."""
    one = scenarios.set_index("scenario").loc[name]
    text = f"**{one['saving_probability']:.0%}** of the simulations save money; saved by the horizon: median "
    text += f"{currency(one['saved_p50_usd'])} ({currency(one['saved_p10_usd'])} to {currency(one['saved_p90_usd'])}). "
    even = [one[f"breakeven_month_{q}"] for q in ("p10", "p50", "p90")]
    low, mid, high = (f"month {value:.0f}" if np.isfinite(value) else "never within the horizon" for value in even)
    if not np.isfinite(even[0]):
        return text + "Break-even: never within the horizon."
    return text + f"Break-even: {mid} (P10 {low}, P90 {high})."


def say_latency(latency: pd.DataFrame) -> str:
    """What a conversation's customer waits, before and after, escalations included. latency: of `latency_table`."""
    if not (latency["n"] > 0).any():
        return "The log holds no latencies, so nothing can be said of what customers wait."
    whole = latency.set_index("of").loc["a conversation"]
    times = [[whole[f"{when} {what}, ms"] / 1000 for what in ("mean", "p95")] for when in ("before", "after")]
    before, after = times
    return (
        f"A conversation's model calls take {before[0]:.2f} s on average today and {after[0]:.2f} s after; the slowest "
        f"twentieth {before[1]:.2f} s and {after[1]:.2f} s. An escalated call waits for both models."
    )


def say_article(article: Article) -> str:
    """How many of the article's lines hold, and its saving as printed and on like for like."""
    wrong = article.table[article.table["verdict"] != AS_PRINTED]
    return (
        f"{len(article.table) - len(wrong)} of {len(article.table)} lines are as printed. The article's saving is "
        f"**{article.saving_printed:.0%}** as printed and **{article.saving_corrected:.1%}** on like for like (LLM "
        f"tokens against LLM tokens, SLM tokens and GPU, all 160,000 calls); if the costs that it does not itemise "
        f"stay, {article.saving_if_hidden_costs_stay:.1%}."
    )


def say_alternatives(scenarios: pd.DataFrame, basis: Basis, least_quality: float, currency: Currency) -> str:
    """Which plan is best and why, which cheaper ones were not good enough, and what a wrong answer costs.

    scenarios: of `alternatives.compare`.
    """
    best = scenarios[scenarios["winner"]].iloc[0]
    if best["scenario"] == STAY:
        text = "**Nothing beats staying**: no plan of the quality asked saves money at the stated risk."
    else:
        text = f"**{best['title']}** saves most of the plans that are good enough and pay at the stated risk: "
        text += f"{currency(best['saved_p50_usd'])} by the horizon (P10 {currency(best['saved_p10_usd'])}), at "
        text += f"{best['quality']:.1%} of the quality."
    poor = scenarios[~scenarios["good"] & (scenarios["saved_p50_usd"] > best["saved_p50_usd"])]
    if len(poor):
        text += f" Cheaper, but below the {least_quality:.0%} asked: "
        text += ", ".join(f"{t} ({q:.1%})" for t, q in zip(poor["title"], poor["quality"], strict=True)) + "."
    price, kept = basis.terms.wrong_answer_usd, basis.quality.value
    wrong = f"{currency(price)} are counted for each" if price else "nothing is counted for them"
    return text + f" The ladder keeps {kept:.1%}: {1 - kept:.1%} of answers differ, and {wrong} (wrong_answer_usd)."


def alternatives_table(scenarios: pd.DataFrame, currency: Currency) -> Styler:
    """The plans side by side for reading: money a running month, what comes of it, and the quality kept.

    scenarios: scenarios.parquet, of `alternatives.compare`.
    """
    columns = {
        "title": "plan",
        "llm_share": "LLM share",
        "quality": "quality",
        "expected_usd_month": "usd a month",
        "one_off_usd": "usd once",
        "saved_p10_usd": "saved P10",
        "saved_p50_usd": "saved P50",
        "saved_p90_usd": "saved P90",
        "saving_probability": "chance to save",
        "verdict": "verdict",
    }
    words = np.select(
        [scenarios["winner"], ~scenarios["good"], ~scenarios["pays"]],
        ["best", "not good enough", "does not pay"], "pays",
    )  # fmt: skip
    shown = scenarios.assign(verdict=np.where(scenarios["scenario"].eq(STAY) & ~scenarios["winner"], "today", words))
    money = ["usd a month", "usd once", "saved P10", "saved P50", "saved P90"]
    percent = {"LLM share": "{:.0%}", "quality": "{:.1%}", "chance to save": "{:.0%}"}
    return currency.table(shown[list(columns)].rename(columns=columns), money, **percent)


def article_table(article: Article) -> Styler:
    """The article line by line: as printed, as computed, difference, verdict, note."""
    shown = article.table[["line", "printed", "computed", "difference", "unit", "verdict", "note"]].copy()
    numbers: Any = ["printed", "computed", "difference"]
    forms = {"calls": "{:,.0f}", "share": "{:.1%}"}
    for column in numbers:
        pairs = zip(shown["unit"], article.table[column], strict=True)
        shown[column] = [forms.get(unit, "{:,.2f}").format(value) for unit, value in pairs]
    return table(shown, dict.fromkeys(numbers, "{}"))


def ledger_table(ledger: pd.DataFrame, currency: Currency, rows: int = 40) -> Styler:
    """The dearest `rows` of the ledger in its own order, the others as one line."""
    first = ledger["usd"].rank(method="first", ascending=False) <= rows
    rest, shown = ledger[~first], ledger[first].drop(columns="follows")
    shown = shown.assign(part=shown["part"].map(PARTS))
    if len(rest):
        said = {"part": f"{len(rest)} smaller ones", "usd": rest["usd"].sum(), "quantity_from": "ledger.parquet"}
        shown = pd.concat([shown, pd.DataFrame([said])], ignore_index=True).fillna(
            {"when": "", "unit": "", "price_from": ""}
        )
    return currency.table(shown, ["price_usd", "usd"], quantity="{:,.6g}", price_usd="{:,.6g}", usd="{:,.2f}")


def summary_of(
    scenarios: pd.DataFrame, basis: Basis, article: Article, calls_needed: float | None
) -> dict[str, object]:
    """summary.json of the step; USD a month are of a running month at today's volume, one-off costs apart.

    `after_*` and what has no prefix are of the whole ladder, `best_*` of the plan that pays best; `other_plan` is its
    title where it is neither the ladder nor staying: then the report speaks of it.

    scenarios: of `alternatives.compare`; calls_needed: of `what_if.breakeven_calls`.
    """
    by: Any = scenarios.set_index("scenario")
    chosen, stay, best = by.loc[HYBRID], by.loc[STAY], scenarios[scenarios["winner"]].iloc[0]
    return {
        "before_usd_month": float(stay["expected_usd_month"]),
        "before_usd_month_p10": float(stay["p10_usd_month"]),
        "before_usd_month_p90": float(stay["p90_usd_month"]),
        **_bill("after", chosen),
        **_worth("", chosen),
        "one_off_usd": float(chosen["one_off_usd"]),
        "calls_month": float(basis.traffic.month()["calls"].sum()),
        "breakeven_calls_month": calls_needed,
        "hosting": str(chosen["hosting"]),
        "gpus": int(chosen["gpus"]),
        "best_plan": str(best["scenario"]),
        "best_plan_title": str(best["title"]),
        "best_saved_usd_p50": float(best["saved_p50_usd"]),
        **_bill("best", best),
        **_worth("best_", best),
        "other_plan": "" if best["whole_ladder"] or best["scenario"] == STAY else str(best["title"]),
        "other_plan_kind": str(best["only"]),
        "unpriced_calls": int(basis.traffic.unpriced["calls"].sum()),
        "wrong_answer_usd": basis.terms.wrong_answer_usd,
        "article_saving_printed": article.saving_printed,
        "article_saving_corrected": article.saving_corrected,
    }


def _bill(side: str, plan: pd.Series) -> dict[str, float]:
    """`after_usd_month` and its p10, p50, p90 for the side `after`."""
    spread = {f"{side}_usd_month_{at}": float(plan[f"{at}_usd_month"]) for at in ("p10", "p50", "p90")}
    return {f"{side}_usd_month": float(plan["expected_usd_month"])} | spread


def _worth(prefix: str, plan: pd.Series) -> dict[str, float | None]:
    """saving_probability, breakeven_month and llm_share, each after `prefix`."""
    shares = {f"{prefix}{name}": float(plan[name]) for name in ("saving_probability", "llm_share")}
    return {**shares, f"{prefix}breakeven_month": _month(plan)}


def _month(plan: pd.Series) -> int | None:
    """The month in which half of the simulations have their money back, None where it never is."""
    month = float(plan["breakeven_month_p50"])
    return int(month) if np.isfinite(month) else None


def decision(scenarios: pd.DataFrame, summary: Mapping[str, float], horizon: int, risk: float) -> str:
    """One sentence, in US dollars: what to do, from what, and what to do next.

    scenarios: of `alternatives.compare`; summary: of `summary_of`; risk: the most that the chance to lose may be.
    """
    usd, best = Currency(), scenarios[scenarios["winner"]].iloc[0]
    by: Any = scenarios.set_index("scenario")
    ladder, today = by.loc[HYBRID], usd(summary["before_usd_month"])
    if best["scenario"] != STAY:
        low, expected, high = (usd(best[f"{q}_usd_month"]) for q in ("p10", "expected", "p90"))
        whole = best["whole_ladder"]
        what = f"Migrate ({best['title']})" if whole else f"Take “{best['title']}”, not the whole ladder"
        text = f"{what}: {today} a month today, {expected} after"
        text += f" (P10 to P90 {low} to {high}); {usd(best['one_off_usd'])} is spent once"
        if np.isfinite(best["breakeven_month_p50"]):
            text += f" and is back in month {best['breakeven_month_p50']:.0f}"
        text += f"; {best['saving_probability']:.0%} of simulations save within {horizon} months"
        other = f"; the ladder saves {usd(ladder['saved_p50_usd'])} by then (median), this {usd(best['saved_p50_usd'])}"
        return text if whole else text + other
    once = usd(summary["one_off_usd"])
    if summary["llm_share"] >= 1:
        return (
            f"Stay with the LLM: step 04 routes no call, so the bill stays at {today} a month; trying cost {once} once"
        )
    bill = f"{today} a month today, {usd(ladder['expected_usd_month'])} after"
    chance = (
        f"{summary['saving_probability']:.0%} of simulations save within {horizon} months, {1 - risk:.0%} are asked"
    )
    return f"Do not migrate for the money: {bill}, and {once} once; {chance}; {_what_it_takes(ladder, summary)}"


def _what_it_takes(ladder: pd.Series, summary: Mapping[str, float]) -> str:
    """Why the ladder does not pay, or from which volume on it would."""
    need, today = summary["breakeven_calls_month"], summary["calls_month"]
    if not ladder["good"]:
        return f"the ladder keeps {ladder['quality']:.1%} of the quality, less than asked"
    if not need:
        return "no volume makes it pay, as a moved call costs more than it saves"
    if need <= today:
        return "a running month already saves, too little or too unsurely to bring back what is spent once"
    return f"its running costs pay off from about {rounded(need)} calls a month, {rounded(need / today)} times today's"
