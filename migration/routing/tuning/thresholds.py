"""Where to draw the line: every threshold's quality and cost, the one that keeps a promise, and a router's marks.

Knows: arrays of confidences, scores and costs. Refuses to know: models, files, tasks.
A score is 0..1, a loss is the LLM's score minus what the hybrid delivers, a cost is in any one unit of money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from migration.errors import BadInput
from migration.routing.tuning import bounds

if TYPE_CHECKING:
    import pandas as pd

ROUTE, DO_NOT_ROUTE = "route", "do not route"
MOST_THRESHOLDS = 256
"""Thresholds tried for a graded or signed loss: the finest step is 0.4% of the calls."""


def columns(**named: object) -> list[np.ndarray]:
    """The arrays as float (n,), a single number being repeated. Raises BadInput naming the array and the index.

    A confidence or a score to sort by may be infinite; nothing else may.
    """
    arrays = {name: _as_numbers(name, values) for name, values in named.items()}
    n = max((array.size for array in arrays.values() if array.ndim), default=1)
    if n == 0:
        raise BadInput(f"{next(iter(arrays))} is empty: nothing to tune on")
    for name, array in arrays.items():
        if array.ndim > 1 or (array.ndim == 1 and array.size != n):
            raise BadInput(f"{name} has shape {array.shape}, the longest of the others has length {n}")
        for kind, test in (("NaN", np.isnan), ("infinite", np.isinf)):
            wrong = np.flatnonzero(test(np.atleast_1d(array)))
            if len(wrong) and not (kind == "infinite" and name in ("confidence", "score")):
                raise BadInput(f"{name} is {kind} at index {wrong[0]} ({len(wrong)} in all)")
    return [np.broadcast_to(array, (n,)) if array.ndim == 0 else array for array in arrays.values()]


def _as_numbers(name: str, values: object) -> np.ndarray:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} holds something that is no number: {error}") from error


def _descending(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order from the highest score down, and the position of the last item of each group of ties."""
    order = np.argsort(score)[::-1]
    ordered = score[order]
    return order, np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)


def sweep(
    confidence: np.ndarray,
    slm_score: np.ndarray,
    llm_score: np.ndarray,
    slm_cost: np.ndarray | float,
    llm_cost: np.ndarray | float,
    *,
    weight: np.ndarray | float = 1.0,
) -> pd.DataFrame:
    """Every threshold of a cascade, exactly: one sort and cumulative sums, O(n log n).

    The SLM's answer is kept where confidence >= threshold. The SLM is paid always, the LLM where escalated.
    Returns one row a distinct threshold, ascending: threshold, slm_share, quality, cost (means a request).
    Raises BadInput for NaN or unequal lengths.
    """
    import pandas as pd

    confidence, slm, llm, slm_cost, llm_cost, weight = columns(
        confidence=confidence,
        slm_score=slm_score,
        llm_score=llm_score,
        slm_cost=slm_cost,
        llm_cost=llm_cost,
        weight=weight,
    )
    order, last = _descending(confidence)
    last = last[::-1]
    ends = order[last]
    total = weight.sum()

    def kept(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values[order])[last] / total

    return pd.DataFrame(
        {
            "threshold": confidence[ends],
            "slm_share": kept(weight),
            "quality": kept(weight * (slm - llm)) + (weight @ llm) / total,
            "cost": (weight @ (slm_cost + llm_cost)) / total - kept(weight * llm_cost),
        },
        copy=False,
    )


@dataclass(frozen=True)
class ThresholdChoice:
    """The threshold with the largest saving whose loss is proved to be at most `max_loss`.

    With chance `confidence_level` over the draw of the n calls, new calls from the same source lose at most `max_loss`
    on average when routed at `threshold`. `threshold` is None where the decision is "do not route". bound: the upper
    limit of the loss (<= max_loss) at this threshold as if it had been named beforehand; since the same calls chose
    it, it is read beside the promise and not instead of it. slm_share, loss: of the calibration calls; saving: fraction
    of the all-LLM cost, the SLM's own cost taken off.
    `more_labels`: how many more calls would prove the best threshold seen, None where no number would.
    """

    threshold: float | None
    slm_share: float
    loss: float
    bound: float
    saving: float
    decision: str
    reason: str = ""
    n: int = 0
    max_loss: float = field(default=float("nan"))
    confidence_level: float = field(default=float("nan"))
    method: str = ""
    more_labels: int | None = None


