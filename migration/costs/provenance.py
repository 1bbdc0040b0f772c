"""Where each number comes from: every amount of the bill as quantity x price, and every input with its origin.

Knows: which price each call paid and whose word that price is; which file or parameter an input is read from.
Refuses to know: how `before_after` and `projection` count. The ledger counts anew, by products alone, so that a bill
that both agree on was computed twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from migration.artifacts import resolve
from migration.audit.prices import DISCOUNTED_TIERS, Tokens, contract, cost_usd, price_table
from migration.costs.before_after import MOVABLE, on_lines, shares
from migration.costs.month import MONTH_HOURS
from migration.costs.projection import demand
from migration.costs.worlds import Basis

PART_OF = {"chat": "llm_answers", "scoring": "scoring", "embedding": "embedding", "retry": "retries", "error": "errors"}
TOKENS = {"prompt": "M prompt tokens", "cached": "M cached prompt tokens", "answer": "M answer tokens"}
COLUMNS = ["when", "part", "quantity", "unit", "price_usd", "usd", "quantity_from", "price_from"]


def price_lines(calls: pd.DataFrame, prices: str = "") -> pd.DataFrame:
    """The prices that each call paid, rows as in `calls`.

    Columns: usd_prompt, usd_cached, usd_answer (USD per 1M tokens, a batch tier's discount taken off) and `said`
    (whose word they are). Where they do not give the call's cost (logged as money, a cache hit, or priced by a file
    that step 01 had and this step was not given), the prices are NaN and `said` tells so.
    """
    model, said = calls["model"].to_numpy(object), calls["model"].map(_whose(calls, prices))
    day = calls["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    cheap, agreed = calls["service_tier"].isin(DISCOUNTED_TIERS).to_numpy(), contract(resolve(prices) if prices else "")
    million, none = np.full(len(calls), 1e6), np.zeros(len(calls))
    asked = {
        "usd_prompt": (million, none, none),
        "usd_cached": (million, none, million),
        "usd_answer": (none, million, none),
    }
    paid = pd.DataFrame(
        {
            name: cost_usd(model, day, Tokens(tokens[0], tokens[1], tokens[2], none), cheap, agreed)
            for name, tokens in asked.items()
        },
        index=calls.index,
    )
    prompt, cached, answer = _tokens(calls)
    gives = (prompt * paid["usd_prompt"] + cached * paid["usd_cached"] + answer * paid["usd_answer"]) / 1e6
    other = ~np.isclose(gives.fillna(-1.0), calls["cost_usd"].fillna(0.0), rtol=1e-9, atol=1e-12)
    paid[other] = np.nan
    discount = f", less {agreed.batch_discount:.0%} for batch or flex"
    return paid.assign(said=np.where(other, "cost_usd as step 01 has it", said + np.where(cheap, discount, "")))


def _whose(calls: pd.DataFrame, prices: str) -> dict[str, str]:
    models = calls["model"].dropna().unique().tolist()
    listed = price_table(models, resolve(prices) if prices else None, at=calls["created_at"].max().date())
    return dict(zip(listed["model"], listed["source"].fillna(""), strict=True))


def _tokens(calls: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Prompt tokens that were not cached, cached ones, and answer tokens."""
    prompt, cached, answer = (calls[f"{c}_tokens"].fillna(0).astype(float) for c in ("prompt", "cached", "completion"))
    cached = cached.clip(upper=prompt)
    return prompt - cached, cached, answer


def ledger(basis: Basis, calls: pd.DataFrame, options: pd.DataFrame, hosting: str, prices: str = "") -> pd.DataFrame:
    """Every amount of `before_after_table` and what is spent once, as quantity x price_usd = usd.

    options: `hosting_options`, of which `hosting` is the way that the SLM runs. Columns: when (before, after, once),
    part, quantity, unit, price_usd, usd, quantity_from, price_from. Today's volume, central world, the policy of 04.
    """
    option = options[options["hosting"] == hosting].to_dict("records")[0]
    sums = _log_sums(basis, calls, prices)
    rows = pd.DataFrame(
        [*_llm_rows(basis, sums), *_own_rows(basis, sums, option)], columns=[c for c in COLUMNS if c != "usd"]
    )
    rows = rows[rows["quantity"] > 0].assign(usd=lambda t: t["quantity"] * t["price_usd"])
    return rows[COLUMNS].reset_index(drop=True)


