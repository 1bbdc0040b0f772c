"""Two hundred calls that meet faults of the small model, of the LLM and of both; what callers and the log must say."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import openai
from live_runs import asked

FAULTS = ("429", "500", "hang", "cut", "garbage", "empty", "list", "redirect")
PROPER = {"RateLimitError", "InternalServerError", "APIError", "APIStatusError", "JSONDecodeError"}
"""What OpenAI's client makes of an error that a caller must get where nobody could answer."""


def calls() -> list[tuple[str, bool]]:
    """What is said to the models, and whether as a stream: every fault in every place, some of them twice."""
    texts = [f"{word} {fault}:{who}" for fault in FAULTS for who in ("small", "llm") for word in ("hi", "unsure")]
    texts += [f"hi {one}:small {other}:llm" for one in FAULTS for other in FAULTS]
    return [(f"{text} n{i}", bool(i % 2)) for i, text in enumerate(texts + texts + ["hi", "unsure"] * 6)]


async def say(client: openai.AsyncOpenAI, text: str, number: int, stream: bool) -> str:
    """The answer, or the name of the exception that OpenAI's client made of it."""
    try:
        reply = await client.chat.completions.create(
            model="m", messages=asked(text), user=f"call {number}", stream=stream, timeout=30
        )
        if not stream:
            return reply.choices[0].message.content
        return "".join([chunk.choices[0].delta.content or "" async for chunk in reply])
    except (openai.APIError, json.JSONDecodeError) as problem:
        return type(problem).__name__


async def everybody(at: str, meanwhile: Callable[[], Awaitable[None]]) -> list[str]:
    """What each caller of `calls` got at a gateway, 32 at a time, while `meanwhile` happens."""
    gate = asyncio.Semaphore(32)
    async with openai.AsyncOpenAI(base_url=at, api_key="x", max_retries=0) as client:

        async def one(number: int, text: str, stream: bool) -> str:
            async with gate:
                return await say(client, text, number, stream)

        return (await asyncio.gather(meanwhile(), *(one(i, *call) for i, call in enumerate(calls()))))[1:]


def lost(found: list[str], live: Path) -> list[str]:
    """What is wrong, a line each: a caller without an answer or a proper error, a call that the log tells otherwise."""
    lines = [json.loads(line) for file in live.glob("decisions-*") for line in file.read_text().splitlines()]
    by_call = {int(line["conversation_id"].split()[1]): line for line in lines}
    wrong = [] if len(lines) == len(by_call) == len(found) else [f"{len(lines)} lines of {len(found)} calls"]
    for number, (said, (text, stream)) in enumerate(zip(found, calls(), strict=True)):
        line = by_call.get(number, {})
        if said in (f"small says {text}", f"llm says {text}"):
            told = line.get("response") == said and said.startswith("small" if line["decision"] == "slm" else "llm")
        else:  # a damaged chunk of a stream passes as it came
            told = said in PROPER and bool(line.get("error") or (stream and "garbage:llm" in text))
        wrong += [] if told else [f"{text!r}: {said}, logged {line.get('decision')} {line.get('error')}"]
    return wrong
