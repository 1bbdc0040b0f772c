"""A span for each call, in OpenTelemetry's GenAI terms, where OpenTelemetry is installed and set up.

Source: semantic conventions for generative AI, `gen_ai.*`. The caller's `traceparent` is the parent. `set_up` reads
OTEL_EXPORTER_OTLP_ENDPOINT as every OpenTelemetry program does. Texts of calls are never put into a span.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from migration.live.exchange import Record
from migration.markup import hashed, made_by_machine


def set_up() -> None:
    """Export spans over OTLP where the environment asks for it and the SDK is installed."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        print("OTEL_EXPORTER_OTLP_ENDPOINT is set, but opentelemetry-sdk and its OTLP exporter are not installed")
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def observer() -> Callable[[Record], None] | None:
    """What makes a span of each record; None where OpenTelemetry is not installed."""
    try:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:  # an extra
        return None
    tracer, carrier = trace.get_tracer("migration.live"), TraceContextTextMapPropagator()

    def observe(record: Record) -> None:
        began = int(datetime.fromisoformat(record["created_at"]).timestamp() * 1e9)
        context = carrier.extract({"traceparent": record["trace"]}) if record["trace"] else None
        known = attributes_of(record)
        name = f"chat {known['gen_ai.request.model']}"
        span = tracer.start_span(name, context, trace.SpanKind.SERVER, known, start_time=began)
        if record["error"]:
            span.set_status(trace.StatusCode.ERROR, str(record["error"]))
        span.end(began + int(record["latency_ms"] * 1e6))

    return observe


def attributes_of(record: Record) -> dict[str, object]:
    """The attributes of a call's span; what is not known is left out, and ids that no machine made are hashed, as the
    decision log hashes those with personal data: they may be a name or an address."""
    requested, model, finish, conversation = (
        _id(record[name]) for name in ("requested_model", "model", "finish_reason", "conversation_id")
    )
    made = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": requested,
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": [finish] if finish else None,
        "gen_ai.usage.input_tokens": record["prompt_tokens"],
        "gen_ai.usage.output_tokens": record["completion_tokens"],
        "gen_ai.conversation.id": conversation,
        "error.type": str(record["status"]) if record["error"] else None,
        "migration.task": record["task"],
        "migration.decision": record["decision"],
        "migration.candidate": record["candidate"],
        "migration.confidence": record["confidence"],
        "migration.policy": record["policy"],
        "migration.escalations": len(record["tried"]),
    }
    return {name: value for name, value in made.items() if value is not None}


def _id(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value if made_by_machine(value) else hashed(value)
