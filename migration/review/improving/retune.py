"""A new policy proposed from fresh calls, and the error budget that keeps weekly retuning from breaking the guarantee.

The k-th review may be wrong with chance delta * 6 / (pi^2 k^2), delta = 1 - confidence_level, so that all reviews
together are wrong with chance delta at most (alpha-spending; Foster and Stine 2008), whether or not what they propose
is activated. Cascades are chosen, and confidences learned, on earlier calls; thresholds are proved only on calls that
no earlier review looked at. Out of scope: candidates and their training (`refit`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from migration.audit.unit_price import UnitPrice
from migration.benchmark import Candidate
from migration.routing.policy import Candidate as Served
from migration.routing.policy import Policy, Rung
from migration.routing.policy.router import broken_limit
from migration.routing.policy.score import HashedScore
from migration.routing.policy.signals import SignalScore
from migration.routing.tuning import ladder, outcomes
from migration.routing.tuning.grouping import LOW_VOLUME, Terms, group_tasks, rule_out
from migration.routing.tuning.guarantee import add_confidence, is_language_model, learn_confidences
from migration.routing.tuning.proof.bounds import trials_needed
from migration.routing.tuning.proof.fallback import Spending
from migration.routing.tuning.proof.thresholds import ThresholdChoice, choose_cascade
from migration.schema import SIGNALS, GroupTest, Part, Split

DIGITS = 4
"""Decimals of a confidence in the decision log; a threshold is half a unit lower, so that it means the same calls."""


def budget(delta: float, review: int) -> float:
    """The chance of error that review number `review` (1, 2, ...) may spend."""
    return delta * 6 / (math.pi**2 * review**2)


@dataclass(frozen=True)
class Proposal:
    """policy: the new one beside `former`; choices: group -> what fresh calls proved; spent: chance of error of this
    review; changes: group, rungs_before, rungs_after, before, after (thresholds), slm_share, loss, bound, why."""

    policy: Policy
    former: Policy
    choices: dict[str, ThresholdChoice]
    review: int
    spent: float
    changes: pd.DataFrame

    @property
    def groups(self) -> tuple[GroupTest, ...]:
        """The groups of the new policy's guarantee."""
        return self.policy.guarantee.groups if self.policy.guarantee else ()

    @property
    def may_activate(self) -> bool:
        """The rule of `--activate`: something changes, and whatever is routed was proved."""
        return self.policy.version != self.former.version and self.policy.unproved() is None


@dataclass(frozen=True)
class _Tried:
    """What the tests of a review rest on. rows: outcomes with `confidence` and `stands_for`; members: task -> cascade;
    groups: name -> tasks."""

    rows: pd.DataFrame
    members: dict[str, tuple[str, ...]]
    groups: dict[str, list[str]]
    choices: dict[str, ThresholdChoice] = field(default_factory=dict)


def gathered(
    calls: pd.DataFrame, fresh: pd.DataFrame, answers: list[pd.DataFrame], prices: Mapping[str, UnitPrice]
) -> pd.DataFrame:
    """One row an answer, as of `outcomes.gather`: fresh calls are what proves (`choose`), earlier ones what is learned
    from (`fit`).

    calls: of step 01 and fresh ones; fresh: of `fresh_calls`; answers: scored predictions; prices: by candidate.
    """
    proves = calls["call_id"].isin(fresh["call_id"])
    split = calls["split"].where(~proves, str(Split.CALIBRATION))  # a rung as it was learned from no fresh call
    rows = outcomes.gather(calls.assign(split=split), answers, prices=prices)
    stands_for = dict(zip(fresh["call_id"], fresh["stands_for"], strict=True))
    now = rows["call_id"].isin(fresh["call_id"])
    part = np.where(now, str(Part.CHOOSE), str(Part.FIT))
    return rows.assign(part=part, stands_for=rows["call_id"].map(stands_for).fillna(1.0))


