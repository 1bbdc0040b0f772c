"""Who answers a call: the ramp, then the policy's rungs one by one, each answer shown to the router.

Written as generators that yield the name of whom to ask and are sent the `Answer`, so that one piece of logic serves
blocking and awaiting callers, the gateway, the shadow and tests without a network. Out of scope: asking (`rungs`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from migration.live.call import Call
from migration.live.policies import Active, State
from migration.live.rungs.answer import Answer, unfit
from migration.routing.policy import Router, RoutingDecision
from migration.routing.policy.router import LLM, SLM

T = TypeVar("T")


class Ask(NamedTuple):
    """Whom to ask: a candidate, or the LLM by its name; and the task that the call was recognised as."""

    candidate: str
    task: str | None


Steps = Generator[Ask, Answer, T]
"""Yields whom to ask, is sent the answer, returns a T."""

CLOSED, RAMP, SUSPENDED = "closed", "ramp", "suspended"
"""`RoutingDecision.stage` of what is decided before the policy: not in force, outside the share, an alarm."""


@dataclass(frozen=True)
class Tried:
    """A rung that was asked: its answer, its calibrated confidence, and whether the policy keeps it."""

    answer: Answer
    rung: int
    confidence: float
    kept: bool = False


@dataclass(frozen=True)
class Settled:
    """Who answers. answer: of the rung that is kept, None where the LLM is to answer."""

    decision: RoutingDecision
    answer: Answer | None
    tried: tuple[Tried, ...] = ()


def settle(state: State, call: Call) -> Steps[Settled]:
    """The rungs that are in force for this call, in their order, until one is kept."""
    task = state.router.recognise(call.messages, call.tools) if state.problem is None and call.messages else None
    if held := _held(state, call, task):
        return Settled(held, None)
    return (yield from _climb(state.router, call, task))


def beside(state: State, call: Call, settled: Settled) -> Steps[tuple[Tried, ...]]:
    """The answers that were not needed: the LLM's where a rung was kept, the rungs' where they were held back."""
    if settled.answer is not None:
        answer = yield Ask(state.policy.llm, settled.decision.task)
        return (Tried(answer, -1, 1.0, kept=not answer.error),)
    if settled.decision.stage not in (RAMP, SUSPENDED):
        return ()  # every rung that the policy would ask was asked
    would = yield from _climb(state.router, call, settled.decision.task)
    kept = (Tried(would.answer, would.decision.rung, would.decision.confidence, kept=True),) if would.answer else ()
    return would.tried + kept


def _climb(router: Router, call: Call, task: str | None) -> Steps[Settled]:
    decision, tried = router.route(call.request(task)), []
    while decision.model == SLM:
        answer = yield Ask(decision.candidate, task)
        if why := answer.error or unfit(call, answer):
            tried.append(Tried(replace(answer, error=why), decision.rung, 0.0))
            decision = router.escalate(decision, f"{decision.candidate} failed: {why}"[:300])
            continue
        judged = router.accept(decision, answer.signals)
        if judged.model == SLM and judged.rung == decision.rung:
            return Settled(judged, answer, tuple(tried))
        tried.append(Tried(answer, decision.rung, router.confidence(answer.signals, task, decision.candidate)))
        decision = judged
    return Settled(decision, None, tuple(tried))


def _held(state: State, call: Call, task: str | None) -> RoutingDecision | None:
    """The decision where the policy is not asked; None where it is."""
    active = state.active

    def to_llm(reason: str, stage: str) -> RoutingDecision:
        return RoutingDecision(LLM, reason, 1.0, None, task, stage, candidate=state.policy.llm)

    if state.problem is not None:
        return to_llm(f"no valid policy: {state.problem}", CLOSED)
    if active.off:
        return to_llm("switched off", CLOSED)
    if call.beyond:
        return to_llm(call.beyond, "limit")
    if task in active.suspended:
        return to_llm(f"{task} was returned to the LLM by an alarm", SUSPENDED)
    if not in_share(call.conversation_id, active.share):
        return to_llm(f"outside the {active.share:.0%} of conversations that rungs may answer", RAMP)
    return None


def in_share(conversation_id: str, share: float) -> bool:
    """Whether a conversation is in the share that rungs may answer: fixed by its hash, so a larger share only adds."""
    return _drawn(f"ramp:{conversation_id}", share)


def in_shadow(conversation_id: str, active: Active) -> bool:
    """Whether the calls of a conversation are answered by the others, too: all of them, or none.

    The monitor of 07 reads whole conversations, so they are what is drawn; anew for each version, so that the same
    users are not watched for ever, and independently of the ramp.
    """
    return _drawn(f"shadow:{active.version}:{conversation_id}", active.shadow_share)


def _drawn(key: str, share: float) -> bool:
    place = int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:8], "big")
    return place / 2**64 < share


def drive(steps: Steps[T], ask: Callable[[Ask], Answer]) -> T:
    """Run `steps`, asking in this thread."""
    try:
        whom = next(steps)
        while True:
            whom = steps.send(ask(whom))
    except StopIteration as done:
        return done.value


async def drive_async(steps: Steps[T], ask: Callable[[Ask], Awaitable[Answer]]) -> T:
    """Run `steps`, awaiting each answer."""
    try:
        whom = next(steps)
        while True:
            whom = steps.send(await ask(whom))
    except StopIteration as done:
        return done.value
