"""A request as numbers, fast enough for every call: hashed words and word pairs, and counts of its shape.

Covers: bytes. Out of scope: what the numbers are good for. Numpy alone; thousands of texts go in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BUCKETS = 1 << 13
MOST_BYTES = 4000
"""Of a long text the first and the last half of this many bytes are read."""
COUNTS = (
    "characters",
    "words",
    "letters a word",
    "long words",
    "longest word",
    "digits",
    "numbers",
    "longest number",
    "decimals",
    "capitals",
    "sentences",
    "words a sentence",
    "lines",
    "first line",
    "other lines",
    "questions",
    "commas",
    "money",
    "operators",
    "marks",
    "negations",
)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_PRIME), -1, 1 << 64))
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_LONG = 9


def _table(letters: str) -> np.ndarray:
    table = np.zeros(256, bool)
    table[list(letters.encode())] = True
    return table


_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[65:91] += 32
_LOWER[48:58] = 48  # every digit is the same letter: numbers differ by their length
_WORD = np.zeros(256, bool)
_WORD[48:58] = _WORD[97:123] = _WORD[128:] = True
_DIGIT, _STOP, _OPERATOR = _table("0123456789"), _table(".?!"), _table("+-*/=^<>%")
_CAPITAL = np.zeros(256, bool)
_CAPITAL[65:91] = True
_MARK = np.zeros(256, bool)
_MARK[33:127] = ~(_WORD | _CAPITAL)[33:127]

_powers: list[np.ndarray] = [np.ones(1, np.uint64), np.ones(1, np.uint64)]


def _power_tables(length: int) -> tuple[np.ndarray, np.ndarray]:
    """p^0..p^(length-1) modulo 2^64 and their inverses; kept, as every batch needs them."""
    if len(_powers[0]) < length:
        size = 1 << (length - 1).bit_length()
        for i, factor in enumerate((_PRIME, _INVERSE)):
            table = np.full(size, factor, np.uint64)
            table[0] = 1
            _powers[i] = np.cumprod(table)
    return _powers[0][:length], _powers[1][:length]


def _joined(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """All texts as one array of bytes, a zero byte before, between and after; and where each text starts."""
    parts, half = [], MOST_BYTES // 2
    for text in texts:
        data = text.encode("utf-8", "replace")
        parts.append(data if len(data) <= MOST_BYTES else data[:half] + b" " + data[-half:])
    starts = np.cumsum([1] + [len(part) + 1 for part in parts[:-1]]) if parts else np.zeros(0, int)
    return np.frombuffer(b"\0" + b"\0".join(parts) + b"\0", np.uint8), starts


def _word_codes(lower: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A 64-bit hash a word, by a rolling hash: any stretch is a difference of prefix sums (Karp and Rabin 1987)."""
    power, inverse = _power_tables(len(lower) + 1)
    prefix = np.zeros(len(lower) + 1, np.uint64)
    np.cumsum((lower.astype(np.uint64) + np.uint64(1)) * power[:-1], out=prefix[1:])
    return (prefix[end] - prefix[begin]) * inverse[begin]


def hashed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words and word pairs of many texts, and their counts.

    Returns row (m,) and bucket (m,) of each word and pair, and counts (n, len(COUNTS)) on a log scale.
    """
    data, starts = _joined(texts)
    lower = _LOWER[data]
    is_word = _WORD[lower]
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    begin, end = edges[::2], edges[1::2]
    code = _word_codes(lower, begin, end)
    owner = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(data)))
    row = owner[begin - 1]
    pair = row[1:] == row[:-1]
    codes = np.concatenate([code, (code[:-1] * _MIX + code[1:])[pair]])
    codes = (codes ^ (codes >> np.uint64(31))) * _MIX
    bucket = (codes >> np.uint64(64 - BUCKETS.bit_length() + 1)).astype(np.int64)
    counts = _counts(data, starts, begin, end, row, _NEGATION[code >> np.uint64(48)])
    return np.concatenate([row, row[1:][pair]]), bucket, counts


def _codes_of(words: Sequence[str]) -> np.ndarray:
    data, starts = _joined(words)
    return _word_codes(_LOWER[data], starts, np.append(starts[1:] - 1, len(data) - 1))


_NEGATIVE = ["not", "no", "never", "except", "without", "false", "least", "incorrect", "cannot"]
_NEGATION = np.zeros(1 << 16, bool)
_NEGATION[_codes_of(_NEGATIVE) >> np.uint64(48)] = True


def _counts(
    data: np.ndarray, starts: np.ndarray, begin: np.ndarray, end: np.ndarray, row: np.ndarray, negation: np.ndarray
) -> np.ndarray:
    n = len(starts)
    ends = np.append(starts[1:] - 1, len(data) - 1)
    owner = np.repeat(np.arange(n), ends - starts)
    inside = np.ones(len(data), bool)
    inside[0] = False
    inside[ends] = False
    text = data[inside]

    def each(mask: np.ndarray) -> np.ndarray:
        return np.bincount(owner[mask], minlength=n)

    def of_words(mask: np.ndarray) -> np.ndarray:
        return np.bincount(row[mask], minlength=n)

    length, letters = ends - starts, end - begin
    words, total = of_words(np.ones(len(row), bool)), np.bincount(row, weights=letters, minlength=n)
    digit, number = _DIGIT[text], _DIGIT[data[begin]]
    longest, longest_number = _largest(letters, row, n), _largest(letters[number], row[number], n)
    point = (text[1:-1] == 46) & digit[:-2] & digit[2:] & (owner[:-2] == owner[2:])
    follows = (text[1:] <= 32) & (owner[1:] == owner[:-1])
    stop = np.append(_STOP[text[:-1]] & follows, False) if len(text) else np.zeros(0, bool)
    sentences, newline = each(stop) + 1, text == 10
    lines, first_line = each(newline), _first_line(data, starts, length)
    columns = [
        length,
        words,
        total / np.maximum(words, 1),
        10 * of_words(letters >= _LONG) / np.maximum(words, 1),
        longest,
        each(digit),
        of_words(number),
        longest_number,
        np.bincount(owner[1:-1][point], minlength=n),
        each(_CAPITAL[text]),
        sentences,
        words / sentences,
        lines,
        first_line,
        (length - first_line) / np.maximum(lines, 1),
        each(text == 63),
        each(text == 44),
        each(text == 36),
        each(_OPERATOR[text]),
        each(_MARK[text]),
        of_words(negation),
    ]
    return np.log1p(np.column_stack(columns).astype(float))


def _first_line(data: np.ndarray, starts: np.ndarray, length: np.ndarray) -> np.ndarray:
    breaks = np.append(np.flatnonzero(data == 10), len(data))
    return np.minimum(breaks[np.searchsorted(breaks, starts)] - starts, length)


def _largest(values: np.ndarray, row: np.ndarray, n: int) -> np.ndarray:
    """The largest value of each row (rows ascend), 0 for a row without any."""
    largest = np.zeros(n)
    if len(values):
        first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        largest[row[first]] = np.maximum.reduceat(values, first)
    return largest
