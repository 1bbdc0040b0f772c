"""The gateway: OpenAI's client against one address, who may call, what is refused, what is seen."""

import asyncio
import json
import time
from pathlib import Path

import httpx2 as httpx
import openai
import pytest
import recorded
from live_runs import OTHER, asked, policy, put
from servers import serving_app

from migration.live import Hybrid, policies
from migration.live.rungs.upstream import Upstream
from migration.live.server.gateway import Bounds, Gateway
from migration.live.server.metrics import Metrics


def gateway(run, llm_url, small_url, *, timeout: float = 2.0, **options) -> Gateway:
    metrics = Metrics()
    hybrid = Hybrid(run, upstreams={"small": small_url}, timeout=timeout, log=False, observe=metrics.observe)
    return Gateway(hybrid, Upstream(llm_url, key="llm-key"), metrics, **options)


@pytest.fixture
def url(run, llm_url, small_url):
    with serving_app(gateway(run, llm_url, small_url, tokens=["t1", "t2"]).app()) as at:
        yield at


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=url, api_key="t2", max_retries=0) as made:
        yield made


def say(client, text="hi", **more):
    return client.chat.completions.create(model="gpt-4o", messages=asked(text), **more)


def test_an_unchanged_client_is_answered_by_the_policy(client):
    assert say(client).choices[0].message.content == "small says hi"
    reply = say(client, "unsure")
    assert reply.choices[0].message.content == "llm says unsure"
    assert reply.x_migration["tried"][0]["candidate"] == "small"
    for text, who in (("hi", "small"), ("unsure", "llm")):
        chunks = list(say(client, text, stream=True))
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == f"{who} says {text}"
        assert chunks[0].x_migration["decision"] == ("slm" if who == "small" else "llm")
    assert client.embeddings.create(model="e", input="x", encoding_format="float").data[0].embedding == [0.5]
    assert {model.id for model in client.models.list()} == {"big", "small"}


def test_a_token_is_needed_and_stays_here_and_the_key_goes_to_the_llm_alone(url, client, llm_app, small_app):
    with pytest.raises(openai.AuthenticationError):
        say(client.with_options(api_key="wrong"))
    say(client, "unsure")
    (of_llm, _), (of_small, _) = llm_app.state.seen[-1], small_app.state.seen[-1]
    assert of_llm["authorization"] == "Bearer llm-key"
    assert "authorization" not in of_small
    root = url.removesuffix("/v1")
    assert httpx.get(f"{root}/health").json() == {"status": "ok"}
    assert httpx.get(f"{root}/ready").json()["problem"] is None
    assert httpx.get(f"{root}/metrics").status_code == 401


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[1]", 400), (b"x" * 3000, 413), (b"[" * 1500, 400), (b'{"messages": "hi"}', 500)],
)
def test_what_is_no_request_gets_an_error_of_openais_form(run, llm_url, small_url, content, status):
    made = gateway(run, llm_url, small_url, bounds=Bounds(body=2000))
    with serving_app(made.app()) as at:
        reply = httpx.post(f"{at}/chat/completions", content=content)
        assert reply.status_code == status
        assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
        unsaid = httpx.post(f"{at}/chat/completions", content=iter([content]))  # in chunks, its length not told
        assert unsaid.status_code == status
        assert httpx.get(f"{at}/../x").status_code == 404
        above = httpx.post(f"{at}/%2e%2e/v1/embeddings", json={"input": "x"})  # the LLM's server has that path
        assert above.status_code == 404


def test_more_calls_than_a_worker_takes_are_told_to_come_again(run, llm_url, small_url):
    with serving_app(gateway(run, llm_url, small_url, bounds=Bounds(calls=2)).app()) as at:
        client = openai.AsyncOpenAI(base_url=at, api_key="x", max_retries=0)

        async def burst():
            calls = (say(client, f"unsure slow:llm {i}") for i in range(6))
            return await asyncio.gather(*calls, return_exceptions=True)

        kinds = [type(one) for one in asyncio.run(burst())]
    assert kinds.count(openai.RateLimitError) == 4


def test_a_stream_counts_until_its_end_or_until_its_caller_leaves(run, llm_url, small_url):
    made = gateway(run, llm_url, small_url, bounds=Bounds(calls=2))
    with serving_app(made.app()) as at, openai.OpenAI(base_url=at, api_key="x", max_retries=0) as client:
        streams = [say(client, f"unsure hang:llm {i}", stream=True) for i in range(2)]
        with pytest.raises(openai.RateLimitError):
            say(client)
        for stream in streams:
            stream.close()
        end = time.monotonic() + 10
        while made.metrics.now_in_flight() and time.monotonic() < end:
            time.sleep(0.02)
        assert say(client).choices[0].message.content == "small says hi"


