"""A step's executed notebook as one page: the decision first, a contents list, results, and the code behind a fold.

The page runs nothing and asks for nothing; its HTML goes through an allow-list. Out of scope: the stakeholder report.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import jinja2
import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from migration.files import write_atomic
from migration.markup import sanitise
from migration.pages.reading import made_readable
from migration.pages.rendering import TEMPLATES, render
from migration.schema import TITLES

EMPTY_WIDGET = "application/vnd.jupyter.widget-view+json"


def export_notebook(notebook: Path, target: Path) -> Path:
    """Write an executed notebook as `target`, one page. The decision is that of the summary beside it, if any."""
    book = nbformat.read(notebook, as_version=4)
    book.metadata.pop("widgets", None)
    failed = _failed(book)
    for cell in book.cells:
        if "outputs" in cell:
            cell.outputs = [_static(output) for output in _once(cell.outputs) if not _noise(output)]
    book.cells = _folded(cell for cell in book.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", []))
    name = target.parent.name.removesuffix(".partial")
    readable = made_readable(sanitise(_body(book)))
    home = next((folder for folder in target.parents if (folder / "run.json").exists()), target.parent.parent)
    page = render(
        "report.html.j2",
        title=TITLES[name][0] if name in TITLES else readable.title or name,
        decision=_decision(target.with_name("summary.json")),
        failed=failed,
        contents=readable.parts,
        run=home.name,
        index=Path(os.path.relpath(home / "index.html", target.parent)).as_posix(),
        body=jinja2.filters.Markup(readable.body),
    )
    return write_atomic(target, page)


def _body(book: NotebookNode) -> str:
    exporter = HTMLExporter(template_name="step", extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)
    return str(exporter.from_notebook_node(book)[0])


def _decision(summary: Path) -> str | None:
    return json.loads(summary.read_text(encoding="utf-8")).get("decision") if summary.exists() else None


def _failed(book: NotebookNode) -> str | None:
    """The error that ended the notebook, in one sentence."""
    errors = [o for cell in book.cells for o in cell.get("outputs", []) if o.output_type == "error"]
    return f"{errors[-1].ename}: {errors[-1].evalue}" if errors else None


def _folded(cells: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Code cells that follow each other with nothing shown between them as one, so that they share a fold."""
    found: list[NotebookNode] = []
    for cell in cells:
        quiet = found and found[-1].cell_type == cell.cell_type == "code" and not found[-1].outputs
        if quiet:
            found[-1].source = f"{found[-1].source}\n\n{cell.source}"
            found[-1].outputs = cell.outputs
        else:
            found.append(cell)
    return found


def _once(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """An error that a box shows (`figures.interactive.errors`) is not shown a second time."""
    boxed = any('class="problem"' in output.get("data", {}).get("text/html", "") for output in outputs)
    return [output for output in outputs if not (boxed and output.output_type == "error")]


def _noise(output: NotebookNode) -> bool:
    return bool(output.output_type == "stream" and output.name == "stderr")


def _static(output: NotebookNode) -> NotebookNode:
    """A widget without a static form shows nothing where no kernel answers it."""
    data = output.get("data", {})
    if EMPTY_WIDGET in data:
        del data[EMPTY_WIDGET]
        if "text/html" not in data:
            output.data = {"text/plain": ""}
    return output
