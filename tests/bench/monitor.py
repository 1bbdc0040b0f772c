"""Does the monitor of the guarantee keep quiet when nothing happens, and how soon does it see a change?

    python tests/bench/monitor.py [--quick] [--streams N]

A stream is a year of shadow calls, 40 a day, looked at every evening; losses are 0 or 1, at the limit on average: the
worst case of "quiet". The first kind (conversations of two calls that share their loss at times, weights 1 to 20) is
played `streams` times; a weekly binomial test and a weekly z-test at the same 5% look at the same streams. The other
kinds attack the monitor: long conversations that are right or wrong as a whole, a small limit, a loss that swings
with the day of the week, conversations whose size says how they end, calls that come days apart, giants among single
calls, weights that say how a call ends, a look after every call.
Delays: shadow calls from a change in mid-year to the alarm, in conversations of two, beside a CUSUM that knows both
rates and how calls depend on each other and is tuned to 5% false alarms in the same year.
Last line: {"false_alarms": the largest share of quiet streams with an alarm, "delay_8", "delay_10", "delay_15": mean
shadow calls to the alarm, "ratio_8", "ratio_10", "ratio_15": the same over the CUSUM's}.
"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy import stats

from migration.review import Monitor

DAYS, LEVEL, CALLS = 364, 0.05, 40
Day = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Losses, conversation numbers and weights of a day's calls, in the order they came."""


@dataclass(frozen=True)
class Kind:
    """A kind of stream. together: chance that a conversation's calls share one loss; swing: of the loss between
    weekdays and weekends, as a fraction; informative: long conversations lose less, short ones more; apart: the second
    half of a conversation comes a day later; giants: share of conversations that are `size` calls long and lose 2%, the
    others being one call that loses the rest; heavy: weights to 500, and only the light calls lose; each: a look after
    every call."""

    name: str
    size: int = 2
    together: float = 0.3
    weights: tuple[float, ...] = (1.0,)
    limit: float = 0.05
    swing: float = 0.0
    informative: bool = False
    apart: bool = False
    giants: float = 0.0
    heavy: bool = False
    each: bool = False


MAIN = Kind("conversations of 2, weights 1 to 20", weights=(1.0, 5.0, 20.0))
PLAIN = Kind("conversations of 2")
ATTACKS = (
    PLAIN,
    Kind("conversations of 8, correlation .8", size=8, together=0.8),
    Kind("limit 1%, weights 1 and 20", limit=0.01, weights=(1.0, 20.0)),
    Kind("weekends 40% up, weekdays 16% down", swing=0.4),
    Kind("long conversations lose less", size=8, together=0.8, informative=True),
    Kind("halves of a conversation a day apart", size=4, together=0.8, apart=True),
    Kind("one in 10 conversations has 200 calls", size=200, together=1.0, giants=0.10),
    Kind("weights to 500, only light calls lose", size=1, heavy=True),
    Kind("a look after every call", each=True),
)


