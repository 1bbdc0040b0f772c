"""Is a small model better trained on what the classifier below it fails at, or on balanced examples?

    python tests/bench/failures.py [--task scope] [--examples N] [--epochs E] [--calls N] [--quick]

A classifier is fitted on the `train` answers of a real support task, as step 02 does it, and trusted with the held-out
calls above the confidence down to which at most a tenth of its `fit` answers differ. SmolLM2 is tuned twice, with the
same number of examples and steps: balanced over the answers, and led by the doubt of a classifier that did not see them
(`finetune.below`). Both answer the same held-out calls that the classifier is not trusted with (none of them `fit`).
Prints each one's agreement there and the paired difference with its interval. Needs ../shared/data.
Last line: {"task", "n", "left": share not trusted, "classifier", "balanced", "failures", "difference", "low", "high"}.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from finetune_quality import DATA, TASKS, calls_of

from migration import models
from migration.benchmark import Candidate, answer, eligible, score
from migration.benchmark.trial import answer_without_model
from migration.finetune import Recipe, check, choose, doubted, encoded, tune, with_left
from migration.finetune.below import kept_share
from migration.schema import CandidateKind, Part, parts_of
from migration.stats import paired_difference


def classified(calls: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The classifier's scored answers to the held-out calls, with their `part` and whether they are `trusted`."""
    candidate = Candidate("classifier", "minilm", kind=CandidateKind.CLASSIFIER)
    held = eligible(calls)
    found = answer_without_model(candidate, held, calls, folder).assign(**candidate.id.columns())
    scored = score(found, held.assign(weight=1.0))
    keys = scored["call_id"].map(calls.set_index("call_id")["conversation_id"]).fillna(scored["call_id"])
    scored = scored.assign(part=parts_of(keys, scored["split"]))
    fit = scored[scored["part"] == Part.FIT]
    sure = fit["confidence_raw"].fillna(-1.0).to_numpy(float)
    kept = round(len(fit) * kept_share(sure, fit["agrees"].to_numpy(bool)))
    least = np.sort(sure)[-kept] if kept else np.inf
    return scored.assign(trusted=scored["confidence_raw"] >= least)


def tuned(name: str, calls: pd.DataFrame, options: argparse.Namespace, folder: Path) -> Candidate:
    """SmolLM2 tuned on examples of `calls`, led by its column `doubt` where it has one."""
    started = time.monotonic()
    chosen = choose(calls, [options.task], n=options.examples, validation=20)
    loaded = models.load(options.base, quantize="nf4")
    examples, validation = encoded(loaded.tokenizer, chosen.train), encoded(loaded.tokenizer, chosen.validation)
    check(examples, loaded)
    recipe = Recipe(epochs=options.epochs, patience=99)
    training = tune(loaded.model, loaded.tokenizer, examples, validation, recipe, folder / name, say=lambda line: None)
    labels = chosen.train["label"].value_counts()
    print(f"{name}: {len(examples)} examples of {len(labels)} answers, {labels.max()} of the commonest, "
          f"{training.steps} steps, {time.monotonic() - started:.0f} s", flush=True)  # fmt: skip
    return Candidate(name, options.base, adapter=str(training.folder / "best"), quantize="nf4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=list(TASKS), default="scope")
    parser.add_argument("--base", default="smollm2", help="what to tune: a name, folder or .gguf file")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--calls", type=int, default=150, help="held-out calls at most, of those that are left")
    parser.add_argument("--quick", action="store_true", help="20 examples, 1 epoch, 10 calls: only shows that it runs")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(json.dumps({"skipped": "needs ../shared/data"}))
        return
    if options.quick:
        options.examples, options.epochs, options.calls = 20, 1, 10
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        calls = calls_of(options.task).assign(completion_tokens=lambda rows: rows["max_tokens"])
        trial = classified(calls, folder)
        reported = trial[trial["part"] != Part.FIT]
        left = reported[~reported["trusted"]].head(options.calls)
        print(f"{options.task}: the classifier agrees on {reported['agrees'].mean():.1%} of {len(reported)} held-out "
              f"calls and is trusted with {reported['trusted'].mean():.1%}", flush=True)  # fmt: skip
        led = doubted(calls, with_left(pd.DataFrame({"task": [options.task]}), trial, calls), trial)
        held = eligible(calls).set_index("call_id", drop=False).loc[left["call_id"]]
        requests = held[["call_id", "messages", "max_tokens"]]
        candidates = [tuned("balanced", calls, options, folder), tuned("failures", led, options, folder)]
        one, two = (score(answer(each, requests), held)["agrees"].to_numpy(bool) for each in candidates)
    gain = paired_difference(one, two)
    print(f"of {len(left)} calls left: the classifier agrees on {left['agrees'].mean():.1%}, balanced examples give "
          f"{one.mean():.1%}, failures {two.mean():.1%}: {gain.low:+.1%} to {gain.high:+.1%}")  # fmt: skip
    result = {
        "left": 1 - reported["trusted"].mean(), "classifier": left["agrees"].mean(),
        "balanced": one.mean(), "failures": two.mean(), "difference": gain.value, "low": gain.low, "high": gain.high,
    }  # fmt: skip
    print(
        json.dumps(
            {"task": options.task, "n": len(left)} | {key: round(float(value), 4) for key, value in result.items()}
        )
    )


if __name__ == "__main__":
    main()
