"""Answers a second: this engine, lm-evaluation-harness, and a plain `generate` loop, side by side on one machine.

The same local SmolLM2 (float32, CPU), the same prompts of `support_traffic` (a fixed hash order over every call site
whose prompt fits 1,024 tokens), the same greedy decoding and limit. Start-up (imports, loading, a warm-up) is apart
for all. The harness runs its `hf` model at batch sizes 16, 64 and 128 on all prompts, and at 1 on the first 48, where
the engine and a `generate` loop answer the same ones; its best one counts, and only its `generate_until` is timed. A
last part asks the intent task with and without the shared-prefix cache. A quarter of an hour on two idle cores, in
parts that are kept:

    python tests/bench/benchmark_speed.py [--quick] [--prompts 300] [--limit 16] [--keep FILE --stop-after MINUTES]
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
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "LMEVAL_LOG_LEVEL": "ERROR"}

import pandas as pd
import torch

from migration import models
from migration.benchmark import Answers, Candidate
from migration.benchmark.candidates import render
from migration.benchmark.engine import local
from migration.files import PROJECT

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


class Parts:
    """Measured parts, name -> seconds and outputs, each kept in a file as soon as it is done.

    A second run with the same settings goes on with what is lacking. stop_after: minutes after which none is begun.
    """

    def __init__(self, file: Path | None, settings: dict, stop_after: float):
        self.file, self.settings, self.end = file, settings, time.monotonic() + 60 * stop_after
        kept = json.loads(file.read_text()) if file and file.exists() else {}
        self.done: dict[str, list] = kept.get("parts", {}) if kept.get("settings") == settings else {}

    def measure(self, name: str, part: Callable[[], tuple[float, list[str]]]) -> None:
        if name in self.done:
            return
        if time.monotonic() > self.end:
            sys.exit(f"{len(self.done)} parts are done, {name!r} is next: run the same command again")
        self.done[name] = list(part())
        print(f"{name}: {self.done[name][0]:.1f} s", file=sys.stderr, flush=True)
        if self.file:
            self.file.write_text(json.dumps({"settings": self.settings, "parts": self.done}))

    def seconds(self, *names: str) -> float:
        return sum(self.done[name][0] for name in names) / len(names)

    def outputs(self, name: str) -> list[str]:
        return self.done[name][1]


def measure_all(parts: Parts, sizes: tuple[int, ...], few: int) -> None:
    """Every part that is lacking; the engine comes before and after the harness, so that drift hits both alike."""
    count, limit = parts.settings["prompts"], parts.settings["limit"]
    requests, other = prompts(count, limit), prompts(count + 4, limit)[-4:]
    intent = prompts(parts.settings["intent"], limit, starts=INTENT)
    texts = [render(models.load_tokenizer(models.find("smollm2")), m) for m in requests["messages"]]
    plain = cache(partial(models.load, "smollm2"))  # transformers' own attention

    def lm_eval(asked: list[str], size: int) -> tuple[float, list[str]]:
        harness(texts[:2], 2, 2, plain())  # warm-up
        return harness(asked, limit, size, plain())

    with tempfile.TemporaryDirectory() as folder:
        warm = warmed(folder, other[~other["call_id"].isin(intent["call_id"])])
        parts.measure("engine", lambda: engine(requests, warm))
        for size in sizes:
            parts.measure(f"lm-eval {size}", partial(lm_eval, texts, size))
        parts.measure("engine again", lambda: engine(requests, warm))
        parts.measure("few: engine", lambda: engine(requests[:few], warm))
        parts.measure("few: lm-eval 1", lambda: lm_eval(texts[:few], 1))
        parts.measure("few: loop", lambda: loop(texts[:few], limit, plain()))
        parts.measure("intent: shared", lambda: engine(intent, warm))
        parts.measure("intent: whole", lambda: engine(intent, warm, share_prefixes=False))


def report(parts: Parts, sizes: tuple[int, ...], few: int) -> dict[str, float]:
    """Print a table a question, each against our engine on the same prompts, and give the last line's numbers."""
    count, tried = parts.settings["prompts"], [f"lm-eval {size}" for size in sizes]

    def table(title: str, prompts: int, rows: dict[str, float], first: str) -> None:
        print(f"\n{title + f', {prompts} prompts':40}{'seconds':>9}{'docs/s':>9}{'same':>8}")
        for name, seconds in rows.items():
            share = same(parts.outputs(first), parts.outputs(name))
            print(f"{name:40}{seconds:9.1f}{prompts / seconds:9.2f}{share:8.1%}")

    print(f"at most {parts.settings['limit']} new tokens, {parts.settings['threads']} threads, CPU")
    ours = parts.seconds("engine", "engine again")
    table("every call site", count, {"engine": ours} | {name: parts.seconds(name) for name in tried}, "engine")
    singly = ["few: engine", "few: lm-eval 1", "few: loop"]
    table("one prompt at a time", few, {name: parts.seconds(name) for name in singly}, "few: engine")
    intent = ["intent: shared", "intent: whole"]
    table("the intent task", parts.settings["intent"], {name: parts.seconds(name) for name in intent}, "intent: shared")
    slowness = {name: parts.seconds(name) / ours for name in tried}
    slowness["few: lm-eval 1"] = parts.seconds("few: lm-eval 1") / parts.seconds("few: engine")
    best = min(slowness, key=lambda name: slowness[name])
    first = "few: engine" if best.startswith("few") else "engine"
    return {
        "speedup": round(slowness[best], 2),
        "same_outputs": round(same(parts.outputs(first), parts.outputs(best)), 4),
        "best_batch": int(best.rpartition(" ")[2]),
        "speedup_over_loop": round(parts.seconds("few: loop") / parts.seconds("few: engine"), 2),
        "prefix_speedup": round(parts.seconds("intent: whole") / parts.seconds("intent: shared"), 2),
        "prefix_same_outputs": round(same(parts.outputs("intent: shared"), parts.outputs("intent: whole")), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute: few prompts, one batch size")
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--limit", type=int, default=16, help="most tokens of an answer")
    parser.add_argument("--keep", type=Path, help="file that holds what is measured; a second run goes on from it")
    parser.add_argument("--stop-after", type=float, default=60, help="minutes after which no part is begun")
    options = parser.parse_args()
    if find_spec("lm_eval") is None:
        sys.exit("needs lm-evaluation-harness: pip install -e '.[lm-eval]'")
    count, few, intent = (24, 8, 16) if options.quick else (options.prompts, min(48, options.prompts), 64)
    sizes = (16,) if options.quick else (16, 64, 128)
    settings = {"prompts": count, "few": few, "intent": intent, "limit": options.limit}
    parts = Parts(options.keep, settings | {"threads": torch.get_num_threads()}, options.stop_after)
    measure_all(parts, sizes, few)
    print(json.dumps(report(parts, sizes, few)))


if __name__ == "__main__":
    main()
