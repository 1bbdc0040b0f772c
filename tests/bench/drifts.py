"""Is a planted drift of each kind told within its week, with its right cause, and is a quiet week quiet?

    python tests/bench/drifts.py [--quick] [--seeds N]

The simulated shop plays two weeks as the policy was tuned on, then a week with one thing changed: the mix of tasks, the
wording, a call site that was not there, the LLM's version; or nothing. `judge`: 200 answers that a judge graded before
are graded again by one that has become stricter (or by the same, which errs at random in 3%). A kind is right where the
first cause that is told is the planted one; a quiet week where nothing is told.
Last line: {kind: share of seeds that were right, for each kind and `quiet` and `quiet_judge`, "seeds"}.
"""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from migration.review.watching.causes import causes, judge_alarm
from migration.sample import Drift, drifting
from migration.sample.simulate import _log

WEEK = "2026-W40"


def weeks(drift: Drift | None, seed: int = 3, calls: int = 2600) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two weeks before a drift and the week after it, as the review reads them."""
    world = drifting(4, drift)
    rows = [
        {
            "call_id": line["id"],
            "conversation_id": line["metadata"]["conversation_id"],
            "created_at": line["created"],
            "task": facts["site"],
            "messages": line["request"].get("messages"),
            "reference": line["response"]["choices"][0]["message"]["content"],
            "model": line["request"]["model"],
        }
        for line, facts in _log(calls, seed, world)
        if facts["kind"] in ("chat", "scoring") and facts["correct"] is not None
    ]
    frame = pd.DataFrame(rows)
    frame.loc[frame["task"] == "urgency", "task"] = None  # not recognised by the policy
    day = (frame["created_at"] - world.start.timestamp()) / 86400
    return frame[day < 14], frame[(day >= 14) & (day < 21)]


def anchors(seed: int, *, stricter: bool, n: int = 200) -> pd.DataFrame:
    """Answers judged before and again: call_id, first, again (0 or 1)."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.85
    again = first ^ (rng.random(n) < 0.03)
    again &= ~(stricter & (rng.random(n) < 0.2))
    return pd.DataFrame({"call_id": np.arange(n), "first": first.astype(int), "again": again.astype(int)})


def told(kind: str, seed: int) -> list[str]:
    """The causes that a review of one planted week tells, first to last."""
    if "judge" in kind:
        return [alarm.kind for alarm in judge_alarm(anchors(seed, stricter=kind == "judge"), WEEK)]
    drift = None if kind == "quiet" else Drift(kind)
    return [alarm.kind for alarm in causes(*weeks(drift, seed), WEEK, seed=seed)]


def main(seeds: int) -> None:
    print(f"{'planted':<12} {'right':>7}   first cause told, by seed ({seeds} seeds)")
    found: dict[str, float] = {}
    for kind in (*map(str, Drift), "judge", "quiet", "quiet_judge"):
        first = [next(iter(told(kind, seed)), "-") for seed in range(seeds)]
        wanted = "-" if "quiet" in kind else kind
        found[kind] = sum(one == wanted for one in first) / seeds
        counts = pd.Series(first).value_counts()
        print(f"{kind:<12} {found[kind]:>7.0%}   {', '.join(f'{n} x {one}' for one, n in counts.items())}", flush=True)
    print(json.dumps(found | {"seeds": seeds}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 seeds")
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    main(2 if asked.quick else asked.seeds)
