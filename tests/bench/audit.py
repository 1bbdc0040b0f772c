"""The audit's aggregations on DuckDB (through Ibis) and on pandas: time, peak memory, equal numbers, and growth.

Each engine runs alone in a process of its own, reads the same columns of the same generated parquet file, and writes
its frames; the parent compares them. Time is from opening the file to the last frame, without imports; memory is the
process's peak resident size, imports included. The last line is one JSON object.

    python tests/bench/audit.py [--quick]
"""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROWS, MEMORY = 5_000_000, "200MB"
COLUMNS = [
    "conversation_id",
    "created_at",
    "model",
    "kind",
    "task",
    "prompt_tokens",
    "completion_tokens",
    "latency_ms",
    "cost_usd",
    "complexity",
    "split",
]
LEVELS = {"ms": "latency_ms", "prompt": "prompt_tokens", "completion": "completion_tokens"}


def generate(path: Path, rows: int) -> None:
    """A log of `rows` calls: 40 tasks, five kinds, three models, conversations of four calls, 60 days."""
    import duckdb

    query = f"""
        COPY (
            WITH dice AS (
                SELECT i, hash(i) a, hash(i + 10000000) b, hash(i + 20000000) c, hash(i + 30000000) d
                FROM range({rows}) t(i)
            ),
            calls AS (
                SELECT *, CASE WHEN a % 100 < 86 THEN 'chat' WHEN a % 100 < 92 THEN 'embedding'
                    WHEN a % 100 < 96 THEN 'scoring' WHEN a % 100 < 98 THEN 'retry' ELSE 'error' END AS kind,
                    (20 + b // 40 % 900 + (b % 40) * 30)::BIGINT AS prompt_tokens,
                    (1 + c % 300)::BIGINT AS completion_tokens
                FROM dice
            )
            SELECT CASE WHEN d % 101 > 0 THEN md5((i // 4)::VARCHAR) END AS conversation_id,
                to_timestamp(1735689600 + (i * 5184000) // {rows} + d % 60) AS created_at,
                'model-' || (d % 3)::VARCHAR AS model, kind, 'find-the-answer-of-task-' || (b % 40)::VARCHAR AS task,
                prompt_tokens, completion_tokens,
                CASE WHEN c % 50 > 0 THEN 200.0 + (d % 400000) / 100.0 END AS latency_ms,
                CASE WHEN d % 51 > 0 THEN prompt_tokens * 2.5e-6 + completion_tokens * 1e-5 END AS cost_usd,
                CASE WHEN kind <> 'embedding' THEN (c % 1000) / 1000.0 END AS complexity,
                CASE WHEN hash(i // 4) % 10 < 4 THEN 'train' WHEN hash(i // 4) % 10 < 7 THEN 'calibration'
                    ELSE 'test' END AS split
            FROM calls
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
    """
    with duckdb.connect(config={"memory_limit": "2GB"}) as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(query)


def on_duckdb(path: Path) -> tuple[float, dict[str, pd.DataFrame]]:
    """The package's expressions, on its default engine, bound to MEMORY."""
    from migration.audit import analytics as a
    from migration.audit.month_scale import arrivals, span

    began = time.perf_counter()
    calls = a.open_calls(path, memory_limit=MEMORY)
    folded = a.fold(calls)
    over = span(arrivals(calls).to_pandas())
    frames = {
        "by_hour": a.by_hour(calls).to_pandas(),
        "by_kind": a.add_up(folded, "kind"),
        "by_task_and_kind": a.add_up(folded, "task", "kind"),
        "by_model": a.add_up(folded, "model"),
        "by_split": a.by_split(folded),
        "by_task": a.task_rows(calls, folded),
        "complexity_bins": a.complexity_bins(calls).to_pandas(),
        "span": pd.DataFrame({"seconds": [(over.last - over.first).total_seconds()], "calls": [over.calls]}),
    }
    return time.perf_counter() - began, frames


