"""The vocabulary that the steps share: each word, each identity and each statement once, typed.

Standard library only, so that what runs in production can use it. Out of scope: the columns of tables (`tables`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

TITLES = {
    "01_traffic_audit": ("1. Traffic audit", "What are the calls, and what do they really cost?"),
    "02_candidate_benchmark": ("2. Candidate benchmark", "Which small models already answer them like the LLM did?"),
    "03_qlora_finetune": ("3. QLoRA fine-tune", "Does training on our own examples make a small model good enough?"),
    "04_router_tuning": ("4. Router tuning", "Which calls can small models keep, and what is guaranteed about them?"),
    "05_cost_projection": ("5. Cost projection", "What does it save, and how sure is that?"),
    "06_rehearsal": ("6. Rehearsal", "What would real conversations have been like, and may it go live?"),
}
"""Title and question of each step, by its name: that of its notebook and of its folder in a run."""
STEPS = tuple(TITLES)


class Kind(StrEnum):
    """What a logged call was for."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    SCORING = "scoring"
    RETRY = "retry"
    ERROR = "error"


REPLAYED = (Kind.CHAT, Kind.SCORING)
"""Kinds of calls that a candidate can answer and a router can route."""


class TaskType(StrEnum):
    """What a task asks of a model."""

    CLASSIFICATION = "classification"
    EXTRACTION = "extraction"
    FAQ = "faq"
    SENTIMENT = "sentiment"
    ROUTING = "routing"
    TEMPLATED_GENERATION = "templated_generation"
    REASONING = "reasoning"
    CREATIVE = "creative"
    SUMMARIZATION = "summarization"
    CODE = "code"
    SCORING = "scoring"
    OTHER = "other"


class Split(StrEnum):
    """Which conversations serve what: fixed by a hash, so that nothing leaks."""

    TRAIN = "train"
    CALIBRATION = "calibration"
    TEST = "test"


class Part(StrEnum):
    """Held-out rows of routing: confidence is learned on FIT, thresholds are tested on CHOOSE, TEST only reports."""

    FIT = "fit"
    CHOOSE = "choose"
    TEST = "test"


class CandidateKind(StrEnum):
    """What a candidate is; cheapest first, which is also the usual order of a cascade."""

    CACHE = "cache"
    CLASSIFIER = "classifier"
    SLM = "slm"
    API = "api"


class Verdict(StrEnum):
    """What a task's agreement allows to do with it."""

    MOVE = "move now"
    TUNE = "move after fine-tuning"
    KEEP = "keep on the LLM"
    UNKNOWN = "cannot tell yet"
    SHOWN_ONLY = "shown, not judged"
    REFERENCE = "the reference"
    BASELINE = "a baseline"


class Decision(StrEnum):
    """What step 04 decides."""

    ROUTE = "route"
    DO_NOT_ROUTE = "do not route"


@dataclass(frozen=True)
class CandidateId:
    """Who answered: the same facts wherever a table names a candidate (columns `candidate_kind`, `base`, `adapter`,
    `shots`, `examples`, `masked` beside `candidate`, its name). shots: worked examples in its prompt; examples: which
    ones (`similar`, `random`); masked: whether its prompts hold placeholders instead of personal data. No meaning is
    read back out of the name."""

    name: str
    kind: CandidateKind = CandidateKind.SLM
    base: str = ""
    adapter: str = ""
    shots: int = 0
    examples: str = ""
    masked: bool = False

    @property
    def tuned(self) -> bool:
        """Whether it is a base with an adapter trained on the log."""
        return bool(self.adapter)

    def columns(self) -> dict[str, str | int | bool]:
        """The identity as columns of predictions.parquet and scoreboard.parquet."""
        return {
            "candidate": self.name,
            "candidate_kind": str(self.kind),
            "base": self.base or self.name,
            "adapter": self.adapter,
            "shots": self.shots,
            "examples": self.examples,
            "masked": self.masked,
        }


@dataclass(frozen=True)
class GroupTest:
    """The test behind one group of tasks: `loss` and `kept_error` as seen on n calls of `conversations`
    conversations, their upper bounds at the group's own level, and whether both were proved."""

    group: str
    tasks: tuple[str, ...]
    n: int
    conversations: int
    slm_share: float
    loss: float
    loss_bound: float
    kept_error: float
    kept_error_bound: float
    proved: bool
    reason: str = ""


@dataclass(frozen=True)
class Guarantee:
    """What a policy guarantees, of each group on its own: with probability `confidence_level` over the draw of the
    calibration conversations, at most `max_loss` of all calls and at most `max_kept_error` of the calls that small
    models answer differ from the LLM's answer."""

    max_loss: float
    max_kept_error: float
    confidence_level: float
    n: int
    conversations: int
    groups: tuple[GroupTest, ...] = ()
    unit: str = "conversation"

    @property
    def proved(self) -> bool:
        """Whether any group has a proof."""
        return any(group.proved for group in self.groups)


SPLIT_SHARES = (0.4, 0.3, 0.3)
"""Shares of conversations in train, calibration and test."""
MONTH_DAYS = 365.25 / 12
"""A month, wherever figures are a month's."""


def split_of(key: str) -> str:
    """The split a conversation (or a call without one) belongs to: fixed by its hash, so nothing moves or leaks."""
    share = int.from_bytes(hashlib.sha256(f"split:{key}".encode()).digest()[:8], "big") / 2**64
    train, calibration, _ = SPLIT_SHARES
    return str(Split.TRAIN if share < train else Split.CALIBRATION if share < train + calibration else Split.TEST)


FIT_SHARE = 0.25
"""Of the calibration conversations: what the confidence is learned on. The rest proves."""


def parts_of(keys: Iterable[object], splits: Iterable[str]) -> list[str]:
    """Of each conversation (or call without one) and its split: `fit` or `choose` for the calibration split (by a hash
    of the key), else the split itself."""
    return [_part_of(str(key), split) for key, split in zip(keys, splits, strict=True)]


def _part_of(key: str, split: str) -> str:
    if split != Split.CALIBRATION:
        return split
    drawn = int.from_bytes(hashlib.sha256(f"part:{key}".encode()).digest()[:4], "big") / 2**32
    return str(Part.FIT if drawn < FIT_SHARE else Part.CHOOSE)