def choose_threshold(
    confidence: np.ndarray,
    slm_score: np.ndarray,
    llm_score: np.ndarray,
    *,
    max_loss: float,
    confidence_level: float,
    slm_cost: np.ndarray | float | None = None,
    llm_cost: np.ndarray | float | None = None,
    weight: np.ndarray | float = 1.0,
) -> ThresholdChoice:
    """Learn then Test (Angelopoulos et al. 2021) along the thresholds from the safest down.

    The loss of a call is its LLM score minus what the hybrid delivers: 0 where escalated, in [-1, 1] where the SLM's
    answer is kept. Thresholds are tested from "all to the LLM" downwards and the first that fails ends the walk
    (fixed-sequence testing: no correction for their number). Without costs the LLM's is 1 and the SLM's 0.

    Notes: scores within 0..1. A share of kept calls that is no larger than `max_loss` would be "safe" with wrong
    answers alone; such a threshold proves nothing of the SLM and is not offered. `weight` speaks for the traffic where
    calls were sampled unevenly; it makes the loss graded and the bound wider.
    Raises BadInput for NaN, unequal lengths, scores outside 0..1, or a level outside (0, 1).
    """
    _check_levels(max_loss, confidence_level)
    confidence, slm, llm, slm_cost, llm_cost, weight = columns(
        confidence=confidence,
        slm_score=slm_score,
        llm_score=llm_score,
        slm_cost=0.0 if slm_cost is None else slm_cost,
        llm_cost=1.0 if llm_cost is None else llm_cost,
        weight=weight,
    )
    for name, score in (("slm_score", slm), ("llm_score", llm)):
        outside = np.flatnonzero((score < 0) | (score > 1))
        if len(outside):
            raise BadInput(f"{name} is {score[outside[0]]} at index {outside[0]}, scores are 0..1")
    delta, effective = 1 - confidence_level, weight.sum() ** 2 / float(weight @ weight)
    path = _path(confidence, llm - slm, slm_cost, llm_cost, weight)
    useful = (path.saving > 0) & ((path.share > max_loss) | (max_loss == 1))
    proved = last_proved(path.loss, path.last, max_loss, delta)
    good = np.flatnonzero(useful[: proved + 1])
    n = len(confidence)
    common: dict[str, Any] = {"n": n, "max_loss": max_loss, "confidence_level": confidence_level}
    if not len(good):
        reason, more = _why_not(useful, path.lost, path.share, max_loss, delta, n, n / effective)
        return ThresholdChoice(None, 0.0, 0.0, 0.0, 0.0, DO_NOT_ROUTE, reason, more_labels=more, **common)
    return _chosen(path, int(good[np.argmax(path.saving[good])]), max_loss, delta, common)


def _check_levels(max_loss: float, confidence_level: float) -> None:
    if not (0 < confidence_level < 1):
        raise BadInput(f"confidence_level must be between 0 and 1, not {confidence_level}")
    if not (0 <= max_loss <= 1):
        raise BadInput(f"max_loss must be between 0 and 1, not {max_loss}")


@dataclass(frozen=True)
class _Path:
    """The walk from the highest confidence down. loss: (n,) of keeping each call, in units of one call; last: (m,) the
    position of each threshold's last call; threshold, share, lost, saving: (m,), fractions of all calls or costs."""

    loss: np.ndarray
    last: np.ndarray
    threshold: np.ndarray
    share: np.ndarray
    lost: np.ndarray
    saving: np.ndarray
    unit: float


