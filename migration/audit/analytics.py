"""What a log's calls add up to, written once as Ibis expressions.

Columns of `schema.CALLS`. Functions that take `calls` take an Ibis table and return an Ibis expression or a
small frame; `open_calls` opens a parquet file (or a glob of them) in DuckDB with a bound on memory; Spark or a
warehouse works by passing its own table. Out of scope: which engine runs it, and any row: only results leave it.

All sums come from one scan, `fold`; its few rows are added up further in pandas (`add_up`).
Kept to what engines agree on: exact percentiles (linear between neighbours), hours and weekdays of UTC timestamps, no
sampling, no first/last, no hashes (Spark's have 32 bits). A Spark session needs `spark.sql.session.timeZone=UTC`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _
from ibis.expr.types import Table

from migration.audit.discovery.complexity import route_hint
from migration.audit.discovery.tasks import EMBEDDING, Discovery
from migration.audit.month_scale import Span
from migration.audit.pii import mask
from migration.files import literal
from migration.schema import REPLAYED

VISIBLE = tuple(map(str, REPLAYED))
"""Kinds whose answers are judged and replayed; of these only `chat` is what users see."""
MEMORY = "1GB"


def open_calls(path: str | Path, *, memory_limit: str = MEMORY, threads: int | None = None) -> Table:
    """The calls in parquet at `path` as an Ibis table on DuckDB, whose buffers stay within `memory_limit`.

    `created_at` is a plain timestamp in UTC there: arithmetic on time zones takes DuckDB ten times as long.
    `conversation_id` is the id's 64-bit hash: it is only counted, and a count of eight bytes each stays in memory where
    one of texts spills. Among a million conversations two share a hash with a chance of 1 in 37 million.
    """
    settings = {"memory_limit": memory_limit, "preserve_insertion_order": False}
    connection = ibis.duckdb.connect(**settings, **({"threads": threads} if threads else {}))
    files = (literal(path) if Path(path).exists() else str(path)).replace("'", "''")
    connection.raw_sql(
        "CREATE VIEW calls AS SELECT * REPLACE (make_timestamp(epoch_us(created_at)) AS created_at, "
        "CASE WHEN conversation_id IS NOT NULL THEN hash(conversation_id) END AS conversation_id) "
        f"FROM read_parquet('{files}', hive_partitioning = false)"
    )
    return connection.table("calls")


SUMS = ("calls", "unpriced", "prompt_tokens", "completion_tokens", "cost_usd")
"""What is added up: calls, calls of unknown cost, tokens, the known costs in USD."""


def fold(calls: Table) -> pd.DataFrame:
    """The log in one scan: a row for each task, kind, model and split that occur together.

    Columns: those four, SUMS, complexity (its sum), judged (calls that have one).
    """
    sums = {
        "calls": _.count(),
        "unpriced": _.cost_usd.isnull().sum(),
        **{name: _[name].sum() for name in ("prompt_tokens", "completion_tokens", "cost_usd", "complexity")},
        "judged": _.complexity.count(),
    }
    return calls.group_by("task", "kind", "model", "split").aggregate(**sums).to_pandas()


def add_up(folded: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Columns `keys`, in their order, and SUMS; a cost is null where no call of the row has a known one.

    folded: of `fold`.
    """
    return folded.groupby(list(keys), dropna=False)[list(SUMS)].sum(min_count=1).reset_index()


def by_split(folded: pd.DataFrame) -> pd.DataFrame:
    """Columns task, split, calls: of the kinds that are replayed.

    folded: of `fold`.
    """
    return add_up(folded[folded.kind.isin(VISIBLE)], "task", "split")[["task", "split", "calls"]]


