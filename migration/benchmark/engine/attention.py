"""Attention of many rows that begin alike: their common prefix is held once and never copied.

Covers: tensors, and how transformers lets a model's attention be replaced by name. Out of scope: tokens to come,
text, frames.

Rows of a batch attend to two stores: their prefix, one (1, K, P, D) tensor a layer that all rows of the prefix read
as one matrix product, and their own tokens, a (B, K, S, D) buffer written in place, padded on the left. A batch may
hold rows of several prefixes: attention goes prefix by prefix; everything else sees the tokens of all rows as one
line, without padding. This holds for every architecture that goes through transformers' attention interface (Llama,
Phi-3, Gemma 2 with soft-capping and sliding windows, Qwen, Mistral, ...); the softmax runs over both stores
together, so the result is that of separate rows up to rounding (bifurcated attention, Athiwaratkun et al. 2024).

Shapes: B rows, T new tokens, S own tokens, P prefix tokens, N real tokens of all rows, H query heads, K key heads,
D head size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from transformers import AttentionInterface

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NEVER = 2**30  # the position of a slot that nothing may look at


@dataclass(frozen=True)
class Prefix:
    """Keys and values of tokens that several rows begin with, one (1, K, P, D) pair a layer."""

    keys: tuple[torch.Tensor, ...] = ()
    values: tuple[torch.Tensor, ...] = ()
    length: int = 0


@dataclass
class Rows:
    """The state of a batch: each row's prefix, its own keys and values, and who may look where.

    prefixes: one a row, rows of one prefix side by side. starts: the slot of each row's first own token. room: slots.
    """

    prefixes: list[Prefix]
    starts: list[int]
    room: int
    device: torch.device
    filled: int = 0
    keys: dict[int, torch.Tensor] = field(default_factory=dict)
    values: dict[int, torch.Tensor] = field(default_factory=dict)
    places: torch.Tensor = field(init=False)
    asking: torch.Tensor = field(init=False)
    real: torch.Tensor | None = None
    tree: torch.Tensor | None = None
    segments: list[Segment] = field(init=False)
    _masks: dict[tuple[int, int | None], torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = torch.full((len(self.prefixes), self.room), NEVER, device=self.device)
        self.segments = _segments(self.prefixes, self.starts)

    def forward(
        self, model: PreTrainedModel, ids: torch.Tensor, positions: torch.Tensor, *, keep: int = 1
    ) -> torch.Tensor:
        """Run ids (B, T) at positions (B, T; `NEVER` where padding) and give logits of the last `keep`: (B, keep, V).

        `tree`, where set, is a bool (B, T, T): which of these tokens see which, instead of all earlier ones.
        """
        (count, step), real = ids.shape, positions != NEVER
        self.asking, self.real = positions, None if real.all() else real
        self.places[:, self.filled : self.filled + step] = positions
        self._masks.clear()
        last: Any = keep
        if self.real is not None:
            ids, positions, last = ids[real][None], positions[real][None], real.sum(1).cumsum(0) - 1
        out = model(input_ids=ids, position_ids=positions, use_cache=False, logits_to_keep=last, rows=self)
        self.filled += step
        return out.logits.float().view(count, keep, -1)

    def spread(self, line: torch.Tensor) -> torch.Tensor:
        """(1, H, N, D) of real tokens -> (B, H, T, D) with zeros where padding."""
        if self.real is None:
            return line
        wide = line.new_zeros((*self.real.shape, line.shape[1], line.shape[3]))
        wide[self.real] = line[0].transpose(0, 1)
        return wide.transpose(1, 2)

    def write(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Put new keys and values (B, K, T, D) into the buffers and give all own ones so far (B, K, S, D)."""
        if layer not in self.keys:
            shape = (len(self.prefixes), key.shape[1], self.room)
            self.keys[layer] = key.new_empty((*shape, key.shape[3]))
            self.values[layer] = value.new_empty((*shape, value.shape[3]))
        end = self.filled + key.shape[2]
        self.keys[layer][:, :, self.filled : end] = key
        self.values[layer][:, :, self.filled : end] = value
        return self.keys[layer][:, :, :end], self.values[layer][:, :, :end]

    def mask(self, part: Segment, window: int | None) -> torch.Tensor:
        """Added to the scores of a segment: 0 where a query may look, else very negative.

        (b, 1, 1, T, S); in a window (b, 1, 1, T, P + S), since it may end within the prefix.
        """
        if (part.start, window) not in self._masks:
            end, rows = self.filled + self.asking.shape[1], slice(part.start, part.end)
            places = self.places[rows, None, part.first : end]
            asking = self.asking[rows, max(part.first - self.filled, 0) :, None]
            if window:
                before = torch.arange(part.prefix.length, device=self.device).expand(len(places), 1, -1)
                places = torch.cat([before, places], dim=2)
            seen = places <= asking
            if window:
                seen &= places > asking - window
            if self.tree is not None:
                seen[:, :, -self.tree.shape[2] :] &= self.tree
            bias = torch.zeros(seen.shape, device=self.device).masked_fill_(~seen, torch.finfo(torch.float32).min)
            self._masks[part.start, window] = bias[:, None, None]
        return self._masks[part.start, window]

    def drop_to(self, kept: list[int]) -> None:
        """Keep only the rows `kept`: finished ones cost nothing any more."""
        index = torch.tensor(kept, device=self.device)
        for store in (self.keys, self.values):
            for layer, tensor in store.items():
                smaller = tensor.new_empty((len(kept), *tensor.shape[1:]))
                smaller[:, :, : self.filled] = tensor[index, :, : self.filled]
                store[layer] = smaller
        self.places, self.starts = self.places[index], [self.starts[row] for row in kept]
        self.prefixes = [self.prefixes[row] for row in kept]
        self.segments = _segments(self.prefixes, self.starts)

    def as_prefix(self) -> Prefix:
        """What a batch of one row has read, prefix included, as a prefix for others."""

        def joined(old: tuple[torch.Tensor, ...], store: dict[int, torch.Tensor]) -> tuple[torch.Tensor, ...]:
            own = [store[layer][:, :, : self.filled] for layer in sorted(store)]
            return tuple(torch.cat([a, b], dim=2) for a, b in zip(old, own, strict=True)) if old else tuple(own)

        (above,) = self.prefixes
        return Prefix(joined(above.keys, self.keys), joined(above.values, self.values), above.length + self.filled)


