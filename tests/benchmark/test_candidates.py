"""A request reaches each chat template in a form that it takes, with all its content."""

import numpy as np
import pandas as pd
import pytest
from tiny_models import CHATML, byte_tokenizer

from migration.benchmark.candidates import COLUMNS, Candidate, answer_limits, chat, frame, render

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('must alternate') }}{% endif %}"
    "<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PHI3 = (
    "{% for m in messages %}{% if m['role'] in ('system', 'user', 'assistant') %}"
    "<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is my order?"}]
WITH_TOOL = [
    *ASKED,
    {"role": "assistant", "content": '{"tool_calls":[{"name":"find"}]}'},
    {"role": "tool", "content": '{"tool_call_id":"1","content":"shipped"}'},
]


def test_a_template_that_takes_the_roles_gets_them():
    text = render(byte_tokenizer(CHATML), ASKED)
    assert text.startswith("<|im_start|>system\nBe brief.<|im_end|>")
    assert text.endswith("<|im_start|>assistant\n")


def test_a_system_text_that_is_not_allowed_is_folded_into_the_first_turn():
    text = render(byte_tokenizer(GEMMA), ASKED)
    assert "<start_of_turn>user\nBe brief.\n\nWhere is my order?<end_of_turn>" in text
    assert text.count("<start_of_turn>user") == 1


@pytest.mark.parametrize("template", [CHATML, GEMMA, PHI3, None])
def test_no_content_is_dropped(template):
    text = render(byte_tokenizer(template), WITH_TOOL)
    assert all(message["content"] in text for message in WITH_TOOL)


def test_a_template_that_drops_content_is_an_error():
    with pytest.raises(ValueError, match="takes no form"):
        render(byte_tokenizer("{{ messages[0]['content'] }}"), WITH_TOOL)


TOOLS = '[{"type": "function", "function": {"name": "find_order", "parameters": {}}}]'


@pytest.mark.parametrize("template", [CHATML, GEMMA, PHI3, None, "{{ tools | tojson if tools else '' }}" + CHATML])
def test_tools_are_shown_by_the_template_or_told(template):
    text = render(byte_tokenizer(template), WITH_TOOL, TOOLS)
    assert text.count("find_order") == 1
    assert all(message["content"] in text for message in WITH_TOOL)
    assert ("You may use these tools" in text) == (template is None or "tojson" not in template)


def test_messages_from_parquet_are_plain(tmp_path):
    pd.DataFrame({"messages": [ASKED]}).to_parquet(tmp_path / "m.parquet")
    read = pd.read_parquet(tmp_path / "m.parquet")["messages"][0]
    assert isinstance(read, np.ndarray)
    assert chat(read) == ASKED
    assert chat([{"role": "assistant", "content": None}]) == [{"role": "assistant", "content": ""}]


def test_an_answers_limit_comes_from_training_answers_and_the_request_never_from_the_reference():
    calls = pd.DataFrame(
        {
            "task": "gate",
            "split": ["train"] * 100 + ["test"] * 3,
            "response": "yes",
            "completion_tokens": [20] * 100 + [1, 500, 9],
            "max_tokens": [None] * 101 + [10, 4000],
        }
    )
    held = calls[calls["split"] == "test"]
    assert answer_limits(calls, held).tolist() == [33, 10, 33]
    longer = calls.assign(completion_tokens=calls["completion_tokens"].where(calls["split"] == "train", 77))
    assert (answer_limits(longer, held) == answer_limits(calls, held)).all()
    assert answer_limits(calls, held.assign(task="never seen")).tolist() == [33, 10, 33]


def test_the_frame_has_all_columns_even_of_failures():
    table = frame([{"call_id": "a", "candidate": "c", "error": "gone"}])
    assert list(table.columns) == list(COLUMNS)
    assert table["output"][0] is None
    assert table["completion_tokens"].isna().all()


def test_identity_is_in_fields_not_in_names():
    tuned = Candidate("mine", "smollm2", adapter="adapter", shots=3).id.columns()
    own = {"candidate": "mine", "candidate_kind": "slm", "base": "smollm2", "adapter": "adapter"}
    assert tuned == own | {"shots": 3, "examples": "similar", "masked": False}
    assert Candidate("x", "http://host/v1#qwen").id.base == "qwen"


def test_a_candidate_with_an_address_is_remote():
    assert Candidate("a", "https://host/v1#m").remote
    assert not Candidate("a", "smollm2").remote