def by_hour(calls: Table) -> Table:
    """Columns weekday (0 is Monday), hour (UTC), calls, cost_usd."""
    second = calls.created_at.epoch_seconds()  # arithmetic: the same on every engine, whatever its time zone, and fast
    keys = {"weekday": (second // 86_400 + 3) % 7, "hour": second // 3_600 % 24}  # 1 January 1970 was a Thursday
    return calls.group_by(**keys).aggregate(calls=_.count(), cost_usd=_.cost_usd.sum()).order_by("weekday", "hour")


def conversations(calls: Table) -> Table:
    """Columns task, conversations: how many conversations hold a call of the task.

    Tasks are numbered first: pairs of two numbers are compared in half the time and memory of pairs of texts.
    Null is counted out last: a filter before the join makes DuckDB unpack its dictionaries, at twice the time.
    """
    tasks = calls.select("task").distinct().mutate(number=ibis.row_number().over(order_by="task").cast("int16"))
    pairs = calls.join(tasks, "task").select("number", "conversation_id").distinct()
    counts = pairs.group_by("number").aggregate(conversations=_.conversation_id.count())
    return tasks.join(counts, "number").select("task", "conversations").order_by("task")


def percentiles(calls: Table, column: str) -> Table:
    """Columns task, p50, p95 of `column` over the answered calls. One column at a time: engines hold it whole."""
    answered = calls.filter(_.kind.isin(VISIBLE))
    levels = {f"p{level}": answered[column].quantile(level / 100) for level in (50, 95)}
    return answered.group_by("task").aggregate(**levels).order_by("task")


MEASURES = {"ms": "latency_ms", "prompt": "prompt_tokens", "completion": "completion_tokens"}
"""Short names of the columns that percentiles are taken of."""


def task_rows(calls: Table, folded: pd.DataFrame) -> pd.DataFrame:
    """A row a task, over all its calls: task, SUMS, mean complexity, conversations, p50_ms, p95_ms, p50_prompt, ...

    folded: of `fold`, over the same calls.
    """
    judged = folded.groupby("task", dropna=False)[["complexity", "judged"]].sum(min_count=1)
    rows = add_up(folded, "task")
    rows["complexity"] = (judged.complexity / judged.judged).to_numpy()
    rows = rows.merge(conversations(calls).to_pandas(), "left", "task")
    for name, column in MEASURES.items():
        levels = percentiles(calls, column).to_pandas()
        rows = rows.merge(levels.rename(columns={"p50": f"p50_{name}", "p95": f"p95_{name}"}), "left", "task")
    return rows.assign(conversations=rows.conversations.fillna(0).astype("int64"))


def complexity_bins(calls: Table, *, bins: int = 20) -> Table:
    """Columns task, bin (0 .. bins - 1, of equal width over 0..1), calls: of the kinds that are replayed."""
    seen = calls.filter(_.kind.isin(VISIBLE), _.complexity.notnull())
    edge = ibis.least((seen.complexity * bins).floor(), bins - 1).cast("int64")
    return seen.group_by(task=seen.task, bin=edge).aggregate(calls=_.count()).order_by("task", "bin")


def hidden_costs(kinds: pd.DataFrame, over: Span) -> pd.DataFrame:
    """What each kind costs a month and its share of the bill, answers that users see first.

    Costs are those of the priced calls, null where a kind has none: unknown is not zero. kinds: `add_up(..., "kind")`.
    Returns kind, calls_month, tokens_month, cost_usd_month, share, unpriced.
    """
    table = kinds.assign(
        calls_month=kinds.calls * over.to_month,
        tokens_month=(kinds.prompt_tokens.fillna(0) + kinds.completion_tokens.fillna(0)) * over.to_month,
        cost_usd_month=kinds.cost_usd.astype(float) * over.to_month,
    )
    table["share"] = table.cost_usd_month / (table.cost_usd_month.sum() or 1.0)
    order = table.assign(first=table.kind != "chat").sort_values(["first", "cost_usd_month"], ascending=[True, False])
    return order[["kind", "calls_month", "tokens_month", "cost_usd_month", "share", "unpriced"]].reset_index(drop=True)


def tasks_table(calls: Table, found: Discovery) -> pd.DataFrame:
    """tasks.parquet: `schema.TASKS`, and found_type, versions, unordered, aside, route_reason, unpriced, p50/p95 of
    tokens, prompt (the beginning of the earliest one, personal data masked).

    calls: labelled by `found`. Largest cost first.
    """
    folded = fold(calls)
    kinds, rows = add_up(folded, "task", "kind"), task_rows(calls, folded)
    known = {task.task: task for task in found.tasks}
    usual = kinds.assign(hidden=~kinds.kind.isin(VISIBLE)).sort_values(["hidden", "calls"], ascending=[True, False])
    rows["kind"] = rows.task.map(usual.drop_duplicates("task").set_index("task").kind)
    seen = kinds[kinds.kind.isin(VISIBLE)].groupby("task").calls.sum()
    rows["answered"] = rows.task.map(seen).fillna(0).astype("int64")
    for column in ("name", "task_type", "found_type", "versions", "prompt"):
        rows[column] = [getattr(known[t], column) if t in known else None for t in rows.task]
    rows["unordered"] = [t in known and known[t].unordered for t in rows.task]
    rows["aside"] = [",".join(known[t].aside) if t in known else "" for t in rows.task]
    rows["prompt"] = mask(rows.prompt)
    rows["name"] = rows.name.fillna(rows.task.map({EMBEDDING: "Embeddings"})).fillna("No shared prompt")
    rows["task_type"] = rows.task_type.fillna("other")
    hints = [_hint(row) for row in rows.to_dict("records")]
    rows["route_hint"], rows["route_reason"] = [hint for hint, _reason in hints], [reason for _hint, reason in hints]
    return rows.sort_values(["cost_usd", "calls"], ascending=False, na_position="last").reset_index(drop=True)


def _hint(row: dict[Any, Any]) -> tuple[str, str]:
    if not row["answered"]:
        return "unclear", "no answers to replace"
    return route_hint(
        str(row["task_type"]),
        calls=int(row["answered"]),
        p50_prompt=row["p50_prompt"],
        p95_prompt=row["p95_prompt"],
        complexity=row["complexity"],
    )


def movable(tasks: pd.DataFrame) -> pd.DataFrame:
    """Calls and cost by route_hint (`slm`, `unclear`, `llm`), of the tasks that have answers.

    Returns route_hint, tasks, calls, cost_usd, call_share, cost_share.
    """
    own = tasks[tasks.answered > 0]
    table = own.groupby("route_hint").agg(
        tasks=("task", "size"), calls=("answered", "sum"), cost_usd=("cost_usd", "sum")
    )
    table = table.reindex(["slm", "unclear", "llm"], fill_value=0)
    table["call_share"] = table.calls / max(1, table.calls.sum())
    table["cost_share"] = table.cost_usd / (table.cost_usd.sum() or 1.0)
    return table.reset_index()


TEXTS = ("call_id", "messages", "tools", "response")
"""The columns of a calls table that hold texts, and their call's id."""


def messages_of(path: str | Path, call_ids: Sequence[str]) -> pd.DataFrame:
    """The texts of these calls alone: call_id, messages (list of {role, content}), tools, response.

    path: a calls table. In the order of `call_ids`; an id that the table lacks is left out. Only the row groups that
    hold one are read, so a sample costs what it holds, whatever the size of the log.
    """
    wanted = pa.table({"call_id": pa.array(dict.fromkeys(call_ids), pa.string())})
    with duckdb.connect(config={"memory_limit": "2GB"}) as db:
        log = db.read_parquet(literal(path), hive_partitioning=False)
        texts = [name if name in log.columns else f"NULL::VARCHAR AS {name}" for name in TEXTS]
        rows = db.sql(f"SELECT {', '.join(texts)} FROM log SEMI JOIN wanted USING (call_id)").to_arrow_table()
    order = {call_id: place for place, call_id in enumerate(wanted["call_id"].to_pylist())}
    frame = rows.to_pandas()
    return frame.iloc[frame.call_id.map(order).argsort(kind="stable")].reset_index(drop=True)


def with_texts(rows: pd.DataFrame, path: str | Path, call_ids: Iterable[str] | None = None) -> pd.DataFrame:
    """`rows` with messages and tools of their calls, or of `call_ids` alone, read from a calls table; else null.

    rows: call_id and any columns but these two; their order is kept. path: calls.parquet.
    """
    own = dict.fromkeys(rows["call_id"])
    wanted = list(own if call_ids is None else own.keys() & set(call_ids))
    return rows.merge(messages_of(path, wanted)[["call_id", "messages", "tools"]], on="call_id", how="left")


MOST_TEXTS = 10_000
"""Calls of a task and split whose texts a step reads at most: more than it can ask, train on or compare."""


def with_sampled_texts(path: str | Path, *, most: int = MOST_TEXTS) -> pd.DataFrame:
    """A calls table with the texts of at most `most` replayed calls of each task and split, null for the others.

    path: calls.parquet. Which calls have texts is fixed by the hash of their ids. Every call is a row, so counts and
    weights are those of the whole log; one that stays within `most` comes as it is.
    """
    replayed = f"kind IN ({', '.join(repr(kind) for kind in VISIBLE)})"
    with duckdb.connect(config={"memory_limit": "2GB"}) as db:
        log = db.read_parquet(literal(path), hive_partitioning=False)
        groups = f"SELECT count(*) FROM log WHERE {replayed} GROUP BY task, split"
        if max((n for (n,) in db.sql(groups).fetchall()), default=0) <= most:
            return pq.read_table(path).to_pandas()
        ranked = "row_number() OVER (PARTITION BY task, split ORDER BY md5(call_id))"
        drawn = db.sql(f"SELECT call_id FROM log WHERE {replayed} QUALIFY {ranked} <= {most}").fetchall()
        names = log.columns
    rows = pq.read_table(path, columns=[name for name in names if name not in TEXTS[1:]]).to_pandas()
    return rows.merge(messages_of(path, [one for (one,) in drawn]), on="call_id", how="left")[names]


def sample_texts(calls: Table, *, limit: int = 1_000) -> list[str]:
    """Texts of up to `limit` calls as one string each (messages, then the answer), by the hash of their id."""
    known = calls.filter(calls.messages.length() > 0)
    ids = known.select(known.call_id, order=known.call_id.hash()).order_by("order", "call_id").limit(limit)
    rows = known.semi_join(ids, "call_id").select("messages", "response").to_pyarrow().to_pylist()
    return ["\n".join([*(m["content"] or "" for m in r["messages"]), r["response"] or ""]) for r in rows]


def summary_of(tasks: pd.DataFrame, hidden: pd.DataFrame, shares: pd.DataFrame, over: Span) -> dict[str, float | None]:
    """The headline figures of step 01, for summary.json; shares are fractions; costs are null where none is known.

    tasks: of `tasks_table`; hidden: of `hidden_costs`; shares: of `movable`.
    """
    own, kinds = shares.set_index("route_hint"), hidden.set_index("kind").cost_usd_month
    bill = float(kinds.sum()) if kinds.notna().any() else None
    unseen = float(kinds.drop("chat", errors="ignore").sum()) if bill is not None else None
    return {
        "calls": over.calls,
        "tasks": int((tasks.answered > 0).sum()),
        "days_covered": round(over.days, 2),
        "calls_month": round(over.calls * over.to_month),
        "cost_usd_month": bill,
        "hidden_cost_usd_month": unseen,
        "hidden_cost_share": unseen / bill if bill and unseen is not None else None,
        "unpriced_calls": int(hidden.unpriced.sum()),
        "movable_share": float(own.call_share["slm"]),
        "movable_cost_share": float(own.cost_share["slm"]) if bill else None,
        "unclear_share": float(own.call_share["unclear"]),
    }
