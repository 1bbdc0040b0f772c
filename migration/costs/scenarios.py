"""What is assumed: cards, prices, running costs, ranges and scenarios, read from one YAML.

Knows: which numbers the log cannot tell, each with the source that the file names for it.
Refuses to know: the log. A key that is misspelt or missing is an error that names it: no number has a silent default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from migration.artifacts import PROJECT, resolve
from migration.errors import BadInput

HOSTING = ("bought", "rented", "api")
"""The three ways to run the small model."""

Range = tuple[float, float, float]
"""P10, P50, P90 of a number that nobody knows for sure."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Card(_Data):
    """A machine that runs the small model. Speeds are tokens a second of the whole card, shared by its streams."""

    price_usd: float = Field(ge=0)
    watts: float = Field(ge=0)
    idle_watts: float = Field(ge=0)
    rent_usd_hour: float = Field(ge=0)
    prompt_tokens_per_s: float | Literal["measured"]
    completion_tokens_per_s: float | Literal["measured"]
    streams: int = Field(ge=1)
    source: str

    @property
    def measured(self) -> bool:
        """Whether its speed was measured: then its range is the narrow one."""
        return self.source.startswith("measured")

    @property
    def waits(self) -> bool:
        """Whether its speed is still to be filled in from this run."""
        return isinstance(self.prompt_tokens_per_s, str) or isinstance(self.completion_tokens_per_s, str)

    def with_speed(self, tokens_per_s: tuple[float, float] | None) -> Card:
        """This card with `measured` filled in (prompt, answer). Raises BadInput where nothing was measured."""
        if not self.waits:
            return self
        if tokens_per_s is None:
            raise BadInput("this card waits for a measured speed, but 02 and 03 timed too few answers: take another")
        return self.model_copy(
            update=dict(zip(("prompt_tokens_per_s", "completion_tokens_per_s"), tokens_per_s, strict=True))
        )


class SlmApi(_Data):
    prompt_usd_per_m: float = Field(ge=0)
    completion_usd_per_m: float = Field(ge=0)
    source: str


class Running(_Data):
    amortise_months: float = Field(gt=0)
    power_usd_kwh: float = Field(ge=0)
    hosting_usd_month: float = Field(ge=0)
    headroom: float = Field(ge=0)
    on_time: float = Field(gt=0, lt=1)
    judged_share: float = Field(ge=0, le=1)
    retrains_month: float = Field(ge=0)
    retrain_usd: float = Field(ge=0)
    migration_hours: float = Field(ge=0)


class Uncertainty(_Data):
    growth_month: Range
    api_price_year: Range
    tokens_year: Range
    people: Range
    throughput_stated: Range
    throughput_measured: Range
    short_log_sd: float = Field(ge=0)
    tiny_log_sd: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Uncertainty:
        factors = ("tokens_year", "people", "throughput_stated", "throughput_measured")
        for name in ("growth_month", "api_price_year", *factors):
            low, middle, high = getattr(self, name)
            if not (-1 if name not in factors else 0) < low <= middle <= high < float("inf"):
                raise ValueError(f"{name} is not [P10, P50, P90] in rising order, or has a value that cannot be")
        return self


class Iteration(_Data):
    """The LLM share falls from `start` to `end` in `weeks` and stays there; only the ratio is applied."""

    start: float = Field(gt=0, le=1)
    end: float = Field(ge=0, le=1)
    weeks: float = Field(gt=0)
    source: str
    engineer_hours_month: float = Field(ge=0)


class Scenario(_Data):
    title: str
    route: Literal["none", "all", "policy"]
    hosting: Literal["bought", "rented", "api", "cheapest"] = "cheapest"
    iteration: Iteration | None = None


class Assumptions(_Data):
    cards: dict[str, Card]
    slm_api: SlmApi
    running: Running
    uncertainty: Uncertainty
    scenarios: dict[str, Scenario]

    @model_validator(mode="after")
    def _has_both_sides(self) -> Assumptions:
        missing = {"stay", "hybrid"} - set(self.scenarios)
        if missing:
            raise ValueError(f"scenarios lack {sorted(missing)}: every figure compares these two")
        return self

    def card(self, name: str) -> Card:
        if name not in self.cards:
            raise BadInput(f"gpu {name!r} is not among the cards of the scenarios file: {sorted(self.cards)}")
        return self.cards[name]


def read_assumptions(path: str | Path = "", *, growth_month: float | None = None) -> Assumptions:
    """The scenarios file at `path` ("" = the one that ships), with growth's middle moved to `growth_month`.

    Raises BadInput with every misspelt, missing or impossible entry in one line.
    """
    file = resolve(path) if path else PROJECT / "data" / "scenarios.yaml"
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        assumptions = Assumptions.model_validate(data)
    except OSError as error:
        raise BadInput(f"the scenarios file {file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"the scenarios file {file} is not readable YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'file'}: {p['msg']}" for p in error.errors())
        raise BadInput(f"the scenarios file {file} cannot be used: {problems}") from error
    if growth_month is None:
        return assumptions
    if not -1 < growth_month < 10:
        raise BadInput(f"growth_month is a share a month, such as 0.02, not {growth_month!r}")
    low, middle, high = assumptions.uncertainty.growth_month
    moved = (low - middle + growth_month, growth_month, high - middle + growth_month)
    return assumptions.model_copy(
        update={"uncertainty": assumptions.uncertainty.model_copy(update={"growth_month": moved})}
    )
