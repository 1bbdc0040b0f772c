"""The artifact: an adapter with its model card, merged weights, and whether copies of them answer alike.

Covers: what an adapter is served from, and whether two copies give the same answers. Out of scope: training, whether
the result is good, and the formats of other runtimes (`runtimes`).
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import torch
import yaml

from migration import models
from migration.files import write_atomic, write_json
from migration.finetune.training.packing import Example
from migration.finetune.training.recipe import Recipe
from migration.finetune.training.train import collator_of
from migration.finetune.training.watch import evaluating
from migration.models.threads import free_cores

CARD = """---
base_model: {base}
library_name: peft
license: {licence}
tags: [lora, qlora, migration-workbook]
---
# {tuned}

A LoRA adapter for `{base}` (weights {revision}), tuned on a team's own calls to a large model.

{notice}## What it was trained for

{tasks}

## Results on held-out calls

{results}

## How

| setting | value |
|---|---|
{settings}

## Limits

It was trained on the tasks above alone; other prompts go to the base model or the large one. Personal data was masked
in the training examples. It answers as the logged model did, that model's mistakes included.
The licence is the base model's: {licence}.
"""
_LICENCES = {
    "smollm2": "apache-2.0",
    "pocket-phi3": "apache-2.0",
    "pocket-gemma2": "apache-2.0",
    "pocket-llama3": "apache-2.0",
}


def licence_of(base: str) -> str:
    """The base model's licence: known for the packaged ones, else read from its README's front matter, else `other`."""
    if base in _LICENCES:
        return _LICENCES[base]
    readme = models.find(base).folder / "README.md"
    lines = readme.read_text(encoding="utf-8", errors="replace").splitlines()[:60] if readme.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("license:")), "other")


def save_adapter(
    best: Path,
    folder: Path,
    *,
    base: str,
    tuned: str,
    data: Path,
    settings: Mapping[str, object],
    tasks: str,
    results: str,
) -> Path:
    """Copy the adapter into `folder` with a README (model card) beside it. `data`: its training file."""
    shutil.copytree(best, folder, dirs_exist_ok=True)
    (folder / "README.md").unlink(missing_ok=True)
    identity = models.find(base).identity
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    described = dict(settings) | {"training data (sha256)": digest, "base weights": identity}
    notice = models.notice(base)
    card = CARD.format(
        base=base, tuned=tuned, licence=licence_of(base), revision=identity[:24], tasks=tasks, results=results,
        notice=f"> {notice}\n\n" if notice else "",
        settings="\n".join(f"| {key} | {value} |" for key, value in described.items()),
    )  # fmt: skip
    write_atomic(folder / "README.md", card)
    config = folder / "adapter_config.json"
    text = config.read_text(encoding="utf-8").replace(str(models.plain_folder(models.find(base))), base)
    write_atomic(config, text)
    return folder


def merge(base: str, adapter: str | Path, folder: str | Path, quantize: str | None = "nf4") -> Path:
    """Write base + adapter as plain weights (safetensors) that any runtime reads without peft.

    quantize: what the base was trained in. The adapter is added to what those weights stand for, so the result is the
    function that was trained and tested; added to the unquantised base it would be another one.
    """
    loaded = models.load(base, quantize=quantize, adapter=adapter)
    folder = Path(folder)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    write_json(folder / "merged_from.json", {"base": base, "identity": loaded.identity})
    return folder


GPUS = 2
"""What the launch files are written for."""


def launch_files(folder: Path, base: str, recipe: Recipe) -> str:
    """Write `sft.yaml` and `fsdp_qlora.yaml` for `GPUS` GPUs, and return the line that starts them.

    The trainer is trl's own script, which pads: the packs of this package are for one device. It reads the step's
    `train.jsonl`; assistant turns carry the loss. `bnb_4bit_quant_storage` equals the dtype, which FSDP needs.
    """
    sft = {
        "model_name_or_path": base, "dtype": "bfloat16", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4",
        "use_bnb_nested_quant": True, "bnb_4bit_quant_storage": "bfloat16", "use_peft": True, "lora_r": recipe.rank,
        "lora_alpha": recipe.alpha, "lora_dropout": 0.0, "lora_target_modules": ["all-linear"],
        "datasets": [{"path": "json", "data_files": "train.jsonl"}], "assistant_only_loss": True,
        "learning_rate": recipe.learning_rate, "num_train_epochs": recipe.epochs, "lr_scheduler_type": "cosine",
        "per_device_train_batch_size": max(1, recipe.size // GPUS), "max_grad_norm": 1.0, "bf16": True,
        "seed": recipe.seed, "output_dir": "adapter-fsdp",
    }  # fmt: skip
    fsdp = {
        "compute_environment": "LOCAL_MACHINE", "distributed_type": "FSDP", "mixed_precision": "bf16",
        "num_machines": 1, "num_processes": GPUS, "machine_rank": 0, "use_cpu": False,
        "fsdp_config": {
            "fsdp_version": 2, "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "fsdp_reshard_after_forward": True,
            "fsdp_cpu_ram_efficient_loading": True, "fsdp_state_dict_type": "FULL_STATE_DICT",
            "fsdp_offload_params": False, "fsdp_activation_checkpointing": recipe.checkpointing,
        },
    }  # fmt: skip
    write_atomic(folder / "sft.yaml", yaml.safe_dump(sft, sort_keys=False))
    write_atomic(folder / "fsdp_qlora.yaml", yaml.safe_dump(fsdp, sort_keys=False))
    return "accelerate launch --config_file fsdp_qlora.yaml -m trl.scripts.sft --config sft.yaml"


READ, PACK = 40, 8
"""Examples that copies of a model are compared on (a copy that differs does so on many), and those read at once."""
READING_S = 20.0
"""Seconds after which no further examples are read: on a slow machine fewer tell as much."""


@dataclass(frozen=True)
class Same:
    """How alike two copies of a model answer: share of calls with the same greedy answer, and logprob difference."""

    first: str
    second: str
    n: int
    agreement: float
    worst_logprob: float

    @property
    def passes(self) -> bool:
        """The bar: the same greedy answer to 95% of the calls or more."""
        return self.agreement >= 0.95

    def __str__(self) -> str:
        verdict = (
            "the same for all that is measured"
            if self.passes
            else "**not the same function: serve the merged weights**"
        )
        return (
            f"{self.first} and {self.second}: {self.agreement:.1%} of {self.n} validation calls get the same greedy "
            f"answer, mean logprob of an answer's token differs by {self.worst_logprob:.3f} at most: {verdict}."
        )


def same_answers(
    base: str, adapter: Path, examples: Sequence[Example], quantize: str | None, *, seconds: float = READING_S
) -> list[Same]:
    """The adapter on the base as it was trained, against each way to serve it.

    Ways: merged into the weights that the base stands for (`merge`), and where the base was quantised, the adapter on
    the unquantised base, which a server may offer and which is another function. All read the answers of up to
    `READ` examples, spread evenly, as many as the first one reads in `seconds`: what they would write at each
    position, and how likely the answer's tokens are, must be alike.
    """
    examples = [examples[at] for at in np.unique(np.linspace(0, len(examples) - 1, READ).astype(int))]
    packs = _packs(examples)
    trained = models.load(base, quantize=quantize)
    one = _read(replace(trained, model=models.with_adapter(trained.model, adapter)), packs, seconds)
    packs, name = packs[: len(one)], f"Adapter on the {quantize or 'plain'} base"
    ways = {"the merged weights": quantize} | ({"the adapter on the unquantised base": None} if quantize else {})
    found = []
    for told, way in ways.items():
        two = _read(models.load(base, quantize=way, adapter=adapter), packs)
        found.append(alike([*chain(*one)], [*chain(*two)], name, told))
    return found


def _packs(examples: Sequence[Example]) -> list[list[Example]]:
    """Up to `PACK` examples of one call site each, the sites taking turns."""
    sites: dict[str, list[Example]] = {}
    for example in examples:
        sites.setdefault(example.site, []).append(example)
    parts = [[own[at : at + PACK] for at in range(0, len(own), PACK)] for own in sites.values()]
    return [pack for turn in zip_longest(*parts) for pack in turn if pack]


def _read(
    loaded: models.LoadedModel, packs: Sequence[Sequence[Example]], seconds: float = np.inf
) -> list[list[Reading]]:
    """The readings of each pack, of the first ones where `seconds` are over."""
    started, found = time.monotonic(), []
    with free_cores():
        for pack in packs:
            found.append(read_together(loaded, pack))
            if time.monotonic() - started > seconds:
                break
    return found


Reading = tuple[list[int], float]
"""Greedy tokens of an answer up to the first that the reference does not have, and the reference's mean logprob."""


