"""A run folder made by hand whose every text is the caller's: names, models, answers, errors, decisions."""

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from migration import figures, markup, report
from migration.artifacts import Run, open_run, open_step
from migration.schema import STEPS

Say = Callable[[str], str]


def a_run(folder: Path, say: Say) -> Run:
    """A run whose third step failed and whose others are done; `say(role)` gives each text."""
    run = open_run(folder)
    run.note(traffic=[{"file": "log.jsonl", "sha256": "ab" * 32}], parameters={"margin": 0.05}, versions={"torch": "2"})
    for step in STEPS:
        if step == report.TUNE:
            run.note_step(step, status="failed", error=say("an error"))
            _notebook(run.path / f"{step}.partial", say, failed=True)
            continue
        at = open_step(run.path, step)
        _figure(at.path, say)
        _notebook(at.path, say)
        notice = {"model_notice": say("a notice")} if step == report.BENCHMARK else {}
        at.finish(_summary(say) | notice, decision=say("a decision"))
    _tables(run, say)
    week = open_step(run.path, "07_weekly_review/2026-W48")
    _figure(week.path, say)
    _notebook(week.path, say)
    week.finish({"week": "2026-W48"}, decision=say("a decision"))
    report.build_all(run)
    return run


def pages(run: Run) -> list[str]:
    """Every page of the run."""
    return [str(run.path / "index.html"), *map(str, sorted(run.path.glob("0*/**/report.html")))]


def _summary(say: Say) -> dict:
    money = {f"{when}_usd_month{end}": 100.0 for when in ("before", "after") for end in ("", "_p10", "_p50", "_p90")}
    loss = {"test_loss": 0.01, "test_loss_low": 0.0, "test_loss_high": 0.03, "slm_share": 0.4, "test_calls": 300}
    proof = {"max_loss": 0.05, "confidence_level": 0.95, "calibration_calls": 800, "routed_tasks": ["t0"]}
    found = {"calls": 13159, "tasks": 3, "cost_usd_month": 22.4, "best_candidate": say("a model"), "n": 60}
    return money | loss | proof | found | {"saving_probability": 0.5}


def _figure(folder: Path, say: Say) -> None:
    with figures.style():
        fig, ax = plt.subplots(figsize=(4, 2))
        ax.plot([1, 2])
    figures.save(fig, folder, "1_made", title="A line", alt=say("what is seen"))


def _notebook(folder: Path, say: Say, *, failed: bool = False) -> None:
    frame = pd.DataFrame({"task": [say("a name"), say("another")], "share": [0.5, 0.25], "calls": [1200, 7]})
    outputs = [
        new_output("execute_result", {"text/html": markup.table(frame).to_html(), "text/plain": say("plain")}),
        new_output("execute_result", {"text/markdown": f"It is **{markup.plain(say('a name'))}**.", "text/plain": ""}),
        new_output("stream", name="stdout", text=say("printed")),
        new_output("stream", name="stderr", text=say("a warning")),
        new_output("execute_result", {"text/plain": say("a value")}),
    ]
    cells = [new_markdown_cell("# A step\n\n**A question?**")]
    for number, output in enumerate(outputs):
        cells += [new_markdown_cell(f"## Part {number}\n\nWords."), new_code_cell(say("code"), outputs=[output])]
    if failed:
        error = new_output("error", ename="BadInput", evalue=say("an error"), traceback=[say("a traceback")])
        cells.append(new_code_cell("work()", outputs=[error]))
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), folder / "notebook.ipynb")


def _tables(run: Run, say: Say) -> None:
    names = [f"t{i}" for i in range(3)]
    tasks = {"task": names, "name": [say("a name") for _ in names], "calls": 300, "cost_usd": 1.5, "kind": "chat"}
    pd.DataFrame(tasks).to_parquet(run.path / report.AUDIT / "tasks.parquet")
    calls = {"task": names, "model": [say("a model") for _ in names]}
    pd.DataFrame(calls).to_parquet(run.path / report.AUDIT / "calls.parquet")
    board = {"task": names, "candidate": say("a model"), "n": 60, "agreement": 0.5, "low": 0.4, "high": 0.6}
    pd.DataFrame(board | {"verdict": say("a verdict")}).to_parquet(run.path / report.BENCHMARK / "scoreboard.parquet")
    name = say("a model")
    policy = {"rungs": {"t0": [{"candidate": name}]}, "guarantee": {"max_loss": 0.05}}
    policy["candidates"] = {name: {"kind": "slm"}}
    (run.path / report.ROUTE / "policy.json").write_text(json.dumps(policy))
