"""Tiny real models made on the spot: random weights, a byte-level tokenizer, a ChatML template."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|im_start|>", "<|im_end|>"]
SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "vocab_size": 258,
    "pad_token_id": 0,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
}


def byte_tokenizer(template: str | None = CHATML) -> PreTrainedTokenizerFast:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token=SPECIAL[0], eos_token=SPECIAL[1], pad_token=SPECIAL[1], chat_template=template
    )


def tiny(kind: str, **changes) -> torch.nn.Module:
    """A model of the architecture `kind` with random weights, the same at each call."""
    torch.manual_seed(3)
    shape = SHAPE | changes
    if kind == "phi3":
        shape |= {"rope_scaling": None}
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **shape)).eval()