def conversations(kind: Kind, rate: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sizes, loss rates and weights of a day's conversations; all together lose `rate` of their weighted calls."""
    n = CALLS // kind.size or 20
    sizes, rates, weights = np.full(n, kind.size), np.full(n, rate), rng.choice(kind.weights, n)
    if kind.informative:  # E[sum of losses] = rate * E[size], the long ones at half the rate
        sizes = rng.choice([1, kind.size], n)
        rates = np.where(sizes > 1, rate / 2, rate * (1 + kind.size / 2))
    if kind.giants:
        sizes = np.where(rng.random(n) < kind.giants, kind.size, 1)
        long = kind.giants * kind.size
        rates = np.where(sizes > 1, 0.02, (rate * (1 - kind.giants + long) - 0.02 * long) / (1 - kind.giants))
    if kind.heavy:
        weights = heavy(rng.random(n))
        rates = np.where(weights < LIGHT, rate * LIGHT_RATIO, 0.0)
    return sizes, rates, weights


def heavy(uniform: np.ndarray) -> np.ndarray:
    """Pareto weights of index 1.2, 500 at most."""
    return np.minimum(uniform ** (-1 / 1.2), 500.0)


LIGHT = 3.0
_WEIGHTS = heavy((np.arange(1_000_000) + 0.5) / 1_000_000)
LIGHT_RATIO = float(_WEIGHTS.sum() / _WEIGHTS[_WEIGHTS < LIGHT].sum())
"""How much more than the whole the light weights lose, where the others lose nothing."""


def year(kind: Kind, rng: np.random.Generator, after: float | None = None, days: int = DAYS) -> Iterator[Day]:
    """The days of one year; with `after`, the loss rate from mid-year on."""
    number, late = 0, (np.empty(0), np.empty(0, int), np.empty(0))
    for day in range(days):
        rate = kind.limit if after is None or day < days // 2 else after
        rate *= 1 + kind.swing * (1.0 if day % 7 >= 5 else -0.4)
        sizes, rates, weights = conversations(kind, rate, rng)
        n = len(sizes)
        cluster = np.repeat(np.arange(n), sizes)
        shared, drawn = rng.random(n) < kind.together, rng.random(n) < rates
        loss = np.where(shared[cluster], drawn[cluster], rng.random(len(cluster)) < rates[cluster]).astype(float)
        weight, cluster = weights[cluster], cluster + number
        number += n
        if kind.apart:
            later = np.arange(len(loss)) % kind.size >= kind.size // 2
            held = loss[later], cluster[later], weight[later]
            loss, cluster, weight = (
                np.append(a, b[~later]) for a, b in zip(late, (loss, cluster, weight), strict=True)
            )
            late = held
        yield loss, cluster, weight


def alarmed_at(kind: Kind, seed: int, after: float | None = None) -> int | None:
    """The day of the monitor's alarm, None without one."""
    monitor = Monitor(kind.limit, LEVEL)
    for day, (loss, cluster, weight) in enumerate(year(kind, np.random.default_rng(seed), after)):
        for at in range(len(loss)) if kind.each else (slice(None),):
            if monitor.observe(np.atleast_1d(loss[at]), np.atleast_1d(cluster[at]), np.atleast_1d(weight[at])):
                return day
    return None


def weekly_tests(kind: Kind, seed: int) -> tuple[bool, bool]:
    """Whether a binomial test and a z-test, each made weekly at 5%, ever cry wolf in the year."""
    days = list(year(kind, np.random.default_rng(seed)))
    weeks = [np.concatenate([loss for loss, _, _ in days[i : i + 7]]) for i in range(0, DAYS, 7)]
    lost, n = np.array([week.sum() for week in weeks]), np.array([len(week) for week in weeks])
    binomial = stats.binom.sf(lost - 1, n, kind.limit) < LEVEL
    spread = np.sqrt(n * kind.limit * (1 - kind.limit))
    return bool(binomial.any()), bool((stats.norm.sf((lost - n * kind.limit) / spread) < LEVEL).any())


def losses_of_pairs(rate: float, together: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """How many of a conversation's two calls lose: 0, 1 or 2."""
    return rng.choice(3, shape, p=_pairs(rate, together))


def _pairs(rate: float, together: float) -> np.ndarray:
    apart = np.array([(1 - rate) ** 2, 2 * rate * (1 - rate), rate**2])
    return (1 - together) * apart + together * np.array([1 - rate, 0, rate])


def oracle_delay(after: float, streams: int, rng: np.random.Generator) -> float:
    """Mean shadow calls to the alarm of a CUSUM tuned to PLAIN's change, 5% false alarms a year, daily looks."""
    ratio = np.log(_pairs(after, PLAIN.together) / _pairs(PLAIN.limit, PLAIN.together))
    a_day = CALLS // 2

    def cusum(rate: float, days: int) -> np.ndarray:
        """Largest value of the statistic up to each day's end, (streams, days)."""
        now, top, seen = np.zeros(streams), np.zeros(streams), np.empty((streams, days))
        for day in range(days):
            for step in ratio[losses_of_pairs(rate, PLAIN.together, (a_day, streams), rng)]:
                now = np.maximum(now + step, 0)
                top = np.maximum(top, now)
            seen[:, day] = top
        return seen

    limit = np.quantile(cusum(PLAIN.limit, DAYS)[:, -1], 1 - LEVEL)
    days = (cusum(after, DAYS // 2) < limit).sum(1) + 1
    return float(days.mean() * CALLS)


def delay(after: float, streams: int) -> float:
    """Mean shadow calls from the change to the monitor's alarm, over streams without an alarm before it."""
    days = [alarmed_at(PLAIN, 10_000 + seed, after) for seed in range(streams)]
    waited = [(DAYS if day is None else day) - DAYS // 2 + 1 for day in days if day is None or day >= DAYS // 2]
    return float(np.mean(waited) * CALLS)


def main(streams: int, attacks: int, delays: int) -> None:
    print(f"{'quiet for a year, looked at daily':<42} {'streams':>8} {'false alarms':>13}", flush=True)
    worst = 0.0
    for kind, n in [(MAIN, streams), *((kind, attacks // 10 if kind.each else attacks) for kind in ATTACKS)]:
        share = np.mean([alarmed_at(kind, seed) is not None for seed in range(n)])
        worst = max(worst, float(share))
        print(f"{kind.name:<42} {n:>8} {share:>13.1%}", flush=True)
    weekly = np.mean([weekly_tests(PLAIN, seed) for seed in range(attacks)], axis=0)
    for name, share in zip(("binomial", "z"), weekly, strict=True):
        print(f"{f'a weekly {name} test, {PLAIN.name}':<42} {attacks:>8} {share:>13.1%}", flush=True)
    print(
        f"\n{'losses 5% to':<14} {'monitor':>10} {'oracle CUSUM':>14} {'ratio':>7}   (mean shadow calls to the alarm)"
    )
    found: dict[str, float] = {"false_alarms": round(worst, 4)}
    rng = np.random.default_rng(1)
    for after in (0.08, 0.10, 0.15):
        ours, oracle = delay(after, delays), oracle_delay(after, max(1000, delays), rng)
        found |= {f"delay_{after * 100:.0f}": round(ours), f"ratio_{after * 100:.0f}": round(ours / oracle, 2)}
        print(f"{after:<14.0%} {ours:>10.0f} {oracle:>14.0f} {ours / oracle:>7.2f}", flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 quiet streams of each kind, 12 changes of each size")
    parser.add_argument("--streams", type=int, default=1000)
    asked = parser.parse_args()
    main(*((40, 20, 12) if asked.quick else (asked.streams, max(20, asked.streams // 4), max(20, asked.streams // 5))))
