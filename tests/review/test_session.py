"""A review from a run folder and a decision log to alerts, suspended tasks and a new policy."""

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import canaries
import numpy as np
import pandas as pd
import pytest
import yaml

from migration import review
from migration.artifacts import Run
from migration.audit import import_log
from migration.errors import BadInput
from migration.files import write_json
from migration.live import policies
from migration.review import present
from migration.review.session import ledger
from migration.review.watching.decisions import read_decisions
from migration.review.watching.weekly import Alarm
from migration.routing.policy import Rung

ROOT = Path(__file__).resolve().parents[2]
WORDS = np.array(["order", "parcel", "refund", "late", "broken", "card", "login", "colour", "size", "help", "please"])


def lines(policy, *, wrong, calls=4000, start="2025-09-08", seed=0, shadow_share=0.5):
    """A decision log of one task in conversations of two: sure answers are kept, and wrong at a rate."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp(start, tz="UTC")
    for number in range(calls):
        confidence = float(rng.uniform(0.7, 1.0))
        kept, shadowed = confidence >= 0.9, bool(rng.random() < shadow_share)
        said = "no" if rng.random() < (wrong if kept else 0.3) else "yes"
        text = " ".join(rng.choice(WORDS, 6))
        tried = [{"candidate": "labels", "rung": 0, "answer": said, "confidence": confidence, "kept": False}]
        llm = [{"candidate": "gpt", "rung": -1, "answer": "yes", "confidence": 1.0, "kept": True}]
        yield {
            "call_id": f"{start}-{number}",
            "conversation_id": f"{start}-{number // 2}",
            "created_at": (at + pd.Timedelta(minutes=2 * number)).isoformat(),
            "task": "intent",
            "rung": 0 if kept else -1,
            "decision": "slm" if kept else "llm",
            "reason": "",
            "confidence": confidence,
            "prompt_tokens": 50,
            "completion_tokens": 2,
            "latency_ms": 20.0,
            "cost_usd": 0.0 if kept else 0.001,
            "candidate": "labels" if kept else "gpt",
            "stage": "answer",
            "policy": policy.version,
            "shadow_share": shadow_share,
            "shadowed": shadowed,
            "shadow": llm if shadowed and kept else [],
            "tried": [] if kept else tried,
            "model": "labels" if kept else "gpt",
            "messages": [{"role": "system", "content": "Name the intent."}, {"role": "user", "content": text}],
            "response": said if kept else "yes",
        }


@pytest.fixture
def single(policy):
    return dataclasses.replace(policy, rungs={"intent": (Rung("labels", 0.9),)})


@pytest.fixture
def run(tmp_path, single):
    """A run folder with what a review reads, and its policy active."""
    for step in ("01_traffic_audit", "04_router_tuning", "05_cost_projection", "03_qlora_finetune"):
        write_json(tmp_path / step / "summary.json", {"decision": ""})
    costs = {"decision": "", "all_llm_cost_usd_per_1k": 0.47, "cost_usd_per_1k": 0.23}
    write_json(tmp_path / "04_router_tuning" / "summary.json", costs)
    tasks = pd.DataFrame({"task": ["intent"], "name": ["Name the intent"], "task_type": ["classification"]})
    tasks.to_parquet(tmp_path / "01_traffic_audit" / "tasks.parquet")
    rows = pd.DataFrame(list(lines(single, wrong=0.0, calls=800, start="2025-08-04", seed=9)))
    rows = rows.assign(kind="chat", split="test", response="yes", model="gpt")
    rows[["call_id", "conversation_id", "task", "messages", "response", "model", "kind", "split"]].to_parquet(
        tmp_path / "01_traffic_audit" / "calls.parquet"
    )
    projection = {"scenario": "hybrid", "month": 1, "component": "total", "p10": 1.0, "p50": 2.0, "p90": 30.0}
    pd.DataFrame([projection]).to_parquet(tmp_path / "05_cost_projection" / "projection.parquet")
    (tmp_path / "03_qlora_finetune" / "train.jsonl").write_text('{"messages": []}\n')
    file = write_json(tmp_path / "04_router_tuning" / "policy.json", single.to_json())
    policies.activate(policies.folder_of(tmp_path), policies.add(policies.folder_of(tmp_path), file))
    return Run(tmp_path)


def logged(run, records):
    path = run.path / "live" / "decisions-2025-09-08.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def planted(records):
    """`records` as a log that nobody masked may be: personal data and markup in texts, answers, ids and models."""
    mail = canaries.PERSONAL["e-mail"]
    for number, record in enumerate(records):
        said = f"{canaries.SAID} {canaries.MARKUP[number % len(canaries.MARKUP)]}"
        if number % 3 == 0:
            record["conversation_id"] += f" {mail}"
            record["messages"][1]["content"] += f" {said}"
            record["model"] = canaries.MODEL
        if number % 12 == 0:
            record["response"] = f"=1+1 {said}"
            for one in [*record["shadow"], *record["tried"]]:
                one["answer"] = f"{mail} {one['answer']} {canaries.MARKUP[0]}"
        if number % 60 == 0:
            start = f"{canaries.MARKUP[0]}{canaries.MARKUP[6]} "  # 80 characters on, a mail address is cut in two
            record |= {"task": None, "decision": "llm", "rung": -1, "shadow": [], "tried": []}
            record["messages"] = [{"role": "system", "content": f"{start}{canaries.SAID}"}, record["messages"][1]]
        yield record


def test_a_quiet_week_ends_quietly_and_may_lower_the_threshold(run, single):
    logged(run, lines(single, wrong=0.005))
    found = review.open_review(run, [])
    assert found.alarms == []
    assert review.act(found) == []
    whole = found.table[found.table["group"] == "ALL"].iloc[0]
    assert whole["slm_share"] == pytest.approx(1 / 3, abs=0.03)
    proposed = review.proposal(found)
    assert proposed.review == 1
    review.spend(found, proposed)
    assert review.proposal(found) is None  # no call is looked at twice


def test_a_review_on_monday_morning_is_of_the_seven_days_before(run, single):
    logged(run, [*lines(single, wrong=0.0, calls=2000, start="2025-09-09"),
                 *lines(single, wrong=0.0, calls=60, start="2025-09-15", seed=1)])  # fmt: skip
    found = review.open_review(run, [])
    assert found.week == "2025-W37"
    assert len(found.newest) == 2060
    assert "(seven days up to 2025-09-15 01:58 UTC)" in present.split_sentence(found)


def test_too_few_calls_to_test_spend_nothing_and_stay_fresh(run, single):
    logged(run, lines(single, wrong=0.0, calls=70))
    few = review.open_review(run, [])
    review.spend(few, review.proposal(few))
    assert ledger(run) == []
    assert "too few to tell" in review.decision_sentence(few, [], None)
    logged(run, lines(single, wrong=0.0))
    found = review.open_review(run, [])
    review.spend(found, review.proposal(found))
    (entry,) = ledger(run)
    assert (entry["week"], entry["until"][:10]) == ("2025-W37", "2025-09-13")


def test_a_proposal_is_kept_and_may_be_activated_later(run, single, tmp_path):
    logged(run, lines(single, wrong=0.0))
    found = review.open_review(run, [])
    proposed = review.proposal(found)
    version = review.keep(found, proposed, tmp_path)
    review.spend(found, proposed)
    assert policies.read_active(run.path / "live").version == single.version
    assert version in policies.versions(run.path / "live")
    assert f"migrate policy activate RUN {version}" in present.proposal_sentence(proposed, found)
    alarm = Alarm(found.week, "llm-change", "intent", "", "", 1.0)
    changed = dataclasses.replace(found, alarms=[alarm])
    kept = dataclasses.replace(proposed, choices={})
    assert "Not proved anew" in present.proposal_sentence(kept, changed)
    assert "Not proved anew" not in present.proposal_sentence(proposed, changed)
    policies.activate(run.path / "live", version)
    assert policies.load_state(run.path / "live").problem is None


def test_a_review_leaves_alone_what_a_kept_policy_serves(run, single):
    logged(run, lines(single, wrong=0.0, calls=80))
    found = review.open_review(run, [])
    assert found.folder == "07_weekly_review/2025-W37"
    learned = dataclasses.replace(single.candidates["labels"], adapter=f"{found.folder}/classifier")
    file = write_json(run.path / "p.json", dataclasses.replace(single, candidates={"labels": learned}).to_json())
    policies.add(run.path / "live", file)
    assert found.folder == "07_weekly_review/2025-W37-2"


def test_a_guarantee_that_nobody_watched_is_not_said_to_hold(run, single):
    logged(run, lines(single, wrong=0.4, calls=600, shadow_share=0.0))
    found = review.open_review(run, [])
    assert "the guarantee was not watched" in review.decision_sentence(found, [], None)


def test_a_week_costs_what_the_nearest_scenario_spends_however_large_the_log_is(run, single):
    logged(run, lines(single, wrong=0.0, calls=400))  # a third is kept and costs nothing, the others a tenth of a cent
    found = review.open_review(run, [])
    spent = {"stay": 900.0, "classifier_only": 600.0, "hybrid": 100.0}
    rows = [{"scenario": name, "month": 1, "component": "llm_answers", "p50": usd} for name, usd in spent.items()]
    rows += [{"scenario": "hybrid", "month": 1, "component": "one_off", "p50": 9000.0}]
    said = present.cost_sentence(found, pd.DataFrame(rows), {"all_llm_cost_usd_per_1k": 1.0, "cost_usd_per_1k": 0.6})
    assert "'classifier_only' is nearest, which spends 67%" in said
    unknown = {"all_llm_cost_usd_per_1k": None, "cost_usd_per_1k": None}
    assert "knows no price" in present.cost_sentence(found, pd.DataFrame(rows), unknown)


def test_a_broken_guarantee_returns_its_tasks_to_the_llm_at_once(run, single):
    logged(run, lines(single, wrong=0.4, calls=1500))
    found = review.open_review(run, [])
    assert [alarm.kind for alarm in found.alarms] == ["guarantee"]
    assert review.act(found) == ["intent"]
    assert policies.read_active(run.path / "live").suspended == ("intent",)
    store = policies.PolicyStore(run.path / "live")
    assert store.current().active.suspended == ("intent",)
    assert "intent went back" in review.decision_sentence(found, ["intent"], None)


def test_answers_to_check_and_hard_examples_come_from_the_log(run, single, tmp_path):
    logged(run, lines(single, wrong=0.1, calls=1500))
    found = review.open_review(run, [])
    form = review.LabelForm(review.to_check(review.check_rows(found), 50), tmp_path / "to_check.csv")
    for _ in range(50):
        form.say("yes")
    rate = review.checked_rate(tmp_path / "to_check.csv", review.check_rows(found))
    assert rate.n == 50
    assert rate.low == 0
    hard = review.hard_examples(found.decisions, found.policy, 30)
    assert hard["why"].str.contains("differs").any()
    target = tmp_path / "train.jsonl"
    assert review.add_examples(run.path / "03_qlora_finetune" / "train.jsonl", hard, {}, target) == 30
    assert len(target.read_text().splitlines()) == 31


def test_shadow_answers_are_read_as_the_policy_decided(run, single):
    frame = read_decisions([logged(run, lines(single, wrong=0.0, calls=200))])
    kept = frame["kept"].astype(bool)
    assert (frame.loc[kept & frame["shadowed"].astype(bool), "reference"] == "yes").all()
    assert (frame.loc[~kept, "first"].notna()).all()
    assert (frame.loc[frame["shadowed"].astype(bool), "weight"] == 2).all()


def test_counts_that_no_call_has_are_still_numbers(run, single):
    none = [line | {"prompt_tokens": None, "completion_tokens": None} for line in lines(single, wrong=0.0, calls=20)]
    frame = read_decisions([logged(run, none)])
    assert frame[["prompt_tokens", "completion_tokens"]].dtypes.eq(float).all()


def test_a_call_that_was_held_back_is_read_by_its_shadow(run, single):
    (record,) = lines(single, wrong=0.0, calls=1, shadow_share=1.0)
    kept = {"candidate": "labels", "rung": 0, "answer": "yes", "confidence": 0.93, "kept": True}
    held = {"decision": "llm", "rung": -1, "stage": "suspended", "confidence": 1.0, "tried": [], "shadow": [kept]}
    row = read_decisions([logged(run, [record | held])]).iloc[0]
    assert (row["kept"], row["output"], row["first"], row["first_confidence"]) == (True, "yes", "yes", 0.93)


def test_a_log_that_cannot_be_read_says_where(run, single):
    path = logged(run, lines(single, wrong=0.0, calls=3))
    path.write_text('{"broken": 1}\n' + path.read_text())
    with pytest.raises(BadInput, match="line 1"):
        read_decisions([path])


def test_an_empty_file_of_today_is_passed_over_and_two_kinds_of_logs_are_not_mixed(run, single):
    logged(run, lines(single, wrong=0.0, calls=300))
    (run.path / "live" / "decisions-2025-09-09.jsonl").touch()
    assert review.open_review(run, []).decisions["kept"].any()
    other = run.path / "other.jsonl"
    other.write_text('{"request": {}}\n')
    with pytest.raises(BadInput, match="one after the other"):
        review.open_review(run, [run.path / "live" / "decisions-2025-09-08.jsonl", other])
    with pytest.raises(BadInput, match="holds no decisions"):
        review.open_review(run, [run.path / "live" / "decisions-2025-09-09.jsonl"])


def schedules() -> dict[str, str]:
    """The command line of each of the README's examples: cron, Airflow, GitHub Actions."""
    section = (ROOT / "README.md").read_text().split("## Every week")[1].split("\n## ")[0]
    block = {name: section.split(f"```{name}\n")[1].split("```")[0] for name in ("crontab", "python", "yaml")}
    *when, command = block["crontab"].strip().split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*,/-]+", field) for field in when)
    calls = [node for node in ast.walk(ast.parse(block["python"])) if isinstance(node, ast.Call)]
    (bash,) = [call for call in calls if getattr(call.func, "id", "") == "BashOperator"]
    words = {keyword.arg: ast.literal_eval(keyword.value) for keyword in bash.keywords}
    workflow = yaml.safe_load(block["yaml"])
    assert workflow[True]["schedule"][0]["cron"].split() == when  # YAML 1.1 reads `on` as true
    (job,) = workflow["jobs"].values()
    assert job["runs-on"]
    return {"cron": command, "airflow": words["bash_command"], "github": job["steps"][-1]["run"]}


