"""Logs whose truth is known: daily rates, text lengths, prices and routes are drawn, then a log is drawn from them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from migration.costs import scenarios
from migration.costs.alternatives import ladder_plan
from migration.costs.ladder import everything_to, ladder_of
from migration.costs.month import read_traffic
from migration.costs.parts import Basis, Plan, Terms
from migration.schema import CandidateKind
from migration.stats import Rate

TASKS = {"intent": "chat", "reply": "chat", "judge": "scoring", "embed": "embedding", "redo": "retry"}
PRICE = (2.5e-6, 10e-6)


@dataclass(frozen=True)
class Shop:
    """The truth: calls a weekday and a weekend day, mean tokens, and the chance of each way (slm, both, llm)."""

    weekday: np.ndarray
    weekend: np.ndarray
    prompt: np.ndarray
    completion: np.ndarray
    ways: np.ndarray

    @property
    def month_calls(self) -> np.ndarray:
        return 365.25 / 12 * (self.weekday * 5 + self.weekend * 2) / 7

    @property
    def month_usd(self) -> np.ndarray:
        return self.month_calls * (self.prompt * PRICE[0] + self.completion * PRICE[1])


def draw_shop(rng: np.random.Generator) -> Shop:
    weekday = rng.uniform(10, 40, len(TASKS))
    ways = rng.dirichlet([5, 2, 2], len(TASKS))
    ways[3] = [0, 0, 1]
    ways[4] = ways[1]  # a retry belongs to the task of `reply`
    return Shop(weekday, weekday * rng.uniform(0.3, 0.9), rng.uniform(100, 900, len(TASKS)),
                rng.uniform(5, 200, len(TASKS)), ways)  # fmt: skip


def draw_log(shop: Shop, rng: np.random.Generator, *, days: int = 28, noise: float = 0.15) -> pd.DataFrame:
    """A calls table of whole days from a Monday; `noise` is how much a day's level varies beyond Poisson."""
    parts = []
    start = np.datetime64("2025-09-01T00:00:00", "us")
    for day in range(days):
        level = rng.gamma(1 / noise**2, noise**2)
        rate = (shop.weekend if day % 7 >= 5 else shop.weekday) * level
        counts = rng.poisson(rate)
        at = np.repeat(np.arange(len(TASKS)), counts)
        seconds = rng.integers(0, 86_400_000_000, len(at))
        parts.append((at, start + np.timedelta64(day, "D") + seconds.astype("timedelta64[us]")))
    at = np.concatenate([p[0] for p in parts])
    names = np.array(list(TASKS))[at]
    prompt = 1 + rng.poisson(rng.gamma(4, (shop.prompt[at] - 1) / 4))
    completion = 1 + rng.poisson(rng.gamma(2, (shop.completion[at] - 1) / 2))
    return pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(len(at))],
            "conversation_id": [f"v{i // 4}" for i in range(len(at))],
            "created_at": pd.Series(np.concatenate([p[1] for p in parts])).dt.tz_localize("UTC"),
            "model": "gpt-4o",
            "kind": np.array(list(TASKS.values()))[at],
            "task": np.where(names == "redo", "reply", names),
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "latency_ms": rng.lognormal(7, 0.4, len(at)),
            "cached_tokens": 0,
            "cost_usd": prompt * PRICE[0] + completion * PRICE[1],
            "tokens_estimated": False,
        }
    )


def decided(task: str, ways: list[str], **more) -> pd.DataFrame:
    """Decisions of a task: "slm" kept by `small`, "both" escalated, "llm" never asked of it."""
    slm = np.array([way == "slm" for way in ways])
    tried = [[] if way == "llm" else ["small"] for way in ways]
    columns = {"task": task, "model": np.where(slm, "slm", "llm"), "candidate": np.where(slm, "small", "gpt-4o")}
    return pd.DataFrame(columns | {"tried": tried} | more)


def draw_decisions(shop: Shop, rng: np.random.Generator, *, n: int = 120) -> pd.DataFrame:
    """`n` decided calls for each task that can move."""
    moved = [(task, ways) for task, ways in zip(TASKS, shop.ways, strict=True) if TASKS[task] in ("chat", "scoring")]
    rows = [decided(task, list(rng.choice(["slm", "both", "llm"], n, p=ways)), part="test") for task, ways in moved]
    return pd.concat(rows, ignore_index=True)


@lru_cache
def shipped() -> scenarios.Assumptions:
    """The scenarios file that ships, with an offer for the small model behind an API."""
    api = scenarios.SlmApi(prompt_usd_per_m=0.13, completion_usd_per_m=0.52, source="an offer")
    return scenarios.read_assumptions().model_copy(update={"slm_api": api})


def make_basis(calls: pd.DataFrame, decisions: pd.DataFrame, *, quality: Rate | None = None, hours: float = 0.0,
               gpu: str = "rtx4090", **changes) -> Basis:  # fmt: skip
    assumptions = shipped()
    cpu = assumptions.cpu.with_speed((250.0, 40.0))
    terms = Terms(assumptions.gpu(gpu), cpu, hours, 100.0, 0.0, 2.0, 0, gpu)
    terms = Terms(**{**terms.__dict__, **changes})
    ladder = ladder_of(decisions, {})
    return Basis(read_traffic(calls), ladder, quality or Rate(0.97, 0.95, 0.99, 300), assumptions, terms)


STAYS = Plan("Stay", everything_to("", CandidateKind.SLM, []), Rate(1.0, 1.0, 1.0, 0))


def hybrid(basis: Basis, hosting: str = "api") -> Plan:
    """The ladder with its small model run by `hosting`."""
    return ladder_plan(basis, hosting)
