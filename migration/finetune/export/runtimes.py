"""Merged weights as other runtimes read them (GGUF, ONNX Runtime, ExecuTorch), and the lines that serve them.

Covers: those runtimes' own exporters. Out of scope: adapters, training, and whether a copy answers well (`export`
compares it with the original; tests do, for each runtime).

ONNX Runtime and ExecuTorch are extras (`pip install -e '.[onnx]'`, `'.[executorch]'`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from migration import models
from migration.errors import BadInput
from migration.files import resolve

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def has_llama_gguf(base: str) -> bool:
    """Whether `base` came as GGUF in the Llama architecture, which is what `to_gguf` needs."""
    from transformers import AutoConfig

    files = models.find(base)
    return bool(files.gguf) and AutoConfig.from_pretrained(models.plain_folder(files)).model_type == "llama"


def to_gguf(base: str, merged: str | Path, out: str | Path) -> Path:
    """Write merged weights as GGUF (half precision), with tokenizer, template and settings of the base's own GGUF.

    For bases that came as GGUF in the Llama architecture. Others: `convert_hf_to_gguf.py` of llama.cpp reads `merged`.
    Raises BadInput where the base is no such file.
    """
    import gguf
    from safetensors.torch import load_file
    from transformers import AutoConfig

    merged, out = Path(merged), Path(out)
    if not has_llama_gguf(base):
        raise BadInput(f"{base} did not come as a Llama GGUF: use llama.cpp's convert_hf_to_gguf.py on {merged.name}/")
    files, config = models.find(base), AutoConfig.from_pretrained(merged)
    reader = gguf.GGUFReader(files.folder / str(files.gguf))
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


def to_onnx(merged: str | Path, out: str | Path) -> Path:
    """Write merged weights as the folder that ONNX Runtime's generator reads (float32, CPU), by its own model builder.

    The builder's `-p int4` makes a smaller copy that is another function. Raises BadInput where the extra is missing,
    or with the builder's last words where it fails.
    """
    if find_spec("onnxruntime_genai") is None:
        raise BadInput("ONNX Runtime's model builder is not installed: pip install -e '.[onnx]'")
    builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-p", "fp32", "-e", "cpu"]
    done = subprocess.run(
        [*builder, "-i", str(merged), "-o", str(out), "-c", str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BadInput(f"ONNX Runtime's model builder cannot write {merged}: {done.stderr.strip()[-300:]}")
    return Path(out)


def to_executorch(merged: str | Path, out: str | Path, *, context: int = 2048) -> Path:
    """Write merged weights as a program (.pte, float32, XNNPACK on CPUs) that ExecuTorch's own text runner reads.

    context: tokens of prompt and answer together, for which the program keeps room. Beside the file the runner needs
    `tokenizer.json`, which lies in `merged`. Raises BadInput where the extra is missing.
    """
    try:
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
    except ModuleNotFoundError as missing:
        raise BadInput("ExecuTorch is not installed: pip install -e '.[executorch]'") from missing
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32).eval()
    ends = model.generation_config.eos_token_id
    facts = {  # what the runner asks the program for
        "get_eos_ids": ends if isinstance(ends, list) else [ends], "get_max_seq_len": context,
        "get_max_context_len": context, "use_kv_cache": True, "enable_dynamic_shape": True,
    }  # fmt: skip
    program = to_edge_transform_and_lower(
        {"forward": _with_cache(model, context)}, partitioner=[XnnpackPartitioner()],
        compile_config=EdgeCompileConfig(_check_ir_validity=False), constant_methods=facts,
    ).to_executorch()  # fmt: skip
    with Path(out).open("wb") as file:
        program.write_to_file(file)
    return Path(out)


def _with_cache(model: PreTrainedModel, context: int) -> torch.export.ExportedProgram:
    """(token ids (1, T), positions (T,)) -> logits (1, T, vocabulary), with a cache of `context` tokens inside."""
    from transformers.integrations.executorch import TorchExportableModuleForDecoderOnlyLM

    model.generation_config.use_cache, model.generation_config.cache_implementation = True, "static"
    with torch.no_grad():
        module = TorchExportableModuleForDecoderOnlyLM(model, batch_size=1, max_cache_len=context)
        length = torch.export.Dim("length", max=context - 1)
        shapes = {"input_ids": {1: length}, "cache_position": {0: length}}
        return module.export(
            input_ids=torch.ones(1, 3, dtype=torch.long), cache_position=torch.arange(3), dynamic_shapes=shapes
        )


def serving_lines(base: str, tuned: str, adapter: str = "adapter", quantize: str | None = "nf4") -> dict[str, str]:
    """Ready-to-run lines by runtime, for a shell in the folder that holds `adapter`; `quantize` as it was trained.

    Those marked "by its documentation" are of runtimes that no package brings. What the others do, the tests do
    (llama.cpp by `xllamacpp`, which is its server).
    """
    short = tuned.replace("+", "-")
    if resolve(base).exists():
        base = str(resolve(base).resolve())
    gguf = {"GGUF, for llama.cpp and Ollama": _python("to_gguf", base, "merged", "merged.gguf")}
    if not has_llama_gguf(base):
        converter = "python llama.cpp/convert_hf_to_gguf.py merged --outfile merged.gguf --outtype f16"
        gguf = {"GGUF, by llama.cpp's converter (by its documentation)": converter}
    published = {"smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct"}.get(base, base)
    if "/" not in published or Path(published).exists():
        published = str(models.plain_folder(models.find(base)))
    return {
        "First: the merged weights, which are the function that was tested": _python(
            "merge", base, adapter, "merged", quantize
        ),
        "Transformers": (
            'python -c \'from transformers import pipeline; print(pipeline("text-generation", "merged")'
            '([{"role": "user", "content": "Where is my order?"}], max_new_tokens=64))\''
        ),
        "vLLM (by its documentation)": f"vllm serve merged --served-model-name {short}",
        "vLLM, many adapters on one unquantised base (by its documentation; see how alike it is, above)": (
            f"vllm serve {published} --enable-lora --max-lora-rank 16 --lora-modules {short}={adapter}"
        ),
        **gguf,
        "llama.cpp": "llama-server -m merged.gguf --port 8080",
        "Ollama (by its documentation)": f"echo 'FROM ./merged.gguf' > Modelfile && ollama create {short} -f Modelfile",
        "ONNX Runtime (pip install -e '.[onnx]'), a folder for onnxruntime_genai.Model": _python(
            "to_onnx", "merged", "merged-onnx"
        ),
        "ExecuTorch (pip install -e '.[executorch]'), a file for its TextLLMRunner": _python(
            "to_executorch", "merged", "merged.pte"
        ),
        "This project": f"Candidate({tuned!r}, {base!r}, adapter={adapter!r}, quantize={quantize!r})",
    }


def _python(function: str, *arguments: str | None) -> str:
    told = ", ".join("None" if each is None else json.dumps(each) for each in arguments)
    return f"python -c 'from migration.finetune import {function}; {function}({told})'"
