"""What one more call to a candidate costs: one price for each, chosen once, that steps 02, 04 and 05 all use.

A cache or a classifier costs machine time by the call, a small model that one hosts costs machine time by the token, an
API what its price list says. What is paid whether or not it is used (an idle GPU, people) is step 05's to add.
Standard library only, so that what writes and reads `policy.json` can use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HOUR_S = 3600.0
DOCUMENT = ("usd_per_1m_prompt", "usd_per_1m_completion", "usd_per_call")
"""The names of a candidate's price in policy.json."""


Tokens = TypeVar("Tokens", float, "pd.Series", "np.ndarray")


@dataclass(frozen=True)
class UnitPrice:
    """USD of a call: per million prompt and answer tokens, and by the call. `source` says where it comes from."""

    prompt_usd_per_m: float = 0.0
    completion_usd_per_m: float = 0.0
    call_usd: float = 0.0
    source: str = ""

    def usd(self, prompt_tokens: Tokens, completion_tokens: Tokens) -> Tokens:
        """USD of calls with these tokens (numbers or arrays of one shape)."""
        tokens = prompt_tokens * self.prompt_usd_per_m + completion_tokens * self.completion_usd_per_m
        return tokens / 1e6 + self.call_usd

    def document(self) -> dict[str, float]:
        """As the field `price` of a candidate in policy.json."""
        amounts = (self.prompt_usd_per_m, self.completion_usd_per_m, self.call_usd)
        return dict(zip(DOCUMENT, amounts, strict=True))

    @classmethod
    def read(cls, value: Mapping[str, float] | None) -> UnitPrice | None:
        """Of policy.json's `price`; null where it names none."""
        if not value:
            return None
        prompt, completion, call = (float(value.get(name, 0.0)) for name in DOCUMENT)
        return cls(prompt, completion, call, "policy.json")


def by_the_token(usd_hour: float, prompt_tokens_per_s: float, completion_tokens_per_s: float, source: str) -> UnitPrice:
    """A model on a machine of `usd_hour` at these speeds (of the whole machine): the hours that its tokens take."""
    second = usd_hour / HOUR_S * 1e6
    return UnitPrice(second / prompt_tokens_per_s, second / completion_tokens_per_s, 0.0, source)


def by_the_call(usd_hour: float, seconds: float, source: str) -> UnitPrice:
    """A cache or a classifier that computes for `seconds` a call on a machine of `usd_hour`."""
    return UnitPrice(call_usd=usd_hour / HOUR_S * seconds, source=source)