@pytest.mark.parametrize("fault", ["429", "500", "garbage", "cut", "redirect"])
def test_a_failing_llm_is_a_proper_error(client, fault):
    with pytest.raises(openai.RateLimitError if fault == "429" else openai.APIStatusError) as told:
        say(client, f"unsure {fault}:llm")
    assert told.value.status_code == {"429": 429, "500": 500, "redirect": 307}.get(fault, 502), "and none is followed"


def test_a_connection_that_took_too_long_is_tried_once_more(run, llm_url, small_url):
    """In a burst of a thousand streams on a busy machine this process itself was late, and 32 callers got a 504."""
    made, seen = gateway(run, llm_url, small_url), []

    def late(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) == 1:
            raise httpx.ConnectTimeout("late")
        return httpx.Response(200, json=recorded.completion("llm", json.loads(request.content)))

    made.client = httpx.AsyncClient(transport=httpx.MockTransport(late))
    with serving_app(made.app()) as at, openai.OpenAI(base_url=at, api_key="x", max_retries=0) as client:
        assert say(client, "unsure").choices[0].message.content == "llm says unsure"
    assert len(seen) == 2


@pytest.mark.parametrize("fault", ["cut", "garbage"])
def test_a_stream_that_breaks_ends_in_an_error(client, fault):
    with pytest.raises((openai.APIError, json.JSONDecodeError)):
        list(say(client, f"unsure {fault}:llm", stream=True))


def test_the_split_is_seen_by_prometheus_and_drawn_by_grafana(run, llm_url, small_url):
    made = gateway(run, llm_url, small_url)
    with serving_app(made.app()) as at:
        client = openai.OpenAI(base_url=at, api_key="x")
        for text in ("hi", "hi", "unsure", "500:small"):
            say(client, text)
        text = httpx.get(f"{at.removesuffix('/v1')}/metrics").text
    assert 'migration_calls_total{candidate="small",decision="slm",stage="answer",task="queue"} 2.0' in text
    assert 'migration_escalations_total{candidate="small",why="unsure"} 1.0' in text
    assert 'migration_escalations_total{candidate="small",why="failed"} 1.0' in text
    board = json.loads((Path(policies.__file__).parent / "server" / "dashboard.json").read_text())
    wanted = {
        word
        for panel in board["panels"]
        for target in panel["targets"]
        for word in target["expr"].split("migration_")[1:]
    }
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    for word in wanted:
        name = "migration_" + word.split("[")[0].split("{")[0].split(")")[0].split(" ")[0]
        assert name in names or name.rsplit("_", 1)[0] in names, name


def test_streams_at_once_lose_and_mix_up_nothing(run, llm_url, small_url):
    with serving_app(gateway(run, llm_url, small_url, timeout=30.0).app()) as at:

        async def one(client, i):
            word = ("hi", "unsure")[i % 2]
            stream = await client.chat.completions.create(model="m", messages=asked(f"{word} {i}"), stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        async def all_of_them():
            async with openai.AsyncOpenAI(base_url=at, api_key="x", max_retries=0) as client:
                return await asyncio.gather(*(one(client, i) for i in range(100)))

        said = asyncio.run(all_of_them())
    assert said == [f"{('small', 'llm')[i % 2]} says {('hi', 'unsure')[i % 2]} {i}" for i in range(100)]


def test_a_policy_replaced_under_load_loses_no_call(run, llm_url, small_url):
    with serving_app(gateway(run, llm_url, small_url).app()) as at:

        async def talk():
            async with openai.AsyncOpenAI(base_url=at, api_key="x", max_retries=0) as client:

                async def calls(i):
                    return [await say(client, f"hi {i} {j}") for j in range(12)]

                async def change():
                    for threshold in (0.9999, 0.4, 0.3):
                        await asyncio.sleep(0.2)
                        put(run, policy(threshold))
                    (run / "live" / "active.json").write_text("{torn")

                found = await asyncio.gather(change(), *(calls(i) for i in range(8)))
                await asyncio.sleep(2 * policies.EVERY)
                return found[1:], await say(client)

        found, last = asyncio.run(talk())
    for i, row in enumerate(found):
        for j, reply in enumerate(row):
            assert reply.choices[0].message.content in (f"small says hi {i} {j}", f"llm says hi {i} {j}")
    assert last.choices[0].message.content == "llm says hi"
    assert "no valid policy" in last.x_migration["reason"]


def test_other_tasks_go_to_the_llm(client):
    reply = client.chat.completions.create(model="m", messages=asked("hi", OTHER))
    assert reply.choices[0].message.content == "llm says hi"
