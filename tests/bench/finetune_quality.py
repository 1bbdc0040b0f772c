"""SmolLM2 before and after tuning on 200 calls of each of four real support tasks, in NF4, on this machine.

    python tests/bench/finetune_quality.py [--task intents] [--split test] [--quick]

Prints agreement with intervals and seconds for each task. Examples, recipe and early stopping use the `train` split
alone; choose settings with `--split calibration`, report with `--split test`. Needs ../shared/data.
"""

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path

import pandas as pd

from migration import models
from migration.benchmark import Candidate, answer, score
from migration.files import PROJECT
from migration.finetune import Recipe, check, choose, encoded, tune
from migration.schema import split_of
from migration.stats import paired_difference

DATA = PROJECT.parent / "shared" / "data"
TASKS = {
    "intents": ("intent_classification", "json_v2", "bitext"),
    "queue": ("escalation_routing", None, None),
    "scope": ("scope_gate", None, None),
    "entities": ("entity_extraction", None, "bitext_entities"),
}


def calls_of(task: str, which: tuple[str, str | None, str | None] | None = None) -> pd.DataFrame:
    """The calls of one task, as the calls table has them. which: kind, prompt version and source; those of TASKS."""
    kind, version, source = which or TASKS[task]
    labels = pd.read_parquet(DATA / "support_traffic_labels.parquet").set_index("id")
    labels = labels[labels["task_type"] == kind]
    labels = labels[labels["prompt_version"] == version] if version else labels
    labels = labels[labels["source"] == source] if source else labels
    rows = []
    with gzip.open(DATA / "support_traffic.jsonl.gz", "rt") as log:
        for line in log:
            call = json.loads(line)
            if call["id"] in labels.index:
                choice, conversation = call["response"]["choices"][0], call["metadata"]["conversation_id"]
                rows.append(
                    {
                        "call_id": call["id"], "conversation_id": conversation, "kind": "chat", "task": task,
                        "task_type": "classification" if task != "entities" else "extraction",
                        "messages": call["request"]["messages"], "response": choice["message"]["content"],
                        "finish_reason": choice["finish_reason"], "split": split_of(conversation),
                        "max_tokens": int(call["response"]["usage"]["completion_tokens"] * 1.25) + 8,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def measure(task: str, options: argparse.Namespace, folder: Path) -> dict:
    calls = calls_of(task)
    chosen = choose(calls, [task], n=options.examples, validation=options.validation, seed=options.seed)
    started = time.monotonic()
    loaded = models.load(options.base, quantize="nf4")
    examples, validation = encoded(loaded.tokenizer, chosen.train), encoded(loaded.tokenizer, chosen.validation)
    check(examples, loaded)
    recipe = Recipe(epochs=options.epochs, learning_rate=options.rate, size=options.size, seed=options.seed)
    training = tune(loaded.model, loaded.tokenizer, examples, validation, recipe, folder / task)
    seconds = time.monotonic() - started
    held = calls[calls["split"] == options.split].head(options.calls)
    requests = held[["call_id", "messages", "max_tokens"]].assign(reference=held["response"])
    candidates = [
        Candidate("base", options.base),
        Candidate("tuned", options.base, adapter=str(training.folder / "best"), quantize="nf4"),
    ]
    agrees = [score(answer(one, requests), held)["agrees"].to_numpy(bool) for one in candidates]
    gain = paired_difference(*agrees)
    row = {
        "task": task, "n": len(held), "examples": len(examples), "base": agrees[0].mean(), "tuned": agrees[1].mean(),
        "difference": gain.value, "low": gain.low, "high": gain.high, "train_seconds": round(training.seconds),
        "seconds": round(seconds), "steps": training.steps, "best_step": training.best_step,
        "validation": training.agreement, "tokens_saved": training.tokens_saved,
    }  # fmt: skip
    print(
        f"{task:10s} {row['base']:6.1%} -> {row['tuned']:6.1%} ({gain.low:+.1%} to {gain.high:+.1%}, n={len(held)}) "
        f"in {seconds:.0f} s, {training.steps} steps, validation {training.agreement:.0%}",
        flush=True,
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=[*TASKS, "all"], default="all")
    parser.add_argument("--base", default="smollm2", help="what to tune: a name, folder or .gguf file")
    parser.add_argument("--split", choices=["calibration", "test"], default="test")
    parser.add_argument("--calls", type=int, default=150, help="held-out calls, as they come")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--validation", type=int, default=40)
    parser.add_argument("--epochs", type=float, default=Recipe.epochs)
    parser.add_argument("--rate", type=float, default=Recipe.learning_rate)
    parser.add_argument("--size", type=int, default=Recipe.size)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="keep adapters and go on from checkpoints here")
    parser.add_argument("--quick", action="store_true", help="one task, 20 examples, 10 calls: only shows that it runs")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(json.dumps({"rows": [], "skipped": "needs ../shared/data"}))
        return
    if options.quick:
        options.task, options.examples, options.validation, options.epochs, options.calls = "queue", 20, 5, 1, 10
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        tasks = list(TASKS) if options.task == "all" else [options.task]
        rows = [measure(task, options, folder) for task in tasks]
    print(json.dumps({"split": options.split, "rows": rows}, default=float))


if __name__ == "__main__":
    main()
