"""What is assumed: GPUs, prices, running costs and ranges, read from one YAML; and the price of a candidate's call.

Each number that the log cannot tell stands there with its source. A key that is misspelt or missing is an error that
names it: no number has a silent default. Out of scope: the log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from migration.audit.month_scale import MONTH_HOURS
from migration.audit.unit_price import UnitPrice, by_the_token
from migration.errors import BadInput
from migration.files import PROJECT, read_yaml, resolve

HOSTING = ("bought", "rented", "cpu", "api")
"""The ways to run the small model: a GPU bought or rented, a rented machine without one, or somebody's API."""

Range = tuple[float, float, float]
"""P10, P50, P90 of a number that nobody knows for sure."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gpu(_Data):
    """What runs the small model, and the machine around it. Speeds are tokens a second of all its streams together."""

    price_usd: float = Field(ge=0)
    host_usd: float = Field(ge=0)
    watts: float = Field(ge=0)
    idle_watts: float = Field(ge=0)
    host_watts: float = Field(ge=0)
    rent_usd_hour: float = Field(ge=0)
    prompt_tokens_per_s: float | Literal["measured"]
    completion_tokens_per_s: float | Literal["measured"]
    streams: int = Field(ge=1)
    source: str

    @property
    def measured(self) -> bool:
        """Whether its speed is one that this run measures: then its range is the narrow one."""
        return self.source.startswith("measured")

    @property
    def known(self) -> bool:
        """Whether its speed is a number: stated, or already filled in from this run."""
        return not isinstance(self.prompt_tokens_per_s, str) and not isinstance(self.completion_tokens_per_s, str)

    def with_speed(self, tokens_per_s: tuple[float, float] | None) -> Gpu:
        """This one with `measured` filled in (prompt, answer tokens a second); as it is where nothing was measured."""
        if self.known or tokens_per_s is None:
            return self
        names = ("prompt_tokens_per_s", "completion_tokens_per_s")
        return self.model_copy(update=dict(zip(names, tokens_per_s, strict=True)))


class SlmApi(_Data):
    """An offer for the tuned model behind an API."""

    prompt_usd_per_m: float = Field(ge=0)
    completion_usd_per_m: float = Field(ge=0)
    source: str


class Running(_Data):
    """What running the small model takes beside its machine."""

    amortise_months: float = Field(gt=0)
    power_usd_kwh: float = Field(ge=0)
    hosting_usd_month: float = Field(ge=0)
    headroom: float = Field(ge=0)
    on_time: float = Field(gt=0, lt=1)
    judged_share: float = Field(ge=0, le=1)
    retrains_month: float = Field(ge=0)
    retrain_usd: float = Field(ge=0)
    migration_hours: float = Field(ge=0)


class Effort(_Data):
    """People's hours of a change."""

    hours_once: float = Field(ge=0)
    hours_month: float = Field(ge=0)


class Efforts(_Data):
    """Of the changes that need no small model."""

    caching: Effort
    batch: Effort
    api: Effort
    cache: Effort


class Uncertainty(_Data):
    """The ranges [P10, P50, P90] of what nobody knows."""

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


class Assumptions(_Data):
    """The whole file."""

    gpus: dict[str, Gpu]
    cpu: Gpu
    slm_api: SlmApi | None = None
    running: Running
    effort: Efforts
    uncertainty: Uncertainty

    def gpu(self, name: str) -> Gpu:
        """The GPU `name`. Raises BadInput with the names that there are."""
        if name not in self.gpus:
            raise BadInput(f"gpu {name!r} is not among the gpus of the scenarios file: {sorted(self.gpus)}")
        return self.gpus[name]


def read_assumptions(path: str | Path = "", *, growth_month: float | None = None) -> Assumptions:
    """The scenarios file at `path` ("" = the one that ships), with growth's middle moved to `growth_month`.

    Raises BadInput with every misspelt, missing or impossible entry in one line.
    """
    file = resolve(path) if path else PROJECT / "data" / "scenarios.yaml"
    data = read_yaml(file, "the scenarios file")
    try:
        assumptions = Assumptions.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'file'}: {p['msg']}" for p in error.errors())
        raise BadInput(f"the scenarios file {file} cannot be used: {problems}") from error
    if growth_month is None:
        return assumptions
    if not -1 < growth_month < 10:
        raise BadInput(f"growth_month is a share a month, such as 0.02, not {growth_month!r}")
    low, middle, high = assumptions.uncertainty.growth_month
    moved = (low - middle + growth_month, growth_month, high - middle + growth_month)
    uncertainty = assumptions.uncertainty.model_copy(update={"growth_month": moved})
    return assumptions.model_copy(update={"uncertainty": uncertainty})


def slm_price(
    assumptions: Assumptions, hosting: str, gpu: str = "rtx4090", speed: tuple[float, float] | None = None
) -> UnitPrice:
    """The small model's price by the token, as steps 02, 04 and 05 all use it: what its tokens take of what runs it.

    hosting: of HOSTING. speed: prompt and answer tokens a second that this run measured, which `cpu` needs. Idle hours
    are not in it: step 05 adds them. Raises BadInput where the hosting has no price or no speed.
    """
    if hosting not in HOSTING:
        raise BadInput(f"hosting should be one of {', '.join(HOSTING)}, not {hosting!r}")
    if hosting == "api":
        api = assumptions.slm_api
        if api is None:
            raise BadInput("hosting 'api' needs a price: write your offer as slm_api in the scenarios file")
        return UnitPrice(api.prompt_usd_per_m, api.completion_usd_per_m, 0.0, f"scenarios slm_api: {api.source}")
    own = (assumptions.cpu if hosting == "cpu" else assumptions.gpu(gpu)).with_speed(speed)
    if not own.known:
        raise BadInput("hosting 'cpu' needs a speed that 02 or 03 measured")
    speeds = float(own.prompt_tokens_per_s), float(own.completion_tokens_per_s)
    name = hosting if hosting == "cpu" else f"{gpu} {hosting}"
    return by_the_token(usd_hour(own, hosting, assumptions.running), *speeds, f"{name}, busy: {own.source}")


def usd_hour(own: Gpu, hosting: str, running: Running) -> float:
    """USD of an hour at work: rent, or wear, housing and power of a bought one."""
    if hosting != "bought":
        return own.rent_usd_hour
    month = (own.price_usd + own.host_usd) / running.amortise_months + running.hosting_usd_month
    return month / MONTH_HOURS + (own.watts + own.host_watts) / 1000 * running.power_usd_kwh
