"""What tests share: where the public test data lies, where it does, and quiet, offline libraries."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public test data beside the checkout; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the public test data in ../shared/data, which is not here")
    return folder


@pytest.fixture(scope="session")
def support_log(shared: Path) -> Path:
    """13,159 real support calls in the OpenAI request/response form."""
    return shared / "data" / "support_traffic.jsonl.gz"
