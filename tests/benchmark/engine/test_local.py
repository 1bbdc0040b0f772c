"""Answers in process: nothing twice, nothing lost, nothing cut."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from tiny_models import tiny

from migration.benchmark import Answers, Candidate, answer
from migration.benchmark.engine import local
from migration.benchmark.engine.attention import Prefix

SYSTEM = "You sort messages of an online shop into kinds. Reply with the kind."


def requests(count: int, *, max_tokens: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    words = ["order", "refund", "late", "parcel", "address", "change", "account", "hello"]
    texts = [" ".join(rng.choice(words, int(rng.integers(1, 5)))) + f" {i}" for i in range(count)]
    turns = [[{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}] for text in texts]
    return pd.DataFrame({"call_id": [f"c{i}" for i in range(count)], "messages": turns, "max_tokens": max_tokens})


@pytest.fixture
def small(tiny_folder) -> Candidate:
    return Candidate("small", str(tiny_folder))


def test_a_second_run_computes_nothing_and_says_the_same(small, tmp_path):
    asked = requests(12)
    first = answer(small, asked, cache=tmp_path / "answers.sqlite")
    store = Answers(tmp_path / "answers.sqlite")
    second = answer(small, asked, cache=store)
    pd.testing.assert_frame_equal(first, second)
    assert (store.stats.computed, store.stats.cached) == (0, 12)
    assert first["error"].isna().all()
    assert list(first["call_id"]) == list(asked["call_id"])


def test_a_changed_setting_recomputes_what_it_touches(small):
    store, asked = Answers(), requests(10)
    answer(small, asked, cache=store)
    asked.loc[:2, "max_tokens"] = 9
    answer(Candidate("another name", small.source), asked, cache=store)
    assert store.stats.computed == 13


def test_equal_prompts_are_computed_once(small):
    store, asked = Answers(), requests(4)
    twice = pd.concat([asked, asked.assign(call_id=asked["call_id"] + "again")], ignore_index=True)
    found = answer(small, twice, cache=store)
    assert store.stats.computed == 4
    assert list(found["output"][:4]) == list(found["output"][4:])


@pytest.mark.parametrize("options", [{"share_prefixes": False}, {"token_budget": 1}, {"token_budget": 300}])
def test_prefixes_and_batches_do_not_change_answers(small, options):
    asked = requests(20)
    usual, other = local.answer(small, asked), local.answer(small, asked, **options)
    assert list(usual["output"]) == list(other["output"])
    np.testing.assert_allclose(usual["min_logprob"], other["min_logprob"], atol=1e-4)


def test_a_prompt_that_does_not_fit_is_a_failure_and_is_not_cut(small):
    asked = requests(3)
    asked.at[1, "messages"] = [{"role": "user", "content": "long " * 200}]
    found = answer(small, asked)
    assert found["error"][1].startswith("context_overflow: ")
    assert found["output"][1] is None
    assert found["prompt_tokens"][1] > 512
    assert found["output"].notna().tolist() == [True, False, True]


def test_latency_is_one_customers_wait_and_compute_a_share_of_the_batch(small):
    asked = requests(40)
    local.answer(small, asked.iloc[:1])
    start = time.perf_counter()
    found = answer(small, asked)
    wall = (time.perf_counter() - start) * 1e3
    assert (found["latency_ms"] > 0).all()
    assert 0 < found["compute_ms"].sum() <= wall


def test_what_answering_took_beside_the_weights_is_kept_and_the_highest_counts(small, tmp_path):
    file = tmp_path / "answers.sqlite"
    assert "peak_mb" not in local.facts(small, file)
    answer(small, requests(40), cache=file)
    first = local.facts(small, file)["peak_mb"]
    answer(small, requests(41), cache=file)
    assert local.facts(small, file)["peak_mb"] >= first >= 0


@given(st.lists(st.integers(1, 50), min_size=1), st.integers(1, 200))
def test_batches_keep_the_budget_and_the_order(sizes, budget):
    prefixes = [Prefix(), Prefix(length=10)]
    rows = [(i, prefixes[i > len(sizes) // 2], 0.0) for i in range(len(sizes))]
    full = [size + rows[i][1].length for i, size in enumerate(sizes)]
    made = list(local._batches(rows, full, budget))
    assert [row for batch in made for row in batch] == rows
    assert all(len(b) == 1 or len(b) * max(sizes[i] for i, _, _ in b) <= budget for b in made)


def test_labels_are_chosen_not_written(small):
    store, labels = Answers(), ["order", "order late", "refund"]
    found = answer(small, requests(5).assign(labels=[labels] * 5), cache=store)
    assert set(found["output"]) <= set(labels)
    assert (found["finish"] == "label").all()
    assert found["margin"].between(0, 1).all()
    mixed = requests(5).assign(labels=[labels, None, labels, None, None])
    assert (answer(small, mixed, cache=store)["finish"] == "label").tolist() == [True, False, True, False, False]


def test_an_adapter_is_another_model(small, tmp_path):
    adapted = get_peft_model(tiny("llama"), LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    store, asked = Answers(), requests(6)
    plain = answer(small, asked, cache=store)
    tuned = answer(Candidate("tuned", small.source, adapter=str(tmp_path / "adapter")), asked, cache=store)
    assert store.stats.computed == 12
    assert list(plain["output"]) != list(tuned["output"])


RUN = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from test_local import requests
from migration.benchmark import Candidate
from migration.benchmark.engine import local
local.answer(Candidate("small", sys.argv[1]), requests(150), cache=Path(sys.argv[2]), token_budget=300)
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(small, tmp_path):
    whole = local.answer(small, requests(150), cache=tmp_path / "whole.sqlite", token_budget=300)
    file = tmp_path / "killed.sqlite"
    tests = Path(__file__).resolve().parent
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, small.source, str(file), str(tests), str(tests.parent)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 300
    while not file.exists() or len(Answers(file).counts()) < 20:
        assert run.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.wait()
    store = Answers(file)
    kept = len(store.counts())
    assert 20 <= kept < 150
    after = local.answer(small, requests(150), cache=store, token_budget=300)
    assert (store.stats.cached, store.stats.computed) == (kept, 150 - kept)
    assert set(store.counts().values()) == {1}
    timings = ["latency_ms", "compute_ms"]
    pd.testing.assert_frame_equal(whole.drop(columns=timings), after.drop(columns=timings), atol=1e-4)
