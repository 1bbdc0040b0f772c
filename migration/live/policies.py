"""The policies that a run holds side by side, and which of them serves: `live/policies/*.json`, `live/active.json`.

active.json is the one switch: {"version", "share" (of conversations that rungs may answer), "shadow_share" (of
conversations whose calls are also answered by the others), "off" (true: every call to the LLM), "suspended" (tasks
returned to the LLM), "history" (versions that served before)}. It is replaced whole, and every worker reads it again
within `EVERY` seconds.
Whatever is not provably valid sends every call to the LLM and says why. Out of scope: what a policy decides.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from migration.errors import BadInput
from migration.routing.policy import Policy, Router

EVERY = 0.2
"""Seconds after which a change of active.json, or of the policy that it names, is seen at the latest."""
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
"""What a version may be called: it becomes a file name."""


@dataclass(frozen=True)
class Active:
    """What active.json says. Raises BadInput for a value that cannot be."""

    version: str
    share: float = 1.0
    shadow_share: float = 0.02
    off: bool = False
    suspended: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for version in (self.version, *self.history):
            if not isinstance(version, str) or not NAME.fullmatch(version):
                raise BadInput(f"active.json: {version!r} is no name of a policy version")
        for name in ("share", "shadow_share"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise BadInput(f"active.json: {name} is {value!r}, not a number from 0 to 1")
        if not isinstance(self.off, bool):
            raise BadInput(f"active.json: off is {self.off!r}, not true or false")
        if not all(isinstance(task, str) for task in self.suspended):
            raise BadInput("active.json: suspended is a list of tasks")


@dataclass(frozen=True)
class State:
    """What serves at a moment. problem: why every call goes to the LLM, None where the policy is in force."""

    active: Active
    router: Router
    problem: str | None = None

    @property
    def policy(self) -> Policy:
        """The policy in use."""
        return self.router.policy


def folder_of(run: str | Path) -> Path:
    """Where the live files of a run lie."""
    return Path(run) / "live"


def policy_file(live: Path, version: str) -> Path:
    """The file of a version. Raises BadInput for a name that is none."""
    if not NAME.fullmatch(version):
        raise BadInput(f"{version!r} is no name of a policy version")
    return live / "policies" / f"{version}.json"


def read_active(live: Path) -> Active:
    """Raises BadInput where active.json is absent, broken or says what cannot be."""
    try:
        data = json.loads((live / "active.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"no policy was activated ({live / 'active.json'}): `migrate policy activate RUN`") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{live / 'active.json'} cannot be read: {error}") from error
    known = set(Active.__dataclass_fields__)
    if not isinstance(data, dict) or "version" not in data or set(data) - known:
        raise BadInput(f"{live / 'active.json'} is an object with `version` and any of {sorted(known)}")
    lists = {name: data[name] for name in ("suspended", "history") if name in data}
    if not all(isinstance(value, list) for value in lists.values()):
        raise BadInput(f"{live / 'active.json'}: suspended and history are lists")
    return Active(**data | {name: tuple(value) for name, value in lists.items()})


def add(live: Path, source: str | Path) -> str:
    """Keep the policy in a file beside the others. Returns its version. Raises BadInput where it is not valid."""
    policy = Policy.load(source)
    _write(policy_file(live, policy.version), Path(source).read_text(encoding="utf-8"))
    return policy.version


def versions(live: Path) -> list[str]:
    """The versions kept, oldest first."""
    files = sorted((live / "policies").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    return [file.stem for file in files if NAME.fullmatch(file.stem)]


def activate(live: Path, version: str, **settings: Any) -> Active:
    """Let a version serve, with `share`, `shadow_share` as they were unless given; nothing is suspended any more.

    Raises BadInput where it is unknown, not valid, or routes calls without a proved guarantee.
    """
    policy = Policy.load(policy_file(live, version))
    if problem := policy.unproved():
        raise BadInput(f"version {version} cannot serve: {problem}")
    with _locked(live):
        old = _before(live)
        history = (*old.history, old.version)[-20:] if old and old.version != version else old.history if old else ()
        kept = {"share": old.share, "shadow_share": old.shadow_share} if old else {}
        return _save(live, Active(version, history=history, **kept | settings))


def rollback(live: Path) -> Active:
    """Let the version that served before serve again. Raises BadInput where there was none."""
    with _locked(live):
        old = read_active(live)
        if not old.history:
            raise BadInput(f"no version served before {old.version}: `migrate policy list` shows what there is")
        return _save(live, replace(old, version=old.history[-1], history=old.history[:-1], suspended=()))


def update(live: Path, **changes: Any) -> Active:
    """Change what active.json says (`share`, `shadow_share`, `off`), the rest as it was. Raises BadInput."""
    with _locked(live):
        return _save(live, replace(read_active(live), **changes))


def suspend(live: Path, tasks: list[str]) -> Active:
    """Return tasks to the LLM, as an alarm does. Raises BadInput where nothing is active."""
    with _locked(live):
        old = read_active(live)
        return _save(live, replace(old, suspended=tuple(sorted({*old.suspended, *tasks}))))


def _before(live: Path) -> Active | None:
    try:
        return read_active(live)
    except BadInput:  # absent or broken: it is replaced by what was asked for
        return None


def _save(live: Path, active: Active) -> Active:
    _write(live / "active.json", json.dumps(asdict(active), indent=2, allow_nan=False) + "\n")
    return active


def _write(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@contextmanager
def _locked(live: Path) -> Iterator[None]:
    """One writer at a time, whichever process it is in."""
    live.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (live / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class PolicyStore:
    """The policy that serves, read again when its files change. Safe to share between threads."""

    def __init__(self, live: Path):
        self.live = live
        self._lock = threading.Lock()
        self._seen: object = None
        self._due = -math.inf
        self._state = _closed("nothing was read yet")
        self.current()

    def current(self) -> State:
        """What serves now."""
        now = time.monotonic()
        if now >= self._due and self._lock.acquire(blocking=False):
            try:
                seen = self._marks()
                if seen != self._seen:
                    self._state, self._seen = load_state(self.live), seen
                self._due = now + EVERY
            finally:
                self._lock.release()
        return self._state

    def _marks(self) -> object:
        version = self._state.active.version
        return [
            _mark(file) for file in (self.live / "active.json", self.live / "policies" / f"{version}.json")
        ], version


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:  # a file that is gone has another mark, so it is looked at
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def load_state(live: Path) -> State:
    """What the files say should serve; closed, with the reason, where they are not provably valid."""
    try:
        active = read_active(live)
    except BadInput as error:
        return _closed(str(error))
    policy, problem = Policy.load_or_closed(policy_file(live, active.version), llm="llm")
    return State(active, Router(policy), problem)


def _closed(problem: str) -> State:
    return State(Active("none", share=0.0, shadow_share=0.0), Router(Policy.all_llm("llm")), problem)
