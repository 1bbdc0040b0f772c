"""Twelve weekly retunings in a row on quiet traffic: how often is a threshold that breaks the guarantee ever served?

    python tests/bench/retunings.py [--quick] [--runs N]

Each week 300 conversations of two calls come from the same traffic, whose truth is known; what production sees of them
(every escalated call; of the kept ones those of the 5% of conversations in shadow, which stand for 20 each) chooses the
threshold anew. A run is broken where a threshold ever serves with which more than 5% of all calls differ, or more than
10% of the kept ones. With the budget, review k spends delta * 6 / (pi^2 k^2); without it each spends the whole delta.
Kinds of traffic: confidence that tells right from wrong; the same with conversations that are right or wrong as a
whole; errors just over the limit whatever the confidence, where every proof is a wrong one.
Last line: {"broken", "broken_low", "broken_high" (95%, of the worst kind), "broken_naive", "delta", "runs"}.
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from migration.review import budget
from migration.routing import choose_threshold
from migration.stats import wilson

MAX_LOSS, KEPT_ERROR, DELTA, SHADOW = 0.05, 0.10, 0.05, 0.05
WEEKS, CONVERSATIONS, SIZE = 12, 300, 2
GRID = (np.arange(4000) + 0.5) / 4000


@dataclass(frozen=True)
class Kind:
    """Quiet traffic. error: confidence -> chance that the rung differs; together: share of conversations whose calls
    are right or wrong as one."""

    name: str
    error: Callable[[np.ndarray], np.ndarray]
    together: float = 0.0


def told_apart(confidence: np.ndarray) -> np.ndarray:
    """Errors of 4% where the rung is sure, of 54% where it is not."""
    return 0.04 + 0.5 * (1 - confidence) ** 2


def over_the_limit(confidence: np.ndarray) -> np.ndarray:
    """Just over the limit of the kept calls, whatever the confidence."""
    return np.full_like(confidence, KEPT_ERROR + 0.002)


KINDS = (
    Kind("confidence tells", told_apart),
    Kind("confidence tells, whole conversations", told_apart, together=0.8),
    Kind("errors just over the limit", over_the_limit),
    Kind("errors just over it, whole conversations", over_the_limit, together=0.8),
)


def broken_by(threshold: float | None, kind: Kind) -> bool:
    """Whether a threshold breaks either limit in truth."""
    if threshold is None:
        return False
    error, kept = kind.error(GRID), threshold <= GRID
    return bool(np.mean(error * kept) > MAX_LOSS or (kept.any() and error[kept].mean() > KEPT_ERROR))


def chosen(kind: Kind, serving: float | None, delta: float, rng: np.random.Generator) -> float | None:
    """The threshold that a week proves, None for none. serving: the threshold in force."""
    cluster = np.repeat(np.arange(CONVERSATIONS), SIZE)
    confidence = rng.random(len(cluster))
    shared, luck = rng.random(CONVERSATIONS) < kind.together, rng.random(CONVERSATIONS)
    drawn = np.where(shared[cluster], luck[cluster], rng.random(len(cluster)))
    agrees = (drawn >= kind.error(confidence)).astype(float)
    kept = confidence >= serving if serving is not None else np.zeros(len(cluster), bool)
    known = ~kept | (rng.random(CONVERSATIONS) < SHADOW)[cluster]
    return choose_threshold(
        confidence[known], agrees[known], np.ones(int(known.sum())), max_loss=MAX_LOSS, max_kept_error=KEPT_ERROR,
        confidence_level=1 - delta, cluster=cluster[known], weight=np.where(kept, 1 / SHADOW, 1.0)[known],
    ).threshold  # fmt: skip


def run(kind: Kind, seed: int, *, budgeted: bool) -> tuple[bool, float]:
    """Whether a run was ever broken, and the share that it kept in its last week."""
    rng, serving = np.random.default_rng(seed), None
    for number in range(1, WEEKS + 1):
        found = chosen(kind, serving, budget(DELTA, number) if budgeted else DELTA, rng)
        serving = serving if found is None else found
        if broken_by(serving, kind):
            return True, 1 - (serving or 0.0)
    return False, 0.0 if serving is None else 1 - serving


def main(runs: int) -> None:
    print(f"{'traffic':<42} {'spent':<12} {'runs':>5} {'ever broken':>12}  95%              kept at the end")
    worst = {}
    for budgeted in (True, False):
        for kind in KINDS:
            ends = [run(kind, seed, budgeted=budgeted) for seed in range(runs)]
            rate = wilson(sum(broken for broken, _ in ends), runs)
            worst[budgeted] = max(worst.get(budgeted, rate), rate, key=lambda one: one.value)
            kept = np.mean([share for broken, share in ends if not broken] or [0.0])
            print(f"{kind.name:<42} {'budget' if budgeted else 'whole delta':<12} {runs:>5} {rate.value:>12.1%}  "
                  f"{rate.low:.1%} to {rate.high:.1%}    {kept:>7.1%}", flush=True)  # fmt: skip
    ours = worst[True]
    print(json.dumps({"broken": ours.value, "broken_low": round(ours.low, 4), "broken_high": round(ours.high, 4),
                      "broken_naive": worst[False].value, "delta": DELTA, "runs": runs}))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6 runs")
    parser.add_argument("--runs", type=int, default=300)
    asked = parser.parse_args()
    main(6 if asked.quick else asked.runs)
