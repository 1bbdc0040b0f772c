"""Do the projection's intervals hold what is true? P10 to P90 against logs of `migrate simulate`, whose truth is known.

Each trial is a log of the simulated shop (another seed, another size), with routes, quality, growth, prices, text
lengths and people's time drawn from what the projection is told. True are: conversations a day (the simulator's own
rate), calls and USD a conversation of each call site (the mean over all trials), and what was drawn. Nominal: 80%
inside, 10% below P10, 10% above P90. A truth that ties with drawn values (a month) takes a random place among them.

    python tests/bench/projection_coverage.py            500 trials, some 2 minutes on 2 cores
    python tests/bench/projection_coverage.py --quick    24 trials
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import stats

from migration.audit.prices import Contract, Tokens, cost_usd
from migration.costs.alternatives import ladder_plan
from migration.costs.ladder import everything_to, ladder_of
from migration.costs.month import MOVABLE, read_traffic
from migration.costs.parts import Basis, Plan, Terms
from migration.costs.projection import Projection, breakeven_months, draw, project
from migration.costs.projection import simulate as simulations
from migration.costs.scenarios import Assumptions, SlmApi, read_assumptions
from migration.sample.simulate import World, _Conversation, simulate, truth
from migration.schema import MONTH_DAYS, CandidateKind
from migration.stats import Rate, wilson

SITES = ("intent", "lookup", "reply", "resolve", "apology", "route", "judge")
MONTHS = (1, 12, 24)
DECIDED, JUDGED, DRAWS = 150, 200, 300
"""Decided calls a site, answers whose quality was measured, and simulations of a projection."""
HOURS_MONTH, HOURS_ONCE, USD_HOUR, WRONG_USD = 0.01, 0.1, 100.0, 0.002
"""People's time and the price of a wrong answer, of the size of these small logs' bills."""


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
    known = truth(calls, seed, world)[["id", "site", "kind", "conversation_id"]]
    table = pd.DataFrame(rows, columns=names).merge(known, on="id")
    created = pd.to_datetime(table["created"], unit="s", utc=True)
    day = created.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    usd = cost_usd(table["model"].to_numpy(object), day, Tokens.of(table), np.zeros(len(table), bool), Contract())
    return table.assign(call_id=table["id"], created_at=created, task=table["site"], cost_usd=usd)


STAY = Plan("Stay", everything_to("", CandidateKind.SLM, []), Rate(1.0, 1.0, 1.0, 0))
API = SlmApi(prompt_usd_per_m=0.13, completion_usd_per_m=0.52, source="an offer")


def assumed() -> Assumptions:
    """What ships, with an offer for the small model, people's time once and no cost of tuning."""
    shipped = read_assumptions()
    running = shipped.running.model_copy(update={"retrain_usd": 0.0, "migration_hours": HOURS_ONCE})
    return shipped.model_copy(update={"slm_api": API, "running": running})


def true_draws(rng: np.random.Generator, assumptions: Assumptions) -> dict:
    """What is true of a trial besides its log."""
    unsure = assumptions.uncertainty
    return {
        "ways": dict(zip(SITES, rng.dirichlet([5, 2, 2], len(SITES)), strict=True)),
        "quality": rng.uniform(0.85, 0.99),
        "growth": draw(rng, 1, unsure.growth_month)[0],
        "price": max(1 + draw(rng, 1, unsure.api_price_year)[0], 0.1),
        "text": np.exp(draw(rng, 1, np.log(unsure.tokens_year))[0]),
        "people": np.exp(draw(rng, 1, np.log(unsure.people))[0]),
    }


def decide(rng: np.random.Generator, ways: dict) -> pd.DataFrame:
    """The decided calls of 04: a sample of each site's true ways (slm, both, llm)."""
    drawn = {site: rng.choice(3, DECIDED, p=p) for site, p in ways.items()}
    tried = [["small"], ["small"], []]
    frames = [pd.DataFrame({"task": site, "model": np.where(way == 0, "slm", "llm"), "candidate": "small",
                            "tried": [tried[w] for w in way]}) for site, way in drawn.items()]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def one_trial(seed: int) -> dict:
    rng, world, assumptions = np.random.default_rng(seed), World(growth=0.0), assumed()
    calls = int(rng.integers(800, 2400))
    table, true = log_of(calls, seed, world), true_draws(rng, assumptions)
    quality = wilson(rng.binomial(JUDGED, true["quality"]), JUDGED)
    gpu = assumptions.gpu("l4")
    terms = Terms(gpu, assumptions.cpu, HOURS_MONTH, USD_HOUR, WRONG_USD, 2.0, 0, "l4")
    ladder = ladder_of(decide(rng, true["ways"]), {})
    basis = Basis(read_traffic(table), ladder, quality, assumptions, terms)
    drawn = simulations(basis, DRAWS, seed=seed)
    trial = np.mean([len(_Conversation(i, seed, world, 0.0).events()) for i in range(100)])  # the simulator's own rate
    # Its 30 days from a Monday hold 22 weekdays and 8 weekend days at 0.6 of one.
    true["conversations"] = calls / trial / (22 + 8 * 0.6) * (5 + 2 * 0.6) / 7 * MONTH_DAYS
    sums = table.assign(calls=1).groupby(["site", "kind"])[
        ["calls", "cost_usd", "prompt_tokens", "completion_tokens"]
    ].sum()  # fmt: skip
    values = measured(project(basis, drawn, STAY), project(basis, drawn, ladder_plan(basis, "api")))
    return {"drawn": values, "true": true, "sums": sums, "seen": table["conversation_id"].nunique()}


