"""What a classifier is worth where answers are copied from the prompt: spans beside labels.

    python tests/bench/spans.py [--train N] [--quick]

On the two real tasks whose answers are values of the customer's words, `fit_classifier` learns from the `train` calls
and answers the `test` calls; so does the classifier over a set of labels, which `fit_classifier` would be without
spans. Both are scored like every candidate. Needs ../shared/data.
Last line: {task: {"n", "train", "head": what `fit_classifier` chose, "spans", "low", "high", "labels", "sure": share of
test calls with confidence of .95 or more, "sure_agree", "fit_s" and "answers_per_s" of one core}}.
"""

import argparse
import json
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from finetune_quality import DATA, calls_of

from migration.benchmark import fit_classifier, score
from migration.benchmark.kinds.classifier import fit_labels
from migration.stats import wilson

TASKS = {"entities": "bitext_entities", "service form": "multidogo"}
SURE = 0.95


def tried(task: str, source: str, most: int) -> dict[str, float | str]:
    """Both ways on one task."""
    calls = calls_of(task, ("entity_extraction", None, source)).assign(task_type="extraction")
    train, test = calls[calls["split"] == "train"].head(most), calls[calls["split"] == "test"]
    known = train["messages"].tolist(), train["response"].tolist()
    start = time.process_time()
    fitted = fit_classifier(*known)
    fit_s, start = time.process_time() - start, time.process_time()
    found = fitted.answer(test["messages"].tolist())
    rate = len(test) / (time.process_time() - start)
    labels = fit_labels(*known, encoder=fitted.encoder).answer(test["messages"].tolist())
    right = {name: agreement(test, said["output"]) for name, said in (("spans", found), ("labels", labels))}
    interval, sure = wilson(int(right["spans"].sum()), len(test)), (found["confidence"] >= SURE).to_numpy(bool)
    return {
        "n": len(test), "train": len(train), "head": type(fitted).__name__, "spans": interval.value,
        "low": interval.low, "high": interval.high, "labels": right["labels"].mean(), "sure": sure.mean(),
        "sure_agree": right["spans"][sure].mean(), "fit_s": fit_s, "answers_per_s": rate,
    }  # fmt: skip


def agreement(calls: pd.DataFrame, outputs: pd.Series) -> np.ndarray:
    """Whether each output agrees with the log, as every candidate is scored (n,)."""
    answers = calls[["call_id"]].assign(output=outputs.tolist(), error=None, latency_ms=1.0)
    return score(answers, calls)["agrees"].to_numpy(bool)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=1000, help="logged answers that are learned, at most")
    parser.add_argument("--quick", action="store_true", help="60 answers of one task: only shows that it runs")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(json.dumps({"skipped": "needs ../shared/data"}))
        return
    result = {}
    for task, source in list(TASKS.items())[: 1 if options.quick else 2]:
        found = result[task] = tried(task, source, 60 if options.quick else options.train)
        print(f"{task}: {found['head']} learned from {found['train']} answers in {found['fit_s']:.1f} s agrees on "
              f"{found['spans']:.1%} of {found['n']} test calls ({found['low']:.1%} to {found['high']:.1%}), labels on "
              f"{found['labels']:.1%}; sure of {found['sure']:.0%}, {found['sure_agree']:.1%} of them agree; "
              f"{found['answers_per_s']:.0f} answers/s", flush=True)  # fmt: skip
    print(json.dumps({t: {k: v if isinstance(v, str) else round(float(v), 4) for k, v in row.items()}
                      for t, row in result.items()}))  # fmt: skip


if __name__ == "__main__":
    main()
