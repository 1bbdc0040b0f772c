"""Who answers each call, how well, and how fast: the ladder that step 04 decided on.

A way is what a call may go through: the candidates asked, in order, and whose answer counts. All is read from typed
columns of decisions.parquet and policy.json. Out of scope: what a way costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize

from migration.audit.unit_price import UnitPrice
from migration.costs.month import MOVABLE
from migration.errors import BadInput
from migration.schema import CandidateKind
from migration.stats import Rate

ENOUGH = 30
"""Test calls of a task from which its routes are counted on them alone: thresholds were chosen on the others."""


@dataclass(frozen=True)
class Way:
    """Candidates asked, in order; `answer` is the one whose answer counts, "" the LLM."""

    tried: tuple[str, ...] = ()
    answer: str = ""

    @property
    def label(self) -> str:
        """In words, as a path."""
        return ", then ".join([*self.tried, *([] if self.answer else ["LLM"])])


@dataclass(frozen=True)
class Ladder:
    """Which way the calls of each task go. `ways[0]` is the LLM alone.

    counts: index task, a column a way (its number): decided calls. kinds, prices: of each candidate by name. `certain`:
    the counts are a rule and not a sample.
    """

    ways: tuple[Way, ...]
    counts: pd.DataFrame
    kinds: dict[str, CandidateKind]
    prices: dict[str, UnitPrice]
    certain: bool = False

    @property
    def shares(self) -> pd.DataFrame:
        """`counts` as shares of each task's calls."""
        return self.counts.div(self.counts.sum(axis=1).replace(0, 1), axis=0)

    @property
    def to_llm(self) -> np.ndarray:
        """Ways (K,) that end at the LLM."""
        return np.array([not way.answer for way in self.ways])

    @property
    def escalates(self) -> np.ndarray:
        """Ways (K,) on which a candidate was asked and the LLM as well."""
        return self.to_llm & np.array([bool(way.tried) for way in self.ways])

    def asks(self, kind: CandidateKind) -> np.ndarray:
        """(C, K): which ways ask each candidate of `kind`, in the order of `names(kind)`."""
        asked = [[name in way.tried for way in self.ways] for name in self.names(kind)]
        return np.array(asked, bool).reshape(-1, len(self.ways))

    def reaches(self, kind: CandidateKind) -> np.ndarray:
        """Ways (K,) that ask any candidate of `kind`."""
        return np.asarray(self.asks(kind).any(axis=0))

    def names(self, kind: CandidateKind) -> list[str]:
        """The candidates of `kind`."""
        return [name for name, one in self.kinds.items() if one == kind]

    @property
    def moves(self) -> bool:
        """Whether any call is asked of anything but the LLM."""
        return any(way.tried for k, way in enumerate(self.ways) if self.counts[k].sum() > 0)

    def only(self, kinds: Iterable[CandidateKind]) -> Ladder:
        """The same decisions with the candidates of `kinds` alone: what another would have kept goes to the LLM."""
        kept = {name for name, kind in self.kinds.items() if kind in set(kinds)}
        ways = tuple(
            Way(tuple(t for t in w.tried if t in kept), w.answer if w.answer in kept else "") for w in self.ways
        )
        return replace(self, ways=ways, kinds={name: kind for name, kind in self.kinds.items() if name in kept})


def everything_to(name: str, kind: CandidateKind, tasks: Iterable[str], price: UnitPrice | None = None) -> Ladder:
    """A ladder that sends all calls of `tasks` to one candidate; no task at all: everything stays on the LLM."""
    counts = pd.DataFrame({0: 0.0, 1: 1.0}, index=pd.Index(list(tasks), name="task"))
    ways = (Way(), Way((name,), name))
    return Ladder(ways, counts, {name: kind}, {name: price} if price else {}, certain=True)


