"""CSV and Parquet tables: rows as records, and which of their columns means what.

Knows: usual column names, a mapping given by hand, our own calls.parquet. Refuses to know: JSON forms (a table whose
columns are those of such a form, say a CSV of LiteLLM_SpendLogs, is read by that form's module).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from migration.audit.importers.bodies import failure, messages, outcome, request_fields
from migration.audit.importers.lines import LONGEST_LINE, lines
from migration.audit.importers.openai import Side, conversation, endpoint_of, hints, judged
from migration.audit.importers.record import (
    BadRecord,
    Json,
    call,
    canonical,
    decoded,
    integer,
    mapping,
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


def mapped(names: list[str], given: dict[str, str] | None, where: Path) -> dict[str, str]:
    """{our name: column} for a table. Raises BadInput on a mapping that names what is not there, or finds no prompt."""
    by_lower = {name.lower().strip().replace(" ", "_"): name for name in names}
    found = {}
    for ours, theirs in (given or {}).items():
        if ours not in ALIASES:
            raise BadInput(f"the column mapping names {ours!r}; it may name {', '.join(ALIASES)}")
        if theirs not in names:
            raise BadInput(f"the column mapping reads {ours} from {theirs!r}, but {where} has {', '.join(names)}")
        found[ours] = theirs
    for ours, aliases in ALIASES.items():
        taken = set(found.values())
        match = next((by_lower[a] for a in aliases if a in by_lower and by_lower[a] not in taken), None)
        if ours not in found and match:
            found[ours] = match
    missing = [name for name in ("created_at", "messages", "response") if name not in found]
    if missing:
        raise BadInput(
            f"{where} is a table with the columns {', '.join(names)}: which of them holds {' and '.join(missing)}? "
            "Say so with a column mapping, for example messages=question response=answer"
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


def _row(row: Json) -> Json:
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
    request["max_tokens"] = integer(request.get("max_tokens"), "max_tokens")
    status = integer(row["status"], "status") if str(row.get("status") or "").isdigit() else None
    error = text(row.get("error")) or failure({}, status)
    said, kind = decoded(row.get("response")), str(row.get("kind") or "").lower()
    fields = request_fields(request)
    if isinstance(said, dict) and said.keys() & {"choices", "error", "usage", "output"}:
        fields |= outcome(said, request, text(row.get("endpoint")), status, error)
    elif error:
        fields |= {"kind": "error", "error": error}
    elif "embed" in kind or "embed" in str(row.get("endpoint") or ""):
        fields["kind"] = "embedding"
    elif said is None or said == "":
        raise BadRecord("no response")
    else:
        fields["response"] = said if isinstance(said, str) else canonical(said)
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
    fields |= {key: value for key, value in given.items() if value is not None}
    return call(
        call_id=text(row.get("call_id")),
        conversation_id=text(row.get("conversation_id")) or conversation(metadata),
        created_at=timestamp(row.get("created_at"), "created_at"),
        channel=text(row.get("channel")) or text(metadata.get("channel")),
        cache_hit=str(row.get("cache_hit")).lower() in ("true", "1"),
        **judged(fields, kind, *hints(metadata)),
        endpoint=endpoint_of(text(row.get("endpoint")), fields),
    )


def our_own(record: Json, side: Side) -> Json:
    """A row of a calls.parquet: taken as it is, its kind too."""
    if record.get("kind") not in tuple(Kind):
        raise BadRecord(f"kind is none of {', '.join(Kind)}")
    estimated = record.get("tokens_estimated")
    row = call(**{key: record.get(key) for key in call() if key in record})
    row["created_at"] = timestamp(record.get("created_at"), "created_at")
    row["cache_hit"] = bool(record.get("cache_hit"))
    for name in ("prompt_tokens", "completion_tokens"):
        row[name] = None if estimated else integer(record.get(name), name)
    return row


Rows = Iterator[tuple[int, Json | BadRecord]]


def csv_rows(path: Path) -> tuple[list[str], Rows]:
    """(column names, rows with the line each ends on). A row that does not fit its header comes as a BadRecord."""
    csv.field_size_limit(LONGEST_LINE)
    source = (
        b"" if line is None else line + b"\n" for _, line in lines(path)
    )  # an overlong line leaves an empty row, which csv passes over
    decoded_lines = (
        line.decode("utf-8-sig" if number == 0 else "utf-8", "surrogateescape") for number, line in enumerate(source)
    )
    first = next(decoded_lines, "")
    delimiter = max(",;\t|", key=first.count)
    names = next(csv.reader([first], delimiter=delimiter), [])
    return names, _csv_rows(decoded_lines, names, delimiter)


def _csv_rows(source: Iterator[str], names: list[str], delimiter: str) -> Rows:
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, BadRecord(f"bad CSV ({error})")
            continue
        if not values:
            continue
        if len(values) != len(names):
            yield reader.line_num + 1, BadRecord(f"{len(values)} fields where the header has {len(names)}")
        elif any(not value.isascii() and not _is_utf8(value) for value in values):
            yield reader.line_num + 1, BadRecord("not UTF-8")
        else:
            yield reader.line_num + 1, dict(zip(names, values, strict=True))


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def parquet_rows(path: Path) -> tuple[list[str], Rows]:
    """(column names, rows numbered from 1). Raises BadInput where the file is no readable Parquet."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path} is not readable Parquet: {str(error).splitlines()[0]}") from error
    return file.schema_arrow.names, _parquet_rows(file)


def _parquet_rows(file: pq.ParquetFile) -> Rows:
    number = 0
    for batch in file.iter_batches(batch_size=2048):
        for row in batch.to_pylist():
            number += 1
            yield number, row
