"""Who a prompt may be sent to, over what, and with which key.

An endpoint sees customers' words and may cost money, so: HTTPS except on this machine, no name, password or key in the
address, no redirects, and a key goes only to the host that it was named for. Out of scope: what is asked.
"""

from __future__ import annotations

import importlib
import ipaddress
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from migration.errors import BadInput

if TYPE_CHECKING:
    import httpx

OPENAI = "https://api.openai.com/v1"
MASK = "mask=true"
"""The option of an address under which personal data is masked in what is sent there."""
_SECRET = re.compile(r"(?i)(api[-_]?key|key|token|secret|password|auth|sig(nature)?|access[-_]?token)=[^&\s#]+")
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s\"'<>\]),]+")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its own name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return host == "localhost"


def check_url(url: str) -> str:
    """`url` as it is. Raises BadInput, which does not repeat it, where it holds a secret or is not HTTPS."""
    try:
        parts = urlsplit(url)
        host, secret, _ = parts.hostname, parts.username is not None or parts.password is not None, parts.port
    except ValueError as error:
        raise BadInput("an endpoint's address cannot be read: give https://host/v1#model") from error
    if secret or _SECRET.search(f"{parts.query}&{parts.fragment}"):
        raise BadInput(
            f"the address of {host or 'an endpoint'} holds a name, password or key: keys go into the environment "
            f"({key_name(host or 'host')})"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput("an endpoint's address is not of the form https://host/v1#model")
    if parts.scheme == "http" and not is_loopback(host):
        raise BadInput(
            f"{host} is to be asked over plain http, which anyone on the way can read: use https (or a tunnel to "
            "localhost)"
        )
    if parts.query:
        raise BadInput(f"the address of {host} holds options: the only one is {MASK}, in https://host/v1?{MASK}#model")
    return url


@dataclass(frozen=True)
class Address:
    """An endpoint as a person names it. base: up to and with `/v1`. model: "" where none is named. masked: whether it
    is sent prompts without the personal data in them."""

    base: str
    model: str = ""
    masked: bool = False


def read_address(source: str) -> Address:
    """The parts of `http(s)://host/v1#model`, with `?mask=true` before the `#` where personal data is to be masked.

    Raises BadInput for any other option; whether the base may be asked is `check_url`'s.
    """
    base, _, model = source.partition("#")
    url, _, option = base.partition("?")
    if "?" in model:
        raise BadInput(f"an endpoint's options stand before its model: https://host/v1?{MASK}#model")
    if option not in ("", MASK):
        check_url(base)
    return Address(url, model, option == MASK)


def check_value(value: object) -> None:
    """Raise BadInput where a parameter's value holds an address with a name, password or key in it."""
    for text in value if isinstance(value, list | tuple) else [value]:
        for url in _URL.findall(text) if isinstance(text, str) else ():
            try:
                parts = urlsplit(url)
                secret = "@" in parts.netloc or _SECRET.search(f"{parts.query}&{parts.fragment}")
            except ValueError:  # no address, so none with a key in it
                secret = None
            if secret:
                raise BadInput(
                    f"a parameter holds an address with a name, password or key in it ({parts.hostname}): keys go into "
                    f"the environment ({key_name(parts.hostname or 'host')})"
                )


def redact(text: str) -> str:
    """`text` with names, passwords and keys taken out of the addresses in it."""

    def cut(match: re.Match[str]) -> str:
        url = re.sub(r"//[^/@\s]*@", "//[removed]@", match[0])
        return _SECRET.sub(r"\1=[removed]", url)

    return _URL.sub(cut, text)


def key_name(host: str) -> str:
    """The environment variable that holds the key of `host`: its name says where it may go."""
    return "MIGRATION_KEY_" + re.sub(r"\W", "_", host).upper()


def key_for(url: str, named: str | None = None) -> str | None:
    """The key for the host of `url`: of the variable `named` for it, of `key_name`, or OpenAI's for OpenAI itself.

    Raises BadInput where a named variable, or OpenAI's own at OpenAI, is not set. None: the endpoint is asked without.
    """
    host = urlsplit(url).hostname or ""
    name = named or next((n for n in [key_name(host)] if os.environ.get(n)), None)
    name = name or ("OPENAI_API_KEY" if host == urlsplit(OPENAI).hostname else None)
    if name and not os.environ.get(name):
        raise BadInput(f"{host} needs its key in the environment variable {name}")
    return os.environ[name] if name else None


LARGEST_REPLY = 1 << 25
"""32 MiB: a reply that is longer is no answer, and must not fill the memory."""


def _bounded(response: httpx.Response) -> None:
    """Let no more than LARGEST_REPLY bytes of a reply in, and none that are packed: a few may stand for gigabytes."""
    library = importlib.import_module(type(response).__module__.partition(".")[0])  # httpx, or the one openai brings
    packed = response.headers.get("content-encoding", "identity")
    if packed != "identity":
        raise library.DecodingError(f"the reply is packed ({packed[:20]}), which was not asked for")
    response.stream = _limited(library, response.stream)


def _limited(library: Any, stream: Any) -> Any:
    """`stream`, which raises the library's ReadError once it has given LARGEST_REPLY bytes."""

    def counted(seen: int, piece: bytes) -> int:
        if seen + len(piece) > LARGEST_REPLY:
            raise library.ReadError(f"the reply is longer than {LARGEST_REPLY:,} bytes")
        return seen + len(piece)

    class Limited(library.AsyncByteStream, library.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            seen = 0
            for piece in stream:
                seen = counted(seen, piece)
                yield piece

        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for piece in stream:
                seen = counted(seen, piece)
                yield piece

        def close(self) -> None:
            stream.close()

        async def aclose(self) -> None:
            await stream.aclose()

    return Limited()


async def _bounded_async(response: httpx.Response) -> None:
    _bounded(response)


def client(url: str, *, key: str | None, asynchronous: bool = False, **options: Any) -> Any:
    """An `openai` client of one endpoint that follows no redirect, reads no endless reply and tells no other host who
    its user is.

    options: of `openai.OpenAI` (timeout, max_retries...). Raises BadInput for an address that may not be asked.
    """
    import openai  # half a second that only those who ask pay

    check_url(url)
    kind, http = openai.OpenAI, openai.DefaultHttpxClient
    if asynchronous:
        kind, http = openai.AsyncOpenAI, openai.DefaultAsyncHttpxClient  # type: ignore[assignment]
    hooks = {"response": [_bounded_async if asynchronous else _bounded]}
    asked = http(follow_redirects=False, event_hooks=hooks, headers={"Accept-Encoding": "identity"})
    elsewhere = urlsplit(url).hostname != urlsplit(OPENAI).hostname
    if elsewhere:  # as headers, too: a copy of the client (`with_options`) reads the environment again
        options["default_headers"] = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
    made = kind(base_url=url, api_key=key or "no-key-needed", http_client=asked, **options)
    if elsewhere:
        made.organization = made.project = None
    made.admin_api_key = None
    return made
