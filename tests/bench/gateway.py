"""What the gateway costs: latency added over the upstream on the accept path, throughput beside a LiteLLM proxy,
streams at once, memory over many requests.

The accept path is the whole of it: token, recognition, policy, one call of the rung, its logprobs read, confidence
calibrated, answer and `x_migration` written, decision logged (masked, in the writer's process). LiteLLM passes the same
body through to the same upstream. Both have one worker; load, upstream and servers share this machine's cores, in
interleaved rounds, so that the ratio counts and not the numbers. LiteLLM is installed into an environment of its own
under the user's cache, and left out where that fails.

--soak runs the long forms alone: memory over 50,000 requests, 1,000 streams at once, and two hundred faults against
`migrate serve` while the policy is replaced and the small model's server is killed; then again with a full disk under
the decision log.

    python tests/bench/gateway.py [--quick | --soak [memory faults streams]]
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "live")]

from live_faults import PROPER, everybody, lost  # noqa: E402
from live_runs import asked, policy, put  # noqa: E402
from load import Client, timed  # noqa: E402

LITELLM = "litellm[proxy]==1.108.7"
UNGUARDED = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def started(stack: ExitStack, words: list, port: int, *, seconds: float = 120.0, **more) -> subprocess.Popen:
    """A process of our own, once its port answers; ended with the stack."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    stack.callback(ended, process)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return process
        if process.poll() is not None:
            raise RuntimeError(f"{words[1:4]} ended at once")
        time.sleep(0.1)
    raise RuntimeError(f"{words[1:4]} does not answer")


def ended(process: subprocess.Popen) -> None:
    """End a process as an operator does; the gateway takes the time to write its log out."""
    process.terminate()
    try:
        process.wait(120)
    except subprocess.TimeoutExpired:
        process.kill()


def upstream(stack: ExitStack) -> int:
    started(stack, [sys.executable, str(TESTS / "load.py"), str(port := free_port())], port)
    return port


def gateway(
    stack: ExitStack, folder: Path, small: int, llm: int, *, timeouts: tuple[float, float] = (60.0, 600.0)
) -> tuple[int, subprocess.Popen]:
    """`migrate serve` in a process of its own. timeouts: seconds for the rung, and for the LLM."""
    put(folder / "run", policy())
    port = free_port()
    words = ["-m", "migration.cli", "serve", str(folder / "run"), "--port", str(port)]
    words += ["--timeout", str(timeouts[0]), "--llm-timeout", str(timeouts[1])]
    words += ["--llm", f"http://127.0.0.1:{llm}/v1", "--upstream", f"small=http://127.0.0.1:{small}/v1"]
    environment = {**os.environ, "MIGRATION_TOKENS": "x,y"}
    return port, started(stack, [sys.executable, *words], port, env=environment)


