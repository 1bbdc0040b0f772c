"""Tables and sentences of step 02 about what its answers cost and how long they stay true.

Out of scope: how anything in them was measured, the plan (`sampling`), and how candidates compare (`scoreboard`).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from migration.benchmark.engine.spending import spent

FEWEST_REPEATS = 30
"""Repeats of an age from which on something is said of it."""


def say_spent(cache: Path) -> str:
    """What a step's endpoints have cost so far, in a sentence; of a step that asked none, that it cost nothing."""
    costs = spent(cache)
    if not costs:
        return "No endpoint was asked, so nothing was paid."
    each = "; ".join(f"{where.partition('#')[2]}: {one}" for where, one in costs.items())
    return f"Asked and paid for so far: {each}."


def show_staleness(stale: pd.DataFrame) -> pd.DataFrame:
    """For people: `kinds.cached.staleness`, one line an age.

    stale: age, repeats, agreement, low, high.
    """
    return pd.DataFrame(
        {
            "asked again after": stale["age"],
            "repeats": stale["repeats"].map("{:,}".format),
            "same answer as before": [
                f"{value:.0%} ({low:.0%} to {high:.0%})"
                for value, low, high in stale[["agreement", "low", "high"]].values
            ],
        }
    )


def say_staleness(stale: pd.DataFrame) -> str:
    """How long an answer stays true, in a sentence. stale: age, repeats, agreement, low, high (`staleness`)."""
    if stale.empty:
        return "The log holds no request twice: a cache would have nothing to give, and nothing tells how answers age."
    count = int(stale["repeats"].sum())
    known = stale[stale["repeats"] >= FEWEST_REPEATS]
    false = known[known["high"] < 0.95]
    if len(false):
        first = false.iloc[0]
        told = f"{first['age']} no more than {first['high']:.0%} got the same answer"
        told += ": a cache must forget earlier" if first["age"] != known["age"].iloc[0] else ", however soon they came"
    elif len(known) and known["low"].min() >= 0.9:
        told = "nothing says that answers grow old within the log's time"
    else:
        told = "too few to say when an answer grows old"
    return f"{count:,} requests came again, letter for letter but for case and white space; {told}."
