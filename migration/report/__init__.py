"""What stakeholders read: `index.html`, one page for the whole run.

Built from summaries and figures, and from the tables' contracts for the table by task. Out of scope: how any number
was computed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from migration import figures
from migration.artifacts import Run
from migration.errors import MissingStep
from migration.files import read_json, write_atomic
from migration.pages import export_notebook, render, to_pdf
from migration.report.fields import AUDIT, BENCHMARK, COST, FIGURES, GLOSSARY, HEADLINES, ROUTE, TUNE
from migration.report.story import bars, decided, headline, lead, monday, risks
from migration.report.tasks import task_rows
from migration.schema import STEPS, TITLES

__all__ = [
    "AUDIT",
    "BENCHMARK",
    "COST",
    "ROUTE",
    "TUNE",
    "build_all",
    "build_index",
    "export_notebook",
    "headline",
    "to_pdf",
]


def build_all(run: Run) -> Path:
    """Write the page of each executed notebook of a run, reviews too, and `index.html`, whose path it returns."""
    for notebook in sorted([*run.path.glob("0*/notebook.ipynb"), *run.path.glob("07_weekly_review/*/notebook.ipynb")]):
        export_notebook(notebook, notebook.with_name("report.html"))
    return build_index(run)


def build_index(run: Run) -> Path:
    """Write `index.html`. Raises MissingStep when no step is done and none has failed."""
    manifest = run.manifest
    summaries = decided({step: run.summary(step) for step in STEPS if run.done(step)})
    status = {step: manifest.get("steps", {}).get(step, {}) for step in STEPS}
    failed = [step for step in STEPS if status[step].get("status") == "failed"]
    shown = [
        _section(run, step, summaries.get(step), status[step].get("error") if step in failed else None)
        for step in STEPS
        if step in summaries or step in failed
    ]
    if not shown:
        raise MissingStep("the report", STEPS[0], str(run.path))
    traffic = [Path(t["file"]).name for t in manifest.get("traffic", [])]
    finished = max((s.get("finished_at") or "" for s in manifest["steps"].values()), default="")[:10]
    page = render(
        "index.html.j2",
        run={"name": run.path.name, "traffic": ", ".join(traffic), "finished": finished},
        headline=headline(summaries),
        lead=lead(summaries),
        failed=TITLES[failed[0]][0] if failed else None,
        bars=bars(summaries.get(COST, {})),
        tasks=task_rows(run, summaries.get(COST, {})),
        reviews=_reviews(run),
        risks=risks(summaries),
        monday=monday(summaries, run.path.name),
        notices=_unique(s.get("model_notice") for s in summaries.values()),
        steps=shown,
        provenance=_provenance(run),
        glossary=GLOSSARY,
    )
    return write_atomic(run.path / "index.html", page)


def _section(run: Run, step: str, summary: dict[str, Any] | None, error: str | None) -> dict[str, object]:
    """A step as the page shows it. summary: None where the step never finished; error: what its last try ended with."""
    title, question = TITLES[step]
    folder = run.path / (f"{step}.partial" if summary is None else step)
    summary = summary or {}
    links = [("full report of this step", "report.html"), ("executed notebook", "notebook.ipynb")]
    return {
        "name": step,
        "title": title,
        "question": question,
        "error": error,
        "decision": summary.get("decision"),
        "facts": [field.fact(summary) for field in HEADLINES.get(step, ()) if field.name in summary],
        "figure": _figure(step, folder),
        "links": [{"text": text, "href": f"{folder.name}/{name}"} for text, name in links if (folder / name).exists()],
    }


def _reviews(run: Run) -> list[dict[str, str]]:
    """The weekly reviews, newest first: week, decision, and the address of its page where it has one."""
    found = []
    for file in sorted(run.path.glob("07_weekly_review/*/summary.json"), reverse=True):
        page = file.with_name("report.html")
        href = str(page.relative_to(run.path)) if page.exists() else ""
        found.append({"week": file.parent.name, "decision": str(read_json(file).get("decision", "")), "href": href})
    return found


def _figure(step: str, folder: Path) -> dict[str, str] | None:
    pictures = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    path = pictures.get(FIGURES.get(step, ""), next(iter(pictures.values()), None))
    if path is None:
        return None
    picture = figures.load(path)
    return {"title": picture.title, "alt": picture.alt, "data": base64.b64encode(path.read_bytes()).decode()}


def _unique(items: Iterable[str | None]) -> list[str]:
    """The distinct notices, without those that another one holds whole."""
    every = list(dict.fromkeys(item for item in items if item))
    return [item for item in every if not any(item in other for other in every if other != item)]


def _provenance(run: Run) -> list[dict[str, str]]:
    """Data, dates, hashes and versions: what the numbers were made from."""
    manifest = run.manifest
    rows = [(f"traffic {Path(t['file']).name}", f"sha256 {t['sha256']}") for t in manifest.get("traffic", [])]
    for step, facts in manifest.get("steps", {}).items():
        finished = str(facts.get("finished_at") or "")[:16].replace("T", " ")
        rows.append((step, f"{facts.get('status')}, {facts.get('seconds', 0)} s, {finished}"))
    given = {k: v for k, v in manifest.get("parameters", {}).items() if k != "traffic"}
    rows.append(("parameters given", ", ".join(f"{k}={v}" for k, v in given.items()) or "none (defaults)"))
    rows.append(("versions", ", ".join(f"{k} {v}" for k, v in manifest.get("versions", {}).items() if v)))
    return [{"label": label, "value": value} for label, value in rows]
