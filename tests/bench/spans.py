"""Is a tagger of spans worth a rung where answers are copied from the prompt?

    python tests/bench/spans.py [--train N] [--quick]

On the two real tasks whose answers are values of the customer's words, a logistic regression over MiniLM's token
vectors (a token, the one before and the one after) says of each token whether a value of some kind begins, goes on or
stands elsewhere (BIO). Trained on the `train` calls, it answers the `test` calls; so does `fit_classifier`, which takes
answers for labels. Both are scored like every candidate. Beside them: what SmolLM2 tuned on 200 examples has in
docs/03 (entities). Needs ../shared/data.
Last line: {task: {"n", "tagger", "low", "high", "classifier", "found": answers whose values all stand in the message,
"fit_s", "answers_per_s"}}.
"""

import argparse
import json
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from finetune_quality import DATA, calls_of
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoTokenizer

from migration.benchmark import fit_classifier, score
from migration.models import find
from migration.stats import wilson

TASKS = {"entities": "bitext_entities", "service form": "multidogo"}
ELSEWHERE = "O"
MOST_TOKENS = 128


class Encoder:
    """MiniLM's vectors of the tokens of a text, each beside its neighbours', and where the tokens stand."""

    def __init__(self) -> None:
        folder = find("minilm").folder
        self.tokenizer, self.model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def __call__(self, text: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """(vectors (T, 3 * width), begin and end of each token)."""
        read = self.tokenizer(
            text, truncation=True, max_length=MOST_TOKENS, return_offsets_mapping=True, return_tensors="pt"
        )
        offsets = [tuple(pair) for pair in read.pop("offset_mapping")[0].tolist()]
        with torch.inference_mode():
            states = self.model(**read).last_hidden_state[0].numpy()
        wide = np.hstack([np.roll(states, 1, 0), states, np.roll(states, -1, 0)])
        return wide[1:-1], offsets[1:-1]


def values_of(answer: str) -> dict[str, list[str]]:
    """Kind of value -> values, of an answer in JSON."""
    found = json.loads(answer)
    return {kind: list(map(str, said if isinstance(said, list) else [said])) for kind, said in found.items() if said}


def tags(text: str, answer: str, offsets: list[tuple[int, int]]) -> list[str] | None:
    """BIO tags of the tokens; None where a value does not stand in the text."""
    found = [ELSEWHERE] * len(offsets)
    for kind, values in values_of(answer).items():
        for value in values:
            start = text.lower().find(value.lower())
            if start < 0:
                return None
            inside = [i for i, (a, b) in enumerate(offsets) if a < start + len(value) and b > start]
            for place, i in enumerate(inside):
                found[i] = f"{'I' if place else 'B'}-{kind}"
    return found


def spans(text: str, found: list[str], offsets: list[tuple[int, int]]) -> dict[str, list[str]]:
    """Kind -> the words of its spans, as tagged."""
    values: dict[str, list[list[int]]] = {}
    last = ELSEWHERE
    for tag, (start, end) in zip(found, offsets, strict=True):
        kind = tag[2:]
        if tag != ELSEWHERE:
            own = values.setdefault(kind, [])
            if tag[0] == "B" or last[2:] != kind:
                own.append([start, end])
            else:
                own[-1][1] = end
        last = tag
    return {kind: [text[a:b] for a, b in own] for kind, own in values.items()}


def tried(task: str, source: str, most: int) -> dict[str, float]:
    """Both ways on one task."""
    calls = calls_of(task, ("entity_extraction", None, source)).assign(task_type="extraction")
    calls["text"] = [messages[-1]["content"] for messages in calls["messages"]]
    train, test = calls[calls["split"] == "train"].head(most), calls[calls["split"] == "test"]
    encoder, start = Encoder(), time.process_time()
    rows, labels = [], []
    for text, answer in zip(train["text"], train["response"], strict=True):
        vectors, offsets = encoder(text)
        if (known := tags(text, answer, offsets)) is not None:
            rows.append(vectors)
            labels += known
    head = LogisticRegression(C=1.0, max_iter=200).fit(np.vstack(rows), labels)
    fitted, start = time.process_time() - start, time.process_time()
    many = train["response"].str.contains("[", regex=False).mean() > 0.5  # values come in lists
    outputs = []
    for text in test["text"]:
        vectors, offsets = encoder(text)
        found = spans(text, list(head.predict(vectors)), offsets)
        outputs.append(json.dumps({k: v if many or len(v) > 1 else v[0] for k, v in found.items()}, ensure_ascii=False))
    rate = len(test) / (time.process_time() - start)
    by_label = fit_classifier(train["messages"].tolist(), train["response"].tolist()).answer(test["messages"].tolist())
    right = {name: agreement(test, said) for name, said in (("tagger", outputs), ("classifier", by_label["output"]))}
    interval = wilson(int(right["tagger"].sum()), len(test))
    return {
        "n": len(test), "train": len(train), "tagger": interval.value, "low": interval.low, "high": interval.high,
        "classifier": right["classifier"].mean(), "found": len(rows) / len(train), "fit_s": fitted,
        "answers_per_s": rate,
    }  # fmt: skip


def agreement(calls: pd.DataFrame, outputs: list[str]) -> np.ndarray:
    """Whether each output agrees with the log, as every candidate is scored (n,)."""
    answers = calls[["call_id"]].assign(output=list(outputs), error=None, latency_ms=1.0, reference=calls["response"])
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
        print(f"{task}: of {found['n']} test calls the tagger agrees on {found['tagger']:.1%} ({found['low']:.1%} to "
              f"{found['high']:.1%}), the classifier on {found['classifier']:.1%}", flush=True)  # fmt: skip
    print(json.dumps({t: {key: round(float(value), 4) for key, value in row.items()} for t, row in result.items()}))


if __name__ == "__main__":
    main()
