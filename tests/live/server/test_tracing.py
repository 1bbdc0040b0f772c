"""A span a call in OpenTelemetry's GenAI terms, under the caller's own trace, without any text of the call."""

import pytest
from live_runs import asked
from servers import serving_app
from test_gateway import gateway

from migration.live.server import tracing

RECORD = {
    "created_at": "2026-11-25T10:00:00.000+00:00", "latency_ms": 250.0, "requested_model": "gpt-4o", "model": "small",
    "finish_reason": "stop", "prompt_tokens": 20, "completion_tokens": None, "conversation_id": "v", "status": 200,
    "error": None, "task": "queue", "decision": "slm", "candidate": "small", "confidence": 0.9, "policy": "v1",
    "tried": [{}], "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "response": "secret words",
    "messages": [{"role": "user", "content": "secret words"}],
}  # fmt: skip


def test_attributes_are_the_conventions_and_hold_no_text():
    made = tracing.attributes_of(RECORD)
    assert made["gen_ai.operation.name"] == "chat"
    assert made["gen_ai.usage.input_tokens"] == 20
    assert "gen_ai.usage.output_tokens" not in made
    assert made["migration.escalations"] == 1
    assert "secret" not in str(made)


def test_each_call_is_a_span_of_its_length_under_the_callers_trace():
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="needs opentelemetry-sdk (pip install -e '.[otel]')")
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    observe = tracing.observer()
    observe(RECORD)
    observe(RECORD | {"error": "the LLM answered 500", "status": 500, "trace": None})
    first, second = kept.get_finished_spans()
    assert first.name == "chat gpt-4o"
    assert first.end_time - first.start_time == 250_000_000
    assert format(first.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    assert (second.parent, second.status.status_code.name, second.attributes["error.type"]) == (None, "ERROR", "500")


def test_the_callers_trace_reaches_the_record(run, llm_url, small_url):
    seen = []
    made = gateway(run, llm_url, small_url)
    made.hybrid._observe = seen.append
    with serving_app(made.app()) as at:
        import httpx2 as httpx

        body = {"model": "m", "messages": asked("hi")}
        httpx.post(f"{at}/chat/completions", json=body, headers={"traceparent": RECORD["trace"]})
    assert seen[0]["trace"] == RECORD["trace"]
