"""The router as production runs it: one pure decision a request, by a policy.

The order: hard limits, pinned tasks, the task's rungs, the score before the call, and for each rung the calibrated
confidence of its answer. Imports numpy and the standard library alone, so that a gateway loads it in milliseconds.
Out of scope: how a policy was tuned, how it is stored (`document`), and every model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from migration.errors import BadInput
from migration.routing.policy.document import ANY, COMPLEXITY, Limits, Policy, Rung
from migration.routing.policy.score import HashedScore, text_of, words_of
from migration.routing.policy.signals import is_finite
from migration.schema import CandidateKind

SLM, LLM = "slm", "llm"
"""`RoutingDecision.model`: any rung below the LLM, or the LLM."""
_WITHOUT_MODEL = (CandidateKind.CACHE, CandidateKind.CLASSIFIER)


@dataclass(frozen=True, slots=True)
class Request:
    """What a router knows at call time. `tokens`: of the prompt, None where nobody counted (then four characters are
    taken for one). `tools`: names of the tools the answer may call."""

    messages: Sequence[Mapping[str, object]] | str = ()
    task: str | None = None
    task_type: str | None = None
    tokens: int | None = None
    tools: Sequence[str] = ()
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
        """Prompt tokens, estimated from the characters where nobody counted."""
        if self.tokens is not None:
            return int(self.tokens)
        if isinstance(self.messages, str):
            return len(self.messages) // 4
        return sum(len(words_of(message)) + 16 for message in self.messages) // 4


_REQUEST_FIELDS = {item.name for item in fields(Request)}


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Where a request goes, and why.

    model: `slm` for any rung below the LLM, else `llm`. candidate: who answers; rung: its place in the task's cascade,
    -1 for the LLM. confidence: chance (0..1) that the decision delivers what the LLM alone would. threshold: where it
    is not None the rung's answer must be checked with `Router.accept` before it is delivered. stage: what decided
    (`limit`, `pinned`, `rule`, `score`, `default`, `answer`). gated: the score before the call ruled language models
    below the LLM out.
    """

    model: str
    reason: str
    confidence: float
    threshold: float | None = None
    task: str | None = None
    stage: str = "rule"
    candidate: str = ""
    rung: int = -1
    name: str = ANY
    gated: bool = False

    @property
    def needs_check(self) -> bool:
        """Whether the rung's answer has to be shown to `Router.accept` before it is delivered."""
        return self.model == SLM and self.threshold is not None


def broken_limit(limits: Limits, request: Request) -> str | None:
    """The first hard limit that the request breaks, in words; None where it keeps them all."""
    if limits.context_tokens is not None and (tokens := request.count_tokens()) > limits.context_tokens:
        return f"{tokens} prompt tokens are more than the limit of {limits.context_tokens}"
    if limits.tools is not None and (lacking := [tool for tool in request.tools if tool not in limits.tools]):
        return f"no small model can call the tool {lacking[0]}"
    if request.reasoning and not limits.reasoning:
        return "the request asks for reasoning"
    return None


