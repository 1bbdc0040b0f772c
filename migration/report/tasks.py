"""The table by task: what moves now, what after tuning, what stays. Tables of the steps in, rows of words out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from migration.artifacts import Run
from migration.files import read_json
from migration.report.fields import AUDIT, BENCHMARK, ROUTE, count, share, usd
from migration.report.story import stays
from migration.routing.policy import SLM
from migration.schema import REPLAYED, Part, Verdict
from migration.stats import weighted_rate

MOST = 25
"""Tasks shown, dearest first."""
TOLD: dict[str, str] = {
    Verdict.MOVE: "ready, but not proved",
    Verdict.TUNE: "after tuning",
    Verdict.KEEP: "stays",
    Verdict.SHOWN_ONLY: "stays: running text, not judged",
}


@dataclass(frozen=True)
class Seen:
    """What the steps found of the tasks. best: a scoreboard's best row, by task; models: task -> what answers today;
    kept: routed task -> how the answers that its rungs keep agree, "" where they keep none; policy, priced: policy.json
    and step 05's summary, empty without them."""

    best: pd.DataFrame
    models: dict[str, str]
    kept: dict[str, str]
    policy: dict[str, Any]
    priced: dict[str, Any]

    def rungs(self, task: str) -> list[str]:
        """The candidates that may answer `task` below the LLM, in order."""
        return [str(rung["candidate"]) for rung in self.policy.get("rungs", {}).get(task, [])]


def task_rows(run: Run, priced: dict[str, Any]) -> list[dict[str, str]]:
    """A row a task, dearest first, as far as the tables are there. priced: step 05's summary, empty without it."""
    files = [run.path / AUDIT / "tasks.parquet", run.path / BENCHMARK / "scoreboard.parquet"]
    if not all(file.exists() for file in files):
        return []
    tasks, board = (pd.read_parquet(file) for file in files)
    board = board[(board["task"] != "ALL") & ~board["verdict"].isin([Verdict.REFERENCE, Verdict.BASELINE])]
    best = board.sort_values(["low", "agreement"]).drop_duplicates("task", keep="last").set_index("task")
    seen = Seen(best, _models(run), kept_answers(run), _policy(run), priced)
    ordered = tasks.sort_values("cost_usd", ascending=False).head(MOST).to_dict("records")
    return [_row(task, seen) for task in ordered]


def kept_answers(run: Run) -> dict[str, str]:
    """Of each routed task, how the answers that its rungs keep agree on test calls, in words."""
    file = run.path / ROUTE / "decisions.parquet"
    columns = ["task", "part", "model", "agrees", "conversation"]
    if not file.exists() or not set(columns) <= set(pq.read_schema(file).names):  # of an older run
        return {}
    test = pd.read_parquet(file, columns=columns, filters=[("part", "==", str(Part.TEST))])
    return {str(task): _kept_in_words(own, own[own["model"] == SLM]) for task, own in test.groupby("task")}


def _kept_in_words(own: pd.DataFrame, kept: pd.DataFrame) -> str:
    """own: a task's test calls, kept: those that its rungs keep; both with agrees and conversation. Empty for none."""
    if kept.empty:
        return ""
    rate = weighted_rate(kept["agrees"], cluster=kept["conversation"])
    return f"{_interval(rate.value, rate.low, rate.high, rate.n)} of the {len(kept) / len(own):.0%} kept"


def _interval(value: float, low: float, high: float, n: int) -> str:
    return f"{value:.0%} ({low:.0%} to {high:.0%}, n={n})"


def _row(task: dict[Any, Any], seen: Seen) -> dict[str, str]:
    key, rungs = task["task"], seen.rungs(task["task"])
    candidate, agreement = _best(seen.best.loc[key].to_dict()) if key in seen.best.index else ("–", "not measured")
    if rungs:
        candidate, agreement = " → ".join(rungs), seen.kept.get(key, agreement) or "keeps none of the test calls"
    return {
        "name": str(task["name"]),
        "calls": count(task["calls"]),
        "usd": usd(task["cost_usd"]) if pd.notna(task["cost_usd"]) else "unknown",
        "model": seen.models.get(key, "unknown"),
        "next": _next(task, seen),
        "candidate": candidate,
        "agreement": agreement,
        "guarantee": f"at most {share(seen.policy['guarantee']['max_loss'])} differ" if rungs else "–",
    }


def _best(found: dict[Any, Any]) -> tuple[str, str]:
    """Name and agreement of the best candidate. found: its row of the scoreboard."""
    if found["verdict"] == Verdict.SHOWN_ONLY:
        return "–", "not judged"
    if not found["n"] > 0 or pd.isna(found["agreement"]):
        return "–", "not measured"
    return str(found["candidate"]), _interval(found["agreement"], found["low"], found["high"], found["n"])


def _models(run: Run) -> dict[str, str]:
    """The model that answers most calls of each task today, and how many others there are."""
    file = run.path / AUDIT / "calls.parquet"
    if not file.exists():
        return {}
    pairs = pq.read_table(file, columns=["task", "model"]).group_by(["task", "model"]).aggregate([([], "count_all")])
    frame = pairs.to_pandas().dropna().sort_values("count_all", ascending=False)
    found = frame.groupby("task", sort=False)["model"].agg(list)
    return {
        str(task): str(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        for task, names in found.items()
    }


def _policy(run: Run) -> dict[str, object]:
    file = run.path / ROUTE / "policy.json"
    return read_json(file) if file.exists() else {}


def _next(task: dict[Any, Any], seen: Seen) -> str:
    """What becomes of a task, by its policy and by the plan that step 05 prefers."""
    if task["kind"] not in tuple(REPLAYED):
        return "stays: no language model answers it"
    rungs = seen.rungs(task["task"])
    if not rungs:
        return TOLD.get(seen.best["verdict"].get(task["task"], ""), "cannot tell yet")
    if seen.kept.get(task["task"]) == "":
        return "stays: no answer is sure enough yet"
    kinds = {seen.policy["candidates"][name]["kind"] for name in rungs}
    pays = not seen.priced.get("other_plan") or seen.priced.get("other_plan_kind") in kinds
    return "moves now" if pays and not stays(seen.priced) else "proved, but does not pay"
