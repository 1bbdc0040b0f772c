"""Answers are kept the moment they are there, under everything that they depend on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.engine.cache import Answers, key_of
from migration.errors import DamagedFile


def test_what_was_put_is_found_by_another_process_at_once(tmp_path):
    first, second = Answers(tmp_path / "a" / "answers.sqlite"), Answers(tmp_path / "a" / "answers.sqlite")
    first.put("k", {"output": "é\n", "margin": None})
    assert second.get(["k", "missing"]) == {"k": {"output": "é\n", "margin": None}}
    assert (first.stats.computed, second.stats.cached) == (1, 1)


def test_a_flipped_bit_costs_one_answer_and_never_gives_a_wrong_one(tmp_path):
    store = Answers(tmp_path / "answers.sqlite")
    store.put("whole", {"output": "yes"})
    store.put("hurt", {"output": "yes"})
    store._db.execute("UPDATE answers SET value = replace(value, 'yes', 'yas') WHERE key = 'hurt'")
    assert store.get(["whole", "hurt"]) == {"whole": {"output": "yes"}}
    store.put("hurt", {"output": "yes"})
    assert store.get(["hurt"]) == {"hurt": {"output": "yes"}}


def test_a_file_that_is_no_store_is_refused_by_name(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(DamagedFile, match=r"answers\.sqlite.*delete it"):
        Answers(tmp_path / "answers.sqlite")


def test_putting_twice_is_counted(tmp_path):
    store = Answers(tmp_path / "answers.sqlite")
    store.put("once", {})
    store.put("twice", {"v": 1})
    store.put("twice", {"v": 2})
    assert store.counts() == {"once": 1, "twice": 2}
    assert store.get(["twice"]) == {"twice": {"v": 2}}


def test_notes_are_no_answers():
    store = Answers()
    assert store.recall("latency") is None
    store.remember("latency", {"start": 1.5})
    assert store.recall("latency") == {"start": 1.5}
    assert store.counts() == {}
    assert store.stats.computed == 0


@given(st.dictionaries(st.text(min_size=1), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_a_key_does_not_depend_on_order_but_on_every_part(parts):
    assert key_of(**parts) == key_of(**dict(reversed(parts.items())))
    assert key_of(**parts) != key_of(**parts, extra=None) or "extra" in parts
