"""OpenAI's own forms: request/response logs, the Batch API's two files, stored completions and their messages.

These forms' field names. Out of scope: files, joins' storage (a `Side` is handed in), prices.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from migration.audit.importers.forms.bodies import outcome, request_fields
from migration.audit.importers.forms.own_names import logged_name
from migration.audit.importers.forms.record import BadRecord, Json, call, integer, mapping, real, text, timestamp

Side = Callable[[str], Json | None]
"""Looks up the other half of a call (a batch's request, a stored completion's messages) by its key."""

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


def path_of(url: str | None) -> str | None:
    """`/v1/chat/completions` of a full address, a path, or null."""
    if url and "://" in url:
        url = "/" + url.split("://", 1)[1].partition("/")[2]
    return url.partition("?")[0] if url else None


def endpoint_of(logged: str | None, fields: Json) -> str:
    """The endpoint as logged, else the one that such a call goes to."""
    return path_of(logged) or (EMBEDDINGS if fields.get("kind") == "embedding" else CHAT)


def conversation(metadata: Json) -> str | None:
    """The conversation's id in a call's metadata, under the names that teams give it."""
    for key in _CONVERSATION:
        if metadata.get(key):
            return text(metadata[key])
    return None


_CONVERSATION = ("conversation_id", "session_id", "thread_id", "sessionId", "conversationId", "threadId")


def judged(fields: Json, *hints: object) -> Json:
    """`fields`, its kind `scoring` where the log's own words for the call say that it judges another answer."""
    words = " ".join(hint for hint in hints if isinstance(hint, str))
    if words and fields.get("kind", "chat") == "chat" and _JUDGES.search(words):
        return fields | {"kind": "scoring"}
    return fields


_JUDGES = re.compile(r"(?<![a-z])(?:judge|grader|scorer|scoring|evals?|evaluat(?:or|ion))(?![a-z])", re.I)
_HINTS = {"kind", "type", "purpose", "operation", "name", "task", "step", "call_type"}


def hints(metadata: Json) -> list[object]:
    """What metadata may say of a call's purpose."""
    return [metadata[key] for key in _HINTS & metadata.keys()]


def is_log(record: Json) -> bool:
    """Whether a record is a request/response log's: its request, and when it was, under OpenAI's names.

    A log that calls its time otherwise has other names for the rest, too: a table of JSON records reads it.
    """
    response = record.get("response")
    dated = record.keys() & {"created", "created_at"} or (isinstance(response, dict) and "created" in response)
    return "request" in record and bool(dated)


def log(record: Json, side: Side) -> Json:
    """A line of a request/response log: id, created, request, response (or error), and what else it carries."""
    if not record.get("request"):
        raise BadRecord("no request")
    request, status = mapping(record["request"], "request"), integer(record.get("status"), "status")
    body = mapping(record.get("response"), "response")
    if not body and record.get("error"):
        body = {"error": record["error"]}
    metadata = mapping(record.get("metadata"), "metadata")
    logged = text(record.get("endpoint"))
    asked = request_fields(request)
    if asked["messages"] is None:
        raise BadRecord("no request (it has neither messages, prompt nor input)")
    fields = outcome(body, request, path_of(logged), status)
    created = record.get("created", record.get("created_at", body.get("created")))
    return call(
        call_id=text(record.get("id")) or text(body.get("id")),
        conversation_id=conversation(metadata) or conversation(record),
        created_at=timestamp(created),
        latency_ms=real(record.get("latency_ms"), "latency_ms"),
        channel=text(metadata.get("channel")),
        logged_name=logged_name((asked["requested_model"], fields["model"]), metadata, request.get("metadata"), record),
        **judged(asked | fields, logged, *hints(metadata)),
        endpoint=endpoint_of(logged, fields),
    )


def batch_key(record: Json) -> tuple[str, Json]:
    """(custom_id, the rest) of a line of a batch's input file."""
    key = text(record.get("custom_id"))
    if not key:
        raise BadRecord("no custom_id")
    return key, {"url": record.get("url"), "body": mapping(record.get("body"), "body")}


def batch_output(record: Json, side: Side) -> Json:
    """A line of a batch's output file, joined to its request by `custom_id`. Its tier is `batch`: half price."""
    key = text(record.get("custom_id"))
    if not key:
        raise BadRecord("no custom_id")
    asked = side(key) or {}
    request = asked.get("body") or {}
    response = mapping(record.get("response"), "response")
    body = mapping(response.get("body"), "response.body")
    error = record.get("error")
    if error and not body:
        body = {"error": error}
    status = integer(response.get("status_code"), "status_code")
    url = text(asked.get("url"))
    fields = outcome(body, request, path_of(url), None if status == 200 else status)
    metadata = mapping(request.get("metadata"), "metadata")
    created = body.get("created")
    if created is None and fields["kind"] == "error":
        raise BadRecord("no timestamp (a failed batch request has none)")
    if created is None:
        created = asked.get("created")  # embeddings carry none: the batch's own time is not in its files
    return call(
        call_id=text(body.get("id")) or text(record.get("id")),
        conversation_id=conversation(metadata),
        created_at=timestamp(created),
        channel=text(metadata.get("channel")),
        logged_name=logged_name((fields["model"],), metadata),
        **judged(request_fields(request) | fields, *hints(metadata)) | {"service_tier": "batch"},
        endpoint=endpoint_of(url, fields),
    )


def stored_key(record: Json) -> tuple[str, Json]:
    """(completion id, its messages) of a stored completion's messages list."""
    if not isinstance(record.get("messages"), list):
        raise BadRecord("no messages")
    wanted = ("role", "content", "tool_calls", "tool_call_id")
    rows = []
    for one in record["messages"]:
        if not isinstance(one, dict):
            raise BadRecord("messages holds something that is no message")
        row = {key: one[key] for key in (*wanted, "name") if one.get(key) is not None}
        if one.get("content_parts"):
            row["content"] = one["content_parts"]
        rows.append(row)
    return str(record["completion_id"]), {"messages": rows}


def stored(record: Json, side: Side) -> Json:
    """A stored completion, its prompt joined from the messages list (it is not in the item)."""
    key = text(record.get("id"))
    joined = side(key) if key else None
    request = {name: record.get(name) for name in ("tools", "response_format")}
    request["messages"] = record.get("messages") or (joined or {}).get("messages")
    metadata = mapping(record.get("metadata"), "metadata")
    fields = outcome(record, {}, CHAT, None)
    if fields["service_tier"] in ("default", "auto"):
        fields["service_tier"] = None
    return call(
        call_id=key,
        conversation_id=conversation(metadata),
        created_at=timestamp(record.get("created")),
        channel=text(metadata.get("channel")),
        logged_name=logged_name((fields["model"],), metadata),
        **judged(request_fields(request) | fields, *hints(metadata)),
        endpoint=CHAT,
    )
