"""From outcomes to a policy whose guarantee is tested.

The guarantee: with chance `confidence_level` over the draw of the calibration conversations, the hybrid's answers
differ from the LLM's in at most `max_loss` of all calls and in at most `max_kept_error` of the calls that rungs below
the LLM answer - for each task that has calls enough, and for the low-volume tasks together - on calls of the same
traffic. It says nothing of traffic that has shifted (`drift`). Out of scope: files, notebooks, how a policy did on
test calls (`evaluation`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from migration.audit.unit_price import UnitPrice
from migration.errors import NotEnoughCalls
from migration.routing.policy import Candidate, Limits, Policy, Rung
from migration.routing.policy.recognition import Recognition
from migration.routing.policy.router import broken_limit
from migration.routing.policy.score import HashedScore
from migration.routing.policy.signals import SignalScore
from migration.routing.tuning import ladder
from migration.routing.tuning.grouping import Plan, Terms, plan_tests, rule_out
from migration.routing.tuning.learning.confidence import learn_confidence
from migration.routing.tuning.learning.gain import GainModel
from migration.routing.tuning.outcomes import requests_of
from migration.routing.tuning.proof import bounds
from migration.routing.tuning.proof.fallback import Spending
from migration.routing.tuning.proof.thresholds import ThresholdChoice, choose_cascade
from migration.schema import CandidateKind, Decision, GroupTest, Guarantee, Part

GATE = 0.95
"""A language model below the LLM is not tried where the score before the call gives it less than 1 - GATE."""
FIT_FOR_GATE = 200


@dataclass(frozen=True)
class Tuned:
    """A policy with what it was tuned from. rows: the outcomes with `confidence` (calibrated), `gain` and `limited`;
    members: task -> its cascade; groups: one row a tested group; choices: group -> its threshold."""

    policy: Policy
    rows: pd.DataFrame
    members: dict[str, tuple[str, ...]]
    groups: pd.DataFrame
    choices: dict[str, ThresholdChoice] = field(repr=False)
    ruled_out: dict[str, str] = field(default_factory=dict)

    @property
    def decision(self) -> Decision:
        """Route where at least one group is proved."""
        proved = any(choice.threshold is not None for choice in self.choices.values())
        return Decision.ROUTE if proved else Decision.DO_NOT_ROUTE

    @property
    def slm(self) -> str:
        """The language model below the LLM that agrees most often on `fit` rows; any candidate where there is none."""
        fit = self.rows[self.rows["part"] == Part.FIT]
        models = fit[is_language_model(fit)]
        return str((models if len(models) else fit).groupby("candidate")["agrees"].mean().idxmax())


def tune(
    rows: pd.DataFrame,
    *,
    llm: str,
    max_loss: float,
    confidence_level: float,
    max_kept_error: float | None = None,
    pinned: Sequence[str] = (),
    limits: Limits | None = None,
    prices: Mapping[str, UnitPrice] | None = None,
    recognition: Recognition | None = None,
    seed: int = 0,
) -> Tuned:
    """Learn confidences and choose cascades on the `fit` rows, prove thresholds on the `choose` rows, write it down.

    rows: of `outcomes.gather`; pinned: tasks or task types that stay with the LLM; prices: candidate -> what its
    answers cost, written into the policy. Raises NotEnoughCalls when a part is empty.
    """
    terms, limits = Terms(max_loss, confidence_level, max_kept_error), limits or Limits()
    _check_parts(rows, terms)
    fit = rows[rows["part"] == Part.FIT]
    calibrators = learn_confidences(fit, seed=seed)
    score = learn_gain(fit, seed=seed)
    gate = GATE if score is not None else None
    rows = _scored(add_confidence(rows, calibrators), score, limits, gate)
    ruled = rule_out(rows, pinned)
    members = _members(rows[~rows["task"].isin(list(ruled))], terms)
    plan = plan_tests(rows, members, terms, seed=seed)
    groups, ruled = plan.groups, ruled | plan.left_out
    members = {task: names for task, names in members.items() if task not in plan.left_out}
    choices = _prove(rows, members, plan, terms)
    rungs = _rungs(members, groups, choices)
    used = sorted({rung.candidate for each in rungs.values() for rung in each})
    policy = Policy(
        llm=llm,
        candidates={name: _candidate_of(rows, name, (prices or {}).get(name)) for name in used},
        rungs=rungs,
        calibrators={name: calibrators[name] for name in used},
        expected=_expected(fit, members),
        pinned=tuple(pinned),
        limits=limits,
        score=score,
        score_limit=gate,
        recognition=recognition,
        guarantee=_guarantee(groups, choices, terms),
        hashes={"outcomes": _fingerprint(rows)},
    )
    table = pd.DataFrame([_group_row(name, groups[name], choice) for name, choice in choices.items()])
    return Tuned(policy, rows, members, table, choices, ruled)


def learn_confidences(fit: pd.DataFrame, *, known: Container[str] = (), seed: int = 0) -> dict[str, SignalScore]:
    """What turns the signals of each candidate into its confidence, but for those that are `known`.

    fit: outcomes.
    """
    return {
        str(name): learn_confidence(own, own["agrees"].to_numpy(float), seed=seed)
        for name, own in fit.groupby("candidate")
        if str(name) not in known
    }


def _rungs(
    members: Mapping[str, tuple[str, ...]], groups: Mapping[str, list[str]], choices: Mapping[str, ThresholdChoice]
) -> dict[str, tuple[Rung, ...]]:
    """The rungs of each task whose group is proved, all at the group's threshold."""
    return {
        task: tuple(Rung(name, float(threshold)) for name in members[task])
        for group, tasks in groups.items()
        if (threshold := choices[group].threshold) is not None
        for task in tasks
    }


