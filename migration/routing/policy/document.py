"""`policy.json`: all that a router needs to know, as a frozen value that survives JSON and refuses damage.

Out of scope: deciding (`router`), how a policy was tuned (`routing.tuning`), and every model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from migration.errors import BadInput
from migration.routing.policy.recognition import Recognition
from migration.routing.policy.score import HashedScore
from migration.routing.policy.signals import SignalScore, is_finite
from migration.schema import CandidateKind, GroupTest, Guarantee

VERSION = 2
ANY = "*"
"""The name under which rungs stand for every task that has none of its own."""
COMPLEXITY = "complexity"
"""The score of a policy that reads the request's own complexity."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What answers a rung. source: what finds or reaches it (a name, a folder, `http(s)://host/v1#model`); price:
    USD by unit (`usd_per_1m_prompt`, `usd_per_1m_completion`, `usd_per_call`); shots, examples: how many worked
    examples are in its prompt, and which (`similar`, `random`); masked: whether it is sent placeholders instead of
    personal data, as it was measured."""

    kind: CandidateKind
    source: str = ""
    base: str = ""
    adapter: str = ""
    shots: int = 0
    price: Mapping[str, float] = field(default_factory=dict)
    examples: str = ""
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a task's cascade: the candidate, and the least calibrated confidence at which its answer is kept.

    checked: False where the answer is kept whatever its confidence (a fixed rule; `tune` never writes one).
    """

    candidate: str
    threshold: float
    checked: bool = True


@dataclass(frozen=True)
class Limits:
    """What no rung may overrule. `tools`: names that rungs can call, None where they can call any."""

    context_tokens: int | None = None
    tools: tuple[str, ...] | None = ()
    reasoning: bool = True


