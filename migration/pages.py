"""A step's executed notebook as one HTML page, and any page as PDF.

Every page is one file that runs nothing and asks for nothing. Out of scope: the stakeholder report (`report`).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert import HTMLExporter

from migration.artifacts import write_atomic
from migration.errors import BadInput
from migration.markup import sanitise

TITLES = {
    "01_traffic_audit": ("1. Traffic audit", "What are the calls, and what do they really cost?"),
    "02_candidate_benchmark": ("2. Candidate benchmark", "Which small models already answer them like the LLM did?"),
    "03_qlora_finetune": ("3. QLoRA fine-tune", "Does training on our own examples make a small model good enough?"),
    "04_router_tuning": ("4. Router tuning", "Which calls can small models keep, and what is guaranteed about them?"),
    "05_cost_projection": ("5. Cost projection", "What does it save, and how sure is that?"),
    "06_rehearsal": ("6. Rehearsal", "What would real conversations have been like, and may it go live?"),
}
"""Title and question of each step."""

_TEMPLATES = Path(__file__).parent / "templates"
_JINJA = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)


def render(template: str, **values: Any) -> str:
    """A page from one of the templates, in the project's style; every value is escaped."""
    css = jinja2.filters.Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return _JINJA.get_template(template).render(css=css, **values)


def export_notebook(notebook: Path, target: Path) -> Path:
    """Write an executed notebook as one page without code cells, its HTML through an allow-list."""
    book = nbformat.read(notebook, as_version=4)
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        if "outputs" in cell:
            cell.outputs = [_static(output) for output in cell.outputs if not _noise(output)]
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_input_prompt=True)
    exporter.exclude_output_prompt = True
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    body, _ = exporter.from_notebook_node(book)
    name = target.parent.name.removesuffix(".partial")
    title = TITLES.get(name, (target.parent.name,))[0]
    safe = jinja2.filters.Markup(sanitise(body))
    return write_atomic(target, render("report.html.j2", title=title, body=safe))


def _noise(output: Any) -> bool:
    return output.output_type == "stream" and output.name == "stderr"


def _static(output: Any) -> Any:
    """A widget without a static form shows nothing where no kernel answers it."""
    data = output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data and "text/html" not in data:
        output.data = {"text/plain": ""}
    return output


def to_pdf(page: Path) -> Path:
    """Print an HTML page to PDF beside it with headless Chromium. Raises BadInput when none is installed."""
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        raise BadInput("a PDF needs Chromium: install it (`apt-get install chromium`) or print index.html yourself")
    target = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += [f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}"]
        subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    return target
