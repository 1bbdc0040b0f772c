"""What one customer alone waits for an answer on this machine, as a line fitted to single runs of a few lengths.

Covers: a model at work on one prompt. Out of scope: which prompts, and batches (`local`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from migration.models import LoadedModel

LENGTHS = (32, 128, 512, 1024)
TOO_LONG_MS = 1e3
"""After a prompt that took longer than this no longer one is tried."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one request alone: start + per_prompt_token * prompt + per_token * answer."""

    start: float
    per_prompt_token: float
    per_token: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Milliseconds of a call of this many prompt and completion tokens."""
        return self.start + self.per_prompt_token * prompt_tokens + self.per_token * completion_tokens


def measure(loaded: LoadedModel, ids: Sequence[int]) -> Latency:
    """Prompts of a few lengths, taken from `ids` (1,024 tokens or more), read and answered singly.

    Reading time is taken as linear in the prompt, which flatters very long ones a little. What the tokens say does
    not matter to the time, so they are arbitrary. `loaded` is prepared for `decoding`.
    """
    lengths: list[int] = []
    times: list[float] = []
    _wall(loaded, ids[:32], 4)  # the first run warms up and is not counted
    for length in LENGTHS:
        if length + 16 < loaded.context and not (len(times) > 1 and times[-1] > TOO_LONG_MS):
            lengths.append(length)
            times.append(min(_wall(loaded, ids[:length], 1) for _ in range(2 if length <= 128 else 1)))
    step = max(0.0, min(_wall(loaded, ids[:128], 9) for _ in range(2)) - times[1]) / 8
    slope, start = np.polyfit(lengths, times, 1, w=1 / np.array(times))  # relative errors, so short ones count
    slope = max(float(slope), 0.0)
    return Latency(max(float(start), 0.0), slope, step)


def _wall(loaded: LoadedModel, ids: Sequence[int], limit: int) -> float:
    """Milliseconds to read `ids` and write `limit` tokens."""
    from migration.benchmark.engine import attention, decoding

    start = time.perf_counter()
    list(decoding.decode(loaded.model, [attention.Prefix()], [ids], [limit], frozenset(), loaded.device))
    return (time.perf_counter() - start) * 1e3