def _check_parts(rows: pd.DataFrame, terms: Terms) -> None:
    for part in (Part.FIT, Part.CHOOSE):
        if not (rows["part"] == part).any():
            need = bounds.trials_needed(0.0, terms.max_loss, terms.delta) or 1
            raise NotEnoughCalls(f"routing: answered calibration calls in the part {str(part)!r}", 0, need)


def _prove(
    rows: pd.DataFrame, members: Mapping[str, tuple[str, ...]], plan: Plan, terms: Terms
) -> dict[str, ThresholdChoice]:
    """Each group's threshold, proved on its `choose` calls. The groups share the chance of error; one whose thresholds
    are all proved hands its part on to the next (the fallback procedure, Wiens 2003)."""
    choose, choices = rows[rows["part"] == Part.CHOOSE], {}
    left = most = 0.0
    for name, tasks in plan.groups.items():
        spending = Spending(plan.parts[name] * terms.delta, left, most)
        made = ladder.build(choose, {task: members[task] for task in tasks})
        choices[name] = choose_cascade(made, spending, max_loss=terms.max_loss, max_kept_error=terms.kept_error)
        left, most = choices[name].unspent, most + spending.own
    return choices


def add_confidence(rows: pd.DataFrame, calibrators: Mapping[str, SignalScore]) -> pd.DataFrame:
    """`rows` with `confidence`: calibrated by each row's own candidate, 0 where the answer broke."""
    confidence = np.zeros(len(rows))
    for name, here in rows.groupby("candidate").indices.items():
        if (signals := calibrators.get(str(name))) is None:
            continue
        own = rows.iloc[here]
        values = {s: pd.to_numeric(own[s]).to_numpy(float, na_value=np.nan) for s in signals.names}
        confidence[here] = signals.calibrator(signals.raw(values, own["task"].to_numpy()))
    return rows.assign(confidence=np.where(rows["error"].notna(), 0.0, confidence))


def _scored(rows: pd.DataFrame, score: HashedScore | None, limits: Limits, gate: float | None) -> pd.DataFrame:
    """`rows` with `gain` (the score before the call), `limited` (a hard limit is broken) and a confidence of -1 where
    the answer must not be tried."""
    requests = list(requests_of(rows))
    limited = np.array([broken_limit(limits, request) is not None for request in requests], bool)
    gain = np.zeros(len(rows))
    if score is not None:
        gain = np.clip(score.score([request.text for request in requests], list(rows["task"])), 0, 1)
    gated = (gain > gate) & is_language_model(rows) if gate is not None else np.zeros(len(rows), bool)
    confidence = np.where(limited | gated, -1.0, rows["confidence"])
    return rows.assign(gain=gain, limited=limited, confidence=confidence)


