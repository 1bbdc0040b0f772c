"""Shared prefixes and batches change the speed of decoding, and nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import tiny

from migration.benchmark.engine import attention, decoding

CPU = torch.device("cpu")
ARCHITECTURES = {
    "llama": {},
    "phi3": {},
    "phi3 windowed": {"sliding_window": 24},
    "gemma2": {"sliding_window": 24, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 5.0},
    "qwen2": {},
    "mistral": {"sliding_window": 24},
}


def prompts(seed: int = 0, *, shared: int = 40, rows: int = 6) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    head = rng.integers(0, 256, shared).tolist()
    return [head + rng.integers(0, 256, int(n)).tolist() for n in rng.integers(1, 20, rows)]


def by_transformers(model, ids: list[int], limit: int) -> list[int]:
    with torch.inference_mode():
        out = model.generate(
            torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=limit, do_sample=False
        )
    return [token for token in out[0, len(ids) :].tolist() if token != 257]


def decoded(model, ids, limits, prefix_length: int):
    prefix = decoding.extend(model, attention.Prefix(), ids[0][:prefix_length], CPU)
    rest = [row[prefix_length:] for row in ids]
    found = decoding.decode(model, [prefix] * len(ids), rest, limits, frozenset({257}), CPU)
    return sorted(found, key=lambda one: one.row)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_answers_are_those_of_transformers(kind):
    model, ids = tiny(kind.split()[0], **ARCHITECTURES[kind]), prompts()
    limits = [3, 12, 7, 12, 1, 9]
    model.set_attn_implementation("eager")
    expected = [by_transformers(model, row, limit) for row, limit in zip(ids, limits, strict=True)]
    attention.prepare(model)
    for length in (40, 17, 0):
        assert [one.tokens for one in decoded(model, ids, limits, length)] == expected


def test_signals_do_not_depend_on_the_batch():
    model, ids = tiny("llama"), prompts(1)
    attention.prepare(model)
    together = decoded(model, ids, [8] * 6, 40)
    for row, one in zip(ids, together, strict=True):
        (alone,) = decoded(model, [row], [8], 0)
        assert alone.tokens == one.tokens
        for series in ("logprobs", "entropies", "margins"):
            np.testing.assert_allclose(getattr(alone, series), getattr(one, series), atol=1e-4)


def test_long_prompts_are_read_in_chunks(monkeypatch):
    model, ids = tiny("gemma2", sliding_window=24), prompts(2, shared=90)
    attention.prepare(model)
    whole = [one.tokens for one in decoded(model, ids, [6] * 6, 33)]
    monkeypatch.setattr(decoding, "_CHUNK", 48)
    assert [one.tokens for one in decoded(model, ids, [6] * 6, 33)] == whole


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_choice_among_labels_equals_scoring_each_alone(kind):
    model, ids = tiny(kind), prompts(3)
    labels = [[1, 2, 3], [1, 2], [1, 4, 5, 6], [7]]
    model.set_attn_implementation("eager")
    totals = np.zeros((len(ids), len(labels)))
    for i, row in enumerate(ids):
        for j, label in enumerate(labels):
            with torch.inference_mode():
                logprobs = model(torch.tensor([row + label])).logits[0].float().log_softmax(-1)
            wanted = [*label, 257]
            totals[i, j] = sum(float(logprobs[len(row) - 1 + t, token]) for t, token in enumerate(wanted))
    expected = np.exp(totals - totals.max(1, keepdims=True))
    attention.prepare(model)
    prefix = decoding.extend(model, attention.Prefix(), ids[0][:40], CPU)
    rest = [row[40:] for row in ids]
    found, chances = decoding.choose(model, [prefix] * len(ids), rest, decoding.Tree.of(labels), frozenset({257}), CPU)
    np.testing.assert_allclose(chances, expected / expected.sum(1, keepdims=True), atol=1e-4)
    assert [one.tokens for one in found] == [labels[j] for j in totals.argmax(1)]


def test_tree_shares_what_labels_begin_with():
    tree = decoding.Tree.of([[1, 2, 3], [1, 2, 4], [5]])
    assert len(tree.tokens) == 5
    assert tree.sees()[tree.paths[1][-1]].nonzero().flatten().tolist() == sorted(tree.paths[1])


@given(st.lists(st.tuples(st.sampled_from([(), (1,) * 40, (1,) * 40 + (2,) * 40]), st.binary(min_size=1, max_size=6))))
def test_every_prompt_is_in_one_group_whose_prefix_it_has(parts):
    ids = [[*head, *tail] for head, tail in parts]
    if not ids:
        return
    seen = []

    def visit(group, above=0):
        assert group.length == above or group.length >= above + decoding.MIN_SHARED
        members = list(group.rows)
        seen.extend(group.rows)
        for inner in group.groups:
            members += visit(inner, group.length)
        assert len({tuple(ids[i][: group.length]) for i in members}) == 1
        assert all(len(ids[i]) > group.length for i in members)
        return members

    visit(decoding.share(ids))
    assert sorted(seen) == list(range(len(ids)))


def test_groups_are_nested_where_some_share_more():
    a, b = [1] * 40, [2] * 40
    tree = decoding.share([a + b + [i] for i in range(3)] + [[*a, 3, i] for i in range(3)])
    assert (tree.length, len(tree.rows)) == (40, 3)
    assert [(g.length, len(g.rows)) for g in tree.groups] == [(80, 3)]


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_a_batch_may_hold_rows_of_several_prefixes(kind):
    model = tiny(kind, **ARCHITECTURES[kind])
    attention.prepare(model)
    ids = [*prompts(4, shared=50), *prompts(5, shared=35), *prompts(6, shared=3, rows=2)]
    alone = [one.tokens for row in ids for one in decoded(model, [row], [7], 0)]
    first, second = (decoding.extend(model, attention.Prefix(), ids[i][:n], CPU) for i, n in ((0, 50), (6, 35)))
    prefixes = [first] * 6 + [second] * 6 + [attention.Prefix()] * 2
    rest = [row[prefix.length :] for row, prefix in zip(ids, prefixes, strict=True)]
    found = decoding.decode(model, prefixes, rest, [7] * 14, frozenset({257}), CPU)
    assert [one.tokens for one in sorted(found, key=lambda one: one.row)] == alone
