"""Training learns, resumes, saves memory and time without changing what is learned."""

import json
import multiprocessing
import os
import time

import numpy as np
import pytest
import torch
from families import examples_of, family_of

from migration.finetune.training import train as training
from migration.finetune.training import watch
from migration.finetune.training.packing import Collator, pad
from migration.finetune.training.recipe import Recipe, enough, prepare, targets_table
from migration.finetune.training.train import identity, tune
from migration.finetune.training.watch import exact_answers

RECIPE = Recipe(epochs=6, learning_rate=2e-2, size=8)


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "best" / "adapter_model.safetensors")


def run(family, folder, recipe=RECIPE, n=32, **options):
    examples = examples_of(family, n)
    return tune(
        family.model(), family.tokenizer, examples, examples[:12], recipe, folder, say=lambda _: None, **options
    )


def test_training_lowers_the_loss_and_keeps_the_best_adapter(family, tmp_path):
    result = run(family, tmp_path)
    assert result.steps == 24
    assert result.history["loss"].tail(3).mean() < 0.8 * result.history["loss"].iloc[0]
    assert result.tokens_saved > 0.4
    assert (tmp_path / "best" / "adapter_model.safetensors").exists()
    assert not list(tmp_path.glob("checkpoint-*"))
    again = run(family, tmp_path)
    assert again.seconds == result.seconds


def test_training_goes_on_from_an_adapter(llama, tmp_path):
    first = run(llama, tmp_path / "first")
    second = run(llama, tmp_path / "second", Recipe(epochs=2, learning_rate=2e-3, size=8), start=first.folder / "best")
    losses = [each.history["loss"].dropna() for each in (first, second)]
    assert losses[1].iloc[0] < 0.8 * losses[0].iloc[0]
    before, after = (weights(tmp_path / name) for name in ("first", "second"))
    assert before.keys() == after.keys()
    assert any(not np.array_equal(before[name], after[name]) for name in before)


def test_exact_answers_are_what_greedy_generation_writes(llama, tmp_path):
    from peft import PeftModel

    run(llama, tmp_path, Recipe(epochs=20, learning_rate=2e-2, size=8))
    model = PeftModel.from_pretrained(llama.model(), tmp_path / "best").eval()
    examples = examples_of(llama, 16)
    exact, _ = exact_answers(model, examples, Collator(examples, 0))
    padded, _ = exact_answers(model, examples, Collator(examples, 0, packed=False))
    written = []
    for example in examples:
        limit = len(example) - example.answer
        ids = model.generate(input_ids=torch.tensor([example.prompt]), max_new_tokens=limit, do_sample=False)
        written.append(ids[0, example.answer :].tolist() == example.ids[example.answer :])
    assert exact.tolist() == padded.tolist() == written
    assert exact.sum() > 0


def test_the_article_targets_match_only_the_output_layer_on_phi3():
    phi, llama = family_of("phi3"), family_of("llama3")
    fused = targets_table(phi.model()).set_index("choice")
    assert fused.loc["the article's four", "layers"] == "o_proj"
    assert fused.loc["all linear", "layers"] == "down_proj gate_up_proj o_proj qkv_proj"
    assert fused.loc["attention", "layers"] == "o_proj qkv_proj"
    assert (
        targets_table(llama.model()).set_index("choice").loc["the article's four", "layers"]
        == "k_proj o_proj q_proj v_proj"
    )


def test_the_trainable_count_is_what_peft_trains(family):
    table = targets_table(family.model(), 16).set_index("choice")
    adapted = prepare(family.model(), Recipe())
    assert sum(p.numel() for p in adapted.parameters() if p.requires_grad) == table.loc["all linear", "trainable"]
    assert not any("lm_head" in name for name, p in adapted.named_parameters() if p.requires_grad)


def test_phi35_counts_are_those_of_the_published_shape():
    from transformers import Phi3Config, Phi3ForCausalLM

    config = Phi3Config(
        hidden_size=3072, intermediate_size=8192, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=32,
        vocab_size=32064,
    )  # fmt: skip
    with torch.device("meta"):
        table = targets_table(Phi3ForCausalLM(config)).set_index("choice")
    assert table["trainable"].to_dict() == {
        "all linear": 25_165_824,
        "attention": 9_437_184,
        "the article's four": 3_145_728,
    }


