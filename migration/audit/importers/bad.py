"""Lines that cannot be used, on their way to a file: all of them there, the first ones and all counts at hand.

Out of scope: why a line is bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from migration.audit.importers.report import SHOWN, BadLine

_WAITING = 4096
"""Lines that are in memory at once."""
_BAD = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string())])


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
        if len(self._waiting) >= _WAITING:
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
