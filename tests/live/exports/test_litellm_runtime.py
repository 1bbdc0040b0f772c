"""A real LiteLLM proxy with the exported files: the plugin decides before the call, the handler is the cascade."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import httpx2 as httpx
import openai
import pytest
from live_runs import OTHER, asked

from migration.live.exports import export

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migration" / "litellm-1.108.7"


@pytest.fixture
def proxy(run, tmp_path, llm_url, small_url):
    program = HOME / "bin" / "litellm"
    if not program.exists():
        pytest.skip("needs LiteLLM in an environment of its own: tests/bench/gateway.py makes it")
    export(run, "litellm", tmp_path, llm=f"{llm_url}#gpt-x", upstreams={"small": small_url})
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    own = {"PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "k", "LITELLM_MASTER_KEY": "sk-" + "0123456789abcdef" * 3,
           "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # fmt: skip
    words = [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(words, cwd=tmp_path, env={**os.environ, **own}, stdout=said, stderr=said)
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=1)
            break
        except httpx.HTTPError:
            time.sleep(0.2)
    yield openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=own["LITELLM_MASTER_KEY"], max_retries=0)
    process.terminate()
    process.wait(20)


@pytest.mark.slow
def test_a_litellm_proxy_answers_by_the_policy(proxy, run):
    def say(text, system=None, **more):
        return proxy.chat.completions.create(model="hybrid", messages=asked(text, *[system] * bool(system)), **more)

    kept, escalated = say("hi"), say("unsure")
    assert kept.choices[0].message.content == "small says hi"
    assert kept.x_migration["decision"] == "slm"
    assert escalated.choices[0].message.content == "llm says unsure"
    assert escalated.x_migration["tried"][0]["candidate"] == "small"
    assert say("500:small").choices[0].message.content == "llm says 500:small"
    assert say("hi", OTHER).choices[0].message.content == "llm says hi"
    assert "".join(c.choices[0].delta.content or "" for c in say("hi", stream=True)) == "small says hi"
    with pytest.raises(openai.RateLimitError):
        say("unsure 429:llm")
    logged = [json.loads(line) for file in (run / "live").glob("decisions-*") for line in file.read_text().splitlines()]
    assert all(line["decision"] in ("slm", "llm", "error") for line in logged)
