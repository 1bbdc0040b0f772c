"""Six weeks of tune, serve, review: what small models answer and what is lost, with the weekly review and without.

    python tests/bench/loop.py [--quick] [--drift mix|wording|new-task|llm-change] [--traffic LOG] [--figure FOLDER]

The workbook's own path on a log of seven weeks. The first week is imported, its tasks found, classifiers fitted and a
policy proved (steps 01, 02 and 04). Then six weeks are served by `Hybrid`, the object behind client and gateway: the
logged answers stand in for the LLM, 5% of conversations are shadowed, decisions are masked and logged. With the loop
each week ends as notebook 07 does: alarms return tasks to the LLM, classifiers learn from fresh answers, a policy is
proposed within the budget of error of all reviews and serves where fresh calls prove it. Without it the first policy
stays. Simulated traffic drifts from the third week on. --traffic: a real log in the OpenAI request/response form, cut
into seven parts of equal size. --figure: the LLM's share and the quality by week, drawn into FOLDER/figures. Quality
is known of every call here: a kept answer is lost where it differs from the logged one by step 02's scorers.
Last line: {"share_loop", "share_fixed", "loss_loop", "loss_fixed": of the last week, "worst_loss_loop",
"worst_loss_fixed": of any week, "calls"}. Shares and losses are of the chat calls of a week.
"""

import argparse
import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx2 as httpx
import pandas as pd

from migration import audit, benchmark, costs, review, routing
from migration.artifacts import Run, open_step
from migration.files import write_json
from migration.live import Hybrid, policies
from migration.live.decisions import writer
from migration.review.watching.decisions import losses, read_decisions
from migration.routing.present import read_recognition, write_policy
from migration.sample import Drift, drifting
from migration.sample.simulate import simulate

MAX_LOSS, LEVEL, SHADOW, WEEKS = 0.05, 0.95, 0.05, 6
MONDAY = pd.Timestamp("2026-06-01", tz="UTC").timestamp()
Line = dict[str, Any]


@dataclass(frozen=True)
class Logged:
    """The LLM as the log has it."""

    response: Line

    def send(self, *, whole: bool = False) -> httpx.Response:
        """The logged answer."""
        return httpx.Response(200, json=self.response)


def by_week(lines: list[Line], weeks: int) -> list[list[Line]]:
    """The log cut into parts of equal size by time, each spread over a calendar week from Monday on."""
    lines = sorted(lines, key=lambda line: line["created"])
    parts: list[list[Line]] = [[] for _ in range(weeks)]
    for place, line in enumerate(lines):
        number, rest = divmod(place * weeks / len(lines), 1)
        parts[int(number)].append(line | {"created": int(MONDAY + 7 * 86400 * (int(number) + rest))})
    return parts


