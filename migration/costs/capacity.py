"""How many cards the small model needs, and how long customers then wait.

Knows: the log's busiest hour, Erlang C, and a discrete-event simulation that checks it.
Refuses to know: prices. A card writes to `streams` answers side by side: a call holds one stream for the time
that its prompt takes at the card's reading speed and its answer at a stream's writing speed.

Erlang, A. K. (1917) for the chance to wait; Allen & Cunneen (1990) for arrivals and services that are not
exponential: the wait of those who wait is exponential with its mean times (ca² + cs²) / 2.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.costs.scenarios import Card
from migration.errors import NotEnoughCalls

HOUR_S = 3600.0
_MAX_CARDS = 100_000


@dataclass(frozen=True)
class Peak:
    """The log's busiest clock hour, counting each call by the chance that it reaches the small model."""

    start: pd.Timestamp
    calls: float
    """Calls in that hour."""
    burst: float
    """Variance over mean of calls a minute in the ten busiest hours: 1 is Poisson, more is bunched."""

    @property
    def per_s(self) -> float:
        return self.calls / HOUR_S


def peak_hour(created_at: pd.Series, share: np.ndarray) -> Peak:
    """The busiest hour of calls at `created_at` (n,), each counted by its `share` (n,) in 0..1."""
    if not len(created_at):
        raise NotEnoughCalls("the busiest hour", 0, 1)
    hour = created_at.dt.floor("h")
    load = pd.Series(share, index=created_at.index).groupby(hour).sum().sort_values(ascending=False, kind="stable")
    minutes = created_at.dt.floor("min")[share > 0]
    bursts = []
    for start in load.index[:10]:
        inside = minutes[(minutes >= start) & (minutes < start + pd.Timedelta("1h"))]
        counts = np.bincount(((inside - start).dt.total_seconds() // 60).astype(int), minlength=60)
        if counts.sum() >= 30:  # fewer say nothing of bunching
            bursts.append(counts.var(ddof=1) / counts.mean())
    return Peak(load.index[0], float(load.iloc[0]), max(1.0, float(np.mean(bursts))) if bursts else 1.0)


@dataclass(frozen=True)
class Work:
    """What calls ask of a card. `service` (n,) seconds a stream is held, `card_s` mean seconds of a whole card."""

    service: np.ndarray
    card_s: float
    streams: int


def work(card: Card, prompt_tokens: np.ndarray, completion_tokens: np.ndarray, weight: np.ndarray) -> Work:
    """Service times of calls (n,) on `card`, thinned to 200 quantiles of their `weight`ed distribution."""
    reading = np.asarray(prompt_tokens, float) / float(card.prompt_tokens_per_s)
    writing = np.asarray(completion_tokens, float) / float(card.completion_tokens_per_s)
    service = reading + writing * card.streams
    if not weight.sum() > 0:
        return Work(np.zeros(1), 0.0, card.streams)
    order = np.argsort(service, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(reached, (np.arange(200) + 0.5) / 200).clip(max=len(order) - 1)
    return Work(service[order][at], float(np.average(reading + writing, weights=weight)), card.streams)


def erlang_c(servers: int, load: np.ndarray) -> np.ndarray:
    """The chance that a call waits. `load` = arrivals a second x mean service seconds (any shape); 1 if overloaded."""
    load = np.asarray(load, float)
    blocked = np.ones_like(load)  # Erlang B by its recursion, stable for any number of servers
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return _to_c(blocked, servers, load)


def _to_c(blocked: np.ndarray, servers: int, load: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        waits = servers * blocked / (servers - load * (1 - blocked))
    return np.where(load >= servers, 1.0, waits)


def _on_time(waits: np.ndarray, servers: int, rate: np.ndarray, stretch: np.ndarray, job: Work, target_s: float,
             burst: float) -> np.ndarray:  # fmt: skip
    """Share of calls whose wait + service keep `target_s`; arrays (m,)."""
    mean = job.service.mean()
    spread = (burst + (job.service.std() / mean) ** 2) / 2 if mean > 0 else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        decay = np.maximum(servers / (mean * stretch) - rate, 0) / spread
    left = target_s - job.service[:, None] * stretch  # (quantiles, m) seconds that a call may wait
    decay = np.where(np.isfinite(decay), decay, 1e12)
    return np.where(left >= 0, 1 - waits * np.exp(-decay * np.maximum(left, 0)), 0.0).mean(axis=0)


def share_on_time(servers: int, rate: float, job: Work, target_s: float, burst: float = 1.0) -> float:
    """Share of calls that `servers` streams answer within `target_s`, by Erlang C; `rate` in calls a second."""
    rates, one = np.array([rate]), np.ones(1)
    waits = erlang_c(servers, rates * job.service.mean())
    return float(_on_time(waits, servers, rates, one, job, target_s, burst)[0])


def cards_needed(
    rate: np.ndarray, job: Work, *, target_s: float, on_time: float, headroom: float = 0.0, redundancy: int = 0,
    burst: float = 1.0, stretch: np.ndarray | float = 1.0,
) -> np.ndarray:  # fmt: skip
    """The fewest cards that answer `on_time` of calls within `target_s`, plus `redundancy` spare ones.

    rate: calls a second in the busiest hour, any shape; `headroom` is added to it. stretch: how much longer a call
    takes than in `job` (longer texts, a slower card), same shape or a scalar. Where a call's own service time
    breaks the target, no number of cards helps: then `on_time` is asked of the share that can be in time (see
    `reachable`). No calls need no card, spare or not.
    """
    shape = np.shape(rate)
    rates = np.ravel(np.asarray(rate, float)) * (1 + headroom)
    stretches = np.ravel(np.broadcast_to(stretch, shape)).astype(float)
    able = (job.service[:, None] * stretches <= target_s).mean(axis=0)
    asked = np.where(able >= on_time, on_time, on_time * able)
    found = np.zeros(len(rates), int)
    todo = np.flatnonzero(rates > 0)
    blocked, servers, cards = np.ones(len(todo)), 0, 0
    while len(todo):
        cards += 1
        if cards > _MAX_CARDS:
            raise NotEnoughCalls("a sensible number of cards: the busiest hour asks for more than", _MAX_CARDS, 0)
        load = rates[todo] * job.service.mean() * stretches[todo]
        for _ in range(job.streams):
            servers += 1
            blocked = load * blocked / (servers + load * blocked)
        fits = (load < servers) & (rates[todo] * job.card_s * stretches[todo] <= cards)
        share = _on_time(_to_c(blocked, servers, load), servers, rates[todo], stretches[todo], job, target_s, burst)
        done = fits & (share >= asked[todo])
        found[todo[done]] = cards + redundancy
        todo, blocked = todo[~done], blocked[~done]
    return found.reshape(shape)


def reachable(job: Work, *, target_s: float) -> float:
    """Share of calls whose own service time keeps the target: the most that any number of cards can reach."""
    return float((job.service <= target_s).mean())


def simulate_queue(arrivals: np.ndarray, service: np.ndarray, servers: int) -> np.ndarray:
    """Waits in seconds (n,) of calls in order of arrival at `servers` streams: a discrete-event simulation."""
    free = [0.0] * servers
    heapq.heapify(free)
    waits = np.empty(len(arrivals))
    for i, (arrival, held) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
        start = max(arrival, free[0])
        waits[i] = start - arrival
        heapq.heapreplace(free, start + held)
    return waits


def felt_latency(calls: pd.DataFrame, routes: pd.DataFrame, card: Card, *, seed: int = 7) -> pd.DataFrame:
    """What customers feel, per call: columns call_id, conversation_id, path, before_ms, after_ms.

    calls: chat and scoring calls with `latency_ms`. routes: indexed by task, columns slm, escalated, llm (shares).
    Each call takes a path by its task's shares (seeded); an escalated call waits for the small model and then for
    the large one. The small model's time is `card`'s, unloaded; the large one's is the logged one.
    """
    logged = calls[calls["kind"].isin(["chat", "scoring"]) & calls["latency_ms"].notna()]
    if logged.empty:
        return pd.DataFrame(columns=["call_id", "conversation_id", "path", "before_ms", "after_ms"])
    shares = routes.reindex(logged["task"]).fillna({"slm": 0.0, "escalated": 0.0, "llm": 1.0})
    draw = np.random.default_rng(seed).random(len(logged))
    escalates = draw < shares["escalated"].to_numpy()
    answers = ~escalates & (draw < (shares["escalated"] + shares["slm"]).to_numpy())
    small = 1000 * (
        logged["prompt_tokens"].to_numpy(float) / float(card.prompt_tokens_per_s)
        + logged["completion_tokens"].to_numpy(float) * card.streams / float(card.completion_tokens_per_s)
    )
    large = logged["latency_ms"].to_numpy(float)
    return pd.DataFrame(
        {
            "call_id": logged["call_id"].to_numpy(),
            "conversation_id": logged["conversation_id"].fillna(logged["call_id"]).to_numpy(),
            "path": np.select([escalates, answers], ["escalated", "slm"], "llm"),
            "before_ms": large,
            "after_ms": np.select([escalates, answers], [small + large, small], large),
        }
    )


def latency_table(felt: pd.DataFrame) -> pd.DataFrame:
    """Median, mean, 95th percentile before and after, per call, per path and per conversation (its calls summed)."""
    whole = felt.groupby("conversation_id")[["before_ms", "after_ms"]].sum()
    groups = {"a call": felt, **{f"a call: {path}": part for path, part in felt.groupby("path")}}
    groups["a conversation"] = whole
    rows = []
    for name, part in groups.items():
        row = {"of": name, "n": len(part)}
        for when in ("before", "after"):
            times = part[f"{when}_ms"]
            row |= {
                f"{when} median, ms": times.median(),
                f"{when} mean, ms": times.mean(),
                f"{when} 95%, ms": times.quantile(0.95),
            }
        rows.append(row)
    return pd.DataFrame(rows)
