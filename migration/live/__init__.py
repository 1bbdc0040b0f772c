"""Live: the policy in production. One changed line (`HybridClient`) or one address (`migrate serve`).

Imports numpy, the standard library, openai and httpx; the server's libraries only where a server is started.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LATER = {
    "HybridClient": "client",
    "AsyncHybridClient": "client",
    "HybridTransport": "client",
    "AsyncHybridTransport": "client",
    "Hybrid": "hybrid",
    "PolicyStore": "policies",
    "DecisionLog": "decisions",
}

__all__ = [*_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.live' has no attribute {name!r}")
    return getattr(import_module(f"migration.live.{_LATER[name]}"), name)
