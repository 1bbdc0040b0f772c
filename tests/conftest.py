"""What tests share: where the public test data lies, where it does, and quiet, offline libraries."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:  # a core a worker: threads of one would only wait for the other's
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# The first text that hypothesis makes takes seconds on a busy machine: no fault of what is tested.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make soak`: properties that name no number of their own are tried on many more examples.
settings.register_profile("soak", settings.get_profile("suite"), max_examples=3000)
settings.load_profile("soak" if "MIGRATION_SOAK" in os.environ else "suite")

LONGEST = ("test_workbook.py", "test_bench.py", "test_stopped_notebook.py", "test_train.py")
"""Files that take longest: begun first, so that no worker is left alone with one at the end."""

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


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
