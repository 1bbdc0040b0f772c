"""A running gateway follows the review: a drifted group goes to the LLM within one reload, and returns when proved."""

import asyncio
import json
import time
import uuid

import openai
import pandas as pd
import pytest
import recorded
from live_runs import QUEUE, asked, policy, put
from servers import serving_app

from migration import review
from migration.artifacts import Run
from migration.live import Hybrid, policies
from migration.live.rungs.upstream import Upstream
from migration.live.server.gateway import Gateway
from migration.live.server.metrics import Metrics


@pytest.fixture
def run(tmp_path):
    """A run whose policy answers one task with a small model, every conversation in shadow."""
    audit = tmp_path / "01_traffic_audit"
    audit.mkdir()
    pd.DataFrame({"task": ["queue"], "name": ["Queue"], "task_type": ["other"]}).to_parquet(audit / "tasks.parquet")
    calls = pd.DataFrame({"call_id": ["1"], "conversation_id": ["1"], "task": ["queue"], "model": ["gpt-4o"]})
    calls = calls.assign(messages=[asked("hi", QUEUE)], response="hi", kind="chat", split="test")
    calls.to_parquet(audit / "calls.parquet")
    put(tmp_path, policy(), shadow_share=1.0)
    return Run(tmp_path)


@pytest.fixture
def served(run):
    """(hybrid, address) of the run's gateway, on HTTP, between a small model and an LLM."""
    with serving_app(recorded.app("small")) as small, serving_app(recorded.app("llm")) as llm:
        hybrid = Hybrid(run.path, upstreams={"small": small})
        with serving_app(Gateway(hybrid, Upstream(llm), Metrics()).app()) as url:
            yield hybrid, url


def answered_by(served, conversations: int = 1) -> set[str]:
    """Who answers conversations of one call; returns when all of them are in the decision log."""
    hybrid, url = served
    before = hybrid.log.told["written"]

    async def talk():
        async with openai.AsyncOpenAI(base_url=url, api_key="x", max_retries=3) as client:
            turn = asyncio.Semaphore(16)

            async def one(number):
                async with turn:
                    messages, key = asked(f"ticket {number}"), uuid.uuid4().hex
                    return await client.chat.completions.create(
                        model="gpt-4o", messages=messages, extra_headers={"x-conversation-id": key}
                    )

            return await asyncio.gather(*(one(number) for number in range(conversations)))

    replies = asyncio.run(talk())
    until = time.monotonic() + 90
    while hybrid.log.told["written"] < before + conversations:
        assert time.monotonic() < until, hybrid.log.told
        time.sleep(0.05)
    return {reply.x_migration["decision"] for reply in replies}


def a_week_passes(run: Run) -> None:
    """What was logged so far is of last week."""
    for file in (run.path / "live").glob("decisions-2*.jsonl"):
        records = [json.loads(line) for line in file.read_text().splitlines()]
        for record in records:
            record["created_at"] = str(pd.Timestamp(record["created_at"]) - pd.Timedelta(days=7))
        file.with_name("decisions-before.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        file.write_text("")


@pytest.mark.slow
def test_a_drifted_group_goes_to_the_llm_within_one_reload_and_comes_back(run, served, tmp_path, monkeypatch):
    def both_say(name: str, body: dict) -> str:
        return body["messages"][-1]["content"]

    drifted = recorded.says
    monkeypatch.setattr(recorded, "says", both_say)
    assert answered_by(served, 40) == {"slm"}
    assert review.open_review(run, []).alarms == []

    monkeypatch.setattr(recorded, "says", drifted)  # the LLM now answers otherwise than the small model
    answered_by(served, 60)
    a_week_passes(run)
    found = review.open_review(run, [])
    assert [alarm.kind for alarm in found.alarms] == ["guarantee"]
    assert review.act(found) == ["queue"]
    review.spend(found, review.proposal(found))
    time.sleep(policies.EVERY)

    monkeypatch.setattr(recorded, "says", both_say)  # the small model was mended; it answers in shadow
    assert answered_by(served, 160) == {"llm"}
    found = review.open_review(run, [])
    proposed = review.proposal(found)
    assert proposed.policy.routed_tasks == ["queue"], proposed.changes["why"].iloc[0]
    version = review.activate(found, proposed, tmp_path)
    assert version is not None
    time.sleep(policies.EVERY)
    assert answered_by(served) == {"slm"}
