"""Do the projection's intervals hold what is true? P10 to P90 against logs of `migrate simulate`, whose truth is known.

Each world is a log of the simulated shop (another seed, another size), with routes, growth, prices and text lengths
drawn from what the projection is told. True are: conversations a day (the simulator's own rate), USD a conversation of
each call site (the mean over all worlds), and what was drawn. Nominal: 80%.

    python tests/bench/projection_coverage.py            500 worlds, some 4 minutes on 2 cores
    python tests/bench/projection_coverage.py --quick    40 worlds
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from migration.audit.prices import Contract, cost_usd
from migration.costs.before_after import MONTH_DAYS, Terms, count_routes, read_traffic
from migration.costs.projection import project
from migration.costs.scenarios import read_assumptions
from migration.costs.worlds import Basis, _draw, draw_worlds
from migration.sample.simulate import World, _Conversation, simulate, truth
from migration.stats import Rate

SITES = ("intent", "lookup", "reply", "resolve", "apology", "route", "judge")
MONTHS = (1, 12, 24)


def log_of(calls: int, seed: int, world: World) -> pd.DataFrame:
    """The simulated log as a calls table, its sites as tasks."""
    rows = []
    for line in simulate(calls, seed, world):
        usage = line["response"].get("usage", {})
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        answered = line["response"].get("model", line["request"]["model"])
        rows.append((line["id"], line["created"], answered, usage.get("prompt_tokens", 0),
                     usage.get("completion_tokens", 0), cached))  # fmt: skip
    names = ["id", "created", "model", "prompt_tokens", "completion_tokens", "cached_tokens"]
    table = pd.DataFrame(rows, columns=names).merge(truth(calls, seed, world)[["id", "site", "kind"]], on="id")
    created = pd.to_datetime(table["created"], unit="s", utc=True)
    counts = (table[c].to_numpy(float) for c in names[3:])
    day = created.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    usd = cost_usd(table["model"].to_numpy(object), day, *counts, np.zeros(len(table), bool), Contract())
    return table.assign(created_at=created, task=table["site"], cost_usd=usd)


def one_world(seed: int) -> dict:
    rng, world = np.random.default_rng(seed), World(growth=0.0)
    calls = int(rng.integers(800, 2400))
    table = log_of(calls, seed, world)
    ways = rng.dirichlet([5, 2, 2], len(SITES))
    way = [rng.choice(3, 150, p=p) for p in ways]
    decided = pd.concat(pd.DataFrame({"task": site, "model": np.where(w == 0, "slm", "llm"), "tried_slm": w < 2})
                        for site, w in zip(SITES, way, strict=True)).assign(reason="")  # fmt: skip
    assumptions, sure = read_assumptions(), Rate(1.0, 1.0, 1.0, 0)
    terms = Terms(assumptions.card("l4"), assumptions.slm_api, assumptions.running, 0.01, 100.0, 0.0, 2.0, 0)
    running = terms.running.model_copy(update={"retrain_usd": 0.0})
    terms = replace(terms, running=running)
    basis = Basis(read_traffic(table), count_routes(decided), sure, sure, assumptions, terms)
    drawn = draw_worlds(basis, 300, seed=seed)
    stay, hybrid = project(basis, drawn, "stay"), project(basis, drawn, "hybrid", hosting="api")
    at = [month - 1 for month in MONTHS]
    totals = (stay.running, hybrid.running, stay.running - hybrid.running)
    bands = [np.quantile(usd, [0.1, 0.9], axis=0)[:, at] for usd in totals]
    unsure = assumptions.uncertainty
    trial = np.mean([len(_Conversation(i, seed, world, 0.0).events()) for i in range(100)])  # the simulator's own rate
    return {
        "bands": np.array(bands),
        "ways": dict(zip(SITES, ways, strict=True)),
        # Its 30 days from a Monday hold 22 weekdays and 8 weekend days at 0.6 of one.
        "conversations": calls / trial / (22 + 8 * 0.6) * (5 + 2 * 0.6) / 7 * MONTH_DAYS,
        "growth": _draw(rng, 1, unsure.growth_month)[0],
        "price": max(1 + _draw(rng, 1, unsure.api_price_year)[0], 0.1),
        "text": np.exp(_draw(rng, 1, np.log(unsure.tokens_year))[0]),
        "people": np.exp(_draw(rng, 1, np.log(unsure.people))[0]),
        "sums": table.groupby(["site", "kind"])[["cost_usd", "prompt_tokens", "completion_tokens"]].sum(),
        "seen": calls / trial,
    }


def true_months(one: dict, each: pd.DataFrame) -> np.ndarray:
    """USD of staying, the hybrid and the saving, (3, months): `each` holds a conversation's sums by site and kind."""
    assumptions = read_assumptions()
    api, month = assumptions.slm_api, np.array(MONTHS) - 1.0
    grown = (1 + one["growth"]) ** month * one["price"] ** (month / 12) * one["text"] ** (month / 12)
    stay = hybrid = 0.0
    for (site, kind), sums in each.iterrows():
        usd = sums["cost_usd"] * one["conversations"]
        slm, both, llm = one["ways"].get(site, (0.0, 0.0, 1.0)) if kind != "embedding" else (0.0, 0.0, 1.0)
        read, said = (sums[c] / 1e6 for c in ("prompt_tokens", "completion_tokens"))
        small = read * api.prompt_usd_per_m + said * api.completion_usd_per_m
        stay += usd
        hybrid += usd * (both + llm)
        if kind != "error":
            hybrid += small * one["conversations"] * (slm + both) + usd * slm * assumptions.running.judged_share
    stay, hybrid = stay * grown, hybrid * grown + one["people"] * 0.01 * 100
    return np.array([stay, hybrid, stay - hybrid])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worlds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + (40 if given.quick else given.worlds))
    with ProcessPoolExecutor(2) as pool:
        worlds = list(pool.map(one_world, seeds, chunksize=4))
    each = pd.concat([w["sums"] for w in worlds]).groupby(level=[0, 1]).sum()
    each = each / sum(w["seen"] for w in worlds)
    held = []
    for one in worlds:
        true = true_months(one, each)
        held.append((one["bands"][:, 0] <= true) & (true <= one["bands"][:, 1]))
    rate = np.mean(held, axis=0)
    table = pd.DataFrame(rate, index=["stay", "hybrid", "saving"], columns=[f"month {m}" for m in MONTHS])
    print(f"Of {len(worlds)} worlds, the truth lies between P10 and P90 (nominal 80%):")
    print(table.map("{:.1%}".format).to_string())
    print(json.dumps({"worlds": len(worlds), "coverage": float(rate.mean()), "lowest": float(rate.min()),
                      "highest": float(rate.max())}))  # fmt: skip


if __name__ == "__main__":
    main()
