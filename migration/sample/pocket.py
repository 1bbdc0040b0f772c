"""The pocket models: three architectures in small, trained here from text that this project writes itself.

Covers: what each family differs in (fused attention, no system role, soft-capping, grouped queries; chat templates),
and a plain training loop.
Out of scope: the workbook's tasks, and what the base text says (`prose`).

    python -m migration.sample.pocket --out data/pocket

rebuilds all three (about 2 minutes each on 2 idle cores) and prints the training loss.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GenerationConfig,
    LlamaConfig,
    Phi3Config,
    PretrainedConfig,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from migration.sample.prose import Chat, base_chats

if TYPE_CHECKING:
    from transformers import PreTrainedModel

VOCABULARY, TOKENS, STEPS, RATE = 2048, 1000, 600, 3e-3
"""Tokens in the vocabulary; tokens a step; steps; peak learning rate."""
_SHAPE: dict[str, Any] = {
    "hidden_size": 160, "intermediate_size": 432, "num_hidden_layers": 4, "num_attention_heads": 4,
    "max_position_embeddings": 2048, "tie_word_embeddings": True,
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """What one architecture of the article's families needs: its config, special tokens and chat template."""

    config: Callable[..., PretrainedConfig]
    extra: dict[str, Any]
    special: tuple[str, ...]
    bos: str
    eos: str
    pad: str
    end_of_turn: str
    template: str
    adds_bos: bool


FAMILIES = {
    "pocket-phi3": Family(
        config=Phi3Config,
        extra={"num_key_value_heads": 4},
        special=("<unk>", "<s>", "</s>", "<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"),
        bos="<s>",
        eos="<|endoftext|>",
        pad="<|endoftext|>",
        end_of_turn="<|end|>",
        template=(
            "{% for message in messages %}{% if message['role'] not in ['system', 'user', 'assistant'] %}"
            "{{ raise_exception('Unknown role ' + message['role']) }}{% endif %}"
            "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
        ),
        adds_bos=False,
    ),
    "pocket-gemma2": Family(
        config=Gemma2Config,
        extra={
            "num_key_value_heads": 2,
            "head_dim": 40,
            "query_pre_attn_scalar": 40,
            "sliding_window": 256,
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
            "attn_implementation": "eager",
        },
        special=("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
        bos="<bos>",
        eos="<eos>",
        pad="<pad>",
        end_of_turn="<end_of_turn>",
        template=(
            "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
            "{% endif %}{% for message in messages %}"
            "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception("
            "'Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
            "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
            "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
        ),
        adds_bos=True,
    ),
    "pocket-llama3": Family(
        config=LlamaConfig,
        extra={"num_key_value_heads": 2, "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
        special=(
            "<|begin_of_text|>",
            "<|end_of_text|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<|finetune_right_pad_id|>",
        ),
        bos="<|begin_of_text|>",
        eos="<|eot_id|>",
        pad="<|finetune_right_pad_id|>",
        end_of_turn="<|eot_id|>",
        template=(
            "{{ bos_token }}{% for message in messages %}"
            "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim "
            "+ '<|eot_id|>' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
        ),
        adds_bos=True,
    ),
}


def make_tokenizer(family: Family) -> PreTrainedTokenizerFast:
    """A byte-level BPE of VOCABULARY tokens (each digit its own) with the family's special tokens and template."""
    chats = base_chats(0, lessons=0)
    texts = [message["content"] for _ in range(4000) for message in next(chats)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(family.special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if family.adds_bos:
        bos = (family.bos, tokenizer.token_to_id(family.bos))
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{family.bos} $A", special_tokens=[bos])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=family.bos, eos_token=family.eos, pad_token=family.pad,
        chat_template=family.template, model_max_length=_SHAPE["max_position_embeddings"],
        clean_up_tokenization_spaces=False, padding_side="left",
    )  # fmt: skip


def render(chat: Chat, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], int]:
    """Token ids of a chat, and how many of them are the prompt. Where no system role exists, the user speaks it."""
    if "System role not supported" in tokenizer.chat_template and chat[0]["role"] == "system":
        chat = [{"role": "user", "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}, *chat[2:]]
    whole = tokenizer.apply_chat_template(chat, tokenize=False)
    prompt = tokenizer.apply_chat_template(chat[:-1], tokenize=False, add_generation_prompt=True)
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, whole[len(prompt) :])]
    return ids[0] + ids[1], len(ids[0])


def _batches(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Ids and loss weights, both (chats, longest chat), about TOKENS in all, padded on the right, where nothing looks.

    What is said weighs 1 and what is asked 0.1: enough to learn the language, not enough to drown the reading of it.
    """
    chats = base_chats(seed)
    while True:
        rows: list[tuple[list[int], int]] = []
        while len(rows) * max((len(row) for row, _ in rows), default=0) < TOKENS:
            rows.append(render(next(chats), tokenizer))
        ids = torch.full((len(rows), max(len(row) for row, _ in rows)), tokenizer.pad_token_id)
        weights = torch.zeros(ids.shape)
        for i, (row, prompt) in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            weights[i, : len(row)] = 1.0
            weights[i, :prompt] = 0.1
        yield ids, weights


def train(name: str, tokenizer: PreTrainedTokenizerFast, *, steps: int = STEPS, seed: int = 7) -> PreTrainedModel:
    """A model of the family `name`, trained for `steps` from scratch; prints the loss (nats a token) as it goes."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(make_config(name, tokenizer)).float().train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.08)
    batches, started, shown = _batches(tokenizer, seed), time.monotonic(), []
    for step in range(1, steps + 1):
        ids, weights = next(batches)
        logits = model(input_ids=ids).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        said = weights[:, 1:].flatten()
        loss = (losses * said).sum() / said.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        shown.append(float(losses.detach()[said == 1].mean()))
        if step % 50 == 0 or step == steps:
            mean = sum(shown[-50:]) / len(shown[-50:])
            print(f"{name} step {step}/{steps} answer loss {mean:.3f} {time.monotonic() - started:.0f} s", flush=True)
    return model.eval()


def make_config(name: str, tokenizer: PreTrainedTokenizerFast) -> PretrainedConfig:
    """The architecture of a family, small."""
    family = FAMILIES[name]
    return family.config(
        **_SHAPE, **family.extra, vocab_size=VOCABULARY, initializer_range=0.06, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip


def build(name: str, out: Path, *, steps: int = STEPS) -> Path:
    """Train one pocket model and save it (fp16 safetensors, tokenizer, chat template) to `out/name`."""
    tokenizer = make_tokenizer(FAMILIES[name])
    model = train(name, tokenizer, steps=steps, seed=7).half()
    ends = {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(FAMILIES[name].end_of_turn)}
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(out / name)
    tokenizer.save_pretrained(out / name)
    print(f"{name}: {sum(p.numel() for p in model.parameters()):,} parameters in {out / name}", flush=True)
    return out / name


def main() -> None:
    """The command line: build all families, or one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/pocket"))
    parser.add_argument("--only", choices=sorted(FAMILIES), help="build this one alone")
    options = parser.parse_args()
    logging.disable_progress_bar()
    for name in FAMILIES if options.only is None else [options.only]:
        build(name, options.out)


if __name__ == "__main__":
    main()