def test_out_of_memory_cuts_the_rows_and_keeps_the_effective_batch(llama, tmp_path, monkeypatch):
    """A device that cannot hold more than four examples at once; the result is that of one that can."""
    monkeypatch.setattr(training, "bf16_pays", lambda device: False)  # in float32, where sums in parts are the same
    whole = run(llama, tmp_path / "whole")
    told, real = [], training.answer_loss

    def small_device(model, batch):
        if batch["input_ids"].numel() > 150:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return real(model, batch)

    monkeypatch.setattr(training, "answer_loss", small_device)
    examples = examples_of(llama, 32)
    cut = tune(llama.model(), llama.tokenizer, examples, examples[:12], RECIPE, tmp_path / "cut", say=told.append)
    assert cut.micro_batch < 8
    assert any("effective batch stays 8" in line for line in told)
    assert cut.steps == whole.steps
    np.testing.assert_allclose(cut.history["loss"], whole.history["loss"], atol=0.02)


def _trained_until_killed(folder):
    watch.exact_answers = lambda *args, **kwargs: (time.sleep(0.5), (np.zeros(12, bool), 1.0))[1]
    run(family_of("llama3"), folder)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_like_the_unbroken_one(llama, tmp_path):
    unbroken = run(llama, tmp_path / "unbroken")
    folder = tmp_path / "killed"
    process = multiprocessing.get_context("spawn").Process(target=_trained_until_killed, args=(folder,))
    process.start()
    until = time.monotonic() + 90
    while not list(folder.glob("checkpoint-*/trainer_state.json")) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, 9)
    process.join()
    assert not (folder / "training.json").exists()
    told = []
    examples = examples_of(llama, 32)
    resumed = tune(llama.model(), llama.tokenizer, examples, examples[:12], RECIPE, folder, say=told.append)
    assert any("going on from the checkpoint of step" in line for line in told)
    assert resumed.steps == unbroken.steps
    np.testing.assert_allclose(resumed.history["loss"].tail(3), unbroken.history["loss"].tail(3), atol=0.02)


def test_few_minutes_end_a_training_with_a_rate_that_has_fallen_to_zero(llama, tmp_path):
    told = []
    examples = examples_of(llama, 32)
    recipe = Recipe(epochs=4000, size=8)
    result = tune(
        llama.model(), llama.tokenizer, examples, examples[:4], recipe, tmp_path, minutes=0.05, say=told.append
    )
    assert result.steps < 16000
    assert result.best_step > 0
    assert f"the minutes end after {result.steps} of 16000 steps" in "".join(told)
    assert result.history["rate"].iloc[-1] < 0.1 * result.history["rate"].max()


def test_without_a_clock_the_rate_is_a_warm_cosine_over_the_steps(llama, tmp_path):
    rates = run(llama, tmp_path, Recipe(epochs=10, size=8, warmup=0.1)).history["rate"].to_numpy()
    peak = int(rates.argmax())
    assert 2 <= peak <= 4
    assert (np.diff(rates[peak:]) < 0).all()
    assert rates[-1] < 0.01 * rates.max()


def test_few_examples_are_seen_more_often_for_as_many_steps():
    assert enough(Recipe(size=5), 200).epochs == 6
    assert enough(Recipe(size=5), 600).epochs == 6
    assert enough(Recipe(size=5), 50).epochs == 24
    assert enough(Recipe(size=5), 10).epochs == 30
    assert enough(Recipe(epochs=2), 50).epochs == 2


def test_the_same_seed_trains_the_same_adapter(llama, tmp_path):
    one, two = run(llama, tmp_path / "one", n=16), run(llama, tmp_path / "two", n=16)
    assert one.history["loss"].tolist() == two.history["loss"].tolist()
    first, second = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_identity_changes_with_base_data_and_recipe(llama):
    examples = examples_of(llama, 4)
    known = identity("a", examples, examples[:1], RECIPE)
    assert known == identity("a", examples, examples[:1], RECIPE)
    others = [
        identity("b", examples, examples[:1], RECIPE),
        identity("a", examples[:3], examples[:1], RECIPE),
        identity("a", examples, examples[:1], Recipe(seed=8)),
    ]
    assert len({known, *others}) == 4


def test_a_finished_training_is_plain_json(llama, tmp_path):
    run(llama, tmp_path, Recipe(epochs=1, size=8), n=8)
    fields = json.loads((tmp_path / "training.json").read_text())
    assert fields["steps"] == 1
    assert pad(examples_of(llama, 2), 0)["input_ids"].ndim == 2
