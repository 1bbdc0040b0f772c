"""Six weeks of tune, serve, review: what small models answer and what is lost, with the weekly review and without.

    python tests/bench/loop.py [--quick] [--drift mix|wording|new-task|llm-change] [--traffic LOG] [--figure FOLDER]

A classifier a task is fitted on the first week's logged answers, and a threshold is proved on other conversations of
that week. Then six weeks are served: 5% of conversations are shadowed, simulated drift comes at the third week. With
the loop each week ends in a review: a monitor that alarms returns its task to the LLM; answers that production knows
(escalated and shadowed calls) refit the classifier; a threshold is proved anew on fresh calls, within the budget of all
reviews. Without it the first policy stays. --traffic: a real log in the OpenAI request/response form, cut into seven
parts of equal size, its call sites told apart by the beginning of their prompts. --figure: the LLM's share and the
quality by week, drawn into FOLDER/figures. Then twelve retunings in a row on
quiet traffic: how often the guarantee is broken with the budget, and with the whole delta spent every week.
Last line: {"share_loop", "share_fixed", "loss_loop", "loss_fixed": of the last week, "worst_loss_loop",
"worst_loss_fixed": of any week, "broken", "broken_naive": share of runs, "delta"}.
"""

import argparse
import gzip
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from migration.benchmark.kinds.classifier import Classifier, fit_classifier
from migration.errors import MigrationError
from migration.review import Monitor, budget
from migration.routing import choose_threshold
from migration.sample import Drift, drifting
from migration.sample.simulate import _log
from migration.schema import split_of

MAX_LOSS, LEVEL, SHADOW, WEEKS = 0.05, 0.95, 0.05, 6
MOST_TRAINED = 600
SITES = ("intent", "route")


