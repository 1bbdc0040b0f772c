"""Attention over two stores is attention over one; that whole answers agree is `test_decoding`'s."""

import pytest
import torch
from tiny_models import tiny

from migration.benchmark.engine import attention
from migration.benchmark.engine.attention import NEVER, Prefix, Rows

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["llama", "phi3", "gemma2", "qwen2"])
@torch.inference_mode()
def test_logits_are_those_of_whole_rows(kind):
    model, ids = tiny(kind), torch.randint(0, 256, (3, 50), generator=torch.Generator().manual_seed(1))
    ids[:, :30] = ids[0, :30]
    model.set_attn_implementation("eager")
    expected = model(ids).logits[:, -1:].float()
    attention.prepare(model)
    first = Rows([Prefix()], [0], 30, CPU)
    first.forward(model, ids[:1, :30], torch.arange(30)[None])
    rows = Rows([first.as_prefix()] * 3, [0, 0, 0], 20, CPU)
    got = rows.forward(model, ids[:, 30:], torch.arange(30, 50).expand(3, -1).contiguous())
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_padding_is_neither_seen_nor_computed():
    model = tiny("llama")
    attention.prepare(model)
    short = Rows([Prefix()], [0], 4, CPU).forward(model, torch.tensor([[5, 6, 7, 8]]), torch.arange(4)[None])
    rows = Rows([Prefix(), Prefix()], [3, 0], 7, CPU)
    ids = torch.tensor([[250, 251, 252, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7]])
    places = torch.stack([torch.tensor([NEVER] * 3 + [0, 1, 2, 3]), torch.arange(7)])
    both = rows.forward(model, ids, places)
    torch.testing.assert_close(both[:1], short, atol=1e-4, rtol=1e-4)
    assert int((places != NEVER).sum()) == 11  # the tokens that went through the model


def test_rows_that_leave_take_their_keys_with_them():
    rows = Rows([Prefix(), Prefix()], [0, 0], 4, CPU)
    rows.write(0, torch.ones(2, 1, 2, 3), torch.ones(2, 1, 2, 3))
    rows.filled = 2
    rows.drop_to([1])
    assert rows.keys[0].shape == (1, 1, 4, 3)
    assert len(rows.segments) == 1


def test_an_architecture_of_its_own_kind_is_refused_with_a_way_out():
    with pytest.raises(NotImplementedError, match="name its endpoint"):
        attention.prepare(torch.nn.Linear(2, 2))
