"""The forms a log may have: how each is recognised, and which module reads it.

The registry. Out of scope: field names beyond the few that tell one form from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from migration.audit.importers.forms import decisions, openai, otel, platforms
from migration.audit.importers.forms.record import Json

EXPECTED = (
    "a log of LLM calls: an OpenAI request/response log (a JSON object a line with id, created, request, response), "
    "OpenAI Batch files (input and output together), stored completions (with their messages lists), Langfuse "
    "observations, LiteLLM SpendLogs, a Helicone export, OTLP JSON GenAI spans, our own decision log, or a table of "
    "your own (CSV, Parquet or JSON records with created_at, messages, response); UTF-8, plain, gzip or zstd"
)


@dataclass(frozen=True)
class Form:
    """A form of a log.

    `parse` makes a call of a record. A form with `key` instead holds the other halves of another form's calls.
    """

    name: str
    family: str
    matches: Callable[[Json], bool]
    parse: Callable[[Json, openai.Side], Json] | None = None
    key: Callable[[Json], tuple[str, Json]] | None = None
    joins: str | None = None


def _has(*names: str) -> Callable[[Json], bool]:
    return lambda record: all(name in record for name in names)


FORMS = (
    Form("batch output", "openai", _has("custom_id", "response"), parse=openai.batch_output, joins="batch input"),
    Form("batch input", "openai", _has("custom_id", "body"), key=openai.batch_key),
    Form("stored messages", "openai", _has("completion_id", "messages"), key=openai.stored_key),
    Form("openai log", "openai", openai.is_log, parse=openai.log),
    Form(
        "litellm",
        "litellm",
        lambda r: "request_id" in r and ("spend" in r or "call_type" in r) and ("startTime" in r),
        parse=platforms.litellm,
    ),
    Form(
        "helicone",
        "helicone",
        lambda r: "request_created_at" in r or ("request_id" in r and "response_id" in r),
        parse=platforms.helicone,
    ),
    Form(
        "langfuse",
        "langfuse",
        lambda r: ("traceId" in r or "trace_id" in r) and ("startTime" in r or "start_time" in r) and "id" in r,
        parse=platforms.langfuse,
    ),
    Form("decision log", "decisions", decisions.matches, parse=decisions.decision),
    Form("otel spans", "otel", _has("spanId", "startTimeUnixNano"), parse=otel.span),
    Form(
        "stored completions", "openai", _has("id", "choices", "created"), parse=openai.stored, joins="stored messages"
    ),
)
FAMILIES = (*dict.fromkeys(form.family for form in FORMS), "batch", "stored", "table")
"""What `format=` may name beside `auto`."""


def recognised(records: Iterable[Json], family: str = "auto") -> Form | None:
    """The form that most of `records` have, within `family` where one is named; null where none has any."""
    forms = [form for form in FORMS if family in ("auto", form.family) or form.name.startswith(family)]
    votes = [0] * len(forms)
    for record in records:
        for place, form in enumerate(forms):
            if form.matches(record):
                votes[place] += 1
                break
    best = max(range(len(forms)), key=votes.__getitem__, default=None)
    return forms[best] if best is not None and votes[best] else None


def records(value: object) -> Iterable[object]:
    """The records of a JSON value: itself, or what a page, list or export request holds.

    Raises BadRecord where it is such a thing, but broken.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return (value,)
    if "resourceSpans" in value:
        return otel.spans(value)
    if isinstance(value.get("data"), list) and ("object" in value or "meta" in value or len(value) == 1):
        return _listed(value["data"], None)
    if value and all(isinstance(one, dict) and isinstance(one.get("data"), list) for one in value.values()):
        lists = (_listed(one["data"], key) for key, one in value.items())  # completion id -> its messages list
        return chain.from_iterable(lists)
    return (value,)


def _listed(items: list[object], key: str | None) -> Iterator[object]:
    """A list's items; or, where they are the messages of one stored completion, these together."""
    first = items[0] if items and isinstance(items[0], dict) else {}
    if "role" in first and "choices" not in first:
        yield {"completion_id": key or str(first.get("id", "")).rpartition("-")[0], "messages": items}
    else:
        yield from items
