"""A small real model on disk for the tests of this folder."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from tiny_models import byte_tokenizer, tiny

from migration.schema import split_of


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """A Llama of 20 thousand parameters, saved with its tokenizer as hub models are."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny-llama"
    tiny("llama").save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    """Models this small run faster on one thread, above all where other work runs beside them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def calls():
    """A log of a task with short prompts and of one with long ones."""
    rows = [
        {
            "call_id": f"{task}-{i}",
            "kind": "chat",
            "task": task,
            "messages": [{"role": "system", "content": rule}, {"role": "user", "content": f"message {i}"}],
            "response": "yes" if i % 3 else "no",
            "prompt_tokens": len(rule),
            "completion_tokens": 2,
            "split": split_of(f"{task}-{i}"),
        }
        for task, rule, count in (("gate", "Answer yes or no.", 80), ("agent", "Long policy. " * 100, 60))
        for i in range(count)
    ]
    return pd.DataFrame(rows)
