"""A request without a task's name gets the task that the audit gave such calls; a strange one gets none."""

import json
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.audit import discover, import_log
from migration.audit.discovery.tasks import OTHER, recognition_of
from migration.errors import BadInput
from migration.files import PROJECT
from migration.routing.policy.recognition import Recognition

SAMPLE = PROJECT / "data" / "sample_traffic.jsonl.gz"
SYSTEM = "You are the concierge of a hotel. Answer the guest's question about the hotel in one short sentence."
KNOWN = {
    "version": 1,
    "exact": {},
    "grams": {},
    "whole": [],
    "parts": {},
    "rest": {},
    "tasks": [],
}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Recognition:
    return _learned(SAMPLE, tmp_path_factory.mktemp("sample"))[0]


def _learned(log: Path, folder: Path) -> tuple[Recognition, list[dict]]:
    """The recognition that step 01 writes, read back, and the calls of its calls table that have a prompt."""
    import_log(log, folder / "imported.parquet", progress=lambda _line: None)
    found = discover(folder / "imported.parquet")
    found.label(folder / "imported.parquet", folder / "calls.parquet")
    rows = pq.read_table(folder / "calls.parquet", columns=["kind", "task", "messages", "tools"]).to_pylist()
    plain = json.loads(json.dumps(recognition_of(found)))
    return Recognition.from_dict(plain), [row for row in rows if row["kind"] != "embedding" and row["messages"]]


def _as_sent(content: str) -> dict:
    """What a client sends where the calls table holds the canonical JSON of a message that is more than text."""
    try:
        value = json.loads(content)
    except ValueError:
        return {"content": content}
    more = isinstance(value, dict) and value.keys() & {"tool_calls", "tool_call_id", "content"}
    return value if more else {"content": content}


def assert_recognised(log: Path, folder: Path) -> None:
    recognition, rows = _learned(log, folder)
    same = 0
    for row in rows:
        tools = [tool["function"]["name"] for tool in json.loads(row["tools"] or "[]")]
        sent = [{"role": m["role"], **_as_sent(m["content"])} for m in row["messages"]]
        same += (recognition.task_of(sent, tools) or OTHER) == row["task"]
    assert same >= 0.999 * len(rows)


def test_the_sample_is_recognised_as_the_audit_labelled_it(tmp_path: Path) -> None:
    assert_recognised(SAMPLE, tmp_path)


@pytest.mark.slow
def test_real_support_traffic_is_recognised_as_the_audit_labelled_it(tmp_path: Path, support_log: Path) -> None:
    assert_recognised(support_log, tmp_path)


@pytest.mark.parametrize(
    "strange",
    [
        "What is the weather like?",
        [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Where is the pool?"}],
        [],
        "",
        [{"role": "user", "content": [{"type": "text", "text": "hello"}, {"type": "image_url"}]}],
    ],
)
def test_an_unknown_prompt_is_no_task(learned: Recognition, strange: object) -> None:
    assert learned.task_of(strange) is None  # type: ignore[arg-type]


def test_it_is_plain_json_without_any_text_of_a_prompt(learned: Recognition) -> None:
    text = json.dumps(learned.to_dict())
    assert Recognition.from_dict(json.loads(text)) == learned
    rest = json.dumps({key: value for key, value in learned.to_dict().items() if key != "tasks"})
    assert not any(words in rest for words in ("Fernhill", "customer", "intent", "reply"))
    assert len(text) < 200_000


NESTED = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["content", "text", "role", "a"]), one),
    max_leaves=8,
)


@given(
    st.lists(NESTED | st.fixed_dictionaries({"role": st.just("user"), "content": NESTED}), max_size=4), st.lists(NESTED)
)
def test_whatever_a_request_holds_it_is_a_task_or_none(learned: Recognition, messages: list, tools: list) -> None:
    assert learned.task_of(messages, tools) is None or isinstance(learned.task_of(messages, tools), str)


HOSTILE = {
    "digits": "1" * 100,
    "signs": "a-" * 50,
    "links": "https:" * 17,
    "brackets": "[" * 100,
    "braces": '{"content":' * 9,
    "lines": "a b c d e f.\n" * 8,
    "space": " " * 100,
    "wide": "\ud800ﷺ" * 50,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_does_not_grow_faster_than_a_hostile_prompt(learned: Recognition, name: str) -> None:
    def seconds(times: int) -> float:
        text = HOSTILE[name] * times
        asked = [{"role": role, "content": text} for role in ("system", "user", "assistant", "user")]
        began = time.process_time()
        learned.task_of(asked)
        return time.process_time() - began

    seconds(10)
    assert seconds(20_000) <= 0.1 + 40 * seconds(2_000)  # ten times as much, and slack for a busy machine


@pytest.mark.parametrize(
    "change",
    [
        {"version": 9},
        {"tasks": [1]},
        {"exact": {"ab": 3}},
        {"whole": ["nan"]},
        {"grams": {"1": [float("inf")]}},
        {"grams": {"x": [1]}},
        {"parts": {"0": [["begins", 0, "ab", 0]]}},
        {"rest": None},
    ],
)
def test_what_is_no_recognition_is_refused(change: dict) -> None:
    assert Recognition.from_dict(KNOWN).task_of("hello") is None
    with pytest.raises(BadInput, match="run step 01 again"):
        Recognition.from_dict(KNOWN | change)
