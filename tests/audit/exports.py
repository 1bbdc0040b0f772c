"""Logs as other tools export them, and the short way to import one."""

from pathlib import Path

import orjson
import pandas as pd

from migration.audit import import_log


def quiet(message: str) -> None:
    """Progress that nobody watches."""


def line(number: int, **changes) -> dict:
    """A good line of a request/response log."""
    said = f"answer {number % 7}"
    return {
        "id": f"call-{number}",
        "created": 1_748_736_536 + number,
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {number}"}]},
        "response": {
            "model": "gpt-4o-2024-08-06",
            "choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2},
        },
        "latency_ms": 300,
        "metadata": {"conversation_id": f"conv-{number // 4}"},
    } | changes


def write(path: Path, records: list[dict]) -> Path:
    path.write_bytes(b"\n".join(orjson.dumps(record) for record in records) + b"\n")
    return path


def imported(traffic, folder: Path, **options) -> tuple[pd.DataFrame, object]:
    """(the calls, the report) of an import into `folder`."""
    report = import_log(traffic, folder / "calls.parquet", progress=quiet, **options)
    return pd.read_parquet(folder / "calls.parquet"), report


SAMPLES = {
    "batch": (["openai_batch_input.jsonl", "openai_batch_output.jsonl"], "batch input, batch output"),
    "stored": (
        ["openai_stored_completion_messages.json", "openai_stored_completions.json"],
        "stored completions, stored messages",
    ),
    "langfuse": (["langfuse_observations.jsonl"], "langfuse"),
    "litellm": (["litellm_spendlogs.jsonl"], "litellm"),
    "helicone": (["helicone_export.jsonl"], "helicone"),
    "otel": (["otel_genai_spans.otlp.jsonl"], "otel spans"),
}
NOT_CARRIED = {
    "batch": {"conversation_id", "split", "latency_ms", "channel", "cost_usd", "service_tier"},
    "stored": {"latency_ms", "requested_model", "max_tokens"},
    "langfuse": {"call_id", "requested_model", "finish_reason", "response_format"},
    "litellm": set(),
    "helicone": {"cached_tokens"},
    "otel": {"channel", "tools", "response_format"},
}
ABOUT_THE_FILE = {"source_file", "source_line", "logged_cost_usd"}
