"""Do the notebooks' intervals and tests keep their word? Simulated logs with weights, tasks and conversations.

Every interval is nominally 95%. Calls of a conversation have one correlation; a call's task is drawn at random, so
conversations run across tasks. Printed: coverage of `weighted_rate` and `paired_difference` by cell, false "move now"
of `simultaneous`, how often the calls that `calls_to_decide` asks for decide (nominal 80%), quiet drift called
shifted, and human labels sharpened by a biased judge on the truth of `migrate simulate --truth`.

    python tests/bench/coverage.py            1,000 draws a cell, some 4 minutes of one core
    python tests/bench/coverage.py --quick    60 draws a cell, within a minute
"""

import argparse
import json
import os
from functools import partial
from itertools import product
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.special import ndtri

from migration.routing import shift
from migration.sample.simulate import World, truth
from migration.stats import calls_to_decide, differences, paired_difference, powered_rate, simultaneous, weighted_rate
from migration.stats import rates as stats_of_rates
from migration.stats.design import Design
from migration.stats.spread import Spread

SIZES, SKEWS, CONVERSATIONS, CORRELATIONS = (60, 200, 800), (1, 4, 16), (1, 4, 8), (0.0, 0.5)
RATES = (0.5, 0.8, 0.9, 0.97)
MOVES = ((1, 100, 0.0), (1, 400, 0.0), (4, 100, 0.5), (4, 400, 0.5), (4, 1600, 0.5), (8, 800, 0.5), (8, 800, 0.2),
         (8, 1600, 0.2), (8, 2400, 0.5))  # fmt: skip
"""Calls of a conversation, calls a task, correlation."""
TASKS = np.array([0.5, 0.3, 0.2])
"""Shares of the sampled calls."""
FLOOR = 0.95
RIGHT, WRONG = 0.98, 0.1
"""The judge passes so many of the right and of the wrong answers: biased, as its two errors do not cancel."""