def _path(
    confidence: np.ndarray, loss: np.ndarray, slm_cost: np.ndarray, llm_cost: np.ndarray, weight: np.ndarray
) -> _Path:
    n, total = len(confidence), weight.sum()
    order, last = _descending(confidence)
    unit = weight[order] * n / total
    lost = unit * loss[order]
    before = weight @ llm_cost / total
    saved = np.cumsum((weight * llm_cost)[order])[last] / total - weight @ slm_cost / total
    saving = saved / before if before > 0 else np.zeros_like(saved)
    share = np.cumsum(unit)[last] / n
    return _Path(lost, last, confidence[order[last]], share, np.cumsum(lost)[last] / n, saving, float(unit.max()))


def _chosen(path: _Path, best: int, max_loss: float, delta: float, common: dict[str, Any]) -> ThresholdChoice:
    """The choice of threshold number `best`, with the tightest bound that its own calls prove."""
    top, share, lost = max(1.0, path.unit), float(path.share[best]), float(path.lost[best])
    kept = np.where(np.arange(len(path.loss)) <= path.last[best], path.loss, 0.0)
    bound = bounds.mean_upper(kept, delta, low=-top if path.loss.min() < 0 else 0.0, high=top, at_most=max_loss)
    return ThresholdChoice(
        float(path.threshold[best]),
        share,
        lost,
        min(bound.value, max_loss),
        float(path.saving[best]),
        ROUTE,
        f"{share:.1%} of the calls stay with the SLM, {lost:.2%} of the score is lost",
        method=bound.method,
        **common,
    )


def last_proved(loss: np.ndarray, last: np.ndarray, limit: float, delta: float) -> int:
    """Index into `last` of the lowest threshold that the walk reaches, -1 where the first one fails.

    loss: (n,) what keeping each call loses, from the highest confidence down; last: where each group of ties ends.
    """
    if not bounds.is_binary(loss):
        return _betting_walk(loss, last, limit, delta)
    failed = np.flatnonzero(np.cumsum(loss)[last] > bounds.most_losses(len(loss), limit, delta))
    return (int(failed[0]) if len(failed) else len(last)) - 1


def _betting_walk(loss: np.ndarray, last: np.ndarray, limit: float, delta: float) -> int:
    """`last_proved` by betting, over at most MOST_THRESHOLDS thresholds.

    Where no loss is negative the risk only grows along the walk, so that a proof holds for every safer threshold too:
    a coarse walk comes first and only the stretch where it fails is walked finely.
    """
    top = max(1.0, float(np.abs(loss).max()))
    low = -top if loss.min() < 0 else 0.0
    rank = np.arange(len(loss))[:, None]

    def walk(places: np.ndarray) -> int:
        kept = np.where(rank <= last[places][None, :], loss[:, None], 0.0)
        passes = bounds.betting_proves(kept, limit, delta, low=low, high=top)
        return len(places) if passes.all() else int(np.argmin(passes))

    places = np.unique(np.linspace(0, len(last) - 1, MOST_THRESHOLDS).astype(int))
    coarse = places if low < 0 else places[:: round(MOST_THRESHOLDS**0.5)]
    passed = walk(coarse)
    if low < 0:
        return int(coarse[passed - 1]) if passed else -1
    start = coarse[passed - 1] if passed else -1
    end = coarse[passed] if passed < len(coarse) else len(last)
    fine = places[(places > start) & (places < end)]
    more = walk(fine) if len(fine) else 0
    return int(fine[more - 1]) if more else int(start)


def _why_not(
    useful: np.ndarray, lost: np.ndarray, share: np.ndarray, max_loss: float, delta: float, n: int, uneven: float
) -> tuple[str, int | None]:
    """One sentence on why nothing is routed, and how many more labelled calls would change that.

    uneven: calls that one call's worth of information takes, as weights differ (Kish 1965).
    """
    if not useful.any():
        return "no threshold saves money: the SLM costs as much as it spares, whatever its quality", None
    rate = float(lost[useful].min())
    if rate >= max_loss:
        sentence = f"the least loss of any useful threshold is {rate:.1%}, over the {max_loss:.1%} allowed"
        return sentence + ": a better SLM is needed, more labels would not help", None
    needed = bounds.trials_needed(max(rate, 0.0), max_loss, delta)
    if needed is None:
        return f"{rate:.2%} lost is too near the {max_loss:.1%} allowed to be proved with any number of labels", None
    needed = int(np.ceil(needed * uneven))
    kept = float(share[useful][np.argmin(lost[useful])])
    sentence = f"a threshold that keeps {kept:.0%} lost {rate:.2%} on {n} calls, too few to prove {max_loss:.1%}"
    return sentence + f": about {max(needed - n, 1)} more labelled calls would do", max(needed - n, 1)


