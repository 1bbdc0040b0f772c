"""What stakeholders read: each step's notebook as HTML without code, and `index.html` for the whole run.

Knows: summaries, figures and executed notebooks of a run folder. Refuses to know: how any number was computed.
Every value that reaches a page goes through Jinja's escaping; the pages load nothing and run no script.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbconvert import HTMLExporter

from migration import figures
from migration.artifacts import Run, write_atomic
from migration.errors import BadInput, MissingStep
from migration.schema import STEPS

TITLES = {
    "01_traffic_audit": ("1. Traffic audit", "What are the calls, and what do they really cost?"),
    "02_candidate_benchmark": ("2. Candidate benchmark", "Which small models already answer them like the LLM did?"),
    "03_qlora_finetune": ("3. QLoRA fine-tune", "Does training on our own examples make a small model good enough?"),
    "04_router_tuning": ("4. Router tuning", "Which calls can the small model keep, and what is promised about them?"),
    "05_cost_projection": ("5. Cost projection", "What does it save, and how sure is that?"),
    "06_rehearsal": ("6. Rehearsal", "What would real conversations have been like, and may it go live?"),
}
HEADLINES = {
    "01_traffic_audit": ("calls", "tasks", "bad_lines", "cost_usd_month", "movable_share"),
    "02_candidate_benchmark": ("best_candidate", "best_agreement", "n"),
    "03_qlora_finetune": ("base_agreement", "tuned_agreement", "train_examples", "train_seconds"),
    "04_router_tuning": ("slm_share", "quality_retained", "max_loss", "bound"),
    "05_cost_projection": ("before_usd_month", "after_usd_month_p50", "saving_probability", "breakeven_month"),
    "06_rehearsal": ("conversations", "slm_share", "loss", "llm_usd_conversation", "hybrid_usd_conversation"),
}
LABELS = {
    "cost_usd_month": "cost of the log, a month",
    "movable_share": "of calls look movable",
    "bad_lines": "lines that could not be read",
    "best_candidate": "best small model as it is",
    "best_agreement": "its agreement with the LLM",
    "n": "calls compared",
    "base_agreement": "agreement before tuning",
    "tuned_agreement": "agreement after tuning",
    "train_examples": "training examples",
    "train_seconds": "training time",
    "slm_share": "of the calls it decides on stay on the small model",
    "quality_retained": "of the LLM's quality kept on them",
    "max_loss": "loss promised at most",
    "bound": "bound on the loss, from calibration calls",
    "before_usd_month": "a month today",
    "after_usd_month_p50": "a month after, median",
    "saving_probability": "chance that it saves money",
    "breakeven_month": "break-even month",
}
_TEMPLATES = Path(__file__).parent / "templates"
_JINJA = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)


def humanize(name: str, value: Any) -> str:
    """A summary's value as a person reads it; the unit is taken from the end of its name."""
    if value is None:
        return "never" if name == "breakeven_month" else "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    if not isinstance(value, int | float):
        return str(value)
    if "usd" in name:
        return f"${value:,.0f}" if abs(value) >= 1000 else f"${value:,.2f}" if abs(value) >= 0.01 else f"${value:.4g}"
    shares = ("share", "agreement", "loss", "bound", "probability", "retained", "difference", "low", "high", "ece")
    if isinstance(value, float) and any(part in shares for part in name.split("_")) and abs(value) <= 1:
        return f"{value:.1%}"
    if name.endswith(("_s", "_seconds")) or name == "seconds":
        return f"{value:,.0f} s"
    if name.endswith("_ms"):
        return f"{value:,.0f} ms"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def export_notebook(notebook: Path, target: Path) -> Path:
    """Write an executed notebook as one self-contained HTML page without code cells."""
    book = nbformat.read(notebook, as_version=4)
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data and "text/html" not in data:
                output.data = {"text/plain": ""}
        kept = [o for o in cell.get("outputs", []) if not (o.output_type == "stream" and o.name == "stderr")]
        if "outputs" in cell:
            cell.outputs = kept
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_input_prompt=True)
    exporter.exclude_output_prompt = True
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    body, _ = exporter.from_notebook_node(book)
    page = _JINJA.get_template("report.html.j2").render(
        title=TITLES.get(target.parent.name.removesuffix(".partial"), (target.parent.name,))[0],
        css=_css(),
        body=jinja2.filters.Markup(body),  # nbconvert's own HTML; text inside outputs is escaped by its makers
    )
    return write_atomic(target, page)


def _css() -> Any:
    return jinja2.filters.Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))


