"""Shared-prefix packs against the article's padded batches: same loss, same gradients, a fraction of the time.

    python tests/bench/finetune_cpu.py [--quick]

One optimiser step of 16 intent calls of `support_traffic` through SmolLM2 with a LoRA on all linear layers (float32):
packed in one row, padded in 4 batches of 4 with logits everywhere (the article's), and padded with logits at the
answers alone. Then the ratio by the share of the prompt that is prefix, and all three families' attention (tiny
random models). Every time is the best of its repeats, in one process. Without ../shared/data, prompts are random ids.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from migration.finetune.packing import Collator, Example, answer_loss, pack, pad, shared_prefix
from migration.finetune.train import Recipe, prepare
from migration.sample import models

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 calls, one repeat, two shares")
    quick = parser.parse_args().quick
    loaded = models.load("smollm2")
    model = prepare(loaded.model, Recipe())
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at first, which would leave half of the gradients zero
            torch.nn.init.normal_(parameter, std=0.01)
    examples, repeats = intents(loaded.tokenizer, 4 if quick else 16), 1 if quick else 3
    step(model, [pack(examples[:2])], 1)
    result = compare(model, examples, repeats)
    share = shared_prefix(examples) / np.mean([e.answer for e in examples])
    print(f"intent task, {len(examples)} calls, {share:.0%} of the prompt shared:")
    print(f"  article's padded batches {result['article_s']:.2f} s, padded with logits at the answers "
          f"{result['padded_s']:.2f} s, packed {result['packed_s']:.2f} s: {result['speedup']:.1f} times as fast "
          f"({result['speedup_same_logits']:.1f} with the same logits)")  # fmt: skip
    print(f"  loss differs by {result['loss_difference']:.1e}, gradients by {result['gradient_difference']:.1e}")
    by_share = []
    for part in (0.0, 0.9) if quick else (0.0, 0.25, 0.5, 0.75, 0.9, 0.95):
        prefix = round(240 * part)
        row = compare(model, synthetic(4 if quick else 12, prefix, 240 - prefix, 16), 1 if quick else 2)
        by_share.append({"share": part, "speedup": row["speedup"], "same_logits": row["speedup_same_logits"]})
        print(
            f"  {part:4.0%} prefix: {row['speedup']:.2f} times ({row['speedup_same_logits']:.2f} with the same logits)"
        )
    families = {}
    for name in ("phi3", "gemma2", "llama3"):
        family = family_of(name)
        tiny = prepare(family.model(), Recipe())
        chosen = examples_of(family, 8)
        tokens = sum(len(e) - e.answer for e in chosen)
        _, one, first = step(tiny, [pack(chosen)], tokens)
        _, two, second = step(tiny, [pad(chosen, 0)], tokens)
        families[name] = {
            "attention": tiny.config._attn_implementation, "loss_difference": abs(one - two),
            "gradient_difference": float((first - second).norm() / second.norm()),
        }  # fmt: skip
        print(f"  {name} ({families[name]['attention']}): loss {families[name]['loss_difference']:.1e}, "
              f"gradients {families[name]['gradient_difference']:.1e}")  # fmt: skip
    print(json.dumps(result | {"prefix_share": share, "by_share": by_share, "families": families}))


if __name__ == "__main__":
    main()
