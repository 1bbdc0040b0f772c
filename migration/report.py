"""What stakeholders read: `index.html`, one page for the whole run.

Built from summaries and figures, and from the tables' contracts for the table by task. Units and formats stand beside
each field; nothing is guessed from a name. Out of scope: how any number was computed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from migration import figures
from migration.artifacts import Run, write_atomic
from migration.errors import MissingStep
from migration.pages import TITLES, export_notebook, render, to_pdf
from migration.schema import REPLAYED, STEPS, Verdict

__all__ = ["build_index", "export_notebook", "headline", "to_pdf"]

AUDIT, BENCHMARK, TUNE, ROUTE, COST, REHEARSAL = STEPS
Summaries = dict[str, dict[str, Any]]


def usd(value: float) -> str:
    """US dollars: whole from 1,000 on, cents below, three digits of less than a cent."""
    size = abs(value)
    return f"${value:,.0f}" if size >= 1000 else f"${value:,.2f}" if size >= 0.01 or not size else f"${value:.3g}"


def share(value: float) -> str:
    """A fraction as a percentage."""
    return f"{value:.1%}"


def count(value: float) -> str:
    """A count of things."""
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Field:
    """A figure of a summary: its name there, what it is to a reader, and how it is written."""

    name: str
    label: str
    form: Callable[[Any], str] = str
    missing: str = "unknown"

    def fact(self, summary: dict[str, Any]) -> dict[str, str]:
        """Label and value as the page shows them."""
        value = summary.get(self.name)
        return {"label": self.label, "value": self.missing if value is None else self.form(value)}


HEADLINES = {
    AUDIT: (
        Field("calls", "calls in the log", count),
        Field("tasks", "tasks", count),
        Field("bad_lines", "lines that could not be read", count),
        Field("cost_usd_month", "a month today (USD)", usd),
        Field("movable_share", "of the calls look movable", share),
    ),
    BENCHMARK: (
        Field("best_candidate", "best small model as it is"),
        Field("best_agreement", "its agreement with the LLM", share),
        Field("n", "calls compared", count),
    ),
    TUNE: (
        Field("base_agreement", "agreement before tuning", share),
        Field("tuned_agreement", "agreement after tuning", share),
        Field("train_examples", "training examples", count),
        Field("train_seconds", "seconds of training", count),
    ),
    ROUTE: (
        Field("slm_share", "of the test calls kept by small models", share),
        Field("quality_retained", "of the answers as good as the LLM's", share),
        Field("max_loss", "of all answers may differ, at most", share),
        Field("test_calls", "test calls", count),
    ),
    COST: (
        Field("before_usd_month", "a month today (USD)", usd),
        Field("after_usd_month_p50", "a month after, p50 (USD)", usd),
        Field("saving_probability", "chance that it saves money", share),
        Field("breakeven_month", "break-even month", count, "never"),
    ),
    REHEARSAL: (
        Field("conversations", "conversations rehearsed", count),
        Field("slm_share", "of their calls kept by small models", share),
        Field("loss", "of the answers differ", share),
        Field("llm_usd_conversation", "a conversation with the LLM alone (USD)", usd),
        Field("hybrid_usd_conversation", "a conversation with the hybrid (USD)", usd),
    ),
}
FIGURES = {
    AUDIT: ("2_cost_by_task",),
    BENCHMARK: ("verdicts", "1_verdicts", "2_verdicts"),
    TUNE: ("2_before_after",),
    ROUTE: ("curve", "2_curve", "3_curve"),
    COST: ("1_waterfall",),
    REHEARSAL: (),
}
"""The figure of each step that the page shows, by the names it may have; else the step's first one."""

GLOSSARY = {
    "agreement": "the share of answers that do the same as the LLM's logged answer to the same request",
    "call": "one request to a model and its answer",
    "calibration calls": "held-out calls on which thresholds were tested; nothing was trained on them",
    "cascade": "a small model answers first; the LLM is asked where that answer is not trusted enough",
    "guarantee": "what was tested on calibration calls, with a stated confidence, for traffic like them",
    "interval": "where the true value lies, 95 times in 100, given how few calls were seen",
    "LLM, SLM": "the large language model that answers today; a small one that you run yourself",
    "p10, p50, p90": "one in ten simulations is lower, half are, nine in ten are",
    "task": "calls that share a prompt, such as sorting messages; found in the log",
}


