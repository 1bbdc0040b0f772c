"""Tiny models with random weights in the three families' architectures, with their families' chat templates.

They have what differs between the families: fused attention and gate (Phi-3), soft-capping, a sliding window and no
system role (Gemma 2), grouped queries (Llama 3.2).
"""

from types import SimpleNamespace

TEMPLATES = {
    "phi3": (
        "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
    ),
    "gemma2": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
        "{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    ),
    "llama3": (
        "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
        "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
        "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
    ),
}
SPECIALS = {
    "phi3": ["<|endoftext|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"],
    "gemma2": ["<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"],
    "llama3": ["<|end_of_text|>", "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
}
ENDS = {"phi3": "<|end|>", "gemma2": "<end_of_turn>", "llama3": "<|eot_id|>"}
BOS = {"phi3": "<|endoftext|>", "gemma2": "<bos>", "llama3": "<|begin_of_text|>"}
SYSTEM = "You sort the messages of a shop. Teams are order, refund, delivery. Answer with JSON only, no other words."


def tokenizer_of(family):
    """A byte-level BPE of some 400 tokens with the family's special tokens and template."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator([SYSTEM, 'where is my order {"team": "delivery"}', "i want a refund"] * 9, vocab_size=330)
    made = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, bos_token=BOS[family], eos_token=SPECIALS[family][0]
    )
    made.add_special_tokens({"additional_special_tokens": SPECIALS[family]})
    made.pad_token = made.eos_token
    made.chat_template = TEMPLATES[family]
    return made


def model_of(family, tokenizer):
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM

    torch.manual_seed(3)
    end = tokenizer.convert_tokens_to_ids(ENDS[family])
    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048,
        "initializer_range": 0.3,
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": [tokenizer.eos_token_id, end],
        "bos_token_id": tokenizer.bos_token_id,
    }  # fmt: skip
    if family == "gemma2":
        config = Gemma2Config(**shape, head_dim=16, query_pre_attn_scalar=16, sliding_window=512)
        return Gemma2ForCausalLM._from_config(config, attn_implementation="eager").eval()
    kinds = {"phi3": (Phi3Config, Phi3ForCausalLM), "llama3": (LlamaConfig, LlamaForCausalLM)}
    config, kind = kinds[family]
    return kind(config(**shape)).eval()


def family_of(name):
    """One family: name, tokenizer, model (fresh at each call), end (its end-of-turn token)."""
    tokenizer = tokenizer_of(name)
    return SimpleNamespace(name=name, tokenizer=tokenizer, model=lambda: model_of(name, tokenizer), end=ENDS[name])


def calls_of(n=16, site=SYSTEM):
    """(messages, answer) of `n` calls of one call site."""
    asked = ["where is my order {}", "i want a refund of {}", "when will number {} come", "cancel {} please"]
    teams = ["order", "refund", "delivery", "order"]
    return [
        (
            [{"role": "system", "content": site}, {"role": "user", "content": asked[i % 4].format(i)}],
            f'{{"team": "{teams[i % 4]}"}}',
        )
        for i in range(n)
    ]


def examples_of(family, n=16, site=SYSTEM):
    """The same as token ids."""
    from migration.benchmark.candidates import render
    from migration.finetune.training.packing import encode, turn_end

    end = turn_end(family.tokenizer)
    return [
        encode(family.tokenizer, render(family.tokenizer, messages), answer, end, call_id=str(i), site=site[:20])
        for i, (messages, answer) in enumerate(calls_of(n, site))
    ]
