"""A key goes to the host it was named for, and prompts travel encrypted or not at all."""

import pytest

from migration.errors import BadInput
from migration.live.rungs.upstream import upstream

KEYS = {"OPENAI_API_KEY": "sk-openai", "MINE": "sk-mine"}


@pytest.mark.parametrize(
    "address",
    ["http://example.com/v1", "https://user:pass@example.com/v1", "https://example.com/v1?api_key=x", "ftp://localhost/v1",
     "example.com", "", "https:///v1", "http://127.0.0.1.example.com/v1", "http://[::2]/v1", "https://x:port/v1"],
)  # fmt: skip
def test_an_address_that_would_leak_is_refused(address):
    with pytest.raises(BadInput):
        upstream(address, environment=KEYS)


def test_keys_go_where_they_were_named_for():
    assert upstream("https://api.openai.com/v1", environment=KEYS).key == "sk-openai"
    assert upstream("https://other.example.com/v1#m", environment=KEYS).key is None
    mine = upstream("https://other.example.com/v1#m", "MINE", KEYS)
    assert (mine.headers, mine.model) == ({"authorization": "Bearer sk-mine"}, "m")
    assert "sk-mine" not in repr(mine)
    with pytest.raises(BadInput, match="in the environment variable OPENAI_API_KEY"):
        upstream("https://api.openai.com/v1", environment={})
    for local in ("http://localhost:8080/v1", "http://127.0.0.1/v1", "http://[::1]:1/v1"):
        assert upstream(local).key is None
