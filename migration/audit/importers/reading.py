"""One pass over the sources of a log: records in, a working table and bad lines out, in batches.

Knows: what every call needs whichever form it came in (id, split, counted tokens, the hash of its request), and what
to tell of a log. Refuses to know: field names (form modules), what shows only across calls (`calls`).
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from migration.audit.importers.calls import WORKING, Finished, is_scoring
from migration.audit.importers.lines import BrokenStream
from migration.audit.importers.record import FIELDS, BadRecord, Json, Skipped, estimated_tokens
from migration.audit.importers.report import SHOWN, BadLine
from migration.audit.importers.sources import Joined, Source, numbered, pair_of
from migration.schema import split_of

BATCH = 4096
_BAD = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string())])
_TALK_EVERY_S = 5.0
_FILLED = (*FIELDS, "source_file", "source_line", "split", "request_hash", "tokens_estimated")
_READ_AS = {"created_at": pa.int64()}

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
        if self._waiting:
            self._flush()
        if self._writer:
            self._writer.close()
        return self.path if self._writer else None


class Reading:
    """One pass over all sources into `working`, a Parquet file of calls in the log's order."""

    def __init__(self, folder: Path, progress: Callable[[str], object]):
        self.working, self.bad = folder / "working.parquet", BadLines(folder / "bad_lines.parquet")
        self.progress = progress
        self.lines = 0
        self.skipped: Counter[str] = Counter()
        self.without: Counter[str] = Counter()  # by form: calls without a prompt; "calls <form>": all of it
        self.contents: Counter[str] = Counter()
        self.estimated = self.unanswered = 0
        self._joined = Joined(folder / "halves.sqlite")
        self._waiting: list[Json] = []
        self._began = self._talked = time.monotonic()

    def read(self, found: list[Source]) -> None:
        with pq.ParquetWriter(self.working, WORKING, compression="zstd", compression_level=1) as self._writer:
            for where in found:
                if where.form.key:
                    self._read_halves(where)
                else:
                    self._read_calls(where)
            self._flush()
        if any(one.form.name == "batch output" for one in found):
            self.unanswered = self._joined.count() - len(self._joined.used)
        self._joined.close()

    def _read_halves(self, where: Source) -> None:
        pair, name, key_of = pair_of(where.path), where.name, where.form.key
        assert key_of is not None  # a form has either `key` or `parse`

        def halves() -> Iterator[tuple[str, str, Json]]:
            for number, record in self._records(where):
                try:
                    key, value = key_of(record)
                except BadRecord as error:
                    self.bad.add(name, number, error.reason)
                    continue
                yield key, pair, value

        self._joined.add(halves())

    def _read_calls(self, where: Source) -> None:
        pair, name, parse = pair_of(where.path), where.name, where.form.parse
        assert parse is not None

        def side(key: str) -> Json | None:
            return self._joined.get(key, pair)

        for number, record in self._records(where):
            try:
                row = parse(record, side)
                self._complete(row, where.form.name, name, number)
            except BadRecord as error:
                self.bad.add(name, number, error.reason)
                continue
            except Skipped as error:
                self.skipped[error.what] += 1
                continue
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                self.bad.add(name, number, f"a field holds something unexpected ({type(error).__name__})")
                continue
            self._waiting.append(row)
            if len(self._waiting) >= BATCH:
                self._flush()

    def _records(self, where: Source) -> Iterator[tuple[int, Json]]:
        name, number, before = where.name, 0, 0
        try:
            for number, record in numbered(where):
                self.lines += number != before
                before = number
                if isinstance(record, BadRecord):
                    self.bad.add(name, number, record.reason)
                else:
                    yield number, record
        except BrokenStream as error:
            self.bad.add(name, number + 1, str(error))

    def _complete(self, row: Json, form: str, name: str, number: int) -> None:
        """Fill in what a form does not carry: id, split, estimated tokens, the request's hash; and count contents."""
        asked, said = row["messages"], row["response"]
        request = orjson.dumps([row["requested_model"], asked, row["tools"]])
        if row["call_id"] is None:
            whole = f"{name}:{number}:".encode() + request + orjson.dumps([said, row["created_at"]])
            row["call_id"] = "call-" + hashlib.blake2b(whole, digest_size=12).hexdigest()
        row["source_file"], row["source_line"] = name, number
        row["split"] = split_of(row["conversation_id"] or row["call_id"])
        row["request_hash"] = asked and int.from_bytes(
            hashlib.blake2b(request, digest_size=8).digest(), "big", signed=True
        )
        row["tokens_estimated"] = row["prompt_tokens"] is None or row["completion_tokens"] is None
        if row["prompt_tokens"] is None:
            texts = [one["content"] for one in asked or ()]
            row["prompt_tokens"] = sum(map(estimated_tokens, texts)) + 3 * len(texts) + estimated_tokens(row["tools"])
        if row["completion_tokens"] is None:
            row["completion_tokens"] = estimated_tokens(said)
        if row["kind"] == "chat" and is_scoring(asked, said):
            row["kind"] = "scoring"
        self.estimated += row["tokens_estimated"]
        self.without[f"calls {form}"] += 1
        self.without[form] += not asked
        for body in [one["content"] for one in asked or ()] + [said or ""]:
            if body[:1] == "{":
                self._count_contents(body)

    def _count_contents(self, body: str) -> None:
        for sign, word in (
            ('"tool_calls":', "messages with tool calls"),
            ('"tool_call_id":', "tool results"),
            ('"image_url"', "messages with images"),
            ('"input_audio"', "messages with audio"),
            ('{"content":[', "messages of several parts"),
        ):
            self.contents[word] += sign in body

    def _flush(self) -> None:
        if self._waiting:
            values = dict(zip(_FILLED, zip(*map(itemgetter(*_FILLED), self._waiting), strict=True), strict=True))
            columns = [
                pa.array(values[kind.name], _READ_AS.get(kind.name, kind.type)).cast(kind.type)
                if kind.name in values
                else pa.nulls(len(self._waiting), kind.type)
                for kind in WORKING
            ]
            self._writer.write_table(pa.table(columns, schema=WORKING))
            self._waiting.clear()
        now = time.monotonic()
        if now - self._talked >= _TALK_EVERY_S:
            self._talked = now
            self.progress(f"read {self.lines:,} lines ({self.lines / (now - self._began):,.0f} a second)")


