"""Where to draw the line: the threshold that saves most among those whose risks are proved below their limits.

Out of scope: tests of one threshold (`risk`), curves over all (`sweeping`), models, files, tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from migration.errors import BadInput
from migration.routing.tuning.evaluating.sweeping import columns
from migration.routing.tuning.ladder import Ladder
from migration.routing.tuning.proof import bounds, risk
from migration.routing.tuning.proof.fallback import Limits, Spending, carried_on, levels_of, limits_of, passes_of, walk
from migration.schema import Decision
from migration.stats.design import codes as numbered

if TYPE_CHECKING:
    from migration.stats.design import Column

STEPS = 60
"""Thresholds that are tried, evenly spaced by the calls they keep."""
POWER = 0.8
"""The chance with which the forecast number of labels proves the guarantee."""


@dataclass(frozen=True)
class ThresholdChoice:
    """The threshold with the largest saving whose risks are proved.

    With chance `confidence_level` over the draw of the conversations, new calls from the same source lose at most
    `max_loss` on average over all calls, and at most `max_kept_error` over those kept, when routed at `threshold`.
    `threshold` is None where the decision is "do not route". slm_share, loss, kept_error: of the calibration calls;
    bound, kept_bound: upper limits of the two risks at this threshold as if it had been named beforehand; since the
    same calls chose it, they are read beside the guarantee and not instead of it. saving: fraction of the all-LLM
    cost, the SLM's own cost taken off. noise: p-value that the
    confidence orders calls no better than chance, None where no threshold needed it.
    more_labels: how many more calls would prove the best threshold seen with 80% power, None where no number would.
    unspent: the chance of error that a test after this one may spend, as all thresholds up to the last are proved.
    """

    threshold: float | None
    slm_share: float = 0.0
    loss: float = 0.0
    kept_error: float = 0.0
    bound: float = 0.0
    kept_bound: float = 0.0
    saving: float = 0.0
    decision: Decision = Decision.DO_NOT_ROUTE
    reason: str = ""
    n: int = 0
    conversations: int = 0
    max_loss: float = float("nan")
    max_kept_error: float = float("nan")
    confidence_level: float = float("nan")
    method: str = ""
    noise: float | None = None
    more_labels: int | None = None
    unspent: float = 0.0


def choose_threshold(
    confidence: np.ndarray,
    slm_score: np.ndarray,
    llm_score: np.ndarray,
    *,
    max_loss: float,
    confidence_level: float,
    max_kept_error: float | None = None,
    slm_cost: np.ndarray | float | None = None,
    llm_cost: np.ndarray | float | None = None,
    weight: np.ndarray | float = 1.0,
    cluster: Column | None = None,
    thresholds: Sequence[float] | None = None,
) -> ThresholdChoice:
    """Learn then Test (Angelopoulos et al. 2021) along nested thresholds.

    confidence: (n,), any real, higher is surer; slm_score, llm_score: (n,) 0..1. The loss of a call is its LLM score
    minus what the hybrid delivers: 0 where escalated, in [-1, 1] where the SLM's answer is kept. max_kept_error: by
    default twice `max_loss`. weight: the traffic that each call stands for; cluster: the conversation of each call
    (a call without one, None, stands alone). Without costs the LLM's is 1 and the SLM's 0. thresholds: those to try,
    named without a look at these losses (a plan from other calls); by default `STEPS` of them, evenly spaced by the
    calls they keep.

    They are tested from the safest down by the fallback procedure (Wiens 2003): a test that passes hands its level
    on, one that fails leaves the later starts theirs, so the chance of a false proof is at most 1 - confidence_level.
    A threshold that splits the calls also needs a confidence that provably beats a random mix of the same share
    (`risk.beats_random`); keeping all calls does not.
    Raises BadInput for NaN, unequal lengths, scores outside 0..1, weights that are not positive, or a level outside
    (0, 1). slm_cost, llm_cost: (n,) or one number, in one unit of money; None: the share kept decides.
    """
    limits = limits_of(max_loss, max_kept_error, Spending(1 - confidence_level))
    confidence, slm, llm, slm_cost, llm_cost, weight = columns(
        confidence=confidence,
        slm_score=slm_score,
        llm_score=llm_score,
        slm_cost=0.0 if slm_cost is None else slm_cost,
        llm_cost=1.0 if llm_cost is None else llm_cost,
        weight=weight,
    )
    codes = _check(slm, llm, weight, cluster)
    tried = _plan(confidence, weight, codes, limits) if thresholds is None else np.unique(np.asarray(thresholds))[::-1]
    place = np.searchsorted(-tried, -confidence, side="left")
    kept = risk.keep(llm - slm, weight, codes, place, len(tried))
    saving = _saving(slm_cost, llm_cost, weight, place, len(tried))
    return _select(kept, tried, saving, partial(risk.beats_random, confidence, llm - slm, weight, codes), limits)


def choose_cascade(ladder: Ladder, spending: Spending, *, max_loss: float, max_kept_error: float) -> ThresholdChoice:
    """As `choose_threshold`, for the common threshold of a cascade of rungs (`ladder.Ladder`), whose calls weigh as
    their traffic and come in conversations. The saving counts every rung that was tried before the answer."""
    limits = limits_of(max_loss, max_kept_error, spending)
    kept, tried, saving = _cascade(ladder, limits)
    (sure, wrong), weight = ladder.surest(), ladder.calls["weight"].to_numpy(float)
    return _select(kept, tried, saving, partial(risk.beats_random, sure, wrong, weight, ladder.conversations), limits)


def proved_savings(
    ladder: Ladder, right: np.ndarray, spending: Spending, *, max_loss: float, max_kept_error: float
) -> np.ndarray:
    """About the saving that `choose_cascade` would prove with these outcomes, as a share of the LLM's cost (D,): no
    confidence is taken for noise, and a third of the thresholds are tried.

    right: bool (D, n, K), D outcomes of all answers of the ladder.
    """
    limits = limits_of(max_loss, max_kept_error, spending)
    one, tried, saving = _cascade(ladder, limits, steps=STEPS // 3)
    if not len(tried):
        return np.zeros(len(right))
    rungs = np.stack([ladder.rung_at(threshold) for threshold in tried], axis=1)  # (n, m)
    keeps = rungs < ladder.confidence.shape[1]
    here = np.minimum(rungs, ladder.confidence.shape[1] - 1)
    lost = np.concatenate([keeps & ~np.take_along_axis(each, here, axis=1) for each in right], axis=1)  # (n, D m)
    weight = ladder.calls["weight"].to_numpy(float)
    kept = risk.keep_each(lost, np.tile(keeps, len(right)), weight, ladder.conversations)
    parts, levels = levels_of(one, limits)
    passes = passes_of(kept, limits, levels).reshape(len(levels), len(right), len(tried))
    proved = np.array([carried_on(passes[:, draw], parts, levels, limits)[0] for draw in range(len(right))])
    return (saving * proved).max(1, initial=0.0)


def _cascade(ladder: Ladder, limits: Limits, steps: int = STEPS) -> tuple[risk.Kept, np.ndarray, np.ndarray]:
    """(what is kept, thresholds that are tried, saving) of a cascade."""
    sure, wrong = ladder.surest()
    weight, codes = ladder.calls["weight"].to_numpy(float), ladder.conversations
    tried = _plan(np.where(sure < 0, -np.inf, sure), weight, codes, limits, steps)
    if not len(tried):
        return risk.keep(wrong, weight, codes, codes * 0, 0), tried, np.empty(0)
    lost, keeps, cost = ladder.lost_at(tried)
    kept, before = risk.keep_each(lost, keeps, weight, codes), float(weight @ ladder.calls["llm_cost"].fillna(0.0))
    return kept, tried, 1 - (weight @ cost) / before if before > 0 else kept.share


def _select(
    kept: risk.Kept, tried: np.ndarray, saving: np.ndarray, noise_of: Callable[..., float], limits: Limits
) -> ThresholdChoice:
    """The proved threshold that saves most, or why there is none. noise_of: p-value of "the confidence is noise", to
    be compared with its `delta`."""
    useful = (saving > 0) & (kept.counts > 0)
    proved, unspent = walk(kept, limits)
    proved &= useful & (kept.loss <= limits.max_loss) & (kept.kept_error <= limits.max_kept_error)
    whole = kept.counts == kept.n
    noise = noise_of(delta=limits.spent) if (proved & ~whole).any() else None
    common: dict[str, Any] = {
        "n": kept.n,
        "conversations": kept.conversations,
        "max_loss": limits.max_loss,
        "max_kept_error": limits.max_kept_error,
        "confidence_level": 1 - limits.spent,
        "noise": noise,
        "unspent": unspent,
    }
    sound = np.flatnonzero(proved & (whole | (noise is not None and noise <= limits.spent)))
    if not len(sound):
        reason, more = _why_not(kept, useful, limits, noise)
        reason = reason if limits.spent > 0 else f"not tested, as no proof was likely: {reason}"
        return ThresholdChoice(None, reason=reason, more_labels=more, **common)
    best = int(sound[np.argmax(saving[sound])])
    return _chosen(kept.at(best), float(tried[best]), float(saving[best]), limits, common)


def _check(slm: np.ndarray, llm: np.ndarray, weight: np.ndarray, cluster: Column | None) -> np.ndarray:
    """The code of each call's conversation. Raises BadInput for what cannot be."""
    for name, score in (("slm_score", slm), ("llm_score", llm)):
        outside = np.flatnonzero((score < 0) | (score > 1))
        if len(outside):
            raise BadInput(f"{name} is {score[outside[0]]} at index {outside[0]}, scores are 0..1")
    if len(wrong := np.flatnonzero(weight <= 0)):
        raise BadInput(f"weight is {weight[wrong[0]]} at index {wrong[0]}, weights are above 0")
    if cluster is not None and len(cluster) != len(slm):
        raise BadInput(f"cluster has {len(cluster)} values for {len(slm)} calls")
    return numbered(cluster, len(slm), apart=True)


