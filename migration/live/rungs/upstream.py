"""Where a model is reached: an address, the model's name there, and the key that goes to this host alone.

https, or http on loopback; no user or key inside an address; no redirects are followed by whoever uses it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from migration.endpoints import MASK, check_url, read_address
from migration.errors import BadInput


@dataclass(frozen=True)
class Upstream:
    """An OpenAI-compatible server. url: up to and with `/v1`. model: None where the caller's own is asked for. masked:
    whether it is sent placeholders instead of personal data."""

    url: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    masked: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """What every request to it carries."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


def upstream(address: str, key_env: str | None = None, environment: Mapping[str, str] = os.environ) -> Upstream:
    """The upstream `http(s)://host/v1` or `http(s)://host/v1#model`, with the key of an environment variable. With
    `?mask=true` before the `#` it is sent no personal data.

    OPENAI_API_KEY goes to api.openai.com without being named, and nowhere else unless it is. Raises BadInput for an
    address that is none, holds a user, a key or another option, or is not https away from loopback; or for a key not
    there.
    """
    at = read_address(address)
    host = urlsplit(check_url(at.base)).hostname or ""
    name = key_env or ("OPENAI_API_KEY" if host == "api.openai.com" else None)
    if name and not environment.get(name):
        raise BadInput(f"upstream {host} needs its key in the environment variable {name}")
    return Upstream(at.base.rstrip("/"), at.model or None, environment[name] if name else None, at.masked)


def for_llm(at: Upstream) -> Upstream:
    """`at`, which the LLM is reached at. Raises BadInput where it is to be masked: the LLM gets requests unchanged."""
    if at.masked:
        raise BadInput(f"{at.host}: the LLM is sent the caller's requests unchanged; {MASK} is for candidates alone")
    return at