def propose(
    rows: pd.DataFrame,
    policy: Policy,
    *,
    review: int,
    new: Mapping[str, Candidate] | None = None,
    alarmed: frozenset[str] = frozenset(),
) -> Proposal:
    """The policy with each group's cascade and threshold chosen again, proved on fresh calls alone.

    rows: of `gathered`; review: how many reviews have spent of the budget, this one included; new: candidates that the
    policy does not know, by name; alarmed: groups whose guarantee was found broken: without a new proof they go to the
    LLM. A group without a new proof and without an alarm keeps its rungs and its proof.
    """
    guarantee = policy.guarantee
    assert guarantee is not None
    terms = Terms(guarantee.max_loss, 1 - budget(1 - guarantee.confidence_level, review), guarantee.max_kept_error)
    calibrators = _calibrators(rows, policy)
    tried = _tried(_confident(rows, policy, calibrators), policy, terms)
    able = {name: tasks for name, tasks in tried.groups.items() if _provable(tried, tasks, terms)}
    spending = Spending(terms.delta / max(len(able), 1))
    limits = {"max_loss": terms.max_loss, "max_kept_error": terms.kept_error}
    choices = {name: choose_cascade(_ladder(tried, tasks), spending, **limits) for name, tasks in able.items()}
    tried = replace(tried, choices=choices)
    served = dict(policy.candidates) | {name: _served(one, policy) for name, one in (new or {}).items()}
    proposed = _with(policy, tried, served, calibrators, alarmed)
    changes = _changes(policy, proposed, tried, alarmed)
    return Proposal(proposed, policy, choices, review, terms.delta, changes)


def _calibrators(rows: pd.DataFrame, policy: Policy) -> dict[str, SignalScore]:
    """The policy's own, so that thresholds which stay mean what they meant, and one for each candidate it lacks."""
    return dict(policy.calibrators) | learn_confidences(rows[rows["part"] == Part.FIT], known=policy.calibrators)


def _confident(rows: pd.DataFrame, policy: Policy, calibrators: Mapping[str, SignalScore]) -> pd.DataFrame:
    """`rows` with `confidence`, -1 where the policy must not ask the candidate."""
    rows = rows.reindex(columns=[*rows.columns, *(name for name in SIGNALS if name not in rows)])
    rows = add_confidence(rows, calibrators)
    if "logged_confidence" in rows:
        rows["confidence"] = rows["logged_confidence"].fillna(rows["confidence"])
    requests = list(outcomes.requests_of(rows))
    barred = np.array([broken_limit(policy.limits, request) is not None for request in requests], bool)
    if isinstance(policy.score, HashedScore) and policy.score_limit is not None:
        gain = policy.score.score([request.text for request in requests], list(rows["task"]))
        barred |= (np.clip(gain, 0, 1) > policy.score_limit) & is_language_model(rows)
    return rows.assign(confidence=np.where(barred, -1.0, rows["confidence"].round(DIGITS)))


def _tried(rows: pd.DataFrame, policy: Policy, terms: Terms) -> _Tried:
    """Cascades of the tasks that may be routed, and the groups that they are proved in: those of the policy's
    guarantee, and tasks alone that it did not have."""
    ruled = rule_out(rows, policy.pinned)
    logged = {task: (rungs[0].candidate,) for task, rungs in policy.rungs.items() if len(rungs) == 1}
    fit, choose = rows[rows["part"] == Part.FIT], rows[rows["part"] == Part.CHOOSE]
    counts = Counter(zip(choose["task"].astype(str), choose["candidate"].astype(str), strict=True))
    members: dict[str, tuple[str, ...]] = {
        task: names for task, names in logged.items() if counts.get((task, names[0]))
    }
    members |= ladder.choose_members(
        fit[~fit["task"].isin(list(ruled))], counts,
        max_loss=terms.max_loss, max_kept_error=terms.kept_error, delta=terms.delta,
    )  # fmt: skip
    assert policy.guarantee is not None
    known = {test.group: [task for task in test.tasks if task in members] for test in policy.guarantee.groups}
    others = {task: names for task, names in members.items() if not any(task in each for each in known.values())}
    alone = group_tasks(rows, others, terms) if others else {}
    groups = known | {name: tasks for name, tasks in alone.items() if name != LOW_VOLUME}
    return _Tried(rows, members, {name: tasks for name, tasks in groups.items() if tasks})


def _provable(tried: _Tried, tasks: list[str], terms: Terms) -> bool:
    """Whether a group's fresh conversations would prove something if nothing differed: else they wait for more, and
    nothing is spent. Only weights are looked at: Kish's effective number, as a shadowed one stands for many."""
    fresh = tried.rows[(tried.rows["part"] == Part.CHOOSE) & tried.rows["task"].isin(tasks)]
    weight = fresh.drop_duplicates("call_id").groupby("conversation")["stands_for"].sum()
    delta = terms.delta / len(tried.groups)
    least = max(trials_needed(0.0, limit, delta) or np.inf for limit in (terms.max_loss, terms.kept_error))
    return len(weight) > 0 and float(weight.sum() ** 2 / (weight**2).sum()) >= least


