"""Decoding of many prompts, and choice among given answers, at the price of what the prompts do not share.

Covers: token ids, what they begin with, batches. Out of scope: text, frames, caches of answers. The model's
attention is `attention`'s; shapes are named there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch

from migration.benchmark.engine.attention import NEVER, Prefix, Rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CHUNK = 2048  # tokens that go through the model at once while prompts are read
_SCORES = 2**27  # attention scores of a layer at once: half a gigabyte
MIN_SHARED = 32  # prefix tokens that are worth a group of their own


def extend(model: PreTrainedModel, prefix: Prefix, ids: Sequence[int], device: torch.device) -> Prefix:
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


def _read(model: PreTrainedModel, rows: Rows, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Run prompts, left-padded, through the model in chunks: last logits (B, V), and each row's next position (B,)."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + list(p) for p in prompts], device=rows.device)
    lengths = torch.tensor([len(p) for p in prompts], device=rows.device)
    before = torch.tensor([prefix.length for prefix in rows.prefixes], device=rows.device)
    places = torch.arange(longest, device=rows.device)[None] - (longest - lengths)[:, None]
    positions = (places + before[:, None]).masked_fill(places < 0, NEVER)
    seen = longest + max(prefix.length for prefix in rows.prefixes)
    heads = model.config.get_text_config().num_attention_heads
    width = max(1, min(_CHUNK, _SCORES // (heads * seen)) // len(prompts))
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


class Draw:
    """A row whose tokens are drawn at a temperature; the same ones again for the same seed, whatever its batch."""

    def __init__(self, temperature: float, seed: int):
        self.temperature, self.generator = temperature, torch.Generator().manual_seed(seed)

    def __call__(self, logits: torch.Tensor) -> int:
        chances = torch.softmax(logits.double().cpu() / self.temperature, dim=-1)
        return int(torch.multinomial(chances, 1, generator=self.generator))


def _measures(
    logits: torch.Tensor, draws: Sequence[Draw | None]
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Per row of logits (B, V): the token (drawn, else the best), its logprob, entropy (nats), p(best) - p(second)."""
    logprobs = torch.log_softmax(logits, dim=-1)
    best = torch.topk(logprobs, 2, dim=-1)
    entropy = -(logprobs.exp() * logprobs.clamp_min(-1e4)).sum(-1)
    gap = best.values.exp()
    tokens = best.indices[:, 0].tolist()
    tokens = [draw(logits[row]) if draw else tokens[row] for row, draw in enumerate(draws)]
    own = logprobs.gather(1, torch.tensor(tokens, device=logits.device)[:, None])[:, 0]
    return tokens, own.tolist(), entropy.tolist(), (gap[:, 0] - gap[:, 1]).tolist()


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    prefixes: Sequence[Prefix],
    prompts: Sequence[Sequence[int]],
    limits: Sequence[int],
    stops: frozenset[int],
    device: torch.device,
    draws: Sequence[Draw | None] = (),
) -> Iterator[Decoded]:
    """Answers to `prompts` (token ids after `prefixes`, each at least one), each yielded when it is finished.

    prefixes: one a row, rows of one prefix side by side. limits: the most tokens of each answer. draws: one a
    row, None where it is decoded greedily, as all are without. The stop token's own numbers count only where an answer
    is empty.
    """
    rows = _rows(prefixes, prompts, max(limits), device)
    logits, places = _read(model, rows, prompts)
    live = [Decoded(i) for i in range(len(prompts))]
    active = set(range(len(prompts)))
    while True:
        numbers = _measures(logits, [draws[one.row] if draws else None for one in live])
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
        """The tree of `answers`, lists of token ids: a beginning that several share is one path."""
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
    model: PreTrainedModel,
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
    scale = torch.logsumexp(every, dim=-1)
    above = torch.tensor(tree.above, device=device) + 1  # 0: the prompt's end
    own = every[:, above].gather(2, ids[:, :, None])[:, :, 0] - scale[:, above]  # (B, N): logprob of each node
    end = torch.logsumexp(every[:, 1:, sorted(stops)], dim=-1) - scale[:, 1:]
    totals = torch.stack([own[:, list(path)].sum(1) + end[:, path[-1]] for path in tree.paths], dim=1)
    chances = torch.softmax(totals, dim=1).cpu().numpy()
    found = []
    for row, winner in enumerate(totals.argmax(1).tolist()):
        path = list(tree.paths[winner])
        before = [tree.above[node] + 1 for node in path]
        best = (torch.topk(every[row, before], 2, dim=-1).values - scale[row, before, None]).exp()
        gaps = (best[:, 0] - best[:, 1]).tolist()
        tokens = [tree.tokens[node] for node in path]
        found.append(Decoded(row, tokens, own[row, path].tolist(), [], gaps, stopped=True))
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
