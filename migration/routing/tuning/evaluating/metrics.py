"""How well a score before the call orders calls for the LLM: APGR and CPT, as RouteLLM defines them.

Out of scope: how the score was learned (`gain`) and what may be guaranteed of it (`thresholds`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migration.routing.tuning.evaluating.sweeping import columns, descending


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


def routing_metrics(score: np.ndarray, weak: np.ndarray, strong: np.ndarray, *, resamples: int = 200) -> RoutingMetrics:
    """APGR, CPT50 and CPT80 of a score that sends its highest calls to the strong model.

    score: any real (n,); weak, strong: 0..1 (n,). Exact: every share of strong calls, calls with equal scores taken in
    random order (a straight line). Raises BadInput for NaN or unequal lengths.
    """
    score, weak, strong = columns(score=score, weak=weak, strong=strong)
    order, last = descending(score)
    gain = (strong - weak)[order]
    starts = np.append(0, last[:-1] + 1)
    n = len(score)
    value = _marks(np.add.reduceat(gain, starts), np.diff(starts, append=n).astype(float))
    rng = np.random.default_rng(0)
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
