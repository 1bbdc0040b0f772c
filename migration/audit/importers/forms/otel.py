"""OpenTelemetry GenAI spans in OTLP JSON, of the present semantic conventions and of older ones.

Attributes, events and message parts of the conventions (`docs/gen-ai/` of open-telemetry/
semantic-conventions) and OpenLLMetry's numbered attributes. Out of scope: files, prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from migration.audit.importers.forms.bodies import content, finish_reason, messages
from migration.audit.importers.forms.openai import Side, conversation, endpoint_of, hints, judged
from migration.audit.importers.forms.own_names import logged_name
from migration.audit.importers.forms.record import (
    BadRecord,
    Json,
    Skipped,
    call,
    canonical,
    decoded,
    integer,
    mapping,
    text,
    timestamp,
)
from migration.schema.messages import arguments

_OPERATIONS = {"chat", "text_completion", "generate_content", "completion"}
_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(.+)")


def spans(document: Json) -> Iterator[Json]:
    """The spans of one export request (a line of the file exporter), resource attributes left out."""
    for resource in _objects(document, "resourceSpans"):
        for scope in _objects(resource, "scopeSpans" if "scopeSpans" in resource else "instrumentationLibrarySpans"):
            yield from _objects(scope, "spans")


def _objects(value: Json, name: str) -> list[Json]:
    items = value.get(name) or []
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise BadRecord(f"{name} is not a list of objects")
    return items


def attributes(pairs: object) -> Json:
    """OTLP's [{key, value: {stringValue | intValue | ...}}] as a plain object."""
    if not isinstance(pairs, list):
        return {}
    try:
        return {pair["key"]: _value(pair.get("value")) for pair in pairs}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise BadRecord("attributes are not OTLP key/value pairs") from None


def _value(value: object) -> Any:
    if not isinstance(value, dict):
        return value
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_value(item) for item in value["arrayValue"].get("values") or []]
    if "kvlistValue" in value:
        return attributes(value["kvlistValue"].get("values") or [])
    return next(iter(value.values()), None)


def _kind(said: Json) -> str:
    """What the span's operation makes of a call. Raises Skipped for any other span."""
    operation = said.get("gen_ai.operation.name") or said.get("llm.request.type")
    if operation is None and not any(key.startswith("gen_ai.usage") for key in said):
        raise Skipped("span without a GenAI operation")
    if operation in ("embeddings", "embedding"):
        return "embedding"
    if operation is None or operation in _OPERATIONS:
        return "chat"
    raise Skipped(f"{operation} span")


def span(record: Json, side: Side) -> Json:
    """A GenAI span. Spans of other kinds (tools, agents, HTTP) are Skipped."""
    said = attributes(record.get("attributes"))
    for event in record.get("events") or []:  # prompts and answers may be events, in older conventions and some SDKs
        said = attributes(event.get("attributes")) | said
    kind = _kind(said)
    started, ended = _nanos(record.get("startTimeUnixNano")), _nanos(record.get("endTimeUnixNano"))
    status = mapping(record.get("status"), "status")
    failed = said.get("error.type") or status.get("code") in (2, "STATUS_CODE_ERROR")
    reasons = decoded(said.get("gen_ai.response.finish_reasons"))
    fields: Json = {
        "kind": kind,
        "model": text(said.get("gen_ai.response.model")) or text(said.get("gen_ai.request.model")),
        "requested_model": text(said.get("gen_ai.request.model")),
        "prompt_tokens": _count(said, "input_tokens", "prompt_tokens"),
        "completion_tokens": _count(said, "output_tokens", "completion_tokens"),
        "cached_tokens": _count(said, "cache_read.input_tokens", "cache_read_input_tokens", "input_tokens.cached"),
        "cache_write_tokens": _count(said, "cache_creation.input_tokens", "cache_creation_input_tokens"),
        "max_tokens": integer(said.get("gen_ai.request.max_tokens"), "max_tokens"),
        "finish_reason": finish_reason(reasons[0] if isinstance(reasons, list) and reasons else reasons),
        "messages": _prompt(said),
        "tools": _tools(said.get("gen_ai.tool.definitions")),
        "response_format": '{"type":"json_object"}' if said.get("gen_ai.output.type") == "json" else None,
    }
    if failed:
        detail = text(status.get("message"))
        fields |= {
            "kind": "error",
            "error": ": ".join(str(x) for x in (said.get("error.type"), detail) if x) or "error",
        }
    elif kind == "chat":
        fields |= _completion(said, fields["finish_reason"])
    if fields["prompt_tokens"] is not None and fields["completion_tokens"] is None:
        fields["completion_tokens"] = 0
    return call(
        call_id=text(said.get("gen_ai.response.id")) or text(record.get("spanId")),
        conversation_id=text(said.get("gen_ai.conversation.id")) or conversation(said) or text(record.get("traceId")),
        created_at=started,
        latency_ms=(ended - started) / 1000 if ended and ended >= started else None,
        channel=text(said.get("channel")),
        logged_name=logged_name(
            (fields["model"], fields["requested_model"]),
            said.get("gen_ai.prompt.name"),
            _own(said),
            record.get("name"),
            said.get("gen_ai.agent.name"),
        ),
        **judged(fields, record.get("name"), *hints(said)),
        endpoint=endpoint_of(None, fields),
    )


