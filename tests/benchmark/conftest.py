"""A small real model on disk for the tests of this folder."""

from pathlib import Path

import pytest
import torch
from tiny_models import byte_tokenizer, tiny


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
