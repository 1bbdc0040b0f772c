"""A policy tuned on older calls, tried on the newest."""

from functools import partial

import numpy as np
import pandas as pd

from migration.routing import gather, present, time_forward, tune
from migration.routing.tuning.evaluating.evaluation import Result
from migration.schema import split_of
from migration.stats import wilson

TUNE = partial(tune, llm="large", max_loss=0.05, confidence_level=0.95)


def outcomes(n: int, *, newest_right: float) -> pd.DataFrame:
    """Rows of `gather`: 97% right and sure of it, but for the newest fifth, which is as sure and less often right."""
    rng = np.random.default_rng(3)
    conversation = [f"c{i}" for i in range(n)]
    calls = pd.DataFrame({
        "call_id": [f"k{i}" for i in range(n)], "conversation_id": conversation, "kind": "chat", "model": "large",
        "created_at": pd.date_range("2026-01-01", periods=n, freq="7min", tz="UTC"), "task": "intent",
        "messages": [[{"role": "user", "content": f"my order {i} is late"}] for i in range(n)], "prompt_tokens": 100,
        "completion_tokens": 10, "latency_ms": 1200.0, "cost_usd": 1e-3, "complexity": 0.5,
        "split": [split_of(c) for c in conversation],
    })  # fmt: skip
    right = rng.random(n) < np.where(np.arange(n) >= 0.8 * n, newest_right, 0.97)
    answers = calls[["call_id", "task", "prompt_tokens", "completion_tokens"]].assign(
        task_type="classification", candidate="small", candidate_kind="slm", base="small", adapter="", shots=0,
        output="x", reference="x", score=1.0, agrees=right, latency_ms=100.0, mean_logprob=-0.1 * rng.random(n),
        min_logprob=-0.2, mean_entropy=0.1, margin=np.nan, error=None,
    )  # fmt: skip
    return gather(calls, [answers[calls["split"] != "train"]])


def test_what_falls_with_time_is_seen_and_only_there() -> None:
    fell = time_forward(outcomes(4000, newest_right=0.6), TUNE)
    same = time_forward(outcomes(4000, newest_right=0.97), TUNE)
    assert fell is not None
    assert same is not None
    assert fell.slm_share > 0.9  # tuned before the fall, it keeps what it kept
    assert fell.loss.low > 0.3
    assert same.loss.value < 0.06


def test_the_newest_conversations_are_not_learned_from() -> None:
    rows = outcomes(4000, newest_right=0.6)
    seen: list[pd.DataFrame] = []

    def spy(older: pd.DataFrame):
        seen.append(older)
        return TUNE(older)

    result = time_forward(rows, spy)
    assert result is not None
    assert not set(seen[0]["conversation"]) & set(result.decisions["conversation"])
    assert seen[0]["created_at"].max() < rows.set_index("call_id").loc[result.decisions["call_id"], "created_at"].min()


def test_a_log_too_short_for_it_says_so() -> None:
    rows = outcomes(4000, newest_right=0.97)
    short = rows[rows["part"] != "fit"]
    assert time_forward(short, TUNE) is None
    assert "too few older calls" in present.forward_sentence(
        Result(pd.DataFrame(), 0, wilson(1, 9), None, 1, 1, 1, 9), None
    )


def test_a_fall_with_time_is_said_only_where_the_intervals_part() -> None:
    def seen(wrong: int, n: int) -> Result:
        return Result(pd.DataFrame(), 0.5, wilson(wrong, n), None, 1.0, 2.0, 3.0, n)

    assert "falls with time" in present.forward_sentence(seen(20, 1000), seen(40, 200))
    assert "No fall" in present.forward_sentence(seen(20, 1000), seen(6, 200))
