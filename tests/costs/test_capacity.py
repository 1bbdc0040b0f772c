"""The number of GPUs by formula, held against a discrete-event simulation of the same arrivals."""

import gzip
import heapq
import json

import numpy as np
import pandas as pd
import pytest
from shops import decided

from migration.costs.capacity import (
    Work,
    erlang_c,
    felt_latency,
    gpus_needed,
    latency_table,
    peak_hour,
    reachable,
    share_on_time,
    work,
)
from migration.costs.ladder import ladder_of
from migration.costs.scenarios import read_assumptions

HOUR = 3600.0
GPU = read_assumptions().gpu("rtx4090")
SLOW = GPU.model_copy(update={"prompt_tokens_per_s": 250.0, "completion_tokens_per_s": 250.0, "streams": 1})


def simulate_queue(arrivals: np.ndarray, service: np.ndarray, servers: int) -> np.ndarray:
    """Waits in seconds (n,) of calls in order of arrival at `servers` streams: a discrete-event simulation.

    arrivals: seconds (n,), ascending; service: seconds (n,) that each call holds a stream.
    """
    free = [0.0] * servers
    heapq.heapify(free)
    waits = np.empty(len(arrivals))
    for i, (arrival, held) in enumerate(zip(arrivals.tolist(), service.tolist(), strict=True)):
        start = max(arrival, free[0])
        waits[i] = start - arrival
        heapq.heapreplace(free, start + held)
    return waits


def test_erlang_c_is_the_textbooks():
    # Two erlangs on three servers: 4/9 wait; one server: the load itself waits (M/M/1).
    assert erlang_c(3, np.array([2.0]))[0] == pytest.approx(4 / 9)
    assert erlang_c(1, np.array([0.7]))[0] == pytest.approx(0.7)
    assert erlang_c(2, np.array([2.0, 5.0])).tolist() == [1.0, 1.0]


def test_the_simulation_is_erlangs_where_erlang_is_exact():
    rng, n, servers, load = np.random.default_rng(1), 200_000, 4, 3.0
    arrivals = np.cumsum(rng.exponential(1 / load, n))
    waits = simulate_queue(arrivals, rng.exponential(1.0, n), servers)
    assert (waits > 0).mean() == pytest.approx(float(erlang_c(servers, np.array([load]))[0]), abs=0.01)