def is_language_model(rows: pd.DataFrame) -> np.ndarray:
    """Rows answered by a small or a cheaper language model, bool (n,).

    rows: outcomes, with candidate_kind.
    """
    return rows["candidate_kind"].isin([CandidateKind.SLM, CandidateKind.API]).to_numpy()


def learn_gain(fit: pd.DataFrame, *, seed: int = 0) -> HashedScore | None:
    """The score before the call: the chance that the best language model's answer will not do, as the LLM's is the
    reference. None where fewer than FIT_FOR_GATE calls are there to learn it from.

    fit: outcomes of the fitting part, with messages.
    """
    own = fit[is_language_model(fit)]
    best = own.groupby(["task", "candidate"])["agrees"].mean().groupby("task").idxmax()
    own = own[[pair in set(best) for pair in zip(own["task"], own["candidate"], strict=True)]]
    if len(own) < FIT_FOR_GATE or "messages" not in own:
        return None
    texts = [request.text for request in requests_of(own)]
    model = GainModel(seed=seed).fit(texts, own["agrees"].to_numpy(float), np.ones(len(own)), list(own["task"]))
    return HashedScore.from_dict(model.light().to_dict())  # what is tested is what the policy will hold


def _members(rows: pd.DataFrame, terms: Terms) -> dict[str, tuple[str, ...]]:
    choose = rows[rows["part"] == Part.CHOOSE]
    counts = Counter(zip(choose["task"].astype(str), choose["candidate"].astype(str), strict=True))
    fit = rows[rows["part"] == Part.FIT]
    limits = {"max_loss": terms.max_loss, "max_kept_error": terms.kept_error, "delta": terms.delta}
    return ladder.choose_members(fit, counts, **limits)


def _candidate_of(rows: pd.DataFrame, name: str, price: UnitPrice | None) -> Candidate:
    own = rows[rows["candidate"] == name].iloc[0]
    base, adapter, usd = str(own["base"]), str(own["adapter"] or ""), price.document() if price else {}
    shots, examples = int(own["shots"]), str(own["examples"])
    kind, masked = CandidateKind(own["candidate_kind"]), bool(own["masked"])
    return Candidate(kind, base, base, adapter, shots, usd, examples, masked)


def _expected(fit: pd.DataFrame, members: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """Each task's measured chance that its first rung's answer will do, one success and one failure added (Laplace)."""
    groups = fit.groupby(["task", "candidate"])["agrees"]
    known = {pair: (int(own.sum()) + 1) / (len(own) + 2) for pair, own in groups}
    return {task: known[task, names[0]] for task, names in members.items() if (task, names[0]) in known}


def _group_row(name: str, tasks: Sequence[str], choice: ThresholdChoice) -> dict[str, object]:
    return {
        "group": name,
        "tasks": len(tasks),
        "n": choice.n,
        "conversations": choice.conversations,
        "threshold": choice.threshold,
        "slm_share": choice.slm_share,
        "loss": choice.loss,
        "bound": choice.bound,
        "kept_error": choice.kept_error,
        "kept_bound": choice.kept_bound,
        "decision": str(choice.decision),
        "method": choice.method,
        "more_labels": choice.more_labels,
        "reason": choice.reason,
    }


def _guarantee(groups: Mapping[str, list[str]], choices: Mapping[str, ThresholdChoice], terms: Terms) -> Guarantee:
    tests = tuple(
        GroupTest(
            name,
            tuple(groups[name]),
            choice.n,
            choice.conversations,
            choice.slm_share,
            choice.loss,
            choice.bound,
            choice.kept_error,
            choice.kept_bound,
            choice.threshold is not None,
            choice.reason,
        )
        for name, choice in choices.items()
    )
    return Guarantee(
        max_loss=terms.max_loss,
        max_kept_error=terms.kept_error,
        confidence_level=terms.confidence_level,
        n=sum(test.n for test in tests),
        conversations=sum(test.conversations for test in tests),
        groups=tests,
    )


def _fingerprint(rows: pd.DataFrame) -> str:
    """A hash of the outcomes a policy was tuned on: call, candidate and verdict.

    rows: outcomes, with call_id, candidate, agrees, part.
    """
    keys = (rows[name].astype(str) for name in ("call_id", "candidate", "agrees", "part"))
    lines = map("|".join, zip(*keys, strict=True))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