def build_index(run: Run) -> Path:
    """Write `index.html`. Raises MissingStep when no step is done and none has failed."""
    shown = [section for section in (_section(run, step) for step in TITLES) if section]
    if not shown:
        raise MissingStep("the report", STEPS[0], str(run.path))
    summaries = {step: run.summary(step) for step in TITLES if run.done(step)}
    manifest = run.manifest
    traffic = [Path(t["file"]).name for t in manifest.get("traffic", [])]
    finished = max((s.get("finished_at") or "" for s in manifest["steps"].values()), default="")[:10]
    page = render(
        "index.html.j2",
        run={"name": run.path.name, "traffic": ", ".join(traffic), "finished": finished},
        headline=headline(summaries),
        bars=_bars(summaries.get(COST, {})),
        tasks=_tasks(run),
        risks=risks(summaries),
        monday=monday(summaries, run.path.name),
        notices=_unique(s.get("model_notice") for s in summaries.values()),
        steps=shown,
        provenance=_provenance(run),
        glossary=GLOSSARY,
    )
    return write_atomic(run.path / "index.html", page)


def headline(summaries: Summaries) -> str:
    """The run's decision in one sentence, from its last finished step."""
    routed, priced = summaries.get(ROUTE), summaries.get(COST)
    if routed and not routed.get("slm_share"):
        return "Do not route yet: every call stays on the LLM"
    if routed and priced:
        kept = 1 - priced.get("llm_share", 1 - routed["slm_share"])  # of all calls; 04's is of those it decides on
        said = f"Small models can keep {kept:.0%} of the calls"
        before, after = priced["before_usd_month"], priced["after_usd_month_p50"]
        if after >= before:
            return f"{said}, but at this volume that does not pay: {usd(before)} a month today, {usd(after)} after"
        return f"{said}; the bill goes from {usd(before)} to {usd(after)} a month"
    if summaries:
        return str(next(reversed(summaries.values())).get("decision", "The run has not finished"))
    return "The run has not finished"


def _bars(priced: dict[str, Any]) -> list[dict[str, Any]]:
    """Before and after as bars in percent of the dearest p90, with their p10 to p90."""
    names = (("Today", "before_usd_month", "llm"), ("After", "after_usd_month", "slm"))
    if not all(f"{name}_{p}" in priced for _, name, _ in names for p in ("p10", "p90")):
        return []
    top = max(max(priced[f"{name}_p90"], priced[name]) for _, name, _ in names) or 1.0
    bars = []
    for label, name, kind in names:
        middle, low, high = priced.get(f"{name}_p50", priced[name]), priced[f"{name}_p10"], priced[f"{name}_p90"]
        told = f"{usd(middle)} a month ({usd(low)} to {usd(high)}, p10 to p90)"
        width, start, end = (round(100 * value / top, 2) for value in (middle, low, high))
        bars.append({"label": label, "kind": kind, "told": told, "width": width, "start": start, "end": end})
    return bars


def _tasks(run: Run) -> list[dict[str, str]]:
    """What moves now, what after tuning, what stays: a row a task, dearest first, as far as the tables are there."""
    files = [run.path / AUDIT / "tasks.parquet", run.path / BENCHMARK / "scoreboard.parquet"]
    if not all(file.exists() for file in files):
        return []
    tasks, board = (pd.read_parquet(file) for file in files)
    board = board[(board["task"] != "ALL") & ~board["verdict"].isin([Verdict.REFERENCE, Verdict.BASELINE])]
    best = board.sort_values(["low", "agreement"]).drop_duplicates("task", keep="last").set_index("task")
    routed = set(run.summary(ROUTE).get("routed_tasks", [])) if run.done(ROUTE) else set()
    rows = []
    for task in tasks.sort_values("cost_usd", ascending=False).to_dict("records"):
        found = best.loc[task["task"]] if task["task"] in best.index else None
        seen = found is not None and found["n"] > 0 and pd.notna(found["agreement"])
        rows.append(
            {
                "name": str(task["name"]),
                "calls": count(task["calls"]),
                "usd": usd(task["cost_usd"]) if pd.notna(task["cost_usd"]) else "unknown",
                "next": _next(task["task"] in routed, str(found["verdict"]) if found is not None else "")
                if task["kind"] in tuple(REPLAYED)
                else "not asked of a language model",
                "candidate": str(found["candidate"]) if seen else "–",
                "agreement": f"{found['agreement']:.0%} ({found['low']:.0%} to {found['high']:.0%}, n={found['n']})"
                if seen
                else "not measured",
            }
        )
    return rows[:25]


