"""How narrow does checking a few answers make the estimate of the loss: chosen answers against random ones?

    python tests/bench/labelling.py [--quick]

Simulated weeks of 4,000 kept answers with calibrated confidences (most sure, few unsure). For each number of checks:
the mean width of the 95% interval of the share of wrong answers, and how often it holds the truth, for answers chosen
by Neyman's rule with confidence as the prediction, and for answers drawn at random with a Wilson interval.
Last line: {"width_50_chosen", "width_50_random", "coverage_50_chosen", "coverage_50_random"}.
"""

import argparse
import json

import numpy as np
import pandas as pd

from migration.review import estimate, to_check
from migration.stats import agreement_rate

ANSWERS = 4000


def week(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """(answers, whether each is right): confidence is what it says, and bunched near 1."""
    confidence = 1 - rng.beta(0.35, 5, ANSWERS)
    right = rng.random(ANSWERS) < confidence
    frame = pd.DataFrame({"call_id": np.arange(ANSWERS), "group": "intent", "confidence": confidence})
    return frame.assign(output="", reference=""), right


def one(checks: int, seed: int) -> dict[str, float]:
    """Widths and coverage of both ways in one simulated week."""
    rng = np.random.default_rng(seed)
    answers, right = week(rng)
    truth = 1 - right.mean()
    chosen = to_check(answers, checks, seed=seed)
    chosen["right"] = np.where(right[chosen["call_id"]], "yes", "no")
    ours = estimate(chosen, answers)
    plain = agreement_rate(~right[rng.choice(ANSWERS, checks, replace=False)])
    return {
        "chosen": ours.high - ours.low,
        "random": plain.high - plain.low,
        "chosen_holds": float(ours.low <= truth <= ours.high),
        "random_holds": float(plain.low <= truth <= plain.high),
    }


def main(draws: int) -> None:
    print(f"{'checks':>6} {'width, chosen':>14} {'width, random':>14} {'holds, chosen':>14} {'holds, random':>14}")
    found = {}
    for checks in (25, 50, 100, 200):
        mean = pd.DataFrame([one(checks, seed) for seed in range(draws)]).mean()
        found[checks] = mean
        print(f"{checks:>6} {mean['chosen']:>14.3f} {mean['random']:>14.3f} {mean['chosen_holds']:>14.1%} "
              f"{mean['random_holds']:>14.1%}", flush=True)  # fmt: skip
    at = found[50]
    print(json.dumps({"width_50_chosen": round(at["chosen"], 4), "width_50_random": round(at["random"], 4),
                      "coverage_50_chosen": round(at["chosen_holds"], 4),
                      "coverage_50_random": round(at["random_holds"], 4)}))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 draws")
    main(40 if parser.parse_args().quick else 1000)
