"""Sentence embeddings: what a text says as a vector of unit length; and vectors of its tokens.

Out of scope: what is learned from the vectors (`benchmark.kinds`), and where an encoder's files lie (`files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from migration.errors import BadInput
from migration.models.files import find
from migration.models.loading import silence

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ENCODER = "minilm"
"""all-MiniLM-L6-v2, which a package carries."""
BLOCK = 256
"""Texts whose tokens are held at once where only their places are asked for."""
MOST_TOKENS = 1 << 16
"""Tokens that an encoder reads at once which sets no limit of its own."""


def embed(
    texts: Sequence[str], *, encoder: str = ENCODER, max_tokens: int = 128, batch: int = 32, fast: bool = False
) -> np.ndarray:
    """Sentence embeddings: float32 (n, width; 384 for MiniLM), unit length, so a dot product is the cosine.

    encoder: what `find` takes; the mean over its tokens is the sentence's, which is what most sentence encoders are
    trained for. Only the first `max_tokens` of a text count. fast: bfloat16 where the processor multiplies it by
    itself; three times as fast, cosines differ by under 0.001. Raises ModelNotFound.
    """
    tokenizer, model = _encoder(encoder, _dtype(fast))
    with _one_thread():
        return _encoded(texts, tokenizer, model, max_tokens, batch)


@dataclass(frozen=True)
class Tokens:
    """A text's tokens as an encoder reads them, the special ones left out.

    states: float32 (T, width), the last layer's; places: int (T, 2), begin and end of each in the text's characters;
    sentence: float32 (width,), what `embed` gives of the whole text.
    """

    states: np.ndarray
    places: np.ndarray
    sentence: np.ndarray


def token_places(texts: Sequence[str], *, encoder: str = ENCODER) -> list[np.ndarray | None]:
    """Where the tokens of each text stand: int (T, 2), begin and end; None for a text that the encoder cannot read
    whole. Raises ModelNotFound, BadInput where the encoder's tokenizer does not tell."""
    tokenizer, model = _encoder(encoder, _dtype(fast=True))
    window = _window(tokenizer, model)
    found: list[np.ndarray | None] = []
    for start in range(0, len(texts), BLOCK):
        read = _read_whole(texts[start : start + BLOCK], tokenizer, window)
        found += [_places(read, i)[1] if len(ids) <= window else None for i, ids in enumerate(read["input_ids"])]
    return found


def embed_tokens(
    texts: Sequence[str], *, encoder: str = ENCODER, batch: int = 32, fast: bool = False
) -> list[Tokens | None]:
    """The tokens of each text; None for a text that the encoder cannot read whole: it is never cut.

    encoder, fast: as of `embed`. Raises ModelNotFound, BadInput where the encoder's tokenizer does not tell where
    tokens stand.
    """
    import torch

    tokenizer, model = _encoder(encoder, _dtype(fast))
    found: list[Tokens | None] = [None] * len(texts)
    window = _window(tokenizer, model)
    read = _read_whole(texts, tokenizer, window)
    lengths = [len(ids) for ids in read["input_ids"]]
    order = sorted((i for i, n in enumerate(lengths) if n <= window), key=lengths.__getitem__)
    with _one_thread(), torch.inference_mode():
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            names = [name for name in tokenizer.model_input_names if name in read]
            padded = tokenizer.pad({name: [read[name][i] for i in rows] for name in names}, return_tensors="pt")
            states = model(**padded).last_hidden_state.float()  # (B, T, width)
            for row, own in zip(rows, states, strict=True):
                kept, places = _places(read, row)
                mean = torch.nn.functional.normalize(own[: lengths[row]].mean(0), dim=0)
                found[row] = Tokens(own[kept].numpy(), places, mean.numpy())
    return found


def _read_whole(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, window: int) -> Any:
    """The tokens of whole texts, without padding, one more than `window` of what is longer: enough to tell.

    Raises BadInput where they have no places.
    """
    if not tokenizer.is_fast:
        raise BadInput("this encoder's tokenizer does not tell where tokens stand, which copied answers need")
    if not len(texts):
        return {"input_ids": []}
    return tokenizer(
        list(texts), truncation=True, max_length=window + 1, return_offsets_mapping=True,
        return_special_tokens_mask=True, verbose=False,
    )  # fmt: skip


def _places(read: Any, row: int) -> tuple[list[int], np.ndarray]:
    """Which tokens of a text stand for some of its characters, and where: int (T, 2)."""
    special = read["special_tokens_mask"][row]
    offsets = np.array(read["offset_mapping"][row], int).reshape(-1, 2)
    kept = [i for i, (begin, end) in enumerate(offsets.tolist()) if end > begin and not special[i]]
    return kept, offsets[kept]


def _window(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> int:
    """Tokens that the encoder reads at once."""
    return int(min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", MOST_TOKENS)))


def _dtype(fast: bool) -> str:
    return "bfloat16" if fast and has_bfloat16() else "float32"


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
