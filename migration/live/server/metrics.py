"""What Prometheus reads of a gateway: the split, latency, escalations, confidence, and cost by rung.

Labels hold names of the policy alone (tasks, candidates), never anything of a call. `dashboard.json` draws them.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from migration.live.exchange import Record
from migration.live.hybrid import Hybrid

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SHARES = tuple(place / 20 for place in range(1, 21))


class Metrics:
    """The counters of one worker, which the hybrid shows each record (`observe`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def made(kind: Any, name: str, text: str, labels: tuple[str, ...] = (), **more: Any) -> Any:
            return kind(f"migration_{name}", text, labels, registry=self.registry, **more)

        self.calls = made(Counter, "calls", "Calls by who answered", ("decision", "candidate", "task", "stage"))
        self.latency = made(Histogram, "latency_seconds", "What callers waited", ("decision",), buckets=SECONDS)
        self.escalations = made(Counter, "escalations", "Rung answers not kept", ("candidate", "why"))
        self.confidence = made(Histogram, "confidence", "Calibrated confidence", ("candidate",), buckets=SHARES)
        self.tokens = made(Counter, "tokens", "Tokens of delivered answers", ("decision", "direction"))
        self.replies = made(Counter, "replies", "Replies by HTTP status", ("status",))
        self.in_flight = made(Gauge, "in_flight", "Calls being answered")
        self.cost = made(Gauge, "cost_usd", "USD since the start, by candidate and part", ("candidate", "part"))
        self.log_lines = made(Gauge, "log_lines", "Decisions written and lost", ("state",))
        self.policy = made(Gauge, "policy", "1 for the version that serves", ("version",))
        self.open = made(Gauge, "rungs_in_force", "1 while a valid policy routes calls, 0 while all go to the LLM")

    def observe(self, record: Record) -> None:
        """Count one call."""
        decision = record["decision"]
        self.calls.labels(decision, record["candidate"], str(record["task"]), record["stage"]).inc()
        self.latency.labels(decision).observe(record["latency_ms"] / 1e3)
        for one in record["tried"]:
            self.escalations.labels(one["candidate"], "failed" if one["error"] else "unsure").inc()
            if not one["error"]:
                self.confidence.labels(one["candidate"]).observe(one["confidence"])
        if decision == "slm":
            self.confidence.labels(record["candidate"]).observe(record["confidence"])
        for direction in ("prompt", "completion"):
            self.tokens.labels(decision, direction).inc(record[f"{direction}_tokens"] or 0)

    def now_in_flight(self) -> float:
        """Calls being answered."""
        return self.in_flight._value.get()

    def text(self, hybrid: Hybrid) -> bytes:
        """All metrics in Prometheus's text form."""
        state = hybrid.store.current()
        self.policy.clear()
        self.policy.labels(state.active.version).set(1)
        self.open.set(state.problem is None and not state.active.off)
        if log := hybrid.log:
            for name, usd in list(log.costs.items()):
                candidate, _, part = name.rpartition("/")
                self.cost.labels(candidate, part).set(usd)
            for key, count in {"written": log.told["written"], "lost": log.lost}.items():
                self.log_lines.labels(key).set(count)
        return generate_latest(self.registry)
