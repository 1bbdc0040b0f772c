"""From imported records to calls.parquet: each call once, its kind, its retries, its cost, its split.

What makes a call a repeat of another, a judge's call, a retry. Out of scope: the form a call was logged in.

Works in batches: what needs the whole log at once (repeated ids, retries) runs in DuckDB on a few narrow columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from migration.audit.prices import DISCOUNTED_TIERS, Contract, Tokens, cost_usd, is_free, settled
from migration.files import literal
from migration.schema import CALLS

EXTRA = pa.schema(
    [
        ("requested_model", pa.string()),
        ("cached_tokens", pa.int64()),
        ("cache_write_tokens", pa.int64()),
        ("cache_hit", pa.bool_()),
        ("finish_reason", pa.string()),
        ("status", pa.int64()),
        ("error", pa.string()),
        ("channel", pa.string()),
        ("logged_name", pa.string()),
        ("endpoint", pa.string()),
        ("service_tier", pa.string()),
        ("max_tokens", pa.int64()),
        ("tools", pa.string()),
        ("response_format", pa.string()),
        ("retry_of", pa.string()),
        ("logged_cost_usd", pa.float64()),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
    ]
)
COLUMNS = pa.schema([*CALLS, *EXTRA])
"""calls.parquet as the importer writes it; task, task_type and complexity are null until task discovery."""

ROW_GROUP, ROW_GROUP_BYTES = 1 << 16, 1 << 27
"""Rows or bytes of a row group of calls.parquet, whichever comes first: engines read these in parallel."""

WORKING = pa.schema([*COLUMNS, ("request_hash", pa.int64())])
"""The same while it is made: two calls of one request have one hash."""

LONGEST_MS = 86_400_000
"""A latency past a day is a slip of the log: for the end of a try it counts as a day."""
_GRADE = re.compile(
    r"^\W*(?:(?:final |overall )?(?:score|rating|grade|verdict)\W{0,4})?"
    r"\d{1,3}(?:[.,]\d+)?(?:\s*(?:/|out of)\s*\d{1,3})?\W*$",
    re.I,
)
_GRADE_KEY = re.compile(r'"\w*(?:score|rating|grade)\w*"\s*:\s*"?\d', re.I)
_SHARE_KEY = re.compile(r'"\w*(?:score|rating|grade)\w*"\s*:\s*(?:0?\.\d+|[01]\.\d+|[01])\s*[,}]', re.I)
_LABEL_KEY = re.compile(r':\s*"[^"\s]+(?: [^"\s]+){0,2}"')
"""A share beside a label of up to three words: how sure a classifier is, not a grade with its reasons."""
_ASKS_GRADE = re.compile(
    r"\b(?:rate|rating|score|grade|judge|evaluat\w+|assess\w*)\b.{0,400}?"
    r"(?:\b(?:scale|out of|between|from)\b.{0,20}\d|\b\d+\s*(?:-|–|to|/)\s*\d+\b)",
    re.I | re.S,
)


def is_scoring(messages: list[dict[str, str]] | None, response: str | None) -> bool:
    """Whether a call grades a text: it asks for a grade on a scale and gets little but a number.

    Looks at one call alone; task discovery sees all calls of a template and may judge otherwise.
    """
    if not response or not messages or len(response) > 2000:
        return False
    in_json = response.lstrip()[:1] == "{" and _GRADE_KEY.search(response)
    if in_json and _SHARE_KEY.search(response) and _LABEL_KEY.search(response):
        return False
    if not in_json and (len(response) > 40 or not _GRADE.match(response)):
        return False
    return any(_ASKS_GRADE.search(one["content"]) for one in messages if one["role"] in ("system", "user", "developer"))


@dataclass
class Finished:
    """What `finish` found: calls kept, those left out as repeats by file, kinds, models without a price."""

    calls: int = 0
    repeats: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    unknown_models: Counter[str] = field(default_factory=Counter)
    cost_usd: float = 0.0
    logged_cost_usd: float = 0.0
    priced_and_logged_usd: float = 0.0


Told = Callable[[str, int, str], object]
"""Takes the file, line and reason of a call that is left out."""


def finish(working: Path, out: Path, told: Told, *, retry_window_s: float, agreed: Contract) -> Finished:
    """Write `out` (a calls.parquet) from `working`, a Parquet file of WORKING in the log's order."""
    repeated, retry_of = _across_calls(working, retry_window_s)
    found, start = Finished(), 0
    with pq.ParquetWriter(out, COLUMNS, compression="zstd") as writer:
        for table in _row_groups(working):
            rows = slice(start, start + len(table))
            start += len(table)
            done = _finish_rows(table, repeated[rows], retry_of[rows], agreed, found, told)
            if len(done):
                writer.write_table(done)
    return found


def _row_groups(path: Path) -> Iterator[pa.Table]:
    """The table in pieces of about ROW_GROUP rows or ROW_GROUP_BYTES."""
    with pq.ParquetFile(path) as file:
        together: list[int] = []
        rows = size = 0
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            together, rows, size = [*together, number], rows + group.num_rows, size + group.total_byte_size
            if rows >= ROW_GROUP or size >= ROW_GROUP_BYTES or number == file.num_row_groups - 1:
                yield file.read_row_groups(together).combine_chunks()
                together, rows, size = [], 0, 0