@dataclass(frozen=True)
class Policy:
    """All that a router needs to know.

    candidates: name -> what answers. rungs: task or task type -> its cascade, cheapest first ("*" for the rest; a task
    without any goes to the LLM). calibrators: candidate -> from an answer's signals to its calibrated confidence.
    expected: task -> measured chance that the first rung's answer is as good as the LLM's. score: what is computed
    before the call, and `score_limit` the most of it that still tries a language model below the LLM. llm_fallback:
    whether a rung's unproved answer may be delivered when the LLM fails. replaces: hash of the policy before it.
    """

    llm: str
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    rungs: Mapping[str, tuple[Rung, ...]] = field(default_factory=dict)
    calibrators: Mapping[str, SignalScore] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    limits: Limits = Limits()
    score: HashedScore | str | None = None
    score_limit: float | None = None
    recognition: Recognition | None = None
    guarantee: Guarantee | None = None
    llm_confidence: float = 1.0
    llm_fallback: bool = False
    hashes: Mapping[str, str] = field(default_factory=dict)
    replaces: str | None = None

    def __post_init__(self) -> None:
        if problem := self._invalid():
            raise BadInput(f"policy: {problem}")

    def _invalid(self) -> str | None:
        for task, rungs in self.rungs.items():
            for rung in rungs:
                if rung.candidate not in self.candidates:
                    return f"task {task!r} names the candidate {rung.candidate!r}, which it does not list"
                if not _is_share(rung.threshold):
                    return f"task {task!r}: threshold {rung.threshold!r} is not a number from 0 to 1"
        numbers = {"llm_confidence": self.llm_confidence, **{f"expected of {t}": v for t, v in self.expected.items()}}
        wrong = {name: value for name, value in numbers.items() if not _is_share(value)}
        if wrong:
            name, value = next(iter(wrong.items()))
            return f"{name} is {value!r}, not a number from 0 to 1"
        if self.score_limit is not None and not is_finite(self.score_limit):
            return f"score_limit is {self.score_limit!r}, not a finite number"
        if isinstance(self.score, str) and self.score != COMPLEXITY:
            return f"score is {self.score!r}, not {COMPLEXITY!r} or a stored score"
        return None

    def unproved(self) -> str | None:
        """Why this policy must not serve, None where each task with a checked rung lies in a group that was proved."""
        routed = {task for task, rungs in self.rungs.items() if rungs}
        if not routed:
            return None
        if self.guarantee is None:
            return "it routes calls without a guarantee"
        proved = {task for group in self.guarantee.groups if group.proved for task in group.tasks}
        lacking = sorted(routed - proved)
        return f"task {lacking[0]!r} is routed without a proved group" if lacking else None

    @property
    def routed_tasks(self) -> list[str]:
        """Tasks that have at least one rung below the LLM."""
        return [task for task, rungs in self.rungs.items() if rungs]

    @property
    def version(self) -> str:
        """The first 12 digits of the hash of all it says: what logs and reports call this policy."""
        return checksum(self.to_dict())[:12]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON: numbers, words, lists; arrays as base64 of little-endian float16; without the checksum."""
        return {
            "version": VERSION,
            "llm": self.llm,
            "recognition": self.recognition.to_dict() if self.recognition else None,
            "candidates": {name: asdict(each) for name, each in self.candidates.items()},
            "rungs": {task: [asdict(rung) for rung in rungs] for task, rungs in self.rungs.items()},
            "calibrators": {name: each.to_dict() for name, each in self.calibrators.items()},
            "expected": dict(self.expected),
            "limits": asdict(self.limits),
            "pinned": list(self.pinned),
            "score": self.score.to_dict() if isinstance(self.score, HashedScore) else self.score,
            "score_limit": self.score_limit,
            "guarantee": asdict(self.guarantee) if self.guarantee else None,
            "llm_confidence": self.llm_confidence,
            "llm_fallback": self.llm_fallback,
            "hashes": dict(self.hashes),
            "replaces": self.replaces,
        }

    def to_json(self) -> dict[str, object]:
        """`to_dict` with the checksum that `load` wants."""
        own = self.to_dict()
        return own | {"checksum": checksum(own)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Raises BadInput for another version, an unknown field, a missing one or a value that cannot be."""
        own = {key: value for key, value in dict(data).items() if key != "checksum"}
        if (version := own.pop("version", None)) != VERSION:
            hint = ": run step 04 again" if version == 1 else ""
            raise BadInput(f"this router reads policies of version {VERSION}, not {version}{hint}")
        known = set(cls.__dataclass_fields__)
        if unknown := set(own) - known:
            raise BadInput(f"a policy has no {sorted(unknown)}")
        if not _all_finite(own):
            raise BadInput("policy: it holds a number that is not finite")
        try:
            return cls(**own | _typed(own))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BadInput(f"policy: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """The policy in a JSON file. Raises BadInput naming the file when it is absent, broken, of another kind, or
        when its checksum does not fit what it says."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise BadInput(f"{path} does not exist") from error
        except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise BadInput(f"{path} is not a policy: {error}") from error
        if not isinstance(data, dict):
            raise BadInput(f"{path} is not a policy: it holds no JSON object")
        try:
            policy = cls.from_dict(data)
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from error
        own = {key: value for key, value in data.items() if key != "checksum"}
        if data.get("checksum") != checksum(own):
            raise BadInput(f"{path}: its checksum does not fit what it says; restore it or run step 04 again")
        return policy

    @classmethod
    def load_or_closed(cls, path: str | Path, *, llm: str) -> tuple[Policy, str | None]:
        """The policy in a file if it is valid and proved, else "all to the LLM", and why."""
        try:
            policy = cls.load(path)
        except BadInput as error:
            return cls.all_llm(llm), str(error)
        problem = policy.unproved()
        return (cls.all_llm(policy.llm), f"{path}: {problem}") if problem else (policy, None)

    @classmethod
    def all_llm(cls, llm: str, **more: Any) -> Policy:
        """The policy of "do not route"."""
        return cls(llm=llm, **more)


def checksum(data: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of a policy's own fields."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _typed(own: Mapping[str, Any]) -> dict[str, object]:
    """The fields of a policy that plain JSON cannot hold as they are."""
    limits, score, guarantee = own["limits"], own.get("score"), own.get("guarantee")
    tools = limits["tools"]
    return {
        "candidates": {
            str(name): Candidate(**{**each, "kind": CandidateKind(each["kind"])})
            for name, each in own["candidates"].items()
        },
        "rungs": {str(task): tuple(_rung(rung) for rung in rungs) for task, rungs in own["rungs"].items()},
        "calibrators": {str(name): SignalScore.from_dict(each) for name, each in own["calibrators"].items()},
        "limits": Limits(**{**limits, "tools": None if tools is None else tuple(tools)}),
        "pinned": tuple(own["pinned"]),
        "score": HashedScore.from_dict(score) if isinstance(score, Mapping) else score,
        "recognition": Recognition.from_dict(own["recognition"]) if own.get("recognition") else None,
        "guarantee": guarantee and _guarantee(guarantee),
    }


def _rung(data: Mapping[str, Any]) -> Rung:
    rung = Rung(str(data["candidate"]), data["threshold"], data["checked"])
    if not isinstance(rung.checked, bool):
        raise ValueError(f"checked is {rung.checked!r}, not true or false")
    return rung


def _guarantee(data: Mapping[str, Any]) -> Guarantee:
    groups = tuple(GroupTest(**{**group, "tasks": tuple(group["tasks"])}) for group in data["groups"])
    guarantee = Guarantee(**{**data, "groups": groups})
    for name in ("max_loss", "max_kept_error", "confidence_level"):
        if not _is_share(getattr(guarantee, name)):
            raise ValueError(f"guarantee: {name} is {getattr(guarantee, name)!r}, not a number from 0 to 1")
    return guarantee


def _all_finite(data: object) -> bool:
    if isinstance(data, Mapping):
        return all(map(_all_finite, data.values()))
    if isinstance(data, list | tuple):
        return all(map(_all_finite, data))
    return isinstance(data, bool) or not isinstance(data, int | float) or is_finite(data)


def _is_share(value: object) -> bool:
    return is_finite(value) and 0 <= value <= 1
