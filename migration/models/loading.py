"""A model's files as a model that runs: weights, tokenizer, adapter.

GGUF is dequantised once and kept in the user's cache. Out of scope: prompts, answers and training.
"""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput
from migration.models import quantise
from migration.models.files import ModelFiles, ModelNotFound, find, of_folder, settle, user_cache
from migration.models.quantise import QUANTIZE

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PretrainedConfig, PreTrainedModel


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to run. `identity` names weights, adapter and number format: what its answers depend on."""

    model: Any
    tokenizer: Any
    device: torch.device
    context: int
    identity: str

    @property
    def memory_mb(self) -> float:
        """Megabytes of weights and buffers in memory."""
        return self.model.get_memory_footprint() / 1e6

    @property
    def parameters(self) -> int:
        """How many parameters it has."""
        return self.model.num_parameters()


def load(spec: str, *, quantize: str | None = None, adapter: str | Path | None = None) -> LoadedModel:
    """The model named `spec` in memory, on a GPU where there is one: a fresh one at each call.

    quantize: None (float32 on a CPU, bfloat16 on a GPU) or "nf4" (4-bit with double quantisation, bitsandbytes). A
    processor has no 4-bit product: there the rounded weights are unpacked where memory allows, the same values at twice
    the speed. adapter: a peft folder; merged, since that is the same function and faster, and with "nf4" into the
    weights that the 4-bit base stands for, since an adapter learns beside their rounding errors.
    Raises ModelNotFound; BadInput for an unknown `quantize`.
    """
    if quantize not in QUANTIZE:
        raise BadInput(f"quantize is {quantize!r}, allowed are {list(QUANTIZE)}")
    import torch
    from transformers import AutoModelForCausalLM

    silence()
    files = find(spec)
    identity = identity_of(files, quantize, adapter)
    device = _device()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    if quantize == "nf4":
        options |= {"quantization_config": quantise.nf4(dtype), "device_map": {"": device}}
    folder = plain_folder(files)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    if quantize and (adapter or quantise.unpacked_fits(model)):
        model = quantise.plain_weights(model)
    if adapter:
        model = with_adapter(model, adapter).merge_and_unload()
    model = model.eval().requires_grad_(False)
    if not quantize:
        model = model.to(device)
    context = context_of(model.config)
    return LoadedModel(model, load_tokenizer(files), device, context, identity)


def with_adapter(model: PreTrainedModel, adapter: str | Path) -> PeftModel:
    """`model` with the peft adapter of a folder beside its weights (a PeftModel), not merged."""
    from peft import PeftModel

    with warnings.catch_warnings():  # peft asks transformers by a name that it is renaming
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        return PeftModel.from_pretrained(model, adapter)


def load_tokenizer(files: ModelFiles) -> Any:
    """The tokenizer, chat template included: enough to know a prompt without loading its model."""
    from transformers import AutoTokenizer

    silence()
    return AutoTokenizer.from_pretrained(plain_folder(files))


def context_of(config: PretrainedConfig) -> int:
    """The most tokens that prompt and answer may have together."""
    return int(getattr(config.get_text_config(), "max_position_embeddings", 0)) or 2048


def identity_of(files: ModelFiles, quantize: str | None = None, adapter: str | Path | None = None) -> str:
    """What answers depend on: the weights' hash, the adapter's, and the number formats of weights and arithmetic."""
    arithmetic = "bfloat16" if _device().type == "cuda" else "float32"
    tuned = _adapter_identity(Path(adapter)) if adapter else ""
    return f"{files.identity}|{tuned}|{quantize or 'plain'}|{arithmetic}"


def _device() -> torch.device:
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _adapter_identity(adapter: Path) -> str:
    if not (adapter / "adapter_config.json").is_file():
        raise ModelNotFound(str(adapter), "the folder holds no adapter_config.json")
    return of_folder(str(adapter), adapter).identity


def silence() -> None:
    """No loading bars: in an executed notebook each refresh would stay."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def _refuse_code(folder: Path) -> None:
    """Raise BadInput for a model that only runs with Python code of its own: weights are read, code is not run."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    file = folder / "config.json"
    about = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if about.get("auto_map") and about.get("model_type") not in CONFIG_MAPPING_NAMES:
        raise BadInput(
            f"{file} asks for Python code of the model's own (auto_map), which is never run: "
            "name a model of a type that transformers knows, or serve it elsewhere and give its http address"
        )


def plain_folder(files: ModelFiles) -> Path:
    """A folder that `from_pretrained` reads as it is: the model's own, or its GGUF dequantised once into the cache.

    Raises BadInput for a model that brings code to run.
    """
    if not files.gguf:
        _refuse_code(files.folder)
        return files.folder
    folder = user_cache() / "dequantised" / files.identity[:24]
    if folder.is_dir():
        return folder
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    silence()
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    model: Any = AutoModelForCausalLM.from_pretrained(files.folder, gguf_file=files.gguf, dtype=torch.float32)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(partial)
    AutoTokenizer.from_pretrained(files.folder, gguf_file=files.gguf).save_pretrained(partial)
    settle(partial, folder)
    return folder
