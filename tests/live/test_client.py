"""One changed line: OpenAI's client, unchanged in every respect but who answers."""

import asyncio
import json
import time

import openai
import pytest
from live_runs import OTHER, asked, policy, put

from migration.live import AsyncHybridClient, HybridClient, policies
from migration.routing.policy import Limits

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


@pytest.fixture
def client(run, llm_url, small_url):
    made = HybridClient(
        run, base_url=llm_url, api_key="k", hybrid={"log": False, "upstreams": {"small": small_url}, "timeout": 1.0}
    )
    with made:
        yield made


def create(client, text="hi", system=None, **more):
    messages = asked(text, system) if system else asked(text)
    return client.chat.completions.create(model="gpt-4o", messages=messages, **more)


def test_a_sure_answer_of_the_small_model_is_kept(client):
    response = create(client, temperature=0.7, user="u1", metadata={"a": "b"})
    assert response.choices[0].message.content == "small says hi"
    assert response.decision.decision == "slm"
    assert response.decision.candidate == "small"
    assert response.x_migration["task"] == "queue"
    assert response.usage.total_tokens == 26
    assert response.choices[0].logprobs is None, "the caller asked for none"
    json.loads(response.model_dump_json())


def test_an_unsure_one_costs_an_escalation(client):
    response = create(client, "unsure")
    assert response.choices[0].message.content == "llm says unsure"
    assert response.decision.decision == "llm"
    assert response.decision.tried[0]["candidate"] == "small"
    assert "below" in response.decision.reason


def test_another_task_and_what_no_rung_was_measured_with_go_to_the_llm(client):
    assert create(client, system=OTHER).choices[0].message.content == "llm says hi"
    assert create(client, n=2).choices[0].message.content == "llm says hi"
    reply = create(client, extra_body={"top_k": 3})
    assert reply.choices[0].message.content == "llm says hi"
    assert "top_k" in reply.seen, "arguments nobody knows are passed through"


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PICTURE = {"role": "user", "content": [{"type": "text", "text": "hi"}, IMAGE]}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"messages": [*asked("hi"), PICTURE]}, "image_url"),
        ({"messages": [{"role": "user", "content": "who are you?"}]}, "no small model is proved"),
        ({"messages": asked("x " * 4_000)}, "prompt tokens"),
        ({"logprobs": True, "top_logprobs": 2}, "logprobs"),
        ({"n": 2}, "more than one answer"),
        ({"response_format": {"type": "json_object"}}, "no JSON object"),
    ],
)
def test_what_small_models_cannot_do_is_the_llms(client, run, more, why):
    put(run, policy(limits=Limits(context_tokens=1000)))
    time.sleep(2 * policies.EVERY)
    reply = client.chat.completions.create(**{"model": "gpt-4o", "messages": asked("hi")} | more)
    assert reply.model == "gpt-4o"
    assert reply.choices[0].message.content.startswith("llm says")
    assert why in reply.decision.reason


def test_options_that_ask_for_nothing_are_no_reason_to_pay_the_llm(client):
    nothing = {"logit_bias": None, "logprobs": False, "top_logprobs": None, "audio": None, "n": 1, "stream": False}
    assert create(client, extra_body=nothing).decision.candidate == "small"


def test_a_small_model_takes_half_of_the_callers_time_at_most(client):
    client.hybrid.timeout = 30.0
    began = time.monotonic()
    reply = create(client, "hang:small", timeout=2.0)
    assert reply.choices[0].message.content == "llm says hang:small"
    assert time.monotonic() - began < 2.0, "the LLM answers in the other half, on a busy machine, too"


def test_requests_that_a_server_refuses_do_not_close_it(client):
    for _ in range(6):
        assert create(client, "400:small").decision.reason == "small failed: Refused: status 400"
    assert create(client).decision.candidate == "small"
    for _ in range(5):
        create(client, "500:small")
    assert "left alone" in create(client).decision.reason


