"""Many questions at once, and how many calls an answer takes.

Out of scope: intervals (`rates`), what a verdict allows to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from migration.stats.rates import Rate, wilson_bounds


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values (m,) corrected for being m tests (Holm 1979): the chance of one false finding stays bounded.

    p_values: (m,), each of a test of its own.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


@dataclass(frozen=True)
class Judged:
    """Whether a rate reaches its floor, among many such questions. reaches: True (surely), False (surely not), None
    (too few calls to tell); p_reaches, p_short: one-sided p-values of the opposite, corrected for all the questions."""

    reaches: bool | None
    p_reaches: float
    p_short: float


def simultaneous(rates: Sequence[Rate], floor: float | Sequence[float], *, level: float = 0.95) -> list[Judged]:
    """Which of many rates (candidates x tasks) reach `floor`: non-inferiority of each, corrected together.

    With probability `level` none of those that truly lie below the floor is reported to reach it, and likewise none of
    those above to fall short. rates: with intervals at `level`, however they were found. floor: of all, or of each.

    Notes
    -----
    Each interval is worth the binomial trials whose Wilson interval has its lower bound; the exact binomial tails of
    so many trials, through the t distribution where the trials were estimated from conversations, are corrected by
    Holm (1979). Conversations of which none differs as a whole may look independent by luck, whose chance is up to
    floor^conversations: no p-value is below that, or below the one for conversations that are all alike, whichever is
    less. Any dependence between the rates is allowed.
    """
    floors = np.broadcast_to(np.asarray(floor, float), len(rates))
    tails = np.array([_tails(rate, at, level) for rate, at in zip(rates, floors, strict=True)]).reshape(-1, 2)
    above, below = holm(tails[:, 0]), holm(tails[:, 1])
    alpha = 1 - level
    return [
        Judged(True if up <= alpha else False if down <= alpha else None, float(up), float(down))
        for up, down in zip(above, below, strict=True)
    ]


def _tails(rate: Rate, floor: float, level: float) -> tuple[float, float]:
    """p-values of `the rate is at most the floor` and `it is at least the floor`."""
    tails = _binomial(rate.value, _known_trials(rate, level), floor)
    told = [float(special.stdtr(rate.freedom, special.ndtri(tail))) for tail in tails]
    if np.isinf(rate.conversations):
        return told[0], told[1]
    alike = _binomial(rate.value, min(rate.clusters, rate.n), floor)
    luck = floor**rate.conversations, (1 - floor) ** rate.conversations
    return max(told[0], min(alike[0], luck[0])), max(told[1], min(alike[1], luck[1]))


def _binomial(share: float, n: float, floor: float) -> tuple[float, float]:
    """Chance of at least, and of at most, such a share of n trials (any number) at a rate of `floor`."""
    hits = share * n
    at_least = float(special.betainc(hits, n - hits + 1, floor)) if hits > 0 else 1.0
    at_most = float(special.betaincc(hits + 1, n - hits, floor)) if hits < n else 1.0
    return at_least, at_most


def effective_trials(rate: Rate, level: float = 0.95) -> float:
    """Independent calls whose Wilson interval is as wide as this one on its lower side (on its upper, at a rate of 0).

    Wilson's bound b solves (rate - b)^2 = z^2 b (1 - b) / n. At most `rate.n`; fewer where weights or conversations
    cost some.
    """
    return _trials(rate, float(special.ndtri(0.5 + level / 2)))


def _known_trials(rate: Rate, level: float) -> float:
    """`effective_trials`, without what the interval is wider for not knowing the variance (its t quantile)."""
    return _trials(rate, float(special.stdtrit(rate.freedom, 0.5 + level / 2)))


def _trials(rate: Rate, quantile: float) -> float:
    bound = rate.low if rate.value > 0 else rate.high
    return min(float(rate.n), quantile**2 * bound * (1 - bound) / max((rate.value - bound) ** 2, 1e-12))


def calls_for_width(width: float, *, share: float = 0.5, level: float = 0.95) -> int:
    """The fewest calls whose Wilson interval is at most `width` wide at `share` (0.5 is the worst case)."""
    if not 0 < width < 1:
        raise ValueError(f"width must lie between 0 and 1, not {width}")
    return _fewest(lambda n: bool(np.subtract(*wilson_bounds(share, n, level)[::-1]) <= width), 1_000_000_000)


def calls_to_decide(
    rate: Rate, floor: float, *, questions: int = 1, level: float = 0.95, power: float = 0.8, most: int = 1_000_000
) -> int | None:
    """How many more calls decide, with probability `power`, whether a rate reaches `floor` (either way).

    rate: what was seen so far, with its interval at `level`; its calls count on. questions: how many are corrected
    together. None where `most` would not do: the rate is too close to the floor to ever tell.

    Notes
    -----
    The true rate is not what was seen: it is drawn from the Beta posterior of the effective trials (Jeffreys'
    prior), and `power` is the chance, over that and the new calls, that `simultaneous` decides (predictive power:
    Spiegelhalter, Freedman & Blackburn 1986). New calls are as dependent as the seen ones.
    """
    seen = _known_trials(rate, level)
    alpha = (1 - level) / questions
    grid = (np.arange(200) + 0.5) / 200
    truths = special.betaincinv(rate.value * seen + 0.5, (1 - rate.value) * seen + 0.5, grid)

    def enough(more: int) -> bool:
        ratio = 1 + more / seen
        tail = float(special.ndtr(special.stdtrit(rate.freedom * ratio, alpha)))
        start = seen
        if floor ** (rate.conversations * ratio) > alpha:  # as if conversations were all alike
            tail, start = alpha, min(rate.clusters, seen)
        total, hits = start * ratio, rate.value * start
        reach = stats.binom.isf(tail, np.ceil(total), floor) + 1 - hits
        short = stats.binom.ppf(tail, np.floor(total), floor) - 1 - hits
        new = round(total - start)
        decided = stats.binom.sf(np.ceil(reach) - 1, new, truths) + stats.binom.cdf(np.floor(short), new, truths)
        return bool(decided.mean() >= power)

    top = int(most * seen / rate.n)
    return int(np.ceil(_fewest(enough, top) * rate.n / seen)) if top and enough(top) else None


def calls_at_best(floor: float, *, questions: int = 1, level: float = 0.95) -> int:
    """The fewest calls, all of them agreeing, from which a rate reaches `floor`."""
    return int(np.ceil(np.log((1 - level) / questions) / np.log(floor)))


def _fewest(enough: Callable[[int], bool], most: int) -> int:
    """The smallest n in 1..most for which the monotone `enough(n)` holds."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
