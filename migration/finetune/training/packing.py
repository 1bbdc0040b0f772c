"""From chat messages to training rows: which tokens carry loss, and what many examples can share.

Covers: token ids, the turns of a chat template, attention masks. Out of scope: models and optimisers.

Calls of one call site share their system prompt. `pack` lays many examples of one site in one row,
[prefix][example 1][example 2]…, with a mask that lets each example see the prefix and itself, and positions that
restart behind the prefix. Nothing before an answer looks ahead, so loss and gradients are those of separate rows,
while the prefix is computed once. `pad` is the ordinary batch, for examples that share nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from migration.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss."""


@dataclass(frozen=True)
class Example:
    """One call as token ids: `ids[answer:]` is the answer with its end of turn, all that carries loss."""

    call_id: str
    site: str
    ids: list[int]
    answer: int

    @property
    def prompt(self) -> list[int]:
        """The token ids before the answer."""
        return self.ids[: self.answer]

    def __len__(self) -> int:
        return len(self.ids)


def turn_end(tokenizer: PreTrainedTokenizerBase) -> str:
    """The special token that the chat template writes behind an answer, read off a probe conversation.

    Raises BadInput where the template does not open the assistant's turn as it continues it, or ends it with no
    special token: a model trained so would never stop.
    """
    if not getattr(tokenizer, "chat_template", None):
        return tokenizer.eos_token
    turns, answer = [{"role": "user", "content": "probe"}], "an answer"
    prompt = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    whole = str(tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": answer}], tokenize=False))
    if not whole.startswith(prompt + answer):
        raise BadInput("the chat template does not continue the assistant's turn as it opens it")
    tail = whole[len(prompt + answer) :]
    found = [(tail.index(token), -len(token), token) for token in tokenizer.all_special_tokens if token in tail]
    if not found:
        raise BadInput("the chat template ends the assistant's turn without a special token")
    start, _, token = min(found)
    return tail[:start] + token


def encode(
    tokenizer: PreTrainedTokenizerBase, prompt: str, response: str, end: str, *, call_id: str, site: str
) -> Example:
    """The ids of a call: `prompt` as a candidate is given it, the answer, and `end` (`turn_end`)."""
    before = tokenizer(prompt, add_special_tokens=False).input_ids
    ids = tokenizer(prompt + response.strip() + end, add_special_tokens=False).input_ids
    if ids[: len(before)] != before:  # a token merged across the border: at inference the prompt is cut there
        ids = before + tokenizer(response.strip() + end, add_special_tokens=False).input_ids
    return Example(call_id, site, ids, len(before))


def check(examples: Sequence[Example], stops: Collection[int], vocabulary: int) -> None:
    """Refuse examples whose loss would teach nothing, or never to stop. Raises BadInput naming the first."""
    if not examples:
        raise BadInput("no example is left to train on")
    for example in examples:
        trained = example.ids[example.answer :]
        if len(trained) < 2:
            raise BadInput(f"call {example.call_id}: no token of the answer would be trained")
        if trained[-1] not in stops:
            raise BadInput(f"call {example.call_id}: the end of the turn is not trained, so the model would not stop")
        if example.answer < 1 or max(example.ids) >= vocabulary:
            raise BadInput(f"call {example.call_id}: its token ids do not fit the model")


def trained_tokens(tokenizer: PreTrainedTokenizerBase, example: Example) -> list[str]:
    """The tokens of `example` that carry loss, each decoded by itself: to be looked at before the first step."""
    return [str(tokenizer.decode([token])) for token in example.ids[example.answer :]]


def shared_prefix(examples: Sequence[Example]) -> int:
    """Tokens that all prompts begin with, at most one fewer than the shortest prompt has.

    The last token of a prompt predicts the first of its answer, so it always belongs to the example.
    """
    shortest = min(examples, key=lambda example: example.answer)
    limit = shortest.answer - 1
    for example in examples:
        same = np.equal(example.ids[:limit], shortest.ids[:limit])
        limit = limit if same.all() else int(np.argmin(same))
    return limit


def pack(examples: Sequence[Example], dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    """One row: ids (1, T), additive mask (1, 1, T, T), positions (1, T), the K positions before answer tokens, labels.

    `shift_labels` (1, K) are the tokens those positions should predict.
    """
    prefix = shared_prefix(examples)
    ids, positions = list(examples[0].ids[:prefix]), list(range(prefix))
    owner = [0] * prefix
    keep: list[int] = []
    labels: list[int] = []
    for number, example in enumerate(examples, 1):
        start = len(ids) - prefix  # where token `prefix` of this example comes to lie, less `prefix`
        keep += range(start + example.answer - 1, start + len(example) - 1)
        labels += example.ids[example.answer :]
        ids += example.ids[prefix:]
        positions += range(prefix, len(example))
        owner += [number] * (len(example) - prefix)
    own = torch.tensor(owner)
    seen = ((own[:, None] == own[None, :]) | (own == 0)[None, :]).tril()
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)
    target = torch.tensor([labels])
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": mask[None, None],
        "position_ids": torch.tensor([positions]),
        "logits_to_keep": torch.tensor(keep),
        "labels": target,
        "shift_labels": target,
    }


