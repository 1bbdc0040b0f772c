"""What a chat completion tells of itself: the signals that calibrators read, from the reply of any server.

Plain arithmetic on the standard library, the same numbers as `benchmark` wrote into predictions.parquet.
Out of scope: what a signal is worth (`signals`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from migration.schema.signals import of_tokens


def signals_of(response: Mapping[str, object]) -> dict[str, float | None]:
    """The signals of an OpenAI chat completion: those of its tokens' logprobs, and its lengths.

    response: the completion as a dict. A signal is null where the reply lacks what it is made of, or holds something
    else there: a malformed reply has no signals, and raises nothing.
    """
    choice = _first(response.get("choices"))
    message, usage = _mapping(choice.get("message")), _mapping(response.get("usage"))
    content = message.get("content")
    lengths: dict[str, float | None] = {
        "prompt_tokens": _number(usage.get("prompt_tokens")),
        "completion_tokens": _number(usage.get("completion_tokens")),
        "output_chars": float(len(content)) if isinstance(content, str) else None,
    }
    return _of_tokens(_mapping(choice.get("logprobs")).get("content")) | lengths


def _of_tokens(tokens: object) -> dict[str, float | None]:
    """Signals of a list of {logprob, top_logprobs}; all null where one token's logprob is no number."""
    if not isinstance(tokens, list):
        return of_tokens([], [], [])
    logprobs = [_number(_mapping(token).get("logprob")) for token in tokens]
    known = [value for value in logprobs if value is not None]
    if len(known) < len(tokens):
        return of_tokens([], [], [])
    alternatives = [_chances(_mapping(token).get("top_logprobs")) for token in tokens]
    entropies = [_entropy(chances) for chances in alternatives] if all(alternatives) else []
    two = all(len(chances) > 1 for chances in alternatives)
    return of_tokens(known, entropies, [chances[0] - chances[1] for chances in alternatives] if two else [])


def _chances(alternatives: object) -> list[float]:
    """Probabilities of a token's alternatives, likeliest first; empty where one is no logprob."""
    if not isinstance(alternatives, list):
        return []
    try:
        chances = [math.exp(one["logprob"]) for one in alternatives]
    except (TypeError, KeyError, ValueError, OverflowError):  # a missing signal: the call goes up the cascade
        return []
    chances.sort(reverse=True)
    return chances if chances and chances[0] <= 1.001 and chances[-1] >= 0 else []


def _entropy(chances: Sequence[float]) -> float:
    """Nats, from the few likeliest tokens and the rest as one: a lower bound of the true entropy."""
    rest = 1 - sum(chances)
    return -sum([p * math.log(p) for p in (*chances, rest) if p > 0])


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return None
    return float(value)


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _first(values: object) -> dict[str, object]:
    return _mapping(values[0]) if isinstance(values, list) and values else {}
