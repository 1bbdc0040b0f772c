"""How many decisions a second does the router make on one core, and how long does one take?

    python tests/bench/route.py [--quick]

Requests are support messages written here from a seed (a system prompt, and 5 to 120 words of the user). Three
policies: rules alone, rules with the confidence of the answer, and rules with the learned score of the message.
Last line: {"decisions_per_s": in batches with the learned score, "p50_ms": of a single decision with it}.
"""

import argparse
import json
import os
import time
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from migration.routing import Candidate, GainModel, Limits, Policy, Router, Rung
from migration.routing.policy.signals import Calibrator, SignalScore
from migration.schema import SIGNALS, CandidateKind

WORDS = (
    "order refund parcel invoice account password login late broken wrong charge cancel return change address please "
    "help where when why card paypal delivery tracking number email phone twice yesterday still not received my the a "
    "is was have i you your for with on and to"
)
TASKS = ["classify", "route", "extract", "reply"]
SYSTEM = "You are the support desk of a shop. Answer with one label and nothing else. " * 4


def requests(n: int, rng: np.random.Generator) -> list[dict]:
    made, known = [], WORDS.split()
    for _ in range(n):
        words = " ".join(rng.choice(known, rng.integers(5, 120)))
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": f"{words} #{rng.integers(1e6)}?"},
        ]
        made.append({"messages": messages, "task": str(rng.choice(TASKS)), "tokens": 200})
    return made


def policies(rng: np.random.Generator) -> dict[str, Policy]:
    limits = Limits(context_tokens=8000)
    signals = SignalScore(
        SIGNALS, (0.0,) * len(SIGNALS), (1.0,) * len(SIGNALS), {"*": (0.5,) * (1 + len(SIGNALS))},
        Calibrator("isotonic", tuple(np.linspace(-3, 3, 20)), tuple(np.linspace(0, 1, 20))),
    )  # fmt: skip
    known = requests(300, rng)
    texts = [request["messages"][1]["content"] for request in known]
    weak = (rng.random(300) < 0.7).astype(float)
    model = GainModel().fit(texts, weak, np.ones(300), [request["task"] for request in known])
    plain = Policy(
        llm="llm", candidates={"slm": Candidate(CandidateKind.SLM)}, rungs=dict.fromkeys(TASKS, (Rung("slm", 0.8),)),
        limits=limits, calibrators={"slm": signals},
    )  # fmt: skip
    learned = replace(plain, score=model.light(), score_limit=0.9)
    return {"rules": plain, "rules + learned score": learned}


def main(quick: bool) -> None:
    rng = np.random.default_rng(0)
    asked = requests(5_000 if quick else 50_000, rng)
    answer = dict.fromkeys(SIGNALS, -0.2)
    print(f"{'policy':<24} {'batch / s':>10} {'single p50 ms':>14} {'p99 ms':>8} {'+ answer p50 ms':>16}")
    per_second = p50 = 0.0
    for name, policy in policies(rng).items():
        router = Router(policy)
        router.route_many(asked[:100])
        rates = []
        for start in range(0, len(asked), 1000):
            began = time.perf_counter()
            router.route_many(asked[start : start + 1000])
            rates.append(1000 / (time.perf_counter() - began))
        single, both = [], []
        for request in asked[:2000]:
            began = time.perf_counter()
            router.route(request)
            middle = time.perf_counter()
            router.route(request, answer)
            single.append(middle - began)
            both.append(time.perf_counter() - middle)
        per_second, p50 = float(np.median(rates)), float(np.median(single)) * 1e3
        p99, answered = np.quantile(single, 0.99) * 1e3, np.median(both) * 1e3
        print(f"{name:<24} {per_second:>10,.0f} {p50:>14.3f} {p99:>8.3f} {answered:>16.3f}")
    print(json.dumps({"decisions_per_s": round(per_second), "p50_ms": round(p50, 4)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    main(parser.parse_args().quick)
