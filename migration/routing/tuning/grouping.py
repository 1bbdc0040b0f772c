"""Which tasks are tried at all, which are proved alone and which together, and what each test may spend.

Nothing here looks at an outcome of a `choose` call: tasks are ruled out by their `fit` calls, grouped by counts, and
what a group's test would prove is forecast from calibrated confidences, which were learned on `fit`. Out of scope: the
tests themselves (`thresholds`), and which rungs a task has (`ladder`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from migration.routing.tuning import ladder
from migration.routing.tuning.ladder import Ladder
from migration.routing.tuning.proof import bounds
from migration.routing.tuning.proof.fallback import Spending
from migration.routing.tuning.proof.thresholds import proved_savings
from migration.schema import Part
from migration.stats import wilson

HOPELESS = 0.20
"""A task whose best agreement is below this, as sure as its `fit` calls can say, goes to the LLM untried."""
FEW = 20
"""`fit` calls of a task under which its share of agreement is a guess: then half must agree for it to be tried."""
LOW_VOLUME = "low-volume tasks, pooled"
DRAWS = 40
"""Simulated outcomes a forecast is the mean of."""
HALF = 0.5
"""Of the errors that the confidences expect: a group that could not be proved even then gets no part of the chance of
error, as confidences that were learned from few calls may be too low."""
SURE = 2.0
"""Standard errors by which fewer low-volume tasks must be forecast to save more."""


@dataclass(frozen=True)
class Terms:
    """What the guarantee must say: most of all calls and of the kept calls that may differ, and how sure."""

    max_loss: float
    confidence_level: float
    max_kept_error: float | None = None

    @property
    def kept_error(self) -> float:
        """Most of the kept calls that may differ: twice `max_loss` where nothing is said."""
        return min(1.0, 2 * self.max_loss) if self.max_kept_error is None else self.max_kept_error

    @property
    def delta(self) -> float:
        """The chance of a guarantee that does not hold."""
        return 1 - self.confidence_level


def rule_out(rows: pd.DataFrame, pinned: Sequence[str]) -> dict[str, str]:
    """Tasks that go to the LLM untried, and why: pinned, of running text that nothing judges, or hopeless on `fit`.

    rows: outcomes; pinned: ids or task types. Nothing of `choose` but counts is looked at.
    """
    out: dict[str, str] = {}
    fit = rows[rows["part"] == Part.FIT]
    for task, own in rows.groupby("task"):
        if task in pinned or own["task_type"].iloc[0] in pinned:
            out[str(task)] = "pinned to the LLM"
        elif own["provable"].mean() < 0.5:
            out[str(task)] = "running text without a judge or labels is shown, not judged"
        elif task not in set(fit["task"]):
            out[str(task)] = "no call to learn the confidence from"
    for task, own in fit[~fit["task"].isin(list(out))].groupby("task"):
        rates = own.groupby("candidate")["agrees"].agg(["sum", "size"])
        best = rates.iloc[(rates["sum"] / rates["size"]).argmax()]
        hopeless = wilson(int(best["sum"]), int(best["size"])).high < HOPELESS
        if hopeless or (best["size"] < FEW and best["sum"] < 0.5 * best["size"]):
            out[str(task)] = f"no candidate agrees often enough ({best['sum']:.0f} of {best['size']:.0f} calls)"
    return out


def group_tasks(rows: pd.DataFrame, members: Mapping[str, tuple[str, ...]], terms: Terms) -> dict[str, list[str]]:
    """Which tasks are proved alone and which together: name -> tasks. Looks at counts only, never at outcomes.

    A task stands alone when it has twice the conversations that would prove the guarantee if nothing differed. rows:
    outcomes, of `outcomes.gather`.
    """
    choose = ladder.build(rows[rows["part"] == Part.CHOOSE], members).calls
    counts = choose.groupby("task")["conversation"].nunique().sort_values(ascending=False)
    alone = list(counts.index)
    while alone:
        delta = terms.delta / (len(alone) + 1)
        least = max(bounds.trials_needed(0.0, limit, delta) or np.inf for limit in (terms.max_loss, terms.kept_error))
        kept = [task for task in alone if counts[task] >= 2 * least]
        if kept == alone:
            break
        alone = kept
    groups = {str(task): [str(task)] for task in alone}
    pooled = [str(task) for task in counts.index if task not in alone]
    return groups | ({LOW_VOLUME: pooled} if pooled else {})


@dataclass(frozen=True)
class Plan:
    """groups: name -> tasks, in the order of their tests; parts: name -> its part of the chance of error, 1 in all;
    left_out: tasks of no group, and why."""

    groups: dict[str, list[str]]
    parts: dict[str, float]
    left_out: dict[str, str] = field(default_factory=dict)


def plan_tests(rows: pd.DataFrame, members: Mapping[str, tuple[str, ...]], terms: Terms, *, seed: int = 0) -> Plan:
    """The groups in the order in which they are tested, those first of which most is likely to be proved.

    A low-volume task whose calls would make a proof for the others less likely is left to the LLM. A group of which
    nothing could be proved with half the errors gets no part of the chance of error: it is tested with what the others
    leave. So a candidate that answers one more task need not cost the others their proof; a forecast from few `fit`
    calls can be wrong. rows: outcomes with `confidence`; members: task -> its cascade.
    """
    groups = group_tasks(rows, members, terms)
    made = ladder.build(rows[rows["part"] == Part.CHOOSE], members)
    chance = np.random.default_rng(seed).random((DRAWS, len(made), 1))  # rungs of a call succeed and fail together
    spending = Spending(terms.delta / max(len(groups), 1))
    forecast = _Forecast(made, chance < made.confidence, spending, terms)
    left_out: dict[str, str] = {}
    if pooled := groups.get(LOW_VOLUME):
        groups[LOW_VOLUME] = forecast.best_pool(pooled)
        why = "with its calls among them, less of the low-volume tasks would be proved"
        left_out = {task: why for task in pooled if task not in groups[LOW_VOLUME]}
    saved = {name: float(forecast.saved(tasks).mean()) for name, tasks in groups.items()}
    order = sorted(groups, key=lambda name: saved[name], reverse=True)
    hopeful = replace(forecast, drawn=1 - HALF * (1 - made.confidence) > chance)
    likely = [name for name in order if saved[name] > 0 or hopeful.saved(groups[name]).any()] or order
    return Plan(
        {name: groups[name] for name in order},
        {name: (name in likely) / len(likely) for name in order},
        left_out,
    )


@dataclass(frozen=True)
class _Forecast:
    """What tests would prove if calls were right as often as their confidence says. made: the `choose` calls of all
    tasks; drawn: bool (DRAWS, n, rungs), simulated outcomes."""

    made: Ladder
    drawn: np.ndarray
    spending: Spending
    terms: Terms

    def saved(self, tasks: Sequence[str]) -> np.ndarray:
        """Saving that a group of these tasks would prove, a draw (DRAWS,): USD, or calls where no cost is known."""
        own = self.made.of_tasks(tasks)
        if not len(own):
            return np.zeros(len(self.drawn))
        here = self.made.calls["task"].isin(list(tasks)).to_numpy()
        limits = {"max_loss": self.terms.max_loss, "max_kept_error": self.terms.kept_error}
        shares = proved_savings(own, self.drawn[:, here], self.spending, **limits)
        weight, cost = own.calls["weight"].to_numpy(float), own.calls["llm_cost"].fillna(0.0).to_numpy(float)
        return shares * (weight @ cost or weight.sum())

    def best_pool(self, tasks: Sequence[str]) -> list[str]:
        """The low-volume tasks without those that cost the others a proof: from all of them, the one of which least
        could be kept is left out as long as what remains would save more, by more than the simulation's own error."""
        order = sorted(tasks, key=self._keepable, reverse=True)
        best, most = order, self.saved(order)
        for count in range(len(order) - 1, 0, -1):
            saved = self.saved(order[:count])
            gain = saved - most
            if gain.mean() > SURE * gain.std(ddof=1) / np.sqrt(len(gain)):
                best, most = order[:count], saved
        return [task for task in tasks if task in best]

    def _keepable(self, task: str) -> float:
        """Share of a task's calls that is kept, the surest first, while their confidence expects errors within the
        limit."""
        sure = np.sort(self.made.of_tasks([task]).surest()[0].clip(0, 1))[::-1]
        expected = np.cumsum(1 - sure) / np.arange(1, len(sure) + 1)
        return float((expected <= self.terms.kept_error).mean()) if len(sure) else 0.0
