"""What a call cost: list prices of the model that answered at the day it answered, or the team's contract prices.

Knows: USD per million tokens by model and day (genai-prices, in the package, offline) and a YAML file over them.
Refuses to know: what a call was for. An unknown model has no price (null), which is not a price of zero.

A contract file (USD per million tokens; names may be patterns such as `gpt-4o*`; the first that fits counts):

    batch_discount: 0.5            # what the Batch API and flex tiers take off; 0.5 where absent
    models:
      gpt-4o*: {input: 2.00, output: 8.00, cached_input: 1.00}
      my-finetune: {input: 0.90, output: 3.60}
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from migration.errors import BadInput

BATCH_DISCOUNT = 0.5
DISCOUNTED_TIERS = ("batch", "flex")


@dataclass(frozen=True)
class Price:
    """USD per million tokens of a model on a day: input, output, cached input. `source` says whose word it is."""

    input: float
    output: float
    cached: float
    source: str


@dataclass(frozen=True)
class Contract:
    """A team's own prices, by model name or pattern."""

    models: dict[str, Price] = field(default_factory=dict)
    batch_discount: float = BATCH_DISCOUNT

    def price(self, model: str) -> Price | None:
        exact = self.models.get(model)
        return exact or next((price for name, price in self.models.items() if fnmatch.fnmatch(model, name)), None)


def contract(path: str | Path | None) -> Contract:
    """Read a contract file. Raises BadInput saying which entry is wrong; without a path there is no contract."""
    if not path:
        return Contract()
    path = Path(path)
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"the price file {path} cannot be read: {str(error).splitlines()[0]}") from error
    if (
        not isinstance(read, dict)
        or set(read) - {"models", "batch_discount"}
        or not isinstance(read.get("models", {}), dict)
    ):
        raise BadInput(
            f"the price file {path} should hold `models:` (name: input, output, cached_input) and `batch_discount:`"
        )
    discount = _number(read.get("batch_discount", BATCH_DISCOUNT), "batch_discount", path)
    if discount > 1:
        raise BadInput(f"{path}: batch_discount is a share between 0 and 1, not {discount}")
    return Contract({str(name): _entry(str(name), one, path) for name, one in read.get("models", {}).items()}, discount)


def _entry(name: str, one: object, path: Path) -> Price:
    known = {"input", "output", "cached_input"}
    if not isinstance(one, dict) or "input" not in one or set(one) - known:
        raise BadInput(f"{path}: {name} needs input (and may have output, cached_input), in USD per million tokens")
    numbers = {key: _number(value, f"{name}.{key}", path) for key, value in one.items()}
    return Price(
        numbers["input"],
        numbers.get("output", 0.0),
        numbers.get("cached_input", numbers["input"]),
        f"contract {path.name}",
    )


def _number(value: object, name: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise BadInput(f"{path}: {name} should be a number >= 0, not {value!r}")
    return float(value)


@lru_cache(maxsize=65536)
def list_price(model: str, day: date) -> Price | None:
    """The provider's list price of a model on a day, null where it is not known.

    A name may carry its provider (`openai/gpt-4o`, `azure/gpt-4o`). Of prices that rise with the context the first
    tier is taken. A fine-tune or a served open model has no list price of its own.
    """
    from genai_prices.data_snapshot import get_snapshot  # 0.2 s, and only needed where a price is asked

    snapshot, at = get_snapshot(), datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    provider, _, name = model.rpartition("/")
    guesses = [(None, model), (provider or None, name), ("openrouter", model) if provider else (None, name)]
    guesses += [("openai", name)] if name.startswith("text-embedding") else []
    for owner, reference in guesses:
        try:
            found = snapshot.find_provider_model(reference, None, owner, None)[1]
        except LookupError:
            continue  # the next guess; a model that none finds is priced "unknown"
        prices = found.get_prices(at)
        paid, answered = _base(prices.input_mtok), _base(prices.output_mtok)
        if paid is None and answered is None:
            continue
        cached = _base(prices.cache_read_mtok)
        given = f"genai-prices {version('genai-prices')}"
        return Price(paid or 0.0, answered or 0.0, (paid or 0.0) if cached is None else cached, given)
    return None


def _base(price: object) -> float | None:
    """A price, or the first of its tiers."""
    return None if price is None else float(getattr(price, "base", price))  # type: ignore[arg-type]


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
        price = agreed.price(model) or list_price(model, day)
        numbers = (price.input, price.output, price.cached, price.source) if price else (np.nan, np.nan, np.nan, None)
        rows.append((model, *numbers, day.isoformat()))
    return pd.DataFrame(rows, columns=["model", "input_usd_m", "output_usd_m", "cached_usd_m", "source", "date"])


def cost_usd(
    model: np.ndarray,
    day: np.ndarray,
    prompt_tokens: np.ndarray,
    completion_tokens: np.ndarray,
    cached_tokens: np.ndarray,
    discounted: np.ndarray,
    agreed: Contract,
) -> np.ndarray:
    """Cost of each call, (n,) float64 USD, NaN where the model's price is unknown.

    model: (n,) str or None; day: (n,) datetime64[D]; tokens: (n,) with the cached ones among the prompt's; discounted:
    (n,) bool, calls of a batch or flex tier. A price is looked up once for each pair of model and day.
    """
    pairs = pd.MultiIndex.from_arrays([model, day])
    codes, distinct = pd.factorize(pairs)
    rates = np.full((len(distinct), 3), np.nan)
    for row, (name, moment) in enumerate(distinct):
        price = (agreed.price(name) or list_price(name, pd.Timestamp(moment).date())) if isinstance(name, str) else None
        if price:
            rates[row] = price.input, price.output, price.cached
    rate = rates[codes]
    cached = np.minimum(cached_tokens, prompt_tokens)
    cost = ((prompt_tokens - cached) * rate[:, 0] + completion_tokens * rate[:, 1] + cached * rate[:, 2]) / 1e6
    return np.where(discounted, cost * (1 - agreed.batch_discount), cost)
