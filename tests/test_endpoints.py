"""A prompt and a key go to one host, over HTTPS or within this machine, and nowhere else."""

import pytest

from migration import endpoints
from migration.errors import BadInput


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://gpu.example/v1", "plain http"),
        ("ftp://host/v1", "not of the form"),
        ("https:///v1", "not of the form"),
        ("https://[broken/v1", "cannot be read"),
        ("https://ann:pa55@host/v1", "keys go into the environment"),
        ("https://ann@host/v1", "keys go into the environment"),
        ("https://host/v1?api_key=pa55", "MIGRATION_KEY_HOST"),
        ("https://host/v1?x=1&access_token=pa55", "MIGRATION_KEY_HOST"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_and_not_repeated(url, told):
    with pytest.raises(BadInput, match=told) as refused:
        endpoints.check_url(url)
    assert "pa55" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://host/v1", "http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]/v1"]
)
def test_https_and_this_machine_may_be_asked(url):
    assert endpoints.check_url(url) == url


def test_a_key_goes_only_to_the_host_it_was_named_for(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    monkeypatch.setenv("MIGRATION_KEY_API_OTHER_AI", "other-key")
    assert endpoints.key_for("https://api.openai.com/v1") == "openai-key"
    assert endpoints.key_for("https://api.other.ai/v1") == "other-key"
    assert endpoints.key_for("https://api.openai.com.evil.example/v1") is None
    assert endpoints.key_for("http://localhost:8000/v1") is None
    with pytest.raises(BadInput, match="LABELS_KEY"):
        endpoints.key_for("https://host/v1", "LABELS_KEY")


def test_no_header_tells_another_host_who_asks_and_no_redirect_is_followed(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "mine")
    made = endpoints.client("https://host/v1", key=None)
    assert "mine" not in [*map(str, made.default_headers.values()), made.api_key, made.admin_api_key]
    assert made._client.follow_redirects is False
    assert "mine" not in map(str, made.with_options(max_retries=1).default_headers.values())
    assert endpoints.client(endpoints.OPENAI, key="mine").organization == "mine"


def test_addresses_in_a_text_lose_their_secrets():
    text = "cannot reach https://ann:pa55@host/v1?api_key=pa55&x=1 (see https://docs.example/a)"
    assert endpoints.redact(text) == (
        "cannot reach https://[removed]@host/v1?api_key=[removed]&x=1 (see https://docs.example/a)"
    )
