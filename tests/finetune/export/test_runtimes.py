"""The same weights in llama.cpp, ONNX Runtime and ExecuTorch: the same function.

The last two are extras: without them their tests are skipped, with what to install.
"""

import sys

import numpy as np
import pandas as pd
import pytest
from families import calls_of, examples_of, family_of
from readers import in_executorch, in_onnxruntime, in_transformers, readings
from servers import llama_cpp

from migration import models
from migration.benchmark import Candidate, answer
from migration.errors import BadInput
from migration.finetune import encoded, export
from migration.finetune.export import runtimes
from migration.finetune.training.recipe import Recipe
from migration.finetune.training.train import tune


def needs(package, extra):
    return pytest.importorskip(package, reason=f"needs {package} (pip install -e '.[{extra}]')")


def same_as_original(merged, logits, examples):
    """A copy in another runtime against the merged weights in transformers."""
    original = readings(in_transformers(models.load(str(merged))), examples)
    return export.alike(original, readings(logits, examples), "merged weights", "copy")


@pytest.fixture(params=["llama3", "gemma2", "phi3"])
def tiny(request, tmp_path):
    """A family's tiny model on disk, and examples for it."""
    family = family_of(request.param)
    model = family.model()
    model.config.original_max_position_embeddings = model.config.max_position_embeddings  # no long-context rotation
    model.save_pretrained(tmp_path / "merged")
    family.tokenizer.save_pretrained(tmp_path / "merged")
    return tmp_path / "merged", examples_of(family, 6)


def test_every_family_is_the_same_function_in_onnx_runtime(tiny, tmp_path):
    needs("onnxruntime_genai", "onnx")
    merged, examples = tiny
    same = same_as_original(merged, in_onnxruntime(runtimes.to_onnx(merged, tmp_path / "onnx")), examples)
    assert (same.agreement, same.worst_logprob) == (1.0, pytest.approx(0, abs=1e-4))


def test_every_family_is_the_same_function_in_executorch(tiny, tmp_path):
    needs("executorch", "executorch")
    merged, examples = tiny
    program = runtimes.to_executorch(merged, tmp_path / "merged.pte", context=512)
    same = same_as_original(merged, in_executorch(program), examples)
    assert (same.agreement, same.worst_logprob) == (1.0, pytest.approx(0, abs=1e-4))


def test_a_missing_runtime_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install -e '\.\[onnx\]'"):
        runtimes.to_onnx(tmp_path, tmp_path / "onnx")
    monkeypatch.setitem(sys.modules, "executorch", None)
    with pytest.raises(BadInput, match=r"pip install -e '\.\[executorch\]'"):
        runtimes.to_executorch(tmp_path, tmp_path / "merged.pte")


def test_only_a_gguf_base_is_written_as_gguf(tmp_path):
    with pytest.raises(BadInput, match="convert_hf_to_gguf"):
        runtimes.to_gguf("pocket-llama3", tmp_path, tmp_path / "out.gguf")


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    """SmolLM2 tuned in NF4 for half a minute and merged: its folder, examples, calls, and the adapter's own answers."""
    folder = tmp_path_factory.mktemp("smollm2")
    try:
        loaded = models.load("smollm2", quantize="nf4")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    rows = pd.DataFrame(
        [{"call_id": str(i), "task": "sort", "messages": m, "response": a} for i, (m, a) in enumerate(calls_of(8))]
    )
    examples = encoded(loaded.tokenizer, rows)
    recipe = Recipe(epochs=10, learning_rate=2e-3, size=8)
    training = tune(loaded.model, loaded.tokenizer, examples, examples, recipe, folder / "training")
    assert training.agreement >= 0.75
    adapter = training.folder / "best"
    merged = export.merge("smollm2", adapter, folder / "merged")
    asked = rows[["call_id", "messages"]].assign(max_tokens=16)
    here = answer(Candidate("here", "smollm2", adapter=str(adapter), quantize="nf4"), asked)
    return merged, examples, asked, here["output"].str.strip()


@pytest.mark.slow
def test_tuned_smollm2_served_by_llama_cpp_agrees_with_its_adapter(smollm2, tmp_path):
    """Trained in NF4, merged, written as GGUF, served by llama.cpp's own server: the same answers."""
    merged, _, asked, here = smollm2
    server = llama_cpp(runtimes.to_gguf("smollm2", merged, tmp_path / "merged.gguf"))
    served = answer(Candidate("served", f"{server.listening_address}/v1#tuned"), asked)
    assert served["error"].isna().all()
    assert (served["output"].str.strip() == here).mean() >= 0.75  # half precision: a near-tie may fall otherwise


@pytest.mark.slow
def test_tuned_smollm2_in_onnx_runtime_agrees_with_its_adapter(smollm2, tmp_path):
    """By the logits of every answer, and by what ONNX Runtime's own generator writes."""
    genai = needs("onnxruntime_genai", "onnx")
    merged, examples, _, here = smollm2
    folder = runtimes.to_onnx(merged, tmp_path / "onnx")
    same = same_as_original(merged, in_onnxruntime(folder), examples)
    print(f"\nONNX Runtime: {same}")
    assert same.passes
    model = genai.Model(str(folder))
    tokenizer, said = genai.Tokenizer(model), []
    for example in examples:
        settings = genai.GeneratorParams(model)
        settings.set_search_options(max_length=len(example.prompt) + 16, do_sample=False)
        generator = genai.Generator(model, settings)
        generator.append_tokens(np.array([example.prompt], np.int32))
        while not generator.is_done():
            generator.generate_next_token()
        said.append(tokenizer.decode(generator.get_sequence(0)[len(example.prompt) :]).strip())
    assert (pd.Series(said) == here).mean() >= 0.95


@pytest.mark.slow
def test_tuned_smollm2_in_executorch_agrees_with_its_adapter(smollm2, tmp_path):
    """By the logits of every answer, and by what ExecuTorch's own text runner writes."""
    needs("executorch", "executorch")
    from executorch.extension.llm.runner import GenerationConfig, TextLLMRunner

    merged, examples, _, here = smollm2
    program = runtimes.to_executorch(merged, tmp_path / "merged.pte", context=512)
    same = same_as_original(merged, in_executorch(program), examples)
    print(f"\nExecuTorch: {same}")
    assert same.passes
    tokenizer = models.load_tokenizer(models.find(str(merged)))
    runner, said = TextLLMRunner(str(program), str(merged / "tokenizer.json")), []
    for example in examples:
        pieces: list[str] = []
        wanted = GenerationConfig(echo=False, max_new_tokens=16, temperature=0.0)
        runner.generate(tokenizer.decode(example.prompt), wanted, token_callback=pieces.append)
        runner.reset()
        said.append("".join(pieces).removesuffix(tokenizer.eos_token).strip())
    assert (pd.Series(said) == here).mean() >= 0.95