@dataclass(frozen=True)
class Segment:
    """Rows start..end of a batch, which have one prefix; none of them has a token before slot `first`."""

    start: int
    end: int
    prefix: Prefix
    first: int


def _segments(prefixes: Sequence[Prefix], starts: Sequence[int]) -> list[Segment]:
    cuts = [i for i, prefix in enumerate(prefixes) if i == 0 or prefix is not prefixes[i - 1]]
    return [Segment(i, j, prefixes[i], min(starts[i:j])) for i, j in pairwise([*cuts, len(prefixes)])]


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    rows: Rows,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Attention of new tokens to prefix and own tokens at once. query (B, H, T, D) -> (B, T, H, D)."""
    if s_aux is not None:
        raise NotImplementedError("attention sinks are not supported in process: serve this model, name its endpoint")
    layer: Any = module.layer_idx
    query = rows.spread(query * (query.shape[3] ** -0.5 if scaling is None else scaling))
    keys, values = rows.write(layer, rows.spread(key), rows.spread(value))
    new, parts = query.shape[2], []
    for part in rows.segments:
        skip, which = min(max(part.first - rows.filled, 0), new), slice(part.start, part.end)
        own = (keys[which, :, part.first :], values[which, :, part.first :])
        asked = query[which, :, skip:]
        out = _attend_one(rows, layer, part, asked, *own, sliding_window, softcap) if skip < new else None
        padding = values.new_zeros((part.end - part.start, skip, query.shape[1], values.shape[3]))
        parts.append(padding if out is None else torch.cat([padding, out], dim=1) if skip else out)
    together = parts[0] if len(parts) == 1 else torch.cat(parts)
    return (together if rows.real is None else together[rows.real][None]), None


def _attend_one(
    rows: Rows,
    layer: int,
    part: Segment,
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sliding_window: int | None,
    softcap: float | None,
) -> torch.Tensor:
    """The rows of one prefix: query (b, H, T, D), keys and values (b, K, S, D) -> (b, T, H, D)."""
    prefix = part.prefix
    (batch, heads, new, size), kv, shared = query.shape, keys.shape[1], prefix.length
    window = sliding_window if sliding_window and sliding_window < shared + keys.shape[2] else None
    query = query.reshape(batch, kv, -1, size)
    scores = query @ keys.transpose(2, 3)
    if shared:
        folded = query.transpose(0, 1).reshape(kv, -1, size) @ prefix.keys[layer][0].transpose(1, 2)
        scores = torch.cat([folded.view(kv, batch, -1, shared).transpose(0, 1), scores], dim=3)
    scores = scores.view(batch, kv, heads // kv, new, -1)
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    bias = rows.mask(part, window)
    scores[..., scores.shape[-1] - bias.shape[-1] :] += bias
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(values.dtype).view(batch, kv, -1, scores.shape[-1])
    out = weights[..., shared:] @ values
    if shared:
        folded = weights[..., :shared].transpose(0, 1).reshape(kv, -1, shared) @ prefix.values[layer][0]
        out = out + folded.view(kv, batch, -1, values.shape[3]).transpose(0, 1)
    return out.reshape(batch, heads, new, -1).transpose(1, 2)


AttentionInterface.register("shared_prefix", _attend)


def prepare(model: PreTrainedModel) -> None:
    """Let `model` attend through shared prefixes. Raises NotImplementedError where its architecture cannot."""
    inner = getattr(model, "get_base_model", lambda: model)()
    if not getattr(inner, "_supports_attention_backend", False):
        raise NotImplementedError(
            f"{type(inner).__name__} does not take transformers' attention interface: "
            "serve this model (vLLM, llama.cpp, Ollama) and name its endpoint as the candidate's source"
        )
    inner.set_attn_implementation("shared_prefix")
