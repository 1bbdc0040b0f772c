"""How fast is the exact sweep: every threshold by one sort, beside a loop over thresholds.

    python tests/bench/sweep.py [--quick]

The loop is how RouteLLM's evaluation walks thresholds: for each, decide every call again and take means. Looping over
all n thresholds is quadratic, so its time is measured on LOOPED of them and scaled; the sweep's is measured whole.
Last line: {"seconds_1e6": seconds at a million calls, "speedup": over the loop at the largest n timed for both}.
"""

import argparse
import json
import time

import numpy as np
import pandas as pd

from migration.routing import sweep

LOOPED = 20


def calls(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    return {
        "confidence": confidence,
        "slm_score": (rng.random(n) < confidence).astype(float),
        "llm_score": (rng.random(n) < 0.95).astype(float),
        "slm_cost": rng.exponential(1e-5, n),
        "llm_cost": rng.exponential(1e-3, n),
    }


def loop(data: dict[str, np.ndarray], thresholds: np.ndarray) -> pd.DataFrame:
    rows = []
    for threshold in thresholds:
        kept = data["confidence"] >= threshold
        quality = np.where(kept, data["slm_score"], data["llm_score"]).mean()
        cost = (data["slm_cost"] + np.where(kept, 0.0, data["llm_cost"])).mean()
        rows.append((threshold, kept.mean(), quality, cost))
    return pd.DataFrame(rows, columns=["threshold", "slm_share", "quality", "cost"])


def best_of(times: int, work) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def main(quick: bool) -> None:
    sweep(**calls(100))  # imports
    print(f"{'n':>10} {'sweep s':>10} {'ns / (n log2 n)':>16} {'loop s':>12} {'speedup':>10}")
    speedup = seconds = 0.0
    for n in (10**4, 10**5, 10**6):
        data = calls(n)
        seconds = best_of(3, lambda data=data: sweep(**data))
        some = np.sort(data["confidence"])[:: max(1, n // LOOPED)][:LOOPED]
        table = sweep(**data).set_index("threshold")
        pd.testing.assert_frame_equal(loop(data, some).set_index("threshold"), table.loc[some], rtol=1e-9)
        looped = best_of(1 if quick else 3, lambda data=data, some=some: loop(data, some)) * n / len(some)
        speedup = looped / seconds
        unit = seconds / (n * np.log2(n)) * 1e9
        print(f"{n:>10,} {seconds:>10.4f} {unit:>16.2f} {looped:>12.1f} {speedup:>9.0f}x")
    print(f"The whole sweep of {n:,} thresholds takes as long as {n * seconds / looped:.0f} thresholds of the loop.")
    print(f"The loop's seconds are scaled from {LOOPED} thresholds to all n; those rows agree with the sweep's.")
    print(json.dumps({"seconds_1e6": round(seconds, 4), "speedup": round(speedup, 1)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one repeat of the loop instead of three")
    main(parser.parse_args().quick)