def pad(examples: Sequence[Example], filler: int) -> dict[str, torch.Tensor]:
    """B rows padded on the left, so that the answers end together and few logits are needed. Keys as in `pack`."""
    longest = max(map(len, examples))
    answer = max(len(example) - example.answer for example in examples)
    ids = torch.full((len(examples), longest), filler)
    mask = torch.zeros(len(examples), longest, dtype=torch.long)
    labels = torch.full((len(examples), answer), IGNORED)
    for row, example in enumerate(examples):
        ids[row, longest - len(example) :] = torch.tensor(example.ids)
        mask[row, longest - len(example) :] = 1
        trained = example.ids[example.answer :]
        labels[row, answer - len(trained) :] = torch.tensor(trained)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
        "logits_to_keep": torch.arange(longest - answer - 1, longest - 1),
        "labels": labels,
        "shift_labels": labels,
    }


@dataclass(frozen=True)
class Collator:
    """Turns one planned row, {"examples": [number, …]}, into a batch: packed where sharing pays, else padded.

    window: the model's sliding window in tokens; width: its hidden size.
    """

    examples: Sequence[Example]
    filler: int
    dtype: torch.dtype = torch.float32
    window: int | None = None
    packed: bool = True
    width: int = 576

    def pays(self, chosen: Sequence[Example]) -> bool:
        """Sharing pays when a pack computes less than padded rows, and every example fits the sliding window.

        A row of T tokens costs T + T^2 / (6 width): its layers' products, and the attention of a dense mask.
        """
        longest = max(map(len, chosen))
        if not self.packed or len(chosen) < 2 or (self.window is not None and longest > self.window):
            return False
        prefix = shared_prefix(chosen)
        tokens = np.array([prefix + sum(len(example) - prefix for example in chosen), longest])
        packed, padded = tokens + tokens**2 / (6 * self.width)
        return bool(packed < len(chosen) * padded)

    def __call__(self, rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        chosen = [self.examples[number] for row in rows for number in row["examples"]]
        return pack(chosen, self.dtype) if self.pays(chosen) else pad(chosen, self.filler)

    def tokens(self, row: list[int]) -> tuple[int, int]:
        """Tokens that a planned row computes, and those that padded rows would."""
        chosen = [self.examples[number] for number in row]
        padded = len(chosen) * max(map(len, chosen))
        if not self.pays(chosen):
            return padded, padded
        prefix = shared_prefix(chosen)
        return prefix + sum(len(example) - prefix for example in chosen), padded


def plan(examples: Sequence[Example], *, size: int, steps: int, seed: int) -> list[list[int]]:
    """`steps` rows of example numbers, each row of one call site: epoch after epoch, shuffled anew each time.

    Within an epoch every example comes once; a site's last row takes the remainder.
    """
    sites: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        sites[example.site].append(number)
    order = np.random.default_rng(seed)
    rows: list[list[int]] = []
    while len(rows) < steps:
        epoch = []
        for members in sites.values():
            mixed = order.permutation(members)
            parts = max(1, round(len(mixed) / size))
            epoch += [sorted(part.tolist()) for part in np.array_split(mixed, parts)]
        rows += [epoch[at] for at in order.permutation(len(epoch))]
    return rows[:steps]


def answer_loss(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed cross-entropy (nats) of a collated batch, and the number of tokens that carry it."""
    inputs = {key: value for key, value in batch.items() if key not in ("labels", "shift_labels")}
    logits, labels = model(**inputs, use_cache=False).logits.float(), batch["shift_labels"]
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return loss, (labels != IGNORED).sum()