def ladder_of(decisions: pd.DataFrame, policy: dict[str, Any]) -> Ladder:
    """The ways of the calls that step 04 decided on.

    decisions: task, model ("slm" or "llm"), part, candidate (who answered), tried (the candidates asked, in order). A
    task with ENOUGH calls on the test part is counted there alone. policy: policy.json, whose candidates name kinds and
    prices. Raises BadInput for decisions of an older run, which do not say who was asked.
    """
    if "tried" not in decisions:
        raise BadInput("04_router_tuning/decisions.parquet lacks the column tried: run 04 again")
    if "part" in decisions:
        test = decisions["part"].eq("test")
        decisions = decisions[test | (test.groupby(decisions["task"]).transform("sum") < ENOUGH)]
    answers = decisions["candidate"].where(decisions["model"].eq("slm"), "")
    tried = [tuple(names) for names in decisions["tried"]]
    each = [Way(names, answer) for names, answer in zip(tried, answers, strict=True)]
    ways = tuple(dict.fromkeys([Way(), *each]))
    number = {way: k for k, way in enumerate(ways)}
    counts = pd.crosstab(decisions["task"], pd.Series([number[way] for way in each], index=decisions.index))
    counts = counts.reindex(columns=range(len(ways)), fill_value=0)
    listed = policy.get("candidates") or {}
    names = dict.fromkeys(name for way in ways for name in way.tried)
    kinds = {name: CandidateKind(listed[name]["kind"]) if name in listed else CandidateKind.SLM for name in names}
    read = {
        name: UnitPrice.read(one.get("price")) for name, one in listed.items() if isinstance(one.get("price"), dict)
    }
    return Ladder(ways, counts, kinds, {name: price for name, price in read.items() if price})


def measured_speed(predictions: pd.DataFrame, names: Iterable[str]) -> tuple[float, float] | None:
    """Prompt and answer tokens a second of candidates `names` on the machine of 02 and 03, None where not timed.

    predictions: of `reading.read_predictions`. Non-negative least squares of what a customer alone waits (latency_ms)
    on both token counts. Where that leaves one of them without a share, the tokens of both over the time of both.
    """
    rows = predictions[
        predictions["candidate"].isin(list(names)) & (predictions["latency_ms"] > 0) & predictions["error"].isna()
    ]
    if len(rows) < 10:
        return None
    tokens = rows[["prompt_tokens", "completion_tokens"]].fillna(0).to_numpy(float)
    seconds = rows["latency_ms"].to_numpy(float) / 1000
    each, _ = optimize.nnls(tokens, seconds)
    both = float(tokens.sum() / seconds.sum())
    return (1 / each[0], 1 / each[1]) if (each > 0).all() else (both, both)


def model_asked(rows: pd.DataFrame) -> str:
    """The model that a candidate's provider has a price for, whatever else the candidate's name says of it.

    rows: one candidate's, of `reading.read_predictions`.
    """
    own = rows.iloc[0]
    priced = own["candidate_kind"] == CandidateKind.API and isinstance(own["base"], str) and own["base"]
    return str(own["base"] if priced else own["candidate"])


def agreement_over(predictions: pd.DataFrame, names: Iterable[str], volume: pd.Series) -> Rate | None:
    """Agreement of candidates `names` with the LLM, per task, weighed by `volume` (calls by task); None without any.

    Tasks that were not asked are left out. Interval: normal, each task's variance with one success and one failure
    added (Agresti & Coull). predictions: candidate, task, agrees.
    """
    asked = predictions[predictions["candidate"].isin(list(names))]
    right, n = (asked.groupby("task")["agrees"].agg(how).astype(float) for how in ("sum", "size"))
    weight = volume.reindex(right.index).fillna(0.0)
    if not weight.sum() > 0:
        return None
    weight, smooth = weight / weight.sum(), (right + 1) / (n + 2)
    value = float((weight * right / n).sum())
    half = 1.96 * float(np.sqrt((weight**2 * smooth * (1 - smooth) / (n + 2)).sum()))
    return Rate(value, max(value - half, 0.0), min(value + half, 1.0), int(n.sum()))


def policy_quality(routed: Mapping[str, float]) -> Rate:
    """What 04 measured on its test part: summary.json's quality_retained, test_loss_low, test_loss_high, test_calls."""
    if not routed.get("slm_share"):
        return Rate(1.0, 1.0, 1.0, 0)
    value = float(routed["quality_retained"])
    low, high = (1 - float(routed.get(name, 1 - value)) for name in ("test_loss_high", "test_loss_low"))
    return Rate(value, min(low, value), max(high, value), int(routed.get("test_calls") or 0))


def of_all_calls(quality: Rate, calls: pd.DataFrame, tasks: pd.Index) -> Rate:
    """`quality` of `tasks` as one of all calls (kind, task) that can move: the LLM goes on answering the others."""
    movable = calls[calls["kind"].isin(list(MOVABLE))]
    tried = float(movable["task"].isin(tasks).mean()) if len(movable) else 0.0
    value, low, high = (1 - tried * (1 - share) for share in (quality.value, quality.low, quality.high))
    return Rate(value, low, high, quality.n)
