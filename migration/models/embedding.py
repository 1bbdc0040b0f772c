"""Sentence embeddings: what a text says as a vector of unit length.

Out of scope: what is learned from the vectors (`benchmark.kinds`), and where an encoder's files lie (`files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from migration.models.files import find
from migration.models.loading import silence

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ENCODER = "minilm"
"""all-MiniLM-L6-v2, which a package carries."""


def embed(
    texts: Sequence[str], *, encoder: str = ENCODER, max_tokens: int = 128, batch: int = 32, fast: bool = False
) -> np.ndarray:
    """Sentence embeddings: float32 (n, width; 384 for MiniLM), unit length, so a dot product is the cosine.

    encoder: what `find` takes; the mean over its tokens is the sentence's, which is what most sentence encoders are
    trained for. Only the first `max_tokens` of a text count. fast: bfloat16 where the processor multiplies it by
    itself; three times as fast, cosines differ by under 0.001. Raises ModelNotFound.
    """
    tokenizer, model = _encoder(encoder, "bfloat16" if fast and has_bfloat16() else "float32")
    with _one_thread():
        return _encoded(texts, tokenizer, model, max_tokens, batch)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sentences are small: on a busy machine two threads wait for each other longer than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _encoded(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, max_tokens: int, batch: int
) -> np.ndarray:
    import torch

    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # texts of one length need no padding
    vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        tokens = tokenizer(
            [texts[i] for i in rows], padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state.float()  # (B, T, width)
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(1) / mask.sum(1)
        vectors[rows] = torch.nn.functional.normalize(means, dim=1).numpy()
    return vectors


@cache
def _encoder(spec: str, dtype: str) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    silence()
    folder = find(spec).folder
    model = AutoModel.from_pretrained(folder, dtype=getattr(torch, dtype))
    return AutoTokenizer.from_pretrained(folder), model.eval()


@cache
def has_bfloat16() -> bool:
    """Whether this processor has instructions for products of bfloat16 (AVX-512 BF16, AMX)."""
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)
