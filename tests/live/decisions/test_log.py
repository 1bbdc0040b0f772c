"""The decision log: one line a call, off the request path, masked, bounded, and honest about what it lost."""

import json
import time
from datetime import UTC, datetime

import canaries
import httpx2 as httpx
import pandas as pd
import pytest
from live_runs import asked, policy, put
from servers import serving_app

from migration.audit import import_log
from migration.live import Hybrid, HybridClient, policies
from migration.live.decisions import DecisionLog, writer
from migration.live.rungs.upstream import Upstream
from migration.live.server.gateway import Gateway
from migration.live.server.metrics import Metrics
from migration.live.server.tracing import attributes_of
from migration.review.watching.decisions import read_decisions
from migration.routing.policy import Limits, Router

COLUMNS = [
    "call_id",
    "conversation_id",
    "created_at",
    "task",
    "rung",
    "decision",
    "reason",
    "confidence",
    "prompt_tokens",
    "completion_tokens",
    "latency_ms",
    "cost_usd",
    "shadow",
]


def lines(folder):
    return [
        json.loads(line) for file in sorted(folder.glob("decisions-*.jsonl")) for line in file.read_text().splitlines()
    ]


@pytest.fixture
def quick(run):
    """A log without masking, whose writer starts at once."""
    return DecisionLog(run / "live", masked=False)


def test_each_call_is_one_line_with_what_was_decided(run, quick, llm_url, small_url):
    put(run, policy(), shadow_share=1.0)
    options = {"log": quick, "upstreams": {"small": small_url}, "timeout": 2.0}
    with HybridClient(run, base_url=llm_url, api_key="secret-key", max_retries=0, hybrid=options) as client:
        for text in ("hi", "unsure", "unsure 500:llm"):
            try:
                client.chat.completions.create(model="gpt-4o", messages=asked(text), user="c1")
            except Exception as problem:  # noqa: BLE001 - the third fails as asked
                assert "500" in str(problem)  # noqa: PT017
        list(client.chat.completions.create(model="gpt-4o", messages=asked("unsure"), user="c1", stream=True))
    found = {(line["decision"], line["response"]): line for line in lines(run / "live")}
    assert all(set(COLUMNS) <= set(line) for line in found.values())
    kept = found["slm", "small says hi"]
    assert (kept["rung"], kept["candidate"], kept["conversation_id"], kept["task"]) == (0, "small", "c1", "queue")
    assert [one["answer"] for one in kept["shadow"]] == ["llm says hi"]
    assert kept["cost_usd"] == pytest.approx(20e-6)
    assert kept["costs"]["big/shadow"] == pytest.approx(kept["paid_usd"] - kept["cost_usd"])
    escalated = found["llm", "llm says unsure"]
    assert escalated["rung"] == -1
    assert escalated["tried"][0]["answer"] == "small says unsure"
    failed = found["error", None]
    assert (failed["status"], failed["error"]) == (500, "the LLM answered 500")
    assert len(lines(run / "live")) == 4, "a stream is one line, too"
    assert "secret-key" not in json.dumps(lines(run / "live"))
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (run / "live").glob("decisions-*"))


def record(text="hi", **more):
    messages = [{"role": "user", "content": text}]
    own = {"call_id": "c", "conversation_id": "v", "created_at": datetime.now(UTC).isoformat(), "messages": messages}
    return own | {"response": text, "shadow": [], "tried": [], "parts": [], "model": None} | more


def hostile_requests() -> list[tuple[dict, dict]]:
    """(body, headers) of calls with personal data and markup wherever a caller may put something."""
    said, mail = f"{canaries.SAID} {' '.join(canaries.MARKUP)}", canaries.PERSONAL["e-mail"]
    form = {"name": "f", "description": said, "parameters": {"type": "object", "properties": {mail: {"enum": [said]}}}}
    tools = {"tools": [{"type": "function", "function": form}], "metadata": {"note": said}}
    schema = {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "description": said}}}
    whole = {"model": f"{canaries.MODEL} {mail}", "messages": asked(f"hi {said}"), "user": mail}
    unsure, parts = asked(f"unsure {said}"), [{"type": "text", "text": f"unsure {said}"}]
    bodies = [
        whole, whole | tools, whole | schema, whole | {"messages": unsure, "stream": True},
        whole | {"messages": [*unsure, {"role": mail, "name": mail, "content": parts}]},
        whole | {"messages": unsure} | tools, whole | {mail: said},
        whole | {"messages": asked(f"unsure 500:llm {said}")},
        whole | {"messages": [*unsure, {"role": "user", "content": [{"type": mail, "text": said}]}]},
        whole | {"messages": unsure, "response_format": {"type": mail}}, whole | {"tools": [{"function": mail}, mail]},
        whole | {"messages": asked(f"unsure garbage:llm {said}")},
    ]  # fmt: skip
    return [(body, {"traceparent": mail, "x-conversation-id": mail, "x-note": mail}) for body in bodies]


