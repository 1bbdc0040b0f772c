"""A new policy proposed from fresh calls, and the error budget that keeps weekly retuning from breaking the guarantee.

The k-th review may be wrong with chance delta * 6 / (pi^2 k^2), delta = 1 - confidence_level, so that all reviews
together are wrong with chance delta at most (alpha-spending; Foster and Stine 2008), whether or not what they propose
is activated. Only calls that no earlier review looked at are used. Out of scope: candidates and their training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from migration.review.watching.weekly import groups_of
from migration.routing.policy import Policy, Rung
from migration.routing.tuning.thresholds import ThresholdChoice, choose_threshold
from migration.schema import GroupTest, Guarantee

FEWEST = 60
"""Fresh conversations of a group under which its threshold is not tested again."""


def budget(delta: float, review: int) -> float:
    """The chance of error that review number `review` (1, 2, ...) may spend."""
    return delta * 6 / (math.pi**2 * review**2)


@dataclass(frozen=True)
class Proposal:
    """policy: the new one beside `former`; choices: group -> what fresh calls proved; spent: chance of error of this
    review; changes: group, before, after (thresholds), slm_share, loss, bound, why."""

    policy: Policy
    former: Policy
    choices: dict[str, ThresholdChoice]
    review: int
    spent: float
    changes: pd.DataFrame

    @property
    def may_activate(self) -> bool:
        """The rule of `--activate`: something changes, and whatever is routed was proved."""
        return self.policy.version != self.former.version and self.policy.unproved() is None


def fresh_calls(decisions: pd.DataFrame, task_types: dict[str, str]) -> pd.DataFrame:
    """Calls whose first rung and LLM have both answered: task, confidence, agrees, weight, conversation_id.

    decisions: of `read_decisions`. A call that was escalated is there anyway; one that was kept is there where it was
    shadowed, and stands for 1 / share of them.
    """
    from migration.benchmark import score

    both = decisions[
        decisions["first"].notna() & decisions["reference"].notna() & decisions["first_confidence"].notna()
    ]
    both = both[~both["kept"].astype(bool) | both["shadowed"].astype(bool)].reset_index(drop=True)
    rows = both[["call_id", "task", "conversation_id", "reference"]].assign(
        output=both["first"],
        error=None,
        task_type=both["task"].map(task_types).fillna("other"),
        confidence=both["first_confidence"].astype(float),
        weight=both["weight"].where(both["kept"].astype(bool), 1.0).astype(float),
    )
    return score(rows) if len(rows) else rows.assign(agrees=pd.Series(dtype=bool))


def propose(fresh: pd.DataFrame, policy: Policy, *, review: int, alarmed: frozenset[str] = frozenset()) -> Proposal:
    """The policy with each group's threshold tested again on fresh calls alone.

    fresh: of `fresh_calls`; review: how many reviews have spent of the budget, this one included; alarmed: groups whose
    guarantee was found broken: without a new proof they go to the LLM. A group without a new proof and without an alarm
    keeps its threshold and its proof. Tasks with more than one rung are left to step 04.
    """
    guarantee = policy.guarantee
    assert guarantee is not None
    delta = budget(1 - guarantee.confidence_level, review)
    members: dict[str, list[str]] = {}
    for task, group in groups_of(policy).items():
        members.setdefault(group, []).append(task)
    able = {
        group: fresh[fresh["task"].isin(tasks)]
        for group, tasks in members.items()
        if all(len(policy.rungs.get(task, ())) == 1 for task in tasks)
    }
    able = {group: rows for group, rows in able.items() if rows["conversation_id"].nunique() >= FEWEST}
    choices = {group: _choose(rows, guarantee, 1 - delta / max(len(able), 1)) for group, rows in able.items()}
    new = _with(policy, members, choices, alarmed)
    return Proposal(new, policy, choices, review, delta, _changes(policy, new, members, choices, alarmed))


def _choose(rows: pd.DataFrame, guarantee: Guarantee, level: float) -> ThresholdChoice:
    return choose_threshold(
        rows["confidence"].to_numpy(float),
        rows["agrees"].to_numpy(float),
        1.0 + 0.0 * rows["confidence"].to_numpy(float),
        max_loss=guarantee.max_loss,
        max_kept_error=guarantee.max_kept_error,
        confidence_level=level,
        weight=rows["weight"].to_numpy(float),
        cluster=rows["conversation_id"].to_numpy(),
    )


def _with(
    policy: Policy, members: dict[str, list[str]], choices: dict[str, ThresholdChoice], alarmed: frozenset[str]
) -> Policy:
    guarantee = policy.guarantee
    assert guarantee is not None
    rungs, tests = dict(policy.rungs), []
    for test in guarantee.groups:
        choice = choices.get(test.group)
        if choice is not None and choice.threshold is not None:
            for task in members[test.group]:
                rungs[task] = (Rung(policy.rungs[task][0].candidate, float(choice.threshold)),)
            tests.append(_proved(test, choice))
        elif test.group in alarmed:
            rungs |= dict.fromkeys(members.get(test.group, ()), ())
            tests.append(replace(test, proved=False, reason="found broken by the weekly review"))
        else:
            tests.append(test)
    changed = replace(policy, rungs=rungs, guarantee=replace(guarantee, groups=tuple(tests)))
    return changed if changed.version == policy.version else replace(changed, replaces=policy.version)


def _proved(test: GroupTest, choice: ThresholdChoice) -> GroupTest:
    return replace(
        test, n=choice.n, conversations=choice.conversations, slm_share=choice.slm_share, loss=choice.loss,
        loss_bound=choice.bound, kept_error=choice.kept_error, kept_error_bound=choice.kept_bound, proved=True,
        reason=choice.reason,
    )  # fmt: skip


def _changes(
    policy: Policy, new: Policy, members: dict[str, list[str]], choices: dict[str, ThresholdChoice],
    alarmed: frozenset[str],
) -> pd.DataFrame:  # fmt: skip
    rows = []
    for group, tasks in members.items():
        before, after = (each.rungs.get(tasks[0], ()) for each in (policy, new))
        choice = choices.get(group)
        why = choice.reason if choice else "too few fresh conversations, or a cascade: as it was"
        if choice is not None and choice.threshold is None and group not in alarmed:
            why = f"kept as it was: {choice.reason}"
        threshold = [each[0].threshold if each else None for each in (before, after)]
        share, loss, bound = (choice.slm_share, choice.loss, choice.bound) if choice else (None, None, None)
        rows.append((group, *threshold, share, loss, bound, why))
    return pd.DataFrame(rows, columns=["group", "before", "after", "slm_share", "loss", "bound", "why"])
