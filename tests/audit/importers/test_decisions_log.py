"""The gateway's decision log is traffic again: the LLM's answers are references, a small model's are not."""

import json

import pyarrow.parquet as pq

from migration.audit import import_log


def line(number: int, decision: str, **more) -> str:
    own = {
        "call_id": f"c{number}", "conversation_id": f"v{number}", "created_at": f"2026-11-25T10:00:0{number}.000+00:00",
        "task": "queue", "rung": -1 if decision == "llm" else 0, "decision": decision, "reason": "", "confidence": 0.9,
        "prompt_tokens": 20, "completion_tokens": 6, "latency_ms": 12.5, "policy": "v1", "shadow": [], "status": 200,
        "messages": [{"role": "user", "content": f"question {number}"}], "requested_model": "gpt-4o", "error": None,
        "model": "gpt-4o-2024-08-06" if decision == "llm" else "small", "response": f"answer {number}",
    }  # fmt: skip
    return json.dumps(own | more)


def test_each_line_is_a_call(tmp_path):
    said = {"candidate": "gpt-4o", "rung": -1, "answer": "the LLM's"}
    log = tmp_path / "decisions-2026-11-25.jsonl"
    lines = [
        line(1, "llm"), line(2, "slm"), line(3, "slm", shadow=[said]),
        line(4, "error", response=None, status=500, error="the LLM answered 500"), line(5, "llm", messages=None),
        line(6, "slm", tools=[{"type": "function", "function": {"name": "f"}}]),
    ]  # fmt: skip
    log.write_text("\n".join(lines) + "\n")
    report = import_log(log, tmp_path / "calls.parquet", progress=lambda _: None)
    rows = {row["call_id"]: row for row in pq.read_table(tmp_path / "calls.parquet").to_pylist()}
    assert report.format == "decision log"
    assert (report.calls, report.bad) == (5, 1)
    assert {key: row["response"] for key, row in rows.items()} == {
        "c1": "answer 1", "c2": None, "c3": "the LLM's", "c4": None, "c6": None,
    }  # fmt: skip
    assert rows["c1"]["model"] == "gpt-4o-2024-08-06"
    assert rows["c2"]["model"] == "gpt-4o", "priced as without the small model"
    assert rows["c2"]["cost_usd"] > 0
    assert rows["c4"]["kind"] == "error"
    assert rows["c2"]["conversation_id"] == "v2"