@dataclass(frozen=True)
class RoutingMetrics:
    """A pre-call router's marks, as RouteLLM defines them (Ong et al. 2024).

    apgr: mean share of the weak-to-strong gap that is recovered, over all shares of strong calls (0.5 is random).
    cpt50, cpt80: percent of calls that go to the strong model when 50% or 80% of the gap is recovered.
    intervals: name -> (low, high), 95% by bootstrap over the calls. NaN where strong is no better than weak.
    """

    apgr: float
    cpt50: float
    cpt80: float
    intervals: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        apgr, cpt50, cpt80 = (self.intervals[name] for name in ("apgr", "cpt50", "cpt80"))
        return (
            f"APGR {self.apgr:.3f} ({apgr[0]:.3f} to {apgr[1]:.3f}), CPT50 {self.cpt50:.0f}% ({cpt50[0]:.0f} to "
            f"{cpt50[1]:.0f}), CPT80 {self.cpt80:.0f}% ({cpt80[0]:.0f} to {cpt80[1]:.0f})"
        )


def routing_metrics(
    score: np.ndarray, weak: np.ndarray, strong: np.ndarray, *, resamples: int = 200, seed: int = 0
) -> RoutingMetrics:
    """APGR, CPT50 and CPT80 of a score that sends its highest calls to the strong model.

    score: any real (n,); weak, strong: 0..1 (n,). Exact: every share of strong calls, calls with equal scores taken in
    random order (a straight line). Raises BadInput for NaN or unequal lengths.
    """
    score, weak, strong = columns(score=score, weak=weak, strong=strong)
    order, last = _descending(score)
    gain = (strong - weak)[order]
    starts = np.append(0, last[:-1] + 1)
    n = len(score)
    value = _marks(np.add.reduceat(gain, starts), np.diff(starts, append=n).astype(float))
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(min(resamples, max(20, 40_000_000 // n)) if np.isfinite(value[0]) else 0):
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        draws.append(_marks(np.add.reduceat(gain * times, starts), np.add.reduceat(times, starts).astype(float)))
    found = np.asarray(draws).reshape(-1, 3)
    found = found[~np.isnan(found).any(1)]
    edges = np.quantile(found, [0.025, 0.975], axis=0) if len(found) else np.full((2, 3), np.nan)
    names = ("apgr", "cpt50", "cpt80")
    return RoutingMetrics(*value, {name: (float(edges[0, i]), float(edges[1, i])) for i, name in enumerate(names)})


def _marks(gain: np.ndarray, calls: np.ndarray) -> tuple[float, float, float]:
    """(APGR, CPT50, CPT80) of groups of calls in the order they go to the strong model."""
    share = np.append(0.0, np.cumsum(calls)) / calls.sum()
    recovered = np.append(0.0, np.cumsum(gain))
    if recovered[-1] <= 0:
        return float("nan"), float("nan"), float("nan")
    recovered = recovered / recovered[-1]
    area = float(((recovered[1:] + recovered[:-1]) / 2) @ np.diff(share))
    return area, _share_at(share, recovered, 0.5), _share_at(share, recovered, 0.8)


def _share_at(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    """Percent of strong calls at which `level` of the gap is first recovered."""
    i = int(np.argmax(recovered >= level - 1e-12))
    rise = recovered[i] - recovered[i - 1]
    part = (level - recovered[i - 1]) / rise if rise > 0 else 1.0
    return float(100 * (share[i - 1] + min(1.0, part) * (share[i] - share[i - 1])))
