"""How many calls does the same number of held-out answers let a small model keep, by how they are spent?

    python tests/bench/allocation.py [--quick] [--draws N]

Three simulated tasks: one that a tuned model answers like the LLM, one that it often does, one that it never does;
one call a conversation. An even plan asks all three alike, half of the answers on test calls, half of the calibration
calls to learn the confidence from. The plan of step 03 (`finetune.held_out`) looks at 24 calls of each first and then
asks where a guarantee is nearest, a quarter of the calibration calls to learn from. Both choose thresholds at the same
limits (5% of all, 10% of the kept calls, 95%).
Last line: {"even_kept", "planned_kept", "even_broken", "planned_broken"}:
shares of the traffic kept at the larger number of answers, and of guarantees that do not hold.
"""

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from migration.finetune.held_out import FIRST_LOOK, TEST_PART, proof_calls
from migration.routing import choose_threshold

MAX_LOSS, MAX_KEPT, LEVEL = 0.05, 0.10, 0.95
TASKS = {"sure": (0.45, 0.97), "often": (0.35, 0.82), "never": (0.20, 0.04)}
"""Share of the traffic, and how often the tuned model agrees."""
GRID = np.linspace(0, 1, 4001)


def chance(task: str, confidence: np.ndarray) -> np.ndarray:
    """The chance that an answer agrees at a confidence (even on 0..1), with the task's agreement as its mean."""
    rate = TASKS[task][1]
    return np.clip(1 - (1 - rate) * 2.5 * (1 - confidence) ** 1.5, 0, 1)


def chosen(rng: np.random.Generator, task: str, n: int, groups: int) -> tuple[float, bool]:
    """(share of the task that is truly kept, whether a limit is truly broken) with n `choose` calls."""
    if n < 2:
        return 0.0, False
    confidence = rng.random(n)
    right = (rng.random(n) < chance(task, confidence)).astype(float)
    level = 1 - (1 - LEVEL) / groups
    choice = choose_threshold(
        confidence, right, np.ones(n), max_loss=MAX_LOSS, max_kept_error=MAX_KEPT, confidence_level=level
    )
    if choice.threshold is None:
        return 0.0, False
    kept = (0.0 if choice.slm_share >= 1 else choice.threshold) <= GRID
    loss = float(((1 - chance(task, GRID)) * kept).mean())
    return float(kept.mean()), bool(loss > MAX_LOSS or loss > MAX_KEPT * kept.mean())


def planned(rng: np.random.Generator, answers: int) -> dict[str, int]:
    """`choose` calls of each task under step 03's plan of so many answers in all."""
    agreed = {task: (int(rng.binomial(FIRST_LOOK, rate)), FIRST_LOOK) for task, (_, rate) in TASKS.items()}
    room = answers - FIRST_LOOK * len(TASKS)
    return proof_calls(agreed, {task: share for task, (share, _) in TASKS.items()}, room)


def even(answers: int) -> dict[str, int]:
    """`choose` calls of each task where all are asked alike, half on test calls and a quarter on `fit` calls."""
    return dict.fromkeys(TASKS, answers // len(TASKS) // 4)


def main(draws: int) -> None:
    print(f"{draws} draws; shares of the traffic kept, and guarantees that do not hold")
    print(f"test calls: half of all in the even plan, {TEST_PART:.0%} of the choose calls in the other")
    print(f"{'answers':>8}{'even: kept':>12}{'broken':>8}{'planned: kept':>15}{'broken':>8}")
    rng, found = np.random.default_rng(0), {}
    for answers in (300, 600, 1200):
        for name in ("even", "planned"):
            kept, broken = [], []
            for _ in range(draws):
                plan = even(answers) if name == "even" else planned(rng, answers)
                each = {task: chosen(rng, task, n, len(plan)) for task, n in plan.items()}
                kept.append(sum(TASKS[task][0] * share for task, (share, _) in each.items()))
                broken.append(any(wrong for _, wrong in each.values()))
            found[name] = (float(np.mean(kept)), float(np.mean(broken)))
        print(f"{answers:>8}{found['even'][0]:>12.3f}{found['even'][1]:>8.3f}{found['planned'][0]:>15.3f}"
              f"{found['planned'][1]:>8.3f}", flush=True)  # fmt: skip
    result = {f"{name}_{what}": round(found[name][i], 3) for name in found for i, what in enumerate(("kept", "broken"))}
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="30 draws")
    parser.add_argument("--draws", type=int, default=400)
    asked = parser.parse_args()
    main(30 if asked.quick else asked.draws)
