"""Templates of the project. Every value is escaped. Out of scope: what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

TEMPLATES = Path(__file__).parent.parent / "templates"
_JINJA = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)


def render(template: str, **values: Any) -> str:
    """A page from one of the templates, in the project's style; every value is escaped."""
    css = jinja2.filters.Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return _JINJA.get_template(template).render(css=css, **values)