def _ladder(tried: _Tried, tasks: list[str]) -> ladder.Ladder:
    """The fresh calls of a group by its rungs; each weighs as the traffic that it stands for."""
    choose = tried.rows[tried.rows["part"] == Part.CHOOSE]
    made = ladder.build(choose, {task: tried.members[task] for task in tasks})
    stands_for = made.calls["call_id"].map(choose.drop_duplicates("call_id").set_index("call_id")["stands_for"])
    of_task = stands_for.groupby(made.calls["task"]).transform("sum")
    size = made.calls.groupby("task")["call_id"].transform("size")
    return replace(made, calls=made.calls.assign(weight=made.calls["weight"] * stands_for * size / of_task))


def _served(candidate: Candidate, policy: Policy) -> Served:
    """A new candidate as a policy names it; it costs what the one before it did."""
    of_kind = [one for one in policy.candidates.values() if one.kind == candidate.kind]
    price = of_kind[0].price if of_kind else {}
    return Served(candidate.kind, candidate.source, candidate.source, str(candidate.adapter or ""), 0, price)


def _with(
    policy: Policy,
    tried: _Tried,
    served: Mapping[str, Served],
    calibrators: Mapping[str, SignalScore],
    alarmed: frozenset[str],
) -> Policy:
    guarantee = policy.guarantee
    assert guarantee is not None
    rungs, tests = dict(policy.rungs), []
    former = {test.group: test for test in guarantee.groups}
    for group in [*former, *(name for name in tried.choices if name not in former)]:
        test, choice = former.get(group), tried.choices.get(group)
        if choice is not None and choice.threshold is not None:
            tasks = tuple(tried.groups[group])
            rungs |= dict.fromkeys(test.tasks if test else (), ())
            threshold = max(float(choice.threshold) - 0.5 * 10**-DIGITS, 0.0)
            rungs |= {task: tuple(Rung(name, threshold) for name in tried.members[task]) for task in tasks}
            tests.append(_proved(group, tasks, choice))
        elif test is not None and group in alarmed:
            rungs |= dict.fromkeys(test.tasks, ())
            tests.append(replace(test, proved=False, reason="found broken by the weekly review"))
        elif test is not None:
            tests.append(test)
    used = {rung.candidate for each in rungs.values() for rung in each}
    changed = replace(
        policy,
        rungs=rungs,
        candidates={name: one for name, one in served.items() if name in used | set(policy.candidates)},
        calibrators={name: one for name, one in calibrators.items() if name in used | set(policy.calibrators)},
        guarantee=replace(
            guarantee,
            groups=tuple(tests),
            n=sum(test.n for test in tests),
            conversations=sum(test.conversations for test in tests),
        ),
    )
    return changed if changed.version == policy.version else replace(changed, replaces=policy.version)


def _proved(group: str, tasks: tuple[str, ...], choice: ThresholdChoice) -> GroupTest:
    return GroupTest(
        group, tasks, choice.n, choice.conversations, choice.slm_share, choice.loss, choice.bound, choice.kept_error,
        choice.kept_bound, True, choice.reason,
    )  # fmt: skip


def _changes(policy: Policy, new: Policy, tried: _Tried, alarmed: frozenset[str]) -> pd.DataFrame:
    tasks_of = {test.group: test.tasks for test in policy.guarantee.groups} if policy.guarantee else {}
    rows = []
    for group in dict.fromkeys([*tasks_of, *tried.choices]):
        task = (tried.groups.get(group) or list(tasks_of.get(group, ())))[0]
        before, after = (each.rungs.get(task, ()) for each in (policy, new))
        choice = tried.choices.get(group)
        why = choice.reason if choice else "too few fresh conversations: as it was"
        if choice is not None and choice.threshold is None and group not in alarmed:
            why = f"kept as it was: {choice.reason}"
        names = [", then ".join(rung.candidate for rung in each) or "LLM" for each in (before, after)]
        threshold = [each[0].threshold if each else None for each in (before, after)]
        share, loss, bound = (choice.slm_share, choice.loss, choice.bound) if choice else (None, None, None)
        rows.append((group, *names, *threshold, share, loss, bound, why))
    columns = ["group", "rungs_before", "rungs_after", "before", "after", "slm_share", "loss", "bound", "why"]
    return pd.DataFrame(rows, columns=columns)
