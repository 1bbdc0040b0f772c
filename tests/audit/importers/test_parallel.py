"""A large file is read by all cores at once, with the same calls, the same account and the same order."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pytest
from exports import imported, line

from migration.audit.importers import reading


def own_record(n: int) -> dict[str, object]:
    """A line of a log that has a form of its own, so is read as a table."""
    return {"requestId": f"r{n}", "Created At": 1_780_000_000 + n, "question": f"Order {n}?", "answer": f"Day {n}."}


@pytest.mark.parametrize("record", [line, own_record])
def test_many_workers_give_what_one_gives(
    record: Callable[[int], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [orjson.dumps(record(n)) for n in range(3_000)]
    rows[1_500] = b"not json at all"
    rows[2_900] = rows[7]
    (tmp_path / "log.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\n".join(rows))
    alone, one = imported(tmp_path / "log.jsonl", tmp_path / "a")
    monkeypatch.setattr(reading, "JOB_BYTES", 30_000)
    monkeypatch.setattr(reading, "WORTH", 80_000)
    monkeypatch.setattr(reading, "cpu_count", lambda: 2)
    together, other = imported(tmp_path / "log.jsonl", tmp_path / "b")
    pd.testing.assert_frame_equal(alone, together)
    assert (one.records, one.bad_lines, one.kinds) == (other.records, other.bad_lines, other.kinds)
    assert [bad.line for bad in other.bad_lines] == [1_501, 2_901]


def test_many_small_files_are_read_by_all_cores_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    for file in range(6):
        rows = [orjson.dumps(line(1_000 * file + n)) for n in range(200)]
        (tmp_path / "logs" / f"{file}.jsonl").write_bytes(b"\n".join([*rows, b"{"]))
    alone, _ = imported(tmp_path / "logs", tmp_path / "a")
    monkeypatch.setattr(reading, "WORTH", 100_000)
    monkeypatch.setattr(reading, "cpu_count", lambda: 2)
    together, report = imported(tmp_path / "logs", tmp_path / "b")
    pd.testing.assert_frame_equal(alone, together)
    assert [(bad.file, bad.line) for bad in report.bad_lines] == [(f"{n}.jsonl", 201) for n in range(6)]
    assert report.records == report.calls + report.bad == 1_206