def _log_sums(basis: Basis, calls: pd.DataFrame, prices: str) -> pd.DataFrame:
    """A month's sums, a row a line of the log and a price: tokens in millions, calls, usd, and the line's shares."""
    lines, line, factor = basis.traffic.lines, basis.traffic.each["line"], basis.traffic.scale.factor
    paid = price_lines(calls, prices)
    day = calls["created_at"].dt.strftime("%Y-%m-%d")
    amounts = dict(zip(TOKENS, (tokens / 1e6 for tokens in _tokens(calls)), strict=True))
    each = paid.assign(line=line, calls=1.0, usd=calls["cost_usd"].fillna(0.0), first=day, last=day, **amounts)
    by = each.groupby(["line", *paid.columns], dropna=False, as_index=False)
    sums = by.agg(dict.fromkeys([*TOKENS, "calls", "usd"], "sum") | {"first": "min", "last": "max"})
    sums[[*TOKENS, "calls", "usd"]] *= factor
    laid = on_lines(lines, shares(basis.routes).to_numpy()[None], basis.routes.index)[0][sums["line"]]
    known = lines.loc[sums["line"], ["kind", "model"]].reset_index(drop=True)
    return sums.assign(kind=known["kind"], model=known["model"], slm=laid[:, 0], both=laid[:, 1], llm=laid[:, 2])


def _llm_rows(basis: Basis, sums: pd.DataFrame) -> list[tuple[Any, ...]]:
    """What the LLM is paid, by part and price: before, and after by the shares of 04."""
    chat, movable = sums["kind"] == "chat", sums["kind"].isin(MOVABLE)
    part, judged = sums["kind"].map(PART_OF), basis.terms.running.judged_share
    log = f"01 calls.parquet x {basis.traffic.scale.factor:.4f} to a month"
    share = f"{log}, x share by task (04 decisions.parquet)"
    uses: list[tuple[str, Any, Any, str]] = [
        ("before", part, 1.0, log),
        ("after", part, sums["llm"] + sums["both"].where(~chat, 0.0), share),
        ("after", "escalations", sums["both"].where(chat, 0.0), share),
        (
            "after",
            "monitoring",
            (sums["slm"] * judged).where(movable, 0.0),
            f"{share} x scenarios running.judged_share",
        ),
    ]
    rows: list[tuple[Any, ...]] = []
    for when, parts, weight, origin in uses:
        used = sums.assign(part=parts)
        used[[*TOKENS, "calls", "usd"]] = used[[*TOKENS, "calls", "usd"]].mul(weight, axis=0)
        for (name, model, said), one in used.groupby(["part", "model", "said"], sort=False):
            priced = one.dropna(subset="usd_prompt")
            days = f"{said}: {model}, {one['first'].min()} to {one['last'].max()}"
            for kind, unit in TOKENS.items():
                rows += [(when, name, group[kind].sum(), unit, usd, origin, days)
                         for usd, group in priced.groupby(f"usd_{kind}")]  # fmt: skip
            logged = one[one["usd_prompt"].isna()]
            n = logged["calls"].sum()
            rows.append((when, name, n, "calls", logged["usd"].sum() / n if n else 0.0, origin, days))
    return rows


