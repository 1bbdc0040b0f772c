"""Answers a second: this engine, lm-evaluation-harness, and a plain `generate` loop, side by side on one machine.

The same local SmolLM2 (float32, CPU), the same prompts of `support_traffic` (a fixed hash order over every call site
whose prompt fits 1,024 tokens), the same greedy decoding and limit. Start-up (imports, loading, a warm-up) is apart
for all. The harness runs its `hf` model at batch sizes 1, 16, 64 and 128, and its best one counts; only its
`generate_until` is timed. A last part asks the intent task with and without the shared-prefix cache.

    python tests/bench/benchmark_speed.py [--quick] [--prompts 300] [--limit 16]
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "LMEVAL_LOG_LEVEL": "ERROR"}

import pandas as pd
import torch

from migration.artifacts import PROJECT
from migration.benchmark import Answers, Candidate
from migration.benchmark.candidates import render
from migration.benchmark.engine import local
from migration.sample import models

SMOL = Candidate("smollm2", "smollm2")
INTENT = "You are the triage model of an online shop"


def prompts(count: int, limit: int, *, starts: str = "") -> pd.DataFrame:
    """call_id, messages, max_tokens of `count` distinct requests in a fixed hash order."""
    log = PROJECT.parent / "shared" / "data" / "support_traffic.jsonl.gz"
    if not log.exists():
        sys.exit(f"needs the public test data: {log} is not there")
    rows: dict[str, dict] = {}
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            asked = call["request"]["messages"]
            text = json.dumps(asked)
            plain = all(isinstance(m.get("content"), str) for m in asked)
            if plain and len(text) < 4000 and str(asked[0]["content"]).startswith(starts):
                rows.setdefault(text, {"call_id": call["id"], "messages": asked, "max_tokens": limit})
    order = sorted(rows, key=lambda text: hashlib.sha256(text.encode()).digest())
    return pd.DataFrame([rows[text] for text in order[:count]])


def warmed(folder: str, requests: pd.DataFrame) -> Path:
    """A store that holds the latency of the loaded model and answers to prompts that nothing here measures."""
    file = Path(folder, "warm.sqlite")
    store = Answers(file)
    local.answer(SMOL, requests, cache=store)
    store.close()
    return file


def engine(requests: pd.DataFrame, warm: Path, *, share_prefixes: bool = True) -> tuple[float, list[str]]:
    """Seconds and outputs of this engine, every answer computed."""
    store = Answers(shutil.copy(warm, warm.with_name("run.sqlite")))
    start = time.perf_counter()
    found = local.answer(SMOL, requests, cache=store, share_prefixes=share_prefixes)
    seconds = time.perf_counter() - start
    if store.stats.cached or found["error"].notna().any():
        sys.exit(f"not a measurement: {store.stats}, {found['error'].dropna().tolist()[:1]}")
    store.close()
    return seconds, list(found["output"])


def harness(texts: list[str], limit: int, batch: int, loaded: models.LoadedModel) -> tuple[float, list[str]]:
    """Seconds inside lm-evaluation-harness' `generate_until`, and its outputs, through a local YAML task."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder, "docs.jsonl")
        docs.write_text("".join(json.dumps({"i": i, "prompt": text}) + "\n" for i, text in enumerate(texts)))
        Path(folder, "support.yaml").write_text(
            "task: support\ndataset_path: json\noutput_type: generate_until\ntest_split: test\n"
            f"dataset_kwargs:\n  data_files:\n    test: {docs}\n"
            "doc_to_text: '{{prompt}}'\ndoc_to_target: ''\ntarget_delimiter: ''\n"
            f"generation_kwargs:\n  until: ['<|im_end|>']\n  max_gen_toks: {limit}\n  do_sample: false\n"
            "metric_list:\n  - metric: exact_match\n"
        )
        model = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=batch, device="cpu")
        spent, inner = [], model.generate_until

        def timed(*args: object, **kwargs: object) -> list[str]:
            start = time.perf_counter()
            answers = inner(*args, **kwargs)
            spent.append(time.perf_counter() - start)
            return answers

        model.generate_until = timed
        done = lm_eval.simple_evaluate(
            model=model,
            tasks=["support"],
            task_manager=lm_eval.tasks.TaskManager(include_path=folder, include_defaults=False),
            bootstrap_iters=0,
            log_samples=True,
            verbosity="ERROR",
        )
    samples = sorted(done["samples"]["support"], key=lambda sample: sample["doc"]["i"])
    return sum(spent), [sample["resps"][0][0] for sample in samples]


