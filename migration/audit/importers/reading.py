"""One pass over the sources of a log: records in, a working table and bad lines out, in batches.

Every call gets what it needs whichever form it came in: id, split, counted tokens, the hash of its request.
Out of scope: field names (form modules), what shows only across calls (`calls`).
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate, chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import cpu_count

from migration.audit.cores import in_order
from migration.audit.importers.bad import BadLines
from migration.audit.importers.calls import WORKING, is_scoring
from migration.audit.importers.forms import Form
from migration.audit.importers.forms.openai import Side
from migration.audit.importers.forms.record import FIELDS, BadRecord, Json, Skipped, estimated_tokens
from migration.audit.importers.joining import Joined, pair_of
from migration.audit.importers.lines import BrokenStream
from migration.audit.importers.sources import Numbered, RawLine, Source, line_records, numbered, raw_lines
from migration.audit.pii import named_without
from migration.schema import MESSAGES, split_of

BATCH, BATCH_BYTES = 4096, 1 << 26
"""Calls, or bytes of them, that are in memory at once."""
JOB_BYTES, WORTH = 1 << 22, 1 << 25
"""Bytes of lines that a worker takes at a time, and bytes of a log from which on workers are worth their start."""
MOST_SKIPPED = 100
UNEXPECTED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a parser may meet in a field of another type than its form has."""
_TALK_EVERY_S = 5.0
_FILLED = (*FIELDS, "source_file", "source_line", "split", "request_hash", "tokens_estimated")


