"""QLoRA at full size on one GPU: this recipe beside the article's, on the shapes of the models the article names.

    python tests/bench/finetune_gpu.py [--quick] [--shape phi-3.5-mini]

Random weights in the shapes of Phi-3.5-mini, Llama-3.2-3B and Gemma-2-9B; 200 examples of 512 tokens (64 of them
answer), 3 epochs; rows that share nothing, and rows that share 90% of their prompt. For each: seconds, tokens/s, model
FLOP utilisation (4 FLOP a parameter and token: forward, and backward through frozen weights), peak memory. The
article's recipe is batches of 4 x 4, padded, checkpointing, logits everywhere. Without a GPU it says so and stops:
no number is invented.
"""

import argparse
import json
import math
import time
from datetime import UTC, datetime

import numpy as np
import torch

from migration.finetune.training.packing import Collator, Example, answer_loss, pad, plan
from migration.finetune.training.recipe import Recipe, prepare, sum_parameters

PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "4090": 165e12, "L40S": 362e12}
"""Dense bf16 FLOP/s by the maker's data sheets; the SXM figure for H100 and H200."""


def shapes():
    """(name, configuration) of the three models, from their published config.json."""
    from transformers import Gemma2Config, LlamaConfig, Phi3Config

    return {
        "phi-3.5-mini": Phi3Config(
            vocab_size=32064, hidden_size=3072, intermediate_size=8192, num_hidden_layers=32, num_attention_heads=32,
            num_key_value_heads=32, max_position_embeddings=4096, pad_token_id=0,
        ),
        "llama-3.2-3b": LlamaConfig(
            vocab_size=128256, hidden_size=3072, intermediate_size=8192, num_hidden_layers=28, num_attention_heads=24,
            num_key_value_heads=8, head_dim=128, max_position_embeddings=4096, tie_word_embeddings=True,
        ),
        "gemma-2-9b": Gemma2Config(
            vocab_size=256000, hidden_size=3584, intermediate_size=14336, num_hidden_layers=42,
            num_attention_heads=16, num_key_value_heads=8, head_dim=256, query_pre_attn_scalar=256,
        ),
    }  # fmt: skip


def quantised(config, device, dtype):
    """A model of random weights with its linear layers in NF4, double quantised."""
    import bitsandbytes as bnb
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    head = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and module is not head:
            four = bnb.nn.Linear4bit(
                module.in_features,
                module.out_features,
                bias=False,
                compute_dtype=dtype,
                quant_type="nf4",
                device="meta",
            )
            four.weight = bnb.nn.Params4bit(module.weight.data.cpu(), requires_grad=False, quant_type="nf4").to(device)
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, four)
    return model.requires_grad_(False)


def rows(n, length, answer, shared, vocabulary):
    """Examples of random ids that share `shared` of their prompt."""
    draw, prompt = np.random.default_rng(1), length - answer
    head = draw.integers(10, vocabulary - 10, round(prompt * shared)).tolist()
    ids = [[*head, *draw.integers(10, vocabulary - 10, length - len(head)).tolist()] for _ in range(n)]
    return [Example(str(i), "s", one, prompt) for i, one in enumerate(ids)]


def micro_batches(examples, epochs, article, dtype, most):
    """Lists of micro-batches, one a step: the article's 4 x 4 padded ones, or rows cut to `most` computed tokens."""
    collator = Collator(examples, 0, dtype)
    size = 16
    steps = round(epochs * len(examples) / size)
    for row in plan(examples, size=size, steps=steps, seed=7):
        if article:
            yield [pad([examples[i] for i in row[at : at + 4]], 0) for at in range(0, len(row), 4)]
        else:
            parts = max(1, math.ceil(collator.tokens(row)[0] / most))
            yield [collator([{"examples": part.tolist()}]) for part in np.array_split(row, parts)]


def loss_of(model, batch, article):
    if not article:
        return answer_loss(model, batch)[0]
    inputs = {key: batch[key] for key in ("input_ids", "attention_mask", "position_ids")}
    logits = model(**inputs, use_cache=False).logits.float()[:, batch["logits_to_keep"]]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), reduction="sum")


def run(model, examples, epochs, *, article, device, dtype, most):
    """Train; seconds, tokens/s (as if padded: what the data holds), peak GB."""
    import bitsandbytes as bnb

    adapted = prepare(model, Recipe())
    if article:
        adapted.enable_input_require_grads()
        adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    trained = [p for p in adapted.parameters() if p.requires_grad]
    gpu = device == "cuda"
    optimiser = bnb.optim.PagedAdamW8bit(trained, lr=2e-4) if gpu else torch.optim.AdamW(trained, lr=2e-4)
    steps = list(micro_batches(examples, epochs, article, dtype, most))
    for timed in (False, True):
        if gpu:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        started = time.monotonic()
        for batches in steps if timed else steps[:2]:
            for batch in batches:
                moved = {key: value.to(device) for key, value in batch.items()}
                (loss_of(adapted, moved, article) / moved["labels"].numel()).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        if gpu:
            torch.cuda.synchronize()
    seconds = time.monotonic() - started
    tokens = sum(map(len, examples)) * epochs
    peak = torch.cuda.max_memory_allocated() / 1e9 if gpu else float("nan")
    if article:
        adapted.gradient_checkpointing_disable()
    adapted.unload()
    return {"seconds": seconds, "tokens_per_s": tokens / seconds, "peak_gb": peak}


def bench(name, config, device, dtype, *, n, length, answer, epochs, most=2200):
    """Rows of the table for one shape."""
    model = quantised(config, device, dtype)
    found, parameters = [], sum_parameters(model)
    rate = next((f for key, f in PEAK.items() if device == "cuda" and key in torch.cuda.get_device_name()), None)
    for shared in (0.0, 0.9):
        examples = rows(n, length, answer, shared, config.vocab_size)
        for recipe in ("this project", "the article"):
            result = run(
                model, examples, epochs, article=recipe == "the article", device=device, dtype=dtype, most=most
            )
            used = 4 * parameters * result["tokens_per_s"] / rate if rate else None
            about = {
                "shape": name,
                "parameters": parameters,
                "shared_prompt": shared,
                "recipe": recipe,
                "mfu": used,
            }
            utilised = "unknown" if used is None else f"{used:.2f}"
            print(
                f"{name:14s} {shared:4.0%} shared  {recipe:13s} {result['seconds']:7.1f} s "
                f"{result['tokens_per_s']:9,.0f} tokens/s  {result['peak_gb']:.1f} GB  MFU {utilised}",
                flush=True,
            )
            found.append(about | result)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="32 examples, one epoch, one shape")
    parser.add_argument("--shape", choices=[*shapes()])
    parser.add_argument("--micro-tokens", type=int, default=2200, help="computed tokens of a micro-batch at most")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("no GPU")
        print(json.dumps({"device": None, "rows": []}))
        return
    chosen = {name: config for name, config in shapes().items() if options.shape in (None, name)}
    size = {"n": 200, "length": 512, "answer": 64, "epochs": 3}
    if options.quick:
        chosen, size = dict([next(iter(chosen.items()))]), size | {"n": 32, "epochs": 1}
    device = torch.cuda.get_device_name()
    what = f"{size['n']} examples of {size['length']} tokens x {size['epochs']} epochs"
    print(f"{device}, {datetime.now(UTC):%Y-%m-%d}: {what}")
    found = []
    for name, config in chosen.items():
        found += bench(name, config, "cuda", torch.bfloat16, most=options.micro_tokens, **size)
        torch.cuda.empty_cache()
    print(json.dumps({"device": device, "rows": found}))


if __name__ == "__main__":
    main()
