"""What stakeholders read: `index.html`, one page for the whole run.

Built from summaries and figures, and from the tables' contracts for the table by task. Out of scope: how any number
was computed.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from migration import figures
from migration.artifacts import Run, write_atomic
from migration.errors import MissingStep
from migration.pages import export_notebook, render, to_pdf
from migration.report.fields import AUDIT, BENCHMARK, COST, FIGURES, GLOSSARY, HEADLINES, ROUTE, TUNE, count, share, usd
from migration.report.story import bars, headline, lead, monday, risks
from migration.report.tasks import task_rows
from migration.schema import STEPS, TITLES

__all__ = [
    "AUDIT",
    "BENCHMARK",
    "COST",
    "HEADLINES",
    "ROUTE",
    "TUNE",
    "build_index",
    "count",
    "export_notebook",
    "headline",
    "share",
    "to_pdf",
    "usd",
]


def build_index(run: Run) -> Path:
    """Write `index.html`. Raises MissingStep when no step is done and none has failed."""
    shown = [section for section in (_section(run, step) for step in STEPS) if section]
    if not shown:
        raise MissingStep("the report", STEPS[0], str(run.path))
    summaries = {step: run.summary(step) for step in STEPS if run.done(step)}
    manifest = run.manifest
    traffic = [Path(t["file"]).name for t in manifest.get("traffic", [])]
    finished = max((s.get("finished_at") or "" for s in manifest["steps"].values()), default="")[:10]
    page = render(
        "index.html.j2",
        run={"name": run.path.name, "traffic": ", ".join(traffic), "finished": finished},
        headline=headline(summaries),
        lead=lead(summaries),
        failed=next((step["title"] for step in shown if step["error"]), None),
        bars=bars(summaries.get(COST, {})),
        tasks=task_rows(run),
        risks=risks(summaries),
        monday=monday(summaries, run.path.name),
        notices=_unique(s.get("model_notice") for s in summaries.values()),
        steps=shown,
        provenance=_provenance(run),
        glossary=GLOSSARY,
    )
    return write_atomic(run.path / "index.html", page)


def _section(run: Run, step: str) -> dict[str, Any] | None:
    title, question = TITLES[step]
    status = run.manifest.get("steps", {}).get(step, {})
    failed = status.get("status") == "failed"
    if not run.done(step) and not failed:
        return None
    folder = run.path / (step if run.done(step) else f"{step}.partial")
    summary = run.summary(step) if run.done(step) else {}
    links = [("full report of this step", "report.html"), ("executed notebook", "notebook.ipynb")]
    return {
        "name": step,
        "title": title,
        "question": question,
        "error": status.get("error") if failed else None,
        "decision": summary.get("decision"),
        "facts": [field.fact(summary) for field in HEADLINES[step] if field.name in summary],
        "figure": _figure(step, folder),
        "links": [{"text": text, "href": f"{folder.name}/{name}"} for text, name in links if (folder / name).exists()],
    }


def _figure(step: str, folder: Path) -> dict[str, str] | None:
    pictures = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    path = next((pictures[name] for name in FIGURES[step] if name in pictures), next(iter(pictures.values()), None))
    if path is None:
        return None
    picture = figures.load(path)
    return {"title": picture.title, "alt": picture.alt, "data": base64.b64encode(path.read_bytes()).decode()}


def _unique(items: Any) -> list[str]:
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
