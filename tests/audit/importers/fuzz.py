"""Logs of every form, bent at random: each import ends in a table whose account is exact, or in a MigrationError.

python tests/audit/importers/fuzz.py 2000       # the long form: that many bent logs
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson
import pandas as pd
import pyarrow.parquet as pq
import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exports import line, quiet

from migration.audit import import_log
from migration.errors import MigrationError
from migration.schema import conform

Bend = Callable[[bytes, Random], bytes]


def _flip(data: bytes, r: Random) -> bytes:
    whole = bytearray(data)
    for _ in range(r.randint(1, 8)):
        whole[r.randrange(len(whole))] ^= 1 << r.randrange(8)
    return bytes(whole)


def _cut(data: bytes, r: Random) -> bytes:
    return data[: r.randrange(1, max(2, len(data)))]


def _drop(data: bytes, r: Random) -> bytes:
    start = r.randrange(len(data))
    return data[:start] + data[start + r.randint(1, 400) :]


def _twice(data: bytes, r: Random) -> bytes:
    start = r.randrange(len(data))
    return data[: start + r.randint(1, 800)] + data[start:]


ODD = (b'"', b"\n", b"\x00", b"\xff\xfe", b"{", b"]" * 50, b"[" * 2000, b",", b"1e999", b"-1", b"null", b'"\\ud800"')
ODD += (b"9" * 5000, b"\x1b[2J", b"\xef\xbb\xbf", b"NaN", b'"no"', b"\r", b"{}", b"0001-01-01T00:00:00+23:59")


def _insert(data: bytes, r: Random) -> bytes:
    start = r.randrange(len(data))
    return data[:start] + r.choice(ODD) + data[start:]


def _swap(data: bytes, r: Random) -> bytes:
    """Another value after a colon or comma: JSON and CSV mostly stay readable, and their fields hold odd things."""
    places = [i for i, byte in enumerate(data) if byte in b":,"]
    start = r.choice(places) + 1 if places else 0
    end = start
    while end < len(data) and data[end] not in b",}]\n":
        end += 1
    return data[:start] + r.choice(ODD) + data[end:]


BENDS: tuple[Bend, ...] = (_flip, _cut, _drop, _twice, _insert, _swap, _swap)


def seeds(samples: Path | None) -> dict[str, bytes]:
    """A small log in each form, by file name; those of other tools from `samples` where that is given."""
    rows = [line(n) for n in range(30)]
    jsonl = b"\n".join(map(orjson.dumps, rows)) + b"\n"
    table = pd.DataFrame(
        [("2025-06-01 10:00:00", "gpt-4o", f'say "{n}"\nplease', f"hi {n}", 0.5, n, False) for n in range(30)],
        columns=["timestamp", "model", "prompt", "completion", "latency_s", "input_tokens", "cache_hit"],
    )
    found = {
        "log.jsonl": jsonl,
        "log.jsonl.gz": gzip.compress(jsonl),
        "log.zst": zstandard.compress(jsonl),
        "log.json": orjson.dumps(rows, option=orjson.OPT_INDENT_2),
        "log.csv": table.to_csv(index=False).encode(),
        "log.parquet": table.to_parquet(index=False),
    }
    with TemporaryDirectory() as folder:
        (Path(folder) / "log.jsonl").write_bytes(jsonl)
        import_log(Path(folder) / "log.jsonl", Path(folder) / "calls.parquet", progress=quiet)
        found["ours.parquet"] = (Path(folder) / "calls.parquet").read_bytes()
    for path in sorted(samples.iterdir()) if samples else ():
        whole = path.read_bytes()
        found[path.name] = whole if path.suffix == ".json" else whole[: whole.rfind(b"\n", 0, 60_000) + 1]
    return found


def bent(name: str, data: bytes, seed: int) -> bytes:
    """`data` bent in one to three ways; of a compressed log, its content or its bytes."""
    r = Random(f"{name}-{seed}")
    packed = {".gz": (gzip.decompress, gzip.compress), ".zst": (zstandard.decompress, zstandard.compress)}
    unpack, pack = packed.get(Path(name).suffix, (bytes, bytes)) if r.random() < 0.5 else (bytes, bytes)
    inside = unpack(data)
    for _ in range(r.randint(1, 3)):
        inside = r.choice(BENDS)(inside or b"\n", r)
    return pack(inside)


def check(name: str, data: bytes, folder: Path) -> str:
    """Import `data` and hold the account against the tables. Returns what came of it; fails where anything is wrong."""
    source, out = folder / name, folder / "out" / "calls.parquet"
    source.write_bytes(data)
    try:
        report = import_log(source, out, progress=quiet)
    except MigrationError as error:
        refused = str(error)
    else:
        refused = ""
    assert "\n" not in refused, f"{name}: an error of several lines: {refused}"
    if refused:
        return "refused"
    table = pq.read_table(out)
    conform(table, "calls")
    bad = pq.read_table(report.bad_file).num_rows if report.bad_file else 0
    assert (len(table), bad) == (report.calls, report.bad), f"{name}: the report counts what the files do not hold"
    assert report.records == report.calls + report.bad + sum(report.skipped.values()) + report.halves, name
    assert source.read_bytes() == data, f"{name}: the input was written to"
    assert str(report).isprintable() or all(part.isprintable() for part in str(report).split("\n"))
    return "bad lines told" if report.bad else "read whole"


def main(times: int) -> None:
    samples = Path(__file__).resolve().parents[4] / "shared" / "data" / "importer_samples"
    logs, came = seeds(samples if samples.is_dir() else None), Counter[str]()
    with TemporaryDirectory() as folder:
        for seed in range(-(-times // len(logs))):
            for name, data in logs.items():
                came[check(name, bent(name, data, seed), Path(folder))] += 1
    print(orjson.dumps({"bent_logs": came.total(), **came}).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
