"""How to train: the recipe, and which layers of a model it adds an adapter to.

Out of scope: the steps of a training (`train`)."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch
from IPython.display import Markdown
from peft import LoraConfig, PeftModel, get_peft_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ARTICLE_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
EPOCHS, STEPS, MOST_EPOCHS = 6, 240, 30
"""Times that 200 examples are seen, the steps this makes, and the most times that few examples are seen for them."""


@dataclass(frozen=True)
class Recipe:
    """How to train. `size` is the effective batch in examples; `targets` is `all-linear` or names of layers.

    epochs 0 stands for `enough`. Small batches: what counts beside the examples is how many steps they are given.
    """

    epochs: float = 0
    learning_rate: float = 2e-3
    size: int = 5
    rank: int = 16
    alpha: int = 32
    targets: str | tuple[str, ...] = "all-linear"
    warmup: float = 0.05
    patience: int = 2
    packed: bool = True
    checkpointing: bool = False
    seed: int = 7


def enough(recipe: Recipe, examples: int) -> Recipe:
    """`recipe` with its epochs: those asked for, else `EPOCHS`, more where examples are few, for `STEPS` in all."""
    return replace(recipe, epochs=recipe.epochs or min(max(EPOCHS, STEPS * recipe.size / examples), MOST_EPOCHS))


def linear_layers(model: PreTrainedModel) -> dict[str, list[tuple[int, int]]]:
    """Last name of every linear layer but the output head -> (inputs, outputs) of each one so called."""
    head = model.get_output_embeddings()
    found: dict[str, list[tuple[int, int]]] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module is not head:
            found.setdefault(name.rsplit(".", 1)[-1], []).append((module.in_features, module.out_features))
    return found


def targets_table(model: PreTrainedModel, rank: int = 16) -> pd.DataFrame:
    """What each choice of target layers matches in this architecture, and trains.

    Columns: choice, layers, trainable, share. The article's four names match only `o_proj` where attention is fused
    (Phi-3), and peft does not complain.
    """
    layers, total = linear_layers(model), sum_parameters(model)
    attention = {name for name in layers if name in {*ARTICLE_TARGETS, "qkv_proj", "query_key_value", "c_attn"}}
    choices = {"all linear": set(layers), "attention": attention, "the article's four": {*ARTICLE_TARGETS} & {*layers}}
    rows = []
    for choice, names in choices.items():
        trainable = sum(rank * (i + o) for name in names for i, o in layers[name])
        rows.append((choice, " ".join(sorted(names)), trainable, trainable / total))
    return pd.DataFrame(rows, columns=["choice", "layers", "trainable", "share"])


def sum_parameters(model: torch.nn.Module) -> int:
    """Parameters of the base, 4-bit ones (stored two a byte) counted as what they stand for."""
    shapes = (getattr(getattr(p, "quant_state", None), "shape", None) or p.shape for p in model.parameters())
    return sum(math.prod(shape) for shape in shapes)


def say_targets(table: pd.DataFrame) -> Markdown:
    """What `targets_table` found, in a sentence.

    table: of `targets_table`.
    """
    rows = table.set_index("choice")
    every, four = rows.loc["all linear"], rows.loc["the article's four"]
    missing = sorted(set(ARTICLE_TARGETS) - set(four["layers"].split()))
    told = f" Here {', '.join(missing)} do not exist, so the article's list trains {four['layers'] or 'nothing'} alone."
    return Markdown(
        f"All linear layers are trained: {every['trainable']:,} parameters, {every['share']:.2%} of the model (the "
        f"article says 0.1%; its four layers would be {four['share']:.2%}).{told if missing else ''}"
    )


def bf16_pays(device: torch.device) -> bool:
    """Whether bf16 products are faster here: on a GPU, and on a processor that has instructions for them."""
    known = torch.cpu.get_capabilities()
    return device.type == "cuda" or any(known.get(name) for name in ("avx512_bf16", "amx_bf16"))


def prepare(model: PreTrainedModel, recipe: Recipe, start: Path | None = None) -> PeftModel:
    """`model` with an adapter to train, the base frozen: a fresh one (the same seed gives the same), or `start`'s."""
    torch.manual_seed(recipe.seed)
    if start is not None:
        adapted = PeftModel.from_pretrained(model, str(start), is_trainable=True)
        adapted.peft_config["default"].base_model_name_or_path = model.name_or_path  # else peft asks a hub for the name
        return adapted.train()
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    config = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():  # peft asks transformers by a name that it is renaming
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(model, config).train()
