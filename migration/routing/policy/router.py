"""The router as production runs it: a policy read from JSON, and one pure decision a request.

Knows: the order of the decisions - hard limits, pinned tasks, the task's rule, the score before the call, and for a
cascade the calibrated confidence of the SLM's own answer. Refuses to know: how a policy was tuned, and every model.
Imports numpy and the standard library alone, so that a gateway can load it in milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from migration.errors import BadInput
from migration.routing.policy.score import HashedScore, text_of, words_of
from migration.routing.policy.signals import SignalScore

SLM, LLM, CASCADE = "slm", "llm", "cascade"
VERSION = 1
ANY = "*"
"""The name under which a rule, a threshold or an expectation stands for every task that has none of its own."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a router knows at call time. `tokens`: of the prompt, None where nobody counted (then four characters are
    taken for one). `tools`: names of the tools the answer may call."""

    messages: Sequence[Mapping[str, Any]] | str = ()
    task: str | None = None
    task_type: str | None = None
    tokens: int | None = None
    tools: Sequence[str] = ()
    modality: str = "text"
    reasoning: bool = False
    complexity: float | None = None

    @classmethod
    def of(cls, request: Request | Mapping[str, Any]) -> Request:
        """A request from a mapping; names it does not know are refused. Raises BadInput."""
        if isinstance(request, Request):
            return request
        unknown = set(request) - _REQUEST_FIELDS
        if unknown:
            raise BadInput(f"a request has no {sorted(unknown)}; it has {sorted(_REQUEST_FIELDS)}")
        return cls(**request)

    @property
    def text(self) -> str:
        """What the score reads: the last message of the user, or of anybody where the user said nothing."""
        return text_of(self.messages)

    def count_tokens(self) -> int:
        if self.tokens is not None:
            return int(self.tokens)
        if isinstance(self.messages, str):
            return len(self.messages) // 4
        return sum(len(words_of(message)) + 16 for message in self.messages) // 4


_REQUEST_FIELDS = {item.name for item in fields(Request)}


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Where a request goes, and why.

    model: `slm` or `llm`. confidence: chance (0..1) that the decision delivers what the LLM alone would.
    threshold: where it is not None the SLM's answer must be checked with `Router.accept` before it is delivered.
    stage: what decided (`limit`, `pinned`, `rule`, `score`, `default`, `answer`).
    """

    model: str
    reason: str
    confidence: float
    threshold: float | None = None
    task: str | None = None
    stage: str = "rule"

    @property
    def needs_check(self) -> bool:
        return self.model == SLM and self.threshold is not None


@dataclass(frozen=True)
class Limits:
    """What no rule may overrule. `tools`: names the SLM can call, None where it can call any."""

    context_tokens: int | None = None
    modalities: tuple[str, ...] = ("text",)
    tools: tuple[str, ...] | None = ()
    reasoning: bool = True

    def broken_by(self, request: Request) -> str | None:
        """The first limit that the request breaks, in words; None where it keeps them all."""
        if self.context_tokens is not None and (tokens := request.count_tokens()) > self.context_tokens:
            return f"{tokens} prompt tokens are more than the SLM's {self.context_tokens}"
        if request.modality not in self.modalities:
            return f"the SLM does not read {request.modality}"
        if self.tools is not None and (lacking := [tool for tool in request.tools if tool not in self.tools]):
            return f"the SLM lacks the tool {lacking[0]}"
        if request.reasoning and not self.reasoning:
            return "the request asks for reasoning"
        return None


@dataclass(frozen=True)
class Policy:
    """All that a router needs to know, as `policy.json` holds it.

    rules: task or task type -> `slm`, `llm` or `cascade` ("*" for the rest). thresholds: task -> least calibrated
    confidence at which the SLM's answer is kept ("*" for the rest; a task without one is not checked). expected:
    task -> measured chance that the SLM's answer is as good as the LLM's. candidates: task -> the candidate that
    answers it, where it is not `slm`. score: what is computed before the call, and `score_limit` the most of it that
    still tries the SLM ("complexity" reads the request's own complexity). calibrator: from an answer's
    log-probabilities to its calibrated confidence.
    """

    slm: str
    llm: str
    rules: Mapping[str, str] = field(default_factory=lambda: {ANY: LLM})
    thresholds: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    candidates: Mapping[str, str] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()
    limits: Limits = Limits()
    score: HashedScore | str | None = None
    score_limit: float | None = None
    calibrator: SignalScore | None = None
    llm_confidence: float = 1.0
    guarantee: Mapping[str, Any] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = {task: rule for task, rule in self.rules.items() if rule not in (SLM, LLM, CASCADE)}
        if wrong:
            raise BadInput(f"rules are slm, llm or cascade, not {wrong}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: numbers, words, lists; arrays as base64 of little-endian float16."""
        score = self.score.to_dict() if isinstance(self.score, HashedScore) else self.score
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        limits = {item.name: getattr(self.limits, item.name) for item in fields(Limits)}
        calibrator = self.calibrator.to_dict() if self.calibrator else None
        return {"version": VERSION} | own | {"limits": limits, "score": score, "calibrator": calibrator}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Raises BadInput for another version or an unknown field."""
        data = dict(data)
        if (version := data.pop("version", None)) != VERSION:
            raise BadInput(f"this router reads policies of version {VERSION}, not {version}")
        unknown = set(data) - {item.name for item in fields(cls)}
        if unknown:
            raise BadInput(f"a policy has no {sorted(unknown)}")
        limits: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data["limits"].items()
        }
        score = data.get("score")
        calibrator = data.get("calibrator")
        own: dict[str, Any] = {
            "limits": Limits(**limits),
            "pinned": tuple(data.get("pinned", ())),
            "score": HashedScore.from_dict(score) if isinstance(score, Mapping) else score,
            "calibrator": SignalScore.from_dict(calibrator) if calibrator else None,
        }
        return cls(**data | own)

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """The policy in a JSON file. Raises BadInput naming the file when it is absent, broken or of another kind."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls.from_dict(data)
        except FileNotFoundError as error:
            raise BadInput(f"{path} does not exist") from error
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"{path} is not a policy: {error}") from error

    @classmethod
    def all_llm(cls, slm: str, llm: str, **more: Any) -> Policy:
        """The policy of "do not route"."""
        return cls(slm=slm, llm=llm, rules={ANY: LLM}, **more)


