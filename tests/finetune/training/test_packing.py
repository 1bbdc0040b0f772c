"""Packs give the loss and the gradients of separate rows, and loss falls on answers alone, in every family."""

import numpy as np
import pytest
import torch
from families import SYSTEM, calls_of, examples_of

from migration.errors import BadInput
from migration.finetune.training.packing import (
    IGNORED,
    Collator,
    Example,
    answer_loss,
    check,
    pack,
    pad,
    plan,
    shared_prefix,
    trained_tokens,
    turn_end,
)
from migration.finetune.training.recipe import Recipe, prepare


def gradients(model, batch):
    model.zero_grad()
    loss, tokens = answer_loss(model, batch)
    (loss / tokens).backward()
    return (loss / tokens).item(), torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def test_only_the_answer_and_its_end_carry_loss(family):
    for example, (_, answer) in zip(examples_of(family), calls_of(), strict=True):
        carried = "".join(trained_tokens(family.tokenizer, example))
        assert carried == answer + family.end
        assert family.tokenizer.decode(example.prompt).endswith(turn_opening(family))


def turn_opening(family):
    return family.tokenizer.apply_chat_template(
        [{"role": "user", "content": "x"}], tokenize=False, add_generation_prompt=True
    )[-10:]


def test_labels_of_a_batch_decode_to_the_answers(family):
    examples = examples_of(family, 6)
    for batch in (pack(examples), pad(examples, 0)):
        labels = batch["labels"]
        decoded = family.tokenizer.decode(labels[labels != IGNORED])
        assert decoded == "".join(answer + family.end for _, answer in calls_of(6))


def test_packed_loss_and_gradients_are_those_of_separate_rows(family):
    model = prepare(family.model(), Recipe())
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    examples = examples_of(family, 10)
    assert shared_prefix(examples) > 0.5 * np.mean([e.answer for e in examples])
    packed_loss, packed = gradients(model, pack(examples))
    padded_loss, padded = gradients(model, pad(examples, 0))
    assert packed_loss == pytest.approx(padded_loss, abs=1e-5)
    assert float((packed - padded).abs().max() / padded.abs().max()) < 1e-4


def test_a_pack_computes_the_prefix_once(llama):
    examples = examples_of(llama, 12)
    collator = Collator(examples, 0)
    computed, padded = collator.tokens(list(range(12)))
    prefix = shared_prefix(examples)
    assert (
        computed
        == prefix + sum(len(e) - prefix for e in examples)
        == collator([{"examples": list(range(12))}])["input_ids"].numel()
    )
    assert padded > 2 * computed


def test_rows_are_padded_where_nothing_is_shared_or_the_window_is_short(llama):
    strangers = [Example(str(i), "s", [i + 5, *range(20, 60), 7], 39) for i in range(4)]
    assert "logits_to_keep" in (batch := Collator(strangers, 0)([{"examples": [0, 1, 2, 3]}]))
    assert batch["input_ids"].shape == (4, 42)
    examples = examples_of(llama, 4)
    assert Collator(examples, 0, window=20)([{"examples": [0, 1, 2, 3]}])["input_ids"].shape[0] == 4


@pytest.mark.parametrize(("shared", "rows"), [(60, 12), (230, 1)])
def test_a_little_sharing_does_not_pay_for_the_attention_of_a_long_row(shared, rows):
    """Twelve calls of 256 tokens: a quarter shared is padded, nearly all of the prompt shared is packed."""
    own = [[1000 * i + at for at in range(256 - shared)] for i in range(1, 13)]
    examples = [Example(str(i), "s", [*range(shared), *rest], 240) for i, rest in enumerate(own)]
    assert Collator(examples, 0)([{"examples": list(range(12))}])["input_ids"].shape[0] == rows


def test_a_plan_keeps_call_sites_apart_and_sees_every_example_each_epoch(llama):
    examples = examples_of(llama, 25) + examples_of(llama, 17, site="Another call site, with a prompt of its own. " * 3)
    epoch = plan(examples, size=10, steps=4, seed=3)
    assert sorted(number for row in epoch for number in row) == list(range(42))
    assert all(len({examples[number].site for number in row}) == 1 for row in epoch)
    assert plan(examples, size=10, steps=12, seed=3)[:4] == epoch
    assert plan(examples, size=10, steps=12, seed=4)[:4] != epoch


@pytest.mark.parametrize(
    ("ids", "answer", "says"),
    [
        ([1, 2, 3, 9], 3, "no token of the answer"),
        ([1, 2, 3, 4], 2, "end of the turn"),
        ([1, 2, 99, 9], 2, "do not fit"),
    ],
)
def test_examples_that_would_teach_nothing_are_refused(ids, answer, says):
    with pytest.raises(BadInput, match=says):
        check([Example("c1", "s", ids, answer)], {9}, 50)


def test_a_template_without_an_end_of_turn_is_refused(llama):
    from copy import copy

    bare = copy(llama.tokenizer)
    bare.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant: {% endif %}"
    )
    with pytest.raises(BadInput, match="special token"):
        turn_end(bare)


def test_the_system_prompt_is_in_every_family(family):
    assert all(SYSTEM in family.tokenizer.decode(example.prompt) for example in examples_of(family, 2))