def simulated(drift: Drift, calls: int, weeks: int) -> pd.DataFrame:
    """Chat calls of the invented shop with their week; the drift begins with week 3."""
    world = drifting(weeks + 1, drift, from_week=3)
    rows = [
        (
            line["metadata"]["conversation_id"],
            line["created"],
            facts["site"],
            line["request"]["messages"][-1]["content"],
            line["response"]["choices"][0]["message"]["content"],
        )
        for line, facts in _log(calls, 1, world)
        if facts["site"] in (*SITES, "urgency") and facts["correct"] is not None
    ]
    frame = pd.DataFrame(rows, columns=["conversation", "created", "task", "text", "answer"])
    return frame.assign(week=((frame["created"] - world.start.timestamp()) // (7 * 86400)).astype(int))


def logged(path: Path, weeks: int, most: int) -> pd.DataFrame:
    """Chat calls of a real log, cut into parts of equal size by time; the tasks with the most calls and few answers."""
    rows = []
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            try:
                messages = record["request"]["messages"]
                answer = record["response"]["choices"][0]["message"]["content"]
            except (KeyError, TypeError, IndexError):
                continue
            meta = record.get("metadata") or {}
            key = meta.get("conversation_id") or record.get("id")
            rows.append(
                (
                    key,
                    record.get("created", len(rows)),
                    str(messages[0]["content"])[:60],
                    messages[-1]["content"],
                    answer,
                )
            )
    frame = pd.DataFrame(rows, columns=["conversation", "created", "task", "text", "answer"]).dropna()
    frame = frame.sort_values("created", kind="stable")
    kinds = frame.groupby("task")["answer"].agg(["size", "nunique"])
    closed = kinds[(kinds["nunique"] <= 100) & (kinds["size"] >= 500)].sort_values("size", ascending=False).index[:3]
    frame = frame[frame["task"].isin(closed)].head(most).reset_index(drop=True)
    return frame.assign(week=np.arange(len(frame)) * (weeks + 1) // len(frame))


@dataclass
class Served:
    """A task at work: its classifier, its threshold (None: all to the LLM), and the monitor of its guarantee."""

    model: Classifier | None = None
    threshold: float | None = None
    monitor: Monitor = field(default_factory=lambda: Monitor(MAX_LOSS, 0.05))


def fitted(train: pd.DataFrame) -> Classifier | None:
    """A classifier on at most MOST_TRAINED of the newest answers; None where they are too few or never repeat."""
    newest = train.tail(MOST_TRAINED)
    try:
        return fit_classifier(newest["text"].tolist(), newest["answer"].tolist())
    except MigrationError:
        return None


def proved(model: Classifier | None, fresh: pd.DataFrame, delta: float) -> float | None:
    """The threshold that fresh calls prove, None for "do not route"."""
    if model is None or len(fresh) < 40:
        return None
    said = model.answer(fresh["text"].tolist())
    agrees = (said["output"].to_numpy() == fresh["answer"].to_numpy()).astype(float)
    choice = choose_threshold(
        said["confidence"].to_numpy(), agrees, np.ones(len(agrees)), max_loss=MAX_LOSS, confidence_level=1 - delta,
        cluster=fresh["conversation"].to_numpy(), weight=fresh["weight"].to_numpy(float),
    )  # fmt: skip
    return choice.threshold


def start(first: pd.DataFrame) -> dict[str, Served]:
    """The first week's policy: fitted on train conversations, proved on the others."""
    served = {}
    for task, own in first.assign(weight=1.0).groupby("task"):
        train = own["conversation"].map(split_of) == "train"
        model = fitted(own[train])
        served[str(task)] = Served(model, proved(model, own[~train], (1 - LEVEL) / first["task"].nunique()))
    return served


def serve(week: pd.DataFrame, served: dict[str, Served], rng: np.random.Generator) -> pd.DataFrame:
    """The week's calls with `kept`, `lost` (0 or 1) and whether production knows the LLM's answer (`known`)."""
    parts = []
    for task, own in week.groupby("task"):
        at = served.get(str(task), Served())
        kept, said = np.zeros(len(own), bool), np.full(len(own), None, object)
        if at.model is not None and at.threshold is not None:
            answers = at.model.answer(own["text"].tolist())
            kept, said = (answers["confidence"] >= at.threshold).to_numpy(), answers["output"].to_numpy()
        parts.append(own.assign(kept=kept, lost=kept & (said != own["answer"].to_numpy())))
    found = pd.concat(parts)
    shadowed = {key for key in found["conversation"].unique() if rng.random() < SHADOW}
    found["shadowed"] = found["conversation"].isin(shadowed)
    return found.assign(known=found["shadowed"] | ~found["kept"])


def reviewed(served: dict[str, Served], week: pd.DataFrame, past: list[pd.DataFrame], number: int) -> list[str]:
    """End of a week: alarms, refitted classifiers, thresholds proved on fresh calls. Returns the alarmed tasks."""
    alarmed = []
    tasks = sorted(week["task"].unique())
    delta = budget(1 - LEVEL, number) / len(tasks)
    for task in tasks:
        at = served.setdefault(task, Served())
        own = week[week["task"] == task]
        shadow = own[own["shadowed"]]
        if at.monitor.observe(shadow["lost"].to_numpy(float), shadow["conversation"].tolist()):
            alarmed.append(task)
            at.threshold, at.monitor = None, Monitor(MAX_LOSS, 0.05)
        fresh = own[own["known"]].assign(weight=np.where(own.loc[own["known"], "kept"], 1 / SHADOW, 1.0))
        train = fresh["conversation"].map(split_of) == "train"
        older = pd.concat([frame[(frame["task"] == task) & frame["known"]] for frame in past] or [fresh[:0]])
        model = fitted(pd.concat([older, fresh[train]]))
        threshold = proved(model, fresh[~train], delta)
        if threshold is not None:
            at.model, at.threshold, at.monitor = model, threshold, Monitor(MAX_LOSS, 0.05)
    return alarmed


def play(traffic: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """Columns week, with (loop, fixed), slm_share, loss, alarms: what six weeks gave."""
    first = traffic[traffic["week"] == 0]
    rows = []
    for name in ("fixed", "loop"):
        served, rng = start(first), np.random.default_rng(7)
        past = [first.assign(known=first["conversation"].map(split_of) == "train")]
        for number in range(1, weeks + 1):
            found = serve(traffic[traffic["week"] == number], served, rng)
            alarms = reviewed(served, found, past, number) if name == "loop" else []
            past.append(found)
            rows.append((number, name, found["kept"].mean(), found["lost"].mean(), ", ".join(alarms)))
    return pd.DataFrame(rows, columns=["week", "with", "slm_share", "loss", "alarms"])


def retunings(runs: int, *, budgeted: bool, weeks: int = 12) -> float:
    """Share of runs of twelve retunings, on quiet traffic whose truth is known, that ever serve a broken guarantee."""
    rng, broken = np.random.default_rng(3), 0
    for _ in range(runs):
        for number in range(1, weeks + 1):
            confidence = rng.random(400)
            agrees = rng.random(400) < 0.96 - 0.5 * (1 - confidence) ** 2
            delta = budget(1 - LEVEL, number) if budgeted else 1 - LEVEL
            choice = choose_threshold(confidence, agrees.astype(float), np.ones(400), max_loss=MAX_LOSS,
                                      confidence_level=1 - delta)  # fmt: skip
            if choice.threshold is not None:
                above = np.linspace(choice.threshold, 1, 501)
                error = float(np.mean(0.04 + 0.5 * (1 - above) ** 2))
                if error * (1 - choice.threshold) > MAX_LOSS or error > 2 * MAX_LOSS:
                    broken += 1
                    break
    return broken / runs


def drawn(found: pd.DataFrame, folder: Path) -> None:
    """The LLM's share and the quality of what `play` found, by week and arm."""
    from migration.figures.review import loop_picture

    arm = found["with"].map({"loop": "with the loop", "fixed": "without"})
    loop_picture(
        pd.DataFrame({"week": [f"week {n}" for n in found["week"]], "arm": arm, "llm_share": 1 - found["slm_share"],
                      "quality": 1 - found["loss"]}),
        folder, max_loss=MAX_LOSS,
    )  # fmt: skip
    print(f"drawn: {folder / 'figures'}")


def main(drift: Drift, calls: int, weeks: int, runs: int, traffic: Path | None, figure: Path | None) -> None:
    frame = logged(traffic, weeks, calls) if traffic else simulated(drift, calls, weeks)
    name = str(traffic.name if traffic else drift)
    print(f"{name}: {len(frame):,} calls of {frame['task'].nunique()} tasks, week 0 tunes, {weeks} weeks are served")
    found = play(frame, weeks)
    print(f"{'week':>4} {'share, loop':>12} {'share, fixed':>13} {'loss, loop':>11} {'loss, fixed':>12}  alarms, loop")
    wide = found.pivot(index="week", columns="with")
    for week, row in wide.iterrows():
        share, loss = row["slm_share"], row["loss"]
        print(f"{week:>4} {share['loop']:>12.1%} {share['fixed']:>13.1%} {loss['loop']:>11.1%} {loss['fixed']:>12.1%}  "
              f"{row['alarms']['loop']}", flush=True)  # fmt: skip
    if figure:
        drawn(found, figure)
    with_budget, naive = retunings(runs, budgeted=True), retunings(runs, budgeted=False)
    print(f"\ntwelve retunings in a row, {runs} runs: guarantee ever broken in {with_budget:.1%} with the budget, "
          f"{naive:.1%} with the whole delta each week ({1 - LEVEL:.0%} allowed)")  # fmt: skip
    last = wide.iloc[-1]
    said = {f"{what}_{arm}": round(float(last[column][arm]), 4) for arm in ("loop", "fixed")
            for what, column in (("share", "slm_share"), ("loss", "loss"))}  # fmt: skip
    said |= {f"worst_loss_{arm}": round(float(wide["loss"][arm].max()), 4) for arm in ("loop", "fixed")}
    print(json.dumps(said | {"broken": with_budget, "broken_naive": naive, "delta": round(1 - LEVEL, 4)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer calls, two weeks, 6 runs of retunings")
    parser.add_argument("--drift", choices=[str(each) for each in Drift], default=str(Drift.WORDING))
    parser.add_argument("--traffic", type=Path, help="a real log instead of simulated traffic")
    parser.add_argument("--figure", type=Path, help="a folder to draw into")
    parser.add_argument("--calls", type=int, default=16_000)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    size = (900, 2, 6) if asked.quick else (asked.calls, WEEKS, asked.runs)
    main(Drift(asked.drift), *size, asked.traffic, asked.figure)
