"""Logs that are broken, hostile or huge: each record is told once, in bounded memory; inputs stay as they are."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import fuzz
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from exports import imported, line, quiet, write

from migration.audit import fold, import_log, open_calls
from migration.audit.importers import lines, rows
from migration.errors import BadInput

HEAD = b"created,prompt,response\n"
ROWS = [f"2025-06-{n % 28 + 1:02d},question {n},answer {n}\n".encode() for n in range(1000)]


def account(report) -> None:
    assert report.records == report.calls + report.bad + sum(report.skipped.values()) + report.halves


@pytest.mark.parametrize("name", fuzz.seeds(None))
def test_a_bent_log_gives_an_exact_account_or_a_clear_refusal(name: str, tmp_path: Path) -> None:
    data = fuzz.seeds(None)[name]
    for seed in range(6):
        fuzz.check(name, fuzz.bent(name, data, seed), tmp_path)


def test_a_bent_log_of_another_tool_gives_one_too(shared: Path, tmp_path: Path) -> None:
    for name, data in fuzz.seeds(shared / "data" / "importer_samples").items():
        fuzz.check(name, fuzz.bent(name, data, 1), tmp_path)


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(HEAD + b"".join(ROWS[:10]) + b'2025-06-01,"never closed,answer\n' + b"".join(ROWS[10:]))
    calls, report = imported(path, tmp_path)
    assert len(calls) == 1000
    assert [(one.line, one.reason) for one in report.bad_lines] == [(12, "a quote opens here and is not closed")]
    account(report)


def test_quotes_that_close_rows_later_cost_their_own_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    good = b'2025-06-02,"a, b\nand ""c""",answer\n'
    path.write_bytes(HEAD + b'2025-06-01,"open,answer\n' + b"".join(ROWS[:50]) + good + b"".join(ROWS[50:]) + good)
    calls, report = imported(path, tmp_path)
    assert len(calls) == 1002
    assert calls["messages"].map(lambda m: m[0]["content"]).tolist().count('a, b\nand "c"') == 2
    assert [one.line for one in report.bad_lines] == [2]


def test_a_csv_row_over_the_limit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lines, rows):
        monkeypatch.setattr(module, "LONGEST_LINE", 5_000)
    monkeypatch.setattr(lines, "CHUNK", 1_000)
    path = tmp_path / "log.csv"
    long = b"2025-06-01," + b"x" * 6_000 + b",answer\n"
    folded = b'2025-06-01,"' + b"y" * 3_000 + b"\n" + b"y" * 3_000 + b'",answer\n'
    spread = b'2025-06-01,"' + b"y" * 3_000 + b'\n","' + b"y" * 3_000 + b'\n"\n'  # no field of it is too long
    path.write_bytes(HEAD + ROWS[0] + long + ROWS[1] + folded + ROWS[2] + spread + ROWS[3])
    calls, report = imported(path, tmp_path)
    assert len(calls) == 4
    told = {3: "longer than 64 MiB"} | dict.fromkeys((5, 8), "a quote opens here and is not closed")
    assert told.items() <= {one.line: one.reason for one in report.bad_lines}.items()
    account(report)


def test_a_link_is_read_once_and_a_copy_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    nameless = [{key: value for key, value in line(n).items() if key != "id"} for n in range(20)]
    first = write(folder / "a.jsonl", nameless)
    (folder / "b.jsonl").symlink_to(first)
    os.link(first, folder / "c.jsonl")
    (folder / "d.jsonl.gz").write_bytes(gzip.compress(first.read_bytes()))
    calls, report = imported(folder, tmp_path / "out")
    assert len(calls) == 20
    assert report.reasons == {"duplicate id": 20}
    assert sum("is a link to a.jsonl" in note for note in report.notes) == 2
    assert any("all 20 calls of d.jsonl.gz" in note for note in report.notes)
    account(report)


@pytest.mark.parametrize("target", ["log.jsonl", "link.jsonl", "bad_lines.parquet"])
def test_an_input_is_never_overwritten(target: str, tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", [line(n) for n in range(5)])
    (tmp_path / "link.jsonl").symlink_to(log)
    (tmp_path / "bad_lines.parquet").write_bytes(log.read_bytes())
    before = log.read_bytes()
    out = tmp_path / ("calls.parquet" if target == "bad_lines.parquet" else target)
    for traffic in ([str(tmp_path / target)], [str(log), str(tmp_path / target)], str(tmp_path), f"{tmp_path}/*"):
        with pytest.raises(BadInput, match="part of the traffic"):
            import_log(traffic, out, progress=quiet)
    assert log.read_bytes() == (tmp_path / "bad_lines.parquet").read_bytes() == before


def test_a_folder_named_like_a_partition_or_a_glob_changes_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "kind=retry" / "call_id=zz" / "a[b]*?"
    log = write(tmp_path / "log.jsonl", [line(n) for n in range(40)])
    report = import_log(log, folder / "calls.parquet", progress=quiet)
    assert report.kinds == {"chat": 40}
    folded = fold(open_calls(report.out))
    assert (folded.kind.unique().tolist(), int(folded.calls.sum())) == (["chat"], 40)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"latency_ms": float("nan")}, "latency_ms is not a number"),
        ({"prompt_tokens": -3}, "prompt_tokens is negative"),
        ({"cache_hit": "maybe"}, "cache_hit is neither true nor false"),
        ({"kind": "Chat"}, "kind is none of chat, embedding, scoring, retry, error"),
        ({"call_id": 7}, "call_id is not text"),
        ({"messages": "hello"}, "messages is not a list of role and content"),
        ({"created_at": None}, "no timestamp (created_at)"),
    ],
)
def test_our_own_table_is_checked_value_by_value(changes: dict, reason: str, tmp_path: Path) -> None:
    import_log(write(tmp_path / "log.jsonl", [line(n) for n in range(3)]), tmp_path / "a.parquet", progress=quiet)
    good = pq.read_table(tmp_path / "a.parquet").to_pylist()
    odd = {name: pa.array([one[name] if name not in changes else changes[name] for one in good]) for name in good[0]}
    pq.write_table(pa.table(odd), tmp_path / "odd.parquet")
    with pytest.raises(BadInput, match=reason.replace("(", r"\(").replace(")", r"\)")):
        imported(tmp_path / "odd.parquet", tmp_path / "b")


