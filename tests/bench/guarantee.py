"""Is the guarantee broken at most delta of the time on logs that weigh unevenly and come in conversations?

    python tests/bench/guarantee.py [--quick] [--draws N] [--tune N] [--rungs N...] [--jobs N]

Simulated traffic whose truth is known. A confidence is even on 0..1; a call differs from the LLM more often where it is
low. Calls of one conversation resemble each other (Gaussian copula, so that each call's own chance stays what it is). A
heavy task has few rows that weigh much, and differs more often. For each draw a threshold is chosen with at most 5% of
all calls and 10% of the kept calls differing, delta 0.05; it is broken where a true risk at that threshold is over its
limit. `best` is the largest share whose true risks are within the limits, known in hindsight only.

Second table: confidences that are pure noise, and how often they are used to split calls. Third: groups one after the
other, of which those proved whole hand on their part of delta. Fourth: cascades by themselves.
Fifth: the same through `tune`, tasks asked unevenly, with cascades of one to four rungs. Last line:
{"worst_violation": largest share of broken guarantees, "delta", "kept_share_of_best": mean of
kept / best over cells of 500 calls and more whose confidence says something}.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.stats import norm

from migration.routing import choose_threshold, gather, tune
from migration.routing.tuning.ladder import Ladder
from migration.routing.tuning.proof.fallback import Spending
from migration.routing.tuning.proof.thresholds import choose_cascade
from migration.schema import split_of

MAX_LOSS, MAX_KEPT, DELTA = 0.05, 0.10, 0.05
GRID = np.linspace(0, 1, 20_001)
SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gradual": lambda c: 0.45 * (1 - c) ** 1.3,
    "steep": lambda c: 0.8 / (1 + np.exp(20 * (c - 0.5))),
    "at the limit": lambda c: np.full_like(c, 0.052),
    "good": lambda c: np.full_like(c, 0.001),
}


@dataclass(frozen=True)
class Cell:
    """One kind of log. calls: of the light task; heavy: rows of the heavy task and its share of the traffic."""

    shape: str
    calls: int
    heavy: tuple[int, float]
    size: int
    correlation: float
    graded: bool = False

    def error(self, confidence: np.ndarray, heavy: np.ndarray) -> np.ndarray:
        """The chance that a call differs; twice as high in the heavy task (of the same confidence)."""
        own = SHAPES[self.shape](confidence)
        return np.minimum(np.where(heavy, (1.0 if self.shape == "at the limit" else 2.0) * own, own), 1.0)

    def truth(self) -> tuple[np.ndarray, np.ndarray]:
        """True loss over all calls and error of the kept calls at each threshold of GRID."""
        light, heavy = (self.error(GRID, np.full(len(GRID), side)) for side in (False, True))
        mean = (1 - self.heavy[1]) * light + self.heavy[1] * heavy
        loss = (mean[::-1].cumsum()[::-1]) / len(GRID)
        return loss, loss / np.maximum(1 - GRID, 1e-9)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """One calibration sample: confidence, loss, weight, cluster (n,)."""
        rows, share = self.heavy
        n = self.calls + rows
        heavy = np.arange(n) >= self.calls
        weight = np.where(heavy, share / max(rows, 1), (1 - share) / self.calls)
        cluster = np.arange(n) // self.size
        shared = rng.normal(size=cluster.max() + 1)[cluster]
        own = np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * rng.normal(size=n)
        confidence = rng.random(n)
        loss = (norm.cdf(own) < self.error(confidence, heavy)).astype(float)
        if self.graded:  # half of the calls lose a part, with the same mean
            loss = np.clip(self.error(confidence, heavy) + 0.5 * (loss - self.error(confidence, heavy)), 0, 1)
        return {"confidence": confidence, "loss": loss, "weight": weight, "cluster": cluster}


def cells() -> list[Cell]:
    """The grid: task size x weight skew x conversation size x correlation x shape of the loss."""
    found = [
        Cell(shape, calls, heavy, size, correlation)
        for shape, calls, heavy, (size, correlation) in product(
            [shape for shape in SHAPES if shape != "good"],
            (110, 500, 1500),
            ((0, 0.0), (5, 0.2), (40, 0.3)),
            ((1, 0.0), (4, 0.5), (8, 0.5)),
        )
        if not (calls == 110 and heavy[0] == 40) and not (calls == 1500 and heavy[0] == 5)
    ]
    return [*found, *(Cell("gradual", calls, (0, 0.0), size, 0.5, True) for calls in (500, 1500) for size in (1, 4))]


def outcome(cell: Cell, draws: int, seed: int) -> tuple[float, float, float]:
    """(broken, kept, best) of a cell."""
    loss, error = cell.truth()
    allowed = (loss <= MAX_LOSS) & (error <= MAX_KEPT)
    best = float(1 - GRID[np.flatnonzero(allowed)[0]]) if allowed.any() else 0.0
    rng, broken, kept = np.random.default_rng(seed), 0, []
    for _ in range(draws):
        drawn = cell.draw(rng)
        choice = choose_threshold(
            drawn["confidence"], 1 - drawn["loss"], np.ones(len(drawn["loss"])), max_loss=MAX_LOSS,
            max_kept_error=MAX_KEPT, confidence_level=1 - DELTA, weight=drawn["weight"], cluster=drawn["cluster"],
        )  # fmt: skip
        if choice.threshold is None:
            kept.append(0.0)
            continue
        place = min(int(np.ceil(choice.threshold * (len(GRID) - 1) - 1e-6)), len(GRID) - 1)
        place = 0 if choice.slm_share >= 1 else place
        broken += bool(loss[place] > MAX_LOSS or error[place] > MAX_KEPT)
        kept.append(1 - GRID[place])
    return broken / draws, float(np.mean(kept)), best


def noise(rate: float, n: int, size: int, draws: int, seed: int = 0) -> float:
    """How often a confidence that is noise is used to split calls, of a model that differs on `rate` of them."""
    rng, used = np.random.default_rng(seed), 0
    for _ in range(draws):
        shared = np.repeat(rng.normal(size=n // size), size)
        correlation = 0.5 if size > 1 else 0.0
        latent = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rng.normal(size=n)
        confidence = np.repeat(rng.random(n // size), size) + 0.1 * rng.random(n)
        loss = (norm.cdf(latent) < rate).astype(float)
        choice = choose_threshold(
            confidence, 1 - loss, np.ones(n), max_loss=MAX_LOSS, max_kept_error=MAX_KEPT,
            confidence_level=1 - DELTA, cluster=np.arange(n) // size,
        )  # fmt: skip
        used += choice.threshold is not None and choice.slm_share < 1
    return used / draws


def handed_on(cells: list[Cell], draws: int, seed: int = 0) -> float:
    """How often any group breaks its guarantee, of groups that are tested in this order, each with an equal part of
    delta and with what those before it leave."""
    rng, broken = np.random.default_rng(seed), 0
    for _ in range(draws):
        left = most = 0.0
        for cell in cells:
            spending = Spending(DELTA / len(cells), left, most)
            choice = choose_cascade(ladder_of(cell, rng), spending, max_loss=MAX_LOSS, max_kept_error=MAX_KEPT)
            left, most = choice.unspent, most + spending.own
            if choice.threshold is not None:
                loss, error = cell.truth()
                place = 0 if choice.slm_share >= 1 else int(np.ceil(choice.threshold * (len(GRID) - 1) - 1e-6))
                if loss[place] > MAX_LOSS or error[place] > MAX_KEPT:
                    broken += 1
                    break
    return broken / draws


def ladder_of(cell: Cell, rng: np.random.Generator) -> Ladder:
    """A draw of a cell as a cascade of one rung that costs nothing."""
    drawn = cell.draw(rng)
    n = len(drawn["loss"])
    calls = pd.DataFrame({
        "call_id": np.arange(n).astype(str), "task": "one", "conversation": drawn["cluster"].astype(str),
        "part": "choose", "weight": drawn["weight"], "llm_cost": 1e-3, "llm_ms": 900.0,
    })  # fmt: skip
    nothing = np.zeros((n, 1))
    return Ladder(calls, drawn["confidence"][:, None], drawn["loss"][:, None] < 0.5, nothing, nothing)


HANDING = {
    "good, at the limit, at the limit": ("good", "at the limit", "at the limit"),
    "good, gradual, at the limit": ("good", "gradual", "at the limit"),
    "at the limit, all": ("at the limit",) * 3,
}
"""Shapes of three groups in the order of their tests; `good` ones are always proved whole and hand their part on."""
KINDS_OF_CALLS = {
    "single": (1500, (0, 0.0), 1, 0.0),
    "fours": (1500, (0, 0.0), 4, 0.5),
    "heavy": (1500, (200, 0.2), 4, 0.5),
}
"""calls, heavy, size and correlation of a `Cell`."""


def cascade(
    rungs: int, of: tuple[int, tuple[int, float], int, float], draws: int, seed: int = 0
) -> tuple[float, float]:
    """(broken, kept) of cascades of `rungs` rungs with one common threshold, cheapest and worst first. of: as in
    KINDS_OF_CALLS. Rungs are surer of the same calls, and a later one differs less often where it is as sure."""
    n, heavy, size, correlation = of
    rng = np.random.default_rng(seed)
    shape = np.array([1.3, 1.0, 0.8, 0.6])[:rungs]

    def draw(calls: int, heavy: tuple[int, float], size: int) -> tuple[Ladder, np.ndarray]:
        drawn = Cell("gradual", calls, heavy, size, correlation).draw(rng)
        total = len(drawn["loss"])
        sure = np.clip(0.7 * rng.random(total)[:, None] + 0.3 * rng.random((total, rungs)), 0, 1)
        chance = np.minimum(0.3 * shape * (1 - sure) ** 1.3, 1.0)
        chance = np.where((np.arange(total) >= calls)[:, None], np.minimum(1.5 * chance, 1.0), chance)
        shared = rng.normal(size=drawn["cluster"].max() + 1)[drawn["cluster"]]
        latent = np.sqrt(correlation) * shared[:, None] + np.sqrt(1 - correlation) * rng.normal(size=sure.shape)
        frame = ladder_of(Cell("gradual", calls, heavy, size, correlation), rng).calls.assign(
            conversation=drawn["cluster"].astype(str), weight=drawn["weight"]
        )
        nothing = np.zeros_like(sure)
        return Ladder(frame, sure, norm.cdf(latent) >= chance, nothing, nothing), chance

    fresh, chance = draw(60_000, (0 if not heavy[0] else 20_000, heavy[1]), 1)
    weight = fresh.calls["weight"].to_numpy() / fresh.calls["weight"].sum()
    broken, kept = 0, []
    for _ in range(draws):
        choice = choose_cascade(draw(n, heavy, size)[0], Spending(DELTA), max_loss=MAX_LOSS, max_kept_error=MAX_KEPT)
        rung = np.full(len(weight), rungs) if choice.threshold is None else fresh.rung_at(choice.threshold)
        keeps = rung < rungs
        loss = weight[keeps] @ chance[keeps, rung[keeps]]
        share = float(weight[keeps].sum())
        broken += loss > MAX_LOSS or loss > MAX_KEPT * share
        kept.append(share)
    return broken / draws, float(np.mean(kept))


TASKS = {"big": (0.50, 900), "middle": (0.22, 260), "small": (0.12, 90), "rare": (0.06, 40), "hard": (0.10, 120)}
"""Share of the traffic and answered calibration calls of each task: asked unevenly on purpose."""
RUNGS = {"quick": ("classifier", 1.0), "small": ("slm", 0.8), "cheaper": ("api", 0.6), "again": ("cache", 1.2)}
"""Kind of each rung, and how far its errors are from the first one's (a factor)."""
HARD = {"quick": 0.97, "small": 0.35, "cheaper": 0.4, "again": 0.97}
"""The chance that a rung differs in the task `hard`, whatever its confidence: the low-volume tasks' proof is better off
without it."""


