"""Whatever the LLM or a rung replies, the caller gets a reply and the log a line."""

import json

from hypothesis import given
from hypothesis import strategies as st
from live_runs import asked, policy

from migration.live.call import read
from migration.live.cascade import drive, settle
from migration.live.exchange import Exchange
from migration.live.policies import Active, State
from migration.live.rungs.answer import Answer, checked
from migration.routing.policy import Router

STATE = State(Active("v1"), Router(policy()))
KEYS = ["choices", "message", "content", "tool_calls", "function", "arguments", "usage", "finish_reason", "model", "id"]
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
spoken = st.fixed_dictionaries({"content": st.text(max_size=5) | json_like, "tool_calls": json_like})
choices = st.tuples(st.fixed_dictionaries({"message": spoken, "finish_reason": json_like})).map(list)
reply = st.one_of(json_like, st.fixed_dictionaries({"choices": choices, "usage": json_like, "model": json_like}))


def exchange(seen: list, **more) -> Exchange:
    call = read({"model": "m", "messages": asked("hi")} | more)
    settled = drive(settle(STATE, call), lambda whom: Answer(whom.candidate, error="down"))
    return Exchange(call, STATE, settled, shadowed=False, began=0.0, emit=seen.append)


@given(reply, st.booleans())
def test_no_reply_of_the_llm_or_a_rung_raises(body, stream):
    seen: list = []
    made = exchange(seen).whole(200, {"content-type": "application/json"}, json.dumps(body).encode())
    assert made.status in (200, 502)
    try:
        kept = Answer("small", checked(json.loads(json.dumps(body))))
    except ValueError:
        kept = None
    if kept:
        assert exchange(seen, stream=stream).keep(kept).status == 200
    assert len(seen) == 1 + bool(kept)
    json.dumps(seen)


def test_deep_and_endless_replies_are_no_completions():
    for data in (b"[" * 100_000, b'{"a":' + b"9" * 5_000 + b"}", b"\xff\xfe", b""):
        assert exchange([]).whole(200, {}, data).status == 502


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_stream_passes_and_its_end_is_told(parts):
    seen: list = []
    made = exchange(seen, stream=True)
    relay = made.relay()
    passed = b"".join(made.hear(relay, part) for part in parts) + made.hung_up(relay)
    assert b"".join(parts) in passed or b'"x_migration"' in passed
    assert seen[0]["error"] is None or b'"error"' in passed
