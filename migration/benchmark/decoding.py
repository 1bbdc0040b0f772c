"""Greedy decoding of many prompts that begin alike: their common prefix is computed once and never copied.

Knows: token ids, keys and values, attention. Refuses to know: text, frames, caches of answers.

Rows of a batch attend to two stores: their prefix, one (1, K, P, D) tensor a layer that all rows of the prefix read
as one matrix product, and their own tokens, a (B, K, S, D) buffer written in place, padded on the left. A batch may
hold rows of several prefixes: attention goes prefix by prefix; everything else sees the tokens of all rows as one
line, without padding. transformers lets a model's
attention be replaced by name, so this holds for every architecture that goes through its attention interface (Llama,
Phi-3, Gemma 2 with soft-capping and sliding windows, Qwen, Mistral, ...); the softmax runs over both stores
together, so the result is that of separate rows up to rounding (bifurcated attention, Athiwaratkun et al. 2024).

Shapes: B rows, T new tokens, S own tokens, P prefix tokens, H query heads, K key heads, D head size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface

_NEVER = 2**30  # the position of a slot that nothing may look at
_CHUNK = 2048  # tokens that go through the model at once while prompts are read: bounds the memory of scores
MIN_SHARED = 32  # prefix tokens that are worth a group of their own


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
        self.places = torch.full((len(self.prefixes), self.room), _NEVER, device=self.device)
        self.segments = _segments(self.prefixes, self.starts)

    def forward(self, model: Any, ids: torch.Tensor, positions: torch.Tensor, *, keep: int = 1) -> torch.Tensor:
        """Run ids (B, T) at positions (B, T; `_NEVER` where padding) and give logits of the last `keep`: (B, keep, V).

        `tree`, where set, is a bool (B, T, T): which of these tokens see which, instead of all earlier ones.
        """
        (count, step), real = ids.shape, positions != _NEVER
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
    attention_mask: Any,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    rows: Rows,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Any = None,
    **_: Any,
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


def prepare(model: Any) -> None:
    """Let `model` attend through shared prefixes. Raises NotImplementedError where its architecture cannot."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if not getattr(inner, "_supports_attention_backend", False):
        raise NotImplementedError(
            f"{type(inner).__name__} does not take transformers' attention interface: "
            "serve this model (vLLM, llama.cpp, Ollama) and name its endpoint as the candidate's source"
        )
    inner.set_attn_implementation("shared_prefix")


def extend(model: Any, prefix: Prefix, ids: Sequence[int], device: torch.device) -> Prefix:
    """`prefix` and the tokens `ids` after it, as a longer prefix."""
    if not ids:
        return prefix
    rows = Rows([prefix], [0], len(ids), device)
    _read(model, rows, [ids])
    return rows.as_prefix()


def _rows(prefixes: Sequence[Prefix], prompts: Sequence[Sequence[int]], room: int, device: torch.device) -> Rows:
    """A batch for these prompts, with `room` for further tokens."""
    longest = max(map(len, prompts))
    return Rows(list(prefixes), [longest - len(p) for p in prompts], longest + room, device)


def _read(model: Any, rows: Rows, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Run prompts, left-padded, through the model in chunks: last logits (B, V), and each row's next position (B,)."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + list(p) for p in prompts], device=rows.device)
    lengths = torch.tensor([len(p) for p in prompts], device=rows.device)
    before = torch.tensor([prefix.length for prefix in rows.prefixes], device=rows.device)
    places = torch.arange(longest, device=rows.device)[None] - (longest - lengths)[:, None]
    positions = (places + before[:, None]).masked_fill(places < 0, _NEVER)
    width = max(1, _CHUNK // len(prompts))
    for start in range(0, longest, width):
        part = slice(start, start + width)
        logits = rows.forward(model, ids[:, part], positions[:, part])
    return logits[:, -1], before + lengths


@dataclass
class Decoded:
    """One finished row. tokens: without the stop token; the lists hold one number a generated token."""

    row: int
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    entropies: list[float] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    stopped: bool = False


def _measures(logits: torch.Tensor) -> tuple[list[int], list[float], list[float], list[float]]:
    """Per row of logits (B, V): best token, its logprob, entropy (nats), and p(best) - p(second)."""
    logprobs = torch.log_softmax(logits, dim=-1)
    best = torch.topk(logprobs, 2, dim=-1)
    entropy = -(logprobs.exp() * logprobs.clamp_min(-1e4)).sum(-1)
    gap = best.values.exp()
    return best.indices[:, 0].tolist(), best.values[:, 0].tolist(), entropy.tolist(), (gap[:, 0] - gap[:, 1]).tolist()


@torch.inference_mode()
def decode(
    model: Any,
    prefixes: Sequence[Prefix],
    prompts: Sequence[Sequence[int]],
    limits: Sequence[int],
    stops: frozenset[int],
    device: torch.device,
) -> Iterator[Decoded]:
    """Greedy answers to `prompts` (token ids after `prefixes`, each at least one), each yielded when it is finished.

    prefixes: one a row, rows of one prefix side by side. limits: the most tokens of each answer. The stop token's
    own numbers count only where an answer is empty.
    """
    rows = _rows(prefixes, prompts, max(limits), device)
    logits, places = _read(model, rows, prompts)
    live = [Decoded(i) for i in range(len(prompts))]
    active = set(range(len(prompts)))
    while True:
        numbers = _measures(logits)
        for slot, (answer, token, *measured) in enumerate(zip(live, *numbers, strict=True)):
            if slot not in active:
                continue
            answer.stopped = token in stops
            if not answer.stopped:
                answer.tokens.append(token)
            if not answer.stopped or not answer.tokens:
                for series, number in zip((answer.logprobs, answer.entropies, answer.margins), measured, strict=True):
                    series.append(number)
            if answer.stopped or len(answer.tokens) >= limits[answer.row]:
                active.discard(slot)
                yield answer
        if not active:
            return
        if len(active) <= 0.75 * len(live):  # dropping copies the buffers: not for every row
            slots = sorted(active)
            rows.drop_to(slots)
            live, active, places = [live[s] for s in slots], set(range(len(slots))), places[slots]
            tokens = [numbers[0][s] for s in slots]
        else:
            tokens = numbers[0]
        logits = rows.forward(model, torch.tensor(tokens, device=device)[:, None], places[:, None])[:, -1]
        places = places + 1


@dataclass(frozen=True)
class Tree:
    """Answers as a prefix tree: node i holds `tokens[i]`, below node `above[i]` (-1: the prompt's end)."""

    tokens: tuple[int, ...]
    above: tuple[int, ...]
    depths: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]
    """For each answer, the nodes of its tokens in order."""

    @classmethod
    def of(cls, answers: Sequence[Sequence[int]]) -> Tree:
        nodes: dict[tuple[int, ...], int] = {}
        above, paths = [], []
        for ids in answers:
            path = []
            for end in range(1, len(ids) + 1):
                key = tuple(ids[:end])
                if key not in nodes:
                    nodes[key] = len(nodes)
                    above.append(nodes.get(key[:-1], -1))
                path.append(nodes[key])
            paths.append(tuple(path))
        tokens, depths = tuple(key[-1] for key in nodes), tuple(len(key) - 1 for key in nodes)
        return cls(tokens, tuple(above), depths, tuple(paths))

    def sees(self) -> torch.Tensor:
        """bool (N, N): a node sees itself and the nodes above it."""
        seen = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.above):  # parents come first
            if parent >= 0:
                seen[node] |= seen[parent]
        return seen


