"""Live: the policy in production. One changed line (`HybridClient`) or one address (`migrate serve`).

Imports numpy, the standard library, openai and httpx; the server's libraries only where a server is started.
"""

from __future__ import annotations

from migration import later

_LATER = {
    "HybridClient": "client",
    "AsyncHybridClient": "client",
    "HybridTransport": "client",
    "AsyncHybridTransport": "client",
    "Hybrid": "hybrid",
}

__all__ = [*_LATER]  # noqa: PLE0604

__getattr__ = later(__name__, _LATER)
