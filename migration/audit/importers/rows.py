"""Rows of CSV and Parquet files, numbered, each exactly once: what is no row comes as a BadRecord.

Out of scope: what a row's columns mean (`tables`).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from migration.audit.importers.forms.record import BadRecord, Json, printable
from migration.audit.importers.lines import LONGEST_LINE, lines
from migration.errors import BadInput

Rows = Iterator[tuple[int, Json | BadRecord]]
Line = tuple[int, str | None]
"""A line of a CSV file: its number from 1 and its text, None where it is longer than LONGEST_LINE."""

BATCH_BYTES = 1 << 25
UNREADABLE = "a value of this row cannot be read"
LOST = 1 << 20
"""Rows of damaged Parquet that are reported one by one; a file that says it holds more is not believed."""


def csv_rows(path: Path) -> tuple[list[str], Rows]:
    """(column names, rows with the line each begins on). What does not fit the header comes as a BadRecord.

    A quote that is never closed costs its own line: the lines that it took in are read again.
    """
    csv.field_size_limit(LONGEST_LINE)
    source = _decoded(path)
    first = (next(source, (1, ""))[1] or "").removeprefix("\ufeff")
    delimiter = max(",;\t|", key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error as error:
        raise BadInput(f"{path} has a header that is no CSV ({error})") from error
    return names, _csv_rows(_Lines(source), names, delimiter)


def _decoded(path: Path) -> Iterator[Line]:
    for number, line in lines(path):
        yield number, None if line is None else line.decode("utf-8", "surrogateescape") + "\n"


class _Lines:
    """Lines for one record after another; those of a record that failed can be taken back."""

    def __init__(self, source: Iterator[Line]):
        self._source, self._again = source, deque[Line]()
        self.taken: list[Line] = []
        self.cut = False

    def record(self) -> Iterator[str]:
        """The lines of the next record, as many as its reader asks for, up to LONGEST_LINE characters in all."""
        self.taken, self.cut, size = [], False, 0
        while True:
            line = self._again.popleft() if self._again else next(self._source, None)
            if line is not None:
                self.taken.append(line)
            if line is None or line[1] is None or (size := size + len(line[1])) > LONGEST_LINE:
                self.cut = True
                return
            yield line[1]

    def take_back(self) -> None:
        """All lines of the record but its first are read again."""
        self._again.extendleft(reversed(self.taken[1:]))


def _csv_rows(source: _Lines, names: list[str], delimiter: str) -> Rows:
    while True:
        try:
            values, wrong = next(csv.reader(source.record(), delimiter=delimiter, strict=True), None), None
        except csv.Error as error:
            values, wrong = None, str(error)
        if not source.taken:
            return
        number, text = source.taken[0]
        if text is None:
            source.take_back()
            yield number, BadRecord("longer than 64 MiB")
        elif source.cut or (wrong and len(source.taken) > 1):
            source.take_back()
            yield number, BadRecord("a quote opens here and is not closed")
        elif wrong and (values := _lenient(text, delimiter)) is None:
            yield number, BadRecord(f"bad CSV ({wrong})")
        elif values:
            yield number, _row(values, names)


def _lenient(text: str, delimiter: str) -> list[str] | None:
    """The values of a line whose quotes are not strict CSV (`"12" screen"`), None where there are none."""
    try:
        return next(csv.reader([text], delimiter=delimiter), None)
    except csv.Error:  # the line is then counted as unreadable
        return None


def _row(values: list[str], names: list[str]) -> Json | BadRecord:
    if len(values) != len(names):
        return BadRecord(f"{len(values)} fields where the header has {len(names)}")
    if any(not value.isascii() and not _is_utf8(value) for value in values):
        return BadRecord("not UTF-8")
    return dict(zip(names, values, strict=True))


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # the answer to the question
        return False
    return True


def parquet_rows(path: Path) -> tuple[list[str], Rows]:
    """(column names, rows numbered from 1). Raises BadInput where the file is no readable Parquet.

    Rows that lie in a damaged part of the file come as BadRecords.
    """
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        names, rows = file.schema_arrow.names, file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        why = printable(next(iter(str(error).splitlines()), type(error).__name__))
        raise BadInput(f"{path} is not readable Parquet: {why}") from error
    if len(set(names)) < len(names):
        raise BadInput(f"{path} has two columns of one name")
    return names, _parquet_rows(file, rows)


def _parquet_rows(file: pq.ParquetFile, rows: int) -> Rows:
    number = 0
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        if not 0 <= about.num_rows <= rows:
            break
        end = number + about.num_rows
        size = max(1, min(2048, BATCH_BYTES * about.num_rows // max(1, about.total_byte_size)))
        try:
            for batch in file.iter_batches(size, row_groups=[group]):
                for row in _plain_rows(batch):
                    number += 1
                    yield number, row
        except (pa.ArrowException, OSError, ValueError, MemoryError):
            pass  # told below, row by row
        for number in range(number + 1, min(end, number + LOST) + 1):  # noqa: B020
            yield number, BadRecord("in a damaged part of the Parquet file")
        number = end
    for number in range(number + 1, min(rows, number + LOST) + 1):  # noqa: B020
        yield number, BadRecord("in a damaged part of the Parquet file")


def _plain_rows(batch: pa.RecordBatch) -> Iterator[Json | BadRecord]:
    try:
        yield from batch.to_pylist()
        return
    except (pa.ArrowException, ValueError, OverflowError, TypeError):
        pass  # one of its values: the others are good
    for place in range(batch.num_rows):
        try:
            yield batch.slice(place, 1).to_pylist()[0]
        except (pa.ArrowException, ValueError, OverflowError, TypeError):
            yield BadRecord(UNREADABLE)
