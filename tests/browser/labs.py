"""A JupyterLab server of its own for a test: on a free port of this machine, with notebooks that name a run folder."""

import gzip
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from migration.routing import Router

ROOT = Path(__file__).resolve().parent.parent.parent


def with_parameters(notebook: Path, target: Path, **given: object) -> None:
    """A copy of `notebook` whose parameters cell ends with `given`, as a person would edit it."""
    book = json.loads(notebook.read_text(encoding="utf-8"))
    (cell,) = [c for c in book["cells"] if "parameters" in c["metadata"].get("tags", [])]
    cell["source"] = [*cell["source"], *(f"\n{name} = {value!r}" for name, value in given.items())]
    target.write_text(json.dumps(book), encoding="utf-8")


def served(policy: Path, log: Path, target: Path) -> None:
    """`log` as a gateway of `policy` might have served it: routed calls kept, in shadow, with the LLM's own answers."""
    router = Router.load(policy)
    with gzip.open(log, "rt", encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for number, line in enumerate(lines):
            call = json.loads(line)
            if not (choices := (call.get("response") or {}).get("choices")) or not choices[0]["message"]["content"]:
                continue
            messages, said = call["request"]["messages"], choices[0]["message"]["content"]
            task = router.recognise(messages)
            kept, llm = (
                bool(router.policy.rungs.get(task)),
                {"candidate": router.policy.llm, "rung": -1, "answer": said},
            )
            first = router.policy.rungs[task][0].candidate if kept else router.policy.llm
            at = datetime.fromtimestamp(call["created"], UTC).isoformat()
            row = {
                "call_id": f"call-{number}",
                "conversation_id": None,
                "created_at": at,
                "task": task,
                "messages": messages,
            }
            row |= {
                "decision": "slm" if kept else "llm",
                "rung": 0 if kept else -1,
                "confidence": 0.95,
                "response": said,
            }
            row |= {
                "candidate": first,
                "model": first,
                "reason": "",
                "stage": "answer",
                "tried": [],
                "latency_ms": 20.0,
            }
            row |= {"policy": router.policy.version, "shadow_share": 1.0, "shadowed": kept, "cost_usd": 0.001}
            out.write(json.dumps(row | {"shadow": [llm | {"confidence": 1.0}] if kept else []}) + "\n")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """JupyterLab on `folder`: its address of notebooks and its token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, home = secrets.token_hex(16), folder / ".jupyter"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--port-retries=0"]
    command += [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}", "--LabApp.news_url=None"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.expose_app_in_browser=True"]
    paths = {"JUPYTER_CONFIG_DIR": home, "JUPYTER_RUNTIME_DIR": home / "run", "IPYTHONDIR": home / "ipython"}
    known = os.environ | {name: str(path) for name, path in paths.items()} | {"PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/api/status?token={token}", server)
        yield f"http://127.0.0.1:{port}/lab/tree/", token
    finally:
        server.terminate()
        server.wait(30)


def _wait(url: str, server: subprocess.Popen) -> None:
    for _ in range(240):
        assert server.poll() is None, "jupyter lab did not start"
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("jupyter lab did not answer within a minute")
