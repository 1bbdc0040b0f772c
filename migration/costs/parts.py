"""The parts of a month's bill: each a quantity times a price, with the origin of both.

The bill before and after, the ledger, the spreadsheet and the projection are all sums of these components. A new one is
a function that yields components, listed in `COMPONENTS`, and its name in `PARTS`. The bill before is the one of the
plan under which every call goes to the LLM: the two sides cannot drift apart. Out of scope: months to come.

Shapes: W simulations, M months, L lines of the log, K ways, R rows of a component.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from migration.audit.month_scale import MONTH_HOURS
from migration.audit.prices import RATES
from migration.costs.ladder import Ladder
from migration.costs.month import TOKENS, Traffic
from migration.costs.scenarios import Assumptions, Gpu
from migration.schema import CandidateKind
from migration.stats import Rate

PARTS = {
    "llm_answers": "LLM answers",
    "escalations": "LLM, after a small model was unsure",
    "scoring": "LLM scoring calls",
    "embedding": "embeddings",
    "retries": "retries",
    "errors": "failed calls",
    "slm": "SLM: GPUs or API",
    "classifier": "caches and classifiers",
    "api": "cheaper API models",
    "monitoring": "quality checks by the LLM",
    "fine_tuning": "monthly fine-tuning",
    "engineering": "engineer time",
    "wrong_answers": "wrong answers",
    "one_off": "one-off: the change and the first tuning",
}
"""Each part of a month's bill, and what people call it."""
PART_OF = {"chat": "llm_answers", "scoring": "scoring", "embedding": "embedding", "retry": "retries", "error": "errors"}
UNITS = {
    "prompt": "M prompt tokens",
    "cached": "M cached prompt tokens",
    "written": "M prompt tokens written to a cache",
    "answer": "M answer tokens",
}
LOG, SHARE = "01 calls.parquet x days to a month", "share by task (04 decisions.parquet)"
GROWS = ("calls", "tokens", "prices")
"""What API tokens follow month by month: the number of calls, tokens a call, and API prices."""


@dataclass(frozen=True)
class Terms:
    """The notebook's parameters and the machines, with speeds filled in."""

    gpu: Gpu
    cpu: Gpu
    engineer_hours_month: float
    engineer_usd_hour: float
    wrong_answer_usd: float
    target_s: float
    redundancy: int
    machine: str = ""

    def own(self, hosting: str) -> Gpu:
        """What runs the small model: the GPU, or the machine without one."""
        return self.cpu if hosting == "cpu" else self.gpu


@dataclass(frozen=True)
class Basis:
    """What is known: the log, the ladder of 04 with its quality over all movable calls, assumptions and terms."""

    traffic: Traffic
    ladder: Ladder
    quality: Rate
    assumptions: Assumptions
    terms: Terms


@dataclass(frozen=True)
class Plan:
    """One way to pay for the month: who answers (`ladder`), what runs the small model, what people do for it.

    hosting: of scenarios.HOSTING, "" where no small model runs. hours_once, hours_month: people's. tuned: a small model
    is fine-tuned. llm_factor: (L,) what a line's LLM price becomes, in its share (prompt caching, batch), or None.
    falls: of today's LLM share, what real reviews saw left at their end, and after how many weeks, or None. only: the
    one kind of candidate that answers, where the ladder is the policy's with all others taken out.
    """

    title: str
    ladder: Ladder
    quality: Rate
    hosting: str = ""
    hours_once: float = 0.0
    hours_month: float = 0.0
    tuned: bool = False
    llm_factor: np.ndarray | None = None
    falls: tuple[float, float] | None = None
    only: CandidateKind | None = None

    @property
    def acts(self) -> bool:
        """Whether anything differs from staying."""
        return self.ladder.moves or self.llm_factor is not None


@dataclass(frozen=True)
class Component:
    """Rows of one part: USD = quantity x price_usd, in each simulation and month.

    quantity: (W, 1 or M, R); price_usd: (R,); quantity_from and price_from: (R,) origins. follows: the drivers that
    multiply it month by month (GROWS).
    """

    part: str
    quantity: np.ndarray
    unit: str
    price_usd: np.ndarray
    quantity_from: list[str]
    price_from: list[str]
    follows: tuple[str, ...] = ()

    def usd(self, drivers: dict[str, np.ndarray]) -> np.ndarray:
        """USD (W, M). drivers: each (W, M), 1 in the first month."""
        total = self.quantity @ self.price_usd
        for name in self.follows:
            total = total * drivers[name]
        return total

    def rows(self) -> pd.DataFrame:
        """The first simulation's first month as rows of the ledger."""
        return pd.DataFrame({"part": self.part, "quantity": self.quantity[0, 0], "unit": self.unit,
                             "price_usd": self.price_usd, "quantity_from": self.quantity_from,
                             "price_from": self.price_from, "follows": " ".join(self.follows)})  # fmt: skip


