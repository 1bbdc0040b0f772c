"""The decision log as the request path sees it: a bounded queue in front of a writer process.

`put` costs the call one JSON encoding. Masking personal data, prices and the disk are the writer's business
(`writer`), in a process of its own, so that they take neither the caller's time nor this process's memory. Lines that
the queue has no room for are dropped and counted; so are those that could not be written.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from collections import Counter, deque
from pathlib import Path
from typing import Any

MOST_BYTES = 64 << 20
"""Bytes that wait for the writer at most."""
MOST_LINE = 1 << 20
"""Bytes of a line; a longer call is logged without its texts."""
TEXTS = ("messages", "response", "stream", "tools", "response_format", "shadow", "tried")


class DecisionLog:
    """Appends decisions to `<folder>/decisions-<date>.jsonl`. Safe to share between threads."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES, masked: bool = True):
        self.folder, self.most_bytes, self.masked = Path(folder), most_bytes, masked
        self.dropped = 0
        self.told: dict[str, Any] = {"written": 0, "failed": 0, "problem": None}
        self.costs: Counter[str] = Counter()
        self._lines: deque[bytes] = deque()
        self._waiting, self._lost, self._closed = 0, 0, False
        self._ready = threading.Condition()
        self._writer: subprocess.Popen[bytes] | None = None
        self._feeder: threading.Thread | None = None

    @property
    def lost(self) -> int:
        """Decisions that are in no file: dropped, or not written."""
        return self.dropped + self._lost + int(self.told["failed"])

    @property
    def problem(self) -> str | None:
        """What the writer last complained of."""
        return self.told["problem"]

    def put(self, record: dict[str, object]) -> None:
        """Queue a decision; never blocks and never raises for a full disk or a dead writer."""
        line = json.dumps(record).encode() + b"\n"
        if len(line) > MOST_LINE:
            line = json.dumps(record | dict.fromkeys(TEXTS) | {"texts": "too long"}).encode() + b"\n"
        with self._ready:
            if self._closed or self._waiting + len(line) > self.most_bytes:
                self.dropped += 1
                return
            if self._feeder is None:
                self._begin()
            self._lines.append(line)
            self._waiting += len(line)
            self._ready.notify()

    def close(self, timeout: float = 60.0) -> None:
        """Write out what waits, for so many seconds at most."""
        with self._ready:
            feeder, self._closed = self._feeder, True
            self._ready.notify()
        atexit.unregister(self.close)
        if feeder:
            feeder.join(timeout)
        if self._writer:
            try:
                self._writer.wait(timeout)
            except subprocess.TimeoutExpired:  # what it held is counted as lost below
                self._writer.kill()
            self._listener.join(1.0)
        with self._ready:
            self._lost, self._waiting = self._lost + len(self._lines), 0
            self._lines.clear()

    def _begin(self) -> None:
        self._feeder = threading.Thread(target=self._feed, name="decision log", daemon=True)
        self._feeder.start()
        atexit.register(self.close)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "migration.live.decisions.writer", str(self.folder)]
        if not self.masked:
            command.append("--unmasked")
        writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self._listener = threading.Thread(target=self._listen, args=(writer, dict(self.told)), daemon=True)
        self._listener.start()
        return writer

    def _feed(self) -> None:
        while True:
            with self._ready:
                while not self._lines and not self._closed:
                    self._ready.wait()
                batch = list(self._lines)
                self._lines.clear()
                self._waiting = 0
            if batch:
                self._send(batch)
            elif self._closed:
                break
        if self._writer and self._writer.stdin:
            try:
                self._writer.stdin.close()
            except OSError as problem:
                self.told["problem"] = f"the writer ended early: {problem}"

    def _send(self, batch: list[bytes]) -> None:
        """Hand lines to the writer; a dead one is started again once, and what it had not taken is lost, counted."""
        for _ in range(2):
            if self._writer is None or self._writer.poll() is not None:
                self._writer = self._start()
            try:
                assert self._writer.stdin
                self._writer.stdin.write(b"".join(batch))
                self._writer.stdin.flush()
                return
            except OSError as problem:
                self.told["problem"] = f"the writer ended: {problem}"
                self._writer.kill()
                self._writer.wait()
        self._lost += len(batch)

    def _listen(self, writer: subprocess.Popen[bytes], before: dict[str, object]) -> None:
        """What the writer reports: lines written and failed, and what the calls cost."""
        assert writer.stdout
        for line in writer.stdout:
            said = json.loads(line)
            self.told = {
                "written": before["written"] + said["written"],
                "failed": before["failed"] + said["failed"],
                "problem": said["problem"] or self.told["problem"],
            }
            self.costs.update(said["costs"])
