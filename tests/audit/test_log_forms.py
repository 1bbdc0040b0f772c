"""Each form that platforms export: the same calls give the same table, and its own ways are understood."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from exports import ABOUT_THE_FILE, NOT_CARRIED, SAMPLES, imported, line, write


@pytest.fixture(scope="module")
def as_logged(support_log: Path, tmp_path_factory) -> pd.DataFrame:
    """The real log, imported from its own form, by call_id."""
    calls, report = imported(support_log, tmp_path_factory.mktemp("log"))
    assert (report.calls, report.bad, report.lines) == (13_159, 0, 13_159)
    assert report.cost_usd == pytest.approx(22.44, abs=0.01)
    return calls.set_index("call_id", drop=False)


@pytest.mark.parametrize("form", SAMPLES)
def test_the_same_calls_give_the_same_table_in_each_form(
    form: str, shared: Path, as_logged: pd.DataFrame, tmp_path: Path
) -> None:
    names, recognised = SAMPLES[form]
    calls, report = imported([shared / "data/importer_samples" / name for name in names], tmp_path)
    assert (len(calls), report.bad, report.format) == (74, 0, recognised)
    # every sample holds the calls in one order; Langfuse has ids of its own
    ids = [json.loads(row)["request_id"] for row in (shared / "data/importer_samples/litellm_spendlogs.jsonl").open()]
    expected = as_logged.loc[ids].reset_index(drop=True)
    compared = [name for name in expected.columns if name not in NOT_CARRIED[form] | ABOUT_THE_FILE]
    for name in compared:
        assert calls[name].map(str).tolist() == expected[name].map(str).tolist(), name
    assert not NOT_CARRIED[form] & {"messages", "response", "model", "created_at", "prompt_tokens", "kind"}


METADATA = {"conversation_id": "c", "tags": ["prod", "task:refunds"]}
TIMES = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-01T00:00:01Z"}
ASKED = [{"role": "user", "content": "hello"}]
NAMED = {
    "openai": (line(1) | {"metadata": {"task": "refunds"}}, "refunds"),
    "openai, tags": (line(1) | {"metadata": METADATA}, "refunds"),
    "langfuse": ({"id": "a", "traceId": "t", "name": "refunds", "input": ASKED, "output": "hi", **TIMES}, "refunds"),
    "langfuse, as the SDK calls all": (
        {"id": "a", "traceId": "t", "name": "OpenAI-generation", "input": ASKED, "output": "hi", **TIMES}, "none"),
    "helicone": (
        {"request_id": "a", "response_id": "b", "request_created_at": "2026-01-01T00:00:00Z", "model": "m",
         "request_body": {"messages": ASKED}, "response_body": line(1)["response"], "properties": {"Task": "refunds"}},
        "refunds",
    ),
    "litellm": (
        {"request_id": "a", "spend": 0.1, "call_type": "acompletion", "model": "m", "messages": ASKED,
         "response": line(1)["response"], "metadata": {}, "request_tags": ["refunds"], **TIMES},
        "refunds",
    ),
    "otel": (
        {"spanId": "a", "startTimeUnixNano": "1767225600000000000",
         "endTimeUnixNano": "1767225601000000000", "name": "chat gpt-4o", "attributes": [
            {"key": key, "value": {"stringValue": value}} for key, value in {
                "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.prompt": "hello",
                "gen_ai.completion": "hi", "traceloop.association.properties.task": "refunds"}.items()]},
        "refunds",
    ),
    "table": ({"created_at": "2026-01-01", "messages": "hello", "response": "hi", "prompt_name": "refunds"}, "refunds"),
    "table, an id": ({"created_at": "2026-01-01", "messages": "hello", "response": "hi", "task": "3f2a9c11"}, "none"),
}  # fmt: skip


@pytest.mark.parametrize("form", NAMED)
def test_the_logs_own_name_for_a_call_is_kept(form: str, tmp_path: Path) -> None:
    record, name = NAMED[form]
    calls, _ = imported(write(tmp_path / "log.jsonl", [record]), tmp_path)
    assert calls["logged_name"].fillna("none").tolist() == [name]


def test_a_batch_costs_half(shared: Path, as_logged: pd.DataFrame, tmp_path: Path) -> None:
    calls, _ = imported([shared / "data/importer_samples" / name for name in SAMPLES["batch"][0]], tmp_path)
    expected = as_logged.loc[calls["call_id"], "cost_usd"].to_numpy()
    assert calls["cost_usd"].to_numpy() == pytest.approx(expected / 2)


def test_batches_with_the_same_custom_ids_are_joined_by_their_files_names(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for month in ("may", "june"):
        write(
            folder / f"{month}_input.jsonl",
            [
                {
                    "custom_id": "request-1",
                    "url": "/v1/chat/completions",
                    "body": line(1)["request"] | {"messages": [{"role": "user", "content": month}]},
                }
            ],
        )
        body = line(1)["response"] | {"id": month, "created": 1_748_736_536}
        write(
            folder / f"{month}_output.jsonl",
            [{"custom_id": "request-1", "response": {"status_code": 200, "body": body}, "error": None}],
        )
    calls, _ = imported(folder, tmp_path)
    assert {row.call_id: row.messages[0]["content"] for row in calls.itertuples()} == {"may": "may", "june": "june"}


def test_langfuse_rows_of_clickhouse_read_like_those_of_the_api(shared: Path, tmp_path: Path) -> None:
    rows = [json.loads(row) for row in (shared / "data/importer_samples/langfuse_observations.jsonl").open()]
    snake = {
        "traceId": "trace_id",
        "startTime": "start_time",
        "endTime": "end_time",
        "model": "provided_model_name",
        "modelParameters": "model_parameters",
        "usageDetails": "usage_details",
        "costDetails": "cost_details",
        "statusMessage": "status_message",
    }
    database = []
    for row in rows:
        kept = {snake.get(key, key): value for key, value in row.items() if key not in ("latency", "usage")}
        kept |= {key: json.dumps(kept[key]) for key in ("input", "output", "model_parameters")}
        database.append(
            kept | {key: kept[key].replace("T", " ").removesuffix("Z") for key in ("start_time", "end_time")}
        )
    api, _ = imported(shared / "data/importer_samples/langfuse_observations.jsonl", tmp_path / "api")
    clickhouse, report = imported(write(tmp_path / "rows.jsonl", database), tmp_path / "clickhouse")
    assert report.format == "langfuse"
    for name in set(api.columns) - {"source_file"}:
        assert api[name].map(str).tolist() == clickhouse[name].map(str).tolist(), name


def test_langfuse_observations_of_other_kinds_are_told_not_called_bad(tmp_path: Path) -> None:
    base = {"traceId": "t", "startTime": "2025-06-01T00:00:00Z", "endTime": "2025-06-01T00:00:02Z", "model": "gpt-4o"}
    rows = [
        base
        | {
            "id": "g",
            "type": "GENERATION",
            "input": "hello",
            "output": "hi",
            "usageDetails": {"input": 3, "output": 1},
        },
        base | {"id": "s", "type": "SPAN"},
        base | {"id": "e", "type": "GENERATION", "level": "ERROR", "statusMessage": "overloaded", "input": "hello"},
    ]
    calls, report = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert (report.bad, report.skipped) == (0, Counter({"Langfuse span observation": 1}))
    assert calls["kind"].tolist() == ["chat", "error"]
    assert calls["latency_ms"].tolist() == [2000, 2000]  # its own latency would be in seconds


def test_langfuse_takes_cached_and_reasoning_tokens_out_of_its_sums(tmp_path: Path) -> None:
    row = {
        "id": "g",
        "traceId": "t",
        "startTime": "2025-06-01T00:00:00Z",
        "model": "gpt-4o",
        "input": "hello",
        "output": "hi",
    }
    details = {"input": 20, "input_cached_tokens": 80, "output": 5, "output_reasoning_tokens": 15, "total": 120}
    calls, _ = imported(write(tmp_path / "log.jsonl", [row | {"usageDetails": details}]), tmp_path)
    assert calls[["prompt_tokens", "completion_tokens", "cached_tokens"]].to_numpy().tolist() == [[100, 20, 80]]
    assert calls["cost_usd"][0] == pytest.approx((20 * 2.5 + 80 * 1.25 + 20 * 10) / 1e6)


def test_absent_prompts_are_told_with_the_way_to_switch_them_on(shared: Path, tmp_path: Path) -> None:
    rows = [json.loads(row) for row in (shared / "data/importer_samples/litellm_spendlogs.jsonl").open()]
    bare = [row | {"messages": {}, "response": {}, "proxy_server_request": {}} for row in rows]
    calls, report = imported(write(tmp_path / "log.jsonl", bare), tmp_path)
    assert len(calls) == 74
    assert calls["messages"].isna().all()
    assert (calls["cost_usd"] > 0).all()
    assert any("74 of 74" in note and "store_prompts_in_spend_logs" in note for note in report.notes)


OLDER_SPANS = [
    {"gen_ai.system": "openai", "gen_ai.prompt": "Hello?", "gen_ai.completion": "Hi."},
    {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Hello?",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Hi.",
        "llm.request.type": "chat",
    },
]


@pytest.mark.parametrize("attributes", OLDER_SPANS)
def test_older_spans_are_read_too(attributes: dict, tmp_path: Path) -> None:
    said = attributes | {"gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06"}
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    pairs += [{"key": f"gen_ai.usage.{key}_tokens", "value": {"intValue": "3"}} for key in ("prompt", "completion")]
    span = {
        "traceId": "t",
        "spanId": "s",
        "name": "chat gpt-4o",
        "startTimeUnixNano": "1748736536000000000",
        "endTimeUnixNano": "1748736537500000000",
        "attributes": pairs,
    }
    tool = span | {
        "spanId": "x",
        "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}}],
    }
    calls, report = imported(
        write(tmp_path / "log.jsonl", [{"resourceSpans": [{"scopeSpans": [{"spans": [span, tool]}]}]}]), tmp_path
    )
    call = calls.iloc[0]
    assert [dict(one) for one in call["messages"]] == [{"role": "user", "content": "Hello?"}]
    assert (call["response"], call["prompt_tokens"], call["latency_ms"]) == ("Hi.", 3, 1500)
    assert report.skipped == Counter({"execute_tool span": 1})


def test_errors_and_embeddings_of_a_request_log(tmp_path: Path) -> None:
    vectors = {
        "object": "list",
        "data": [{"object": "embedding", "embedding": [0.1]}],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000},
    }
    rows = [
        line(1, response={"error": {"type": "rate_limit_error", "message": "slow down"}}, status=429),
        line(
            2,
            request={"model": "text-embedding-3-small", "input": ["a", "b"]},
            response=vectors,
            endpoint="/v1/embeddings",
        ),
        line(3),
    ]
    calls, report = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert calls["kind"].tolist() == ["error", "embedding", "chat"]
    assert calls["cost_usd"].tolist() == pytest.approx([0, 0.02, (10 * 2.5 + 2 * 10) / 1e6])
    assert calls["error"][0] == "rate_limit_error: slow down"
    assert calls["endpoint"].tolist() == ["/v1/chat/completions", "/v1/embeddings", "/v1/chat/completions"]
    assert report.bad == 0


def test_bodies_that_a_database_kept_as_text_are_read(tmp_path: Path) -> None:
    as_text = [
        {key: json.dumps(value) if isinstance(value, dict) else value for key, value in line(n).items()} for n in (1, 2)
    ]
    lines, _ = imported(write(tmp_path / "log.jsonl", as_text), tmp_path / "a")
    pd.DataFrame(as_text).to_parquet(tmp_path / "log.parquet")
    table, _ = imported(tmp_path / "log.parquet", tmp_path / "b")
    plain, _ = imported(write(tmp_path / "plain.jsonl", [line(1), line(2)]), tmp_path / "c")
    for calls in (lines, table):
        for name in ("call_id", "messages", "response", "model", "cost_usd", "conversation_id", "latency_ms"):
            assert calls[name].map(str).tolist() == plain[name].map(str).tolist(), name


def test_the_report_shows_itself_and_what_it_shows_is_escaped(tmp_path: Path) -> None:
    path = write(
        tmp_path / "<log>.jsonl",
        [line(1), {"request": {"model": "x"}}, line(2, response=line(2)["response"] | {"model": "our<b>"})],
    )
    _, report = imported(path, tmp_path)
    shown = report._repr_html_()
    assert "&lt;log&gt;.jsonl" in shown
    assert "<log>" not in shown
    assert "our<b>" not in shown
    assert "no request (it has neither messages, prompt nor input)" in str(report)


def test_parts_and_tool_calls_are_kept_as_json_and_counted(tmp_path: Path) -> None:
    picture = [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
    ]
    tool = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{ "b": 1, "a": 2 }'}}
        ],
    }
    rows = [
        line(1, request={"model": "gpt-4o", "messages": [{"role": "user", "content": picture}]}),
        line(2, response={"choices": [{"message": tool, "finish_reason": "tool_calls"}]}),
    ]
    calls, report = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert json.loads(calls["messages"][0][0]["content"]) == {"content": picture}
    assert json.loads(calls["response"][1])["tool_calls"][0]["function"]["arguments"] == '{"a":2,"b":1}'
    told = next(note for note in report.notes if note.startswith("kept as JSON"))
    assert "1 messages with images" in told
    assert "1 messages with tool calls" in told
    assert calls["tokens_estimated"].tolist() == [False, True]


def test_newer_and_other_providers_answers(tmp_path: Path) -> None:
    responses = {
        "model": "gpt-4o",
        "status": "completed",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}],
        "usage": {"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}},
    }
    anthropic = {
        "model": "claude-3-5-sonnet-20241022",
        "role": "assistant",
        "content": [{"type": "text", "text": "Hi."}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 7},
    }
    legacy = {
        "model": "gpt-3.5-turbo-instruct",
        "choices": [{"text": "Hi.", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    rows = [
        line(1, request={"model": "gpt-4o", "input": "Hello?", "instructions": "Be brief."}, response=responses),
        line(2, response=anthropic),
        line(3, request={"model": "gpt-3.5-turbo-instruct", "prompt": "Hello?"}, response=legacy),
    ]
    calls, _ = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert calls["response"].tolist() == ["Hi."] * 3
    assert calls["prompt_tokens"].tolist() == [5, 12, 5]
    assert calls["cached_tokens"].tolist()[:2] == [4, 7]
    assert calls["finish_reason"].tolist() == ["stop", "length", "stop"]
    assert [one["content"] for one in calls["messages"][0]] == ["Be brief.", "Hello?"]


def test_a_wrapper_of_anthropics_messages_under_names_of_its_own(tmp_path: Path) -> None:
    used = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"b": 1, "a": "ä"}}
    request = {
        "model": "claude-sonnet-4-5-20250929",
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Find it."},
            {"role": "assistant", "content": [{"type": "text", "text": "Yes."}, used]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "found"}]},
        ],
        "tools": [{"name": "find", "input_schema": {"type": "object"}}],
    }
    usage = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 7}
    said = {"type": "message", "role": "assistant", "stop_reason": "tool_use", "usage": usage}
    row = {"request_id": "r1", "timestamp": "2026-06-01T11:51:20Z", "session_id": "s1", "request": request}
    rows = [
        row | {"response": said | {"content": [{"type": "thinking", "thinking": "?"}, used]}},
        row | {"request_id": "r2", "response": {"type": "error", "error": {"type": "overloaded_error"}}},
    ]
    calls, _ = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert calls["conversation_id"].tolist() == ["s1"] * 2
    assert calls["kind"].tolist() == ["chat", "error"]
    assert calls["prompt_tokens"][0] == 12
    assert [one["role"] for one in calls["messages"][0]] == ["system", "user", "assistant", "tool"]
    assert json.loads(calls["messages"][0][2]["content"])["content"] == "Yes."
    made = json.loads(calls["response"][0])["tool_calls"][0]["function"]
    assert (made["name"], json.loads(made["arguments"])) == ("find", {"a": "ä", "b": 1})
    assert json.loads(calls["tools"][0])[0]["function"] == {"name": "find", "parameters": {"type": "object"}}


def test_an_answer_in_a_table_that_is_json_with_a_bodys_field_is_an_answer(tmp_path: Path) -> None:
    rows = [
        {"created_at": 1_780_000_000, "messages": "Why?", "response": answer}
        for answer in ('{"error":"none"}', '{"output":"text"}', '{"usage":3}')
    ]
    calls, _ = imported(write(tmp_path / "log.jsonl", rows), tmp_path)
    assert calls["response"].tolist() == [row["response"] for row in rows]
    assert set(calls["kind"]) == {"chat"}
