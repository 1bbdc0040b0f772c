"""What an import found, as a value that shows itself.

Its names and reasons come from a log: nothing in them steers a terminal or a page. Out of scope: how they were found.
"""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from migration.audit.importers.forms.record import printable

SHOWN = 1000
"""Bad lines a report carries itself; all of them are in `bad_lines.parquet`."""


@dataclass(frozen=True)
class BadLine:
    """A line that could not be used: its file's name, its number from 1, why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """The account of an import: every record of the log is a call, a bad line, one of `skipped`, or one of `halves`.

    records = calls + bad + the sum of skipped + halves. `halves` are records that others are joined with (requests of a
    batch, messages of stored completions); `lines` are those of the files that held something.

    `bad_lines` holds the first SHOWN of `bad`; `bad_file` holds all (columns file, line, reason), null where there is
    none. `kinds` counts calls by kind, `unknown_models` the calls whose cost is unknown, `skipped` records that are
    fine but no model calls. `cost_usd` sums the known costs.
    """

    out: Path
    format: str
    files: int
    lines: int
    calls: int
    bad: int
    records: int = 0
    halves: int = 0
    bad_lines: tuple[BadLine, ...] = ()
    bad_file: Path | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown_models: Counter[str] = field(default_factory=Counter)
    cost_usd: float = 0.0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in self.kinds.most_common())
        head = f"{self.calls:,} calls ({kinds}) from {self.lines:,} lines of {self.files} file(s), form: {self.format}"
        bad = [f"{self.bad:,} bad lines: " + _counted(self.reasons)] if self.bad else ["no bad line"]
        bad += [f"  {printable(one.file)}:{one.line}: {one.reason}" for one in self.bad_lines[:5]]
        bad += [f"  ... all of them in {self.bad_file}"] if self.bad > 5 else []
        return "\n".join([head, *bad, *map(partial(printable, longest=600), self.notes)])

    def _repr_html_(self) -> str:
        rows = {
            "Form": self.format,
            "Files": f"{self.files:,}",
            "Lines": f"{self.lines:,}",
            "Calls": f"{self.calls:,} ({_counted(self.kinds)})",
            "Bad lines": f"{self.bad:,}" + (f" ({_counted(self.reasons)})" if self.bad else ""),
        }
        if self.skipped:
            rows["Not model calls"] = _counted(self.skipped)
        if self.unknown_models:
            rows["Price unknown"] = _counted(self.unknown_models)
        table = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows.items())
        shown = "".join(
            f"<tr><td>{html.escape(printable(one.file))}</td><td>{one.line:,}</td><td>{html.escape(one.reason)}</td></tr>"
            for one in self.bad_lines[:10]
        )
        bad = f"<table><tr><th>File</th><th>Line</th><th>Why it was left out</th></tr>{shown}</table>" if shown else ""
        notes = "".join(f"<li>{html.escape(printable(note, 600))}</li>" for note in self.notes)
        return f"<table>{table}</table>{bad}" + (f"<ul>{notes}</ul>" if notes else "")


def _counted(counts: Counter[str], most: int = 12) -> str:
    said = ", ".join(f"{printable(str(word), 60)} {n:,}" for word, n in counts.most_common(most))
    return said + (f" and {len(counts) - most} more" if len(counts) > most else "")
