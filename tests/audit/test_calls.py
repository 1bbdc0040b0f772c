"""Retries, repeats, judges: what only shows across calls, or from what a call asks for."""

from pathlib import Path

import orjson
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration.audit import import_log
from migration.audit.importers.calls import is_scoring
from migration.schema import split_of

START = 1_748_736_536


def call(name: str, at: float, *, asks: str = "hello", fails: bool = False, cut: bool = False, **changes) -> dict:
    answer = {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "length" if cut else "stop"}]
    }
    return {
        "id": name,
        "created": START + at,
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": asks}]},
        "response": {"error": {"message": "overloaded"}} if fails else answer,
        "metadata": {"conversation_id": "c"},
    } | changes


def kinds(calls: list[dict], folder: Path, **options) -> pd.DataFrame:
    path = folder / "log.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, calls)))
    import_log(path, folder / "calls.parquet", progress=lambda _: None, **options)
    return pd.read_parquet(folder / "calls.parquet").set_index("call_id")


def test_a_retry_follows_a_failed_or_cut_off_try_of_the_same_request_within_the_window(tmp_path: Path) -> None:
    calls = [
        call("failed", 0, fails=True),
        call("again", 30),  # a retry
        call("once more", 60),  # the try before went well
        call("cut", 200, asks="long", cut=True),
        call("longer", 210, asks="long"),  # a retry
        call("late failure", 300, asks="late", fails=True),
        call("too late", 421, asks="late"),
        call("slow failure", 500, asks="slow", fails=True, latency_ms=600_000),
        call("after the timeout", 1110, asks="slow"),  # 10 s after the slow one ended
        call("other request", 1111, asks="other"),
    ]
    got = kinds(calls, tmp_path)
    assert got["retry_of"].dropna().to_dict() == {
        "again": "failed",
        "longer": "cut",
        "after the timeout": "slow failure",
    }
    assert got.index[got["kind"] == "retry"].tolist() == ["again", "longer", "after the timeout"]
    assert got["kind"]["failed"] == "error"
    assert kinds(calls, tmp_path, retry_window_s=130)["retry_of"]["too late"] == "late failure"


def test_a_failed_retry_is_an_error_that_names_its_first_try_and_other_conversations_do_not_count(
    tmp_path: Path,
) -> None:
    calls = [
        call("first", 0, fails=True),
        call("second", 10, fails=True),
        call("another's", 12, metadata={"conversation_id": "d"}),
        call("third", 20),
    ]
    got = kinds(calls, tmp_path)
    assert got["kind"].to_dict() == {"first": "error", "second": "error", "another's": "chat", "third": "retry"}
    assert got["retry_of"].dropna().to_dict() == {"second": "first", "third": "second"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)))
def test_retries_do_not_depend_on_the_order_of_lines(tmp_path: Path, order: list[int]) -> None:
    calls = [call(f"c{n}", 50 * n, asks=f"q{n % 2}", fails=n < 2) for n in range(6)]
    got = kinds([calls[n] for n in order], tmp_path)
    assert got["retry_of"].dropna().to_dict() == {"c2": "c0", "c3": "c1"}


def test_repeated_ids_keep_the_first_and_say_what_repeats(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [call("a", 0), call("b", 1), call("a", 0), call("b", 5, asks="something else")]
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    report = import_log(path, tmp_path / "calls.parquet", progress=lambda _: None)
    assert [(one.line, one.reason) for one in report.bad_lines] == [
        (3, "duplicate id"),
        (4, "duplicate id (of another call)"),
    ]
    assert pd.read_parquet(report.out)["created_at"].dt.second.tolist() == [56, 57]


def test_a_conversation_lies_in_one_split(tmp_path: Path) -> None:
    rows = [call(f"c{n}", n, metadata={"conversation_id": f"v{n // 3}"}) for n in range(60)]
    got = kinds(rows, tmp_path)
    assert (got.groupby("conversation_id")["split"].nunique() == 1).all()
    assert got["split"].tolist() == [split_of(f"v{n // 3}") for n in range(60)]


def test_unknown_models_cost_unknown_cache_hits_nothing_and_the_logs_own_cost_fills_in(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    spend = {
        "call_type": "acompletion",
        "startTime": "2025-06-01T00:00:00Z",
        "prompt_tokens": 100,
        "completion_tokens": 10,
    }
    spend |= {"messages": [{"role": "user", "content": "hi"}], "response": call("x", 0)["response"]}
    rows = [
        spend | {"request_id": "known", "model": "gpt-4o-2024-08-06", "spend": 0.5},
        spend | {"request_id": "hit", "model": "gpt-4o-2024-08-06", "spend": 0.0, "cache_hit": "True"},
        spend | {"request_id": "ours", "model": "our-llama", "spend": 0.25},
        spend | {"request_id": "nobody's", "model": "our-llama", "spend": None},
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    report = import_log(path, tmp_path / "calls.parquet", progress=lambda _: None)
    cost = pd.read_parquet(report.out).set_index("call_id")["cost_usd"]
    assert cost["known"] == pytest.approx((100 * 2.5 + 10 * 10) / 1e6)
    assert (cost["hit"], cost["ours"]) == (0, 0.25)
    assert pd.isna(cost["nobody's"])
    assert report.unknown_models["our-llama"] == 2
    assert any("our-llama" in note for note in report.notes)
    assert any("own costs add up to" in note for note in report.notes)


GRADES = [
    ("Rate the answer's helpfulness from 1 to 5. Reply with the number only.", "4"),
    ("You evaluate replies. Give a score on a scale of 0-10.", "Score: 7/10"),
    ("Grade the summary, out of 100, as JSON.", '{"score": 88, "reason": "clear"}'),
]
NO_GRADES = [
    ("How many orders do I have? I rate you 5 stars.", "3"),
    (
        "Rate the answer from 1 to 5.",
        "I would say that the answer is quite helpful, though it leaves out the refund. So 4.",
    ),
    ("What is the interest rate on my loan?", "4.5"),
    ("Classify the ticket.", "2"),
    ('JSON: {"label": ..., "score": <between 0 and 1>}', '{"label": "positive", "score": 0.93}'),
]


@pytest.mark.parametrize(("asked", "said"), GRADES)
def test_a_call_that_asks_for_a_grade_and_gets_one_is_scoring(asked: str, said: str) -> None:
    assert is_scoring([{"role": "system", "content": asked}, {"role": "user", "content": "Q: ... A: ..."}], said)


@pytest.mark.parametrize(("asked", "said"), NO_GRADES)
def test_numbers_alone_do_not_make_a_judge(asked: str, said: str) -> None:
    assert not is_scoring([{"role": "user", "content": asked}], said)


def test_the_real_log_has_no_judges_no_retries_no_errors(support_log: Path, tmp_path: Path) -> None:
    report = import_log(support_log, tmp_path / "calls.parquet", progress=lambda _: None)
    assert dict(report.kinds) == {"chat": 13_159}