def _across_calls(working: Path, retry_window_s: float) -> tuple[np.ndarray, pa.Array]:
    """(repeats an earlier call_id: 0 no, 1 the same call, 2 another call; call_id of the try that it repeats), by row.

    A retry is the same request of the same conversation that starts within the window after a try ended in an error
    or was cut off (finish_reason `length`).
    """
    query = f"""
        WITH calls AS (
            SELECT file_row_number AS place, call_id, request_hash, conversation_id, created_at,
                   hash(request_hash, response, created_at) AS whole,
                   created_at + to_microseconds(
                       CAST(least(greatest(coalesce(latency_ms, 0), 0), {LONGEST_MS}) * 1000 AS BIGINT)) AS ended_at,
                   kind = 'error' OR coalesce(finish_reason, '') = 'length' AS failed
            FROM read_parquet($path, file_row_number = true, hive_partitioning = false)
        ),
        told AS (
            SELECT *, row_number() OVER same_id AS nth,
                   first_value(whole) OVER same_id <> whole AS differs
            FROM calls WINDOW same_id AS (PARTITION BY call_id ORDER BY place)
        ),
        tries AS (
            SELECT place, lag(call_id) OVER same_request AS before, lag(failed) OVER same_request AS after_failure,
                   lag(ended_at) OVER same_request AS before_ended, created_at
            FROM told WHERE nth = 1 AND request_hash IS NOT NULL
            WINDOW same_request AS (PARTITION BY request_hash, conversation_id ORDER BY created_at, place)
        )
        SELECT CASE WHEN nth = 1 THEN 0 WHEN differs THEN 2 ELSE 1 END::TINYINT AS repeated,
               CASE WHEN after_failure AND epoch_us(tries.created_at) - epoch_us(before_ended) <= $window * 1000000
                    THEN before END AS retry_of
        FROM told LEFT JOIN tries USING (place) ORDER BY place
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '2GB'")
        connection.execute("SET temp_directory = '" + str(working.parent).replace("'", "''") + "'")
        answer = connection.sql(query, params={"path": literal(working), "window": retry_window_s}).to_arrow_table()
    return answer["repeated"].to_numpy(), answer["retry_of"].combine_chunks()


def _finish_rows(
    table: pa.Table, repeated: np.ndarray, retry_of: pa.Array, agreed: Contract, found: Finished, told: Told
) -> pa.Table:
    for row in np.flatnonzero(repeated):
        reason = "duplicate id" if repeated[row] == 1 else "duplicate id (of another call)"
        file = table["source_file"][row].as_py()
        found.repeats[file] += 1
        told(file, table["source_line"][row].as_py(), reason)
    table = table.set_column(table.schema.get_field_index("retry_of"), "retry_of", retry_of)
    table = table.filter(pa.array(repeated == 0))
    kind = pc.if_else(
        pc.and_(pc.is_valid(table["retry_of"]), pc.is_in(table["kind"], pa.array(["chat", "scoring"]))),
        "retry",
        table["kind"],
    )
    cost = _cost(table, agreed, found)
    table = table.set_column(table.schema.get_field_index("kind"), "kind", kind)
    table = table.set_column(table.schema.get_field_index("cost_usd"), "cost_usd", cost)
    found.calls += len(table)
    found.kinds.update({pair["values"]: pair["counts"] for pair in pc.value_counts(kind).to_pylist()})
    return table.select(COLUMNS.names).cast(COLUMNS)


def _cost(table: pa.Table, agreed: Contract, found: Finished) -> pa.Array:
    """The calls' cost: by price table, else as logged, else null. A cache hit, and an error without usage, cost 0."""
    counted = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
    tokens = Tokens(*(pc.fill_null(table[name], 0).to_numpy().astype(float) for name in counted))
    priced = cost_usd(
        table["model"].to_pandas().to_numpy(dtype=object),
        table["created_at"].to_numpy().astype("datetime64[D]"),
        tokens,
        pc.fill_null(pc.is_in(table["service_tier"], pa.array(DISCOUNTED_TIERS)), False).to_numpy(),
        agreed,
    )
    logged = table["logged_cost_usd"].to_numpy()
    kind = table["kind"].to_numpy(zero_copy_only=False)
    free = is_free(table["cache_hit"].to_numpy(), kind, table["tokens_estimated"].to_numpy())
    unknown = np.isnan(priced) & ~free
    names = table["model"].filter(pa.array(unknown))
    found.unknown_models.update({str(p["values"]): p["counts"] for p in pc.value_counts(names).to_pylist()})
    both = ~np.isnan(priced) & ~np.isnan(logged) & ~free
    found.priced_and_logged_usd += float(priced[both].sum())
    found.logged_cost_usd += float(logged[both].sum())
    cost = settled(priced, logged, free)
    found.cost_usd += float(np.nansum(cost))
    return pa.array(cost, from_pandas=True)