@pytest.mark.slow
def test_the_command_of_each_schedule_fails_on_an_alarm_and_says_so(run, single, tmp_path):
    logged(run, planted(lines(single, wrong=0.4, calls=2000)))
    said = schedules()
    (tmp_path / "mail").write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "mailed"}\n')
    (tmp_path / "mail").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def here(command: str) -> str:
        command = command.replace(".venv/bin/migrate", f"{sys.executable} -m migration.cli")
        return command.replace("/srv/workbook", str(ROOT)).replace("outputs/mine", str(run.path))

    done = subprocess.run(here(said["cron"]), shell=True, env=environment, cwd=ROOT, capture_output=True, check=False)
    assert (tmp_path / "mailed").read_text().split() == ["-s", "migrate", "review:", "3", "you@example.com"], done
    folder = run.path / "07_weekly_review" / "2025-W37"
    alerts = json.loads((folder / "alerts.json").read_text())
    assert alerts["suspended"] == ["intent"]
    columns = {"week", "group", "calls", "slm_share", "shadowed", "loss", "evidence", "alarm", "cost_usd"}
    assert columns <= set(pd.read_parquet(folder / "review.parquet").columns)
    assert {each.stem.partition("_")[2] or each.stem for each in (folder / "figures").iterdir()} == {"weeks", "loop"}
    assert canaries.leaks(run.path / "07_weekly_review") == canaries.leaks(run.path / "live" / "policies") == {}
    shown = canaries.pages(run.path)
    assert len(shown) == 3, "the notebook, its report and the index"
    assert {name: canaries.live(page) for name, page in shown.items() if canaries.live(page)} == {}
    assert all("cnry01" in page and "cnry15" in page for name, page in shown.items() if name != "index.html")
    assert canaries.formulas(run.path) == []
    assert "quenti" not in json.dumps(alerts).casefold(), "a prompt is masked before it is cut"
    command = said["cron"].split(" || ")[0]
    assert said["airflow"] == command
    assert said["github"] == command.partition("&& ")[2]