def _own_rows(basis: Basis, sums: pd.DataFrame, option: Any) -> list[tuple[Any, ...]]:
    """What exists only because calls moved, and what is spent once."""
    terms, run = basis.terms, basis.terms.running
    moves = sums[sums["kind"].isin(MOVABLE)]
    once = ("once", "one_off", 1.0, "first fine-tuning", run.retrain_usd, "one", "scenarios running.retrain_usd")
    if not (moves["slm"] + moves["both"]).any():
        return [once]
    wrong, hour = moves["calls"].sum() * (1 - basis.quality.value), "parameter engineer_usd_hour"
    return [
        *_slm_rows(basis, moves, option),
        ("after", "fine_tuning", run.retrains_month, "fine-tunings", run.retrain_usd,
         "scenarios running.retrains_month", "scenarios running.retrain_usd"),
        ("after", "engineering", terms.engineer_hours_month, "hours", terms.engineer_usd_hour,
         "parameter engineer_hours_month", hour),
        ("after", "wrong_answers", wrong, "wrong answers", terms.wrong_answer_usd,
         "calls that can move x (1 - quality under the policy)", "parameter wrong_answer_usd"),
        once,
        ("once", "one_off", run.migration_hours, "hours", terms.engineer_usd_hour,
         "scenarios running.migration_hours", hour),
    ]  # fmt: skip


def _slm_rows(basis: Basis, moves: pd.DataFrame, option: Any) -> list[tuple[Any, ...]]:
    """The small model through an API, on rented cards, or on bought ones."""
    card, api, run, cards = basis.terms.card, basis.terms.api, basis.terms.running, option["cards"]
    counted = "cards by Erlang C for the busiest hour"
    if option["hosting"] == "api":
        asks, origin = moves["slm"] + moves["both"], "01 calls.parquet x month x share by task (04 decisions.parquet)"
        read, said = (float((asks * tokens).sum()) for tokens in (moves["prompt"] + moves["cached"], moves["answer"]))
        return [
            ("after", "slm", read, TOKENS["prompt"], api.prompt_usd_per_m, origin, f"scenarios slm_api: {api.source}"),
            (
                "after",
                "slm",
                said,
                TOKENS["answer"],
                api.completion_usd_per_m,
                origin,
                f"scenarios slm_api: {api.source}",
            ),
        ]
    if option["hosting"] == "rented":
        hours = (cards * MONTH_HOURS, "card hours", card.rent_usd_hour, f"{counted} x {MONTH_HOURS:g} hours")
        return [("after", "slm", *hours, "scenarios cards: rent_usd_hour")]
    busy = min(option["busy_hours"], cards * MONTH_HOURS)
    kwh = (cards * MONTH_HOURS * card.idle_watts + busy * (card.watts - card.idle_watts)) / 1000
    return [
        ("after", "slm", cards / run.amortise_months, "cards worn out", card.price_usd,
         f"{counted} / scenarios running.amortise_months", "scenarios cards: price_usd"),
        ("after", "slm", cards, "cards housed", run.hosting_usd_month, counted, "scenarios running.hosting_usd_month"),
        ("after", "slm", kwh, "kWh", run.power_usd_kwh,
         "cards x (hours x idle_watts + busy hours x (watts - idle_watts))", "scenarios running.power_usd_kwh"),
    ]  # fmt: skip


def sources(basis: Basis, calls: pd.DataFrame) -> pd.DataFrame:
    """Where each input comes from: columns number, value, from. Prices that calls paid are in the `ledger`."""
    rows = [*_from_log(basis, calls), *_from_policy(basis), *_from_parameters(basis), *_from_file(basis)]
    table = pd.DataFrame(rows, columns=["number", "value", "from"])
    return table.assign(value=table["value"].map(lambda v: f"{v:,.6g}" if isinstance(v, int | float) else str(v)))


Row = tuple[str, Any, str]


def _from_log(basis: Basis, calls: pd.DataFrame) -> list[Row]:
    scale = basis.traffic.scale
    rows: list[Row] = [
        ("cost of the log, USD", basis.traffic.lines["cost_usd"].sum(), "01 calls.parquet, sum of cost_usd"),
        ("calls in the log", len(calls), "01 calls.parquet, rows"),
        ("days the log covers", scale.days, f"01 calls.parquet, created_at: {scale.note}"),
        ("share of the traffic in the log", scale.log_share, "parameter log_share"),
        ("from the log to a month, times", scale.factor, "30.4375 days / days the log covers / share in the log"),
        ("latency of the LLM", "a call's own", "01 calls.parquet, latency_ms"),
    ]
    if not basis.routes[["slm", "escalated"]].any(axis=None):
        return rows
    peak, job = demand(basis, basis.assumptions.scenarios["hybrid"])
    hour = f"01 calls.parquet, created_at, x share by task: the hour from {peak.start:%Y-%m-%d %H:%M} UTC"
    return [
        *rows,
        ("busiest hour, calls to the SLM", peak.calls, hour),
        (
            "calls a minute then, variance over mean",
            peak.burst,
            "01 calls.parquet, the ten busiest hours; 1: Poisson, or too few calls to tell",
        ),
        ("seconds of a card that a call takes", job.card_s, "01 calls.parquet, tokens / the card's tokens a second"),
    ]