def test_no_as_a_cache_hit_is_no(tmp_path: Path) -> None:
    frame = pd.DataFrame({"created": ["2025-06-01"] * 2, "prompt": ["a", "b"], "response": ["c", "d"]})
    frame.assign(cache_hit=["no", "Yes"]).to_csv(tmp_path / "log.csv", index=False)
    calls, _ = imported(tmp_path / "log.csv", tmp_path)
    assert calls["cache_hit"].tolist() == [False, True]


@pytest.mark.parametrize("packed", ["zstd", "none"])
def test_rows_in_a_damaged_part_of_parquet_are_told_one_by_one(tmp_path: Path, packed: str) -> None:
    """Of what is not packed, nothing but a page's checksum tells that a letter of a prompt is another."""
    frame = pd.DataFrame({"created": "2025-06-01", "prompt": [f"q {n} " * 20 for n in range(900)], "response": "a"})
    path = tmp_path / "log.parquet"
    kept = {"write_page_checksum": True, "compression": packed, "use_dictionary": False}
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=300, **kept)
    column = pq.read_metadata(path).row_group(1).column(1)
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(data)
    calls, report = imported(path, tmp_path)
    assert (len(calls), report.reasons) == (600, {"in a damaged part of the Parquet file": 300})
    account(report)


def test_what_a_log_holds_steers_no_terminal(tmp_path: Path) -> None:
    escape = "\x1b[2J\x1b]0;gone\x07\u202e"
    log = write(tmp_path / f"log{escape}.jsonl", [line(0, response={"model": escape, "choices": []}), line(1)])
    spans = [{"spanId": "1", "startTimeUnixNano": 1, "attributes": [{"key": "gen_ai.operation.name", "value": escape}]}]
    report = import_log([log, write(tmp_path / "spans.jsonl", spans)], tmp_path / "calls.parquet", progress=quiet)
    assert report.skipped.total() == 1
    assert all(part.isprintable() for part in str(report).split("\n"))
    assert "\x1b" not in report._repr_html_()


def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="no regular file"):
        imported(tmp_path / "pipe", tmp_path)


PEAK = """
import sys
import psutil
from migration.audit import import_log

def high_water_mib(pid):
    lines = open(f"/proc/{pid}/status").read().split("\\n")
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)

try:
    report = import_log(sys.argv[1], sys.argv[2], progress=lambda _: None)
    print(report.calls, report.bad, end=" ")
except Exception as error:
    print(type(error).__name__, end=" ")
workers = [high_water_mib(child.pid) for child in psutil.Process().children(recursive=True)]
print(high_water_mib("self"), *workers)
"""


def peak_mib(log: Path, folder: Path) -> tuple[list[str], list[int]]:
    """(what came of the import of `log`: calls, bad; peak MiB of its process and of each worker).

    Of the kernel's VmHWM: `ru_maxrss` is handed down by exec, so that a child of a large pytest worker reports the
    memory of that worker (2,081 MiB once), and it leaves out the workers that parse.
    """
    command = [sys.executable, "-c", PEAK, log, folder / "c.parquet"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    came = done.stdout.split()
    return came[:2], [int(one) for one in came[2:]]


@pytest.mark.slow
def test_prompts_of_ten_megabytes_stay_in_bounded_memory(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "log.jsonl.gz", "wb", compresslevel=1) as file:
        for n in range(24):
            asked = [{"role": "user", "content": f"{n} " + "word " * (2 << 20)}]
            file.write(orjson.dumps(line(n, request={"model": "gpt-4o", "messages": asked})) + b"\n")
    came, peaks = peak_mib(tmp_path / "log.jsonl.gz", tmp_path)
    print(peaks)
    assert came == ["24", "0"]
    assert max(peaks) < 1_100


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_defused(pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "UNTIL", 1 << 24)
    monkeypatch.setattr(lines, "EXPANSION", 500)
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 22)
    (tmp_path / "log").write_bytes(pack(orjson.dumps(line(0)) + b"\n" + b"\0" * (1 << 27)))
    calls, report = imported(tmp_path / "log", tmp_path)
    assert len(calls) == 1
    assert report.reasons.keys() >= {"longer than 64 MiB"}
    assert any("it is no log" in reason for reason in report.reasons)
    account(report)


def test_a_deep_or_wide_answer_is_one_record(tmp_path: Path) -> None:
    said = ["[" * 1_500, "9" * 5_000, json.dumps({"a": {"b": [1] * 1000}}), "{" * 3_000]
    answers = [
        line(n)["response"] | {"choices": [{"message": {"role": "assistant", "content": s}}]}
        for n, s in enumerate(said)
    ]
    calls, report = imported(
        write(tmp_path / "log.jsonl", [line(n, response=a) for n, a in enumerate(answers)]), tmp_path
    )
    assert calls["response"].tolist() == said
    account(report)
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{report.out}')").fetchall() == [(4,)]
