"""The gateway's own decision log as traffic: what was asked, and what the LLM said to it where it was asked too.

A small model's delivered answer is no reference: such a call keeps its LLM answer from the shadow, else none, and is
priced as the LLM's, so that the bill is what it would be without the small model.
"""

from __future__ import annotations

from migration.audit.importers.forms.bodies import request_fields
from migration.audit.importers.forms.openai import CHAT, Side
from migration.audit.importers.forms.record import BadRecord, Json, call, integer, real, text, timestamp


def matches(record: Json) -> bool:
    """Whether a record is a line of `live/decisions-*.jsonl`."""
    return {"call_id", "rung", "decision", "policy", "messages"} <= record.keys()


def decision(record: Json, side: Side) -> Json:
    """A line of a decision log. Raises BadRecord where its texts were left out."""
    if not record["messages"]:
        raise BadRecord("no request (its texts were left out of the decision log)")
    asked = {name: record.get(name) for name in ("messages", "tools", "response_format", "max_tokens")}
    fields = request_fields({name: value for name, value in asked.items() if value is not None})
    by_llm = record["decision"] == "llm"
    kind = {"kind": "error", "error": text(record.get("error")) or "error"} if record["decision"] == "error" else {}
    return call(
        **fields | kind,
        call_id=text(record["call_id"]),
        conversation_id=text(record.get("conversation_id")),
        created_at=timestamp(record.get("created_at"), "created_at"),
        model=text(record.get("model")) if by_llm else text(record.get("requested_model")),
        response=_reference(record, by_llm),
        prompt_tokens=integer(record.get("prompt_tokens"), "prompt_tokens"),
        completion_tokens=integer(record.get("completion_tokens"), "completion_tokens"),
        latency_ms=real(record.get("latency_ms"), "latency_ms"),
        finish_reason=text(record.get("finish_reason")),
        status=integer(record.get("status"), "status"),
        endpoint=CHAT,
    )


def _reference(record: Json, by_llm: bool) -> str | None:
    """What the LLM said, null where it was not asked."""
    if by_llm:
        return text(record.get("response"))
    answers = [one for one in record.get("shadow") or [] if isinstance(one, dict) and one.get("rung") == -1]
    return text(answers[0].get("answer")) if answers else None
