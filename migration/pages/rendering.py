"""Templates of the project, and the titles of the steps. Every value is escaped. Out of scope: what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

TITLES = {
    "01_traffic_audit": ("1. Traffic audit", "What are the calls, and what do they really cost?"),
    "02_candidate_benchmark": ("2. Candidate benchmark", "Which small models already answer them like the LLM did?"),
    "03_qlora_finetune": ("3. QLoRA fine-tune", "Does training on our own examples make a small model good enough?"),
    "04_router_tuning": ("4. Router tuning", "Which calls can small models keep, and what is guaranteed about them?"),
    "05_cost_projection": ("5. Cost projection", "What does it save, and how sure is that?"),
    "06_rehearsal": ("6. Rehearsal", "What would real conversations have been like, and may it go live?"),
}
"""Title and question of each step."""

TEMPLATES = Path(__file__).parent.parent / "templates"
_JINJA = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)


def render(template: str, **values: Any) -> str:
    """A page from one of the templates, in the project's style; every value is escaped."""
    css = jinja2.filters.Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return _JINJA.get_template(template).render(css=css, **values)
