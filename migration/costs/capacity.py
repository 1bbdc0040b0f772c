"""How many GPUs the small model needs, and how long customers then wait.

From the log's busiest hour by Erlang C. A GPU writes to `streams` answers side by side: a call holds one stream for the
time that its prompt takes at the GPU's reading speed and its answer at a stream's writing speed; reading goes first and
makes the GPU's other streams pause. A machine without a GPU is one with a single stream. Out of scope: prices.

Erlang, A. K. (1917) for the chance to wait; Allen & Cunneen (1990) for arrivals and services that are not
exponential: the wait of those who wait is exponential with its mean times (ca² + cs²) / 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from migration.audit.waiting import conversation_waits
from migration.costs.ladder import Ladder
from migration.costs.scenarios import Gpu
from migration.errors import NotEnoughCalls
from migration.schema import REPLAYED, CandidateKind

HOUR_S = 3600.0


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
        """Calls a second in the busiest hour."""
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
    """What calls ask of a GPU, as q equally likely calls: seconds to read the prompt at the GPU's whole speed, and to
    write the answer at a stream's. `gpu_s`: mean seconds that a call takes of a whole GPU."""

    reading: np.ndarray
    writing: np.ndarray
    streams: int

    @property
    def gpu_s(self) -> float:
        """Mean seconds of a whole GPU that a call takes."""
        return float(self.reading.mean() + self.writing.mean() / self.streams)

    def held(self, rate: np.ndarray | float, gpus: np.ndarray | float, stretch: np.ndarray | float = 1.0) -> np.ndarray:
        """Seconds (q, m) that calls hold a stream when `rate` (m,) calls a second share `gpus` (m,).

        While a GPU reads, the other streams' writing pauses: writing is slower by what the others' prompts take.
        stretch (m,): how much longer calls are than those measured.
        """
        rate, gpus, stretch = (np.atleast_1d(np.asarray(x, float)) for x in (rate, gpus, stretch))
        others = rate * stretch * self.reading.mean() / gpus * (1 - 1 / self.streams)
        pace = np.maximum(1 - others, 1e-9)
        return (self.reading[:, None] + self.writing[:, None] / pace) * stretch


def work(gpu: Gpu, prompt_tokens: np.ndarray, completion_tokens: np.ndarray, weight: np.ndarray, q: int = 100) -> Work:
    """The work of calls (n,) on `gpu`: `q` calls at the quantiles of their `weight`ed service times.

    prompt_tokens, completion_tokens, weight: (n,), the weight being the calls that each row stands for.
    """
    reading = np.asarray(prompt_tokens, float) / float(gpu.prompt_tokens_per_s)
    writing = np.asarray(completion_tokens, float) * gpu.streams / float(gpu.completion_tokens_per_s)
    if not weight.sum() > 0:
        return Work(np.zeros(1), np.zeros(1), gpu.streams)
    order = np.argsort(reading + writing, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    at = order[np.searchsorted(reached, (np.arange(q) + 0.5) / q).clip(max=len(order) - 1)]
    return Work(_scaled(reading, at, weight), _scaled(writing, at, weight), gpu.streams)


def _scaled(seconds: np.ndarray, at: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The picked calls' seconds, scaled so that their mean is that of all calls: no work is lost in the thinning."""
    picked = seconds[at]
    return picked * (np.average(seconds, weights=weight) / picked.mean()) if picked.mean() > 0 else picked


def erlang_c(servers: np.ndarray | int, load: np.ndarray) -> np.ndarray:
    """The chance that a call waits. `load` = arrivals a second x mean service seconds (any shape); 1 if overloaded.

    servers: of the same shape, or one number.
    """
    load, servers = np.broadcast_arrays(np.asarray(load, float), np.asarray(servers, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Erlang B is a Poisson probability over its distribution function.
        log_mass = servers * np.log(load) - load - special.gammaln(servers + 1)
        blocked = np.exp(log_mass) / special.gammaincc(servers + 1, load)
        waits = servers * blocked / (servers - load * (1 - blocked))
    return np.where(load >= servers, 1.0, np.where(load <= 0, 0.0, waits))


def share_on_time(
    gpus: np.ndarray | int, rate: np.ndarray | float, job: Work, target_s: float, *, burst: float = 1.0,
    stretch: np.ndarray | float = 1.0,
) -> np.ndarray:  # fmt: skip
    """Share of calls (m,) that `gpus` answer within `target_s` when `rate` calls a second arrive, waiting included.

    gpus, rate, stretch: (m,) or one number; stretch: how much longer calls are than those measured.
    """
    rate, gpus, stretch = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float)) for x in (rate, gpus, stretch)))
    held, servers = job.held(rate, gpus, stretch), gpus * job.streams
    mean = held.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (burst + held.var(axis=0) / mean**2) / 2
        decay = np.nan_to_num(np.maximum(servers / mean - rate, 0) / spread, posinf=1e12)
    left = target_s - held
    late = erlang_c(servers, rate * mean) * np.exp(-decay * np.maximum(left, 0))
    return np.where(left >= 0, 1 - late, 0.0).mean(axis=0)