@torch.inference_mode()
def choose(
    model: Any,
    prefixes: Sequence[Prefix],
    prompts: Sequence[Sequence[int]],
    tree: Tree,
    stops: frozenset[int],
    device: torch.device,
) -> tuple[list[Decoded], np.ndarray]:
    """The likeliest answer of `tree` for each prompt, and each answer's probability among all of them: (B, answers).

    One pass reads the prompts, one all nodes of the tree under a mask in which a node sees its own branch only. An
    answer's likelihood includes that of stopping after it.
    """
    rows = _rows(prefixes, prompts, len(tree.tokens), device)
    first, places = _read(model, rows, prompts)
    rows.tree = tree.sees().to(device)[None]
    places = (places[:, None] + torch.tensor(tree.depths, device=device)[None]).contiguous()
    ids = torch.tensor(tree.tokens, device=device).expand(len(prompts), -1)
    every = torch.cat([first[:, None], rows.forward(model, ids, places, keep=len(tree.tokens))], dim=1)
    best = torch.topk(every, 2, dim=-1)
    scale = torch.logsumexp(every, dim=-1)
    above = torch.tensor(tree.above, device=device) + 1  # 0: the prompt's end
    own = every[:, above].gather(2, ids[:, :, None])[:, :, 0] - scale[:, above]  # (B, N): logprob of each node
    end = torch.logsumexp(every[:, 1:, sorted(stops)], dim=-1) - scale[:, 1:]
    totals = torch.stack([own[:, list(path)].sum(1) + end[:, path[-1]] for path in tree.paths], dim=1)
    chances = torch.softmax(totals, dim=1).cpu().numpy()
    gaps = (best.values - scale[:, :, None]).exp()
    gaps = (gaps[:, :, 0] - gaps[:, :, 1]).cpu()
    found = []
    for row, winner in enumerate(totals.argmax(1).tolist()):
        path = list(tree.paths[winner])
        before = [tree.above[node] + 1 for node in path]
        tokens = [tree.tokens[node] for node in path]
        found.append(Decoded(row, tokens, own[row, path].tolist(), [], gaps[row, before].tolist(), stopped=True))
    return found, chances


@dataclass(frozen=True)
class Group:
    """Rows whose first `length` tokens are the same; `groups` share more among themselves."""

    length: int
    rows: tuple[int, ...]
    groups: tuple[Group, ...] = ()

    def members(self) -> list[int]:
        """Its rows and those of the groups inside it."""
        return [*self.rows, *(row for inner in self.groups for row in inner.members())]


def share(prompts: Sequence[Sequence[int]]) -> Group:
    """Rows by what they begin with, as a tree: each prompt is in one group, with at least one token left over."""
    order = sorted(range(len(prompts)), key=lambda i: tuple(prompts[i]))
    return _share(prompts, order, 0)


def _share(prompts: Sequence[Sequence[int]], order: list[int], known: int) -> Group:
    common = _common(prompts[order[0]], prompts[order[-1]])
    length = common if len(order) > 1 and common - known >= MIN_SHARED else known
    parts = [list(part) for _, part in groupby(order, key=lambda i: prompts[i][common])]
    rows: list[int] = []
    groups: list[Group] = []
    for part in parts:
        inner = _share(prompts, part, length) if 1 < len(part) < len(order) else Group(length, tuple(part))
        if inner.length > length:
            groups.append(inner)
        else:
            rows += inner.rows
            groups += inner.groups
    return Group(length, tuple(rows), tuple(groups))


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """Tokens that both begin with, one left over in each."""
    most = min(len(a), len(b)) - 1
    return next((i for i in range(most) if a[i] != b[i]), most)
