"""Relabelling by a real server: a second answer beside the log's, chosen on purpose, asked for once."""

import json
import urllib.request

import pandas as pd
import pytest
from servers import JsonHandler, Server, llama_cpp, serving

from migration.errors import BadInput
from migration.finetune import examples

ASKED = ["cancel the blue shirt", "where is my parcel", "change two tickets", "print this invoice", "find a chair"]


class Door(Server):
    """Stands before llama.cpp's server: counts what comes, and refuses every call whose text holds `refused`."""

    def __init__(self, behind: str):
        super().__init__(Through)
        self.behind, self.came, self.refused = behind, 0, "nothing"

    @property
    def source(self) -> str:
        return f"{self.url}#smollm2"


class Through(JsonHandler):
    server: Door

    def do_POST(self):
        body = self.body()
        self.server.came += 1
        if self.server.refused in body["messages"][-1]["content"]:
            status, said = 500, b'{"error": {"message": "out of order"}}'
        else:
            headers, data = {"content-type": "application/json"}, json.dumps(body).encode()
            with urllib.request.urlopen(urllib.request.Request(self.server.behind + self.path, data, headers)) as reply:
                status, said = reply.status, reply.read()
        self.reply(status, said, x_should_retry="false")


@pytest.fixture(scope="module")
def behind():
    """llama.cpp's own server with SmolLM2; one thread, as two would wait for each other where other work runs."""
    return llama_cpp(context=512, slots=1, threads=1)


@pytest.fixture
def door(behind):
    with serving(Door(behind.listening_address)) as server:
        yield server


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
    beside = examples.relabelled(calls, door.source, use=False, cache=tmp_path)
    train = beside["split"] == "train"
    assert beside.loc[train, "second_answer"].str.strip().ne("").all()
    assert beside.loc[~train, "second_answer"].isna().all()  # a held-out call is not asked
    assert "relabelled" not in beside
    pd.testing.assert_frame_equal(beside[calls.columns], calls)
    chosen = examples.relabelled(calls, door.source, use=True, cache=tmp_path)
    pd.testing.assert_series_equal(chosen["relabelled"], beside["second_answer"], check_names=False)
    assert list(chosen["response"]) == list(calls["response"])


@pytest.mark.slow
def test_a_call_is_asked_once(door, tmp_path):
    first = examples.relabelled(log(), door.source, use=False, cache=tmp_path)
    assert door.came == 4
    second = examples.relabelled(log(), door.source, use=True, cache=tmp_path)
    assert door.came == 4
    pd.testing.assert_series_equal(second["second_answer"], first["second_answer"])


@pytest.mark.slow
def test_a_call_that_was_refused_keeps_the_logs_answer_and_is_asked_again(door, tmp_path):
    door.refused = "tickets"
    calls = examples.relabelled(log(), door.source, use=True, cache=tmp_path)
    assert list(calls.loc[calls["relabelled"].isna(), "call_id"]) == ["c2", "c4"]  # refused, and held out
    assert list(calls["response"]) == ["order"] * 5
    door.refused = "nothing"
    again = examples.relabelled(log(), door.source, use=True, cache=tmp_path)
    assert door.came == 5
    assert again.loc[again["split"] == "train", "relabelled"].notna().all()


@pytest.mark.slow
def test_a_model_that_answers_nothing_stops_with_its_error(door, tmp_path):
    door.refused = ""
    with pytest.raises(BadInput, match=r"answered none of 4 training calls: .*out of order"):
        examples.relabelled(log(), door.source, use=True, cache=tmp_path)
