"""A weekly review from files to files: what it reads of a run, and what it leaves and switches.

Out of scope: the statistics (`weekly`, `causes`, `retune`), and how they are shown (`present`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds

from migration.artifacts import Run, Step
from migration.audit.unit_price import UnitPrice
from migration.benchmark import with_task_options
from migration.errors import BadInput
from migration.files import read_json, write_json
from migration.live import policies
from migration.review.improving.fresh import (
    earlier_answers,
    earlier_calls,
    fresh_calls,
    logged_answers,
    with_labels,
)
from migration.review.improving.refit import Learned, learn
from migration.review.improving.retune import Proposal, gathered, propose
from migration.review.watching.causes import causes, judge_alarm
from migration.review.watching.decisions import from_traffic, is_decision_log, losses, read_decisions
from migration.review.watching.weekly import Alarm, guarantee_alarms, history, weekly
from migration.routing.policy import Policy, Router
from migration.schema import REPLAYED, Part, Split, split_of

STEP = "07_weekly_review"
MOST_BEFORE = 6000
"""Calls of the tuned traffic that a week is compared with."""


@dataclass(frozen=True)
class Review:
    """What a review looks at and finds. decisions: of the policy that serves, with `loss`; before: the traffic that
    the policy was tuned on; table: of `weekly`; alarms: of the newest week; history: of `weekly.history`, of all
    policies; names: task -> its name."""

    run: Run
    policy: Policy
    decisions: pd.DataFrame
    before: pd.DataFrame
    task_types: dict[str, str]
    table: pd.DataFrame
    alarms: list[Alarm]
    history: pd.DataFrame
    names: dict[str, str]

    @property
    def week(self) -> str:
        """The newest week."""
        return str(self.decisions["week"].max())

    @property
    def folder(self) -> str:
        """Where this review leaves its files: the week's folder, or a further one where candidates of a kept policy
        are served from that."""
        kept = policies.folder_of(self.run.path).glob("policies/*.json")
        policies_kept = (Policy.load_or_closed(file, llm="llm")[0] for file in kept)
        served = {one.adapter for policy in policies_kept for one in policy.candidates.values()}
        place, number = f"{STEP}/{self.week}", 1
        while any(adapter.startswith(f"{place}/") for adapter in served):
            number += 1
            place = f"{STEP}/{self.week}-{number}"
        return place

    @property
    def teaching(self) -> pd.DataFrame:
        """The decisions of conversations that may be learned from: nothing is proved on them later."""
        return self.decisions[self.decisions["conversation_id"].map(split_of) == Split.TRAIN]

    @property
    def newest(self) -> pd.DataFrame:
        """The decisions of the newest week."""
        return self.decisions[self.decisions["week"] == self.week]


def open_review(
    run: Run, traffic: list[Path], *, anchors: Path | None = None, false_alarm: float = 0.05, seed: int = 0
) -> Review:
    """Read the decision log (or plain traffic) and find what there is to tell. Raises BadInput, MissingStep.

    traffic: files; empty: the run's own `live/decisions-*.jsonl`. anchors: CSV of call_id, first, again (0 or 1), the
    verdicts of a judge on answers that it judged before.
    """
    policy = serving(run)
    tasks = tasks_of(run)
    task_types, names = (dict(zip(tasks["task"], tasks[name], strict=True)) for name in ("task_type", "name"))
    files = traffic or sorted((run.path / "live").glob("decisions-*.jsonl"))
    files = [file for file in files if file.stat().st_size]  # a log of today may have no line yet
    if not files:
        raise BadInput(f"{run.path / 'live'} holds no decisions: name a log with --traffic")
    decisions = _decisions(files, policy, run)
    decisions = decisions.assign(loss=losses(decisions, tasks))
    past = history(decisions)
    decisions = _of_policy(decisions, policy, files)
    before = tuned_on(run, seed=seed)
    table = weekly(decisions, policy, false_alarm=false_alarm)
    week = str(decisions["week"].max())
    newest = decisions[decisions["week"] == week]
    judged = judge_alarm(_anchors(anchors), week) if anchors else []
    changed = judged + causes(before, newest, week, seed=seed)
    cause = changed[0].cause if changed else "the traffic reads as before: look at the small model and its server"
    alarms = guarantee_alarms(table, policy, cause) + changed
    return Review(run, policy, decisions, before, task_types, table, alarms, past, names)


def _anchors(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    if not {"call_id", "first", "again"} <= set(table) or not table[["first", "again"]].isin([0, 1]).all().all():
        raise BadInput(f"anchors {path} must be a CSV with the columns call_id, first and again (0 or 1)")
    return table


def serving(run: Run) -> Policy:
    """The policy that serves, else the one of step 04."""
    live = policies.folder_of(run.path)
    if (live / "active.json").exists():
        return Policy.load(policies.policy_file(live, policies.read_active(live).version))
    return Policy.load(run.path / "04_router_tuning" / "policy.json")


def _decisions(files: list[Path], policy: Policy, run: Run) -> pd.DataFrame:
    """What the files hold: decisions of whichever policies served, or plain traffic as if all went to the LLM."""
    ours = [path for path in files if is_decision_log(path)]
    if len(ours) == len(files):
        return read_decisions(files)
    if ours:
        raise BadInput(f"{ours[0]} is a decision log and others are not: review them one after the other")
    target = run.path / "cache" / STEP / "calls.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    _import(files, target, run)
    calls = pd.read_parquet(target)
    calls = calls[calls["kind"].isin(REPLAYED) & calls["response"].notna()]
    if calls.empty:
        raise BadInput(f"{files[0]} holds no call that can be routed")
    tuned = pd.read_parquet(run.path / "01_traffic_audit" / "calls.parquet", columns=["call_id"])["call_id"]
    again = calls["call_id"].isin(tuned)
    if again.all():
        raise BadInput(
            f"all {len(calls):,} calls of {files[0]} are of the log that {run.path.name} was made from "
            f"(such as {calls['call_id'].iloc[0]}): name newer traffic"
        )
    return from_traffic(calls[~again], Router(policy))


def tasks_of(run: Run) -> pd.DataFrame:
    """tasks.parquet of a run."""
    return pd.read_parquet(run.path / "01_traffic_audit" / "tasks.parquet")


def _import(files: list[Path], target: Path, run: Run) -> None:
    """Newer traffic as calls, read as the log was that the run was made of: its columns, form and prices."""
    from migration.audit import column_mapping, import_log

    read = run.manifest.get("steps", {}).get("01_traffic_audit", {}).get("parameters", {})
    import_log(
        [str(path) for path in files], target, format=read.get("format") or "auto",
        columns=column_mapping(read.get("columns") or []), prices=read.get("prices") or None,
    )  # fmt: skip


def _of_policy(decisions: pd.DataFrame, policy: Policy, files: list[Path]) -> pd.DataFrame:
    """Only what the serving policy decided, where the log says so."""
    mine = decisions["policy"].isna() | (decisions["policy"] == policy.version)
    if not mine.any():
        raise BadInput(f"no decision in {files[0]} is of the policy that serves, {policy.version}")
    return decisions[mine].reset_index(drop=True)


def tuned_on(run: Run, *, seed: int = 0) -> pd.DataFrame:
    """Held-out calls of the traffic that the policy was tuned on: as `causes` reads them, whole conversations."""
    data = ds.dataset(run.path / "01_traffic_audit" / "calls.parquet")
    wanted = ds.field("kind").isin([str(kind) for kind in REPLAYED]) & (ds.field("split") != str(Split.TRAIN))
    names = ["call_id", "conversation_id", "task", "messages", "response", "model"]
    light = data.to_table(columns=["call_id", "conversation_id"], filter=wanted).to_pandas()
    key = light["conversation_id"].fillna(light["call_id"])
    order = key.drop_duplicates().sample(frac=1, random_state=seed)
    rank = pd.Series(range(len(order)), index=order.to_numpy())
    ids = light["call_id"].iloc[key.map(rank).argsort(kind="stable")].head(MOST_BEFORE).tolist()
    calls = data.to_table(columns=names, filter=ds.field("call_id").isin(ids)).to_pandas()
    calls["conversation_id"] = calls["conversation_id"].fillna(calls["call_id"])
    return calls.rename(columns={"response": "reference"})


@dataclass(frozen=True)
class Improved:
    """What a review knows of candidates on fresh calls. rows: of `retune.gathered`; learned: candidates made by this
    review; left_out: why one was not made, a sentence each."""

    rows: pd.DataFrame
    learned: tuple[Learned, ...] = ()
    left_out: tuple[str, ...] = ()


def improve(
    review: Review, said: Mapping[str, str | bool] | None = None, *, step: Step | None = None,
    hard: Sequence[str] = (), train_minutes: float = 0.0, say: Callable[[str], None] = print,
) -> Improved:  # fmt: skip
    """Candidates made better by fresh calls, and every candidate's answers to them.

    said: of `read_labels`; step: whose folder keeps what is learned (None: nothing is); hard: call_ids of `train`
    conversations that the adapter is trained on; train_minutes: of that training, its answers included (0: none).
    """
    run, policy, said = review.run.path, review.policy, said or {}
    before = earlier_answers(run)
    tasks = tasks_of(review.run)
    decided = with_task_options(fresh_calls(review.decisions, review.task_types), tasks)
    older = earlier_calls(run, list(review.task_types), before["call_id"])
    learned: tuple[Learned, ...] = ()
    left_out: tuple[str, ...] = ()
    if step is not None:
        calls = with_task_options(pd.concat([older, with_labels(decided, said)], ignore_index=True), tasks)
        learned, left_out = learn(
            step, calls, decided["call_id"], before, hard=hard, train_minutes=train_minutes, say=say
        )
    seen = ledger(review.run)
    proving = decided[decided["created_at"] > pd.Timestamp(seen[-1]["until"])] if seen else decided
    answers = [before[before["candidate"].isin(list(policy.candidates))], *(each.answers for each in learned)]
    answers.append(logged_answers(review.decisions, decided, policy))
    prices = {name: price for name, one in policy.candidates.items() if (price := UnitPrice.read(one.price))}
    filled = [each for each in answers if len(each)]
    if not filled or proving.empty:
        return Improved(pd.DataFrame(), learned, left_out)
    calls = pd.concat([older, decided], ignore_index=True)
    return Improved(gathered(calls, proving, filled, prices), learned, left_out)


def proposal(review: Review, improved: Improved | None = None) -> Proposal | None:
    """A new policy from calls that no earlier review spent of its budget on; None where nothing can be proposed."""
    improved = improved or improve(review)
    if review.policy.guarantee is None or improved.rows.empty or not (improved.rows["part"] == Part.CHOOSE).any():
        return None
    alarmed = frozenset(alarm.group for alarm in review.alarms if alarm.kind == "guarantee")
    number = len(ledger(review.run)) + 1
    new = {each.candidate.name: each.candidate for each in improved.learned}
    return propose(improved.rows, review.policy, review=number, new=new, alarmed=alarmed)


def ledger(run: Run) -> list[dict[str, Any]]:
    """What earlier reviews spent of the error budget, a row a review: week, until (the newest call that was looked at;
    none up to it proves anything again), spent."""
    file = run.path / STEP / "budget.json"
    return list(read_json(file)) if file.exists() else []


def spend(review: Review, proposed: Proposal) -> None:
    """Write down that this review's part of the budget is spent; nothing is where no group had calls enough to test."""
    if proposed.choices:
        until = review.decisions["created_at"].max().isoformat()
        entry = {"week": review.week, "until": until, "spent": proposed.spent}
        write_json(review.run.path / STEP / "budget.json", [*ledger(review.run), entry])


def act(review: Review) -> list[str]:
    """Return the tasks of alarmed groups to the LLM in active.json, at once. Returns them."""
    tasks = sorted({task for alarm in review.alarms if alarm.kind == "guarantee" for task in alarm.tasks})
    live = policies.folder_of(review.run.path)
    if tasks and (live / "active.json").exists():
        policies.suspend(live, tasks)
    return tasks


def keep(review: Review, proposed: Proposal | None, folder: Path) -> str | None:
    """Keep a proposed policy beside the others, so that anybody may activate it later: what proved it proves nothing
    again. Returns its version, None where nothing is proposed."""
    if proposed is None or not proposed.may_activate:
        return None
    file = write_json(folder / "proposed_policy.json", proposed.policy.to_json())
    return policies.add(policies.folder_of(review.run.path), file)


def activate(review: Review, proposed: Proposal | None, folder: Path) -> str | None:
    """Let a proposed policy serve where the rule allows it. Returns its version, None where it does not."""
    version = keep(review, proposed, folder)
    if version is not None:
        policies.activate(policies.folder_of(review.run.path), version)
    return version
