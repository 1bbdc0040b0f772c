"""Shared-prefix packs against the article's padded batches: same loss, same gradients, a fraction of the time.

    python tests/bench/finetune_cpu.py [--quick]

One optimiser step of 16 intent calls of `support_traffic` through SmolLM2 with a LoRA on all linear layers (float32):
packed in one row, padded in 4 batches of 4 with logits everywhere (the article's), and padded with logits at the
answers alone. Then the ratio by the share of the prompt that is prefix, all three families' attention (tiny random
models), and how the 4-bit base is best held on a processor: packed, unpacked, unpacked with bf16 products. Every time
is the best of its repeats, in one process. Without ../shared/data, prompts are random ids.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from migration import models
from migration.finetune.training.packing import Collator, Example, answer_loss, pack, pad, shared_prefix
from migration.finetune.training.recipe import Recipe, bf16_pays, prepare

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "finetune")]
from families import examples_of, family_of  # noqa: E402
from finetune_quality import DATA, calls_of  # noqa: E402


def step(model, batches, tokens, *, everywhere=False):
    """Seconds, loss and gradients of one optimiser step over micro-batches; `tokens` carry loss in all."""
    model.zero_grad()
    started, total = time.monotonic(), 0.0
    for batch in batches:
        loss = _loss_everywhere(model, batch) if everywhere else answer_loss(model, batch)[0]
        (loss / tokens).backward()
        total += loss.item() / tokens
    seconds = time.monotonic() - started
    return seconds, total, torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def _loss_everywhere(model, batch):
    """The same loss from logits at every position, as a plain trainer computes it."""
    inputs = {key: batch[key] for key in ("input_ids", "attention_mask", "position_ids")}
    logits = model(**inputs, use_cache=False).logits.float()[:, batch["logits_to_keep"]]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), reduction="sum")


def compare(model, examples, repeats):
    """Packed, the article's padded batches of 4, and padded with logits at the answers, on one step."""
    tokens = sum(len(e) - e.answer for e in examples)
    batches = [pad(examples[at : at + 4], 0) for at in range(0, len(examples), 4)]
    packed = Collator(examples, 0)([{"examples": list(range(len(examples)))}])
    runs = {
        "packed": lambda: step(model, [packed], tokens),
        "article": lambda: step(model, batches, tokens, everywhere=True),
        "padded": lambda: step(model, batches, tokens),
    }
    results = {name: [run() for _ in range(repeats)] for name, run in runs.items()}
    best = {name: min(seconds for seconds, _, _ in tries) for name, tries in results.items()}
    _, loss, gradient = results["packed"][0]
    _, other, reference = results["article"][0]
    return {
        **{f"{name}_s": seconds for name, seconds in best.items()},
        "speedup": best["article"] / best["packed"],
        "speedup_same_logits": best["padded"] / best["packed"],
        "loss_difference": abs(loss - other),
        "gradient_difference": float((gradient - reference).norm() / reference.norm()),
    }


def intents(tokenizer, n):
    from migration.finetune import encoded

    if DATA.is_dir():
        return encoded(tokenizer, calls_of("intents").head(n))
    return synthetic(n, 231, 16, 16)


def synthetic(n, prefix, own, answer):
    """Random ids: a shared prefix, then `own` prompt tokens and `answer` tokens a call."""
    draw = np.random.default_rng(7)
    head = draw.integers(10, 9000, prefix).tolist()
    return [
        Example(str(i), "s", [*head, 9000 + i, *draw.integers(10, 9000, own - 1 + answer).tolist()], prefix + own)
        for i in range(n)
    ]


def adapted(model):
    """`model` with adapters that are not zero, which would leave half of the gradients zero."""
    model = prepare(model, Recipe())
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.01, generator=torch.Generator().manual_seed(7))
    return model


def by_share_of_prefix(model, shares, n, repeats):
    rows = []
    for share in shares:
        prefix = round(240 * share)
        row = compare(model, synthetic(n, prefix, 240 - prefix, 16), repeats)
        rows.append({"share": share, "speedup": row["speedup"], "same_logits": row["speedup_same_logits"]})
        print(
            f"  {share:4.0%} prefix: {row['speedup']:.2f} times ({row['speedup_same_logits']:.2f} with the same logits)"
        )
    return rows


def by_family():
    """Packs against padded rows in each architecture's attention."""
    rows = {}
    for name in ("phi3", "gemma2", "llama3"):
        family = family_of(name)
        tiny, chosen = prepare(family.model(), Recipe()), examples_of(family, 8)
        tokens = sum(len(e) - e.answer for e in chosen)
        _, one, first = step(tiny, [pack(chosen)], tokens)
        _, two, second = step(tiny, [pad(chosen, 0)], tokens)
        apart = float((first - second).norm() / second.norm())
        attention = tiny.config._attn_implementation
        rows[name] = {"attention": attention, "loss_difference": abs(one - two), "gradient_difference": apart}
        print(f"  {name} ({attention}): loss {abs(one - two):.1e}, gradients {apart:.1e}")
    return rows


def by_arithmetic(examples, repeats):
    """One packed step by how the 4-bit base is held: the same weights each time."""
    with patch.object(models, "_unpacked_fits", return_value=False):
        four_bit = adapted(models.load("smollm2", quantize="nf4").model)
    unpacked = adapted(models.load("smollm2", quantize="nf4").model)
    batch, tokens = pack(examples), sum(len(e) - e.answer for e in examples)
    ways = {"4-bit": (four_bit, False), "unpacked": (unpacked, False)}
    ways |= {"unpacked, bf16": (unpacked, True)} if bf16_pays(unpacked.device) else {}
    rows, reference = {}, None
    for name, (model, half) in ways.items():
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            tries = [step(model, [batch], tokens) for _ in range(repeats)]
        seconds, gradient = min(t for t, _, _ in tries), tries[0][2].double()
        reference = gradient if reference is None else reference
        alike = float(torch.nn.functional.cosine_similarity(gradient, reference, dim=0))
        rows[name] = {
            "seconds": seconds,
            "speedup": rows["4-bit"]["seconds"] / seconds if rows else 1.0,
            "cosine": alike,
        }
        print(f"  {name}: {seconds:.2f} s, {rows[name]['speedup']:.2f} times, cosine of the gradients {alike:.4f}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 calls, one repeat, two shares")
    quick = parser.parse_args().quick
    loaded = models.load("smollm2")
    model = adapted(loaded.model)
    examples, repeats = intents(loaded.tokenizer, 4 if quick else 16), 1 if quick else 3
    step(model, [pack(examples[:2])], 1)
    result = compare(model, examples, repeats)
    share = shared_prefix(examples) / np.mean([e.answer for e in examples])
    print(f"intent task, {len(examples)} calls, {share:.0%} of the prompt shared:")
    print(f"  article's padded batches {result['article_s']:.2f} s, padded with logits at the answers "
          f"{result['padded_s']:.2f} s, packed {result['packed_s']:.2f} s: {result['speedup']:.1f} times as fast "
          f"({result['speedup_same_logits']:.1f} with the same logits)")  # fmt: skip
    print(f"  loss differs by {result['loss_difference']:.1e}, gradients by {result['gradient_difference']:.1e}")
    shares = (0.0, 0.9) if quick else (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
    by_share = by_share_of_prefix(model, shares, 4 if quick else 12, 1 if quick else 2)
    families, held = by_family(), by_arithmetic(examples, repeats)
    extra = {"prefix_share": share, "by_share": by_share, "families": families, "arithmetic": held}
    print(json.dumps(result | extra))


if __name__ == "__main__":
    main()
