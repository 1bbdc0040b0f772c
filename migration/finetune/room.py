"""Whether a model can be trained in the memory of this device, and the recipe with which it can.

Covers: bytes of weights, adapters, optimiser and activations. Out of scope: minutes (`fit`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import psutil
import torch

from migration.errors import BadInput
from migration.finetune.training.recipe import Recipe, linear_layers, sum_parameters
from migration.models import find, plain_folder

if TYPE_CHECKING:
    from transformers import PretrainedConfig

NF4_BYTES = 0.516
"""Bytes a weight in NF4: 4 bits, and 0.127 bits of doubly quantised scale (Dettmers et al. 2023)."""


@dataclass(frozen=True)
class Memory:
    """Expected gigabytes of training (frame: part, gigabytes) and what the device has free."""

    frame: pd.DataFrame
    available: float
    device: str

    @property
    def needed(self) -> float:
        """Gigabytes that training takes."""
        return float(self.frame["gigabytes"].sum())

    @property
    def fits(self) -> bool:
        """Whether a tenth of the memory stays free."""
        return self.needed <= 0.9 * self.available

    def __str__(self) -> str:
        load = self.frame["gigabytes"].iloc[0]
        verdict = "fits" if self.fits else "does not fit"
        return (
            f"{load:.2f} GB to load, {self.needed:.2f} GB to train, {self.available:.1f} GB free on the "
            f"{self.device}: it {verdict}. (The article: ~4 GB to load, 8-10 GB to train a 7B model.)"
        )


def memory(
    config: PretrainedConfig,
    *,
    tokens: int,
    answers: int,
    recipe: Recipe,
    quantize: str | None = "nf4",
    gpu: bool | None = None,
) -> Memory:
    """Estimate before anything is loaded: `config` is the model's, weights are counted on torch's meta device.

    tokens: of one packed row or padded batch; answers: positions with logits. An estimate from shapes: expect it
    within a third of what is measured.
    """
    from transformers import AutoModelForCausalLM

    gpu = torch.cuda.is_available() if gpu is None else gpu
    width = 2 if gpu else 4
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    linear = sum(i * o for shapes in linear_layers(model).values() for i, o in shapes)
    rest = sum_parameters(model) - linear
    weights = linear * (NF4_BYTES if quantize == "nf4" and gpu else width) + rest * width
    adapter = sum(recipe.rank * (i + o) for shapes in linear_layers(model).values() for i, o in shapes)
    text = config.get_text_config()
    layers, hidden, inner = text.num_hidden_layers, text.hidden_size, text.intermediate_size
    heads = text.num_attention_heads
    one_layer = tokens * (14 * hidden + 5 * inner) * width + tokens * tokens * (heads if not gpu else 1) * width
    kept = one_layer + layers * tokens * hidden * width if recipe.checkpointing else layers * one_layer
    parts = {
        "weights": weights,
        "adapter, gradients, optimiser": adapter * (width + width + (2 if gpu else 8)),
        "activations": kept,
        "logits at the answers": answers * text.vocab_size * 4 * 3,
    }
    frame = pd.DataFrame({"part": list(parts), "gigabytes": [value / 1e9 for value in parts.values()]})
    if gpu:
        return Memory(frame, torch.cuda.mem_get_info()[0] / 1e9 if torch.cuda.is_available() else 0.0, "GPU")
    return Memory(frame, psutil.virtual_memory().available / 1e9, "CPU")


def recipe_for(base: str, *, epochs: float = 0, learning_rate: float = 0.0, seed: int = 7) -> Recipe:
    """The recipe for a base model. learning_rate 0: 2e-3 below a billion parameters, 2e-4 (the article's) above."""
    return Recipe(epochs=epochs, learning_rate=learning_rate or (2e-3 if _size(base) < 1e9 else 2e-4), seed=seed)


def room_for(base: str, recipe: Recipe, *, quantize: str | None = "nf4") -> tuple[Recipe, Memory]:
    """The recipe, with gradient checkpointing only where memory asks for it, and the memory it needs.

    Reads the model's configuration, not its weights. Raises BadInput where it fits neither way.
    """
    config = _config(base)
    for tried in (recipe, replace(recipe, checkpointing=True)):
        room = memory(config, tokens=1024, answers=256, recipe=tried, quantize=quantize)
        if room.fits:
            return tried, room
    raise BadInput(f"{base} cannot be trained here: {room}")


def _config(base: str) -> PretrainedConfig:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(plain_folder(find(base)))


def _size(base: str) -> int:
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return sum_parameters(AutoModelForCausalLM.from_config(_config(base)))