def _from_policy(basis: Basis) -> list[Row]:
    quality, alone, counted = basis.quality, basis.slm_quality, basis.routes["n"].to_dict()
    rows: list[Row] = [
        (f"routes of {task}", f"{way['slm']:.1%} SLM, {way['escalated']:.1%} both, {way['llm']:.1%} LLM",
         f"04 decisions.parquet, {counted[task]} calls")
        for task, way in shares(basis.routes).to_dict("index").items()
    ]  # fmt: skip
    measured = "04 summary.json: quality_retained, test_loss_high, test_loss_low; the LLM's own tasks counted as 100%"
    rows.append(
        ("quality under the policy", f"{quality.value:.1%} ({quality.low:.1%} to {quality.high:.1%})", measured)
    )
    rows.append(("quality with all on the SLM", f"{alone.value:.1%} ({alone.low:.1%} to {alone.high:.1%})",
                 "03, 02 predictions.parquet: agrees by task, weighed by 01's calls"))  # fmt: skip
    return rows


def _from_parameters(basis: Basis) -> list[Row]:
    terms = basis.terms
    return [
        ("latency target, ms", terms.target_s * 1000, "parameter latency_target_ms"),
        ("spare cards", terms.redundancy, "parameter redundancy"),
        ("engineer hours a month", terms.engineer_hours_month, "parameter engineer_hours_month"),
        ("an engineer hour, USD", terms.engineer_usd_hour, "parameter engineer_usd_hour"),
        ("a wrong answer costs, USD", terms.wrong_answer_usd, "parameter wrong_answer_usd (0: nothing is counted)"),
    ]


def _from_file(basis: Basis) -> list[Row]:
    """The scenarios file: the card, the SLM's API, running costs, ranges, and the iterations of scenarios."""
    card, api = basis.terms.card, basis.terms.api
    speeds = f"{card.prompt_tokens_per_s:,.0f} and {card.completion_tokens_per_s:,.0f} over {card.streams} streams"
    rows: list[Row] = [
        ("card: tokens a second, reading and writing", speeds, f"scenarios cards: {card.source}"),
        ("card: USD to buy", card.price_usd, "scenarios cards: price_usd"),
        ("card: USD an hour to rent", card.rent_usd_hour, "scenarios cards: rent_usd_hour"),
        ("card: watts at work", card.watts, "scenarios cards: watts"),
        ("card: watts idle", card.idle_watts, "scenarios cards: idle_watts"),
        ("SLM through an API, USD per 1M tokens", f"{api.prompt_usd_per_m:g} in, {api.completion_usd_per_m:g} out",
         f"scenarios slm_api: {api.source}"),
    ]  # fmt: skip
    for group in ("running", "uncertainty"):
        for name, value in getattr(basis.assumptions, group).model_dump().items():
            said = value if isinstance(value, float) else " / ".join(f"{v:g}" for v in value)
            moved = ", middle: parameter growth_month" if name == "growth_month" else ""
            rows.append((name.replace("_", " "), said, f"scenarios {group}: {name}{moved}"))
    for name, one in basis.assumptions.scenarios.items():
        if one.iteration:
            falls = f"{one.iteration.start:.1%} to {one.iteration.end:.1%} in {one.iteration.weeks:g} weeks"
            rows.append((f"LLM share of {name}", falls, f"scenarios {name}.iteration: {one.iteration.source}"))
    return rows
