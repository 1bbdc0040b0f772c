"""Traffic in: whatever a team's logging already writes becomes calls.parquet.

The order of work: find files, tell their forms, stream, finish. No log is ever held whole: rows go through in batches.
Out of scope: field names (form modules), what a call is worth (`calls`, `prices`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from migration.audit.importers.calls import Finished, finish
from migration.audit.importers.forms import EXPECTED, FAMILIES
from migration.audit.importers.forms.tables import column_mapping
from migration.audit.importers.reading import Reading
from migration.audit.importers.report import BadLine, ImportReport, notes_of
from migration.audit.importers.sources import BAD_LINES, Source, apart, files, named, not_written, source
from migration.audit.prices import contract
from migration.errors import BadInput

__all__ = ["BadLine", "ImportReport", "column_mapping", "import_log"]


def import_log(
    traffic: str | Path | list[str] | list[Path],
    out: str | Path,
    *,
    format: str = "auto",
    columns: dict[str, str] | None = None,
    retry_window_s: float = 120,
    prices: str | Path | None = None,
    progress: Callable[[str], object] = print,
) -> ImportReport:
    """Read `traffic` (files, folders, globs) into `out`, a calls.parquet (columns: `calls.COLUMNS`).

    `format` is `auto` or one of FAMILIES; `columns` maps our names to a table's; a request seen again within
    `retry_window_s` of a failed try is a retry; `prices` is a contract file (see `prices`). A line that cannot be used
    is counted, with its number and reason, in the report and in `bad_lines.parquet` beside `out`; the rest goes on.
    `out` is written whole or not at all. Raises BadInput where a file is missing or nothing is usable.
    """
    if format not in ("auto", *FAMILIES):
        raise BadInput(f"the format {format!r} is unknown; it may be auto, {', '.join(FAMILIES)}")
    began, out, agreed = time.monotonic(), Path(out), contract(prices)
    paths, linked = apart(not_written(files(traffic), traffic, out))
    found, unknown = _sources(paths, format, columns)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        reading = Reading(Path(folder), progress)
        reading.read(found)
        target = Path(folder) / out.name
        done = finish(reading.working, target, reading.bad.add, retry_window_s=retry_window_s, agreed=agreed)
        bad_file = reading.bad.close()
        if not done.calls:
            raise BadInput(_nothing(reading, traffic))
        target.replace(out)
        kept = out.with_name(BAD_LINES)
        kept.unlink(missing_ok=True)
        if bad_file:
            bad_file.replace(kept)
    return _report(out, found, linked + unknown, reading, done, kept if bad_file else None, time.monotonic() - began)


def _report(
    out: Path, found: list[Source], unknown: list[str], reading: Reading, done: Finished, bad_file: Path | None,
    seconds: float,
) -> ImportReport:  # fmt: skip
    """What was read, what was not, and what the reader should know."""
    return ImportReport(
        out=out,
        format=", ".join(sorted({one.form.name for one in found})),
        files=len(found),
        lines=reading.seen.lines,
        records=reading.seen.records,
        halves=reading.halves,
        calls=done.calls,
        bad=reading.bad.count,
        bad_lines=tuple(sorted(reading.bad.first, key=lambda one: (one.file, one.line))),
        bad_file=bad_file,
        reasons=reading.bad.reasons,
        kinds=done.kinds,
        skipped=reading.seen.skipped,
        unknown_models=done.unknown_models,
        cost_usd=done.cost_usd,
        notes=(*unknown, *notes_of(reading, done)),
        seconds=round(seconds, 2),
    )


def _sources(paths: list[Path], family: str, columns: dict[str, str] | None) -> tuple[list[Source], list[str]]:
    """The sources, halves that others join first; and a note for each file among several that is no log."""
    found, unknown = [], []
    for path in paths:
        try:
            found.append(source(path, family, columns))
        except BadInput as error:
            if len(paths) == 1:
                raise
            unknown.append(f"{path.name} was left out: {str(error).partition('; expected')[0]}")
    if not any(one.form.parse for one in found):
        halves = ", ".join(sorted({one.form.name for one in found}))
        raise BadInput(
            f"the traffic holds only {halves}: add the file with the answers"
            if found
            else unknown[0] + f"; expected {EXPECTED}"
        )
    return sorted(named(found), key=lambda one: one.form.parse is not None), unknown


def _nothing(reading: Reading, traffic: object) -> str:
    worst = ", ".join(f"{reason} {n:,}" for reason, n in (reading.bad.reasons + reading.seen.skipped).most_common(4))
    return f"no usable call in {traffic} ({worst or 'no record at all'}); expected {EXPECTED}"