def alike(one: Sequence[Reading], two: Sequence[Reading], first: str, second: str) -> Same:
    """How alike two copies read the same examples."""
    same = np.array([a == b for (a, _), (b, _) in zip(one, two, strict=True)])
    gap = max(abs(a - b) for (_, a), (_, b) in zip(one, two, strict=True))
    return Same(first, second, len(same), float(same.mean()), float(gap))


@torch.no_grad()
def read_together(loaded: models.LoadedModel, examples: Sequence[Example]) -> list[Reading]:
    """How examples of one call site are read, in one forward pass, their shared beginning computed once."""
    batch = collator_of(loaded.model, loaded.tokenizer, examples)([{"examples": list(range(len(examples)))}])
    inputs = {key: value.to(loaded.device) for key, value in batch.items() if key not in ("labels", "shift_labels")}
    logits = evaluating(loaded.model)(**inputs, use_cache=False).logits.float()
    lengths = [len(example) - example.answer for example in examples]
    packed = len(logits) < len(examples)
    parts = logits[0].split(lengths) if packed else [row[-n:] for row, n in zip(logits, lengths, strict=True)]
    return [reading_of(part, example) for part, example in zip(parts, examples, strict=True)]


def reading_of(at_answer: torch.Tensor, example: Example) -> Reading:
    """How `example` is read. at_answer: (K, vocabulary), the logits before each of the answer's K tokens."""
    wanted, said = example.ids[example.answer :], at_answer.argmax(-1).tolist()
    miss = next((at for at, (a, b) in enumerate(zip(said, wanted, strict=True)) if a != b), len(wanted))
    chosen = at_answer.log_softmax(-1)[torch.arange(len(wanted)), torch.tensor(wanted)]
    return said[: miss + 1], float(chosen.mean())