def gpus_needed(
    rate: np.ndarray, job: Work, *, target_s: float, on_time: float, headroom: float = 0.0, redundancy: int = 0,
    burst: float = 1.0, stretch: np.ndarray | float = 1.0,
) -> np.ndarray:  # fmt: skip
    """The fewest GPUs that answer `on_time` of calls within `target_s`, plus `redundancy` spare ones.

    rate: calls a second in the busiest hour, any shape; `headroom` is added to it. stretch: how much longer a call
    takes than in `job` (longer texts, a slower GPU), same shape or a scalar. Where calls break the target by
    themselves, no number of GPUs helps: then `on_time` is asked of the share that can be in time (see `reachable`).
    No calls need no GPU, spare or not.
    """
    shape = np.shape(rate)
    rates = np.ravel(np.asarray(rate, float)) * (1 + headroom)
    stretches = np.ravel(np.broadcast_to(stretch, shape)).astype(float)
    alone = (job.reading + job.writing)[:, None] * stretches
    able = (alone <= target_s).mean(axis=0)
    asked = np.where(able >= on_time, on_time, on_time * able)
    gpus = np.floor(rates * job.gpu_s * stretches) + 1
    todo = np.flatnonzero(rates > 0)
    while len(todo):
        share = share_on_time(gpus[todo], rates[todo], job, target_s, burst=burst, stretch=stretches[todo])
        most = gpus[todo] > 2 * rates[todo] * job.gpu_s * stretches[todo] + 50  # nothing waits there any more
        todo = todo[(share < asked[todo]) & ~most]
        gpus[todo] += 1
    return np.where(rates > 0, gpus + redundancy, 0).astype(int).reshape(shape)


def reachable(job: Work, *, target_s: float) -> float:
    """Share of calls whose own time on an idle GPU keeps the target: the most that any number of GPUs can reach."""
    return float((job.reading + job.writing <= target_s).mean())


def felt_latency(calls: pd.DataFrame, ladder: Ladder, gpu: Gpu, *, seed: int = 7) -> pd.DataFrame:
    """What customers wait for each call: columns call_id, conversation_id, path, before_ms, after_ms.

    calls: chat and scoring calls with `latency_ms`. Each call takes a way by its task's shares (seeded) and waits for
    every candidate on it. The small model's time is `gpu`'s, unloaded; the LLM's is the logged one, which also stands
    for another API's; a cache or a classifier takes milliseconds, counted as none.
    """
    logged = calls[calls["kind"].isin(list(REPLAYED)) & calls["latency_ms"].notna()]
    shares = ladder.shares.reindex(logged["task"]).fillna(0.0).to_numpy(copy=True)  # (n, ways)
    shares[shares.sum(axis=1) == 0, 0] = 1.0  # no policy speaks of it: the LLM alone
    draw = np.random.default_rng(seed).random(len(logged))
    way = (draw[:, None] > shares.cumsum(axis=1)).sum(axis=1).clip(max=shares.shape[1] - 1)
    prompt, answer = (logged[f"{name}_tokens"].to_numpy(float) for name in ("prompt", "completion"))
    small = 1000 * (prompt / float(gpu.prompt_tokens_per_s) + answer * gpu.streams / float(gpu.completion_tokens_per_s))
    large = logged["latency_ms"].to_numpy(float)
    asks = ladder.reaches(CandidateKind.SLM)[way], ladder.reaches(CandidateKind.API)[way]
    return pd.DataFrame(
        {
            "call_id": logged["call_id"].to_numpy(),
            "conversation_id": logged["conversation_id"].to_numpy(),
            "path": np.array([one.label for one in ladder.ways], object)[way],
            "before_ms": large,
            "after_ms": asks[0] * small + (asks[1] + ladder.to_llm[way]) * large,
        }
    )


def latency_table(felt: pd.DataFrame) -> pd.DataFrame:
    """p50, mean and p95 before and after, per call, per path and per conversation (its calls summed).

    felt: of `felt_latency`. Columns: of, n, then for before and after: p50, mean, p95 in ms.
    """
    groups = {"a call": felt, **{f"a call: {path}": part for path, part in felt.groupby("path")}}
    groups["a conversation"] = conversation_waits(felt, ["before_ms", "after_ms"])
    rows = []
    for name, part in groups.items():
        row: dict[str, object] = {"of": name, "n": len(part)}
        for when in ("before", "after"):
            times = part[f"{when}_ms"]
            row |= {f"{when} p50, ms": times.median(), f"{when} mean, ms": times.mean(),
                    f"{when} p95, ms": times.quantile(0.95)}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)
