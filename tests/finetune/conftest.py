"""The three families, and the Llama one alone for tests where families do not differ."""

import pytest
from families import family_of


@pytest.fixture(scope="session", params=["phi3", "gemma2", "llama3"])
def family(request):
    return family_of(request.param)


@pytest.fixture(scope="session")
def llama():
    return family_of("llama3")
