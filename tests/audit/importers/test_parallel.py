"""A large file is read by all cores at once, with the same calls, the same account and the same order."""

from pathlib import Path

import orjson
import pandas as pd
import pytest
from exports import imported, line

from migration.audit.importers import reading


def test_many_workers_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [orjson.dumps(line(n)) for n in range(3_000)]
    rows[1_500] = b"not json at all"
    rows[2_900] = rows[7]
    (tmp_path / "log.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\n".join(rows))
    alone, one = imported(tmp_path / "log.jsonl", tmp_path / "a")
    monkeypatch.setattr(reading, "JOB_BYTES", 60_000)
    monkeypatch.setattr(reading, "WORTH", 150_000)
    monkeypatch.setattr(reading, "cpu_count", lambda: 2)
    together, other = imported(tmp_path / "log.jsonl", tmp_path / "b")
    pd.testing.assert_frame_equal(alone, together)
    assert (one.records, one.bad_lines, one.kinds) == (other.records, other.bad_lines, other.kinds)
    assert [bad.line for bad in other.bad_lines] == [1_501, 2_901]