def _next(routed: bool, verdict: str) -> str:
    if routed:
        return "moves now, guaranteed"
    told = {
        Verdict.MOVE: "ready as it is, not routed",
        Verdict.TUNE: "after tuning",
        Verdict.KEEP: "stays on the LLM",
        Verdict.SHOWN_ONLY: "running text, not judged",
    }
    return next((words for known, words in told.items() if verdict == known), "cannot tell yet")


def risks(summaries: Summaries) -> list[str]:
    """The three risks to know before deciding: answers, money, change."""
    routed, priced = summaries.get(ROUTE), summaries.get(COST)
    if not routed:
        return []
    wrong = "Some answers will differ from the LLM's: step 4 says how many." if routed.get("slm_share") else ""
    wrong = wrong or "No answer is at risk: nothing is routed."
    needed = {"max_loss", "confidence_level", "calibration_calls", "test_calls", "test_loss_low", "test_loss_high"}
    if routed.get("slm_share") and needed <= set(routed):
        wrong = (
            f"Some answers will differ from the LLM's: at most {share(routed['max_loss'])} of all, with "
            f"{routed['confidence_level']:.0%} confidence, on traffic like the {count(routed['calibration_calls'])} "
            f"calibration calls. On {count(routed['test_calls'])} test calls it was {share(routed['test_loss'])} "
            f"({share(routed['test_loss_low'])} to {share(routed['test_loss_high'])})."
        )
    money = "The bill has not been projected."
    if priced:
        chance, month = priced["saving_probability"], priced.get("breakeven_month")
        paid = "it is not paid back within the horizon" if month is None else f"it is paid back in month {month}"
        money = f"It may not pay: the chance that it saves money is {chance:.0%}; {paid}."
    drift = "Traffic changes. " + (
        "The newest calls already differ from those the guarantee rests on: collect newer ones and tune again."
        if routed.get("traffic_shifted")
        else "The newest calls look like those the guarantee rests on; it has to be checked every week."
    )
    return [wrong, money, drift]


def monday(summaries: Summaries, run: str) -> list[str]:
    """What to do next, as a list of tasks."""
    if ROUTE not in summaries:
        return ["Finish the run: the same command goes on where it stopped."]
    if summaries[ROUTE].get("slm_share"):
        return [
            f"Serve the policy beside production (migrate serve {run}): answers are compared and not yet delivered.",
            "Raise the share of delivered answers once a week of shadow calls agrees with the guarantee.",
            f"Review each week's log (migrate review {run} --traffic NEW).",
        ]
    tune = "Read step 3: which tasks gain from tuning, and how many more examples they need."
    return [
        "Change nothing in production.",
        tune,
        f"Collect more calls of the tasks marked “after tuning”, and run again (migrate run --run {run}).",
    ]


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
        rows.append((step, f"{facts.get('status')}, {facts.get('seconds', 0)} s, {facts.get('finished_at') or ''}"))
    given = {k: v for k, v in manifest.get("parameters", {}).items() if k != "traffic"}
    rows.append(("parameters given", ", ".join(f"{k}={v}" for k, v in given.items()) or "none (defaults)"))
    rows.append(("versions", ", ".join(f"{k} {v}" for k, v in manifest.get("versions", {}).items() if v)))
    return [{"label": label, "value": value} for label, value in rows]