def logged(path: Path, most: int) -> list[Line]:
    """The oldest `most` lines of a real log."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        lines = [line for line in map(json.loads, file) if "created" in line]
    return sorted(lines, key=lambda line: line["created"])[:most]


def is_chat(line: Line) -> bool:
    """Whether a line is a chat completion that was answered."""
    answered = (line.get("response") or {}).get("choices")
    return bool(answered and "messages" in line.get("request", {}) and answered[0]["message"].get("content"))


def tuned(folder: Path, lines: list[Line]) -> Run:
    """Steps 01, 02 and 04 with classifiers alone; the policy serves all conversations."""
    step = open_step(folder, "01_traffic_audit")
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = audit.import_log(log, step.path / "imported.parquet")
    tasks_found = audit.discover(report.out)
    tasks_found.label(report.out, step.path / "calls.parquet")
    write_json(step.path / "recognition.json", audit.recognition_of(tasks_found))
    tasks = audit.tasks_table(audit.open_calls(step.path / "calls.parquet"), tasks_found)
    step.write("tasks.parquet", tasks)
    step.finish({}, decision="")

    step = open_step(folder, "02_candidate_benchmark")
    calls = benchmark.with_task_options(pd.read_parquet(step.path_of("01_traffic_audit/calls.parquet")), tasks)
    trials, _ = benchmark.available(["classifier"])
    answers = benchmark.ask(trials, benchmark.eligible(calls).iloc[:0], calls, cache=step.cache)
    benchmark.keep_classifiers(step.cache, step.path)
    predictions = benchmark.score(answers, benchmark.eligible(calls))
    step.write("predictions.parquet", predictions)
    step.finish({}, decision="")

    step = open_step(folder, "04_router_tuning")
    prices = costs.unit_prices(step, costs.read_assumptions(""))
    policy = routing.tune(
        routing.gather(calls, [predictions], prices=prices), llm=calls["model"].mode()[0], max_loss=MAX_LOSS,
        confidence_level=LEVEL, recognition=read_recognition(step), prices=prices,
    ).policy  # fmt: skip
    write_policy(step.path, policy)
    step.finish({}, decision="")
    live = policies.folder_of(folder)
    version = policies.add(live, folder / "04_router_tuning" / "policy.json")
    policies.activate(live, version, share=1.0, shadow_share=SHADOW)
    return step.run


def serve(run: Run, week: list[Line]) -> pd.DataFrame:
    """The week's calls through the hybrid, one by one; what it decided, with the `loss` of every call.

    The decision log stays in the run, as of the week that was played.
    """
    kept, told = list[Line](), dict[str, Line]()
    hybrid = Hybrid(run.path, timeout=60.0, log=False, observe=kept.append)
    for line in week:
        conversation = str((line.get("metadata") or {}).get("conversation_id") or line.get("id"))
        reply = hybrid.chat(line["request"], {"x-conversation-id": conversation}, Logged(line["response"]))
        told[json.loads(reply.content)["x_migration"]["call_id"]] = line
    hybrid.close()
    records = [writer.finished(record, masked=True) for record in kept]  # as the log's own process writes them
    for record in records:
        created = pd.Timestamp(told[record["call_id"]]["created"], unit="s", tz="UTC")
        record["created_at"] = created.isoformat()
    assert len(records) == len(week), "the log lost a decision"
    log = run.path / "live" / f"decisions-week-{min(record['created_at'] for record in records)[:10]}.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = read_decisions([log])
    truth = found["call_id"].map(lambda call: told[call]["response"]["choices"][0]["message"]["content"])
    tasks = pd.read_parquet(run.path / "01_traffic_audit" / "tasks.parquet")
    return found.assign(loss=losses(found.assign(reference=truth, shadowed=True), tasks))


def reviewed(run: Run) -> str:
    """The end of a week, as notebook 07 has it with `activate`. Returns what was done."""
    found = review.open_review(run, [])
    step = open_step(run.path, found.folder)
    suspended = review.act(found)
    hard = review.hard_examples(found.teaching, found.policy, 200)
    improved = review.improve(found, step=step, hard=hard["call_id"], say=lambda _: None)
    proposed = review.proposal(found, improved)
    if proposed:
        review.spend(found, proposed)
    step.write("review.parquet", found.table)
    version = review.activate(found, proposed, step.path)
    step.finish(review.summary(found, proposed, suspended, version), decision="")
    done = [alarm.kind for alarm in found.alarms] + ["new policy"] * bool(version)
    return ", ".join(dict.fromkeys(done))


def play(weeks: list[list[Line]], folder: Path, say: Callable[[str], object]) -> pd.DataFrame:
    """Columns week, with (loop, fixed), calls, slm_share, loss, done: what serving gave. weeks: the first one tunes."""
    first = tuned(folder / "fixed", weeks[0])
    shutil.copytree(first.path, folder / "loop")
    rows = []
    for number, lines in enumerate(weeks[1:], 1):
        week = [line for line in lines if is_chat(line)]
        for arm in ("fixed", "loop"):
            run = replace(first, path=folder / arm)
            found = serve(run, week)
            done = reviewed(run) if arm == "loop" else ""
            rows.append((number, arm, len(found), (found["decision"] == "slm").mean(), found["loss"].mean(), done))
        say(f"{number:>4} {rows[-1][2]:>6} {rows[-1][3]:>12.1%} {rows[-2][3]:>13.1%} {rows[-1][4]:>11.1%} "
            f"{rows[-2][4]:>12.1%}  {rows[-1][5]}")  # fmt: skip
    return pd.DataFrame(rows, columns=["week", "with", "calls", "slm_share", "loss", "done"])


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


def main(drift: Drift, calls: int, weeks: int, traffic: Path | None, figure: Path | None) -> None:
    name = str(traffic.name if traffic else f"the simulated shop, {drift} from week 3 on")
    lines = logged(traffic, calls) if traffic else list(simulate(calls, 1, drifting(weeks + 1, drift, from_week=3)))
    print(f"{name}: {len(lines):,} calls, week 0 tunes, {weeks} weeks are served", flush=True)
    print(f"{'week':>4} {'calls':>6} {'share, loop':>12} {'share, fixed':>13} {'loss, loop':>11} {'loss, fixed':>12}  "
          "the loop's review", flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        found = play(by_week(lines, weeks + 1), Path(folder), lambda line: print(line, flush=True))
    if figure:
        drawn(found, figure)
    wide = found.pivot(index="week", columns="with")
    last = wide.iloc[-1]
    said = {f"{what}_{arm}": round(float(last[column][arm]), 4) for arm in ("loop", "fixed")
            for what, column in (("share", "slm_share"), ("loss", "loss"))}  # fmt: skip
    said |= {f"worst_loss_{arm}": round(float(wide["loss"][arm].max()), 4) for arm in ("loop", "fixed")}
    print(json.dumps(said | {"calls": int(found["calls"].sum() // 2)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,500 calls, two weeks")
    parser.add_argument("--drift", choices=[str(each) for each in Drift], default=str(Drift.WORDING))
    parser.add_argument("--traffic", type=Path, help="a real log instead of simulated traffic")
    parser.add_argument("--figure", type=Path, help="a folder to draw into")
    parser.add_argument("--calls", type=int, default=14_000, help="of all weeks together")
    asked = parser.parse_args()
    size = (1500, 2) if asked.quick else (asked.calls, WEEKS)
    main(Drift(asked.drift), *size, asked.traffic, asked.figure)