def test_no_canary_of_a_call_reaches_the_log_or_an_operator(run, llm_url, small_url, tmp_path):
    """Every call is a line, with what callers and models said masked; metrics, spans and headers hold nothing of it."""
    put(run, policy(limits=Limits(tools=None)), shadow_share=1.0)
    metrics, records, told = Metrics(), [], []
    hybrid = Hybrid(run, upstreams={"small": small_url}, timeout=5.0, log=False, observe=lambda one: (
        metrics.observe(one), records.append(one)))  # fmt: skip
    with serving_app(Gateway(hybrid, Upstream(llm_url), metrics).app()) as at, httpx.Client(base_url=at) as client:
        for body, headers in hostile_requests():
            reply = client.post("/chat/completions", json=body, headers=headers)
            assert "Abernathy" in reply.text or reply.status_code >= 400, "callers get their own words"
            told.append(str(reply.headers))
        root = at.removesuffix("/v1")
        told += [client.get(f"{root}/{page}").text for page in ("metrics", "ready", "health")]
    assert len(records) == len(hostile_requests())
    told += [str(attributes_of(one)) for one in records]
    logged = [writer.finished(json.loads(json.dumps(one)), masked=True) for one in records]
    assert "<EMAIL_1>" in logged[0]["response"]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in logged))
    (tmp_path / "told.txt").write_text("\n".join(told))
    assert canaries.leaks(tmp_path) == {}
    assert canaries.live("".join(told)) == []


def test_a_conversation_whose_id_is_personal_stays_apart_from_others():
    jane, joe = [writer.finished(record(conversation_id=f"{who}@example.com"), masked=True) for who in ("jane", "joe")]
    assert "jane" not in json.dumps(jane)
    assert jane["conversation_id"] != joe["conversation_id"]
    assert writer.finished(record(conversation_id="v1"), masked=True)["conversation_id"] == "v1"


def test_no_text_is_written_where_nothing_can_mask_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "migration.audit.pii", None)
    said = "jane.doe@example.com"
    made = writer.finished(record(said, conversation_id=said, tools=[said], reason=said, model=said), masked=True)
    assert "jane" not in json.dumps(made)
    assert "left out" in made["masked"]


def test_a_stream_is_put_together_though_chunks_are_damaged():
    chunk = '{"model": "m", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]}'
    usage = '{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}'
    heard = writer.heard_of(
        f"data: {chunk}\n\ndata: {{broken\n\ndata: [1]\n\ndata: {chunk}\n\ndata: {usage}\n\ndata: [DONE]\n\n"
    )
    tokens = {"prompt_tokens": 3, "completion_tokens": 2}
    assert heard == {"response": "aa", "model": "m", "finish_reason": None, "damaged_chunks": 2} | tokens


def test_files_turn_over_by_size_and_a_torn_line_ends_at_its_own(tmp_path):
    files = writer.Files(tmp_path, most_bytes=50)
    for _ in range(5):
        files.append(b"x" * 29 + b"\n", "2026-11-25")
    files.append(b"y\n", "2026-11-26")
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes == {
        "decisions-2026-11-25.jsonl": 60,
        "decisions-2026-11-25.1.jsonl": 60,
        "decisions-2026-11-25.2.jsonl": 30,
        "decisions-2026-11-26.jsonl": 2,
    }


def test_a_full_disk_costs_lines_that_are_counted_and_no_call(run, quick):
    (run / "live" / f"decisions-{writer.today()}.jsonl").symlink_to("/dev/full")
    for _ in range(3):
        quick.put(record())
    quick.close()
    assert quick.lost == 3
    assert "No space left" in quick.problem


def test_the_queue_is_bounded_and_a_dead_writer_is_started_again(run, quick):
    small = DecisionLog(run / "other", most_bytes=10)
    small.put(record())
    assert small.dropped == 1
    quick.put(record("first"))
    _until(lambda: quick.told["written"] == 1)
    quick._writer.kill()
    quick._writer.wait()
    quick.put(record("second"))
    _until(lambda: quick.told["written"] == 2)
    quick.put(record("x" * (2 << 20)))
    quick.close()
    assert [line["response"] for line in lines(run / "live")] == ["first", "second", None]
    assert quick.lost == 0


def _until(true, seconds: float = 20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_was_logged_comes_back_as_traffic_and_as_answers_to_fit_confidence_on(run, quick, llm_url, small_url):
    """Kept with a shadow, escalated, and held back by the ramp with a shadow: both sides' answers, and the signals."""
    put(run, made := policy(), shadow_share=1.0)
    options = {"log": quick, "upstreams": {"small": small_url}, "timeout": 5.0}
    with HybridClient(run, base_url=llm_url, api_key="k", max_retries=0, hybrid=options) as client:
        for text in ("hi", "unsure"):
            client.chat.completions.create(model="gpt-4o", messages=asked(text), user=text)
        policies.update(run / "live", share=0.0)
        time.sleep(2 * policies.EVERY)
        client.chat.completions.create(model="gpt-4o", messages=asked("hi later"), user="later")
    files = list((run / "live").glob("decisions-*"))
    decided = read_decisions(files).set_index("conversation_id")
    assert decided.loc["hi", ["output", "reference"]].tolist() == ["small says hi", "llm says hi"]
    assert decided.loc["later", ["output", "reference"]].tolist() == ["small says hi later", "llm says hi later"]
    assert decided.loc["unsure", ["first", "reference"]].tolist() == ["small says unsure", "llm says unsure"]
    assert decided["shadowed"].all()
    import_log([str(file) for file in files], run / "calls.parquet")
    traffic = pd.read_parquet(run / "calls.parquet").set_index("conversation_id")["response"]
    assert traffic.to_dict() == {name: f"llm says {text}" for name, text in (
        ("hi", "hi"), ("unsure", "unsure"), ("later", "hi later"))}  # fmt: skip
    for line in lines(run / "live"):
        answers = [line] if line["decision"] == "slm" else [*line["tried"], *line["shadow"]]
        for one in answers:
            again = Router(made).confidence(one["signals"], line["task"], "small")
            assert again == pytest.approx(one["confidence"], abs=1e-3), (
                "the log holds what the confidence was read from"
            )
