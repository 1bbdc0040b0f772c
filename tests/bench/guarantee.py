"""Is the promise broken at most delta of the time, and how much does keeping it cost?

    python tests/bench/guarantee.py [--quick] [--draws N]

Worlds whose truth is known: confidence is even on 0..1 and the SLM is right more often where it is high. For each draw
of n calls a threshold is chosen at max_loss 0.05, delta 0.10; the promise is broken where the true loss at that
threshold is over 0.05. `best` is the largest share whose true loss is allowed, known in hindsight only.
Last line: {"worst_violations": the largest share of broken promises, "worst_gap_2000": points of share lost at 2,000}.
"""

import argparse
import json
import os
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from migration.routing import choose_threshold

MAX_LOSS, DELTA = 0.05, 0.10
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def binary(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The LLM is the reference: a loss is 0 or 1."""
    confidence = rng.random(n)
    return confidence, (rng.random(n) < 0.55 + 0.44 * confidence**0.7).astype(float), np.ones(n)


def graded(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores between 0 and 1: a loss is a part of an answer."""
    confidence = rng.random(n)
    return confidence, np.clip(0.55 + 0.44 * confidence**0.7 + rng.normal(0, 0.15, n), 0, 1), np.ones(n)


def signed(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The LLM is wrong now and then, and the SLM right where it is: a loss is -1, 0 or 1."""
    confidence = rng.random(n)
    slm, llm = rng.random(n) < 0.40 + 0.57 * confidence**0.7, rng.random(n) < 0.95
    return confidence, slm.astype(float), llm.astype(float)


WORLDS: dict[str, Draw] = {"0/1": binary, "graded": graded, "signed": signed}


def truth(world: Draw, size: int = 2_000_000) -> tuple[np.ndarray, np.ndarray]:
    """Confidences from the highest down, and the true loss of keeping down to each."""
    confidence, slm, llm = world(np.random.default_rng(99), size)
    order = np.argsort(-confidence)
    return confidence[order], np.cumsum((llm - slm)[order]) / size


def simulate(world: Draw, n: int, draws: int, seed: int = 0) -> tuple[float, float, float]:
    """(share of broken promises, mean true share kept, best share in hindsight)."""
    confidence, loss = truth(world)
    best = (int(np.flatnonzero(loss <= MAX_LOSS).max()) + 1) / len(loss)
    rng, broken, kept = np.random.default_rng(seed), 0, []
    for _ in range(draws):
        choice = choose_threshold(*world(rng, n), max_loss=MAX_LOSS, confidence_level=1 - DELTA)
        place = 0 if choice.threshold is None else int(np.searchsorted(-confidence, -choice.threshold, side="right"))
        broken += place > 0 and loss[place - 1] > MAX_LOSS
        kept.append(place / len(loss))
    return broken / draws, float(np.mean(kept)), best


def main(draws: int) -> None:
    print(f"max_loss {MAX_LOSS}, delta {DELTA}, {draws} draws: simulation error of a violation rate at delta is")
    print(f"{np.sqrt(DELTA * (1 - DELTA) / draws):.3f}")
    print(f"{'loss':<8} {'n':>6} {'violations':>11} {'share kept':>11} {'best':>7} {'gap':>7}")
    worst = gap = 0.0
    for name, world in WORLDS.items():
        for n in (100, 500, 2000):
            broken, kept, best = simulate(world, n, draws, seed=n)
            worst = max(worst, broken)
            gap = max(gap, best - kept) if n == 2000 else gap
            print(
                f"{name:<8} {n:>6} {broken:>11.3f} {kept:>11.3f} {best:>7.3f} {100 * (best - kept):>6.1f}p", flush=True
            )
    print(json.dumps({"worst_violations": round(worst, 4), "worst_gap_2000": round(gap, 4)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 draws")
    parser.add_argument("--draws", type=int, default=2000)
    asked = parser.parse_args()
    main(40 if asked.quick else asked.draws)
