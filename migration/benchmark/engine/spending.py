"""What endpoints have cost, kept beside the answers that were paid for, and when one may cost no more.

Counted over every call of `answer` that shares a cache file: a trial asks in rounds, and a stopped run goes on.
Out of scope: who is asked and how (`endpoint`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from migration.audit.prices import contract, price_of
from migration.benchmark.candidates import Candidate
from migration.benchmark.engine.cache import Answers
from migration.endpoints import is_loopback

MAX_TOKENS, MAX_SECONDS, MAX_BYTES = 20_000_000, 4 * 3600, 1 << 30
"""What one endpoint may cost in one step, beside `Candidate.max_usd`."""
_NOTE = "spent "


@dataclass
class Spent:
    """Requests that were answered, their tokens, bytes and USD (null: no price is known), and the seconds asked for.

    changed: placeholders of masked data that answers changed, so that they stay in them."""

    requests: int = 0
    tokens: int = 0
    bytes: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    changed: int = 0

    def __str__(self) -> str:
        price = "no price is known" if self.usd is None else f"${self.usd:,.2f}"
        left = (
            f", {self.changed:,} placeholders of masked data stay, as its answers changed them" if self.changed else ""
        )
        return f"{self.requests:,} answers, {self.tokens:,} tokens, {price}{left}"


@dataclass
class Ledger:
    """The spending of one endpoint in one store, with its ceilings."""

    store: Answers
    endpoint: str
    price: tuple[float, float] | None
    max_usd: float
    spent: Spent = field(default_factory=Spent)

    @classmethod
    def of(cls, candidate: Candidate, store: Answers) -> Ledger:
        """The ledger of a candidate behind an endpoint, so far. A list price does not hold on this machine."""
        base, _, model = candidate.source.partition("#")
        price = candidate.usd_m
        if price is None and not is_loopback(urlsplit(base).hostname or ""):
            price = usd_m(model)
        known = store.recall(_NOTE + candidate.source)
        spent = Spent(**known) if known else Spent(usd=None if price is None else 0.0)
        return cls(store, candidate.source, price, candidate.max_usd, spent)

    def add(self, value: dict[str, Any], seconds: float) -> None:
        """Count one reply, and keep the count."""
        asked, said = value.get("prompt_tokens") or 0, value.get("completion_tokens") or 0
        self.spent.requests += not value.get("error")
        self.spent.tokens += asked + said
        self.spent.bytes += len(json.dumps(value))
        self.spent.seconds += seconds
        if self.price is not None:
            self.spent.usd = (self.spent.usd or 0.0) + (asked * self.price[0] + said * self.price[1]) / 1e6
        self.store.remember(_NOTE + self.endpoint, asdict(self.spent))

    def count_changed(self, placeholders: int) -> None:
        """Count placeholders that cannot be taken back, and keep the count."""
        if placeholders:
            self.spent.changed += placeholders
            self.store.remember(_NOTE + self.endpoint, asdict(self.spent))

    def over(self) -> str:
        """Why no more may be asked; "" while it may. Requests in flight still come, so it may be passed by those."""
        if (self.spent.usd or 0.0) >= self.max_usd:
            return f"it has used ${self.spent.usd:,.2f} of at most ${self.max_usd:,.2f} in one step (max_usd)"
        for name, most in (("tokens", MAX_TOKENS), ("bytes", MAX_BYTES), ("seconds", MAX_SECONDS)):
            if (used := getattr(self.spent, name)) >= most:
                return f"it has used {used:,.0f} {name} of at most {most:,} in one step"
        return ""


def usd_m(model: str, prices: str | Path = "") -> tuple[float, float] | None:
    """USD per million tokens in and out today; None where neither the file `prices` nor the public list knows it."""
    price = price_of(model, datetime.now(UTC).date(), contract(prices or None))
    return (price.input, price.output) if price else None


def spent(cache: Path) -> dict[str, Spent]:
    """What each endpoint has cost so far, by its address, over all stores in the folder `cache`."""
    found: dict[str, Spent] = {}
    for file in sorted(cache.glob("*.sqlite")):
        store = Answers(file)
        for key, value in store.notes(_NOTE).items():
            one, more = found.setdefault(key.removeprefix(_NOTE), Spent()), Spent(**value)
            for name in ("requests", "tokens", "bytes", "seconds", "changed"):
                setattr(one, name, getattr(one, name) + getattr(more, name))
            one.usd = None if one.usd is None or more.usd is None else one.usd + more.usd
        store.close()
    return found
