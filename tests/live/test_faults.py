"""Two hundred faults at once, of the small model, of the LLM and of both: each caller gets an answer or a proper error,
and the log says which. A policy is replaced and a log's disk fills up under the same load."""

import asyncio
import json
from collections import Counter

import openai
from live_runs import asked, policy, put
from servers import serving_app

from migration.live import Hybrid
from migration.live.decisions import DecisionLog, writer
from migration.live.rungs.upstream import Upstream
from migration.live.server.gateway import Bounds, Gateway
from migration.live.server.metrics import Metrics

FAULTS = ("429", "500", "hang", "cut", "garbage", "empty", "list", "redirect")


def calls() -> list[tuple[str, bool]]:
    """What is said to the models, and whether as a stream: every fault in every place, some of them twice."""
    texts = [f"{word} {fault}:{who}" for fault in FAULTS for who in ("small", "llm") for word in ("hi", "unsure")]
    texts += [f"hi {one}:small {other}:llm" for one in FAULTS for other in FAULTS]
    return [(f"{text} n{i}", bool(i % 2)) for i, text in enumerate(texts + texts + ["hi", "unsure"] * 6)]


async def say(client: openai.AsyncOpenAI, text: str, number: int, stream: bool) -> str:
    """The answer, or the name of the exception that OpenAI's client made of it."""
    try:
        reply = await client.chat.completions.create(
            model="m", messages=asked(text), user=f"call {number}", stream=stream, timeout=20
        )
        if not stream:
            return reply.choices[0].message.content
        return "".join([chunk.choices[0].delta.content or "" async for chunk in reply])
    except (openai.APIError, json.JSONDecodeError) as problem:
        return type(problem).__name__


def under_faults(run, llm_url, small_url, log) -> list[str]:
    """What each caller of `calls` got, 32 at a time, while the policy is replaced twice."""
    metrics = Metrics()
    hybrid = Hybrid(run, upstreams={"small": small_url}, timeout=0.4, log=log, observe=metrics.observe)
    made = Gateway(hybrid, Upstream(llm_url), metrics, bounds=Bounds(llm_seconds=0.8))

    async def everything(at: str) -> list[str]:
        gate = asyncio.Semaphore(32)

        async def one(number: int, text: str, stream: bool) -> str:
            async with gate:
                return await say(client, text, number, stream)

        async def replace() -> None:
            for threshold in (0.6, 0.4):
                await asyncio.sleep(0.5)
                put(run, policy(threshold))

        async with openai.AsyncOpenAI(base_url=at, api_key="x", max_retries=0) as client:
            found = await asyncio.gather(replace(), *(one(i, *call) for i, call in enumerate(calls())))
        return found[1:]

    with serving_app(made.app()) as at:
        return asyncio.run(everything(at))


def test_none_of_two_hundred_faults_is_lost(run, llm_url, small_url):
    log = DecisionLog(run / "live", masked=False)
    found, asked_for = under_faults(run, llm_url, small_url, log), calls()
    assert len(found) == len(asked_for) >= 200
    answered = [
        said in (f"small says {text}", f"llm says {text}") for said, (text, _) in zip(found, asked_for, strict=True)
    ]
    proper = {"RateLimitError", "InternalServerError", "APIError", "APIStatusError", "JSONDecodeError"}
    assert {said for said, right in zip(found, answered, strict=True) if not right} <= proper
    assert sum(answered) > len(found) / 3
    lines = [json.loads(line) for file in (run / "live").glob("decisions-*") for line in file.read_text().splitlines()]
    by_call = {int(line["conversation_id"].split()[1]): line for line in lines}
    assert len(lines) == len(by_call) == len(found), "one line a call"
    for number, (said, right) in enumerate(zip(found, answered, strict=True)):
        line, (text, stream) = by_call[number], asked_for[number]
        assert line["messages"][-1]["content"] == text
        if right:
            assert line["response"] == said
            assert said.startswith("small" if line["decision"] == "slm" else "llm")
        else:
            assert line["error"] or (stream and "garbage:llm" in text), "a damaged chunk passes as it came"
    assert len({line["policy"] for line in lines}) >= 2, "the policy was replaced under way"
    assert Counter(line["decision"] for line in lines)["error"] > 10


def test_a_full_disk_under_the_log_costs_no_call(run, llm_url, small_url):
    (run / "live" / f"decisions-{writer.today()}.jsonl").symlink_to("/dev/full")
    log = DecisionLog(run / "live", masked=False)
    found = under_faults(run, llm_url, small_url, log)
    assert log.lost == len(found), "each lost line is counted"
    assert "No space left" in (log.problem or "")
