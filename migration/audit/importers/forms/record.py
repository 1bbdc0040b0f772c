"""One logged call, whatever form it came in: its fields, and the values in them checked.

Ids, counts, measures and timestamps as logs write them. Out of scope: what a request or a response holds
(`bodies`), which tool logged it (the form modules), prices and retries (`calls`).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

import orjson

Json = dict[str, Any]

FIELDS = (
    "call_id",
    "conversation_id",
    "created_at",  # int, microseconds since 1970 UTC
    "model",
    "kind",
    "messages",
    "response",
    "prompt_tokens",
    "completion_tokens",
    "latency_ms",
    "requested_model",
    "cached_tokens",
    "cache_write_tokens",
    "cache_hit",
    "finish_reason",
    "status",
    "error",
    "channel",
    "logged_name",  # what the log itself calls such calls (`own_names`)
    "endpoint",
    "service_tier",
    "max_tokens",
    "tools",
    "response_format",
    "logged_cost_usd",
)
"""What a form module may fill of a call; the rest is added by the importer and by `calls`."""

_EMPTY: Json = dict.fromkeys(FIELDS) | {"kind": "chat", "cache_hit": False}
_EARLIEST, _LATEST = 1_262_304_000, 4_102_444_800  # 2010 and 2100 in unix seconds
_LARGEST = 2**53
_ARGUMENTS = re.compile(r"^\s*[{\[]")


class BadRecord(Exception):
    """A record that cannot be used. `reason` speaks of its form, never of what the customer wrote."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


class Skipped(Exception):
    """A record that is fine but no model call (a span of another kind, an image generation). `what` names it."""

    def __init__(self, what: str):
        self.what = printable(what, 60)
        super().__init__(self.what)


def printable(text: str, longest: int = 200) -> str:
    """`text` on one line without characters that steer a terminal or hide in a page (controls, direction marks)."""
    kept = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: longest + 1])
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def call(**fields: Any) -> Json:
    """A call with the given FIELDS, the others null."""
    return _EMPTY | fields


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def decoded(value: object) -> Any:
    """`value`, parsed where it is a string that holds a JSON object or list (tables and databases keep it so)."""
    if isinstance(value, str) and _ARGUMENTS.match(value):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:  # text that only looks like JSON is the value
            return value
    return value


def mapping(value: object, name: str) -> Json:
    """`value` as an object, {} where it is absent. Raises BadRecord where it is anything else."""
    if type(value) is dict:
        return value
    value = decoded(value)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise BadRecord(f"{name} is not an object")
    return value


def text(value: object) -> str | None:
    """An id, name or reason as a string; null where it is absent or empty."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else canonical(value)


def integer(value: object, name: str) -> int | None:
    """A count. Raises BadRecord where it is no whole number >= 0."""
    if value is None or value == "":
        return None
    if type(value) is int and 0 <= value <= _LARGEST:
        return value
    number = value if type(value) is int else _number(value, name)
    if number != int(number):
        raise BadRecord(f"{name} is not a whole number")
    if number < 0:
        raise BadRecord(f"{name} is negative")
    if number > _LARGEST:
        raise BadRecord(f"{name} is too large")
    return int(number)


def real(value: object, name: str) -> float | None:
    """A measure such as milliseconds or USD. Raises BadRecord where it is no finite number >= 0."""
    if value is None or value == "":
        return None
    number = _number(value, name)
    if number < 0:
        raise BadRecord(f"{name} is negative")
    if number > _LARGEST:
        raise BadRecord(f"{name} is too large")
    return number


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadRecord(f"{name} is not a number")
    try:
        number = float(value)
    except ValueError:
        raise BadRecord(f"{name} is not a number") from None
    if not math.isfinite(number):
        raise BadRecord(f"{name} is not a number")
    return number


def flag(value: object, name: str) -> bool:
    """A yes or no, False where it is absent. Raises BadRecord where it is neither."""
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else "" if value is None else "?"
    if word in ("true", "1", "yes", "t", "y"):
        return True
    if word in ("false", "0", "no", "f", "n", ""):
        return False
    raise BadRecord(f"{name} is neither true nor false")


def timestamp(value: object, name: str = "created") -> int:
    """Microseconds since 1970 UTC, from unix seconds, ms, us or ns (recognised by size) or an ISO 8601 string.

    A string without an offset is read as UTC. Raises BadRecord where it is absent, unreadable, or not of 2010-2100.
    """
    if type(value) is int and _EARLIEST <= value < _LATEST:
        return value * 1_000_000
    if value is None or value == "":
        raise BadRecord(f"no timestamp ({name})")
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _micros(moment, name)
    if isinstance(value, str) and not value.lstrip("-").replace(".", "", 1).isdigit():
        try:
            moment = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        except ValueError:
            raise BadRecord(f"bad timestamp ({name})") from None
        return _micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC), name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadRecord(f"bad timestamp ({name})")
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    number = float(number) if isinstance(number, str) else number
    for per_second in (1, 10**3, 10**6, 10**9):
        if _EARLIEST * per_second <= number < _LATEST * per_second:
            whole = number * (10**6 // per_second) if per_second <= 10**6 else number // 1000
            return round(whole)
    raise BadRecord(f"bad timestamp ({name})")


def _micros(moment: datetime, name: str) -> int:
    seconds = moment.timestamp()
    if not _EARLIEST <= seconds < _LATEST:
        raise BadRecord(f"bad timestamp ({name})")
    return round(seconds * 1_000_000)


def estimated_tokens(value: str | None) -> int:
    """Tokens of a text where the log counts none: four characters each, the rule of thumb for English."""
    return (len(value) + 3) // 4 if value else 0