def simulated_share(rate, service, servers, target, *, hours=30, seed=0):
    """Share in time of Poisson arrivals at the busiest hour's rate, over many such hours."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate * HOUR * hours)
    arrivals = np.sort(rng.random(n)) * HOUR * hours
    held = rng.choice(service, n)
    return (simulate_queue(arrivals, held, servers) + held <= target).mean()


CASES = [
    # calls an hour, prompt and answer tokens, sigma of answers, GPU, target s
    (1_500, 400, 20, 0.5, SLOW, 6.0),
    (6_000, 400, 20, 0.8, SLOW, 6.0),
    (60_000, 600, 60, 0.5, GPU, 2.0),
    (220_000, 300, 40, 0.6, GPU, 1.5),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} calls an hour")
def test_the_gpus_meet_the_target_and_one_fewer_misses_it(case):
    an_hour, prompt, answer, sigma, gpu, target = case
    rng = np.random.default_rng(3)
    answers = answer * rng.lognormal(0, sigma, 4000)
    job = work(gpu, np.full(4000, prompt), answers, np.ones(4000))
    rate = an_hour / HOUR
    gpus = int(gpus_needed(np.array([rate]), job, target_s=target, on_time=0.95)[0])
    assert gpus >= 2
    hours = max(2, min(30, 200_000 // an_hour))
    kept, fewer = (
        simulated_share(rate, job.held(rate, n)[:, 0], n * gpu.streams, target, hours=hours) for n in (gpus, gpus - 1)
    )
    assert kept >= 0.95 - 0.005
    assert fewer < 0.95


def test_on_the_logs_own_arrivals_the_gpus_meet_the_target_and_one_fewer_misses_it(support_log):
    """Thirty real days laid over each other: the arrivals are the log's, only busier."""
    with gzip.open(support_log, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    created = pd.Series(pd.to_datetime([r["created"] for r in rows], unit="s", utc=True))
    usage = pd.DataFrame([r["response"]["usage"] for r in rows])
    moves = (usage["prompt_tokens"] < 1000) & (usage["completion_tokens"] < 150)
    created, usage = created[moves].reset_index(drop=True), usage[moves].reset_index(drop=True)
    day = pd.Timestamp("2025-09-01", tz="UTC")
    at = (day + (created - created.dt.floor("D"))).sort_values()
    prompt, answer = (usage.loc[at.index, c].to_numpy(float) for c in ("prompt_tokens", "completion_tokens"))
    at = at.reset_index(drop=True)
    peak = peak_hour(at, np.ones(len(at)))
    slow = SLOW.model_copy(update={"prompt_tokens_per_s": 90.0, "completion_tokens_per_s": 90.0})
    target = 8.0
    inside = ((at >= peak.start) & (at < peak.start + pd.Timedelta("1h"))).to_numpy()
    job = work(slow, prompt[inside], answer[inside], np.ones(inside.sum()))
    gpus = int(gpus_needed(np.array([peak.per_s]), job, target_s=target, on_time=0.95, burst=peak.burst)[0])
    assert gpus >= 2
    seconds = (at - day).dt.total_seconds().to_numpy()
    held = (prompt + answer) / 90.0

    def kept(n):
        return (simulate_queue(seconds, held, n) + held <= target)[inside].mean()

    assert kept(gpus) >= 0.95
    assert kept(gpus - 1) < 0.95


def test_redundancy_and_headroom_add_gpus_and_no_calls_need_none():
    job = Work(np.full(200, 0.5), np.full(200, 0.5), 1)
    rates = np.array([0.0, 0.5, 5.0])
    plain = gpus_needed(rates, job, target_s=2.0, on_time=0.95)
    spare = gpus_needed(rates, job, target_s=2.0, on_time=0.95, redundancy=1)
    ahead = gpus_needed(rates, job, target_s=2.0, on_time=0.95, headroom=1.0)
    assert plain[0] == spare[0] == ahead[0] == 0
    assert (spare[1:] == plain[1:] + 1).all()
    assert (ahead[1:] >= plain[1:]).all()
    assert ahead[2] > plain[2]


def test_more_calls_or_longer_texts_never_need_fewer_cards():
    job = work(GPU, np.full(500, 800.0), np.random.default_rng(0).gamma(2, 60, 500), np.ones(500))
    counts = gpus_needed(np.geomspace(0.1, 200, 60), job, target_s=3.0, on_time=0.95)
    assert (np.diff(counts) >= 0).all()
    stretched = gpus_needed(np.full(20, 30.0), job, target_s=30.0, on_time=0.95, stretch=np.linspace(0.5, 3, 20))
    assert (np.diff(stretched) >= 0).all()


def test_a_target_that_no_gpu_can_keep_is_told_and_not_paid_for_without_end():
    job = Work(np.zeros(200), np.concatenate([np.full(100, 0.5), np.full(100, 9.0)]), 1)
    assert reachable(job, target_s=2.0) == 0.5
    assert gpus_needed(np.array([1.0]), job, target_s=2.0, on_time=0.95)[0] < 40
    assert share_on_time(50, 1.0, job, 2.0)[0] == pytest.approx(0.5, abs=0.01)


def test_an_escalated_call_waits_for_both(calls):
    ladder = ladder_of(decided("intent", ["both"]), {})
    felt = felt_latency(calls, ladder, GPU)
    escalated = felt[felt["path"] == "small, then LLM"]
    assert len(escalated) == (calls["task"] == "intent").sum()
    assert (escalated["after_ms"] > escalated["before_ms"]).all()
    others = felt[felt["path"] == "LLM"]
    assert (others["after_ms"] == others["before_ms"]).all()
    table = latency_table(felt).set_index("of")
    assert table.loc["a conversation", "before mean, ms"] > table.loc["a call", "before mean, ms"]
    assert (latency_table(felt_latency(calls.assign(latency_ms=np.nan), ladder, GPU))["n"] == 0).all()
