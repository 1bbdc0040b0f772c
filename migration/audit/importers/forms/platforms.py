"""Exports of gateways and observability tools: Langfuse, LiteLLM, Helicone.

Their field names, units and what they leave out. Out of scope: files, prices.
Sources: langfuse `fern/apis/server/definition/commons.yml` and ClickHouse migration 0002_observations, litellm
`schema.prisma` model LiteLLM_SpendLogs, helicone `packages/llm-mapper/types.ts` HeliconeRequest.
"""

from __future__ import annotations

from typing import Any

from migration.audit.importers.forms.bodies import answer, finish_reason, outcome, request_fields, usage
from migration.audit.importers.forms.openai import (
    CHAT,
    EMBEDDINGS,
    Side,
    conversation,
    endpoint_of,
    hints,
    judged,
    path_of,
)
from migration.audit.importers.forms.own_names import logged_name
from migration.audit.importers.forms.record import Json, Skipped, call, decoded, integer, mapping, real, text, timestamp

NOT_SERVED_FROM_CACHE = "00000000-0000-0000-0000-000000000000"


def langfuse(record: Json, side: Side) -> Json:
    """An observation, from the API (camelCase) or from ClickHouse (snake_case). Its latency is in seconds.

    Observations other than generations and embeddings (spans, events, tools) are Skipped.
    """
    kind = str(_either(record, "type") or "GENERATION").upper()
    if kind not in ("GENERATION", "EMBEDDING"):
        raise Skipped(f"Langfuse {kind.lower()} observation")
    metadata = mapping(_either(record, "metadata"), "metadata")
    settings = mapping(_either(record, "modelParameters"), "modelParameters")
    asked = decoded(_either(record, "input"))
    request: Json = {key: settings.get(key) for key in ("max_tokens", "max_completion_tokens", "response_format")}
    request = {key: decoded(value) for key, value in request.items() if value is not None}
    if isinstance(asked, dict) and ("messages" in asked or "tools" in asked):
        request |= {key: asked.get(key) for key in ("messages", "tools", "response_format") if asked.get(key)}
    elif asked not in (None, "", {}, []):
        request["messages" if kind == "GENERATION" else "input"] = asked
    failed = _either(record, "level") == "ERROR"
    said = text(_either(record, "statusMessage"))
    started, ended = _either(record, "startTime"), _either(record, "endTime")
    details = _either(record, "usageDetails") or _either(record, "providedUsageDetails")
    counts = _langfuse_usage(mapping(details, "usageDetails")) or usage(record.get("usage"))
    model = text(record.get("model")) or text(record.get("provided_model_name"))
    fields: Json = {"model": model} | request_fields(request) | counts
    fields["requested_model"] = None
    if failed:
        fields |= {"kind": "error", "error": said or "error"}
    elif kind == "EMBEDDING":
        fields["kind"] = "embedding"
    else:
        fields |= _langfuse_output(decoded(_either(record, "output")))
    latency = real(record.get("latency"), "latency")
    return call(
        call_id=text(record.get("id")),
        conversation_id=text(_either(record, "sessionId"))
        or conversation(metadata)
        or text(_either(record, "traceId")),
        created_at=timestamp(started, "startTime"),
        latency_ms=round(latency * 1000, 3) if latency is not None else _elapsed_ms(started, ended),
        channel=text(metadata.get("channel")),
        logged_cost_usd=_total_cost(record),
        logged_name=logged_name((model,), _either(record, "promptName"), metadata, record.get("name")),
        **judged(
            fields, record.get("name"), record.get("environment"), _either(record, "promptName"), *hints(metadata)
        ),
        endpoint=endpoint_of(None, fields),
    )


def _langfuse_usage(details: Json) -> Json:
    """Counts of usageDetails, where what is cached, audio or reasoning is taken out of `input` and `output`."""
    counted = {key: integer(value, f"usageDetails.{key}") or 0 for key, value in details.items()}
    if not counted:
        return {}
    return {
        "prompt_tokens": sum(n for key, n in counted.items() if "input" in key),
        "completion_tokens": sum(n for key, n in counted.items() if "output" in key),
        **{
            name: sum(counted[key] for key in keys & counted.keys()) if keys & counted.keys() else None
            for name, keys in _CACHED.items()
        },
    }


_CACHED = {
    "cached_tokens": {"input_cached_tokens", "cache_read_input_tokens", "input_cache_read"},
    "cache_write_tokens": {"cache_creation_input_tokens", "input_cache_write", "input_cache_creation"},
}


def _langfuse_output(said: Any) -> Json:
    if said in (None, "", {}):
        return {"response": None}
    if isinstance(said, str):
        return {"response": said}
    if isinstance(said, list):
        said = said[0] if len(said) == 1 and isinstance(said[0], dict) else {"content": said}
    reason = finish_reason(said.get("finish_reason"))
    body = {key: value for key, value in said.items() if key != "finish_reason"}
    response, ended = answer(
        body if body.keys() & {"choices", "output", "content", "tool_calls"} else {"content": [body]}
    )
    return {"response": response, "finish_reason": ended or reason}


def _either(record: Json, name: str) -> object:
    """A field by its camelCase or its snake_case name."""
    if name in record:
        return record[name]
    return record.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))


