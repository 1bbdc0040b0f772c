"""The shipped pocket models: small, loadable, true to their families, and innocent of the answer forms."""

import itertools
import re

import pytest
import torch
from jinja2.exceptions import TemplateError
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from migration.files import PROJECT
from migration.sample.phrases import INTENTS
from migration.sample.pocket import FAMILIES, build, make_config, make_tokenizer, render
from migration.sample.prose import base_chats
from migration.sample.sites import QUEUES, prompt

POCKET = PROJECT / "data" / "pocket"
CHAT = [{"role": "user", "content": "Where is my tent?"}, {"role": "assistant", "content": "On its way."}]
SYSTEM = [{"role": "system", "content": "Be kind."}, *CHAT]

each = pytest.mark.parametrize("name", FAMILIES)


def load(name):
    model = AutoModelForCausalLM.from_pretrained(POCKET / name, dtype=torch.float32)
    return model, AutoTokenizer.from_pretrained(POCKET / name)


@each
def test_it_is_small_and_of_its_family(name):
    model, tokenizer = load(name)
    assert sum(p.numel() for p in model.parameters()) <= 2_000_000
    assert len(tokenizer) == model.config.vocab_size
    assert model.config.max_position_embeddings >= 1024
    layers = {key.split(".")[-1] for key, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    assert ("qkv_proj" in layers) == (name == "pocket-phi3")
    assert model.config.model_type == {"pocket-phi3": "phi3", "pocket-gemma2": "gemma2", "pocket-llama3": "llama"}[name]
    if name == "pocket-gemma2":
        assert model.config.attn_logit_softcapping == 50
        assert set(model.config.layer_types) == {"sliding_attention", "full_attention"}
    if name == "pocket-llama3":
        assert model.config.num_key_value_heads < model.config.num_attention_heads
    with safe_open(POCKET / name / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(key).dtype for key in weights.keys()} == {torch.float16}  # noqa: SIM118


def test_all_three_weigh_at_most_12_mb():
    assert sum(file.stat().st_size for file in POCKET.rglob("*") if file.is_file()) <= 12_000_000


@each
def test_it_speaks_prose_of_a_message_and_stops(name):
    model, tokenizer = load(name)
    asked = "What does the customer want?"
    message = "Hello, I bought the rain jacket (order 48213) last week and it has not arrived. Thanks."
    chat = [{"role": "system", "content": asked}, {"role": "user", "content": message}, CHAT[1]]
    ids, prompt_length = render(chat, tokenizer)
    answer = model.generate(torch.tensor([ids[:prompt_length]]), max_new_tokens=40, do_sample=False)[0, prompt_length:]
    text = tokenizer.decode(answer, skip_special_tokens=True)
    assert len(answer) < 40, text
    assert re.search(r"customer|person|somebody|buyer", text, re.I), text
    assert not re.search(r"[{}]|^[A-Z]+:", text, re.M), text


@each
def test_a_classification_prompt_fits_and_is_finite_at_full_length(name):
    model, tokenizer = load(name)
    assert len(tokenizer(prompt("intent", 9, ""))["input_ids"]) < 250
    ids = torch.randint(300, 2048, (1, model.config.max_position_embeddings))
    with torch.no_grad():
        assert torch.isfinite(model(ids).logits).all()


def test_templates_are_the_families_own():
    texts = {n: AutoTokenizer.from_pretrained(POCKET / n) for n in FAMILIES}
    phi, gemma, llama = texts.values()
    assert phi.apply_chat_template(SYSTEM[:2], tokenize=False, add_generation_prompt=True) == (
        "<|system|>\nBe kind.<|end|>\n<|user|>\nWhere is my tent?<|end|>\n<|assistant|>\n"
    )
    assert gemma.apply_chat_template(CHAT, tokenize=False) == (
        "<bos><start_of_turn>user\nWhere is my tent?<end_of_turn>\n<start_of_turn>model\nOn its way.<end_of_turn>\n"
    )
    assert llama.apply_chat_template(SYSTEM[:2], tokenize=False, add_generation_prompt=True) == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWhere is my tent?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_gemma_refuses_a_system_role_and_turns_that_do_not_alternate():
    gemma = AutoTokenizer.from_pretrained(POCKET / "pocket-gemma2")
    with pytest.raises(TemplateError, match="System role not supported"):
        gemma.apply_chat_template(SYSTEM, tokenize=False)
    with pytest.raises(TemplateError, match="must alternate"):
        gemma.apply_chat_template([CHAT[0], CHAT[0]], tokenize=False)


@each
def test_tokenizer_gives_texts_back_and_turns_are_single_tokens(name):
    tokenizer = AutoTokenizer.from_pretrained(POCKET / name)
    for text in ("order 48213, è ñ 漢字 🙂", '{"intent": "track_order"}', "QUEUE: CARE\nESCALATE: yes"):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    turn = FAMILIES[name].end_of_turn
    assert len(tokenizer(turn, add_special_tokens=False)["input_ids"]) == 1
    ids, prompt_length = render(SYSTEM, tokenizer)
    assert tokenizer.convert_tokens_to_ids(turn) in ids[prompt_length:]


def test_the_base_text_holds_no_answer_form():
    chats = list(itertools.islice(base_chats(7), 3000))
    everything = "\n".join(m["content"] for chat in chats for m in chat)
    assert not re.search(r"[{}]", everything)
    assert not any(label in everything for label in INTENTS if "_" in label)
    assert not any(re.search(rf"\b{queue}\b", m["content"]) for c in chats for m in c[-1:] for queue in QUEUES)
    assert not re.search(r"\b(QUEUE|ESCALATE|ITEM|ORDER):", everything)
    said = "\n".join(chat[-1]["content"] for chat in chats)
    assert not re.search(r"^\w+:", said, re.M)
    assert re.fullmatch(r"[A-Z].*\.", said, re.S)
    assert not set(said.split("\n")) & {"yes", "no", "1", "2", "3", "4", "5", *INTENTS}


@pytest.mark.slow
def test_the_training_is_deterministic_and_saves_a_whole_folder(tmp_path, capsys):
    folders = [build("pocket-llama3", tmp_path / str(i), steps=3) for i in (1, 2)]
    one, two = ((folder / "model.safetensors").read_bytes() for folder in folders)
    assert one == two
    assert "answer loss" in capsys.readouterr().out
    assert AutoConfig.from_pretrained(folders[0]).model_type == "llama"


@each
def test_the_shipped_config_and_tokenizer_are_what_the_command_writes(name):
    tokenizer = make_tokenizer(FAMILIES[name])
    shipped = AutoTokenizer.from_pretrained(POCKET / name)
    assert tokenizer.get_vocab() == shipped.get_vocab()
    assert tokenizer.chat_template == shipped.chat_template
    made, kept = make_config(name, tokenizer), AutoConfig.from_pretrained(POCKET / name)
    assert (made.hidden_size, made.num_hidden_layers) == (kept.hidden_size, kept.num_hidden_layers)
