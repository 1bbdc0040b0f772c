"""A run whose small model is tuned for real: SmolLM2 with an adapter trained for seconds on a dozen tickets.

What steps 01 to 04 leave is written by their own functions, so that what the gateway decides can be compared with it.
"""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
from live_runs import asked, policy

from migration import models, routing
from migration.benchmark import Candidate, answer, score
from migration.finetune import encoded
from migration.finetune.train import Recipe, tune
from migration.routing import Candidate as Served
from migration.schema import CandidateKind

WAYS = (
    "Where is my {}?",
    "My {} is late",
    "I ask about the {} of mine",
    "Something is wrong with my {}",
    "{}, please!",
)
QUEUES = {"parcel": "SHIPPING", "package": "SHIPPING", "contract": "CONTRACTS", "subscription": "CONTRACTS"}
TUNED = "smollm2+tuned"


def log() -> pd.DataFrame:
    """Twenty tickets, each in three conversations of one call: to learn from, to tune on, and to test."""
    tickets = [(way.format(word), queue) for way in WAYS for word, queue in QUEUES.items()]
    rows = [(split, text, queue) for split in ("train", "calibration", "test") for text, queue in tickets]
    made = [
        {"call_id": f"{split}-{place}", "conversation_id": f"v{place}", "kind": "chat", "task": "queue", "split": split,
         "task_type": "routing", "messages": asked(text), "response": queue, "model": "gpt-4o", "complexity": 0.1,
         "prompt_tokens": 40, "completion_tokens": 4, "cost_usd": 0.001, "latency_ms": 400.0,
         "created_at": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(minutes=place)}
        for place, (split, text, queue) in enumerate(rows)
    ]  # fmt: skip
    return pd.DataFrame(made)


def make(run: Path) -> Path:
    """The run folder: 01's calls, 02's and 03's answers, the adapter, 04's policy and decisions."""
    try:
        loaded = models.load("smollm2")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    calls = log()
    train = calls[calls["split"] == "train"]
    examples = encoded(loaded.tokenizer, train)
    training = tune(loaded.model, loaded.tokenizer, examples, examples, Recipe(epochs=4, learning_rate=2e-3, size=8),
                    run / "cache")  # fmt: skip
    adapter = run / "03_qlora_finetune" / "adapter"
    adapter.parent.mkdir()
    (training.folder / "best").rename(adapter)
    held = calls[calls["split"] != "train"]
    trial = Candidate(TUNED, "smollm2", adapter=str(adapter))
    requests = held[["call_id", "messages"]].assign(max_tokens=13)
    said = answer(trial, requests).assign(**trial.id.columns())
    said = score(said, calls)
    decided = routing.decide(tuned := tuned_policy(), routing.gather(calls, [said]))
    steps = {"03_qlora_finetune": {"parameters": {"quantize": ""}}}
    (run / "run.json").write_text(json.dumps({"steps": steps}))
    tables = {"01_traffic_audit/calls": calls, "02_candidate_benchmark/predictions": said.iloc[:0],
              "03_qlora_finetune/predictions": said, "04_router_tuning/decisions": decided}  # fmt: skip
    for name, table in tables.items():
        (run / name).parent.mkdir(exist_ok=True)
        table.to_parquet(run / f"{name}.parquet")
    (run / "04_router_tuning" / "policy.json").write_text(json.dumps(tuned.to_json()))
    return run


def tuned_policy():
    """Keeps what the tuned model is sure of."""
    served = Served(CandidateKind.SLM, "smollm2", "smollm2", "adapter")
    return dataclasses.replace(policy(0.9, rungs=(TUNED,)), candidates={TUNED: served})