def litellm(stack: ExitStack, folder: Path, small: int) -> int | None:
    """A LiteLLM proxy in front of the same upstream; None where it cannot be installed."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migration" / "litellm-1.108.7"
    if not (home / "bin" / "litellm").exists():
        print("installing LiteLLM into an environment of its own (once)", flush=True)
        done = subprocess.run([sys.executable, "-m", "venv", home], check=False)
        if done.returncode == 0:
            done = subprocess.run(
                [home / "bin" / "pip", "install", "--quiet", LITELLM], check=False, capture_output=True
            )
        if done.returncode:
            print("LiteLLM cannot be installed here: the comparison is left out")
            return None
    model = {"model": "openai/m", "api_base": f"http://127.0.0.1:{small}/v1", "api_key": "x"}
    config = {"model_list": [{"model_name": "m", "litellm_params": model}]}
    (folder / "litellm.yaml").write_text(json.dumps(config))
    port = free_port()
    words = [home / "bin" / "litellm", "--config", folder / "litellm.yaml", "--host", "127.0.0.1", "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    started(stack, [*words, "--num_workers", "1"], port, env=kept | {"LITELLM_LOG": "ERROR", **UNGUARDED})
    return port


def body(**more) -> bytes:
    """A request with a prompt of some length, and the logprobs that a rung is asked for where it goes direct."""
    text = "My parcel has not arrived and the tracking page has not changed for a week. " * 8
    return json.dumps({"model": "m", "messages": asked(text), "max_tokens": 32, "temperature": 0} | more).encode()


def compare(ports: dict[str, int], *, seconds: float, rounds: int) -> dict[int, dict[str, tuple[float, float, float]]]:
    """connections -> name -> (p50 ms, p95 ms, requests a second), each round asking everyone in turn."""
    direct = body(logprobs=True, top_logprobs=20)
    table = {}
    for connections in (1, 16, 64):
        seen = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                sent = body() if name == "gateway" else direct
                seen[name] += asyncio.run(timed(port, sent, connections=connections, seconds=seconds))
        table[connections] = {
            name: (*np.percentile(times, (50, 95)), len(times) / (rounds * seconds)) for name, times in seen.items()
        }
    return table


def show(table: dict) -> None:
    print(f"{'connections':>11}  {'server':<10}{'p50 ms':>9}{'p95 ms':>9}{'added ms':>10}{'requests/s':>12}")
    for connections, row in table.items():
        for name, (p50, p95, rate) in row.items():
            added = "" if name == "upstream" else f"{p50 - row['upstream'][0]:.2f}"
            print(f"{connections:>11}  {name:<10}{p50:>9.2f}{p95:>9.2f}{added:>10}{rate:>12.0f}")


async def streams_at_once(port: int, count: int) -> int:
    """Streams that lost something or were mixed up, of so many at the same time, every second one escalated.

    A rung that was too slow under this load may have been escalated, too: its answer is then the LLM's, and right.
    """

    async def one(i: int) -> bool:
        word, whose = (("hi", ("small", "llm")), ("unsure", ("llm",)))[i % 2]
        client = await Client(port).open()
        sent = {"model": "m", "messages": asked(f"{word} {i}"), "stream": True}
        status, said = await client.post(json.dumps(sent).encode())
        client.close()
        lines = [json.loads(line[5:]) for line in said.decode().split("\n") if line.startswith("data: {")]
        heard = "".join(line["choices"][0]["delta"].get("content") or "" for line in lines)
        return status == 200 and heard in [f"{who} says {word} {i}" for who in whose] and said.endswith(b"[DONE]\n\n")

    return count - sum(await asyncio.gather(*(one(i) for i in range(count))))


async def memory_growth(port: int, process: psutil.Process, requests: int) -> list[float]:
    """MiB after a fifth of the requests, three fifths and all of them, each time once the log is written out."""

    async def part(count: int) -> float:
        clients = [await Client(port).open() for _ in range(16)]

        async def run(client: Client) -> None:
            for _ in range(count // 16):
                status, said = await client.post(body())
                assert status == 200, said

        await asyncio.gather(*(run(client) for client in clients))
        for client in clients:
            client.close()
        before = -1.0
        while (now := lines_written(port)) != before:
            before = now
            await asyncio.sleep(1.0)
        return round(process.memory_info().rss / 2**20, 1)

    return [await part(requests * share // 5) for share in (1, 2, 2)]


def lines_written(port: int) -> float:
    """Decisions that the gateway's log has written or lost."""
    return sum(log_lines(port).values())


def lines_lost(port: int) -> float:
    """Decisions that are in no file, as the gateway counts them."""
    return log_lines(port)["lost"]