def measured(stay: Projection, hybrid: Projection) -> dict[str, np.ndarray]:
    """Each number that is said with an interval, (W,)."""
    saved = stay.total - hybrid.total
    said = {"LLM share": hybrid.llm_share[:, 0], "wrong answers, month 1": hybrid.parts["wrong_answers"][:, 0]}
    for month in MONTHS:
        said[f"bill, month {month}"] = stay.running[:, month - 1]
        said[f"hybrid, month {month}"] = hybrid.running[:, month - 1]
        said[f"saving, month {month}"] = (stay.running - hybrid.running)[:, month - 1]
    return said | {"saved by month 24": saved.sum(axis=1), "break-even month": breakeven_months(stay, hybrid)}


def true_values(true: dict, each: pd.DataFrame) -> dict[str, float]:
    """The same numbers by plain arithmetic on the truth. each: a conversation's sums by (site, kind)."""
    month, api, run = np.arange(24.0), API, assumed().running
    many = (1 + true["growth"]) ** month
    grown = many * true["price"] ** (month / 12) * true["text"] ** (month / 12)
    bill = hybrid = movable = kept = 0.0
    for (site, kind), sums in each.iterrows():
        slm, both, llm = true["ways"].get(site, (0.0, 0.0, 1.0))
        usd, small = sums["cost_usd"], sums["prompt_tokens"] * api.prompt_usd_per_m / 1e6
        small += sums["completion_tokens"] * api.completion_usd_per_m / 1e6
        bill, hybrid = bill + usd, hybrid + usd * (both + llm)
        if kind in MOVABLE:
            hybrid += small * (slm + both) + usd * slm * run.judged_share
            movable, kept = movable + sums["calls"], kept + sums["calls"] * (both + llm)
    n, people = true["conversations"], true["people"] * USD_HOUR
    wrong = n * movable * many * (1 - true["quality"]) * WRONG_USD
    once, zero = np.where(month == 0, people * HOURS_ONCE, 0.0), np.zeros((1, 24))
    stay = Projection(STAY, {"llm_answers": (n * bill * grown)[None], "one_off": zero}, zero, zero)
    parts = {"all": n * hybrid * grown + people * HOURS_MONTH, "wrong_answers": wrong, "one_off": once}
    after = Projection(STAY, {k: v[None] for k, v in parts.items()}, zero, zero + kept / movable)
    return {name: float(value[0]) for name, value in measured(stay, after).items()}


def place(drawn: np.ndarray, true: float, rng: np.random.Generator) -> float:
    """Where the truth lies among what was drawn, 0 to 1: uniform if both come from the same distribution."""
    ties = np.isclose(drawn, true, rtol=1e-9) | (drawn == true)
    return ((~ties & (drawn < true)).sum() + rng.random() * (ties.sum() + 1)) / (len(drawn) + 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    n, rng = 24 if given.quick else given.trials, np.random.default_rng(given.seed)
    with ProcessPoolExecutor(2) as pool:
        trials = list(pool.map(one_trial, range(given.seed, given.seed + n), chunksize=4))
    each = pd.concat([w["sums"] for w in trials]).groupby(level=[0, 1]).sum() / sum(w["seen"] for w in trials)
    true = [true_values(trial["true"], each) for trial in trials]
    places = pd.DataFrame([{k: place(v, t[k], rng) for k, v in w["drawn"].items()}
                           for w, t in zip(trials, true, strict=True)])  # fmt: skip
    below, above = (places < 0.1).mean(), (places > 0.9).mean()
    table = pd.DataFrame({"below P10": below, "inside": 1 - below - above, "above P90": above})
    low, high = (stats.binom.ppf(q, n, 0.8) / n for q in (0.025, 0.975))
    table["as nominal"] = np.where(table["inside"].between(low, high), "yes", "no")
    print(
        f"Of {n} trials, the truth lies between P10 and P90 (nominal 80%; chance alone gives {low:.1%} to {high:.1%}):"
    )
    print(table.to_string(float_format="{:.1%}".format))
    inside, nominal = table["inside"], (table["as nominal"] == "yes").mean()
    print(json.dumps({"trials": n, "coverage": float(inside.mean()), "lowest": float(inside.min()),
                      "highest": float(inside.max()), "as_nominal": float(nominal)}))  # fmt: skip


if __name__ == "__main__":
    main()