class Router:
    """Decides by a policy, without state, files or clocks: the same request always goes the same way."""

    def __init__(self, policy: Policy):
        self.policy = policy

    @classmethod
    def load(cls, path: str | Path) -> Router:
        """The router of a policy file. Raises BadInput as `Policy.load`."""
        return cls(Policy.load(path))

    def recognise(self, messages: Sequence[Mapping[str, object]], tools: Sequence[str] = ()) -> str | None:
        """The task that a request without a name belongs to; None where no template of the log fits."""
        return self.policy.recognition.task_of(messages, tools) if self.policy.recognition else None

    def route(
        self, request: Request | Mapping[str, object], answer: Mapping[str, float | None] | None = None
    ) -> RoutingDecision:
        """Where `request` goes; with `answer`, the first rung's signals, whether that answer is kept.

        A decision that `needs_check` says "ask this candidate, then `accept`"; both at once is what `answer` is for.
        """
        request = Request.of(request)
        decision = self._before_score(request)
        if decision.stage == "score":
            decision = self._after_score(decision, self._scores([request])[0])
        return self.accept(decision, answer) if answer is not None and decision.needs_check else decision

    def route_many(self, requests: Iterable[Request | Mapping[str, object]]) -> list[RoutingDecision]:
        """`route` for many requests, their scores computed together."""
        asked = [Request.of(request) for request in requests]
        decisions = [self._before_score(request) for request in asked]
        open_ = [i for i, decision in enumerate(decisions) if decision.stage == "score"]
        if open_:
            for i, score in zip(open_, self._scores([asked[i] for i in open_]), strict=True):
                decisions[i] = self._after_score(decisions[i], score)
        return decisions

    def accept(self, decision: RoutingDecision, answer: Mapping[str, float | None]) -> RoutingDecision:
        """Keep the rung's answer, or go on to the next rung or the LLM, from the signals of the answer.

        answer: the columns of predictions.parquet that a call has (mean_logprob, min_logprob, ...), or `confidence`
        where it is already calibrated. No signal at all, or a value that is no finite number, counts as unsure.
        """
        if not decision.needs_check or decision.threshold is None:
            return decision
        confidence, threshold = self.confidence(answer, decision.task, decision.candidate), decision.threshold
        if confidence >= threshold:
            reason = f"confidence {confidence:.2f} reaches {threshold:.2f}"
            return replace(decision, reason=reason, confidence=confidence, threshold=None, stage="answer")
        return self.escalate(decision, f"confidence {confidence:.2f} is below {threshold:.2f}")

    def escalate(self, decision: RoutingDecision, why: str) -> RoutingDecision:
        """The rung after the one that `decision` names, or the LLM: for an answer that failed, or was not kept.

        why: the reason of the new decision. A decision for the LLM stays one.
        """
        return self._rung_from(decision, decision.rung + 1, why) if decision.model == SLM else decision

    def confidence(
        self, answer: Mapping[str, float | None], task: str | None = None, candidate: str | None = None
    ) -> float:
        """Calibrated chance that a candidate's answer is as good as the LLM's; 0.0 where nothing tells."""
        given = answer.get("confidence")
        if given is not None:
            return float(given) if is_finite(given) else 0.0
        calibrators = self.policy.calibrators
        name = candidate if candidate is not None else next(iter(calibrators), "")
        return calibrators[name].confidence(answer, task) if name in calibrators else 0.0

    def _before_score(self, request: Request) -> RoutingDecision:
        policy, task = self.policy, request.task
        if broken := broken_limit(policy.limits, request):
            return self._to_llm(broken, task, "limit")
        if task in policy.pinned or request.task_type in policy.pinned:
            return replace(
                self._to_llm(f"{task or request.task_type} is pinned to the LLM", task, "pinned"), confidence=1.0
            )
        name = self._name_in(policy.rungs, request)
        rungs = policy.rungs.get(name, ())
        stage = "default" if name == ANY else "rule"
        if not rungs:
            return self._to_llm(f"{name}: no small model is proved", task, stage)
        first = self._at(RoutingDecision(SLM, "", 0.0, None, task, stage, name=name), 0, rungs[0])
        scored = policy.score is not None and any(
            policy.candidates[r.candidate].kind not in _WITHOUT_MODEL for r in rungs
        )
        return replace(first, stage="score") if scored and rungs[0].checked else first

    def _to_llm(self, reason: str, task: str | None, stage: str) -> RoutingDecision:
        return RoutingDecision(LLM, reason, self.policy.llm_confidence, None, task, stage, self.policy.llm)

    def _at(self, decision: RoutingDecision, place: int, rung: Rung, why: str = "") -> RoutingDecision:
        """`decision` at a rung whose candidate is to be asked."""
        expected = self.policy.expected.get(decision.name, self.policy.expected.get(ANY, 0.5))
        return replace(
            decision,
            model=SLM,
            reason=f"{why}; ask {rung.candidate}" if why else f"{decision.name}: ask {rung.candidate} first",
            confidence=expected,
            threshold=rung.threshold if rung.checked else None,
            candidate=rung.candidate,
            rung=place,
        )

    def _rung_from(self, decision: RoutingDecision, place: int, why: str) -> RoutingDecision:
        """The next rung from `place` on that may be tried, else the LLM."""
        for at, rung in enumerate(self.policy.rungs.get(decision.name, ())[place:], place):
            if not decision.gated or self.policy.candidates[rung.candidate].kind in _WITHOUT_MODEL:
                return self._at(decision, at, rung, why)
        stage = "score" if decision.gated and place == 0 else "answer"
        return replace(self._to_llm(why, decision.task, stage), name=decision.name, gated=decision.gated)

    def _scores(self, requests: list[Request]) -> list[float]:
        score = self.policy.score
        if isinstance(score, HashedScore):
            return score.score([request.text for request in requests], [request.task for request in requests]).tolist()
        return [float(request.complexity or 0.0) for request in requests]

    def _after_score(self, decision: RoutingDecision, score: float) -> RoutingDecision:
        limit = self.policy.score_limit
        if limit is None or score <= limit:
            return decision
        reason = f"the LLM is expected to be better by {score:.2f}, over {limit:.2f}"
        if self.policy.score == COMPLEXITY:
            reason = f"complexity {score:.2f} is over {limit:.2f}"
        return self._rung_from(replace(decision, gated=True), 0, reason)

    @staticmethod
    def _name_in(table: Mapping[str, object], request: Request) -> str:
        if request.task in table:
            return str(request.task)
        return str(request.task_type) if request.task_type in table else ANY
