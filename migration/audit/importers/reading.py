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
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import cpu_count

from migration.audit.cores import in_order
from migration.audit.importers.calls import WORKING, Finished, is_scoring
from migration.audit.importers.forms import Form
from migration.audit.importers.forms.openai import Side
from migration.audit.importers.forms.record import FIELDS, BadRecord, Json, Skipped, estimated_tokens
from migration.audit.importers.lines import BrokenStream
from migration.audit.importers.report import SHOWN, BadLine
from migration.audit.importers.sources import (
    Joined,
    Numbered,
    RawLine,
    Source,
    line_records,
    numbered,
    pair_of,
    raw_lines,
)
from migration.audit.pii import named_without
from migration.schema import MESSAGES, split_of

BATCH, BATCH_BYTES = 4096, 1 << 26
"""Calls, or bytes of them, that are in memory at once."""
JOB_BYTES, WORTH = 1 << 22, 1 << 25
"""Bytes of lines that a worker takes at a time, and bytes of a log from which on workers are worth their start."""
MOST_SKIPPED = 100
UNEXPECTED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a parser may meet in a field of another type than its form has."""
_BAD = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string())])
_TALK_EVERY_S = 5.0
_FILLED = (*FIELDS, "source_file", "source_line", "split", "request_hash", "tokens_estimated")

_NO_PROMPTS = {
    "litellm": "set `store_prompts_in_spend_logs: true` under `general_settings` of the proxy's configuration",
    "helicone": "export with `--include-body`",
    "langfuse": "let the SDK capture input and output, and export observations with these fields",
    "otel spans": "set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true (or your SDK's own option)",
    "stored completions": "add the messages lists (/v1/chat/completions/{id}/messages) to the traffic",
    "batch output": "add the batch's input file to the traffic",
}


@dataclass
class BadLines:
    """Bad lines on their way to a file; the first of them and all counts at hand."""

    path: Path
    count: int = 0
    first: list[BadLine] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[str, int, str]] = field(default_factory=list)
    _writer: pq.ParquetWriter | None = None

    def add(self, file: str, line: int, reason: str) -> None:
        """Note a line that cannot be used; the first few are kept for the notebook, all go to the file."""
        self.count += 1
        self.reasons[reason] += 1
        if len(self.first) < SHOWN:
            self.first.append(BadLine(file, line, reason))
        self._waiting.append((file, line, reason))
        if len(self._waiting) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._writer = self._writer or pq.ParquetWriter(self.path, _BAD, compression="zstd")
        arrays = [
            pa.array(values, kind.type) for values, kind in zip(zip(*self._waiting, strict=True), _BAD, strict=True)
        ]
        self._writer.write_table(pa.table(arrays, schema=_BAD))
        self._waiting.clear()

    def close(self) -> Path | None:
        """Write what is left. Returns the file of bad lines, None where there was none."""
        if self._waiting:
            self._flush()
        if self._writer:
            self._writer.close()
        return self.path if self._writer else None


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

    def add(self, other: Tally) -> None:
        """Add the counts of another part of the reading."""
        for name in ("records", "lines", "estimated", "skipped", "without", "contents", "by_file"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Block:
    """Calls of some records of a file as a table of WORKING, the bad ones (line, reason), and what was seen."""

    table: pa.Table
    bad: list[tuple[int, str]]
    seen: Tally
    file: str


def blocks(records: Numbered, where: Source, side: Side) -> Iterator[Block]:
    """Records as calls, in blocks of at most BATCH calls and about BATCH_BYTES bytes. Every record is accounted for."""
    rows: list[Json] = []
    bad: list[tuple[int, str]] = []
    seen, size, number, before = Tally(), 0, 0, 0
    parse = where.form.parse
    assert parse is not None  # a form has either `key` or `parse`
    records = iter(records)
    while True:
        try:
            number, record = next(records)
        except StopIteration:
            break
        except BrokenStream as error:
            number, record = number + 1, BadRecord(str(error))
        seen.records += 1
        seen.lines += number != before
        before = number
        try:
            if isinstance(record, BadRecord):
                raise record
            row = parse(record, side)
            size += _complete(row, where, number, seen)
            rows.append(row)
        except BadRecord as error:
            bad.append((number, error.reason))
        except Skipped as error:
            seen.skipped[error.what if len(seen.skipped) < MOST_SKIPPED else "others"] += 1
        except UNEXPECTED as error:
            bad.append((number, f"a field holds something unexpected ({type(error).__name__})"))
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
    if size < WORTH or cpu_count() == 1:
        found: Iterable[list[Block]] = (parsed(*job) for job in every)
    else:
        found = in_order(parsed, every, cpu_count())
    for blocks_of_job in found:
        yield from blocks_of_job


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
        self.progress = progress
        self.seen = Tally()
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
            number, before, records = 0, 0, iter(numbered(where))
            while True:
                try:
                    number, record = next(records)
                except StopIteration:
                    return
                except BrokenStream as error:
                    number, record = number + 1, BadRecord(str(error))
                self.seen.records += 1
                self.seen.lines += number != before
                before = number
                try:
                    if isinstance(record, BadRecord):
                        raise record
                    key, value = key_of(record)
                except BadRecord as error:
                    self.bad.add(where.name, number, error.reason)
                    continue
                except UNEXPECTED as error:
                    self.bad.add(where.name, number, f"a field holds something unexpected ({type(error).__name__})")
                    continue
                self.halves += 1
                yield key, pair, value

        self._joined.add(halves())


def notes_of(reading: Reading, done: Finished) -> list[str]:
    """What a person should know of an import beyond its counts, a sentence each."""
    notes, seen = [], reading.seen
    for form in [key.removeprefix("calls ") for key in seen.without if key.startswith("calls ")]:
        absent, all_calls = seen.without[form], seen.without[f"calls {form}"]
        if absent:
            advice = _NO_PROMPTS.get(form, "log them")
            notes.append(f"prompts are absent in {absent:,} of {all_calls:,} records ({form}): {advice}")
    kept = ", ".join(f"{n:,} {word}" for word, n in seen.contents.items() if n)
    if kept:
        notes.append(f"kept as JSON: {kept}")
    if seen.estimated:
        notes.append(f"tokens were estimated (4 characters each) for {seen.estimated:,} calls whose log counts none")
    for file, n in done.repeats.items():
        if n == seen.by_file[file]:
            notes.append(f"all {n:,} calls of {file} are in the other files too: a copy? Each call counts once")
    if reading.unanswered > 0:
        notes.append(f"{reading.unanswered:,} batch requests have no answer in the output files")
    if seen.skipped:
        notes.append("left out as no model calls: " + ", ".join(f"{n:,} {what}" for what, n in seen.skipped.items()))
    if done.unknown_models:
        names = ", ".join(f"{name} ({n:,} calls)" for name, n in done.unknown_models.most_common(8))
        notes.append(f"the price is unknown, so the cost is too, of {names}: name it in a price file")
    if done.priced_and_logged_usd and abs(done.logged_cost_usd / done.priced_and_logged_usd - 1) > 0.02:
        notes.append(
            f"the log's own costs add up to ${done.logged_cost_usd:,.2f}, the price table's to "
            f"${done.priced_and_logged_usd:,.2f}: a contract price, discount or cache that the table does not know?"
        )
    return notes