def test_streams(client):
    for text, who in (("hi", "small"), ("unsure", "llm")):
        stream = create(client, text, stream=True, stream_options={"include_usage": True})
        assert stream.decision.candidate == {"small": "small", "llm": "big"}[who]
        chunks = list(stream)
        assert chunks[0].x_migration["candidate"] == stream.decision.candidate
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == f"{who} says {text}"


def test_tools_and_response_format(run, llm_url, small_url):
    put(run, policy(limits=Limits(tools=None)))
    options = {"log": False, "upstreams": {"small": small_url}}
    with HybridClient(run, base_url=llm_url, api_key="k", hybrid=options) as client:
        for text, who in (("hi", "slm"), ("unsure", "llm")):
            response = create(client, text, tools=[TOOL], response_format={"type": "json_object"})
            call = response.choices[0].message.tool_calls[0]
            assert (call.function.name, response.decision.decision) == ("look_up", who)
            (first, *_) = create(client, text, tools=[TOOL], stream=True)
            assert first.choices


def test_the_rest_of_the_client_is_openais(client, llm_app):
    assert isinstance(client, openai.OpenAI)
    assert client.embeddings.create(model="e", input="x", encoding_format="float").data[0].embedding == [0.5]
    raw = client.chat.completions.with_raw_response.create(model="m", messages=asked("hi"))
    assert json.loads(raw.headers["x-migration"])["candidate"] == "small"
    assert client.with_options(timeout=3).timeout == 3


@pytest.mark.parametrize("fault", ["429", "500", "hang", "cut", "garbage", "empty", "list", "redirect"])
def test_a_fault_of_the_small_model_costs_one_escalation(client, fault):
    client.hybrid.timeout = 0.3
    response = create(client, f"{fault}:small")
    assert response.choices[0].message.content == f"llm says {fault}:small"
    assert "small failed" in response.decision.reason


def test_a_failing_llm_is_the_clients_own_exception_unless_the_policy_allows_the_small_models_answer(
    run, llm_url, small_url
):
    options = {
        "base_url": llm_url,
        "api_key": "k",
        "max_retries": 1,
        "hybrid": {"log": False, "upstreams": {"small": small_url}},
    }
    with HybridClient(run, **options) as client:
        with pytest.raises(openai.RateLimitError):
            create(client, "unsure 429:llm")
        with pytest.raises(openai.APITimeoutError):
            create(client, "unsure hang:llm", timeout=0.3)
        with pytest.raises(openai.APIError, match="cut"):
            list(create(client, "unsure cut:llm", stream=True))
        put(run, policy(llm_fallback=True))
        time.sleep(2 * policies.EVERY)
        for fault in ("429", "500", "hang"):
            response = create(client, f"unsure {fault}:llm", timeout=0.3)
            assert response.choices[0].message.content == f"small says unsure {fault}:llm"
            assert "the policy allows" in response.decision.reason


def test_the_async_client(run, llm_url, small_url):
    async def talk():
        options = {"log": False, "upstreams": {"small": small_url}, "timeout": 2.0}
        async with AsyncHybridClient(run, base_url=llm_url, api_key="k", hybrid=options) as client:
            replies = await asyncio.gather(
                *(create(client, f"{word} {i}") for i in range(10) for word in ("hi", "unsure"))
            )
            for i, reply in enumerate(replies):
                who, word = ("llm", "unsure") if i % 2 else ("small", "hi")
                assert reply.choices[0].message.content == f"{who} says {word} {i // 2}"
            stream = await create(client, "unsure", stream=True)
            assert stream.decision.decision == "llm"
            assert (await anext(stream)).x_migration
            assert (await create(client, "hang:small")).decision.decision == "llm"
            with pytest.raises(openai.RateLimitError):
                await client.with_options(max_retries=0).chat.completions.create(
                    model="m", messages=asked("unsure 429:llm")
                )

    asyncio.run(talk())
