"""Where a log lies: files, folders, globs; which form each file has; its records, numbered; what joins to what.

Files and their forms, and the side table that joins two halves of a call. Out of scope: what a call holds.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from migration.audit.importers import rows
from migration.audit.importers.forms import EXPECTED, Form, recognised, records, tables
from migration.audit.importers.forms.record import BadRecord, Json
from migration.audit.importers.lines import BrokenStream, chunks, head, lines
from migration.errors import BadInput

SNIFFED, SNIFFED_BYTES = 200, 1 << 25
"""Lines, and bytes of them, looked at to tell a file's form."""
LARGEST_DOCUMENT = 1 << 29
"""512 MiB: JSON that is one document rather than a record a line is read whole, and not beyond this."""

Numbered = Iterator[tuple[int, Json | BadRecord]]


@dataclass(frozen=True)
class Source:
    """A file and its form. `layout` is lines, document, csv or parquet."""

    path: Path
    form: Form
    layout: str
    name: str = ""


def named(sources: list[Source]) -> list[Source]:
    """The sources, each with the shortest name that tells it from the others: never a path of the whole machine."""
    alone = Counter(one.path.name for one in sources)
    root = os.path.commonpath([one.path.absolute().parent for one in sources])
    return [
        replace(one, name=one.path.name if alone[one.path.name] == 1 else os.path.relpath(one.path, root))
        for one in sources
    ]


def files(traffic: str | Path | list[str] | list[Path]) -> list[Path]:
    """The files that `traffic` names: files, folders (all within), globs. Raises BadInput where one names nothing."""
    found: list[Path] = []
    for one in [traffic] if isinstance(traffic, str | Path) else traffic:
        path = Path(one).expanduser()
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        elif path.exists():
            if not path.is_file():
                raise BadInput(f"{one} is no regular file: copy what it gives into one")
            inside = [path]
        else:
            inside = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
        if not inside:
            raise BadInput(f"{one} does not exist" if not path.is_dir() else f"the folder {one} holds no file")
        found += [file for file in inside if file not in found]
    if not found:
        raise BadInput(f"no traffic was named; expected {EXPECTED}")
    return found


def apart(paths: list[Path]) -> tuple[list[Path], list[str]]:
    """Each file once, whatever its names (links); and a note for each further name."""
    first: dict[tuple[int, int], Path] = {}
    notes = []
    for path in paths:
        about = path.stat()
        same = first.setdefault((about.st_dev, about.st_ino), path)
        if same is not path:
            notes.append(f"{path.name} is a link to {same.name}: it was read once")
    return list(first.values()), notes


def not_written(paths: list[Path], traffic: str | Path | list[str] | list[Path], out: Path) -> list[Path]:
    """The files to read, without what an earlier import left at `out` in a folder or glob that was named.

    Raises BadInput where writing `out` (or `bad_lines.parquet` beside it) would overwrite traffic.
    """
    named = {Path(one).expanduser().absolute() for one in ([traffic] if isinstance(traffic, str | Path) else traffic)}
    kept = []
    for path in paths:
        target = next((t for t in (out, out.with_name(BAD_LINES)) if t.exists() and t.samefile(path)), None)
        if target is None:
            kept.append(path)
        elif path.absolute() in named or path.is_symlink() or not _is_a_result(path):
            raise BadInput(f"{target} is part of the traffic and would be overwritten: write to another place")
    return kept or paths


BAD_LINES = "bad_lines.parquet"
"""Where an import tells its bad lines, beside its calls table."""


def _is_a_result(path: Path) -> bool:
    """Whether a file is what an import leaves: a calls table, or bad lines."""
    if head(path)[:4] != b"PAR1":
        return False
    names = set(rows.parquet_rows(path)[0])
    return tables.is_our_own(names) or names == {"file", "line", "reason"}


def source(path: Path, family: str, columns: dict[str, str] | None) -> Source:
    """The source that `path` is. Raises BadInput saying what was expected where no form fits."""
    try:
        return _source(path, family, columns)
    except BrokenStream as error:  # before anything told the form
        raise BadInput(f"{path} cannot be read: {error}") from error