def on_pandas(path: Path) -> tuple[float, dict[str, pd.DataFrame]]:
    """The same numbers as one writes them in pandas: read the columns, group, aggregate."""
    began = time.perf_counter()
    calls = pd.read_parquet(path, columns=COLUMNS)
    sums = {
        "calls": ("kind", "size"),
        "unpriced": ("unpriced", "sum"),
        "prompt_tokens": ("prompt_tokens", "sum"),
        "completion_tokens": ("completion_tokens", "sum"),
        "cost_usd": ("cost_usd", "sum"),
    }
    calls["unpriced"] = calls.cost_usd.isna()
    when = calls.created_at.dt
    frames = {
        "by_hour": calls.groupby([when.day_of_week.rename("weekday"), when.hour.rename("hour")]).agg(
            calls=("kind", "size"), cost_usd=("cost_usd", "sum")
        ),
        "by_kind": calls.groupby("kind").agg(**sums),
        "by_task_and_kind": calls.groupby(["task", "kind"]).agg(**sums),
        "by_model": calls.groupby("model").agg(**sums),
    }
    seen = calls[calls.kind.isin(["chat", "scoring"])]
    frames["by_split"] = seen.groupby(["task", "split"]).agg(calls=("kind", "size"))
    tasks = calls.groupby("task").agg(
        conversations=("conversation_id", "nunique"),
        complexity=("complexity", "mean"),
        **sums,
    )
    for name, column in LEVELS.items():
        levels = seen.groupby("task")[column].quantile([0.5, 0.95]).unstack()
        tasks[f"p50_{name}"], tasks[f"p95_{name}"] = levels[0.5], levels[0.95]
    frames["by_task"] = tasks
    known = seen[seen.complexity.notna()]
    bins = (known.complexity * 20).astype("int64").clip(upper=19).rename("bin")
    frames["complexity_bins"] = known.groupby([known.task, bins]).agg(calls=("kind", "size"))
    span = calls.created_at.max() - calls.created_at.min()
    frames["span"] = pd.DataFrame({"seconds": [span.total_seconds()], "calls": [len(calls)]})
    seconds = time.perf_counter() - began
    return seconds, {k: f if k == "span" else f.reset_index() for k, f in frames.items()}


def child(engine: str, path: Path, out: Path) -> None:
    import ibis.backends.duckdb  # noqa: F401 (imports are not timed; both children bear their memory)

    import migration.audit.analytics  # noqa: F401

    seconds, frames = on_duckdb(path) if engine == "duckdb" else on_pandas(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.write_bytes(pickle.dumps((seconds, peak, frames)))


def measure(engine: str, path: Path) -> tuple[float, float, dict[str, pd.DataFrame]]:
    """(seconds, peak MiB, frames) of one engine in a process of its own."""
    out = path.with_suffix(f".{engine}")
    subprocess.run([sys.executable, __file__, "--child", engine, str(path), str(out)], check=True)
    return pickle.loads(out.read_bytes())


def equal(a: dict[str, pd.DataFrame], b: dict[str, pd.DataFrame]) -> bool:
    """Whether two engines' frames hold the same numbers: counts exactly, sums of floats to 1 in 10^9."""
    for name, frame in a.items():
        keys = [c for c in ("weekday", "hour", "task", "kind", "model", "split", "bin") if c in frame]
        other = b[name][list(frame.columns)]
        left, right = (f.sort_values(keys, ignore_index=True) if keys else f for f in (frame, other))
        pd.testing.assert_frame_equal(left, right, check_dtype=False, rtol=1e-9, atol=1e-9, obj=name)
    return True


def main(quick: bool) -> None:
    rows = ROWS // 10 if quick else ROWS
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "log.parquet"
        generate(path, rows)
        print(f"{rows:,} calls, {path.stat().st_size / 2**20:,.0f} MiB of parquet")
        fast, small, frames = measure("duckdb", path)
        slow, large, expected = measure("pandas", path)
        same = equal(frames, expected)
        print(f"{'engine':<16}{'seconds':>9}{'peak MiB':>10}")
        print(f"{'Ibis on DuckDB':<16}{fast:>9.1f}{small:>10,.0f}\n{'pandas':<16}{slow:>9.1f}{large:>10,.0f}")
        growth = {}
        for share in (0.1, 0.2, 0.4, 1.0):
            part = Path(name) / f"part-{share}.parquet"
            generate(part, int(rows * share))
            growth[int(rows * share)] = measure("duckdb", part)[0]
            part.unlink()
        print("Ibis on DuckDB, seconds by rows: " + ", ".join(f"{n:,}: {s:.2f}" for n, s in growth.items()))
    result = {"speedup": slow / fast, "memory_ratio": large / small, "equal": same, "rows": rows}
    print(json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in result.items()}))


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main("--quick" in sys.argv)