@dataclass
class Tally:
    """What was seen in reading records, by count; tallies of several blocks add up."""

    records: int = 0
    lines: int = 0
    estimated: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    """By form, calls without a prompt; by `calls <form>`, all of its calls."""
    contents: Counter[str] = field(default_factory=Counter)
    by_file: Counter[str] = field(default_factory=Counter)

    def note(self, new_line: bool) -> None:
        """Count a record, and its line where it is the first of it."""
        self.records += 1
        self.lines += new_line

    def add(self, other: Tally) -> None:
        """Add the counts of another part of the reading."""
        for name in ("records", "lines", "estimated", "skipped", "without", "contents", "by_file"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


Used = TypeVar("Used")


@dataclass
class Block:
    """Calls of some records of a file as a table of WORKING, the bad ones (line, reason), and what was seen."""

    table: pa.Table
    bad: list[tuple[int, str]]
    seen: Tally
    file: str


def _each(records: Numbered, use: Callable[[int, Json], Used]) -> Iterator[tuple[int, Used | BadRecord | Skipped]]:
    """Each record's number, with what `use` makes of the record or why it is none. Every record is accounted for."""
    number, records = 0, iter(records)
    while True:
        try:
            number, record = next(records)
        except StopIteration:
            return
        except BrokenStream as error:
            number, record = number + 1, BadRecord(str(error))
        found: Used | BadRecord | Skipped
        try:
            found = record if isinstance(record, BadRecord) else use(number, record)
        except (BadRecord, Skipped) as error:
            found = error
        except UNEXPECTED as error:
            found = BadRecord(f"a field holds something unexpected ({type(error).__name__})")
        yield number, found


def blocks(records: Numbered, where: Source, side: Side) -> Iterator[Block]:
    """Records as calls, in blocks of at most BATCH calls and about BATCH_BYTES bytes. Every record is accounted for."""
    rows: list[Json] = []
    bad: list[tuple[int, str]] = []
    seen, size, before = Tally(), 0, 0
    parse = where.form.parse
    assert parse is not None  # a form has either `key` or `parse`

    def call(number: int, record: Json) -> tuple[Json, int]:
        row = parse(record, side)
        return row, _complete(row, where, number, seen)

    for number, found in _each(records, call):
        seen.note(number != before)
        before = number
        if isinstance(found, BadRecord):
            bad.append((number, found.reason))
        elif isinstance(found, Skipped):
            seen.skipped[found.what if len(seen.skipped) < MOST_SKIPPED else "others"] += 1
        else:
            rows.append(found[0])
            size += found[1]
        if len(rows) >= BATCH or len(bad) >= BATCH or size >= BATCH_BYTES:
            yield _block(rows, bad, seen, where)
            rows, bad, seen, size = [], [], Tally(), 0
    if rows or bad or seen.records:
        yield _block(rows, bad, seen, where)


def _block(rows: list[Json], bad: list[tuple[int, str]], seen: Tally, where: Source) -> Block:
    seen.by_file[where.name] += len(rows)
    seen.without[f"calls {where.form.name}"] += len(rows)
    return Block(_table(rows), bad, seen, where.name)


_split = lru_cache(maxsize=1 << 16)(split_of)


def _side_by_side(several: Iterable[Source]) -> Iterator[Block]:
    """Files of JSON lines as blocks in their order, read by all cores at once where it is worth starting them."""
    jobs = ((one.form, one.name, batch) for one in several for batch in _batches(raw_lines(one.path)))
    start, size = [], 0
    for job in jobs:
        start.append(job)
        size += sum(len(line) for _, line in job[2] if isinstance(line, bytes))
        if size >= WORTH:
            break
    every = chain(start, jobs)
    alone = size < WORTH or cpu_count() == 1
    found = (parsed(*job) for job in every) if alone else in_order(parsed, every, cpu_count())
    yield from chain.from_iterable(found)


def _batches(raw: Iterable[RawLine]) -> Iterator[list[RawLine]]:
    batch: list[RawLine] = []
    size = 0
    for number, line in raw:
        batch.append((number, line))
        size += len(line) if isinstance(line, bytes) else 0
        if size >= JOB_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def parsed(form: Form, name: str, batch: list[RawLine]) -> list[Block]:
    """The calls of a batch of lines of the file called `name`, which has this form."""
    where = Source(Path(name), form, "lines", name)
    gc.disable()  # records hold no circles, and looking for some takes a tenth of the time
    try:
        return list(blocks(line_records(batch), where, lambda _key: None))
    finally:
        gc.enable()


def _complete(row: Json, where: Source, number: int, seen: Tally) -> int:
    """Fill in what a form does not carry: id, split, estimated tokens, the request's hash. Returns the call's bytes."""
    asked, said = row["messages"], row["response"]
    request = orjson.dumps([row["requested_model"], asked, row["tools"]])
    if row["call_id"] is None:  # not of the file's name: a copy of a file has the same calls
        whole = f"{number}:".encode() + request + orjson.dumps([said, row["created_at"]])
        row["call_id"] = "call-" + hashlib.blake2b(whole, digest_size=12).hexdigest()
    row["call_id"], row["conversation_id"] = named_without(row["call_id"]), named_without(row["conversation_id"])
    row["source_file"], row["source_line"] = where.name, number
    row["split"] = _split(row["conversation_id"] or row["call_id"])
    row["request_hash"] = asked and int.from_bytes(hashlib.blake2b(request, digest_size=8).digest(), "big", signed=True)
    row["tokens_estimated"] = row["prompt_tokens"] is None or row["completion_tokens"] is None
    if row["prompt_tokens"] is None:
        texts = [one["content"] for one in asked or ()]
        row["prompt_tokens"] = sum(map(estimated_tokens, texts)) + 3 * len(texts) + estimated_tokens(row["tools"])
    if row["completion_tokens"] is None:
        row["completion_tokens"] = estimated_tokens(said)
    if row["kind"] == "chat" and is_scoring(asked, said):
        row["kind"] = "scoring"
    seen.estimated += row["tokens_estimated"]
    seen.without[where.form.name] += not asked
    for one in asked or ():
        if one["content"][:1] == "{":
            _count_contents(one["content"], seen.contents)
    if said and said[:1] == "{":
        _count_contents(said, seen.contents)
    return len(request) + len(said or "") + 200


def _count_contents(body: str, contents: Counter[str]) -> None:
    for sign, word in (
        ('"tool_calls":', "messages with tool calls"),
        ('"tool_call_id":', "tool results"),
        ('"image_url"', "messages with images"),
        ('"input_audio"', "messages with audio"),
        ('{"content":[', "messages of several parts"),
    ):
        contents[word] += sign in body


def _table(rows: list[Json]) -> pa.Table:
    values = dict(zip(_FILLED, zip(*map(itemgetter(*_FILLED), rows), strict=True), strict=True)) if rows else {}
    columns = [
        _array(values[kind.name], kind.type) if kind.name in values else pa.nulls(len(rows), kind.type)
        for kind in WORKING
    ]
    return pa.table(columns, schema=WORKING)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == MESSAGES:  # flat texts take a third of the time that nested objects take
        ends = accumulate((len(one or ()) for one in values), initial=0)
        starts = [None if one is None else end for one, end in zip(values, ends, strict=False)]
        flat = [message for one in values if one for message in one]
        parts = [pa.array([message[name] for message in flat], pa.string()) for name in ("role", "content")]
        return pa.ListArray.from_arrays(
            pa.array([*starts, len(flat)], pa.int32()), pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
        )
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


class Reading:
    """One pass over all sources into `working`, a Parquet file of calls in the log's order."""

    def __init__(self, folder: Path, progress: Callable[[str], object]):
        self.working, self.bad = folder / "working.parquet", BadLines(folder / "bad_lines.parquet")
        self.progress, self.seen = progress, Tally()
        self.halves = self.unanswered = 0
        self._joined = Joined(folder / "halves.sqlite")
        self._began = self._talked = time.monotonic()

    def read(self, found: list[Source]) -> None:
        """Read all sources into the working table, and join the two halves of Batch files."""
        with pq.ParquetWriter(self.working, WORKING, compression="zstd", compression_level=1) as writer:
            for where in (one for one in found if one.form.key):
                self._read_halves(where)
            calls = (one for one in found if not one.form.key)
            for of_lines, several in groupby(calls, lambda one: one.layout == "lines" and not one.form.joins):
                read = _side_by_side if of_lines else self._one_by_one
                for block in read(several):
                    self._take(block, writer)
        if any(one.form.name == "batch output" for one in found):
            self.unanswered = self._joined.count() - len(self._joined.used)
        self._joined.close()

    def _one_by_one(self, several: Iterable[Source]) -> Iterator[Block]:
        for where in several:
            pair = pair_of(where.path)
            yield from blocks(numbered(where), where, partial(self._joined.get, pair=pair))

    def _take(self, block: Block, writer: pq.ParquetWriter) -> None:
        for number, reason in block.bad:
            self.bad.add(block.file, number, reason)
        self.seen.add(block.seen)
        if len(block.table):
            writer.write_table(block.table)
        now = time.monotonic()
        if now - self._talked >= _TALK_EVERY_S:
            self._talked = now
            self.progress(f"read {self.seen.lines:,} lines ({self.seen.lines / (now - self._began):,.0f} a second)")

    def _read_halves(self, where: Source) -> None:
        pair, key_of = pair_of(where.path), where.form.key
        assert key_of is not None  # a form has either `key` or `parse`

        def halves() -> Iterator[tuple[str, str, Json]]:
            before = 0
            for number, found in _each(numbered(where), lambda _, record: key_of(record)):
                self.seen.note(number != before)
                before = number
                if isinstance(found, BadRecord | Skipped):
                    self.bad.add(where.name, number, str(found))
                else:
                    self.halves += 1
                    yield found[0], pair, found[1]

        self._joined.add(halves())
