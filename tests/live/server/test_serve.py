"""From a run to a served hybrid and back, as the README says it, with a real small model in llama.cpp's server."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2 as httpx
import openai
import pytest
from live_runs import asked, policy
from servers import serving_app
from test_gateway import gateway
from typer.testing import CliRunner

from migration import cli
from migration.live.server.embedded import Embedded
from migration.routing.policy import Candidate
from migration.schema import CandidateKind

ROOT = Path(__file__).resolve().parents[3]
SMALL = Candidate(CandidateKind.SLM, "smollm2", "smollm2")


def readme_commands() -> list[str]:
    section = (ROOT / "README.md").read_text().split("## Serve it")[1].split("\n## ")[0]
    return [line.split(" #")[0].strip() for line in section.splitlines() if line.startswith("    migrate ")]


@pytest.fixture
def sample(tmp_path):
    """A run folder as step 04 leaves it: nothing live yet."""
    pytest.importorskip("xllamacpp", reason="needs llama.cpp's server (pip install -e '.[test]')")
    made = policy()
    object.__setattr__(made, "candidates", {"small": SMALL})
    file = tmp_path / "sample" / "04_router_tuning" / "policy.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(made.to_json()))
    return tmp_path / "sample"


@pytest.mark.slow
def test_every_command_of_the_readme(sample, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    serve, *others = [words.replace("outputs/sample", str(sample)) for words in readme_commands()]
    port = int(re.search(r"--port (\d+)", serve)[1])
    words = [sys.executable, "-m", "migration.cli", *shlex.split(serve)[1:]]
    said = (tmp_path / "said").open("w+")
    process = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said)
    try:
        _until_ready(port, process)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any")
        first = client.chat.completions.create(model="gpt-4o", messages=asked("My card is lost"), max_tokens=8)
        assert first.choices[0].message.content
        assert first.x_migration["task"] == "queue"
        for command in others:
            arguments = shlex.split(command)[1:]
            if arguments[0] == "import":  # the shell's own work
                _until(lambda: list(sample.glob("live/decisions-*")))
                files = map(str, sample.glob("live/decisions-*"))
                arguments = ["import", *files, "--out", str(tmp_path / "calls.parquet")]
            done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
            assert done.exit_code == 0, (command, done.output)
            if arguments[:2] == ["policy", "off"]:
                time.sleep(0.5)
                off = client.chat.completions.create(model="gpt-4o", messages=asked("hi"), max_tokens=4)
                assert off.x_migration["reason"] == "switched off"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "a graceful end"
    said.seek(0)
    assert "NO LLM IS CONFIGURED" in said.read()


@pytest.mark.slow
def test_a_small_model_that_is_killed_while_it_answers_costs_one_escalation(run, sample, llm_url):
    own = Embedded(sample)
    own.start({"small": SMALL})
    try:
        with serving_app(gateway(run, llm_url, own.addresses["small"], timeout=60.0).app()) as at:
            client = openai.OpenAI(base_url=at, api_key="any", max_retries=0)
            threading.Timer(1.0, lambda: os.kill(own._processes[0].pid, signal.SIGKILL)).start()
            text = "Write a very long story about everything that ever was. "
            reply = client.chat.completions.create(model="m", messages=asked(text), max_tokens=1000)
            assert reply.choices[0].message.content == f"llm says {text}"
            assert "small failed" in reply.x_migration["reason"]
    finally:
        own.stop()


def _until_ready(port: int, process: subprocess.Popen) -> None:
    def ready() -> bool:
        assert process.poll() is None, "the gateway ended"
        try:
            return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    _until(ready)


def _until(true, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
