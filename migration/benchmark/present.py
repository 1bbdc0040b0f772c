"""Tables and sentences of step 02 that no other of its modules holds.

Out of scope: how anything in them was measured.
"""

from __future__ import annotations

import pandas as pd


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
    false = stale[stale["high"] < 0.95]
    if len(false):
        first = false.iloc[0]
        told = f"{first['age']} no more than {first['high']:.0%} got the same answer: a cache must forget earlier"
    elif stale["low"].min() >= 0.9:
        told = "nothing says that answers grow old within the log's time"
    else:
        told = "too few to say when an answer grows old"
    return f"{count:,} requests came again, letter for letter but for case and white space; {told}."