def _plan(
    confidence: np.ndarray, weight: np.ndarray, codes: np.ndarray, limits: Limits, steps: int = STEPS
) -> np.ndarray:
    """Thresholds to try, descending: by the confidences alone, never by the losses.

    A confidence of minus infinity is never kept. The first keeps about twice the conversations that would prove
    `max_kept_error` without an error, where there are as many: a walk from the most confident call down would fail
    early by chance. Ties are kept together.
    """
    size = np.bincount(codes, weight)
    effective = size.sum() ** 2 / float(size @ size)
    least = bounds.trials_needed(0.0, limits.max_kept_error, limits.delta) if limits.max_kept_error < 1 else 1
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    possible = np.flatnonzero(confidence[order] > -np.inf)
    if not len(possible):
        return np.empty(0)
    most, needed = float(share[possible[-1]]), (least or np.inf) / effective
    first = min(most, max(0.05, 2 * needed if needed <= 0.25 else max(0.5, 1.05 * needed)))
    places = np.searchsorted(share, np.linspace(first, most, steps) - 1e-12)
    return np.unique(confidence[order][np.minimum(places, possible[-1])])[::-1]


def _saving(
    slm_cost: np.ndarray, llm_cost: np.ndarray, weight: np.ndarray, place: np.ndarray, thresholds: int
) -> np.ndarray:
    """Fraction of the all-LLM cost that each threshold spares; the SLM is paid for every call."""
    before = float(weight @ llm_cost)
    spared = np.bincount(place, weight * llm_cost, minlength=thresholds + 1)[:thresholds].cumsum()
    return (spared - float(weight @ slm_cost)) / before if before > 1e-300 else np.zeros(thresholds)


