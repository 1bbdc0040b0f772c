"""What a call cost: list prices of the model that answered at the day it answered, or the team's contract prices.

USD per million tokens by model and day (genai-prices, in the package, offline) with a YAML file over them. An unknown
model has no price (null), which is not a price of zero. Out of scope: what a call was for.

A contract file (USD per million tokens; names may be patterns such as `gpt-4o*`; the first that fits counts):

    batch_discount: 0.5            # what the Batch API and flex tiers take off; 0.5 where absent
    models:
      gpt-4o*: {input: 2.00, output: 8.00, cached_input: 1.00, cache_write: 2.00}
      my-finetune: {input: 0.90, output: 3.60}
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from migration.errors import BadInput
from migration.files import read_yaml

BATCH_DISCOUNT = 0.5
DISCOUNTED_TIERS = ("batch", "flex")
RATES = ("usd_prompt", "usd_cached", "usd_written", "usd_answer")
"""USD per million tokens: prompt tokens read anew, read from the cache, written to the cache, and answer tokens."""
_DATED = re.compile(r"[-@:](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest)$")
"""What names a version of a model and not its family: gpt-4o-2024-08-06, claude-...-20241022, gemini-...-002."""


@dataclass(frozen=True)
class Price:
    """USD per million tokens of a model on a day. `source` says whose word it is.

    `above`: prompts of more than `start` tokens pay `price` for all their tokens instead (long-context tiers).
    """

    input: float
    output: float
    cached: float
    source: str
    written: float | None = None
    above: tuple[tuple[int, Price], ...] = ()

    @property
    def rates(self) -> tuple[float, float, float, float]:
        """In the order of RATES; writing to the cache costs what reading anew does where it has no price."""
        return self.input, self.cached, self.input if self.written is None else self.written, self.output


@dataclass(frozen=True)
class Contract:
    """A team's own prices, by model name or pattern."""

    models: dict[str, Price] = field(default_factory=dict)
    batch_discount: float = BATCH_DISCOUNT

    def price(self, model: str) -> Price | None:
        """The contract's price of `model`, null where it names none."""
        exact = self.models.get(model)
        return exact or next((price for name, price in self.models.items() if fnmatch.fnmatch(model, name)), None)


@dataclass(frozen=True)
class Tokens:
    """Tokens of n calls, each (n,): the cached and the written ones are among the prompt's."""

    prompt: np.ndarray
    completion: np.ndarray
    cached: np.ndarray
    written: np.ndarray

    @classmethod
    def of(cls, calls: pd.DataFrame) -> Tokens:
        """The tokens of a calls table (columns *_tokens; `cached_tokens` and `cache_write_tokens` may be absent)."""
        names = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
        none = np.zeros(len(calls))
        return cls(*(calls[name].fillna(0).to_numpy(float) if name in calls else none for name in names))

    def by_rate(self) -> np.ndarray:
        """(n, 4), in the order of RATES: they sum to prompt and answer tokens."""
        cached = np.minimum(self.cached, self.prompt)
        written = np.minimum(self.written, self.prompt - cached)
        return np.column_stack([self.prompt - cached - written, cached, written, self.completion])


def contract(path: str | Path | None) -> Contract:
    """Read a contract file. Raises BadInput saying which entry is wrong; without a path there is no contract."""
    if not path:
        return Contract()
    path = Path(path)
    read = read_yaml(path, "the price file") or {}
    if (
        not isinstance(read, dict)
        or set(read) - {"models", "batch_discount"}
        or not isinstance(read.get("models", {}), dict)
    ):
        raise BadInput(
            f"the price file {path} should hold `models:` (name: input, output, cached_input, cache_write) and "
            "`batch_discount:`"
        )
    discount = _number(read.get("batch_discount", BATCH_DISCOUNT), "batch_discount", path)
    if discount > 1:
        raise BadInput(f"{path}: batch_discount is a share between 0 and 1, not {discount}")
    return Contract({str(name): _entry(str(name), one, path) for name, one in read.get("models", {}).items()}, discount)


def _entry(name: str, one: object, path: Path) -> Price:
    known = {"input", "output", "cached_input", "cache_write"}
    if not isinstance(one, dict) or "input" not in one or set(one) - known:
        raise BadInput(
            f"{path}: {name} needs input (and may have output, cached_input, cache_write), in USD per million tokens"
        )
    numbers = {key: _number(value, f"{name}.{key}", path) for key, value in one.items()}
    return Price(
        numbers["input"],
        numbers.get("output", 0.0),
        numbers.get("cached_input", numbers["input"]),
        f"contract {path.name}",
        numbers.get("cache_write"),
    )