def _total_cost(record: Json) -> float | None:
    details = mapping(_either(record, "costDetails"), "costDetails")
    for value in (details.get("total"), _either(record, "totalCost"), record.get("calculatedTotalCost")):
        if value is not None:
            return real(value, "cost")
    return None


def _elapsed_ms(started: object, ended: object) -> float | None:
    if not ended:
        return None
    elapsed = timestamp(ended, "end") - timestamp(started, "start")
    return elapsed / 1000 if elapsed >= 0 else None


def litellm(record: Json, side: Side) -> Json:
    """A row of LiteLLM_SpendLogs. Its prompts and answers are `{}` unless the proxy is told to store them."""
    kind = str(record.get("call_type") or "acompletion")
    if not any(word in kind for word in ("completion", "embedding", "responses", "messages")):
        raise Skipped(f"LiteLLM {kind} call")
    proxied = mapping(record.get("proxy_server_request"), "proxy_server_request")
    request = mapping(proxied.get("body"), "body") or proxied
    asked = decoded(record.get("messages"))
    if asked not in (None, "", {}, []):
        request = request | {"messages": asked}
    body = mapping(record.get("response"), "response")
    metadata = mapping(record.get("metadata"), "metadata")
    failed = str(record.get("status") or "").lower() == "failure"
    information = mapping(metadata.get("error_information"), "error_information")
    status = (
        integer(information.get("error_code"), "status") if str(information.get("error_code", "")).isdigit() else None
    )
    error = None
    if failed:
        error = (
            ": ".join(str(information[k]) for k in ("error_class", "error_message") if information.get(k)) or "failure"
        )
    fields = {"model": text(record.get("model"))} | request_fields(request)
    if body or failed:
        fields |= outcome(body, request, "/v1/embeddings" if "embedding" in kind else CHAT, status, error)
    elif "embedding" in kind:
        fields["kind"] = "embedding"
    counts = usage(metadata.get("usage_object")) | {key: n for key, n in usage(record).items() if n is not None}
    fields |= {key: value for key, value in counts.items() if value is not None}
    fields["model"] = fields["model"] or text(record.get("model"))
    fields["requested_model"] = fields["requested_model"] or text(record.get("model_group"))
    started, took = record.get("startTime"), real(record.get("request_duration_ms"), "request_duration_ms")
    return call(
        call_id=text(record.get("request_id")),
        conversation_id=conversation(metadata) or text(record.get("session_id")),
        created_at=timestamp(started, "startTime"),
        latency_ms=took if took is not None else _elapsed_ms(started, record.get("endTime")),
        channel=text(metadata.get("channel")),
        cache_hit=str(record.get("cache_hit")).lower() == "true",
        logged_cost_usd=real(record.get("spend"), "spend"),
        logged_name=logged_name(
            (fields["model"], fields["requested_model"]),
            metadata,
            metadata.get("requester_metadata"),
            metadata.get("spend_logs_metadata"),
            {"tags": record.get("request_tags")},
        ),
        **judged(fields, *hints(metadata)),
        endpoint=EMBEDDINGS if "embedding" in kind else CHAT,
    )


def helicone(record: Json, side: Side) -> Json:
    """A HeliconeRequest. Bodies are absent unless exported with `--include-body`; its delay is in milliseconds."""
    request = mapping(record.get("request_body"), "request_body")
    body = mapping(record.get("response_body"), "response_body")
    properties = mapping(record.get("request_properties"), "properties") | mapping(
        record.get("properties"), "properties"
    )
    path, status = text(record.get("request_path")), integer(_http_status(record.get("response_status")), "status")
    cached = text(record.get("cache_reference_id")) not in (None, NOT_SERVED_FROM_CACHE)
    fields = request_fields(request)
    if body or (status is not None and status >= 400):
        fields |= outcome(body, request, path_of(path), None if status == 200 else status)
    elif path and "embedding" in path:
        fields["kind"] = "embedding"
    counts = usage(record)
    counts["cached_tokens"] = integer(record.get("prompt_cache_read_tokens"), "cached tokens")
    counts["cache_write_tokens"] = integer(record.get("prompt_cache_write_tokens"), "cached tokens") or None
    fields |= {key: value for key, value in counts.items() if value is not None}
    logged = text(record.get("response_model")) or text(record.get("model")) or text(record.get("request_model"))
    fields["model"] = text(body.get("model")) or logged
    fields["requested_model"] = fields["requested_model"] or text(record.get("request_model"))
    session = next((value for key, value in properties.items() if key.lower() == "helicone-session-id"), None)
    return call(
        call_id=(None if cached else text(body.get("id"))) or text(record.get("request_id")),
        conversation_id=conversation(properties) or text(session),
        created_at=timestamp(record.get("request_created_at"), "request_created_at"),
        latency_ms=real(record.get("delay_ms"), "delay_ms"),
        channel=text(properties.get("channel")),
        cache_hit=cached,
        logged_cost_usd=real(record.get("cost", record.get("costUSD")), "cost"),
        logged_name=logged_name((fields["model"], fields["requested_model"]), properties, record.get("prompt_id")),
        **judged(fields, *hints(properties)),
        endpoint=endpoint_of(path, fields),
    )


def _http_status(value: object) -> object:
    """Helicone writes -1 to -4 for calls that never ended (pending, cancelled, timed out): as a gateway's 504."""
    return 504 if isinstance(value, int) and value < 0 else value