def build_index(run: Run) -> Path:
    """Write `index.html`, the stakeholder report, from the summaries and figures of the steps that are there.

    Raises MissingStep when no step is done and none has failed.
    """
    steps = [_section(run, step) for step in STEPS]
    shown = [section for section in steps if section]
    if not shown:
        raise MissingStep("the report", STEPS[0], str(run.path))
    summaries = {step: run.summary(step) for step in STEPS if run.done(step)}
    manifest = run.manifest
    page = _JINJA.get_template("index.html.j2").render(
        run={
            "name": run.path.name,
            "traffic": ", ".join(Path(t["file"]).name for t in manifest.get("traffic", [])),
            "finished": max((s.get("finished_at") or "" for s in manifest["steps"].values()), default="")[:10],
        },
        headline=headline(summaries),
        notices=_unique(s.get("model_notice") for s in summaries.values()),
        models=", ".join(_models(summaries)),
        tiles=_tiles(summaries),
        steps=shown,
        provenance=_provenance(run),
        css=_css(),
    )
    return write_atomic(run.path / "index.html", page)


def headline(summaries: dict[str, dict[str, Any]]) -> str:
    """The run in one sentence, from its last finished step."""
    routed, priced = summaries.get("04_router_tuning"), summaries.get("05_cost_projection")
    if routed and not routed.get("slm_share"):
        return "Do not route yet: every call stays on the LLM"
    if routed and priced:
        share = 1 - priced.get(
            "llm_share", 1 - routed["slm_share"]
        )  # 05's is of all calls, 04's of those it decides on
        kept = f"A small model can keep {share:.0%} of the calls"
        before = humanize("usd", priced["before_usd_month"])
        after = humanize("usd", priced["after_usd_month_p50"])
        if priced["after_usd_month_p50"] >= priced["before_usd_month"]:
            return f"{kept}, but at this volume that does not pay: {before} a month today, {after} after"
        return f"{kept}; the bill goes from {before} to {after} a month"
    if summaries:
        return next(reversed(summaries.values())).get("decision", "The run has not finished")
    return "The run has not finished"


def _section(run: Run, step: str) -> dict[str, Any] | None:
    title, question = TITLES[step]
    status = run.manifest.get("steps", {}).get(step, {})
    folder = run.path / (step if run.done(step) else f"{step}.partial")
    failed = status.get("status") == "failed"
    if not run.done(step) and not failed:
        return None
    summary = run.summary(step) if run.done(step) else {}
    top = [name for name in HEADLINES[step] if name in summary]
    hidden = {"decision", "model_notice", *top}
    links = [("notebook report", "report.html"), ("executed notebook", "notebook.ipynb")]
    pictures = sorted((folder / "figures").glob("*.png"))
    return {
        "name": step,
        "title": title,
        "question": question,
        "error": status.get("error") if failed else None,
        "decision": summary.get("decision"),
        "facts": [_fact(name, summary[name]) for name in top],
        "rest": [_fact(name, value, plain=True) for name, value in summary.items() if name not in hidden],
        "figures": [_picture(path) for path in pictures],
        "links": [{"text": text, "href": f"{folder.name}/{name}"} for text, name in links if (folder / name).exists()],
    }


def _fact(name: str, value: Any, *, plain: bool = False) -> dict[str, str]:
    label = name if plain else LABELS.get(name, name.replace("_", " "))
    return {"label": label, "value": humanize(name, value)}


def _picture(path: Path) -> dict[str, str]:
    picture = figures.load(path)
    return {"title": picture.title, "alt": picture.alt, "data": base64.b64encode(path.read_bytes()).decode()}


def _tiles(summaries: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    names = ("before_usd_month", "after_usd_month_p50", "saving_probability", "slm_share", "quality_retained", "bound")
    every = {name: value for summary in summaries.values() for name, value in summary.items()}
    return [_fact(name, every[name]) for name in names if name in every]


def _models(summaries: dict[str, dict[str, Any]]) -> list[str]:
    names: list[str] = list(summaries.get("02_candidate_benchmark", {}).get("candidates", []))
    tuned = summaries.get("03_qlora_finetune", {}).get("tuned")
    return [*names, tuned] if tuned and tuned not in names else names


def _unique(items: Any) -> list[str]:
    """The distinct notices, without those that another one holds whole."""
    every = list(dict.fromkeys(item for item in items if item))
    return [item for item in every if not any(item in other for other in every if other != item)]


def _provenance(run: Run) -> list[dict[str, str]]:
    manifest = run.manifest
    rows = [(f"traffic {Path(t['file']).name}", f"sha256 {t['sha256']}") for t in manifest.get("traffic", [])]
    for step, facts in manifest.get("steps", {}).items():
        rows.append((step, f"{facts.get('status')}, {facts.get('seconds', 0)} s"))
    given = {k: v for k, v in manifest.get("parameters", {}).items() if k != "traffic"}
    rows.append(("parameters given", ", ".join(f"{k}={v}" for k, v in given.items()) or "none (defaults)"))
    rows.append(("versions", ", ".join(f"{k} {v}" for k, v in manifest.get("versions", {}).items() if v)))
    return [{"label": label, "value": value} for label, value in rows]


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