def notes_of(reading: Reading, done: Finished) -> list[str]:
    """What a person should know of an import beyond its counts, a sentence each."""
    notes = []
    for form in [key.removeprefix("calls ") for key in reading.without if key.startswith("calls ")]:
        absent, all_calls = reading.without[form], reading.without[f"calls {form}"]
        if absent:
            advice = _NO_PROMPTS.get(form, "log them")
            notes.append(f"prompts are absent in {absent:,} of {all_calls:,} records ({form}): {advice}")
    kept = ", ".join(f"{n:,} {word}" for word, n in reading.contents.items() if n)
    if kept:
        notes.append(f"kept as JSON: {kept}")
    if reading.estimated:
        notes.append(f"tokens were estimated (4 characters each) for {reading.estimated:,} calls whose log counts none")
    if reading.unanswered > 0:
        notes.append(f"{reading.unanswered:,} batch requests have no answer in the output files")
    if reading.skipped:
        notes.append("left out as no model calls: " + ", ".join(f"{n:,} {what}" for what, n in reading.skipped.items()))
    if done.unknown_models:
        names = ", ".join(f"{name} ({n:,} calls)" for name, n in done.unknown_models.most_common(8))
        notes.append(f"the price is unknown, so the cost is too, of {names}: name it in a price file")
    if done.priced_and_logged_usd and abs(done.logged_cost_usd / done.priced_and_logged_usd - 1) > 0.02:
        notes.append(
            f"the log's own costs add up to ${done.logged_cost_usd:,.2f}, the price table's to "
            f"${done.priced_and_logged_usd:,.2f}: a contract price, discount or cache that the table does not know?"
        )
    return notes
