"""How a log of millions of calls goes through the audit: seconds and peak memory by part, against its size.

    python tests/bench/scale.py                          # 50,000 and 200,000 calls
    python tests/bench/scale.py 200000 1000000 5000000   # these sizes; the last is over 5 GB of JSON lines
    python tests/bench/scale.py --quick              # 5,000 and 40,000 calls, within a minute

Parts: import (log to calls table), discover (tasks from a sample), label (every call its task), sums (what step 01 adds
up), and what steps 02 to 07 read: all columns but texts, and the texts of 2,000 calls. Each size runs in a process of
its own; its workers count in its memory and its CPU seconds. `lines_per_s_core` divides by CPU seconds, so that a busy
machine gives nearly the same number, and stands beside the physical limit: orjson reading the same lines and Parquet
written with their texts, nothing else. Then, untimed, tasks are found again in a tenth of the log (and, where it has at
most MOST_WHOLE calls, in all of them instead of a sample): the share of the tenth's calls that get the same task, and
whether all tasks of at least NOTABLE of the calls are the same, types included. The last line is one JSON object;
`linear` says whether CPU seconds a call grew by less than 30% with the size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import orjson
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from migration.audit.discovery.tasks import Discovery

BASE = 100_000
"""Calls that are simulated; a larger log repeats them with other ids, times and words."""
MOST_WHOLE = 200_000
"""Calls of a log in which tasks are also found in every call."""
NOTABLE = 0.005
"""Share of the calls from which on a task must be the same: the rarest are found in larger samples only."""


def write_log(path: Path, lines: int) -> int:
    """A simulated support log as plain JSON lines. Returns its bytes."""
    from migration.sample import write

    small = path.with_suffix(".small.jsonl")
    write(small, calls=min(BASE, lines), seed=7)
    rows = [orjson.loads(line) for line in small.read_bytes().splitlines()]
    small.unlink()
    random = Random(7)
    with path.open("wb") as file:
        for n in range(lines):
            row = dict(rows[n % len(rows)])
            lap = n // len(rows)
            row["id"], row["created"] = f"{row['id']}-{lap}", row["created"] + lap % 28 * 86_400
            if "messages" in row["request"]:
                *before, last = row["request"]["messages"]
                said = f"{last['content']} {random.getrandbits(40):x}" if isinstance(last["content"], str) else ""
                row["request"] = row["request"] | {"messages": [*before, last | {"content": said}]}
                row["metadata"] = {"conversation_id": f"{row.get('metadata', {}).get('conversation_id')}-{lap}"}
            file.write(orjson.dumps(row) + b"\n")
    return path.stat().st_size


def limit(log: Path, folder: Path) -> float:
    """Lines a second of what no import can do without: parse each line, write its texts as Parquet."""
    with log.open("rb") as file:
        lines = file.read(64 << 20).splitlines()[:-1]
    began = time.process_time()
    for start in range(0, len(lines), 4_096):
        rows = [orjson.loads(line) for line in lines[start : start + 4_096]]
        asked = [orjson.dumps(row["request"].get("messages")).decode() for row in rows]
        said = [orjson.dumps(row.get("response")).decode() for row in rows]
        pq.write_table(pa.table({"asked": asked, "said": said}), folder / "limit.parquet", compression="zstd")
    return len(lines) / (time.process_time() - began)


def peak_of(process: psutil.Process) -> Iterator[int]:
    """Bytes in memory of a process and its children, again and again."""
    while True:
        try:
            yield sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
        except psutil.NoSuchProcess:
            yield 0


def cpu_seconds() -> float:
    """Of this process and its workers, those that have ended included."""
    me, ended = psutil.Process(), resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return ended.ru_utime + ended.ru_stime + sum(each.user + each.system for each in times)


def parts(log: Path, folder: Path) -> dict[str, float]:
    """Seconds of each part, and CPU seconds as `cpu <part>`."""
    from migration import audit

    seconds: dict[str, float] = {}

    def timed(name: str, what: Callable[[], object]) -> object:
        began, used = time.perf_counter(), cpu_seconds()
        done = what()
        seconds[name] = round(time.perf_counter() - began, 2)
        seconds[f"cpu {name}"] = round(cpu_seconds() - used, 2)
        return done

    source, target = folder / "imported.parquet", folder / "calls.parquet"
    timed("import", lambda: audit.import_log(log, source, progress=lambda _line: None))
    found = timed("discover", lambda: audit.discover(source))
    timed("label", lambda: found.label(source, target))  # type: ignore[attr-defined]
    timed("sums", lambda: audit.tasks_table(audit.open_calls(target), found))  # type: ignore[arg-type]
    columns = [name for name in pq.read_schema(target).names if name not in ("messages", "response", "tools")]
    calls = timed("columns", lambda: pq.read_table(target, columns=columns))
    ids = calls["call_id"].take(list(range(0, len(calls), max(1, len(calls) // 2_000)))).to_pylist()  # type: ignore
    timed("texts", lambda: audit.analytics.messages_of(target, ids))
    return seconds


def same_tasks(folder: Path) -> dict[str, float]:
    """Whether a tenth of the imported calls, and all of them, hold the tasks of the usual sample; and how many do."""
    from migration import audit

    source, tenth = folder / "imported.parquet", folder / "tenth.parquet"
    with pq.ParquetFile(source) as file, pq.ParquetWriter(tenth, file.schema_arrow, compression="zstd") as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            writer.write_table(table.slice(0, -(-len(table) // 10)))
    others = {"tenth": audit.discover(tenth)}
    if pq.read_metadata(source).num_rows <= MOST_WHOLE:
        others["whole"] = audit.discover(source, sample=MOST_WHOLE)
    own, same = labels(tenth, audit.discover(source)), {}
    for name, other in others.items():
        again = labels(tenth, other)
        same[f"{name} calls"] = round(float((own == again).mean()), 5)
        same[f"{name} tasks"] = notable(own) == notable(again)
    return same


def labels(source: Path, found: Discovery) -> np.ndarray:
    """Task and type of each call of `source`, as one text."""
    target = source.with_name("labelled.parquet")
    found.label(source, target)
    table = pq.read_table(target, columns=["task", "task_type"])
    return pc.binary_join_element_wise(table["task"], table["task_type"], " ").to_numpy()


def notable(labelled: np.ndarray) -> set[str]:
    """The tasks, with their types, of at least NOTABLE of the calls."""
    tasks, calls = np.unique(labelled.astype(str), return_counts=True)
    return set(tasks[calls >= NOTABLE * len(labelled)])


def measured(lines: int, folder: Path) -> dict[str, float]:
    """One size, in a process of its own: seconds by part, peak memory in GiB, the physical limit in lines a second."""
    log = folder / "log.jsonl"
    size = write_log(log, lines)
    child = subprocess.Popen([sys.executable, __file__, "--parts", log, folder], stdout=subprocess.PIPE, text=True)
    peak, memory = 0, peak_of(psutil.Process(child.pid))
    while child.poll() is None:
        peak = max(peak, next(memory))
        time.sleep(0.05)
    assert child.returncode == 0
    found = json.loads(child.stdout.read()) if child.stdout else {}
    found |= {"lines": lines, "bytes": size, "peak_gib": round(peak / 2**30, 2), "limit": limit(log, folder)}
    log.unlink()
    return found


PARTS = ("import", "discover", "label", "sums", "columns", "texts")


def main(sizes: list[int]) -> None:
    rows = []
    head = " ".join(f"{name:>8} {'CPU':>7}" for name in PARTS)
    print(f"{len(os.sched_getaffinity(0))} cores; seconds\n{'lines':>10} {'GB':>6} {head}  peak GiB")
    for lines in sizes:
        with tempfile.TemporaryDirectory() as folder:
            row = measured(lines, Path(folder))
            took = " ".join(f"{row[name]:>8.1f} {row[f'cpu {name}']:>7.1f}" for name in PARTS)
            print(f"{lines:>10,} {row['bytes'] / 1e9:>6.2f} {took} {row['peak_gib']:>9.2f}", flush=True)
            same = json.loads(subprocess.check_output([sys.executable, __file__, "--same", folder], text=True))
        rows.append(row | same)
        print("           the same in a part: " + ", ".join(f"{name} {same[name]}" for name in same), flush=True)
    first, last = rows[0], rows[-1]
    each = [sum(row[f"cpu {name}"] for name in ("import", "label")) / row["lines"] for row in (first, last)]
    core = last["lines"] / last["cpu import"]
    million = ", ".join(f"{part} {1e6 * last[f'cpu {part}'] / last['lines']:,.1f}" for part in PARTS)
    print(f"CPU seconds a million calls: {million}")
    print(f"import: {core:,.0f} lines a CPU second; the physical limit is {last['limit']:,.0f}")
    found = {"lines_per_s": round(last["lines"] / last["import"]), "lines_per_s_core": round(core)}
    found |= {"limit_per_s_core": round(last["limit"]), "calls": last["lines"], "peak_gib": last["peak_gib"]}
    found |= {"seconds": round(sum(last[name] for name in PARTS), 1), "growth": round(each[1] / each[0], 2)}
    found |= {name.replace(" ", "_"): last[name] for name in last if name.startswith("tenth")}
    print(json.dumps(found | {"linear": each[1] <= 1.3 * each[0]}))


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("sizes", nargs="*", type=int)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--parts", nargs=2, type=Path)
    asked.add_argument("--same", type=Path)
    given = asked.parse_args()
    if given.parts:
        print(json.dumps(parts(*given.parts)))
    elif given.same:
        print(json.dumps(same_tasks(given.same)))
    else:
        main(given.sizes or ([5_000, 40_000] if given.quick else [50_000, 200_000]))