def log_lines(port: int) -> dict[str, float]:
    """Decisions by what became of them: written, lost."""
    asked_for = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"authorization": "Bearer x"})
    with urllib.request.urlopen(asked_for) as reply:
        lines = [line for line in reply.read().decode().splitlines() if line.startswith("migration_log_lines{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines}


def serve_recorded(stack: ExitStack, name: str) -> tuple[int, subprocess.Popen]:
    port = free_port()
    return port, started(stack, [sys.executable, str(TESTS / "recorded.py"), str(port), name], port)


def faults(folder: Path, *, full_disk: bool) -> dict[str, object]:
    """Faults lost (a caller without an answer or a proper error, or a log that tells otherwise), of how many calls."""
    live = folder / "run" / "live"
    with ExitStack() as stack:
        (small, server), (llm, upstream_llm) = serve_recorded(stack, "small"), serve_recorded(stack, "llm")
        if full_disk:
            live.mkdir(parents=True)
            for day in (0, 1):  # midnight may come
                (live / f"decisions-{datetime.now(UTC).date() + timedelta(day)}.jsonl").symlink_to("/dev/full")
        port, _ = gateway(stack, folder, small, llm, timeouts=(0.5, 1.0))

        async def replaced_and_killed() -> None:
            for threshold in (0.6, 0.4):
                await asyncio.sleep(0.5)
                put(folder / "run", policy(threshold))
            server.kill()  # with answers under way

        found = asyncio.run(everybody(f"http://127.0.0.1:{port}/v1", replaced_and_killed))
        upstream_llm.kill()  # it would wait for what it was told to let hang
        if full_disk:
            while lines_written(port) < len(found):
                time.sleep(0.2)
            wrong = [said for said in found if said not in PROPER and " says " not in said]
            return {"faults_full_disk": len(found), "faults_full_disk_lost": len(wrong), "lines_lost": lines_lost(port)}
    wrong = lost(found, live)
    print(*wrong, sep="\n")
    return {"faults": len(found), "faults_lost": len(wrong)}


def memory(requests: int) -> dict[str, object]:
    """The gateway's memory over so many requests."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        fixed = upstream(stack)
        port, process = gateway(stack, Path(name), fixed, fixed)
        asyncio.run(timed(port, body(), connections=4, seconds=0.5))
        seen = asyncio.run(memory_growth(port, psutil.Process(process.pid), requests))
        return {"requests": requests, "memory_mib": seen}


def all_faults() -> dict[str, object]:
    """Two hundred faults, and two hundred more with a full disk under the log."""
    found: dict[str, object] = {}
    for full_disk in (False, True):
        with tempfile.TemporaryDirectory() as name:
            found |= faults(Path(name), full_disk=full_disk)
    return found


def streams(count: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        small, llm = serve_recorded(stack, "small")[0], serve_recorded(stack, "llm")[0]
        port, _ = gateway(stack, Path(name), small, llm)
        return {"streams": count, "streams_wrong": asyncio.run(streams_at_once(port, count))}


LONG = {"memory": lambda: memory(50_000), "faults": all_faults, "streams": lambda: streams(1_000)}
"""The long forms by name."""


def main(quick: bool, soak: list[str] | None) -> None:
    found: dict[str, object] = {"added_ms_c1": None, "throughput_ratio": None}
    if soak is not None:
        for name in soak or LONG:
            found |= LONG[name]()
            print(f"{name}: {found}", flush=True)
        print(json.dumps(found))
        return
    seconds, rounds = (1.0, 2) if quick else (3.0, 4)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, fixed = Path(name), upstream(stack)
        port, process = gateway(stack, folder, fixed, fixed)
        ports = {"upstream": fixed, "gateway": port}
        other = None if quick else litellm(stack, folder, fixed)
        if other:
            ports["litellm"] = other
        for each in ports.values():
            asyncio.run(timed(each, body(), connections=4, seconds=0.5))
        table = compare(ports, seconds=seconds, rounds=rounds)
        show(table)
        found["added_ms_c1"] = round(table[1]["gateway"][0] - table[1]["upstream"][0], 3)
        if other:
            best = {who: max(row[who][2] for row in table.values()) for who in ("gateway", "litellm")}
            found["throughput_ratio"] = round(best["gateway"] / best["litellm"], 2)
        count = 2_000
        found |= {"requests": count, "memory_mib": asyncio.run(memory_growth(port, psutil.Process(process.pid), count))}
    print(json.dumps(found | streams(100 if quick else 1_000)))


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true", help="within a minute, without LiteLLM")
    words.add_argument("--soak", nargs="*", choices=LONG, help="the long forms; all of them where none is named")
    given = words.parse_args()
    main(given.quick, given.soak)
