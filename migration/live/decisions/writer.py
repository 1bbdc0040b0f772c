"""The process behind a decision log: reads lines from its standard input, masks and prices them, appends them to files.

    python -m migration.live.decisions.writer FOLDER [--unmasked]

One file a day and, past `MOST_FILE`, one more: decisions-2026-11-25.jsonl, decisions-2026-11-25.1.jsonl. Each line is
appended by one write, so several writers may share a folder. Texts are masked by `audit.pii` (patterns and checksums;
names only where people introduce themselves or a spaCy model is installed); where that cannot be imported no text is
written at all. A line that the disk does not take is counted and told, and the next one is tried.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from migration.markup import hashed

MOST_FILE = 128 << 20
REPORT = 0.2
"""Seconds between reports to the process that is served."""


class Files:
    """Appends lines to the file of the day. Raises OSError where the disk does not take one."""

    def __init__(self, folder: Path, most_bytes: int = MOST_FILE):
        self.folder, self.most_bytes = folder, most_bytes
        self._day, self._number, self._file, self._torn = "", 0, -1, False

    def append(self, line: bytes, day: str) -> None:
        """Append one line, whole; after a torn one it begins on a line of its own."""
        if self._file < 0 or day != self._day or os.fstat(self._file).st_size >= self.most_bytes:
            self._open(day)
        data = b"\n" + line if self._torn else line
        try:
            written = os.write(self._file, data)
        except OSError:
            self._shut()
            raise
        self._torn = 0 < written < len(data)
        if written < len(data):
            self._shut()
            raise OSError(f"only {written} of {len(data)} bytes were taken")

    def _open(self, day: str) -> None:
        """The newest file of the day that has room."""
        self._shut()
        self._number = 0 if day != self._day else self._number
        self._day = day
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            number = f".{self._number}" if self._number else ""
            path = self.folder / f"decisions-{day}{number}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if os.fstat(self._file).st_size < self.most_bytes:
                return
            self._shut()
            self._number += 1

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def finished(record: dict[str, Any], *, masked: bool) -> dict[str, Any]:
    """A record as it is written: the texts of a stream put together, personal data masked, costs added."""
    if stream := record.pop("stream", None):
        heard = heard_of(stream)
        record |= {name: value for name, value in heard.items() if record.get(name) is None}
    costs = costs_of(record.pop("parts", []), record["created_at"][:10])
    record |= {"cost_usd": costs.get("answer_usd"), "costs": costs["by_candidate"], "paid_usd": costs["total_usd"]}
    return without_personal_data(record) if masked else record | {"masked": "no"}


def heard_of(stream: str) -> dict[str, object]:
    """What a stream of chunks said: response, model, finish_reason, where it told its tokens, and `damaged_chunks`:
    how many could not be read, so that the text lacks them."""
    text, calls, found = list[str](), dict[int, dict[str, Any]](), dict[str, Any]()
    for line in stream.splitlines():
        if not line.startswith("data:") or line.endswith("[DONE]"):
            continue
        try:
            chunk = json.loads(line[5:])
            usage = chunk.get("usage") or {}
            found |= {name: usage[name] for name in ("prompt_tokens", "completion_tokens") if name in usage}
            choice = (chunk.get("choices") or [{}])[0]
            if choice.get("index"):  # of several answers the log holds the first
                continue
            delta = choice.get("delta") or {}
            text.append(str(delta.get("content") or ""))
            for part in delta.get("tool_calls") or []:
                call = calls.setdefault(
                    part.get("index", 0), {"id": part.get("id"), "type": "function", "function": {}}
                )
                for name, value in (part.get("function") or {}).items():
                    call["function"][name] = call["function"].get(name, "") + (value or "")
            found["model"] = chunk.get("model") or found.get("model")
            found["finish_reason"] = choice.get("finish_reason") or found.get("finish_reason")
        except (ValueError, AttributeError, TypeError, IndexError, KeyError):
            found["damaged_chunks"] = found.get("damaged_chunks", 0) + 1  # the caller got it as it was
    message = {"role": "assistant", "content": "".join(text)} | ({"tool_calls": list(calls.values())} if calls else {})
    from migration.live.rungs.answer import said

    return found | {"response": said(message) if text or calls else None}


def costs_of(parts: list[dict[str, Any]], day: str) -> dict[str, object]:
    """USD of a call: by candidate and part, in total, and of the answer alone; null where a price is unknown."""
    by_candidate, answer, total = dict[str, float | None](), None, 0.0
    for part in parts:
        cost = _cost(part, day)
        name = f"{part['candidate']}/{part['part']}"
        by_candidate[name] = cost if cost is None else cost + (by_candidate.get(name) or 0.0)
        total += cost or 0.0
        answer = cost if part["part"] == "answer" else answer
    return {"by_candidate": by_candidate, "answer_usd": answer, "total_usd": total}


def _cost(part: dict[str, Any], day: str) -> float | None:
    usage = {name: value for name, value in part["usage"].items() if isinstance(value, int | float)}
    prompt, completion = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    if part["price"] is not None:
        price = part["price"]
        tokens = price.get("usd_per_1m_prompt", 0.0) * prompt + price.get("usd_per_1m_completion", 0.0) * completion
        return tokens / 1e6 + price.get("usd_per_call", 0.0)
    found = _list_price(str(part["model"]), day)
    return (found[0] * prompt + found[1] * completion) / 1e6 if found and usage else None


@lru_cache(maxsize=4096)
def _list_price(model: str, day: str) -> tuple[float, float] | None:
    from migration.audit.prices import list_price

    price = list_price(model, datetime.fromisoformat(day).date())
    return (price.input, price.output) if price else None


OURS = frozenset((
    "call_id", "created_at", "task", "rung", "decision", "confidence", "latency_ms", "candidate", "stage", "policy",
    "share", "shadow_share", "shadowed", "signals", "status", "cost_usd", "costs", "paid_usd", "texts",
))  # fmt: skip
"""What the hybrid itself says of a call. Everything else comes from a caller or a model."""
NAMES = ("conversation_id", "trace", "requested_model", "model", "finish_reason")
"""Ids and names: kept as they are, or hashed where they hold personal data."""


def without_personal_data(record: dict[str, Any]) -> dict[str, Any]:
    """A record with every text of callers and models masked, one numbering for the whole call; without these texts
    where nothing can mask them."""
    key = str(record["conversation_id"])
    try:
        from migration.audit.pii import Masker, named_without
    except ImportError:
        why = "texts left out: the masking packages are not installed"
        ours = {name: value if name in OURS else None for name, value in record.items()}
        return ours | {"conversation_id": hashed(key), "masked": why}
    masker = Masker()

    def clean(value: object) -> object:  # a caller's JSON: its keys are texts, too
        if isinstance(value, str):
            return masker.text(value, key)
        if isinstance(value, dict):
            return {clean(name): clean(item) for name, item in value.items()}
        return [clean(item) for item in value] if isinstance(value, list) else value

    def told(one: dict[str, Any]) -> dict[str, Any]:
        return {name: value if name in OURS else clean(value) for name, value in one.items()}

    names = {name: named_without(record[name]) for name in NAMES if isinstance(record.get(name), str)}
    asked = {name: [told(one) for one in record[name] or []] for name in ("shadow", "tried")}
    return told(record) | names | asked | {"masked": "migration.audit.pii"}


class Reporter:
    """Tells the served process, at most every `REPORT` seconds and at the end, what became of its lines."""

    def __init__(self) -> None:
        self.written, self.failed = 0, 0
        self.problem: str | None = None
        self.costs: Counter[str] = Counter()
        self._lock, self._news = threading.Lock(), False
        threading.Thread(target=self._often, daemon=True).start()

    def note(self, record: dict[str, Any] | None, problem: str | None = None) -> None:
        """One line was written, or could not be."""
        with self._lock:
            self.written, self.failed = self.written + (problem is None), self.failed + (problem is not None)
            self.problem, self._news = problem or self.problem, True
            self.costs.update({name: value for name, value in (record or {}).get("costs", {}).items() if value})

    def tell(self) -> None:
        """Report now."""
        with self._lock:
            news = {"written": self.written, "failed": self.failed, "problem": self.problem, "costs": dict(self.costs)}
            self._news = False
            self.costs.clear()
            print(json.dumps(news), flush=True)

    def _often(self) -> None:
        while True:
            time.sleep(REPORT)
            if self._news:
                self.tell()


def main(folder: str, *options: str) -> None:
    """Write lines until the standard input ends."""
    os.nice(5)  # calls come first
    files, reporter, masked = Files(Path(folder)), Reporter(), "--unmasked" not in options
    for line in sys.stdin.buffer:
        record = None
        try:
            record = finished(json.loads(line), masked=masked)
            files.append(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n", today())
            reporter.note(record)
        except Exception as problem:  # noqa: BLE001 - a line that cannot be written is counted and told; the next goes on
            reporter.note(record, f"{type(problem).__name__}: {problem}"[:200])
    reporter.tell()


def today() -> str:
    """The day (UTC) that a file is named by."""
    return datetime.now(UTC).date().isoformat()


if __name__ == "__main__":
    main(*sys.argv[1:])