def _chosen(
    kept: risk.Kept, threshold: float, saving: float, limits: Limits, common: dict[str, Any]
) -> ThresholdChoice:
    bound, kept_bound, method = risk.upper_bounds(kept, limits.spent)
    share, loss, error = float(kept.share[0]), float(kept.loss[0]), float(kept.kept_error[0])
    return ThresholdChoice(
        threshold,
        slm_share=share,
        loss=loss,
        kept_error=error,
        bound=min(bound, limits.max_loss),
        kept_bound=min(kept_bound, limits.max_kept_error),
        saving=saving,
        decision=Decision.ROUTE,
        reason=f"{share:.1%} of calls stay below the LLM; {loss:.2%} of all calls differ, {error:.2%} of those kept",
        method=method,
        **common,
    )


def _why_not(kept: risk.Kept, useful: np.ndarray, limits: Limits, noise: float | None) -> tuple[str, int | None]:
    """One sentence on why nothing is routed, and how many more labelled calls would change that."""
    if not useful.any():
        return "no threshold saves money: the SLM costs as much as it spares, whatever its quality", None
    loss, error = np.maximum(kept.loss, 0.0), np.maximum(kept.kept_error, 0.0)
    able = useful & (loss < limits.max_loss) & (error < limits.max_kept_error)
    if not able.any():
        rate = float(error[useful].min())
        sentence = f"of the calls that any useful threshold keeps, at least {rate:.1%} differ"
        return (
            f"{sentence}, over the {limits.max_kept_error:.1%} allowed: a better SLM is needed, not more labels",
            None,
        )
    shown = np.flatnonzero(able)[:: max(1, int(able.sum()) // 8)]
    needed = [calls_to_prove(float(loss[j]), float(error[j]), float(kept.share[j]), limits.max_loss,
                             limits.max_kept_error, limits.delta) for j in shown]  # fmt: skip
    known = [(each, j) for each, j in zip(needed, shown, strict=True) if each is not None]
    if not known:
        return "what differs is too near the limits to be proved with any number of labels", None
    calls, place = min(known)
    more = max(int(np.ceil(calls * _design_effect(kept, place))) - kept.n, 1)
    seen = (
        f"keeping {kept.share[place]:.0%}, {loss[place]:.2%} of all calls and {error[place]:.2%} of those kept differ"
    )
    if noise is not None and noise > limits.spent and kept.counts[place] < kept.n:
        seen += ", but its confidence is not shown to beat a random mix"
    return f"{seen}; {kept.n} calls are too few to prove it: about {more:,} more labelled calls would do", more


def _design_effect(kept: risk.Kept, place: int) -> float:
    """Calls that one independent call's worth of evidence takes (Kish 1965), at least 1: by the variance of the loss
    between conversations, or by the weights alone where nothing differs."""
    loss, total = float(kept.loss[place]), kept.size.sum()
    if loss <= 0:
        return max(1.0, kept.n * float(kept.size @ kept.size) / total**2 / max(kept.n / kept.conversations, 1.0))
    spread = kept.lost[:, place] - loss * kept.size
    return max(1.0, float(spread @ spread) / total**2 * kept.n / (loss * (1 - min(loss, 0.99))))


def calls_to_prove(
    loss: float, kept_error: float, share: float, max_loss: float, max_kept_error: float, delta: float
) -> int | None:
    """Independent calls that prove both risks with chance POWER when they are truly `loss` and `kept_error`.

    share: of the calls that are kept. None where a risk is not below its limit, or past a million calls.
    """
    one = _trials(loss, max_loss, delta)
    two = _trials(kept_error, max_kept_error, delta)
    return None if one is None or two is None else max(one, int(np.ceil(two / max(share, 1e-9))))


def _trials(rate: float, limit: float, delta: float, *, most: int = 1_000_000) -> int | None:
    """Trials at which an exact test of "below `limit`" passes with chance POWER."""
    if limit >= 1:
        return 1
    if rate >= limit:
        return None

    def enough(n: int) -> bool:
        allowed = bounds.most_losses(n, limit, delta)
        return allowed >= 0 and float(special.bdtr(allowed, n, rate)) >= POWER

    high = 8
    while not enough(high):
        high *= 2
        if high > most:
            return None
    low = high // 2
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
