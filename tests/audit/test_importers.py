"""Any log becomes the same table; what is broken is said, by line and reason, and the rest is kept."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migration.audit import import_log
from migration.audit.calls import COLUMNS
from migration.errors import BadInput
from migration.schema import conform


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


# The forms


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


# Tables


def test_a_csv_is_read_by_its_usual_names_or_by_a_mapping(tmp_path: Path) -> None:
    usual, own = tmp_path / "usual.csv", tmp_path / "own.csv"
    rows = [
        ("2025-06-01 10:00:00", "gpt-4o", 'say "hi"\nplease', "hi", 0.5),
        ("2025-06-01 10:00:05", "gpt-4o", "again", "hi", 1),
    ]
    frame = pd.DataFrame(rows, columns=["timestamp", "model", "prompt", "completion", "latency_s"])
    frame.to_csv(usual, index=False)
    frame.set_axis(["when", "model", "asked", "told", "took"], axis=1).to_csv(own, index=False, sep=";")
    mapping = {"created_at": "when", "messages": "asked", "response": "told", "latency_s": "took"}
    one, report = imported(usual, tmp_path / "a")
    other, _ = imported(own, tmp_path / "b", columns=mapping)
    assert report.format == "table"
    assert one["latency_ms"].tolist() == [500, 1000]
    assert one["messages"][0][0]["content"] == 'say "hi"\nplease'
    left_out = ["source_file", "call_id", "split"]
    pd.testing.assert_frame_equal(one.drop(columns=left_out), other.drop(columns=left_out))
    with pytest.raises(BadInput, match="which of them holds created_at and messages and response"):
        imported(own, tmp_path / "c")
    with pytest.raises(BadInput, match="'nothing'"):
        imported(own, tmp_path / "c", columns={"messages": "nothing"})


def test_broken_rows_of_a_csv_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(
        b"created,prompt,response\n2025-06-01,a,b\n2025-06-02,a\nsoon,a,b\n2025-06-04,a,b\xff\n2025-06-05,a,\n2025-06-06,a,b\n"
    )
    calls, report = imported(path, tmp_path)
    assert len(calls) == 2
    assert {one.line: one.reason for one in report.bad_lines} == {
        3: "2 fields where the header has 3",
        4: "bad timestamp (created_at)",
        5: "not UTF-8",
        6: "no response",
    }


def test_our_own_table_and_any_parquet_come_back(tmp_path: Path) -> None:
    rows = [line(n) for n in range(50)] + [line(60, response={"error": {"message": "no"}}, status=500)]
    first, _ = imported(write(tmp_path / "log.jsonl", rows), tmp_path / "a")
    again, report = imported(tmp_path / "a/calls.parquet", tmp_path / "b")
    assert report.format == "calls table"
    left_out = ["source_file", "source_line"]
    pd.testing.assert_frame_equal(first.drop(columns=left_out), again.drop(columns=left_out))
    conform(pq.read_table(tmp_path / "b/calls.parquet"), "calls")
    assert pq.read_schema(tmp_path / "b/calls.parquet").names == COLUMNS.names
    plain = pd.DataFrame({"created": [1_748_736_536], "question": ["hello"], "answer": ["hi"], "model": ["gpt-4o"]})
    plain.to_parquet(tmp_path / "plain.parquet")
    calls, _ = imported(tmp_path / "plain.parquet", tmp_path / "c")
    assert (calls["response"][0], calls["tokens_estimated"][0]) == ("hi", True)


# Where a log lies


def test_plain_gzip_and_zstd_files_folders_and_globs(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "deeper").mkdir(parents=True)
    bodies = [b"".join(orjson.dumps(line(n)) + b"\n" for n in range(start, start + 40)) for start in (0, 40, 80)]
    (folder / "a.jsonl").write_bytes(bodies[0])
    (folder / "b.log").write_bytes(
        gzip.compress(bodies[1][: len(bodies[1]) // 2]) + gzip.compress(bodies[1][len(bodies[1]) // 2 :])
    )
    (folder / "deeper" / "c.zst").write_bytes(zstandard.compress(bodies[2]))
    (folder / "README.md").write_text("no log\n")
    calls, report = imported(folder, tmp_path / "x")
    assert sorted(calls["call_id"]) == sorted(f"call-{n}" for n in range(120))
    assert any("README.md was left out" in note for note in report.notes)
    globbed, _ = imported([str(folder / "*.[jl]*"), str(folder / "**/*.zst")], tmp_path / "y")
    assert sorted(globbed["call_id"]) == sorted(calls["call_id"])


def test_files_of_one_name_are_told_apart_and_an_earlier_result_is_no_traffic(tmp_path: Path) -> None:
    for number, folder in enumerate(("may", "june")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "log.jsonl", [line(number)])
    for _ in range(2):
        calls, report = imported(tmp_path, tmp_path)
        assert sorted(calls["source_file"]) == ["june/log.jsonl", "may/log.jsonl"]
        assert report.bad == 0


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_truncated_stream_keeps_what_was_read(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    whole = compress(b"".join(orjson.dumps(line(n, noise=os.urandom(60).hex())) + b"\n" for n in range(3000)))
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    calls, report = imported(path, tmp_path)
    assert 1500 < len(calls) < 3000
    assert calls["call_id"].tolist() == [f"call-{n}" for n in range(len(calls))]
    assert any("truncated" in reason for reason in report.reasons)


def test_json_documents_that_span_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps([line(n) for n in range(5)], indent=2))
    calls, _ = imported(path, tmp_path)
    assert len(calls) == 5


# What cannot be used


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "nothing usable"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "nothing usable"),
        ("Grüße".encode("utf-16"), "UTF-16"),
        (b'{"a": 1}\n{"a": 2}\n', "no form known"),
        (b"PAR1 but not really", "not readable Parquet"),
        (orjson.dumps(line(1) | {"response": None}), "no response"),
        (orjson.dumps({"custom_id": "1", "body": {}}), "add the file with the answers"),
        (b"dear all, this is a letter", "which of them holds"),
    ],
)
def test_nothing_usable_says_what_was_expected_and_leaves_the_last_result(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path, out = tmp_path / "log", tmp_path / "calls.parquet"
    path.write_bytes(content)
    out.write_bytes(b"the last good one")
    with pytest.raises(BadInput, match=said) as told:
        import_log(path, out, progress=quiet)
    assert "\n" not in str(told.value)
    assert out.read_bytes() == b"the last good one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calls.parquet", "log"]


def test_a_missing_file_and_an_unknown_format_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        imported(tmp_path / "nowhere.jsonl", tmp_path)
    with pytest.raises(BadInput, match="format 'xml' is unknown"):
        imported(tmp_path, tmp_path, format="xml")


# Broken lines


def _changed(**changes) -> Callable[[dict], bytes]:
    return lambda good: orjson.dumps(good | changes)


BROKEN: dict[str, Callable[[dict], bytes]] = {
    "not JSON": lambda good: b"2025-06-01 10:00:00 INFO started " + good["id"].encode(),
    "not JSON (cut off)": lambda good: orjson.dumps(good)[:-20],
    "not an object": lambda good: b'"' + good["id"].encode() + b'"',
    "no request": lambda good: orjson.dumps({key: value for key, value in good.items() if key != "request"}),
    "no request (it has neither messages, prompt nor input)": _changed(request={"model": "gpt-4o"}),
    "messages holds a message without a role": _changed(request={"messages": [{"content": "hello"}]}),
    "no response": _changed(response=None),
    "response is not an object": _changed(response=["hello"]),
    "no response (choices is empty or no list)": _changed(response={"choices": []}),
    "bad timestamp (created)": _changed(created="yesterday"),
    "no timestamp (created)": _changed(created=None),
    "not UTF-8": lambda good: orjson.dumps(good).replace(b"question", b"quest\xffion"),
    "prompt tokens is negative": lambda good: orjson.dumps(
        good | {"response": good["response"] | {"usage": {"prompt_tokens": -1}}}
    ),
    "latency_ms is not a number": _changed(latency_ms="fast"),
    "duplicate id": lambda good: orjson.dumps(good | {"id": "call-0"}),
}


def with_broken(path: Path, n: int, places: dict[int, str]) -> tuple[dict[int, str], list[str]]:
    """Write a log of n lines, broken at `places`; returns (reason by line number, ids of the good ones)."""
    ids = []
    with path.open("wb") as file:
        for number in range(n):
            good = line(number)
            if number in places:
                file.write(BROKEN[places[number]](good) + b"\n")
            else:
                ids.append(good["id"])
                file.write(orjson.dumps(good) + b"\n")
    return {number + 1: reason for number, reason in places.items()}, ids


def assert_all_told(path: Path, folder: Path, expected: dict[int, str], ids: list[str]) -> None:
    calls, report = imported(path, folder)
    assert calls["call_id"].tolist() == ids
    told = pd.read_parquet(report.bad_file) if report.bad_file else pd.DataFrame({"line": [], "reason": []})
    reasons = dict(zip(told["line"], told["reason"], strict=True))
    assert {number: reason.removesuffix(" (of another call)") for number, reason in reasons.items()} == expected
    assert report.bad == len(expected) == len(told) == sum(report.reasons.values())
    assert report.lines == len(ids) + len(expected)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(1, 59), st.sampled_from(sorted(BROKEN)), max_size=30))
def test_every_broken_line_is_told_and_every_good_one_kept(tmp_path: Path, places: dict[int, str]) -> None:
    path = tmp_path / "log.jsonl"
    expected, ids = with_broken(path, 60, places)
    assert_all_told(path, tmp_path, expected, ids)


@pytest.mark.slow
def test_a_hundred_thousand_lines_with_one_in_a_hundred_broken(tmp_path: Path) -> None:
    path, ways = tmp_path / "log.jsonl", sorted(BROKEN)
    places = {number: ways[number // 100 % len(ways)] for number in range(57, 100_000, 100)}
    assert len(places) == 1000
    assert len(set(places.values())) >= 10
    expected, ids = with_broken(path, 100_000, places)
    assert_all_told(path, tmp_path, expected, ids)


# Anything may be in a field


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3),
    max_leaves=6,
)


def paths(value, at: tuple = ()) -> list[tuple]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(deeper for key, item in inside for deeper in paths(item, (*at, key)))]


def replaced(value, at: tuple, new):
    """A JSON value with something else at a place."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(copy[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("form", ["log", *SAMPLES])
@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_field_holds_each_record_is_a_call_or_told(form: str, shared: Path, tmp_path: Path, data) -> None:
    good = line(0)
    if form != "log":
        good = orjson.loads((shared / "data/importer_samples" / SAMPLES[form][0][-1]).read_bytes().split(b"\n")[0])
        good = good["data"][0] if form == "stored" else good
    places = paths(good)
    odd = [replaced(good, data.draw(st.sampled_from(places)), data.draw(JSON)) for _ in range(30)]
    path = tmp_path / "log.jsonl"
    # mostly good lines, so that the form is still told from them; their ids repeat, which is told as well
    path.write_bytes(b"\n".join(json.dumps(one).encode() for one in [good] * 60 + odd))
    calls, report = imported(path, tmp_path)
    conform(pq.read_table(tmp_path / "calls.parquet"), "calls")
    assert len(calls) + report.bad + sum(report.skipped.values()) >= 60
    if form == "log":  # in the others a line may be a list of records, or an empty one
        whole = sum(isinstance(one, dict) for one in odd)
        assert len(calls) + report.bad >= 60 + whole