class Router:
    """Decides by a policy, without state, files or clocks: the same request always goes the same way."""

    def __init__(self, policy: Policy):
        self.policy = policy

    @classmethod
    def load(cls, path: str | Path) -> Router:
        return cls(Policy.load(path))

    def route(
        self, request: Request | Mapping[str, Any], answer: Mapping[str, float | None] | None = None
    ) -> RoutingDecision:
        """Where `request` goes; with `answer`, the SLM answer's signals, whether that answer is kept.

        A decision that `needs_check` says "ask the SLM, then `accept`"; both at once is what `answer` is for.
        """
        request = Request.of(request)
        decision = self._before_score(request)
        if decision.stage == "score":
            decision = self._after_score(request, decision, self._scores([request])[0])
        return self.accept(decision, answer) if answer is not None and decision.needs_check else decision

    def route_many(self, requests: Iterable[Request | Mapping[str, Any]]) -> list[RoutingDecision]:
        """`route` for many requests, their scores computed together."""
        asked = [Request.of(request) for request in requests]
        decisions = [self._before_score(request) for request in asked]
        open_ = [i for i, decision in enumerate(decisions) if decision.stage == "score"]
        if open_:
            for i, score in zip(open_, self._scores([asked[i] for i in open_]), strict=True):
                decisions[i] = self._after_score(asked[i], decisions[i], score)
        return decisions

    def accept(self, decision: RoutingDecision, answer: Mapping[str, float | None]) -> RoutingDecision:
        """Keep the SLM's answer or escalate, from the signals of the answer.

        answer: the columns of predictions.parquet that a call has (mean_logprob, min_logprob, ...), or `confidence`
        where it is already calibrated. No signal at all, or a NaN, counts as unsure and escalates.
        """
        if not decision.needs_check:
            return decision
        confidence = self.confidence(answer, decision.task)
        threshold = decision.threshold
        assert threshold is not None
        if confidence >= threshold:
            reason = f"confidence {confidence:.2f} reaches {threshold:.2f}"
            return replace(decision, reason=reason, confidence=confidence, threshold=None, stage="answer")
        reason = f"confidence {confidence:.2f} is below {threshold:.2f}"
        return RoutingDecision(LLM, reason, self.policy.llm_confidence, None, decision.task, "answer")

    def confidence(self, answer: Mapping[str, float | None], task: str | None = None) -> float:
        """Calibrated chance that the SLM's answer is as good as the LLM's; 0.0 where there is nothing to judge by."""
        given = answer.get("confidence")
        if given is not None:
            return 0.0 if math.isnan(given) else float(given)
        return self.policy.calibrator.confidence(answer, task) if self.policy.calibrator else 0.0

    def _before_score(self, request: Request) -> RoutingDecision:
        policy, task = self.policy, request.task
        if broken := policy.limits.broken_by(request):
            return RoutingDecision(LLM, broken, policy.llm_confidence, None, task, "limit")
        if task in policy.pinned or request.task_type in policy.pinned:
            return RoutingDecision(LLM, f"{task or request.task_type} is pinned to the LLM", 1.0, None, task, "pinned")
        name = self._name_in(policy.rules, request)
        rule = policy.rules.get(name, LLM)
        expected = policy.expected.get(name, policy.expected.get(ANY, 0.5))
        stage = "default" if name == ANY else "rule"
        if rule == LLM:
            return RoutingDecision(LLM, f"rule of {name}: llm", policy.llm_confidence, None, task, stage)
        if rule == SLM:
            return RoutingDecision(SLM, f"rule of {name}: slm", expected, None, task, stage)
        threshold = policy.thresholds.get(name, policy.thresholds.get(ANY))
        if policy.score is None:
            return RoutingDecision(SLM, f"rule of {name}: the SLM first", expected, threshold, task, stage)
        return RoutingDecision(SLM, f"rule of {name}: the SLM first", expected, threshold, task, "score")

    def _scores(self, requests: list[Request]) -> list[float]:
        score = self.policy.score
        if isinstance(score, HashedScore):
            return score.score([request.text for request in requests], [request.task for request in requests]).tolist()
        return [float(request.complexity or 0.0) for request in requests]

    def _after_score(self, request: Request, decision: RoutingDecision, score: float) -> RoutingDecision:
        limit = self.policy.score_limit
        if limit is not None and score > limit:
            reason = f"the LLM is expected to be better by {score:.2f}, over {limit:.2f}"
            if self.policy.score == "complexity":
                reason = f"complexity {score:.2f} is over {limit:.2f}"
            return RoutingDecision(LLM, reason, self.policy.llm_confidence, None, request.task, "score")
        return decision

    @staticmethod
    def _name_in(table: Mapping[str, Any], request: Request) -> str:
        if request.task in table:
            return str(request.task)
        return str(request.task_type) if request.task_type in table else ANY
