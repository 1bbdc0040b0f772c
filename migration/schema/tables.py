"""The tables that steps hand to each other: columns, types, and the closed sets of words in them.

Covers: what every parquet file of a run must hold (more columns are always welcome).
Out of scope: where a table comes from, what is done with it, and the words themselves (`words`).
"""

from __future__ import annotations

import pyarrow as pa

from migration.errors import ContractError
from migration.schema.words import Kind, Split, TaskType

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

CALLS = pa.schema(
    [
        ("call_id", pa.string()),
        ("conversation_id", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("model", pa.string()),
        ("kind", pa.string()),
        ("task", pa.string()),
        ("task_type", pa.string()),
        ("messages", MESSAGES),
        ("response", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("tokens_estimated", pa.bool_()),
        ("latency_ms", pa.float64()),
        ("cost_usd", pa.float64()),
        ("complexity", pa.float64()),
        ("split", pa.string()),
    ]
)
TASKS = pa.schema(
    [
        ("task", pa.string()),
        ("name", pa.string()),
        ("task_type", pa.string()),
        ("kind", pa.string()),
        ("calls", pa.int64()),
        ("conversations", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("p50_ms", pa.float64()),
        ("p95_ms", pa.float64()),
        ("complexity", pa.float64()),
        ("route_hint", pa.string()),
    ]
)
PREDICTIONS = pa.schema(
    [
        ("call_id", pa.string()),
        ("candidate", pa.string()),
        ("task", pa.string()),
        ("task_type", pa.string()),
        ("output", pa.string()),
        ("reference", pa.string()),
        ("score", pa.float64()),
        ("agrees", pa.bool_()),
        ("latency_ms", pa.float64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("mean_logprob", pa.float64()),
        ("min_logprob", pa.float64()),
        ("mean_entropy", pa.float64()),
        ("margin", pa.float64()),
        ("error", pa.string()),
    ]
)
SCOREBOARD = pa.schema(
    [
        ("candidate", pa.string()),
        ("task", pa.string()),
        ("n", pa.int64()),
        ("agreement", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("score", pa.float64()),
        ("p50_ms", pa.float64()),
        ("p95_ms", pa.float64()),
        ("tokens_per_s", pa.float64()),
        ("cost_usd_per_1k", pa.float64()),
        ("verdict", pa.string()),
    ]
)
COMPARISON = pa.schema(
    [
        ("task", pa.string()),
        ("n", pa.int64()),
        ("base", pa.float64()),
        ("tuned", pa.float64()),
        ("difference", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("p_value", pa.float64()),
    ]
)
CURVE = pa.schema(
    [
        ("threshold", pa.float64()),
        ("slm_share", pa.float64()),
        ("quality", pa.float64()),
        ("quality_low", pa.float64()),
        ("quality_high", pa.float64()),
        ("cost_usd_per_1k", pa.float64()),
    ]
)
DECISIONS = pa.schema(
    [
        ("call_id", pa.string()),
        ("task", pa.string()),
        ("model", pa.string()),
        ("reason", pa.string()),
        ("confidence", pa.float64()),
        ("complexity", pa.float64()),
    ]
)
PROJECTION = pa.schema(
    [
        ("scenario", pa.string()),
        ("month", pa.int64()),
        ("component", pa.string()),
        ("p10", pa.float64()),
        ("p50", pa.float64()),
        ("p90", pa.float64()),
    ]
)
REHEARSAL = pa.schema(
    [
        ("conversation_id", pa.string()),
        ("arm", pa.string()),
        ("calls", pa.int64()),
        ("quality", pa.float64()),
        ("latency_ms", pa.float64()),
        ("cost_usd", pa.float64()),
        ("slm_share", pa.float64()),
        ("failures", pa.int64()),
    ]
)
REVIEW = pa.schema(
    [
        ("week", pa.string()),
        ("group", pa.string()),
        ("calls", pa.int64()),
        ("slm_share", pa.float64()),
        ("shadowed", pa.int64()),
        ("loss", pa.float64()),
        ("evidence", pa.float64()),
        ("alarm", pa.bool_()),
        ("cost_usd", pa.float64()),
    ]
)

CONTRACTS = {
    "calls": CALLS,
    "tasks": TASKS,
    "predictions": PREDICTIONS,
    "scoreboard": SCOREBOARD,
    "comparison": COMPARISON,
    "curve": CURVE,
    "decisions": DECISIONS,
    "projection": PROJECTION,
    "rehearsal": REHEARSAL,
    "review": REVIEW,
}
_WORDS = {"kind": tuple(Kind), "task_type": tuple(TaskType), "split": tuple(Split)}
_NEVER_NULL = {
    "calls": ("call_id", "kind", "split"),
    "tasks": ("task", "name"),
    "predictions": ("call_id", "candidate", "task"),
    "scoreboard": ("candidate", "task", "n"),
    "decisions": ("call_id", "model"),
}
_UNIQUE = {"calls": ["call_id"], "tasks": ["task"], "decisions": ["call_id"]}


def conform(table: pa.Table, name: str) -> pa.Table:
    """Cast `table` to the contract called `name` (contract columns first, extra ones kept after them).

    Raises ContractError naming every missing column, uncastable type, forbidden word, null and duplicate key.
    """
    contract, problems, columns = CONTRACTS[name], [], {}
    for field in contract:
        if field.name not in table.column_names:
            problems.append(f"column {field.name!r} is missing")
            continue
        try:
            columns[field.name] = table[field.name].cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            problems.append(f"column {field.name!r} is not {field.type}: {error}")
    for column, words in _WORDS.items():
        if column in columns and contract.get_field_index(column) >= 0:
            strange = set(columns[column].unique().to_pylist()) - set(words) - {None}
            if strange:
                problems.append(f"column {column!r} holds {sorted(strange)}, allowed are {list(map(str, words))}")
    for column in _NEVER_NULL.get(name, ()):
        if column in columns and columns[column].null_count:
            problems.append(f"column {column!r} has {columns[column].null_count} nulls")
    for column in _UNIQUE.get(name, ()):
        if column in columns and len(columns[column].unique()) != len(table):
            problems.append(f"column {column!r} is not unique")
    if problems:
        raise ContractError(name, problems)
    extra = {c: table[c] for c in table.column_names if c not in columns}
    return pa.table(columns | extra)
