"""Real servers on loopback for tests: one that a test answers for itself, and llama.cpp's own."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from migration import models


class Server(ThreadingHTTPServer):
    """Listens on a free port and hands each request to `handler`."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]):
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """`server` while it answers."""
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class JsonHandler(BaseHTTPRequestHandler):
    """Reads and writes JSON, and logs nothing."""

    def log_message(self, *_) -> None:
        pass

    def body(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers["content-length"])))

    def reply(self, status: int, body: dict | str | bytes, **headers: str) -> None:
        data = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        self.send_response(status)
        self.send_header("content-type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


def completion(content: str, **more) -> dict:
    """A chat completion that says `content`; `more` goes beside the choice's message."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}} | more
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def llama_cpp(file: Path | None = None, *, context: int = 2048, slots: int = 2, threads: int | None = None):
    """llama.cpp's own server on a free port, with a GGUF file (SmolLM2's by default). It serves while referred to.

    Skips the test where the server or SmolLM2's package is not installed.
    """
    xllamacpp = pytest.importorskip("xllamacpp", reason="needs llama.cpp's server (pip install -e '.[test]')")
    if file is None:
        try:
            files = models.find("smollm2")
        except models.ModelNotFound as missing:
            pytest.skip(str(missing))
        file = files.folder / files.gguf
    settings = xllamacpp.CommonParams()
    settings.model.path = str(file)
    settings.n_ctx, settings.n_parallel, settings.port = context, slots, 0
    settings.hostnames = ["127.0.0.1"]
    if threads := threads or int(os.environ.get("OMP_NUM_THREADS", "0")):  # threads that share a core spin
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(settings)


@contextmanager
def serving_app(app) -> Iterator[str]:
    """The base URL (up to `/v1`) of an ASGI app while it is served on a free port, its errors kept quiet."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False,
                            timeout_graceful_shutdown=1)  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not (server.started and server.servers):
        time.sleep(0.005)
        assert thread.is_alive(), "the server ended before it began"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join(5)
