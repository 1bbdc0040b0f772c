"""A model is found by the name a person gives it, and what cannot be had is said in one line."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from migration import models
from migration.errors import BadInput
from migration.models import files, quantise


@pytest.fixture
def smollm2() -> models.ModelFiles:
    try:
        return models.find("smollm2")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))


@pytest.fixture
def folder(tmp_path):
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def test_the_packaged_model_is_the_one_that_was_pinned(smollm2):
    assert smollm2.identity == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert (smollm2.folder / smollm2.gguf).is_file()


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(files._PACKAGED, "smollm2", ("a-package-that-is-not-installed", "x.gguf"))
    with pytest.raises(models.ModelNotFound, match=r"not installed .*model_packages\.txt"):
        models.find("smollm2")


@pytest.mark.parametrize("spec", ["nonsense", "./nowhere", "pocket-nothing", "owner/not-in-any-cache"])
def test_what_is_not_there_is_named(spec, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(models.ModelNotFound) as caught:
        models.find(spec)
    assert caught.value.spec == spec
    assert "\n" not in str(caught.value)


def test_a_hub_id_may_name_the_revision_that_it_stays_with(folder, monkeypatch):
    asked = []
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, **more: asked.append((name, more)) or folder)
    found = models.find("owner/name@0123abc")
    assert (asked[0][0], asked[0][1]["revision"]) == ("owner/name", "0123abc")
    assert found.identity == f"owner/name@{folder.name}", "the commit that came"
    assert (models.find("owner/name").spec, asked[1][1]["revision"]) == ("owner/name", None)


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(models.ModelNotFound, match="safetensors"):
        models.find(str(tmp_path))


def test_a_model_that_brings_code_is_refused_and_its_code_not_run(folder):
    run = folder / "was_run"
    (folder / "own.py").write_text(f"open({str(run)!r}, 'w')")
    (folder / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "own.C"}}))
    with pytest.raises(BadInput, match="never run"):
        models.load(str(folder))
    assert not run.exists()


def test_identity_follows_the_content(folder):
    before = models.find(str(folder)).identity
    assert models.find(str(folder)).identity == before
    (folder / "config.json").write_text('{"rope_theta": 1}')
    changed = models.find(str(folder)).identity
    save_file({"w": np.ones(3, np.float32)}, folder / "model.safetensors")
    assert len({before, changed, models.find(str(folder)).identity}) == 3


def test_identity_names_adapter_and_number_format(folder, tmp_path):
    files = models.find(str(folder))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    save_file({"a": np.ones(2, np.float32)}, adapter / "adapter_model.safetensors")
    found = {models.identity_of(files), models.identity_of(files, "nf4"), models.identity_of(files, None, adapter)}
    assert len(found) == 3
    with pytest.raises(models.ModelNotFound, match=r"adapter_config\.json"):
        models.identity_of(files, None, tmp_path / "none")


def test_an_unknown_number_format_is_refused():
    with pytest.raises(BadInput, match="nf4"):
        models.load("smollm2", quantize="int3")


def test_reports_say_what_a_model_is_worth():
    assert "decide nothing" in models.notice("pocket-phi3")
    assert "expect more" in models.notice("smollm2")
    assert models.notice("meta-llama/Llama-3.2-3B-Instruct") == ""


@pytest.mark.slow
def test_gguf_is_dequantised_once_and_loads_in_four_bits(smollm2, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plain = models.plain_folder(smollm2)
    assert plain == models.plain_folder(smollm2)
    assert plain.is_relative_to(tmp_path)
    assert not list(plain.parent.glob("*.*"))
    assert "quantization_config" not in json.loads((plain / "config.json").read_text())
    monkeypatch.setattr(quantise, "unpacked_fits", lambda model: False)
    whole, small = models.load("smollm2"), models.load("smollm2", quantize="nf4")
    assert small.memory_mb < 0.4 * whole.memory_mb
    assert whole.context == 8192
    assert whole.parameters == 134_515_008
    tokens = whole.tokenizer("The capital of France is", return_tensors="pt")
    with torch.inference_mode():
        for loaded in (whole, small):
            assert loaded.tokenizer.decode(loaded.model(**tokens).logits[0, -1].argmax()) == " Paris"


def test_on_a_processor_the_4_bit_weights_are_unpacked_where_they_fit(monkeypatch):
    """The same values, 16 for each block of 64, whether memory allows the faster form or not."""
    unpacked = models.load("pocket-llama3", quantize="nf4").model
    weight = unpacked.model.layers[0].self_attn.q_proj.weight
    assert weight.dtype == torch.float32
    assert len(weight.unique()) <= 16 * weight.numel() / 64
    monkeypatch.setattr(quantise, "unpacked_fits", lambda model: False)
    packed = models.load("pocket-llama3", quantize="nf4")
    assert packed.memory_mb < unpacked.get_memory_footprint() / 1e6
    torch.testing.assert_close(packed.model.dequantize().model.layers[0].self_attn.q_proj.weight, weight)


@pytest.mark.slow
def test_sentences_of_one_meaning_are_near():
    try:
        vectors = models.embed(["I want my money back", "refund please", "what a fine sky", "money back " * 9])
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    np.testing.assert_allclose(models.embed(["refund please"])[0], vectors[1], atol=1e-5)
