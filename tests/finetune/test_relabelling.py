"""Relabelling by a real server: a second answer beside the log's, chosen on purpose, asked for once."""

import json
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.finetune import examples
from migration.sample import models

ASKED = ["cancel the blue shirt", "where is my parcel", "change two tickets", "print this invoice", "find a chair"]


class Door(ThreadingHTTPServer):
    """Stands before llama.cpp's server: counts what comes, and refuses every call whose text holds `refused`."""

    daemon_threads = True

    def __init__(self, behind: str):
        super().__init__(("127.0.0.1", 0), Through)
        self.behind, self.came, self.refused = behind, 0, "nothing"
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1#smollm2"


class Through(BaseHTTPRequestHandler):
    server: Door

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came += 1
        if self.server.refused in json.loads(body)["messages"][-1]["content"]:
            status, said = 500, b'{"error": {"message": "out of order"}}'
        else:
            headers = {"content-type": "application/json"}
            with urllib.request.urlopen(urllib.request.Request(self.server.behind + self.path, body, headers)) as reply:
                status, said = reply.status, reply.read()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(said)


@pytest.fixture(scope="module")
def behind():
    """llama.cpp's own server with SmolLM2 on loopback."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="needs llama.cpp's server (pip install -e '.[test]')")
    try:
        files = models.find("smollm2")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    settings = xllamacpp.CommonParams()
    settings.model.path = str(files.folder / files.gguf)
    settings.n_ctx, settings.n_parallel, settings.port = 512, 1, 0
    # one thread: two would wait for each other where other work runs
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.hostnames = ["127.0.0.1"]
    server = xllamacpp.Server(settings)
    return server.listening_address, server  # it serves while it is referred to


@pytest.fixture
def door(behind):
    server = Door(behind[0])
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def log():
    """Five calls of one task, the last one held out."""
    frame = pd.DataFrame({"messages": [[{"role": "user", "content": text}] for text in ASKED]})
    return frame.assign(
        call_id=[f"c{i}" for i in range(len(frame))], conversation_id=[f"v{i}" for i in range(len(frame))],
        kind="chat", task="sort", response="order", completion_tokens=1,
        split=["train"] * 4 + ["test"],
    )  # fmt: skip


@pytest.mark.slow
def test_second_answers_stand_beside_the_logs_and_are_chosen_on_purpose(door, tmp_path):
    calls = log()
    beside = examples.relabelled(calls, door.url, use=False, cache=tmp_path)
    train = beside["split"] == "train"
    assert beside.loc[train, "second_answer"].str.strip().ne("").all()
    assert beside.loc[~train, "second_answer"].isna().all()  # a held-out call is not asked
    assert "relabelled" not in beside
    pd.testing.assert_frame_equal(beside[calls.columns], calls)
    chosen = examples.relabelled(calls, door.url, use=True, cache=tmp_path)
    pd.testing.assert_series_equal(chosen["relabelled"], beside["second_answer"], check_names=False)
    assert list(chosen["response"]) == list(calls["response"])


@pytest.mark.slow
def test_a_call_is_asked_once(door, tmp_path):
    first = examples.relabelled(log(), door.url, use=False, cache=tmp_path)
    assert door.came == 4
    second = examples.relabelled(log(), door.url, use=True, cache=tmp_path)
    assert door.came == 4
    pd.testing.assert_series_equal(second["second_answer"], first["second_answer"])


@pytest.mark.slow
def test_a_call_that_was_refused_keeps_the_logs_answer_and_is_asked_again(door, tmp_path):
    door.refused = "tickets"
    calls = examples.relabelled(log(), door.url, use=True, cache=tmp_path)
    assert list(calls.loc[calls["relabelled"].isna(), "call_id"]) == ["c2", "c4"]  # refused, and held out
    assert list(calls["response"]) == ["order"] * 5
    door.refused = "nothing"
    again = examples.relabelled(log(), door.url, use=True, cache=tmp_path)
    assert door.came == 5
    assert again.loc[again["split"] == "train", "relabelled"].notna().all()


@pytest.mark.slow
def test_a_model_that_answers_nothing_stops_with_its_error(door, tmp_path):
    door.refused = ""
    with pytest.raises(BadInput, match=r"answered none of 4 training calls: .*out of order"):
        examples.relabelled(log(), door.url, use=True, cache=tmp_path)
