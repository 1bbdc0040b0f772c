"""A run whose small model is tuned for real: SmolLM2 with an adapter trained for seconds on four tickets.

What steps 01 to 04 leave is written by their own functions, so that the gateway's decisions can be compared with it.
"""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
from live_runs import asked, log_of, policy

from migration import models, routing
from migration.benchmark import Candidate, answer, score
from migration.benchmark.candidates import prompt_of
from migration.routing import Candidate as Served
from migration.schema import CandidateKind

TUNED = "smollm2+tuned"
TICKETS = {"Where is my parcel?": "SHIPPING", "My parcel is late": "SHIPPING", "End my contract": "CONTRACTS",
           "My contract is wrong": "CONTRACTS"}  # fmt: skip
STEPS = 10


def make(run: Path) -> Path:
    """The run folder: 01's calls, 03's adapter and answers, 04's policy and decisions."""
    calls = log()
    log_of(run, calls)
    adapter = trained(run / "03_qlora_finetune" / "adapter")
    trial = Candidate(TUNED, "smollm2", adapter=str(adapter))
    requests = calls.loc[calls["split"] == "test", ["call_id", "messages"]].assign(max_tokens=13)
    said = score(answer(trial, requests).assign(**trial.id.columns()), calls)
    served = Served(CandidateKind.SLM, "smollm2", "smollm2", "03_qlora_finetune/adapter")
    tuned = dataclasses.replace(policy(0.9, rungs=(TUNED,)), candidates={TUNED: served})
    tables = {"02_candidate_benchmark/predictions": said.iloc[:0], "03_qlora_finetune/predictions": said,
              "04_router_tuning/decisions": routing.decide(tuned, routing.gather(calls, [said]))}  # fmt: skip
    for name, table in tables.items():
        (run / name).parent.mkdir(exist_ok=True)
        table.to_parquet(run / f"{name}.parquet")
    (run / "04_router_tuning" / "policy.json").write_text(json.dumps(tuned.to_json()))
    steps = {"03_qlora_finetune": {"parameters": {"quantize": ""}}}
    (run / "run.json").write_text(json.dumps({"steps": steps}))
    return run


def log() -> pd.DataFrame:
    """The tickets as training calls, and again as test calls with two that nobody trained for."""
    others = {"Tell me a joke about ships": "SHIPPING", "zzz 17 ??": "CONTRACTS"}
    rows = [("train", *one) for one in TICKETS.items()] + [("test", *one) for one in (TICKETS | others).items()]
    made = [
        {"call_id": f"c{place}", "conversation_id": f"v{place}", "kind": "chat", "task": "queue", "split": split,
         "task_type": "routing", "messages": asked(text), "response": queue, "model": "gpt-4o", "complexity": 0.1,
         "prompt_tokens": 40, "completion_tokens": 4, "cost_usd": 0.001, "latency_ms": 400.0,
         "created_at": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(minutes=place)}
        for place, (split, text, queue) in enumerate(rows)
    ]  # fmt: skip
    return pd.DataFrame(made)


def trained(folder: Path) -> Path:
    """A LoRA adapter that has learned the tickets by heart."""
    import torch
    from peft import LoraConfig, get_peft_model

    try:
        loaded = models.load("smollm2")
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    torch.manual_seed(0)
    model = get_peft_model(loaded.model, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"]))
    prompts = [prompt_of(loaded.tokenizer, {"messages": asked(text)}) for text in TICKETS]
    texts = [f"{prompt}{queue}<|im_end|>" for prompt, queue in zip(prompts, TICKETS.values(), strict=True)]
    batch = loaded.tokenizer(texts, return_tensors="pt", padding=True, padding_side="right", add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for row, prompt in zip(labels, prompts, strict=True):
        row[: len(loaded.tokenizer(prompt, add_special_tokens=False)["input_ids"])] = -100
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=4e-3)
    model.train()
    for _ in range(STEPS):
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    print(f"loss {loss.item():.3f} after {STEPS} steps")
    model.save_pretrained(folder)
    return folder