def _own(said: Json) -> Json:
    """A span's attributes, those that a team attached itself under their own names, too."""
    return said | {key.rpartition(".")[2]: value for key, value in said.items() if key.startswith(_ATTACHED)}


_ATTACHED = ("metadata.", "traceloop.association.properties.", "langfuse.observation.metadata.")


def _nanos(value: object) -> int:
    return timestamp(int(value) if isinstance(value, str) and value.isdigit() else value, "startTimeUnixNano")


def _count(said: Json, *names: str) -> int | None:
    for name in names:
        if f"gen_ai.usage.{name}" in said:
            return integer(said[f"gen_ai.usage.{name}"], name.replace("_", " "))
    return None


def _tools(value: object) -> str | None:
    value = decoded(value)
    return canonical(value) if value else None


def _prompt(said: Json) -> list[Json] | None:
    asked = decoded(said.get("gen_ai.input.messages", said.get("gen_ai.prompt")))
    if asked is None:
        asked = _numbered(said, "prompt") or None
    system = decoded(said.get("gen_ai.system_instructions"))
    found = [] if asked in (None, "", []) else chat(asked)
    if system:
        body = content(_from_parts({"role": "system", "parts": system if isinstance(system, list) else [system]}))
        found = [{"role": "system", "content": body}, *found]
    return found or None


def _completion(said: Json, reason: str | None) -> Json:
    answers = decoded(said.get("gen_ai.output.messages", said.get("gen_ai.completion")))
    if answers is None:
        answers = _numbered(said, "completion")
    if answers in (None, "", []):
        return {"response": None}
    if isinstance(answers, str):
        return {"response": answers}
    first = answers[0] if isinstance(answers, list) else answers
    ended = finish_reason(first.get("finish_reason")) if isinstance(first, dict) else None
    return {"response": chat([first])[0]["content"], "finish_reason": reason or ended}


def _numbered(said: Json, what: str) -> list[Json]:
    """OpenLLMetry's gen_ai.prompt.0.role, gen_ai.prompt.0.content, ... as messages."""
    rows: dict[int, Json] = {}
    for key, value in said.items():
        if (
            (match := _NUMBERED.fullmatch(key))
            and match[1] == what
            and match[3] in ("role", "content", "finish_reason")
        ):
            rows.setdefault(int(match[2]), {"role": "assistant" if what == "completion" else "user"})[match[3]] = value
    return [rows[number] for number in sorted(rows)]


def chat(asked: Any) -> list[Json]:
    """Messages of parts (or plain ones) as {role, content}; a tool result gets the name of the call it answers."""
    if isinstance(asked, str):
        return messages(asked)
    if not isinstance(asked, list):
        asked = [asked]
    plain = [_from_parts(one) if isinstance(one, dict) and "parts" in one else one for one in asked]
    names: dict[str, str] = {}
    for message in plain:
        if not isinstance(message, dict):
            raise BadRecord("messages holds something that is no message")
        for made in message.get("tool_calls") or []:
            names[str(made.get("id"))] = made["function"]["name"]
        if "tool_call_id" in message and str(message["tool_call_id"]) in names:
            message.setdefault("name", names[str(message["tool_call_id"])])
    return messages([{key: value for key, value in one.items() if key != "finish_reason"} for one in plain])


def _from_parts(message: Json) -> Json:
    """A message of typed parts as a chat completions message."""
    result: Json = {"role": message.get("role") or "user"}
    if message.get("name"):
        result["name"] = message["name"]
    said, made = [], []
    for part in message.get("parts") or []:
        if not isinstance(part, dict):
            said.append({"type": "text", "text": str(part)})
            continue
        kind = part.get("type")
        if kind == "text":
            said.append({"type": "text", "text": part.get("content") or ""})
        elif kind == "tool_call":
            function = {"name": str(part.get("name")), "arguments": arguments(part.get("arguments"))}
            made.append({"id": part.get("id"), "type": "function", "function": function})
        elif kind == "tool_call_response":
            body = part.get("response", part.get("result"))
            result |= {"role": "tool", "tool_call_id": part.get("id")}
            said.append({"type": "text", "text": body if isinstance(body, str) else canonical(body)})
        else:
            said.append(part)
    if said:
        only = len(said) == 1 and said[0].get("type") == "text"
        result["content"] = said[0]["text"] if only else said
    if made:
        result["tool_calls"] = made
    return result
