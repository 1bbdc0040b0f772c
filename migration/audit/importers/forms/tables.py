"""Tables, from CSV, Parquet or JSON records of a team's own: which of their columns means what.

By usual column names, by a mapping given by hand, or as our own calls.parquet. Out of scope: the forms of platforms (a
table whose columns are those of such a form, say a CSV of LiteLLM_SpendLogs, is read by that form's module), and rows
(`rows`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from migration.audit.importers.forms.bodies import failure, messages, outcome, request_fields, usage
from migration.audit.importers.forms.openai import Side, conversation, endpoint_of, hints, judged
from migration.audit.importers.forms.own_names import logged_name
from migration.audit.importers.forms.record import (
    BadRecord,
    Json,
    call,
    canonical,
    decoded,
    flag,
    integer,
    mapping,
    printable,
    real,
    text,
    timestamp,
)
from migration.errors import BadInput
from migration.schema import Kind

ALIASES: dict[str, tuple[str, ...]] = {
    "call_id": ("call_id", "id", "request_id"),
    "conversation_id": ("conversation_id", "session_id", "thread_id", "conversation", "session"),
    "created_at": ("created_at", "created", "timestamp", "time", "ts", "datetime", "date", "start_time", "started_at"),
    "model": ("model", "model_name", "response_model"),
    "requested_model": ("requested_model", "request_model"),
    "messages": ("messages", "prompt", "input", "question", "query", "user_message", "request"),
    "system": ("system", "system_prompt", "instructions"),
    "response": ("response", "completion", "output", "answer", "reply", "response_text"),
    "usage": ("usage", "token_usage"),
    "prompt_tokens": ("prompt_tokens", "input_tokens", "tokens_in", "n_prompt_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens", "tokens_out", "n_completion_tokens"),
    "cached_tokens": ("cached_tokens", "cached_input_tokens"),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_input_tokens"),
    "cache_hit": ("cache_hit",),
    "latency_ms": ("latency_ms", "duration_ms", "elapsed_ms", "response_time_ms"),
    "latency_s": ("latency_s", "latency_seconds", "duration_s", "duration_seconds", "elapsed_s"),
    "status": ("status", "status_code", "http_status"),
    "error": ("error", "error_message", "exception"),
    "finish_reason": ("finish_reason", "stop_reason"),
    "channel": ("channel",),
    "logged_name": (
        "logged_name",
        "prompt_name",
        "task_name",
        "task",
        "feature",
        "use_case",
        "call_site",
        "workload_id",
    ),
    "metadata": ("metadata",),
    "endpoint": ("endpoint", "path", "url"),
    "service_tier": ("service_tier",),
    "max_tokens": ("max_tokens", "max_completion_tokens"),
    "tools": ("tools",),
    "response_format": ("response_format",),
    "cost_usd": ("logged_cost_usd", "cost_usd", "cost", "spend"),
    "kind": ("kind", "type", "call_type", "operation"),
}
"""Our name -> the column names it is found under, the likeliest first."""

_OUR_OWN = {"call_id", "created_at", "kind", "messages", "response", "split", "tokens_estimated"}


def is_our_own(names: set[str]) -> bool:
    """Whether a table is a calls.parquet."""
    return names >= _OUR_OWN


NEEDED = ("created_at", "messages", "response")


MAPPING = """for example -p columns '["messages=question", "response=answer"]' (migrate import: --column for each)"""
"""How a mapping is given, for errors."""


def lacking(names: list[str]) -> list[str]:
    """What no column of these names holds, of what a call cannot be without."""
    found = _by_usual_names(names, {})
    return [name for name in NEEDED if name not in found]


def _by_usual_names(names: list[str], given: dict[str, str]) -> dict[str, str]:
    """`given` and, for what it leaves out, the columns that have one of the usual names, however these are written:
    created_at, createdAt, "Created At"."""
    plain = {_plain(name): name for name in reversed(names)}
    found = dict(given)
    for ours, aliases in ALIASES.items():
        free = (plain.get(_plain(alias)) for alias in aliases)
        match = next((name for name in free if name is not None and name not in found.values()), None)
        if ours not in found and match is not None:
            found[ours] = match
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.lower())


def mapped(names: list[str], given: dict[str, str] | None, where: Path) -> dict[str, str]:
    """{our name: column} for a table. Raises BadInput on a mapping that names what is not there, or finds no prompt."""
    found = {}
    for ours, theirs in (given or {}).items():
        if ours not in ALIASES:
            raise BadInput(f"the column mapping names {ours!r}; it may name {', '.join(ALIASES)}")
        if theirs not in names:
            raise BadInput(
                f"the column mapping reads {ours} from {theirs!r}, but {where} has {printable(', '.join(names), 400)}"
            )
        found[ours] = theirs
    found = _by_usual_names(names, found)
    said = printable(", ".join(names), 400)
    if missing := [name for name in NEEDED if name not in found]:
        raise BadInput(
            f"{where} is a table with the columns {said}: which of them holds {' and '.join(missing)}? "
            f"Say so with a column mapping, {MAPPING}"
        )
    return found


def column_mapping(pairs: Sequence[str]) -> dict[str, str] | None:
    """`ours=theirs` strings as a mapping of our column names to a table's; None where there are none.

    Raises BadInput for one that is no such pair.
    """
    for pair in pairs:
        if not all(pair.partition("=")):
            raise BadInput(f"`columns` takes ours=theirs, for example messages=question, not {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs) or None


def table(columns: dict[str, str]) -> Callable[[Json, Side], Json]:
    """A parser of rows whose columns mean `columns` (from `mapped`)."""

    def parse(record: Json, side: Side) -> Json:
        return _row({ours: record.get(theirs) for ours, theirs in columns.items()})

    return parse


def _request(row: Json) -> Json:
    """A row's request as an API's body: a logged body, or its columns put together."""
    asked = decoded(row.get("messages"))
    request = asked if isinstance(asked, dict) and "role" not in asked else None
    if request is None and asked not in (None, "", []):
        system = [{"role": "system", "content": row["system"]}] if row.get("system") else []
        request = {"messages": system + messages(asked)}
    if request is None:
        raise BadRecord("no request")
    request = {"model": row.get("requested_model")} | request
    for name in ("tools", "response_format", "max_tokens"):
        if row.get(name) not in (None, ""):
            request.setdefault(name, decoded(row[name]))
    return request | {"max_tokens": integer(request.get("max_tokens"), "max_tokens")}


def _is_body(said: Json) -> bool:
    """Whether an object in the answer's column is an API's body, not an answer that is JSON with a field so called."""
    lists = any(isinstance(said.get(name), list) for name in ("choices", "output"))
    return lists or "stop_reason" in said or any(isinstance(said.get(name), dict) for name in ("usage", "error"))


def _answer(said: Json | list[Any]) -> str:
    """The answer of a column that holds a message, or an answer that is JSON."""
    if isinstance(said, dict) and said.get("role") == "assistant":
        return str(messages(said)[-1]["content"])
    return canonical(said)


def _row(row: Json) -> Json:
    request = _request(row)
    status = integer(row["status"], "status") if str(row.get("status") or "").isdigit() else None
    error = text(row.get("error")) or failure({}, status)
    said, kind = decoded(row.get("response")), str(row.get("kind") or "").lower()
    fields = request_fields(request)
    if isinstance(said, dict) and _is_body(said):
        fields |= outcome(said, request, text(row.get("endpoint")), status, error)
    elif error:
        fields |= {"kind": "error", "error": error}
    elif "embed" in kind or "embed" in str(row.get("endpoint") or ""):
        fields["kind"] = "embedding"
    elif said is None or said == "":
        raise BadRecord("no response")
    else:
        fields["response"] = said if isinstance(said, str) else _answer(said)
    metadata = mapping(row.get("metadata"), "metadata")
    seconds = real(row.get("latency_s"), "latency_s")
    given = {
        "model": text(row.get("model")),
        "prompt_tokens": integer(row.get("prompt_tokens"), "prompt tokens"),
        "completion_tokens": integer(row.get("completion_tokens"), "completion tokens"),
        "cached_tokens": integer(row.get("cached_tokens"), "cached tokens"),
        "cache_write_tokens": integer(row.get("cache_write_tokens"), "cached tokens"),
        "finish_reason": text(row.get("finish_reason")),
        "service_tier": text(row.get("service_tier")),
        "latency_ms": real(row.get("latency_ms"), "latency_ms") if seconds is None else seconds * 1000,
        "logged_cost_usd": real(row.get("cost_usd"), "cost"),
        "status": status,
    }
    given |= {key: value for key, value in usage(decoded(row.get("usage"))).items() if given[key] is None}
    fields |= {key: value for key, value in given.items() if value is not None}
    return call(
        call_id=text(row.get("call_id")),
        conversation_id=text(row.get("conversation_id")) or conversation(metadata),
        created_at=timestamp(row.get("created_at"), "created_at"),
        channel=text(row.get("channel")) or text(metadata.get("channel")),
        cache_hit=flag(row.get("cache_hit"), "cache_hit"),
        logged_name=logged_name((row.get("model"), row.get("requested_model")), row.get("logged_name"), metadata),
        **judged(fields, kind, *hints(metadata)),
        endpoint=endpoint_of(text(row.get("endpoint")), fields),
    )


def our_own(record: Json, side: Side) -> Json:
    """A row of a calls.parquet: taken as it is, its kind too; each value is checked."""
    if record.get("kind") not in tuple(Kind):
        raise BadRecord(f"kind is none of {', '.join(Kind)}")
    row = call(**{name: _words(record.get(name), name) for name in _WORDS if name in record})
    row["created_at"] = timestamp(record.get("created_at"), "created_at")
    row["messages"] = _exactly(record.get("messages"))
    row["cache_hit"] = flag(record.get("cache_hit"), "cache_hit")
    for name in ("cached_tokens", "cache_write_tokens", "status", "max_tokens"):
        row[name] = integer(record.get(name), name)
    for name in ("latency_ms", "logged_cost_usd"):
        row[name] = real(record.get(name), name)
    estimated = flag(record.get("tokens_estimated"), "tokens_estimated")
    for name in ("prompt_tokens", "completion_tokens"):
        count = integer(record.get(name), name)
        row[name] = None if estimated else count
    if row["kind"] in (Kind.CHAT, Kind.SCORING) and row["response"] is None and row["messages"] is None:
        raise BadRecord("no request and no response")
    return row


_WORDS = (
    *("call_id", "conversation_id", "model", "kind", "response", "requested_model", "finish_reason", "error"),
    *("channel", "logged_name", "endpoint", "service_tier", "tools", "response_format"),
)


def _words(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadRecord(f"{name} is not text")
    return value


def _exactly(value: object) -> list[Json] | None:
    """Messages as our own table holds them: role and content are texts already."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str)
        for one in value
    ):
        raise BadRecord("messages is not a list of role and content")
    return value
