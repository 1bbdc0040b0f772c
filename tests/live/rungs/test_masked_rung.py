"""A rung that is asked without personal data: its server never sees it, and the caller never misses it."""

import asyncio
import json
from dataclasses import replace

import pytest
from canaries import PERSONAL, SAID
from live_runs import asked, policy, put
from servers import JsonHandler, Server, completion, serving

from migration.endpoints import MASK
from migration.errors import BadInput
from migration.live import AsyncHybridClient, HybridClient
from migration.live.rungs.upstream import for_llm, upstream
from migration.routing.policy import Limits

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
SURE = {"content": [{"token": "a", "logprob": -0.01, "top_logprobs": [{"token": "a", "logprob": -0.01}]}]}


class Echo(JsonHandler):
    """Says what it was asked, in a tool call where there are tools; keeps every byte that it got."""

    def do_POST(self):
        body = self.body()
        self.server.seen.append(json.dumps(body))
        heard = body["messages"][-1]["content"]
        heard = heard.replace("<EMAIL_1>", "<EMAIL_7>") if "change" in heard else heard
        said = completion(heard, logprobs=SURE)
        if body.get("tools"):
            called = {"function": {"name": "look_up", "arguments": json.dumps({"heard": heard})}}
            calls = [{"id": "1", "type": "function"} | called]
            said["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": calls}
        self.reply(200, said)


@pytest.fixture
def echo():
    server = Server(Echo)
    server.seen = []
    with serving(server):
        yield server


@pytest.fixture(params=["by its address", "by its policy"])
def options(request, run, echo, llm_url):
    """Options of a client whose small model is masked: as its address says, or as it was measured."""
    address = f"{echo.url}?{MASK}#m" if request.param == "by its address" else f"{echo.url}#m"
    made = policy(limits=Limits(tools=("look_up",)))
    if request.param == "by its policy":
        made = replace(made, candidates={"small": replace(made.candidates["small"], masked=True)})
    put(run, made)
    return {"run": run, "base_url": llm_url, "api_key": "k", "hybrid": {"log": False, "upstreams": {"small": address}}}


def test_the_server_sees_no_canary_and_the_caller_gets_them_all_back(options, echo):
    with HybridClient(**options) as client:
        plain = client.chat.completions.create(model="m", messages=asked(SAID))
        tools = client.chat.completions.create(model="m", messages=asked(SAID), tools=[TOOL])
        parts = client.chat.completions.create(model="m", messages=asked(SAID), stream=True)
        streamed = "".join(part.choices[0].delta.content or "" for part in parts)
    assert plain.decision.candidate == tools.decision.candidate == parts.decision.candidate == "small"
    assert plain.choices[0].message.content == streamed == SAID
    assert json.loads(tools.choices[0].message.tool_calls[0].function.arguments) == {"heard": SAID}
    _unseen(echo, 3)


def test_the_same_for_a_caller_that_awaits(options, echo):
    async def ask() -> str:
        async with AsyncHybridClient(**options) as client:
            return (await client.chat.completions.create(model="m", messages=asked(SAID))).choices[0].message.content

    assert asyncio.run(ask()) == SAID
    _unseen(echo, 1)


def _unseen(echo, requests: int) -> None:
    assert len(echo.seen) == requests
    assert not [value for value in (*PERSONAL.values(), "Abernathy") if value in "".join(echo.seen)]


def test_an_answer_that_changed_a_placeholder_is_not_delivered(options, echo):
    with HybridClient(**options) as client:
        response = client.chat.completions.create(model="m", messages=asked(f"change {PERSONAL['e-mail']}"))
    assert response.choices[0].message.content == f"llm says change {PERSONAL['e-mail']}"
    assert "changed 1 placeholders" in response.decision.reason


def test_the_llm_itself_is_never_masked():
    with pytest.raises(BadInput, match="candidates alone"):
        for_llm(upstream(f"http://localhost/v1?{MASK}"))
    assert for_llm(upstream("http://localhost/v1")).url == "http://localhost/v1"