def _number(value: object, name: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise BadInput(f"{path}: {name} should be a number from 0 to 1e12, not {value!r}")
    return float(value)


@lru_cache(maxsize=65536)
def list_price(model: str, day: date) -> Price | None:
    """The provider's list price of a model on a day, null where it is not known.

    A name may carry its provider (`openai/gpt-4o`, `azure/gpt-4o`). A dated version that the list does not know has its
    family's price, and `source` says so. A fine-tune or a served open model has no list price of its own.
    """
    given = f"genai-prices {version('genai-prices')}"
    found = _listed(model, day, given)
    family = _DATED.sub("", model)
    if found or family == model:
        return found
    return _listed(family, day, f"{given}, as its family {family}")


def _listed(model: str, day: date, source: str) -> Price | None:
    from genai_prices.data_snapshot import get_snapshot  # 0.2 s, and only needed where a price is asked

    snapshot, at = get_snapshot(), datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    provider, _, name = model.rpartition("/")
    guesses = [(None, model), (provider or None, name), ("openrouter", model) if provider else (None, name)]
    guesses += [("openai", name)] if name.startswith("text-embedding") else []
    for owner, reference in guesses:
        try:
            prices = snapshot.find_provider_model(reference, None, owner, None)[1].get_prices(at)
        except LookupError:
            continue  # the next guess; a model that none finds is priced "unknown"
        if prices.input_mtok is not None or prices.output_mtok is not None:
            starts = {tier.start for price in _fields(prices) for tier in getattr(price, "tiers", ())}
            above = tuple((start, _at(prices, start + 1, source)) for start in sorted(starts))
            return replace(_at(prices, 0, source), above=above)
    return None


def _fields(prices: object) -> Iterator[object]:
    return (getattr(prices, f"{name}_mtok") for name in ("input", "output", "cache_read", "cache_write"))


def _at(prices: object, prompt_tokens: int, source: str) -> Price:
    """The prices of a call with `prompt_tokens`: the highest tier that it is above counts for all its tokens."""
    paid, answered, cached, written = (_tier(price, prompt_tokens) for price in _fields(prices))
    base = paid or 0.0
    return Price(base, answered or 0.0, base if cached is None else cached, source, written)


def _tier(price: Any, prompt_tokens: int) -> float | None:
    above = [tier.price for tier in getattr(price, "tiers", ()) if prompt_tokens > tier.start]
    return None if price is None else float(above[-1] if above else getattr(price, "base", price))


def price_of(model: object, day: date, agreed: Contract) -> Price | None:
    """The contract's price, else the list's, else null."""
    return (agreed.price(model) or list_price(model, day)) if isinstance(model, str) else None


def price_table(
    models: list[str], overrides: Contract | str | Path | None = None, *, at: date | None = None
) -> pd.DataFrame:
    """Prices of `models` on the day `at` (today where absent).

    Columns: model, input_usd_m, output_usd_m, cached_usd_m (USD per million tokens, NaN where unknown), source
    (null where unknown), date.
    """
    agreed = overrides if isinstance(overrides, Contract) else contract(overrides)
    day = at or datetime.now(UTC).date()
    rows = []
    for model in models:
        price = price_of(model, day, agreed)
        numbers = (price.input, price.output, price.cached, price.source) if price else (np.nan, np.nan, np.nan, None)
        rows.append((model, *numbers, day.isoformat()))
    return pd.DataFrame(rows, columns=["model", "input_usd_m", "output_usd_m", "cached_usd_m", "source", "date"])


def rates_of(
    model: np.ndarray, day: np.ndarray, prompt_tokens: np.ndarray, agreed: Contract
) -> tuple[np.ndarray, np.ndarray]:
    """What each call pays for a million tokens, (n, 4) in the order of RATES (NaN where unknown), and whose word it is.

    model: (n,) str or None; day: (n,) datetime64[D]; prompt_tokens: (n,), which choose the tier. Discounts are not
    taken off. The second array is (n,) str, "" where no price is known. A price is looked up once for each model and
    day.
    """
    codes, distinct = pd.factorize(pd.MultiIndex.from_arrays([model, day]))
    rates, said = np.full((len(codes), 4), np.nan), np.full(len(codes), "", object)
    listed = [price_of(name, pd.Timestamp(moment).date(), agreed) for name, moment in distinct]
    base = np.array([price.rates if price else [np.nan] * 4 for price in listed]).reshape(-1, 4)
    words = np.array([price.source if price else "" for price in listed], object)
    if len(codes):
        rates, said = base[codes], words[codes]
    for code, price in enumerate(listed):
        for start, tier in price.above if price else ():
            rates[(codes == code) & (prompt_tokens > start)] = tier.rates
    return rates, said


def cost_usd(
    model: np.ndarray, day: np.ndarray, tokens: Tokens, discounted: np.ndarray, agreed: Contract
) -> np.ndarray:
    """Cost of each call, (n,) float64 USD, NaN where the model's price is unknown.

    model: (n,) str or None; day: (n,) datetime64[D]; discounted: (n,) bool, calls of a batch or flex tier.
    """
    rates, _ = rates_of(model, day, tokens.prompt, agreed)
    cost = (tokens.by_rate() * rates).sum(axis=1) / 1e6
    return np.where(discounted, cost * (1 - agreed.batch_discount), cost)


def settled(priced: np.ndarray, logged: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The one rule of what a call cost, (n,) USD: nothing where it is `free`, else its price, else what was logged.

    priced: of `cost_usd`; logged: USD as the log has it, NaN where it has none; free: a cache hit, or a failed call
    without usage of its own (`is_free`). NaN: unknown.
    """
    return np.where(free, 0.0, np.where(np.isnan(priced), logged, priced))


def is_free(cache_hit: np.ndarray, kind: np.ndarray, tokens_estimated: np.ndarray) -> np.ndarray:
    """Calls (n,) that nobody pays for: answers of a cache, and failures for which the provider counted no tokens.

    cache_hit, tokens_estimated: bool (n,); kind: str (n,).
    """
    return np.asarray(cache_hit, bool) | ((kind == "error") & np.asarray(tokens_estimated, bool))