def _source(path: Path, family: str, columns: dict[str, str] | None) -> Source:
    first = head(path)
    if not first:
        raise BadInput(f"{path} is empty; expected {EXPECTED}")
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadInput(f"{path} is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
    if first[:4] == b"PAR1":
        names, _ = rows.parquet_rows(path)
        return Source(path, _table_form(path, names, family, columns), "parquet")
    start = _first_lines(path)
    layout, several = _json_records(path, start)
    if several:
        return Source(path, _json_form(path, several, family, columns), layout)
    if family in ("auto", "table") and start and _is_header(start[0]):
        names, _ = rows.csv_rows(path)
        return Source(path, _table_form(path, names, family, columns), "csv")
    raise BadInput(f"{path} holds nothing usable{_of(family)}; expected {EXPECTED}")


def _json_records(path: Path, start: list[bytes]) -> tuple[str, list[Json]]:
    """The layout of a JSON file and its first records; none where it is no JSON. start: its first lines."""
    parsed = [value for line in start if (value := _parsed(line)) is not None]
    several = [one for value in parsed for one in _records(value) if isinstance(one, dict)]
    if several or not start or start[0].lstrip()[:1] not in (b"[", b"{"):
        return "lines", several
    return "document", [one for _, one in _document(path) if isinstance(one, dict)][:SNIFFED]


def _json_form(path: Path, several: list[Json], family: str, columns: dict[str, str] | None) -> Form:
    """The form of JSON records: a known one, else a table's whose columns are their fields."""
    by_name = family == "table" or columns is not None
    if not by_name and (form := recognised(several, family)):
        return form
    if by_name or family == "auto":
        names = list(dict.fromkeys(name for one in several for name in one))
        if by_name or not tables.lacking(names):
            return _table_form(path, names, "table", columns)
    raise BadInput(
        f"{path} is JSON of no form known here{_of(family)}; expected {EXPECTED}. Where its fields have names of their "
        f"own, say what they hold with a column mapping, {tables.MAPPING}"
    )


def _of(family: str) -> str:
    return "" if family == "auto" else f" (looked for: {family})"


def _first_lines(path: Path) -> list[bytes]:
    """The first lines with something in them, a byte order mark taken off."""
    found: list[bytes] = []
    size = 0
    try:
        for _, line in lines(path):
            if line and line.strip():
                found.append(line if found else line.removeprefix(b"\xef\xbb\xbf"))
            size += len(line or b"")
            if len(found) == SNIFFED or size > SNIFFED_BYTES:
                break
    except BrokenStream:
        pass  # reported when the file is read; its good beginning still tells the form
    return found


def _parsed(line: bytes) -> dict[str, object] | list[object] | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:  # another form is tried; lines of none are counted
        return None
    return value if isinstance(value, dict | list) else None


def _is_header(line: bytes) -> bool:
    return bool(re.fullmatch(rb"[^\x00-\x08\x0e-\x1f]{3,65536}", line)) and re.search(rb"[,;\t|]", line) is not None


def _table_form(path: Path, names: list[str], family: str, columns: dict[str, str] | None) -> Form:
    """The form of a table: a calls.parquet, a JSON form kept in columns, else columns by name or mapping."""
    if tables.is_our_own(set(names)) and not columns:
        return Form("calls table", "table", lambda _: True, parse=tables.our_own)
    known = recognised([dict.fromkeys(names)], family) if not columns and family != "table" else None
    if known and known.name != "openai log":
        return known
    return Form("table", "table", lambda _: True, parse=tables.table(tables.mapped(names, columns, path)))


def numbered(where: Source) -> Numbered:
    """The records of a source with the line (or row) of each; what is no record comes as a BadRecord.

    Raises BrokenStream after the last good record of a damaged file.
    """
    if where.layout == "parquet":
        yield from rows.parquet_rows(where.path)[1]
    elif where.layout == "csv":
        yield from rows.csv_rows(where.path)[1]
    elif where.layout == "document":
        yield from _document(where.path)
    else:
        yield from line_records(raw_lines(where.path))


RawLine = tuple[int, bytes | BadRecord]


def raw_lines(path: Path) -> Iterator[RawLine]:
    """The lines of a file that hold something, numbered from 1; what cannot be read as a line is a BadRecord."""
    number = 0
    try:
        for number, line in lines(path):
            if line is None:
                yield number, BadRecord("longer than 64 MiB")
            elif line.strip():
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except BrokenStream as error:
        yield number + 1, BadRecord(str(error))


def line_records(raw: Iterable[RawLine]) -> Numbered:
    """The records in lines of JSON."""
    for number, line in raw:
        if isinstance(line, BadRecord):
            yield number, line
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield number, BadRecord(why_not_json(line, error))
            continue
        for record in _records(value):
            yield number, record


def _records(value: object) -> Iterator[Json | BadRecord]:
    try:
        for record in records(value):
            yield record if isinstance(record, dict) else BadRecord("not an object")
    except BadRecord as error:
        yield error


def why_not_json(line: bytes, error: orjson.JSONDecodeError) -> str:
    """Why a line is no JSON: its encoding, its end missing, or the parser's words."""
    try:
        line.decode()
    except UnicodeDecodeError:  # the reason that is reported
        return "not UTF-8"
    if line.lstrip()[:1] in (b"{", b"[") and line.rstrip()[-1:] not in (b"}", b"]"):
        return "not JSON (cut off)"
    ended = error.pos >= len(line.decode()) - 1 or "unexpected end" in error.msg
    return "not JSON (cut off)" if ended and line.lstrip()[:1] in (b"{", b"[") else "not JSON"


def _document(path: Path) -> Numbered:
    """The records of a JSON file that is one value. Their lines are not known: the record's own number stands in."""
    whole, size = [], 0
    for chunk in chunks(path):
        size += len(chunk)
        if size > LARGEST_DOCUMENT:
            raise BadInput(f"{path} is one JSON document of over 512 MiB; make it a record a line: jq -c '.[]' FILE")
        whole.append(chunk)
    try:
        value = orjson.loads(b"".join(whole).removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{path} is neither JSON lines nor one JSON document ({error}); expected {EXPECTED}") from error
    yield from enumerate(_records(value), 1)