def uniforms(n: int, each: int, correlation: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(uniform numbers (n,), conversation (n,)): two of one conversation that are cut at one rate correlate so."""
    who = np.arange(n) // each
    shared = rng.random(n) < np.sqrt(correlation)
    return np.where(shared, rng.random(who[-1] + 1)[who], rng.random(n)), who


def rates() -> pd.DataFrame:
    """Coverage of `weighted_rate`, and of the same interval if it knew the correlation: what the steps of a count and
    few calls a task leave."""
    rows = []
    for size, skew, each, correlation, rate in product(SIZES, SKEWS, CONVERSATIONS, CORRELATIONS, RATES):
        if each == 1 and correlation:
            continue
        by_task = np.clip(rate + np.array([0.0, 1.0, -1.0]) * min(0.02, (1 - rate) / 2), 0, 1)
        weight = np.array([1.0, skew, np.sqrt(skew)])
        true = float(by_task @ (TASKS * weight)) / float(TASKS @ weight)
        rng, hit, width, known = np.random.default_rng(size + skew), 0, 0.0, 0
        for _ in range(draws):
            u, who = uniforms(size, each, correlation, rng)
            task = rng.choice(3, size, p=TASKS)
            drawn = u < by_task[task], traffic(task, weight), task
            found = weighted_rate(*drawn, cluster=who)
            hit, width = hit + (found.low <= true <= found.high), width + found.high - found.low
            with patch.object(stats_of_rates, "spread", partial(knowing, correlation)):
                best = weighted_rate(*drawn, cluster=who)
            known += best.low <= true <= best.high
        rows.append((size, skew, each, correlation, rate, hit / draws, known / draws, width / draws))
    columns = ["calls", "skew", "conversation", "correlation", "rate", "coverage", "if_known", "width"]
    return pd.DataFrame(rows, columns=columns)


def ten_tasks() -> pd.DataFrame:
    """Coverage of `weighted_rate` where ten tasks are asked unevenly: all alike, by turns better and worse, or
    two seldom asked ones much worse."""
    asked = np.array([30, 20, 15, 10, 8, 6, 5, 3, 2, 1]) / 100
    rows = []
    for size, skew, rate, each in product((100, 300, 1000), (1, 8), (0.8, 0.95, 0.984), (1, 4)):
        weight = np.where(np.isin(np.arange(10), (1, 3, 6, 9)), skew, 1.0)
        apart = (np.zeros(10), np.tile([0.8, -0.8], 5) * (1 - rate), np.repeat([0.0, -0.3], [8, 2]))
        for kind, moved in zip(("alike", "by turns", "two worse"), apart, strict=True):
            by_task, rng, hit = np.clip(rate + moved, 0, 1), np.random.default_rng(3), 0
            for _ in range(draws):
                u, who = uniforms(size, each, 0.5 * (each > 1), rng)
                task = rng.choice(10, size, p=asked)
                calls = np.bincount(task, minlength=10)
                share = np.where(calls > 0, asked * weight, 0)
                found = weighted_rate(u < by_task[task], (share / np.maximum(calls, 1))[task], task, cluster=who)
                hit += found.low <= float(by_task @ share / share.sum()) <= found.high
            rows.append((size, skew, each, rate, kind, hit / draws))
    return pd.DataFrame(rows, columns=["calls", "skew", "conversation", "rate", "tasks", "coverage"])


def knowing(correlation: float, values: np.ndarray, rows: Design, level: float) -> Spread:
    """`stats.spread` for one who knows how calls of a conversation correlate."""
    deviation = rows.share * np.sqrt(np.maximum(rows.means(values) * (1 - rows.means(values)), 1e-9))[rows.stratum]
    single, cells, all_ = (np.sum(x**2) for x in (deviation, rows.cell_totals(deviation), rows.totals(deviation)))
    within, whole = (1 + correlation * (most / single - 1) for most in (cells, all_))
    return Spread(within, whole / within, float(ndtri(0.5 + level / 2)), np.inf)


def traffic(task: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights (n,) that make each task of the sample add up to its traffic, which is known."""
    return (TASKS * weight)[task] / np.bincount(task, minlength=3)[task]


def pairs() -> pd.DataFrame:
    differences.FLIPS = 100  # the p-value is not looked at here
    rows = []
    for size, each, correlation, (one, two) in product(
        SIZES, CONVERSATIONS, CORRELATIONS, ((0.9, 0.9), (0.9, 0.8), (0.97, 0.93))
    ):
        if each == 1 and correlation:
            continue
        rng, hit, weight = np.random.default_rng(size), 0, np.array([1.0, 4.0, 2.0])
        for _ in range(draws):
            u, who = uniforms(size, each, correlation, rng)
            own, _ = uniforms(size, each, correlation, rng)
            same, task = rng.random(size) < 0.5, rng.choice(3, size, p=TASKS)
            first, second = u < one, np.where(same, u, own) < two
            found = paired_difference(first, second, weights=traffic(task, weight), strata=task, cluster=who)
            hit += found.low <= two - one <= found.high
        rows.append((size, each, correlation, one, two, hit / draws))
    return pd.DataFrame(rows, columns=["calls", "conversation", "correlation", "first", "second", "coverage"])


def moves() -> float:
    """The largest share of draws with a false "move now": 4 candidates x 10 tasks, all just below the floor. Then how
    often one that agrees on 98.5% is found, so that "never" would show."""
    rng, worst, times = np.random.default_rng(5), 0.0, draws // 2
    for each, size, correlation in MOVES:
        false, found = 0, 0
        for _ in range(times):
            u = [uniforms(size, each, correlation, rng) for _ in range(40)]
            told = simultaneous([weighted_rate(own < FLOOR - 1e-3, cluster=who) for own, who in u], FLOOR)
            false += any(one.reaches for one in told)
            good = weighted_rate(u[0][0] < 0.985, cluster=u[0][1])
            found += bool(simultaneous([good] * 40, FLOOR)[0].reaches)
        print(f"conversations of {each}, correlation {correlation}, {size} calls a task: false move now in "
              f"{false / times:.1%}, a true one found in {found / times:.0%}")  # fmt: skip
        worst = max(worst, false / times)
    return worst


def decided() -> float:
    """The lowest share of draws in which as many more calls as were asked for do decide; true rates are spread evenly
    over 0.8 to 1. Single calls, then conversations of four with weights of 1 and 3."""
    found = []
    for each in (1, 4):
        rng, done = np.random.default_rng(6), []
        while len(done) < draws:
            true, seen = rng.uniform(0.8, 1), 80 * each
            first = drawn(rng, true, seen, each)
            rate = weighted_rate(*first[:2], cluster=first[2])
            if simultaneous([rate], FLOOR)[0].reaches is None and (more := calls_to_decide(rate, FLOOR, most=30_000)):
                new = drawn(rng, true, -(-more // each) * each, each)
                agrees, weights = (np.r_[old, also] for old, also in zip(first[:2], new[:2], strict=True))
                both = weighted_rate(agrees, weights, cluster=np.r_[first[2], new[2] + seen])
                done.append(simultaneous([both], FLOOR)[0].reaches is not None)
        found.append(float(np.mean(done)))
        print(f"conversations of {each}: the calls that were asked for decide in {found[-1]:.1%} (nominal 80%)")
    return min(found)


def drawn(rng: np.random.Generator, true: float, n: int, each: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """agrees, weights, conversation (n,): single calls of one weight, else correlated conversations of two weights."""
    u, who = uniforms(n, each, 0.5 * (each > 1), rng)
    return u < true, np.where(who % 2, 3.0, 1.0) if each > 1 else np.ones(n), who


def conversations(n: int, each: int, rng: np.random.Generator, intent: float = 0.5) -> pd.DataFrame:
    """Calls of `n` conversations, each of which mostly has one task, one length and words of its own."""
    rows, name = n * each, f"{rng.random()}"
    shared, alike = np.repeat(rng.random(n) < intent, each), rng.random(rows) < 0.8
    words = [" ".join(f"w{k}" for k in own) for own in rng.integers(0, 60, (n, 8))]
    return pd.DataFrame({
        "call_id": [f"{name}-{i}" for i in range(rows)],
        "conversation_id": [f"{name}-{i // each}" for i in range(rows)],
        "task": np.where(np.where(alike, shared, rng.random(rows) < intent), "intent", "reply"),
        "messages": [[{"role": "user", "content": words[i // each]}] for i in range(rows)],
        "prompt_tokens": np.repeat(rng.lognormal(5, 0.5, n), each) * rng.uniform(0.9, 1.1, rows),
        "completion_tokens": np.repeat(rng.lognormal(3, 0.5, n), each),
    })  # fmt: skip


def quiet() -> float:
    rng, worst, times = np.random.default_rng(8), 0.0, max(20, draws // 5)
    for each in CONVERSATIONS:
        false = [shift(conversations(200, each, rng), conversations(80, each, rng)) for _ in range(times)]
        moved = [shift(conversations(400, each, rng), conversations(200, each, rng, 0.75)) for _ in range(10)]
        share = float(np.mean([found["shifted"].any() for found in false]))
        seen = np.mean([found["shifted"].any() for found in moved])
        print(
            f"conversations of {each}: quiet logs called shifted {share:.1%}, a mix of 50% to 75% found in {seen:.0%}"
        )
        worst = max(worst, share)
    return worst


def labels() -> pd.DataFrame:
    rows = []
    for name, world in {"as simulated": World(), "a quarter wrong": wrong_on(0.25)}.items():
        pool = truth(12_000, 3, world)
        pool = pool[pool["correct"].notna()].assign(correct=lambda t: t["correct"].astype(float))
        groups = [own.index.to_numpy() for _, own in pool.reset_index(drop=True).groupby("conversation_id")]
        right, site = pool["correct"].to_numpy(), pd.factorize(pool["site"])[0]
        for count in (100, 200, 300):
            rows.append((name, count, right.mean(), *powered(groups, right, site, count)))
    return pd.DataFrame(rows, columns=["world", "labels", "true", "coverage", "alone", "narrower"])


def wrong_on(share: float) -> World:
    return World(error_rates=dict.fromkeys(World().error_rates, share))


def powered(groups: list[np.ndarray], right: np.ndarray, site: np.ndarray, count: int) -> tuple[float, float, float]:
    """(coverage, that of the labels alone, how much narrower): 500 conversations, `count` of their calls labelled."""
    rng, found = np.random.default_rng(count), []
    for _ in range(draws):
        drawn = rng.integers(0, len(groups), 500)
        rows = np.concatenate([groups[i] for i in drawn])
        who = np.repeat(np.arange(500), [len(groups[i]) for i in drawn])
        judge = rng.random(len(rows)) < np.where(right[rows] > 0, RIGHT, WRONG)
        human = np.where(rng.permutation(len(rows)) < count, right[rows], np.nan)
        found.append(powered_rate(human, judge, strata=site[rows], cluster=who))
    true = right.mean()
    widths = [np.mean([r.high - r.low for r in part]) for part in zip(*((f.rate, f.alone) for f in found), strict=True)]
    hits = [np.mean([r.low <= true <= r.high for r in part]) for part in
            zip(*((f.rate, f.alone) for f in found), strict=True)]  # fmt: skip
    return float(hits[0]), float(hits[1]), float(1 - widths[0] / widths[1])


def main() -> None:
    print(f"{draws} draws a cell: one standard error of a coverage of 95% is {np.sqrt(0.95 * 0.05 / draws):.1%}\n")
    shares, gaps, ten = rates(), pairs(), ten_tasks()
    for by in ("calls", "skew", ["conversation", "correlation"], "rate"):
        print(shares.groupby(by)["coverage"].agg(["min", "mean", "max"]).round(3).to_string(), end="\n\n")
    print(f"weighted_rate, lowest cells:\n{shares.nsmallest(8, 'coverage').round(3).to_string(index=False)}\n")
    print(f"weighted_rate, highest cells:\n{shares.nlargest(5, 'coverage').round(3).to_string(index=False)}\n")
    print(f"paired_difference:\n{gaps.round(3).to_string(index=False)}\n")
    print(
        f"ten tasks:\n{ten.groupby(['calls', 'tasks'])['coverage'].agg(['min', 'mean', 'max']).round(3).to_string()}\n"
    )
    false, sure, noisy, known = moves(), decided(), quiet(), labels()
    print(f"\nhuman labels:\n{known.round(3).to_string(index=False)}")
    both = [*shares["coverage"], *gaps["coverage"], *ten["coverage"]]
    known_too = shares["if_known"]
    print(f"weighted_rate covers {shares['coverage'].mean():.1%} on average, {known_too.mean():.1%} if it knew the "
          f"correlation; over 97% in {np.mean(shares['coverage'] > 0.97):.0%} and {np.mean(known_too > 0.97):.0%} of "
          "its cells")  # fmt: skip
    print(f"of {len(both)} cells {np.mean(np.array(both) < 0.93):.0%} cover under 93% and "
          f"{np.mean(np.array(both) > 0.97):.0%} over 97%")  # fmt: skip
    print(json.dumps({
        "worst_low": min(both), "worst_high": max(both), "false_move_now": false, "decided": sure,
        "quiet_shifted": noisy, "ppi_coverage": known["coverage"].min(), "ppi_narrower": known["narrower"].min(),
    }))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    draws = 60 if parser.parse_args().quick else 1000
    main()
