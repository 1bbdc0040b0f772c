"""What an import found, as a value that shows itself.

Its names and reasons come from a log: nothing in them steers a terminal or a page. Out of scope: how they were found.
"""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migration.audit.importers.forms.record import printable

if TYPE_CHECKING:
    from migration.audit.importers.calls import Finished
    from migration.audit.importers.reading import Reading

SHOWN = 1000
"""Bad lines a report carries itself; all of them are in `bad_lines.parquet`."""
_NO_PROMPTS = {
    "litellm": "set `store_prompts_in_spend_logs: true` under `general_settings` of the proxy's configuration",
    "helicone": "export with `--include-body`",
    "langfuse": "let the SDK capture input and output, and export observations with these fields",
    "otel spans": "set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true (or your SDK's own option)",
    "stored completions": "add the messages lists (/v1/chat/completions/{id}/messages) to the traffic",
    "batch output": "add the batch's input file to the traffic",
}


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
