"""What a text says, as numbers: its sentence embedding and its hashed words; and how far it lies from known texts.

Out of scope: labels.
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
from migration.prompts.tokens import CJK

HASHED = 2**13
"""Columns of hashed words: two words share one by chance in one of so many cases."""
TOKENS = 256
"""Tokens of a text that the encoder reads: what all-MiniLM-L6-v2 was trained on."""

WORD = re.compile(rf"[{CJK}]|[^\W{CJK}]+")
MOST_KEPT = 4000
"""Training requests whose embeddings are kept, to tell how far a new one lies from them."""


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
    """Single words (characters of scripts without spaces) and pairs of neighbours, each in the column of its hash
    (crc32): sparse float32 (n, HASHED)."""
    columns, starts = [], [0]
    for text in texts:
        words = WORD.findall(text.lower())
        terms = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
        columns += [zlib.crc32(term.encode()) % HASHED for term in terms]
        starts.append(len(columns))
    counts = np.diff(starts)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    return sparse.csr_matrix((values, columns, starts), shape=(len(texts), HASHED))


@dataclass(frozen=True)
class Near:
    """Embeddings of training requests, float32 (m, width), and how far each lies from its nearest neighbour among
    them (1 - cosine), ascending (m,)."""

    vectors: np.ndarray
    distances: np.ndarray

    def quantile(self, meaning: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of new requests (n, width): the share of training requests that lie nearer to their neighbour, and how much
        of its trust an answer keeps (1, and less beyond the farthest training request).

        meaning: embeddings of length 1.
        """
        away = _apart(meaning, self.vectors)
        farthest = float(self.distances[-1])
        trust = np.clip((1 - away) / max(1 - farthest, 1e-6), 0, 1)
        return np.searchsorted(self.distances, away) / len(self.distances), np.where(away > farthest, trust, 1.0)


def near_of(meaning: np.ndarray, *, seed: int = 7) -> Near:
    """What is kept of training requests: `MOST_KEPT` at random. meaning: their embeddings (n, width), of length 1."""
    kept = np.random.default_rng(seed).permutation(len(meaning))[:MOST_KEPT]
    vectors = meaning[kept].astype(np.float16).astype(np.float32)  # as they are saved
    return Near(vectors, np.sort(_apart(vectors, vectors, others=True)))


def _apart(queries: np.ndarray, vectors: np.ndarray, *, others: bool = False) -> np.ndarray:
    """1 - cosine of each query (n, width) to its nearest vector (m, width): float32 (n,), to two decimals, since
    number formats differ in the third. others: query i is vector i, and does not count as its own neighbour."""
    best = np.empty(len(queries), np.float32)
    for start in range(0, len(queries), 1000):
        block = queries[start : start + 1000] @ vectors.T
        if others:
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -1
        best[start : start + 1000] = block.max(1)
    return np.round(1 - best, 2)
