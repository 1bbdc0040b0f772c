"""Confidence signals: what an answer tells of itself, and how the numbers of its tokens become it.

The standard library alone, since the benchmark and production compute them here both. Out of scope: what a signal is
worth (`routing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

QUANTILES = {"lp_q05": 0.05, "lp_q10": 0.10, "lp_q25": 0.25, "lp_q50": 0.50, "lp_q75": 0.75}
OF_TOKENS = ("mean_logprob", "min_logprob", *QUANTILES, "mean_entropy", "first_entropy", "margin", "first_margin")
"""Signals of a generated answer, from its tokens (`of_tokens`)."""
LEARNED = ("confidence_raw", "distance")
"""Signals of a classifier's or a cache's answer: its own probability; how far the request lies from what it learned."""
SIGNALS = (
    *OF_TOKENS,
    *("completion_tokens", "prompt_tokens", "output_chars"),
    *LEARNED,
    *("verbalised", "sample_agreement"),
)
"""What an answer tells of itself, as predictions.parquet names it. The last two are read where a table has them: the
confidence the model states when asked (0..1), and the share of further samples that agree."""


def of_tokens(
    logprobs: Sequence[float], entropies: Sequence[float], margins: Sequence[float]
) -> dict[str, float | None]:
    """The signals of one answer from its tokens' numbers; null where the series is empty.

    margin: mean over tokens of p(best) - p(second). lp_qXX: quantiles of the tokens' logprobs.
    """
    signals: dict[str, float | None] = dict.fromkeys(OF_TOKENS)
    if not logprobs:
        return signals
    ordered = sorted(logprobs)
    signals |= {"mean_logprob": _mean(logprobs), "min_logprob": ordered[0]}
    signals |= {name: _quantile(ordered, share) for name, share in QUANTILES.items()}
    if entropies:
        signals |= {"mean_entropy": _mean(entropies), "first_entropy": entropies[0]}
    if margins:
        signals |= {"margin": _mean(margins), "first_margin": margins[0]}
    return signals


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics, as numpy's default."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
