"""The weekly review: is the guarantee kept, what changed, and what would make the hybrid better?

Names are loaded when asked for, so that reading one of them costs no more than it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LATER = {
    "Monitor": "monitor",
}

__all__ = [*_LATER]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'migration.review' has no attribute {name!r}")
    return getattr(import_module(f"migration.review.{_LATER[name]}"), name)
