"""Two halves of a call that lie in two files: a batch's requests and answers, stored completions and their messages.

Out of scope: which files there are (`sources`), what a half holds (form modules)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import orjson

from migration.audit.importers.forms.record import Json


class Joined:
    """The other halves of calls, by key, in a file: a batch's requests, stored completions' messages.

    Keys are unique within a batch only, so a file is asked first for the half that lies in the file of its own
    name (`march_output.jsonl` and `march_input.jsonl`), then for one from any file if there is just one.
    """

    def __init__(self, path: Path):
        self._table = sqlite3.connect(path)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("CREATE TABLE halves (key TEXT, pair TEXT, value BLOB)")
        self.used: set[tuple[str, str]] = set()

    def add(self, rows: Iterable[tuple[str, str, Json]]) -> None:
        """Keep halves: (key, pair of files, record)."""
        packed = ((key, pair, orjson.dumps(value)) for key, pair, value in rows)
        self._table.executemany("INSERT INTO halves VALUES (?, ?, ?)", packed)
        self._table.execute("CREATE INDEX IF NOT EXISTS by_key ON halves (key)")

    def get(self, key: str, pair: str) -> Json | None:
        """The other half of a record: that of its own pair of files, else the only one with this key."""
        found = self._table.execute("SELECT pair, value FROM halves WHERE key = ?", (key,)).fetchall()
        mine = [row for row in found if row[0] == pair] or (found if len(found) == 1 else [])
        if not mine:
            return None
        self.used.add((key, mine[-1][0]))
        return orjson.loads(mine[-1][1])

    def count(self) -> int:
        """How many halves there are, each key of a file once."""
        return self._table.execute("SELECT count(*) FROM (SELECT DISTINCT key, pair FROM halves)").fetchone()[0]

    def close(self) -> None:
        """Close the table; its file is temporary."""
        self._table.close()


def pair_of(path: Path) -> str:
    """What two halves' file names have in common: the name without its input/output word and its suffixes."""
    name = path.name.split(".")[0].lower()
    return re.sub(r"[-_ ]*(?:input|output|requests?|responses?|results?|messages|in|out)(?=$|[-_ ])", "", name)
