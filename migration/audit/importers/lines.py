"""Bytes in, numbered lines out: plain, gzip and zstd files, as streams, with what is broken said and the rest kept.

Knows: compression by its first bytes (never by the file's name), truncated streams, overlong lines.
Refuses to know: what a line holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import zstandard

from migration.errors import BadInput

CHUNK = 1 << 18
LONGEST_LINE = 1 << 26
"""64 MiB: a longer line is no log line, and must not fill the memory."""


class BrokenStream(Exception):
    """The compressed stream ends early or is damaged: what came before is good."""


class _Inflater(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


_INFLATERS: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(wbits=31)),
    b"\x28\xb5\x2f\xfd": ("zstd", lambda: zstandard.ZstdDecompressor().decompressobj()),
}


def head(path: Path) -> bytes:
    """The first bytes of a file, as they lie on disk. Raises BadInput where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, decompressed, piece by piece. Raises BrokenStream after the last good piece."""
    first = head(path)
    for magic, (name, new) in _INFLATERS.items():
        if first.startswith(magic):
            yield from _inflate(path, name, new)
            return
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _inflate(path: Path, name: str, new: Callable[[], _Inflater]) -> Iterator[bytes]:
    inflater = new()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            while data:
                try:
                    if inflater.eof:  # files may hold many gzip members or zstd frames, one after the other
                        inflater = new()
                    yield inflater.decompress(data)
                except (zlib.error, zstandard.ZstdError) as error:
                    raise BrokenStream(f"the {name} stream is damaged here ({error})") from None
                data = inflater.unused_data if inflater.eof else b""
    if not inflater.eof:
        raise BrokenStream(f"the {name} stream ends early: the file is truncated")


def lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """(number from 1, line without its newline); the line is None where it is longer than LONGEST_LINE.

    Raises BrokenStream after the last line of a truncated or damaged stream, that line's rest included.
    """
    number, carry, overlong, broken = 0, [], 0, None
    source = chunks(path)
    while True:
        try:
            chunk = next(source, None)
        except BrokenStream as error:
            chunk, broken = None, error
        if chunk is None:
            break
        first, newline, rest = chunk.partition(b"\n")
        carry.append(first)
        overlong += len(first)
        if overlong > LONGEST_LINE:
            carry = [b""]
        if not newline:
            continue
        number += 1
        yield number, None if overlong > LONGEST_LINE else b"".join(carry)
        *whole, last = rest.split(b"\n")
        for line in whole:
            number += 1
            yield number, line
        carry, overlong = [last], len(last)
    if overlong:
        number += 1
        yield number, None if overlong > LONGEST_LINE else b"".join(carry)
    if broken:
        raise broken
