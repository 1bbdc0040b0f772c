"""One call on its way: from what was decided to what the caller gets, and the record of it.

Shared by the blocking and the awaiting driver (`hybrid`): no input or output here, but for handing over the record,
which happens once both the caller's answer and the shadow's are there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from migration.live.call import Call, Json
from migration.live.cascade import Settled, Tried
from migration.live.policies import State
from migration.live.replies import forms as replies
from migration.live.replies.forms import Relay, Reply
from migration.live.rungs.answer import Answer, checked, said
from migration.routing.policy.router import SLM

MOST_HEARD = 1 << 20
"""Bytes of a stream that the log keeps."""
ERROR = "error"
"""`decision` of a call that nobody answered."""
PASSED_ON = ("content-type", "retry-after", "retry-after-ms", "x-should-retry", "x-request-id", "openai-processing-ms")
Record = dict[str, Any]


class Exchange:
    """A call whose rungs were asked. shadowed: whether the other answers are asked for, too."""

    def __init__(
        self,
        call: Call,
        state: State,
        settled: Settled,
        *,
        shadowed: bool,
        began: float,
        emit: Callable[[Record], None],
    ):
        self.call, self.state, self.settled, self.shadowed = call, state, settled, shadowed
        self._began, self._emit, self._lock = began, emit, threading.Lock()
        self._waiting = 2 if shadowed else 1
        self._heard = bytearray()
        self._delivered: Record = {}
        self._beside: tuple[Tried, ...] = ()

    @property
    def note(self) -> dict[str, object]:
        """`x_migration`: who answered, why, and how sure."""
        decision = self.settled.decision
        tried = [
            {"candidate": one.answer.candidate, "confidence": round(one.confidence, 4)} for one in self.settled.tried
        ]
        return {
            "call_id": self.call.call_id,
            "task": decision.task,
            "decision": decision.model,
            "candidate": decision.candidate,
            "rung": decision.rung,
            "reason": decision.reason,
            "confidence": round(decision.confidence, 4),
            "policy": self.state.active.version,
            "tried": tried,
        }

    def keep(self, answer: Answer, **changes: Any) -> Reply:
        """The reply that a rung's answer makes. changes: what `x_migration` says otherwise."""
        note = self.note | changes
        body = replies.completion(self.call, answer, note)
        self._done(note, response=answer.text, model=answer.candidate, finish=body["choices"][0]["finish_reason"],
                   usage=answer.usage, signals=_known(answer.signals))  # fmt: skip
        return replies.streamed(self.call, body, note) if self.call.streamed else replies.whole(body, note)

    def fall_back(self, why: str) -> Reply | None:
        """Where the LLM failed: the last rung's answer if the policy allows it, else None."""
        answers = [one for one in self.settled.tried if one.answer.body and not one.answer.error]
        if not answers or not getattr(self.state.policy, "llm_fallback", False):
            return None
        last = answers[-1]
        reason = f"the LLM failed ({why}); the policy allows an unproved answer then"
        changes = {"decision": SLM, "candidate": last.answer.candidate, "rung": last.rung, "reason": reason}
        return self.keep(last.answer, **changes | {"confidence": round(last.confidence, 4)})

    def whole(self, status: int, headers: Mapping[str, str], data: bytes) -> Reply:
        """The LLM's reply, or its refusal, in one piece; 502 where it is no completion."""
        passed = self.passed(headers)
        if status != 200:
            self._done(self.note, error=f"the LLM answered {status}", status=status)
            known = b"error" in data[:4096] and "json" in headers.get("content-type", "")
            plain = replies.error_body(f"the LLM answered {status}", "upstream_error", str(status))
            content = data if known else json.dumps(plain).encode()
            return Reply(status, passed | {"content-type": "application/json"}, content)
        try:
            body = json.loads(data)
            message = checked(body)["choices"][0]["message"]
        except (ValueError, RecursionError) as problem:
            return self.failed(502, f"the LLM's reply is no completion: {problem}"[:200])
        self._done(self.note, response=said(message), model=body.get("model"), usage=body.get("usage"),
                   finish=body["choices"][0].get("finish_reason"))  # fmt: skip
        content = json.dumps(body | {replies.FIELD: self.note}).encode()
        return Reply(200, passed, content)

    def passed(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What of the LLM's headers goes on to the caller, and who answered."""
        return {name: headers[name] for name in PASSED_ON if name in headers} | replies.header(self.note)

    def failed(self, status: int, why: str) -> Reply:
        """Nobody answered: a proper error."""
        self._done(self.note, error=why, status=status)
        return replies.error(status, why, "upstream_error", code=str(status), **replies.header(self.note))

    def out_of_reach(self, problem: Exception) -> Reply:
        """The LLM could not be asked: the fallback where the policy allows one, else an error that keeps `problem`."""
        why = type(problem).__name__
        reply = self.fall_back(why) or self.failed(504 if "Timeout" in why else 502, f"the LLM was not reached: {why}")
        reply.problem = problem if reply.status >= 500 else None
        return reply

    def refused(self, status: int) -> Reply | None:
        """The fallback where the LLM refused for reasons of its own (busy, broken); None where there is none."""
        return self.fall_back(f"status {status}") if status in (408, 409, 429) or status >= 500 else None

    def relay(self) -> Relay:
        """What stands between the LLM's stream and the caller."""
        return Relay(self.note)

    def hear(self, relay: Relay, part: bytes) -> bytes:
        """A part of the LLM's stream as it goes on to the caller; the log keeps it, up to `MOST_HEARD`."""
        if len(self._heard) < MOST_HEARD:
            self._heard += part
        return relay.pass_on(part)

    def hung_up(self, relay: Relay, problem: str = "") -> bytes:
        """The last bytes to the caller: what was held, and an error event where the stream was cut."""
        cut = problem or ("" if relay.ended else "the LLM's stream ended early")
        self._done(self.note, stream=self._heard[:MOST_HEARD].decode("utf-8", "replace"), error=cut)
        return relay.end() + (replies.event(replies.error_body(cut, "upstream_error", "cut")) if cut else b"")

    def left(self) -> None:
        """The caller went away before the end."""
        self._done(self.note, error="the caller left", stream=self._heard[:MOST_HEARD].decode("utf-8", "replace"))

    def shadow_done(self, beside: tuple[Tried, ...]) -> None:
        """The answers that were not needed are there (or none came)."""
        self._beside = beside
        self._release()

    def _done(self, note: Json, *, usage: object = None, error: str = "", **delivered: Any) -> None:
        if self._delivered:
            return
        latency = round((time.perf_counter() - self._began) * 1e3, 3)
        known = {"note": note, "usage": usage if isinstance(usage, Mapping) else {}, "error": error or None}
        rest = {"response": None, "model": None, "finish": None, "status": 200, "latency_ms": latency}
        self._delivered = known | rest | delivered
        self._release()

    def _release(self) -> None:
        with self._lock:
            self._waiting -= 1
            last = self._waiting == 0
        if last:
            self._emit(self._record())

    def _record(self) -> Record:
        """One line of the decision log, before it is masked and priced."""
        done, call, active = self._delivered, self.call, self.state.active
        note, usage = done["note"], done["usage"]
        return {
            "call_id": call.call_id,
            "conversation_id": call.conversation_id,
            "created_at": call.created_at.isoformat(timespec="milliseconds"),
            "task": note["task"],
            "rung": note["rung"],
            "decision": ERROR
            if done["error"] and done["response"] is None and "stream" not in done
            else note["decision"],
            "reason": note["reason"],
            "confidence": note["confidence"],
            "prompt_tokens": usage.get("prompt_tokens"),
            "completion_tokens": usage.get("completion_tokens"),
            "latency_ms": done["latency_ms"],
            "candidate": note["candidate"],
            "stage": self.settled.decision.stage,
            "policy": active.version,
            "share": active.share,
            "shadow_share": active.shadow_share,
            "shadowed": self.shadowed,
            "shadow": [self._told(one) for one in self._beside],
            "tried": [self._told(one) for one in self.settled.tried],
            "model": done["model"],
            "requested_model": call.model,
            "messages": call.messages,
            "response": done["response"],
            "signals": done.get("signals"),
            "stream": done.get("stream"),
            "finish_reason": done["finish"],
            "tools": call.body.get("tools"),
            "response_format": call.body.get("response_format"),
            "max_tokens": call.body.get("max_completion_tokens", call.body.get("max_tokens")),
            "status": done["status"],
            "error": done["error"],
            "trace": call.trace,
            "parts": self._parts(note, usage, done["model"]),
        }

    def _told(self, one: Tried) -> Record:
        answer = one.answer
        return {
            "candidate": answer.candidate,
            "rung": one.rung,
            "answer": answer.text,
            "confidence": round(one.confidence, 4),
            "signals": _known(answer.signals),
            "kept": one.kept,
            "latency_ms": round(answer.latency_ms, 3),
            "error": answer.error or None,
        }

    def _parts(self, note: Json, usage: Json, model: str | None) -> list[Record]:
        """Who was paid for what: the answer delivered, the rungs tried before it, the shadow."""
        asked = [("shadow", one.answer) for one in self._beside]
        asked += [("tried", one.answer) for one in self.settled.tried]
        paid = [(part, one.candidate, one.usage, (one.body or {}).get("model")) for part, one in asked]
        paid.append(("answer", note["candidate"], usage, model))
        llm, candidates = self.state.policy.llm, self.state.policy.candidates
        return [
            {
                "part": part,
                "candidate": name,
                "model": (model or self.call.model) if name == llm else name,
                "usage": dict(used),
                "price": dict(candidates[name].price) if name in candidates else None,
            }
            for part, name, used, model in paid
        ]  # fmt: skip


def _known(signals: Mapping[str, float | None]) -> dict[str, float]:
    """The signals that an answer has: what its confidence was computed from, so that it can be fitted again."""
    return {name: round(value, 6) for name, value in signals.items() if value is not None}
