"""What is broken is said, by line and reason; every good line is kept; whatever a field holds."""

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pyarrow.parquet as pq
import pytest
from exports import SAMPLES, imported, line
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migration.schema import conform


def _changed(**changes) -> Callable[[dict], bytes]:
    return lambda good: orjson.dumps(good | changes)


BROKEN: dict[str, Callable[[dict], bytes]] = {
    "not JSON": lambda good: b"2025-06-01 10:00:00 INFO started " + good["id"].encode(),
    "not JSON (cut off)": lambda good: orjson.dumps(good)[:-20],
    "not an object": lambda good: b'"' + good["id"].encode() + b'"',
    "no request": lambda good: orjson.dumps({key: value for key, value in good.items() if key != "request"}),
    "no request (it has neither messages, prompt nor input)": _changed(request={"model": "gpt-4o"}),
    "messages holds a message without a role": _changed(request={"messages": [{"content": "hello"}]}),
    "no response": _changed(response=None),
    "response is not an object": _changed(response=["hello"]),
    "no response (choices is empty or no list)": _changed(response={"choices": []}),
    "bad timestamp (created)": _changed(created="yesterday"),
    "no timestamp (created)": _changed(created=None),
    "not UTF-8": lambda good: orjson.dumps(good).replace(b"question", b"quest\xffion"),
    "prompt tokens is negative": lambda good: orjson.dumps(
        good | {"response": good["response"] | {"usage": {"prompt_tokens": -1}}}
    ),
    "latency_ms is not a number": _changed(latency_ms="fast"),
    "duplicate id": lambda good: orjson.dumps(good | {"id": "call-0"}),
}


def with_broken(path: Path, n: int, places: dict[int, str]) -> tuple[dict[int, str], list[str]]:
    """Write a log of n lines, broken at `places`; returns (reason by line number, ids of the good ones)."""
    ids = []
    with path.open("wb") as file:
        for number in range(n):
            good = line(number)
            if number in places:
                file.write(BROKEN[places[number]](good) + b"\n")
            else:
                ids.append(good["id"])
                file.write(orjson.dumps(good) + b"\n")
    return {number + 1: reason for number, reason in places.items()}, ids


def assert_all_told(path: Path, folder: Path, expected: dict[int, str], ids: list[str]) -> None:
    calls, report = imported(path, folder)
    assert calls["call_id"].tolist() == ids
    told = pd.read_parquet(report.bad_file) if report.bad_file else pd.DataFrame({"line": [], "reason": []})
    reasons = dict(zip(told["line"], told["reason"], strict=True))
    assert {number: reason.removesuffix(" (of another call)") for number, reason in reasons.items()} == expected
    assert report.bad == len(expected) == len(told) == sum(report.reasons.values())
    assert report.lines == len(ids) + len(expected)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(1, 59), st.sampled_from(sorted(BROKEN)), max_size=30))
def test_every_broken_line_is_told_and_every_good_one_kept(tmp_path: Path, places: dict[int, str]) -> None:
    path = tmp_path / "log.jsonl"
    expected, ids = with_broken(path, 60, places)
    assert_all_told(path, tmp_path, expected, ids)


@pytest.mark.slow
def test_a_hundred_thousand_lines_with_one_in_a_hundred_broken(tmp_path: Path) -> None:
    path, ways = tmp_path / "log.jsonl", sorted(BROKEN)
    places = {number: ways[number // 100 % len(ways)] for number in range(57, 100_000, 100)}
    assert len(places) == 1000
    assert len(set(places.values())) >= 10
    expected, ids = with_broken(path, 100_000, places)
    assert_all_told(path, tmp_path, expected, ids)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3),
    max_leaves=6,
)


def paths(value, at: tuple = ()) -> list[tuple]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(deeper for key, item in inside for deeper in paths(item, (*at, key)))]


def replaced(value, at: tuple, new):
    """A JSON value with something else at a place."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(copy[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize("form", ["log", *SAMPLES])
@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_field_holds_each_record_is_a_call_or_told(form: str, shared: Path, tmp_path: Path, data) -> None:
    good = line(0)
    if form != "log":
        good = orjson.loads((shared / "data/importer_samples" / SAMPLES[form][0][-1]).read_bytes().split(b"\n")[0])
        good = good["data"][0] if form == "stored" else good
    places = paths(good)
    odd = [replaced(good, data.draw(st.sampled_from(places)), data.draw(JSON)) for _ in range(30)]
    path = tmp_path / "log.jsonl"
    # mostly good lines, so that the form is still told from them; their ids repeat, which is told as well
    path.write_bytes(b"\n".join(json.dumps(one).encode() for one in [good] * 60 + odd))
    calls, report = imported(path, tmp_path)
    conform(pq.read_table(tmp_path / "calls.parquet"), "calls")
    assert len(calls) + report.bad + sum(report.skipped.values()) >= 60
    if form == "log":  # in the others a line may be a list of records, or an empty one
        whole = sum(isinstance(one, dict) for one in odd)
        assert len(calls) + report.bad >= 60 + whole
