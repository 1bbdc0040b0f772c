"""The shift check: silent where nothing moved, and it names what did."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from migration.routing import present, shift
from migration.routing.tuning.evaluating.drift import told_apart

WORDS = ["order", "refund", "parcel", "invoice", "account", "password", "late", "broken", "wrong", "charge", "cancel"]


def calls(n: int, seed: int, words: list[str] = WORDS, task: str = "reply") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(words, 8)) for _ in range(n)]
    return pd.DataFrame(
        {
            "call_id": [f"{seed}-{i}" for i in range(n)],
            "conversation_id": [f"{seed}-{i // 2}" for i in range(n)],
            "task": np.where(rng.random(n) < 0.5, "intent", task),
            "messages": [[{"role": "user", "content": text}] for text in texts],
            "prompt_tokens": rng.integers(20, 300, n),
            "completion_tokens": 10,
        }
    )


def test_new_words_are_seen_where_tasks_and_lengths_stay() -> None:
    moved = calls(600, 1, [*WORDS[:-3], "crypto", "wallet", "token"])
    found = shift(calls(600, 0), moved).set_index("property")
    assert list(found.index[found["shifted"]]) == ["words"]
    assert "AUROC" in present.shift_sentence(found.reset_index())


def test_words_are_read_from_the_log_where_the_calls_come_without_their_texts(tmp_path: Path) -> None:
    sides = [calls(150, 0), calls(150, 1)]
    log = tmp_path / "calls.parquet"
    pd.concat(sides).to_parquet(log)
    bare = [side.drop(columns="messages") for side in sides]
    pd.testing.assert_frame_equal(shift(*sides), shift(*bare, log=log))


@pytest.mark.parametrize("size", [60, 200])
def test_the_same_traffic_is_seldom_called_another(size: int) -> None:
    rng = np.random.default_rng(size)
    p_values = []
    for i in range(30):
        texts = [" ".join(rng.choice(WORDS, 8)) for _ in range(2 * size)]
        p_values.append(told_apart(texts[:size], texts[size:], seed=i)[1])
    assert np.mean(np.array(p_values) < 0.1) <= 0.25  # 10% expected; 25% of 30 is nearly three standard errors above


def test_what_cannot_be_tested_is_not_tested() -> None:
    assert shift(calls(3, 0), calls(3, 1)).empty
    assert "words" not in set(shift(calls(80, 0), calls(80, 1))["property"])  # 40 conversations on each side
    assert told_apart(["a"] * 50, ["b"]) == (0.5, 1.0)


def clustered(conversations: int, each: int, rng: np.random.Generator, *, intent: float = 0.5, tokens: float = 300.0):
    """Calls of which those of a conversation mostly share task and length."""
    n, mean = conversations * each, rng.lognormal(np.log(tokens), 0.5, conversations)
    shared = np.repeat(rng.random(conversations) < intent, each)
    task = np.where(rng.random(n) < 0.8, shared, rng.random(n) < intent)
    who, name = np.repeat(np.arange(conversations), each), f"{rng.random()}"
    return pd.DataFrame(
        {
            "call_id": [f"{name}-{i}" for i in range(n)],
            "conversation_id": [f"{name}-{i}" for i in who],
            "task": np.where(task, "intent", "reply"),
            "messages": [[{"role": "user", "content": "hello"}]] * n,
            "prompt_tokens": np.repeat(mean, each) * rng.uniform(0.9, 1.1, n),
            "completion_tokens": rng.integers(5, 15, n),
        }
    )


@pytest.mark.parametrize("each", [1, 4, 8])
def test_quiet_conversations_are_seldom_called_shifted(each: int, monkeypatch) -> None:
    monkeypatch.setattr("migration.routing.tuning.evaluating.drift.FEW_TEXTS", 10_000)  # words: a test of their own
    rng = np.random.default_rng(each)
    quiet = [shift(clustered(120, each, rng), clustered(60, each, rng), level=0.05)["shifted"].any() for _ in range(60)]
    assert np.mean(quiet) <= 0.12  # 5% expected; 12% of 60 is two and a half standard errors above


@pytest.mark.parametrize("each", [1, 4, 8])
def test_a_shift_between_conversations_is_found(each: int) -> None:
    rng = np.random.default_rng(each)
    before, other, longer = (clustered(400, each, rng, **moved) for moved in ({}, {"intent": 0.8}, {"tokens": 450.0}))
    for recent, what in ((other, "task mix"), (longer, "prompt_tokens")):
        found = shift(before, recent).set_index("property")
        assert found["shifted"][what]
