"""The weekly table: the split, the loss and its evidence by group, and the alarms of the guarantee.

Out of scope: where decisions come from (`decisions`), why a loss rose (`causes`), and what is done about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from migration.review.watching.monitor import Monitor
from migration.routing.policy import Policy

REST = "not routed"
"""The group of calls whose task the policy sends to the LLM anyway."""


@dataclass(frozen=True)
class Alarm:
    """What a person reads, and alerts.json holds. kind: guarantee, or a cause."""

    week: str
    kind: str
    group: str
    cause: str
    action: str
    evidence: float
    tasks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As alerts.json holds it."""
        return asdict(self)


def groups_of(policy: Policy) -> dict[str, str]:
    """task -> the group that its guarantee was proved in."""
    tests = policy.guarantee.groups if policy.guarantee else ()
    return {task: test.group for test in tests if test.proved for task in test.tasks}


def weekly(decisions: pd.DataFrame, policy: Policy, *, false_alarm: float = 0.05) -> pd.DataFrame:
    """review.parquet: a row a week and group, with columns `ALL` for the whole among the groups.

    decisions: of `read_decisions`, with `loss` (NaN where a call was not shadowed). loss: weighted mean of the shadowed
    calls; evidence: of the monitor at the week's end (1 / its part of `false_alarm` is an alarm), the larger of two, of
    all calls and of the kept ones; alarm: whether it had been raised by then. All monitors of a policy together raise
    a false alarm with chance `false_alarm` at most, however many weeks are reviewed.
    """
    group = decisions["task"].map(groups_of(policy)).fillna(REST)
    names = sorted(set(groups_of(policy).values()))  # known beforehand: a group that appears late changes no limit
    watched = {name: list(_watch(decisions[group == name], policy, false_alarm / len(names))) for name in names}
    seen = {(name, week): (e, alarm) for name, weeks in watched.items() for week, e, alarm in weeks}
    rows, last = [], dict.fromkeys(watched, (1.0, False))
    for week in sorted(decisions["week"].unique()):
        here = decisions["week"] == week
        for name in [*sorted(group[here].unique()), "ALL"]:
            part = decisions[here & ((group == name) | (name == "ALL"))]
            if name in watched:
                last[name] = seen.get((name, week), last[name])
            evidence, alarm = last.get(name, (1.0, False))
            if name == "ALL" and last:
                evidence, alarm = max(e for e, _ in last.values()), any(a for _, a in last.values())
            rows.append(_row(week, name, part, float(evidence), bool(alarm)))
    return pd.DataFrame(rows)


def history(decisions: pd.DataFrame) -> pd.DataFrame:
    """The split and the quality by week, whichever policy served: week, llm_share, quality (null where unknown).

    decisions: as of `weekly`, of all policies.
    """
    rows = [_row(str(week), "ALL", own, 1.0, False) for week, own in decisions.groupby("week", sort=True)]
    table = pd.DataFrame(rows)
    return pd.DataFrame({"week": table["week"], "llm_share": 1 - table["slm_share"], "quality": 1 - table["loss"]})


def _watch(calls: pd.DataFrame, policy: Policy, false_alarm: float) -> Iterator[tuple[str, float, bool]]:
    """(week, evidence, alarm) at each week's end, by two monitors: of all calls, and of the kept ones."""
    guarantee = policy.guarantee
    assert guarantee is not None
    limits = (_limit(guarantee.max_loss), _limit(guarantee.max_kept_error))
    monitors = [Monitor(limit, false_alarm / len(limits)) for limit in limits]
    for week, own in calls.groupby("week", sort=True):
        shadowed = own[own["shadowed"].astype(bool)]
        for monitor, rows in zip(monitors, (shadowed, shadowed[shadowed["kept"].astype(bool)]), strict=True):
            monitor.observe(
                rows["loss"].to_numpy(float), rows["conversation_id"].tolist(), rows["weight"].to_numpy(float)
            )
        yield str(week), max(m.evidence for m in monitors), any(m.alarm for m in monitors)


def _limit(value: float) -> float:
    return min(max(value, 1e-6), 1 - 1e-6)


def _row(week: str, name: str, part: pd.DataFrame, evidence: float, alarm: bool) -> dict[str, object]:
    shadowed = part[part["shadowed"].astype(bool)]
    total = shadowed["weight"].sum()
    return {
        "week": week,
        "group": name,
        "calls": len(part),
        "slm_share": float((part["decision"] == "slm").mean()),
        "shadowed": len(shadowed),
        "loss": float((shadowed["loss"] * shadowed["weight"]).sum() / total) if total > 0 else float("nan"),
        "evidence": evidence,
        "alarm": alarm,
        "cost_usd": float(part["cost_usd"].fillna(0).sum()),
    }


def guarantee_alarms(review: pd.DataFrame, policy: Policy, cause: str) -> list[Alarm]:
    """One alarm for each group whose guarantee the newest week finds broken. review: of `weekly`."""
    tasks = pd.Series(groups_of(policy), dtype=object)
    newest = review[review["group"] != "ALL"].groupby("group").tail(1)  # a group may have had no call since
    newest = newest[newest["alarm"].astype(bool)]
    action = "its tasks went back to the LLM; collect fresh calls and tune again (`migrate review --activate`)"
    return [
        Alarm(row["week"], "guarantee", row["group"], cause, action, float(row["evidence"]),
              tuple(sorted(tasks[tasks == row["group"]].index)))
        for row in newest.to_dict("records")
    ]  # fmt: skip
