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
import tuned_run
from live_runs import asked, put
from servers import serving_app
from test_gateway import gateway
from typer.testing import CliRunner

from migration import cli
from migration.live import HybridClient
from migration.live.server.embedded import Embedded
from migration.routing.policy import Candidate, Policy
from migration.schema import CandidateKind

ROOT = Path(__file__).resolve().parents[3]
SMALL = Candidate(CandidateKind.SLM, "smollm2", "smollm2")


def readme() -> str:
    return (ROOT / "README.md").read_text().split("## Serve it")[1].split("\n## ")[0]


def readme_commands(run: Path) -> list[str]:
    lines = [line.split(" #")[0].strip() for line in readme().splitlines() if line.startswith("    migrate ")]
    return [line.replace("outputs/sample", str(run)) for line in lines]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A run as `make run` leaves it, its model tuned for real, and a version that served before."""
    pytest.importorskip("xllamacpp", reason="needs llama.cpp's server (pip install -e '.[test]')")
    run = tuned_run.make(tmp_path_factory.mktemp("outputs") / "sample")
    before = json.loads((run / "04_router_tuning" / "policy.json").read_text()) | {"llm_fallback": True}
    del before["checksum"]
    put(run, Policy.from_dict(before))
    return run


@pytest.mark.slow
def test_every_command_of_the_readme(sample, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    check, activate, serve, widen, *others = readme_commands(sample)
    measured, served = [json.loads(line) for line in typed(check).splitlines() if line.startswith("{")]
    assert (measured["calls"], measured["differing"], measured["changed"]) == (6, 0, 0.0), "same weights, same engine"
    assert served["differing"] <= 1, "half precision in llama.cpp: a near-tie may fall otherwise"
    typed(activate)
    port = int(re.search(r"--port (\d+)", serve)[1])
    words = [sys.executable, "-m", "migration.cli", *shlex.split(serve)[1:], "--timeout", "60"]  # a busy machine
    said = (tmp_path / "said").open("w+")
    process = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said)
    try:
        _until_ready(port, process)
        typed(widen)
        time.sleep(0.5)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="any")
        for ticket, queue in tuned_run.TICKETS.items():
            reply = client.chat.completions.create(model="gpt-4o", messages=asked(ticket), max_tokens=13)
            told = reply.x_migration
            assert told["candidate"] == tuned_run.TUNED, told
            assert (reply.choices[0].message.content, told["task"]) == (queue, "queue")
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        assert '    client = HybridClient("outputs/sample") ' in readme()
        with HybridClient(sample) as changed:
            assert changed.chat.completions.create(model="gpt-4o", messages=asked("hi"), max_tokens=4).decision
        for command in others:
            typed(command, tmp_path)
            if "policy off" in command:
                time.sleep(0.5)
                off = client.chat.completions.create(model="gpt-4o", messages=asked("hi"), max_tokens=4)
                assert off.x_migration["reason"] == "switched off"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "a graceful end"
    said.seek(0)
    assert "NO LLM IS CONFIGURED" in said.read()


def typed(command: str, folder: Path | None = None) -> str:
    """What a command of the README says; the shell's own work is done here."""
    arguments = shlex.split(command)[1:]
    if arguments[0] == "import":
        pattern = Path(arguments[1])
        _until(lambda: list(pattern.parent.glob(pattern.name)))
        arguments = ["import", *map(str, pattern.parent.glob(pattern.name)), "--out", str(folder / "calls.parquet")]
    done = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, (command, done.output)
    return done.output


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
