"""What a text says, as numbers: its sentence embedding and its hashed words.

Out of scope: labels. Nothing here is learned from the log, so nothing needs to be saved but the encoder's name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from migration.models import embed

HASHED = 2**13
"""Columns of hashed words: two words share one by chance in one of so many cases."""
TOKENS = 256
"""Tokens of a text that the encoder reads: what all-MiniLM-L6-v2 was trained on."""


@dataclass(frozen=True)
class Views:
    """meaning: float32 (n, width), unit length. words: sparse float32 (n, HASHED), unit length."""

    meaning: np.ndarray
    words: sparse.csr_matrix


def views_of(texts: Sequence[str], *, encoder: str) -> Views:
    """Both views of the texts; equal texts are computed once. Raises ModelNotFound."""
    distinct = list(dict.fromkeys(texts))
    place = {text: i for i, text in enumerate(distinct)}
    rows = np.array([place[text] for text in texts], int)
    return Views(embed(distinct, encoder=encoder, max_tokens=TOKENS, fast=True)[rows], hashed(distinct)[rows])


def hashed(texts: Sequence[str]) -> sparse.csr_matrix:
    """Single words and pairs of neighbours, each in the column of its hash (crc32): sparse float32 (n, HASHED)."""
    columns, starts = [], [0]
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        terms = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
        columns += [zlib.crc32(term.encode()) % HASHED for term in terms]
        starts.append(len(columns))
    counts = np.diff(starts)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    return sparse.csr_matrix((values, columns, starts), shape=(len(texts), HASHED))
