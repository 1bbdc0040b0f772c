"""The artifact: card, merged weights, copies that answer alike, and lines that serve them."""

import hashlib
import json
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from families import examples_of
from readers import in_transformers, readings

from migration import models
from migration.finetune import export
from migration.finetune.export import runtimes
from migration.finetune.training.recipe import Recipe
from migration.finetune.training.train import tune


@pytest.fixture(scope="module")
def tuned(llama, tmp_path_factory):
    """A tiny base on disk, and an adapter trained on it."""
    folder = tmp_path_factory.mktemp("tuned")
    llama.model().save_pretrained(folder / "base")
    llama.tokenizer.save_pretrained(folder / "base")
    loaded = models.load(str(folder / "base"))
    examples = examples_of(llama, 16)
    training = tune(
        loaded.model, loaded.tokenizer, examples, examples, Recipe(epochs=20, learning_rate=2e-2), folder / "training"
    )
    return str(folder / "base"), training, examples


def read(loaded, examples):
    return readings(in_transformers(loaded), examples)


def test_examples_are_read_together_as_one_by_one(tuned, llama):
    base, training, examples = tuned
    loaded = models.load(base, adapter=training.folder / "best")
    together = export.read_together(loaded, examples[:8]) + export.read_together(loaded, examples[8:9])
    for (said, logprob), (one, alone) in zip(together, read(loaded, examples[:9]), strict=True):
        assert said == one
        assert logprob == pytest.approx(alone, abs=1e-4)


def test_on_a_slow_machine_copies_are_compared_on_fewer_examples(tuned):
    base, training, examples = tuned
    (same,) = export.same_answers(base, training.folder / "best", examples, None, seconds=0.0)
    assert same.n == export.PACK


def run(line):
    """A printed `python -c '...'`, as a shell would hand it to Python."""
    python, flag, code = shlex.split(line)
    assert (python, flag) == ("python", "-c")
    Path("line.py").write_text(code)
    runpy.run_path("line.py")


def test_the_card_says_what_it_was_made_from(tuned, tmp_path):
    base, training, _ = tuned
    data = tmp_path / "train.jsonl"
    data.write_text('{"messages": []}\n')
    settings = training.settings(Recipe(), "nf4")
    adapter = export.save_adapter(
        training.folder / "best", tmp_path / "adapter", base=base, tuned="tiny+tuned", data=data, settings=settings,
        tasks="- sort", results="- sort: 0% to 90%",
    )  # fmt: skip
    card = (adapter / "README.md").read_text()
    for fact in (hashlib.sha256(data.read_bytes()).hexdigest(), models.find(base).identity, "0% to 90%", "2e-03"):
        assert fact.replace("2e-03", "0.002") in card
    assert "license: other" in card
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == base


def test_adapter_and_merged_weights_are_the_same_function(tuned, tmp_path):
    base, training, examples = tuned
    (same,) = export.same_answers(base, training.folder / "best", examples, None)
    assert (same.agreement, same.passes) == (1.0, True)
    merged = export.merge(base, training.folder / "best", tmp_path / "merged", None)
    from transformers import AutoModelForCausalLM

    one = models.with_adapter(AutoModelForCausalLM.from_pretrained(base), training.folder / "best")
    two = AutoModelForCausalLM.from_pretrained(merged)
    ids = torch.tensor([examples[0].ids])
    with torch.inference_mode():
        torch.testing.assert_close(one(ids).logits, two(ids).logits, atol=1e-3, rtol=1e-3)


def test_an_adapter_of_a_4_bit_base_is_merged_into_the_weights_it_was_trained_on(tuned, tmp_path):
    """Merged into the unquantised base it would be another function; the copy on disk is the one that was trained."""
    base, training, examples = tuned
    merged, other = export.same_answers(base, training.folder / "best", examples, "nf4")
    assert (merged.agreement, merged.worst_logprob) == (1.0, pytest.approx(0, abs=1e-4))
    assert other.worst_logprob > 1e-3
    export.merge(base, training.folder / "best", tmp_path / "merged", "nf4")
    loaded = models.load(base, quantize="nf4", adapter=training.folder / "best")
    copy = models.load(str(tmp_path / "merged"))
    ids = torch.tensor([examples[0].ids])
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(ids).logits, copy.model(ids).logits, atol=1e-5, rtol=1e-5)


def test_a_merge_that_changes_the_answers_is_seen(tuned, tmp_path):
    """An adapter whose weights were damaged on the way does not pass for the one that was trained."""
    from safetensors.torch import load_file, save_file

    base, training, examples = tuned
    whole = read(models.load(base, adapter=training.folder / "best"), examples)
    broken = tmp_path / "broken"
    shutil.copytree(training.folder / "best", broken)
    weights = load_file(broken / "adapter_model.safetensors")
    save_file({k: v * (0 if "lora_B" in k else 1) for k, v in weights.items()}, broken / "adapter_model.safetensors")
    damaged = read(models.load(base, adapter=broken), examples)
    assert not export.alike(whole, damaged, "trained", "damaged").passes


def test_serving_lines_run_as_they_are_printed(tuned, tmp_path, monkeypatch, capsys):
    """In the folder of the adapter: merged as it was trained, answered by transformers, named for this project."""
    base, training, examples = tuned
    monkeypatch.chdir(tmp_path)
    shutil.copytree(training.folder / "best", "adapter")
    for quantize in (None, "nf4"):
        lines = runtimes.serving_lines(base, "tiny+tuned", quantize=quantize)
        run(next(line for told, line in lines.items() if told.startswith("First")))
        run(lines["Transformers"])
        assert "'role': 'assistant'" in capsys.readouterr().out
        printed, kept = models.load("merged"), models.load(base, quantize=quantize, adapter="adapter")
        same = export.alike(read(kept, examples), read(printed, examples), "kept", "printed")
        assert (same.agreement, same.worst_logprob) == (1.0, pytest.approx(0, abs=1e-5))
        assert lines["This project"] == f"Candidate('tiny+tuned', {base!r}, adapter='adapter', quantize={quantize!r})"
        assert f"vllm serve {base} --enable-lora" in "\n".join(lines.values())


@pytest.mark.parametrize(("base", "writes"), [("smollm2", "to_gguf"), ("pocket-llama3", "convert_hf_to_gguf.py")])
def test_the_line_that_writes_gguf_is_one_that_can(base, writes):
    (line,) = (line for runtime, line in runtimes.serving_lines(base, "tuned").items() if runtime.startswith("GGUF"))
    assert writes in line


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated")  # trl's own settings have the old name
def test_several_gpus_are_started_with_what_trl_and_accelerate_read(tmp_path):
    from accelerate.commands.config.config_args import load_config_from_file
    from trl.scripts.sft import make_parser

    line = export.launch_files(tmp_path, "owner/model-3b", Recipe(learning_rate=2e-4))
    assert line.startswith("accelerate launch --config_file fsdp_qlora.yaml")
    _, sft, model, data = make_parser().parse_args_and_config(
        ["--config", str(tmp_path / "sft.yaml"), "--bf16", "false", "--use_cpu", "true"], fail_with_unknown_args=True
    )
    assert (model.load_in_4bit, model.bnb_4bit_quant_storage, model.lora_target_modules) == (
        True,
        "bfloat16",
        "all-linear",
    )
    assert (sft.learning_rate, data.datasets[0].data_files) == (2e-4, "train.jsonl")
    fsdp = load_config_from_file(str(tmp_path / "fsdp_qlora.yaml"))
    assert (fsdp.distributed_type.value, fsdp.fsdp_config["fsdp_version"]) == ("FSDP", 2)
