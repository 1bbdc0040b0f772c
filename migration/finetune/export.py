"""The artifact: an adapter with its model card, merged weights, a GGUF file, and lines that serve them.

Knows: files and formats that other runtimes read. Refuses to know: training, and whether the result is good (it only
checks that the copies give the same answers).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from migration.artifacts import write_atomic, write_json
from migration.errors import BadInput
from migration.finetune.packing import Example
from migration.finetune.train import Recipe
from migration.finetune.watch import evaluating
from migration.sample import models

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
    settings: Mapping[str, Any],
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


def to_gguf(base: str, merged: Path, out: Path) -> Path:
    """Write merged weights as GGUF (half precision), with tokenizer, template and settings of the base's own GGUF.

    For bases that came as GGUF in the Llama architecture. Others: `convert_hf_to_gguf.py` of llama.cpp reads `merged`.
    Raises BadInput where the base is no such file.
    """
    import gguf
    from safetensors.torch import load_file
    from transformers import AutoConfig

    files = models.find(base)
    config = AutoConfig.from_pretrained(merged)
    if not files.gguf or config.model_type != "llama":
        raise BadInput(f"{base} did not come as a Llama GGUF: use llama.cpp's convert_hf_to_gguf.py on {merged.name}/")
    reader = gguf.GGUFReader(files.folder / files.gguf)
    writer = gguf.GGUFWriter(out, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        value, inner = field.contents(), field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        if field.name == "general.file_type":
            value = int(gguf.LlamaFileType.MOSTLY_F16)
        writer.add_key_value(field.name, value, kind, sub_type=inner)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    known = {tensor.name for tensor in reader.tensors}
    for name, tensor in load_file(merged / "model.safetensors").items():
        target = names.get_name(name, try_suffixes=(".weight",))
        if target not in known:
            continue  # tied to the embeddings
        values = tensor.float().numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config.num_attention_heads if name.endswith("q_proj.weight") else config.num_key_value_heads
            values = _interleaved(values, heads)
        writer.add_tensor(target, values if values.ndim == 1 else values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def _interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of q and k as llama.cpp orders them: rotary pairs side by side instead of in two halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def serving_lines(base: str, tuned: str, adapter: str = "adapter") -> dict[str, str]:
    """Ready-to-run lines by runtime. llama.cpp's and Transformers' ways are tested here; the others are not."""
    hub = base if "/" in base else "HuggingFaceTB/SmolLM2-135M-Instruct" if base == "smollm2" else f"data/pocket/{base}"
    short = tuned.replace("+", "-")
    return {
        "First: the merged weights, which are the function that was tested": (
            f"python -c 'from migration.finetune import merge; merge(\"{base}\", \"{adapter}\", \"merged\")'"
        ),
        "Transformers": 'AutoModelForCausalLM.from_pretrained("merged")',
        "vLLM (by its documentation)": f"vllm serve merged --served-model-name {short}",
        "vLLM, many adapters on one unquantised base (by its documentation; see how alike it is, above)": (
            f"vllm serve {hub} --enable-lora --max-lora-rank 16 --lora-modules {short}={adapter}"
        ),
        "llama.cpp": "llama-server -m merged.gguf --port 8080",
        "Ollama (by its documentation)": f"echo 'FROM ./merged.gguf' > Modelfile && ollama create {short} -f Modelfile",
        "ONNX Runtime (by its documentation)": "optimum-cli export onnx --model merged merged-onnx",
        "ExecuTorch (by its documentation)": (
            "optimum-cli export executorch --model merged --task text-generation --recipe xnnpack --output_dir out"
        ),
        "This project": f"Candidate({tuned!r}, {base!r}, adapter={adapter!r}, quantize='nf4')",
    }


def launch_files(folder: Path, base: str, recipe: Recipe, *, gpus: int = 2) -> str:
    """Write `sft.yaml` and `fsdp_qlora.yaml` for more than one GPU, and return the line that starts them.

    The trainer is trl's own script, which pads: the packs of this package are for one device. It reads the step's
    `train.jsonl`; assistant turns carry the loss. `bnb_4bit_quant_storage` equals the dtype, which FSDP needs.
    """
    sft = {
        "model_name_or_path": base, "dtype": "bfloat16", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4",
        "use_bnb_nested_quant": True, "bnb_4bit_quant_storage": "bfloat16", "use_peft": True, "lora_r": recipe.rank,
        "lora_alpha": recipe.alpha, "lora_dropout": 0.0, "lora_target_modules": ["all-linear"],
        "datasets": [{"path": "json", "data_files": "train.jsonl"}], "assistant_only_loss": True,
        "learning_rate": recipe.learning_rate, "num_train_epochs": recipe.epochs, "lr_scheduler_type": "cosine",
        "per_device_train_batch_size": max(1, recipe.size // gpus), "max_grad_norm": 1.0, "bf16": True,
        "seed": recipe.seed, "output_dir": "adapter-fsdp",
    }  # fmt: skip
    fsdp = {
        "compute_environment": "LOCAL_MACHINE", "distributed_type": "FSDP", "mixed_precision": "bf16",
        "num_machines": 1, "num_processes": gpus, "machine_rank": 0, "use_cpu": False,
        "fsdp_config": {
            "fsdp_version": 2, "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "fsdp_reshard_after_forward": True,
            "fsdp_cpu_ram_efficient_loading": True, "fsdp_state_dict_type": "FULL_STATE_DICT",
            "fsdp_offload_params": False, "fsdp_activation_checkpointing": recipe.checkpointing,
        },
    }  # fmt: skip
    write_atomic(folder / "sft.yaml", yaml.safe_dump(sft, sort_keys=False))
    write_atomic(folder / "fsdp_qlora.yaml", yaml.safe_dump(fsdp, sort_keys=False))
    return "accelerate launch --config_file fsdp_qlora.yaml -m trl.scripts.sft --config sft.yaml"


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


def same_answers(base: str, adapter: Path, examples: Sequence[Example], quantize: str | None) -> list[Same]:
    """The adapter on the base as it was trained, against each way to serve it.

    Ways: merged into the weights that the base stands for (`merge`), and where the base was quantised, the adapter on
    the unquantised base, which a server may offer and which is another function. All read every example's answer: what
    they would write at each position, and how likely the answer's tokens are, must be alike.
    """
    from peft import PeftModel

    trained = models.load(base, quantize=quantize)
    trained = replace(trained, model=PeftModel.from_pretrained(trained.model, adapter))
    one, name = _readings(trained, examples), f"Adapter on the {quantize or 'plain'} base"
    ways = {"the merged weights": quantize} | ({"the adapter on the unquantised base": None} if quantize else {})
    return [
        alike(one, _readings(models.load(base, quantize=way, adapter=adapter), examples), name, told)
        for told, way in ways.items()
    ]


Reading = tuple[list[int], float]
"""Greedy tokens of an answer up to the first that the reference does not have, and the reference's mean logprob."""


def alike(one: Sequence[Reading], two: Sequence[Reading], first: str, second: str) -> Same:
    """How alike two copies read the same examples."""
    same = np.array([a == b for (a, _), (b, _) in zip(one, two, strict=True)])
    gap = max(abs(a - b) for (_, a), (_, b) in zip(one, two, strict=True))
    return Same(first, second, len(same), float(same.mean()), float(gap))


def _readings(loaded: models.LoadedModel, examples: Sequence[Example]) -> list[Reading]:
    """For each example the likeliest token at every answer position up to the first miss, and the mean logprob."""
    found, model = [], evaluating(loaded.model)
    with torch.no_grad():
        for example in examples:
            ids = torch.tensor([example.ids], device=loaded.device)
            logits = model(ids, logits_to_keep=len(example) - example.answer + 1).logits[0, :-1].float()
            said, wanted = logits.argmax(-1).tolist(), example.ids[example.answer :]
            miss = next((at for at, (a, b) in enumerate(zip(said, wanted, strict=True)) if a != b), len(wanted))
            chosen = logits.log_softmax(-1)[torch.arange(len(wanted)), torch.tensor(wanted)]
            found.append((said[: miss + 1], float(chosen.mean())))
    return found