class Answer:
    """What a webhook's server says."""

    is_success, status_code = True, 200


def test_a_webhook_is_told_over_https_alone_and_a_failure_is_said(monkeypatch):
    import httpx2

    posted = []

    def post(url, **more):
        posted.append((url, more["json"]))
        return answers.pop()

    answers = [Answer()]
    monkeypatch.setattr(httpx2, "post", post)
    assert "No webhook" in review.notify({})
    monkeypatch.setenv("MIGRATION_WEBHOOK", "https://hooks.example.com/x")
    assert "were posted" in review.notify({"week": "2026-W01"})
    assert posted == [("https://hooks.example.com/x", {"week": "2026-W01"})]
    monkeypatch.setattr(Answer, "is_success", False)
    monkeypatch.setattr(Answer, "status_code", 403)
    answers.append(Answer())
    assert "answered 403" in review.notify({})
    monkeypatch.setattr(httpx2, "post", lambda *a, **k: (_ for _ in ()).throw(httpx2.ConnectError("no")))
    assert "not reached" in review.notify({})
    monkeypatch.setenv("MIGRATION_WEBHOOK", "http://hooks.example.com")
    with pytest.raises(BadInput, match="https"):
        review.notify({})


def test_the_log_that_the_run_was_made_from_is_not_reviewed_again(run, tmp_path):
    def call(number):
        answer = {"role": "assistant", "content": "yes"}
        return {
            "id": f"r{number}",
            "created": f"2025-09-08T10:00:{number:02d}Z",
            "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Is {number} even?"}]},
            "response": {"id": f"r{number}", "model": "gpt-4o", "choices": [{"message": answer}]},
        }

    log, table = tmp_path / "log.jsonl", run.path / "01_traffic_audit" / "calls.parquet"
    log.write_text("".join(json.dumps(call(number)) + "\n" for number in range(20)))
    old = pd.read_parquet(table).head(0)
    import_log([str(log)], tmp_path / "imported.parquet")
    ids = pd.read_parquet(tmp_path / "imported.parquet")["call_id"]
    pd.concat([old, pd.DataFrame({"call_id": ids})]).to_parquet(table)
    with pytest.raises(BadInput, match=r"all 20 calls of .*log\.jsonl.* name newer traffic"):
        review.open_review(run, [log])


def test_newer_traffic_is_read_by_the_columns_that_the_run_was_made_with(run, tmp_path):
    asked = [{"role": "system", "content": "Name the intent."}, {"role": "user", "content": "late parcel"}]
    row = {"at": "2025-09-08T10:00:00Z", "asked": json.dumps(asked), "said": "yes", "llm": "gpt-4o"}
    table = tmp_path / "new.csv"
    pd.DataFrame([row | {"at": f"2025-09-08T10:{minute:02d}:00Z"} for minute in range(40)]).to_csv(table, index=False)
    columns = ["created_at=at", "messages=asked", "response=said", "model=llm"]
    run.note_step("01_traffic_audit", parameters={"columns": columns, "format": "auto", "prices": ""})
    assert len(review.open_review(run, [table]).decisions) == 40
