"""How much may a classifier on logged answers keep, is the guarantee true, and how fast is it?

    python tests/bench/classifier.py [--quick] [--rows N] [--draws N] [--peer-draws N]
    python tests/bench/classifier.py --table FILE... [--text COLUMN] [--answer COLUMN]

Tables of ../shared/data, or yours: CSV, TSV, Parquet or JSON lines (perhaps gzipped), one text and one answer a row, in
the columns `--text` and `--answer` (any type; read as text; rows without either are left out), 120 rows at the least.
For each, `fit_classifier` is fitted on two thirds of `--rows` labelled rows (half of the table where it is small), and
a threshold is chosen on as many rows as the last third so that at most 3% of the kept answers differ, at 95%
confidence. Rows that no fit saw are the population: each draw
takes its calibration rows from it with replacement, and the guarantee is broken where more than 3% of the population
above the threshold differ. MMLU is there to be refused: the answer does not follow from the question's words.

Beside it `tracer-llm` (its own environment, its own threshold search at a target of .97, without its gradient
boosting) gets all `--rows` labelled rows, embeddings by the same encoder, and the same fresh rows.

Speed: answers a second of one core (CPU time) for messages of 20 words. Last line: {kept, tracer_kept, broken,
tracer_broken, answers_per_s}; kept and tracer_kept are means over the tables, broken the worst table's share.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pandas as pd

from migration.benchmark import Classifier, fit_classifier
from migration.errors import MigrationError
from migration.files import PROJECT
from migration.models import embed, user_cache
from migration.routing import choose_threshold

DATA = PROJECT.parent / "shared" / "data"
LIMIT, LEVEL = 0.03, 0.95
PARTS = (0.2, 0.4, 0.6, 0.8)
LEAST = int(np.log(1 - LEVEL) / np.log(1 - LIMIT))
POPULATION = 3000
PEER = "tracer-llm==0.3.3"

Table = tuple[list[str], list[str]]


def tables(rows: int) -> dict[str, Callable[[], Table]]:
    """Name -> texts and answers, read when asked for."""

    def bitext(answer: Callable[[pd.Series], str]) -> Table:
        frame = pd.read_parquet(DATA / "bitext.parquet").dropna(subset=["intent"])
        return frame["instruction"].tolist(), [answer(row) for _, row in frame.iterrows()]

    def queue(row: pd.Series) -> str:
        escalate = "yes" if row["intent"] == "contact_human_agent" else "no"
        return f"QUEUE: {row['category']}\nESCALATE: {escalate}"

    def entities() -> Table:
        frame = pd.read_parquet(DATA / "bitext_entities.parquet")
        found = frame["entity_type"].notna()
        values = zip(frame["entity_type"], frame["entity_value"], found, strict=True)
        return frame["utterance"].tolist(), [json.dumps({t: [v]} if has else {}) for t, v, has in values]

    def reasons() -> Table:
        labels = pd.read_parquet(DATA / "support_traffic_labels.parquet")
        wanted = set(labels.loc[labels["task_type"] == "contact_reason_multiturn", "id"])
        log = pd.read_json(DATA / "support_traffic.jsonl.gz", lines=True, dtype=False)
        log = log[log["id"].isin(wanted)]
        answers = [response["choices"][0]["message"]["content"] for response in log["response"]]
        return [request["messages"][-1]["content"] for request in log["request"]], answers

    def mmlu() -> Table:
        frame = pd.read_parquet(DATA / "mmlu_test.parquet").sample(min(14042, 2 * rows), random_state=0)
        texts = frame["question"].str.cat([frame[letter] for letter in "ABCD"], sep="\n")
        return texts.tolist(), frame["answer"].astype(str).tolist()

    return {
        "27 intents": lambda: bitext(lambda row: str(row["intent"])),
        "queue + escalation": lambda: bitext(queue),
        "contact reasons": reasons,
        "entities as labels": entities,
        "MMLU (to be refused)": mmlu,
    }


LEAST_ROWS = 120
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True, dtype=False),
}
"""How a table is read, by the ending of its name without `.gz`."""


def read(file: Path, text: str, answer: str) -> Table:
    """Texts and answers of a table. Ends the script, saying why, where it has none."""
    ending = Path(file.name.removesuffix(".gz")).suffix
    if ending not in READERS:
        sys.exit(f"{file}: a table ends in {', '.join(READERS)} (and perhaps .gz)")
    frame = READERS[ending](file)
    if missing := {text, answer} - set(frame.columns):
        sys.exit(f"{file} has no column {sorted(missing)}: name --text and --answer among {list(map(str, frame))}")
    frame = frame[[text, answer]].dropna()
    if len(frame) < LEAST_ROWS:
        sys.exit(f"{file} has {len(frame)} rows with both, and {LEAST_ROWS} are the least")
    return frame[text].astype(str).tolist(), frame[answer].astype(str).tolist()


def gate(confidence: np.ndarray, agrees: np.ndarray) -> float:
    """The threshold of `choose_threshold` (inf: none), among few nested ones: where the confidences themselves expect
    a part of the limit, and as many are kept as a proof takes at the least."""
    order = np.sort(confidence)[::-1]
    expected = np.cumsum(1 - order) / np.arange(1, len(order) + 1)
    places = [int(np.flatnonzero(expected <= part * LIMIT).max(initial=-1)) for part in PARTS]
    thresholds = [order[place] for place in places if place >= LEAST]
    if not thresholds:
        return np.inf
    chosen = choose_threshold(
        confidence, agrees.astype(float), np.ones(len(agrees)), max_loss=LIMIT, max_kept_error=LIMIT,
        confidence_level=LEVEL, thresholds=thresholds,
    )  # fmt: skip
    return np.inf if chosen.threshold is None else chosen.threshold


def ours(texts: list[str], answers: list[str], rows: int, draws: int, fits: int, seed: int) -> dict[str, float]:
    """Agreement, share kept and broken guarantees over `draws`, which share `fits` classifiers."""
    train, calibration = 2 * rows // 3, rows - 2 * rows // 3
    kept, broken, agreement, seconds = [], [], [], []
    for fit in range(fits):
        order = np.random.default_rng(seed + fit).permutation(len(texts))
        known, fresh = order[:train], order[train : train + POPULATION]
        start = time.process_time()
        found = fit_classifier([texts[i] for i in known], [answers[i] for i in known])
        seconds.append(time.process_time() - start)
        given = found.answer([texts[i] for i in fresh])
        agrees = (given["output"] == [answers[i] for i in fresh]).to_numpy(bool)
        confidence = given["confidence"].to_numpy(float)
        agreement.append(agrees.mean())
        rng = np.random.default_rng(seed + 1000 + fit)
        for _ in range(draws // fits):
            drawn = rng.integers(0, len(fresh), calibration)
            above = confidence >= gate(confidence[drawn], agrees[drawn])
            kept.append(above.mean())
            broken.append(above.any() and (~agrees[above]).mean() > LIMIT)
    return {
        "fit s": float(np.mean(seconds)), "agrees": float(np.mean(agreement)),
        "kept": float(np.mean(kept)), "broken": float(np.mean(broken)),
    }  # fmt: skip


def peer_python() -> Path | None:
    """The Python of an environment with the peer in it, made once; None where it cannot be had."""
    folder = user_cache() / "bench" / PEER
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", PEER], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{PEER} cannot be installed here and is left out: {done.stderr.strip().splitlines()[-1]}")
            return None
        (folder / "ready").touch()
    return python


def peer(python: Path, texts: list[str], answers: list[str], rows: int, draws: int, seed: int) -> dict[str, float]:
    """What the peer keeps of fresh rows, how often its target of .97 is missed there, and its seconds to fit."""
    results = []
    for draw in range(draws):
        order = np.random.default_rng(seed + draw).permutation(len(texts))
        known, fresh = order[:rows], order[rows : rows + POPULATION]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            lines = [json.dumps({"input": texts[i], "teacher": answers[i]}) for i in known]
            (folder / "train.jsonl").write_text("\n".join(lines))
            (folder / "fresh.json").write_text(json.dumps([answers[i] for i in fresh]))
            for part, places in (("train", known), ("fresh", fresh)):
                vectors = embed([texts[i] for i in places], max_tokens=256, fast=True)
                np.save(folder / f"{part}.npy", vectors)
            run = [python, Path(__file__).with_name("peer_tracer.py"), folder]
            done = subprocess.run(run, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"  peer failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return {
        "peer fit s": float(np.mean([r["seconds"] for r in results])) if results else np.nan,
        "peer kept": float(np.mean([r["kept"] for r in results])) if results else np.nan,
        "peer broken": float(np.mean([(r["error"] or 0) > LIMIT for r in results])) if results else np.nan,
        "peer draws": len(results),
    }


def speed(found: Classifier, texts: list[str]) -> float:
    """Answers a second of one core's time to messages of 20 words made of the table's own words."""
    words = " ".join(texts[:2000]).split()
    starts = np.random.default_rng(0).integers(0, max(1, len(words) - 20), 600)
    messages = [" ".join(words[start : start + 20]) for start in starts]
    found.answer(messages[:100])
    start = time.process_time()
    found.answer(messages)
    return len(messages) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two tables, one fit each, without the peer")
    parser.add_argument("--rows", type=int, default=3000, help="labelled rows: training and calibration")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--fits", type=int, default=2, help="classifiers that the draws of a table share")
    parser.add_argument("--peer-draws", type=int, default=1)
    parser.add_argument("--table", type=Path, nargs="+", help="CSV, TSV, Parquet or JSON lines, one row an answer")
    parser.add_argument("--text", default="text", help="the column of what was asked")
    parser.add_argument("--answer", default="answer", help="the column of what was answered")
    asked = parser.parse_args()
    found = {str(table): partial(read, table, asked.text, asked.answer) for table in asked.table or ()} or None
    if found is None and not DATA.is_dir():
        sys.exit(f"{DATA} is not here: name a table with --table")
    found = found or tables(asked.rows)
    if asked.quick:
        asked.rows, asked.fits, asked.peer_draws = 900, 1, 0
        found = {name: found[name] for name in list(found)[:1]} if asked.table else {
            name: found[name] for name in ("27 intents", "MMLU (to be refused)")
        }  # fmt: skip
    python = peer_python() if asked.peer_draws else None
    lines, rate = [], 0.0
    for name, table in found.items():
        texts, answers = table()
        rows = min(asked.rows, len(texts) // 2)
        line = {"table": name, "rows": rows, "answers": len(set(answers))}
        try:
            line |= ours(texts, answers, rows, asked.draws, asked.fits, seed=11)
        except MigrationError as refusal:  # no set of answers to learn: nothing is kept, and nothing broken
            print(f"{name}: {refusal}")
            line |= {"kept": 0.0, "broken": 0.0}
        line |= peer(python, texts, answers, rows, asked.peer_draws, seed=11) if python else {}
        print({key: round(value, 3) if isinstance(value, float) else value for key, value in line.items()}, flush=True)
        lines.append(line)
        rate = rate or (0.0 if "agrees" not in line else speed(fit_classifier(texts[:600], answers[:600]), texts))
        print(json.dumps(marks(pd.DataFrame(lines), rate)), flush=True)
    print(pd.DataFrame(lines).round(3).to_string(index=False))
    print(json.dumps(marks(pd.DataFrame(lines), rate)))


def marks(frame: pd.DataFrame, rate: float) -> dict[str, float | None]:
    """The last line, over the tables so far. frame: a row a table, as `ours` and `peer` give them; rate: answers/s."""
    mean = frame.mean(numeric_only=True)
    result = {
        "kept": mean["kept"],
        "tracer_kept": mean.get("peer kept"),
        "broken": frame["broken"].max(),
        "tracer_broken": mean.get("peer broken"),
        "answers_per_s": rate,
    }
    return {key: round(float(value), 4) if pd.notna(value) else None for key, value in result.items()}


main()
