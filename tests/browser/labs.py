"""A JupyterLab server of its own for a test: on a free port of this machine, with notebooks that name a run folder."""

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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def with_parameters(notebook: Path, target: Path, **given: object) -> None:
    """A copy of `notebook` whose parameters cell ends with `given`, as a person would edit it."""
    book = json.loads(notebook.read_text(encoding="utf-8"))
    (cell,) = [c for c in book["cells"] if "parameters" in c["metadata"].get("tags", [])]
    cell["source"] = [*cell["source"], *(f"\n{name} = {value!r}" for name, value in given.items())]
    target.write_text(json.dumps(book), encoding="utf-8")


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
