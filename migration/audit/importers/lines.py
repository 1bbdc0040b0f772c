"""Bytes in, numbered lines out: plain, gzip and zstd files, as streams, with what is broken said and the rest kept.

Compression is recognised by a file's first bytes, never by its name. Memory is bounded, whatever a stream expands to.
Out of scope: what a line holds.
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
_SIP = 1 << 11
"""Compressed bytes taken at a time: a zstd block of four bytes may stand for 128 KiB."""
_LARGEST_WINDOW = 1 << 27
EXPANSION, UNTIL = 2_000, 1 << 30
"""A stream that has given over a GiB, and over this many times its own bytes, is no log but a bomb."""


class BrokenStream(Exception):
    """The stream ends early or is damaged: what came before is good."""


class _Inflater(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


_INFLATERS: dict[bytes, tuple[str, Callable[[], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda: zlib.decompressobj(wbits=31)),
    b"\x28\xb5\x2f\xfd": (
        "zstd",
        lambda: zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj(),
    ),
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
            yield from _gathered(_inflate(path, name, new))
            return
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces in chunks of about CHUNK bytes; what a broken stream gave before it broke comes as well."""
    held, size = [], 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
    except BrokenStream as error:
        if held:
            yield b"".join(held)
        raise error from None
    if held:
        yield b"".join(held)


def _inflate(path: Path, name: str, new: Callable[[], _Inflater]) -> Iterator[bytes]:
    inflater, taken, given = new(), 0, 0
    with path.open("rb") as file:
        while whole := file.read(CHUNK):
            for start in range(0, len(whole), _SIP):
                data = whole[start : start + _SIP]
                taken += len(data)
                while data:
                    try:
                        if inflater.eof:  # files may hold many gzip members or zstd frames, one after the other
                            inflater = new()
                        piece = inflater.decompress(data)
                    except (zlib.error, zstandard.ZstdError) as error:
                        raise BrokenStream(f"the {name} stream is damaged here ({error})") from None
                    given += len(piece)
                    yield piece
                    if given > max(UNTIL, EXPANSION * taken):
                        raise BrokenStream(f"the {name} stream expands over {EXPANSION:,} times: it is no log")
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