def one(part: str, quantity: np.ndarray, unit: str, price: float, origins: tuple[str, str], *follows: str) -> Component:
    """A component of one row; quantity: (W,) or (W, M)."""
    shaped = quantity[:, :, None] if quantity.ndim == 2 else quantity[:, None, None]
    return Component(part, shaped, unit, np.array([price]), [origins[0]], [origins[1]], follows)


@dataclass(frozen=True)
class Load:
    """What `plan` uses of a month at today's volume. month: AMOUNTS (W, L); laid: (W, L, K) shares of a line's calls.

    quality, people: (W,) share of answers as good as the LLM's, and hours that people really spend against the plan.
    gpus, busy_hours: (W, M) of all GPUs (machines) together.
    """

    basis: Basis
    plan: Plan
    month: dict[str, np.ndarray]
    laid: np.ndarray
    quality: np.ndarray
    people: np.ndarray
    gpus: np.ndarray
    busy_hours: np.ndarray

    @cached_property
    def llm(self) -> np.ndarray:
        """(W, L): share of a line's calls that the LLM answers."""
        return self.laid @ self.plan.ladder.to_llm.astype(float)

    def asked(self, asks: np.ndarray) -> np.ndarray:
        """(W, L): share of a line's calls on ways `asks` (K,); calls that cannot move ask no candidate."""
        return self.laid @ asks.astype(float) * self.basis.traffic.movable

    def tokens(self, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prompt and answer tokens (W,) of `share` (W, L) of the lines."""
        prompt = self.month["prompt"] + self.month["cached"] + self.month["written"]
        return (prompt * share).sum(axis=1), (self.month["answer"] * share).sum(axis=1)

    @property
    def ones(self) -> np.ndarray:
        """(W,): what is the same in every simulation."""
        return np.ones(len(self.laid))


def llm_parts(load: Load) -> Iterator[Component]:
    """What the LLM is paid, by part and line; and for asking again, to check the small models' answers."""
    kind, movable = load.basis.traffic.lines["kind"], load.basis.traffic.movable
    escalated = load.laid @ load.plan.ladder.escalates.astype(float) * (kind == "chat").to_numpy()
    origin = f"{LOG} x {SHARE}" if load.plan.ladder.moves else LOG
    for name, part in PART_OF.items():
        yield from _tokens(load, part, (kind == name).to_numpy(), load.llm - escalated, origin)
    if load.plan.ladder.moves:
        yield from _tokens(load, "escalations", (kind == "chat").to_numpy(), escalated, origin)
        judged = (1 - load.llm) * load.basis.assumptions.running.judged_share
        yield from _tokens(load, "monitoring", movable, judged, f"{origin} x scenarios running.judged_share")


def _tokens(load: Load, part: str, of: np.ndarray, share: np.ndarray, origin: str) -> Iterator[Component]:
    """`share` (W, L) of the lines `of` (L,), at what they paid: by tokens, or in money where no price gives it."""
    lines, factor = load.basis.traffic.lines, load.plan.llm_factor
    said = (lines["said"] + ": " + lines["model"]).to_numpy(object)
    factor = np.ones(len(lines)) if factor is None else factor
    said = np.where(factor == 1, said, said + f", {load.plan.title}")
    listed = lines[RATES[0]].notna().to_numpy()
    for name, rate in zip(TOKENS, RATES, strict=True):
        at = np.flatnonzero(of & listed & (lines[name].to_numpy() > 0))
        quantity = (load.month[name] * share)[:, None, at] / 1e6
        yield Component(part, quantity, UNITS[name], (lines[rate].to_numpy() * factor)[at], [origin] * len(at),
                        list(said[at]), GROWS)  # fmt: skip
    at = np.flatnonzero(of & ~listed)
    yield Component(part, (load.month["usd"] * share)[:, None, at], "USD in the log", factor[at], [origin] * len(at),
                    list(said[at]), GROWS)  # fmt: skip


def slm_parts(load: Load) -> Iterator[Component]:
    """The small model through an API, on rented machines, or on bought ones: work and idle hours apart."""
    plan, running, counted = load.plan, load.basis.assumptions.running, "GPUs by Erlang C for the busiest hour"
    own, hosting = load.basis.terms.own(plan.hosting), plan.hosting
    said = "scenarios cpu" if hosting == "cpu" else f"scenarios gpus.{load.basis.terms.machine}"
    if hosting == "api":
        api = load.basis.assumptions.slm_api
        asks = load.asked(plan.ladder.reaches(CandidateKind.SLM))
        prices = (api.prompt_usd_per_m, api.completion_usd_per_m) if api else (np.nan, np.nan)
        origins = (f"{LOG} x {SHARE}", f"scenarios slm_api: {api.source if api else ''}")
        for name, tokens, price in zip(("prompt", "answer"), load.tokens(asks), prices, strict=True):
            yield one("slm", tokens / 1e6, UNITS[name], price, origins, *GROWS)
    elif hosting in ("rented", "cpu"):
        busy = np.minimum(load.busy_hours, load.gpus * MONTH_HOURS)
        rent = own.rent_usd_hour, f"{said}.rent_usd_hour"
        yield one("slm", busy, "hours at work", rent[0], ("calls to the SLM x seconds of a call", rent[1]))
        idle = load.gpus * MONTH_HOURS - busy
        yield one("slm", idle, "idle hours", rent[0], (f"{counted}, around the clock", rent[1]))
    elif hosting == "bought":
        worn = f"{counted} / scenarios running.amortise_months"
        busy = np.minimum(load.busy_hours, load.gpus * MONTH_HOURS)
        watts = load.gpus * MONTH_HOURS * (own.idle_watts + own.host_watts) + busy * (own.watts - own.idle_watts)
        gone = load.gpus / running.amortise_months
        yield one("slm", gone, "GPUs worn out", own.price_usd, (worn, f"{said}.price_usd"))
        yield one("slm", gone, "machines worn out", own.host_usd, (worn, f"{said}.host_usd"))
        yield one("slm", load.gpus, "machines housed", running.hosting_usd_month,
                  (counted, "scenarios running.hosting_usd_month"))  # fmt: skip
        yield one("slm", watts / 1000, "kWh", running.power_usd_kwh,
                  ("hours x (idle_watts + host_watts) + hours at work x (watts - idle_watts)",
                   "scenarios running.power_usd_kwh"))  # fmt: skip


def other_candidates(load: Load) -> Iterator[Component]:
    """Caches and classifiers by the call, other API models by the token, at the prices of policy.json."""
    ladder, origin = load.plan.ladder, f"{LOG} x {SHARE}"
    for kind in (CandidateKind.CACHE, CandidateKind.CLASSIFIER, CandidateKind.API):
        for name, asks in zip(ladder.names(kind), ladder.asks(kind), strict=True):
            price, share = ladder.prices.get(name), load.asked(asks)
            if price is None:
                continue
            part, said = "api" if kind == CandidateKind.API else "classifier", f"{name}: {price.source}"
            if price.call_usd:
                calls = (load.month["calls"] * share).sum(axis=1)
                yield one(part, calls, "calls", price.call_usd, (origin, said), "calls")
            rates = ("prompt", price.prompt_usd_per_m), ("answer", price.completion_usd_per_m)
            for (unit, usd), tokens in zip(rates, load.tokens(share), strict=True):
                yield one(part, tokens / 1e6, UNITS[unit], usd, (origin, said), *GROWS)


def upkeep(load: Load) -> Iterator[Component]:
    """What exists every month only because something changed."""
    plan, terms, running = load.plan, load.basis.terms, load.basis.assumptions.running
    if not plan.acts:
        return
    if plan.tuned and plan.hosting:
        yield one("fine_tuning", running.retrains_month * load.ones, "fine-tunings", running.retrain_usd,
                  ("scenarios running.retrains_month", "scenarios running.retrain_usd"))  # fmt: skip
    yield one("engineering", plan.hours_month * load.people, "hours", terms.engineer_usd_hour,
              ("parameter engineer_hours_month" if plan.tuned else "scenarios effort: hours_month",
               "parameter engineer_usd_hour"))  # fmt: skip
    if plan.ladder.moves:
        wrong = (load.month["calls"] * load.basis.traffic.movable).sum(axis=1) * (1 - load.quality)
        origins = "calls that can move x (1 - quality under the plan)", "parameter wrong_answer_usd"
        yield one("wrong_answers", wrong, "wrong answers", terms.wrong_answer_usd, origins, "calls")


def spent_once(load: Load) -> Iterator[Component]:
    """The first fine-tuning, which is spent to find out; and people's hours where something changes."""
    plan, terms, running = load.plan, load.basis.terms, load.basis.assumptions.running
    if plan.tuned:
        origins = "one", "scenarios running.retrain_usd"
        yield one("one_off", load.ones, "first fine-tuning", running.retrain_usd, origins)
    if plan.acts:
        origin = "scenarios running.migration_hours" if plan.tuned else "scenarios effort: hours_once"
        yield one("one_off", plan.hours_once * load.people, "hours", terms.engineer_usd_hour,
                  (origin, "parameter engineer_usd_hour"))  # fmt: skip


COMPONENTS = (llm_parts, slm_parts, other_candidates, upkeep, spent_once)


def components(load: Load) -> list[Component]:
    """All components of a plan's month."""
    return [component for producer in COMPONENTS for component in producer(load) if component.price_usd.size]
