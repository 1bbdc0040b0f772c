"""Where a log lies: tables, compressed files, folders and globs; and what is said where nothing can be used."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest
import zstandard
from exports import imported, line, quiet, write

from migration.audit import column_mapping, import_log
from migration.audit.importers.calls import COLUMNS
from migration.errors import BadInput
from migration.schema import conform


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


@pytest.mark.parametrize("pair", ["messages", "messages=", "=question", ""])
def test_a_mapping_that_is_no_pair_is_refused_by_name(pair: str) -> None:
    assert column_mapping(["messages=question", "response=a=b"]) == {"messages": "question", "response": "a=b"}
    assert column_mapping([]) is None
    with pytest.raises(BadInput, match="ours=theirs"):
        column_mapping([pair])


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


OWN = {"sessionId": "s1", "createdAt": "2026-09-01T10:00:00Z", "model": "gpt-4.1", "usage": {"input_tokens": 9}}


@pytest.mark.parametrize("asked", ["Hi", [{"role": "user", "content": "Hi"}]], ids=["text", "messages"])
@pytest.mark.parametrize("said", ["Hello", {"choices": [{"message": {"content": "Hello"}}]}], ids=["text", "body"])
@pytest.mark.parametrize("layout", ["lines", "document"])
def test_json_records_of_a_team_s_own_are_a_table(asked: object, said: object, layout: str, tmp_path: Path) -> None:
    records = [OWN | {"requestId": f"r{n}", "messages": asked, "response": said} for n in range(3)]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(records) if layout == "document" else "\n".join(map(json.dumps, records)))
    calls, report = imported(path, tmp_path)
    assert calls["call_id"].tolist() == ["r0", "r1", "r2"]
    assert calls["response"].tolist() == ["Hello"] * 3
    assert set(calls["conversation_id"]) == {"s1"}
    assert set(calls["prompt_tokens"]) == {9}
    assert report.bad == 0


def test_fields_of_other_names_are_named_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(OWN | {"frage": f"Hi {n}", "antwort": "Hello"}) for n in range(3)))
    with pytest.raises(BadInput, match="with a column mapping"):
        imported(path, tmp_path)
    calls, _ = imported(path, tmp_path, columns={"messages": "frage", "response": "antwort"})
    assert [messages[0]["content"] for messages in calls["messages"]] == ["Hi 0", "Hi 1", "Hi 2"]


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