def outcomes(rng: np.random.Generator, rungs: int, size: int = 2) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Calls of a log, the answers of `rungs` candidates to the asked ones, and every answer's true chance to differ."""
    parts = []
    for task, (share, asked) in TASKS.items():
        n = round(asked / 0.3)
        frame = pd.DataFrame({"task": task, "traffic_share": share, "asked": np.arange(n) < n})
        parts.append(frame)
    calls = pd.concat(parts, ignore_index=True)
    n = len(calls)
    calls = calls.sample(frac=1, random_state=int(rng.integers(2**31))).reset_index(drop=True)
    conversation = np.array([f"{rng.integers(2**40)}-{i // size}" for i in range(n)])
    conversation = np.repeat(conversation[::size], size)[:n]
    shared = np.repeat(rng.normal(size=-(-n // size)), size)[:n]
    calls = calls.assign(
        call_id=[f"k{i}" for i in range(n)], conversation_id=conversation, kind="chat", model="large",
        created_at=pd.Timestamp("2026-01-01", tz="UTC"), cost_usd=1e-3, latency_ms=1000.0, complexity=0.5,
        split=[split_of(c) for c in conversation],
    )  # fmt: skip
    frames = []
    ease = rng.random(n)
    for name, (kind, factor) in list(RUNGS.items())[:rungs]:
        raw = np.clip(0.6 * ease + 0.4 * rng.random(n), 0, 1)
        chance = np.clip(factor * 0.3 * (1 - raw) ** 1.5, 0, 1)
        chance = np.where(calls["task"] == "hard", HARD[name], chance)
        latent = np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.normal(size=n)
        frames.append(
            calls[["call_id", "task"]].assign(
                task_type="classification", candidate=name, candidate_kind=kind, base=name, adapter="", shots=0,
                output="x", reference="x", agrees=norm.cdf(latent) >= chance, score=1.0, latency_ms=10.0,
                prompt_tokens=50, completion_tokens=3, mean_logprob=np.log(np.clip(raw, 1e-3, 1)), min_logprob=np.nan,
                mean_entropy=np.nan, margin=np.nan, error=None, true_error=chance,
            )[calls["split"] != "train"]
        )  # fmt: skip
    return calls, frames


FRESH = 2
"""Fresh logs that the true risks of a policy are measured on, by the chances of their answers."""


def through_tune(rungs: int, seed: int) -> tuple[bool, float]:
    """(broken, kept) of one draw through `tune`: the true risks of the policy on thousands of fresh calls."""
    from migration.routing import decide

    calls, frames = outcomes(np.random.default_rng(seed), rungs)
    tuned = tune(gather(calls, frames), llm="large", max_loss=MAX_LOSS, confidence_level=1 - DELTA)
    if not tuned.policy.routed_tasks:
        return False, 0.0
    decided = []
    for calls, frames in (outcomes(np.random.default_rng([seed, k]), rungs) for k in range(FRESH)):
        decisions = decide(tuned.policy, gather(calls, frames).assign(gain=0.0))
        chance = pd.concat(frames).rename(columns={"true_error": "chance"})[["call_id", "candidate", "chance"]]
        decided.append(decisions.merge(chance, on=["call_id", "candidate"], how="left"))
    table = pd.concat(decided).assign(kept=lambda rows: rows["model"] == "slm")
    table["chance"] = table["chance"].fillna(0.0) * table["kept"]
    share = table["task"].map({task: part for task, (part, _) in TASKS.items()})
    table["weight"] = share / table.groupby("task")["task"].transform("size")
    broken = False
    for group in tuned.policy.guarantee.groups:
        own = table[table["task"].isin(group.tasks)]
        weight = own["weight"] / own["weight"].sum()
        loss, part = float(weight @ own["chance"]), float(weight @ own["kept"])
        broken |= group.proved and (loss > MAX_LOSS or loss > MAX_KEPT * part)
    return broken, float(table["weight"] @ table["kept"] / table["weight"].sum())


def main(draws: int, tunes: int, rungs_of: list[int], jobs: int, quick: bool) -> None:
    grid = cells()[:: 9 if quick else 1] if draws else []
    handings, rungs_of = (2 if quick else 9, rungs_of) if tunes else (0, [])
    error = np.sqrt(DELTA * (1 - DELTA) / max(draws, 1))
    print(f"at most {MAX_LOSS:.0%} of all, {MAX_KEPT:.0%} of the kept calls; delta {DELTA}; {draws} draws a cell, "
          f"simulation error {error:.4f}")  # fmt: skip
    print(f"{'loss':<14}{'calls':>6}{'heavy rows':>11}{'its share':>10}{'calls/conv.':>12}{'corr.':>6}"
          f"{'broken':>8}{'kept':>7}{'best':>7}")  # fmt: skip
    worst, ratios = 0.0, []
    with ProcessPoolExecutor(jobs) as pool:
        for cell, (broken, kept, best) in zip(grid, pool.map(outcome, grid, [draws] * len(grid), range(len(grid))),
                                              strict=True):  # fmt: skip
            worst = max(worst, broken)
            ratios += [kept / best] if best > 0 and cell.calls >= 500 and cell.shape != "at the limit" else []
            name = cell.shape + (", graded" if cell.graded else "")
            print(f"{name:<14.14}{cell.calls:>6}{cell.heavy[0]:>11}{cell.heavy[1]:>10.0%}{cell.size:>12}"
                  f"{cell.correlation:>6}{broken:>8.4f}{kept:>7.3f}{best:>7.3f}", flush=True)  # fmt: skip
        print("\nconfidence that is noise: how often it splits the calls")
        kinds = [(0.7, 300, 1), (0.065, 800, 1), (0.065, 800, 4), (0.03, 800, 4)][: 2 if quick else 4 if draws else 0]
        for kind, used in zip(kinds, pool.map(noise, *zip(*kinds, strict=True), [draws] * len(kinds)), strict=True):
            worst = max(worst, used)
            print(f"  differs on {kind[0]:.1%}, {kind[1]} calls, {kind[2]} a conversation: {used:.4f}", flush=True)
        print("\nthree groups that hand on what chance of error they leave: how often any guarantee is broken")
        for (name, shapes), (kind, of) in list(product(HANDING.items(), KINDS_OF_CALLS.items()))[:handings]:
            broken = handed_on([Cell(shape, *of) for shape in shapes], 40 if quick else tunes)
            worst = max(worst, broken) if not quick else worst
            print(f"  {name}; {kind}: {broken:.4f}", flush=True)
        print("\ncascades of one to four rungs, proved as one family of thresholds")
        for rungs, (kind, of) in list(product(rungs_of, KINDS_OF_CALLS.items()))[: 2 if quick else None]:
            broken, kept_share = cascade(rungs, of, 40 if quick else tunes)
            worst = max(worst, broken) if not quick else worst
            print(f"  {rungs} rung(s); {kind}: broken {broken:.4f}, kept {kept_share:.3f}", flush=True)
        print(
            f"\nthrough tune, {tunes} draws each: five tasks asked unevenly, two calls a conversation, correlation .5"
        )
        for rungs in rungs_of:
            found = list(pool.map(through_tune, [rungs] * tunes, range(tunes)))
            broken = float(np.mean([each[0] for each in found]))
            worst = max(worst, broken) if tunes >= 200 else worst
            kept = np.mean([each[1] for each in found])
            print(f"  {rungs} rung(s): broken {broken:.4f}, kept {kept:.3f}", flush=True)
    print(json.dumps({"worst_violation": round(worst, 4), "delta": DELTA,
                      "kept_share_of_best": round(float(np.mean(ratios)), 3) if ratios else None}))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a ninth of the grid, 40 draws, 4 through tune")
    parser.add_argument("--draws", type=int, default=2000, help="a cell; 0: only through tune")
    parser.add_argument("--tune", type=int, default=400, help="draws of groups, cascades and tune; 0: only the grid")
    parser.add_argument("--rungs", type=int, nargs="+", default=[1, 2, 3, 4], help="of the cascades through tune")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    draws, tunes = (40, 4) if asked.quick else (asked.draws, asked.tune)
    sys.exit(main(draws, tunes, asked.rungs, asked.jobs, asked.quick))
