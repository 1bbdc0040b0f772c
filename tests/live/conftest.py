"""A run that routes one task to a small model, and the two servers behind it."""

from pathlib import Path

import pytest
import recorded
from live_runs import policy, put
from servers import serving_app


@pytest.fixture
def run(tmp_path: Path) -> Path:
    put(tmp_path / "run", policy())
    return tmp_path / "run"


@pytest.fixture(scope="session")
def llm_app():
    return recorded.app("llm")


@pytest.fixture(scope="session")
def llm_url(llm_app):
    with serving_app(llm_app) as url:
        yield url


@pytest.fixture(scope="session")
def small_app():
    return recorded.app("small")


@pytest.fixture(scope="session")
def small_url(small_app):
    with serving_app(small_app) as url:
        yield url
