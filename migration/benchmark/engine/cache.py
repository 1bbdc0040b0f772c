"""Answers that are never computed twice: one sqlite table, each answer committed the moment it is there.

Covers: keys and values. Out of scope: what an answer is. The key is a hash of everything the answer depends on
(model, adapter, number format, prompt, decoding), so a changed setting recomputes what it touches and no more, and
a process killed at any moment loses only the answers it had not finished.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration.errors import DamagedFile

_ANSWERS = """CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value TEXT NOT NULL,
    computed INTEGER NOT NULL DEFAULT 1, checksum TEXT NOT NULL DEFAULT '') WITHOUT ROWID"""
_PUT = """INSERT INTO answers (key, value, checksum) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, checksum = excluded.checksum, computed = computed + 1"""


def _checksum(key: str, value: str) -> str:
    return hashlib.sha256(f"{key} {value}".encode()).hexdigest()[:16]


def key_of(**parts: object) -> str:
    """sha256 of the canonical JSON of `parts` (sorted names, no spaces)."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Stats:
    """How many answers were computed, and how many were found, since the store was opened."""

    computed: int = 0
    cached: int = 0


class Answers:
    """The store in the file at `path` (made where absent), or in memory where `path` is None.

    Several processes may use one file. `stats` counts; the column `computed` counts how often each key was put.
    """

    def __init__(self, path: Path | str | None = None):
        self.stats = Stats()
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._path = str(path) if path else ":memory:"
        self._db = sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
        try:
            self._set_up()
        except sqlite3.DatabaseError as error:
            raise DamagedFile(self._path, "delete it; its answers are computed again") from error

    def _set_up(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_ANSWERS)
        self._db.execute("CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        if "checksum" not in {row[1] for row in self._db.execute("PRAGMA table_info(answers)")}:
            self._db.execute("DROP TABLE answers")  # of a version without checksums
            self._db.execute(_ANSWERS)

    def get(self, keys: Iterable[str]) -> dict[str, dict[str, object]]:
        """The values of those `keys` that are there and whole: a row whose bits have flipped is computed again.

        Raises DamagedFile where the file itself cannot be read.
        """
        found = {}
        try:
            for key in set(keys):
                row = self._db.execute("SELECT value, checksum FROM answers WHERE key = ?", (key,)).fetchone()
                if row and row[1] == _checksum(key, row[0]):
                    found[key] = json.loads(row[0])
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise DamagedFile(self._path, "delete it; its answers are computed again") from error
        self.stats.cached += len(found)
        return found

    def put(self, key: str, value: dict[str, object]) -> None:
        """Store and commit one answer."""
        text = json.dumps(value, ensure_ascii=False)
        self._db.execute(_PUT, (key, text, _checksum(key, text)))
        self.stats.computed += 1

    def recall(self, key: str) -> dict[str, Any] | None:
        """A note that is no answer, and is not counted as one."""
        row = self._db.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def remember(self, key: str, value: dict[str, object]) -> None:
        """Keep a note (JSON) under a key, in place of an older one."""
        self._db.execute("INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)", (key, json.dumps(value)))

    def notes(self, prefix: str) -> dict[str, dict[str, Any]]:
        """All notes whose key begins with `prefix`."""
        rows = self._db.execute("SELECT key, value FROM notes WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
        return {key: json.loads(value) for key, value in rows}

    def counts(self) -> dict[str, int]:
        """How often each key was put: all 1 where nothing was computed twice."""
        return dict(self._db.execute("SELECT key, computed FROM answers"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def open_answers(cache: Path | str | Answers | None) -> Answers:
    """A store from a path, None (in memory) or a store that is open already."""
    return cache if isinstance(cache, Answers) else Answers(cache)