def loop(texts: list[str], limit: int, loaded: models.LoadedModel) -> tuple[float, list[str]]:
    """Seconds and outputs of `generate`, one prompt after the other."""
    outputs, start = [], time.perf_counter()
    for text in texts:
        tokens = loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt")
        with torch.inference_mode():
            out = loaded.model.generate(**tokens, max_new_tokens=limit, do_sample=False)
        outputs.append(loaded.tokenizer.decode(out[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True))
    return time.perf_counter() - start, outputs


def same(left: list[str], right: list[str]) -> float:
    return sum(a.strip() == b.strip() for a, b in zip(left, right, strict=True)) / len(left)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute: few prompts, one batch size")
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--limit", type=int, default=16, help="most tokens of an answer")
    options = parser.parse_args()
    count = 24 if options.quick else options.prompts
    sizes = (16,) if options.quick else (1, 16, 64, 128)
    requests, other = prompts(count, options.limit), prompts(count + 4, options.limit)[-4:]
    intent = prompts(16 if options.quick else 100, options.limit, starts=INTENT)
    texts = [render(models.load_tokenizer(models.find("smollm2")), m) for m in requests["messages"]]

    with tempfile.TemporaryDirectory() as folder:
        warm = warmed(folder, other[~other["call_id"].isin(intent["call_id"])])
        ours, outputs = engine(requests, warm)
        plain = models.load("smollm2")  # transformers' own attention
        runs = {}
        try:
            harness(texts[:2], 2, 2, plain)  # warm-up
            for size in sizes:
                runs[size] = harness(texts, options.limit, size, plain)
        except ImportError:
            sys.exit("needs lm-evaluation-harness: pip install -e '.[lm-eval]'")
        best = min(runs, key=lambda size: runs[size][0])
        looped, loop_outputs = loop(texts, options.limit, plain)
        ours = (ours + engine(requests, warm)[0]) / 2  # before and after the others, so that drift hits both alike
        shared, with_prefix = engine(intent, warm)
        unshared, without = engine(intent, warm, share_prefixes=False)

    print(f"{count} prompts, at most {options.limit} new tokens, {torch.get_num_threads()} threads")
    print(f"{'':34}{'seconds':>9}{'docs/s':>9}{'same':>8}")
    table = [("this engine", ours, outputs), *((f"lm-eval hf, batch {s}", *runs[s]) for s in sizes)]
    for name, seconds, texts_out in [*table, ("generate loop", looped, loop_outputs)]:
        print(f"{name:34}{seconds:9.1f}{count / seconds:9.2f}{same(outputs, texts_out):8.1%}")
    print(f"intent task, {len(intent)} prompts")
    for name, seconds in (("shared prefix computed once", shared), ("each prompt whole", unshared)):
        print(f"{name:34}{seconds:9.1f}{len(intent) / seconds:9.2f}{same(with_prefix, without):8.1%}")
    print(
        json.dumps(
            {
                "speedup": round(runs[best][0] / ours, 2),
                "same_outputs": round(same(outputs, runs[best][1]), 4),
                "best_batch": best,
                "speedup_over_loop": round(looped / ours, 2),
                "prefix_speedup": round(unshared / shared, 2),
                "prefix_same_outputs": round(same(with_prefix, without), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
