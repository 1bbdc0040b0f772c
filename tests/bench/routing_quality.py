"""How good is the score before the call on public outcome tables, and does the guarantee hold on them?

    python tests/bench/routing_quality.py [--quick] [--splits N] [--draws N] [--ceiling]

Reads routellm_mmlu.parquet (without the contaminated rows) and routellm_gsm8k.parquet from ../shared/data: what
Mixtral 8x7B and GPT-4 got right. Each split draws the training labels at random and tests on all other rows; nothing
is tuned on those. Features are what a router has at call time: the prompt, and for MMLU its subject as the task.

Second table: regret (the strong model right, the weak one wrong, and the weak one's answer kept) at most 5%, delta
0.10, 1,500 labels to learn the score (of the regret, as that is what is guaranteed) and 500 others to choose the
threshold. A violation is a true regret above 5%, measured on all rows that were neither learned from nor chosen on.

--ceiling: the same features with twice the labels, and the subjects' own means known exactly (a minute more).
Last line: {mmlu_apgr, mmlu_apgr_no_subject, gsm8k_apgr, violations, kept}.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from migration.files import PROJECT
from migration.routing import GainModel, choose_threshold, routing_metrics

DATA = PROJECT.parent / "shared" / "data"
PUBLISHED = {
    "MMLU": [
        ("RouteLLM, best published", ".603", "35.4", "70.3"),
        ("TF-IDF gain", ".633", "31.0", "66.4"),
        ("shrunk subject mean", ".651", "29.0", "64.0"),
    ],
    "GSM8K": [("RouteLLM, best published", ".622", "33.6", "63.3"), ("TF-IDF gain", ".609", "35.4", "64.4")],
}


def table(name: str) -> pd.DataFrame:
    frame = pd.read_parquet(DATA / f"routellm_{name}.parquet")
    if "contaminated" in frame:
        frame = frame[~frame["contaminated"].astype(bool)]
    columns = {"mixtral_8x7b_correct": "weak", "gpt4_1106_correct": "strong", "subject": "task"}
    return frame.rename(columns=columns).astype({"weak": float, "strong": float}).reset_index(drop=True)


def learned(rows: pd.DataFrame, chosen: np.ndarray, *, tasks: bool, regret: bool = False) -> np.ndarray:
    """The gain of every row, learned on the `chosen` ones; with `regret` only where escalating would have helped."""
    here = rows.iloc[chosen]
    names = list(here["task"]) if tasks else None
    strong = np.maximum(here["strong"], here["weak"]) if regret else here["strong"]
    model = GainModel().fit(list(here["prompt"]), here["weak"], strong, names)
    return model.score(list(rows["prompt"]), list(rows["task"]) if tasks else None)


def shrunk_means(rows: pd.DataFrame, chosen: np.ndarray, pull: float = 15.0) -> np.ndarray:
    """The plain baseline: each subject's mean gain, drawn to the pool as by `pull` more labels."""
    here = rows.iloc[chosen]
    gain = here["strong"] - here["weak"]
    sums, counts = gain.groupby(here["task"]).sum(), gain.groupby(here["task"]).count()
    means = (sums + pull * gain.mean()) / (counts + pull)
    return rows["task"].map(means).fillna(gain.mean()).to_numpy()


def mt_bench(splits: int, labels: int = 80) -> tuple[np.ndarray, float]:
    """Mean marks on MT-bench, a table that no setting of the score was ever looked at with: half of the 80 questions
    (two turns each, graded 0 to 10 by GPT-4) to learn from, the others to test on."""
    table = pd.read_parquet(DATA / "routellm_mtbench.parquet")
    wide = table.pivot(index=["question_id", "category", "turn", "question"], columns="model", values="score") / 10
    weak, strong = (next(c for c in wide if word in c) for word in ("Mixtral", "gpt-4"))
    rows = wide.reset_index().rename(columns={weak: "weak", strong: "strong", "question": "prompt", "category": "task"})
    rng, found = np.random.default_rng(3), []
    for _ in range(splits):
        drawn = rng.permutation(rows["question_id"].unique())[: labels // 2]
        inside = rows["question_id"].isin(drawn).to_numpy()
        score = learned(rows, np.flatnonzero(inside), tasks=True)
        found.append(marks(score, rows, np.flatnonzero(~inside)))
    values = np.array(found)
    return np.nanmean(values, 0), float(np.nanstd(values[:, 0], ddof=1) / np.sqrt(splits))


def marks(score: np.ndarray, rows: pd.DataFrame, test: np.ndarray) -> np.ndarray:
    found = routing_metrics(score[test], rows["weak"].to_numpy()[test], rows["strong"].to_numpy()[test], resamples=0)
    return np.array([found.apgr, found.cpt50, found.cpt80])


def over_splits(rows: pd.DataFrame, labels: int, splits: int, score, seed: int = 0) -> tuple[np.ndarray, float]:
    """Mean marks over random splits, and the standard error of the APGR over them."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(splits):
        order = rng.permutation(len(rows))
        found.append(marks(score(rows, order[:labels]), rows, order[labels:]))
    values = np.array(found)
    return values.mean(0), float(values[:, 0].std(ddof=1) / np.sqrt(splits)) if splits > 1 else float("nan")


def show(name: str, values: np.ndarray, error: float, labels: int) -> None:
    print(f"  {name:<44} {values[0]:.3f} ± {error:.3f}   {values[1]:5.1f}   {values[2]:5.1f}   ({labels} labels)")


def guaranteed(rows: pd.DataFrame, models: int, draws: int) -> tuple[float, float, float, float]:
    """(violations, kept) of Learn then Test and of the naive threshold, over draws of 500 labels for each model."""
    rng, broken, kept, naive_broken, naive_kept = np.random.default_rng(1), [], [], [], []
    regret = (rows["strong"] * (1 - rows["weak"])).to_numpy()
    for _ in range(models):
        order = rng.permutation(len(rows))
        gain = learned(rows, order[:1500], tasks=True, regret=True)
        rest = order[1500:]
        for _ in range(draws // models):
            drawn = rng.permutation(rest)
            choose, test = drawn[:500], drawn[500:]
            choice = choose_threshold(
                -gain[choose],
                1 - regret[choose],
                np.ones(500),
                max_loss=0.05,
                max_kept_error=1.0,
                confidence_level=0.90,
            )
            threshold = np.inf if choice.threshold is None else choice.threshold
            keep = -gain[test] >= threshold
            broken.append((keep * regret[test]).mean() > 0.05)
            kept.append(keep.mean())
            down = np.argsort(gain[choose])
            most = int(np.searchsorted(np.cumsum(regret[choose][down]) / 500, 0.05, side="right"))
            keep = -gain[test] >= (-gain[choose][down])[max(most - 1, 0)]
            naive_broken.append((keep * regret[test]).mean() > 0.05)
            naive_kept.append(keep.mean())
    return float(np.mean(broken)), float(np.mean(kept)), float(np.mean(naive_broken)), float(np.mean(naive_kept))


def main(splits: int, draws: int, models: int, ceiling: bool) -> None:
    began = time.time()
    mmlu, gsm8k = table("mmlu"), table("gsm8k")
    print(f"MMLU, {len(mmlu):,} rows, {splits} splits: APGR, CPT50, CPT80 (percent of calls to the strong model)")
    for name, *values in PUBLISHED["MMLU"]:
        print(f"  {name:<44} {values[0]:>5}           {values[1]:>5}   {values[2]:>5}   (as published or stated)")
    show("shrunk subject mean, measured here", *over_splits(mmlu, 1500, splits, shrunk_means), 1500)
    plain, error = over_splits(mmlu, 1500, splits, lambda rows, chosen: learned(rows, chosen, tasks=False))
    show("this router, without the subject", plain, error, 1500)
    full, error = over_splits(mmlu, 1500, splits, lambda rows, chosen: learned(rows, chosen, tasks=True))
    show("this router", full, error, 1500)
    if ceiling:
        show_ceiling(mmlu)
    more = splits * 4
    print(f"GSM8K, {len(gsm8k):,} rows, {more} splits")
    for name, *values in PUBLISHED["GSM8K"]:
        print(f"  {name:<44} {values[0]:>5}           {values[1]:>5}   {values[2]:>5}   (as published or stated)")
    maths, error = over_splits(gsm8k, 650, more, lambda rows, chosen: learned(rows, chosen, tasks=False))
    show("this router", maths, error, 650)
    print(f"MT-bench, 160 turns, {more} splits by question: no setting was ever looked at with it")
    show("this router", *mt_bench(more), 80)
    violations, kept, naive, naive_kept = guaranteed(mmlu, models, draws)
    print(f"MMLU, regret at most 5%, delta 0.10, 500 labels to choose on, {draws} draws: violations / kept")
    print("  as stated: naive 55% / .39, binomial Learn then Test with a TF-IDF gain 10% / .29")
    print(f"  naive threshold on this score                {naive:.1%} / {naive_kept:.2f}")
    print(f"  this router                                  {violations:.1%} / {kept:.2f}")
    print(f"({time.time() - began:.0f} s)")
    result = {"mmlu_apgr": full[0], "mmlu_apgr_no_subject": plain[0], "gsm8k_apgr": maths[0]}
    print(
        json.dumps(
            {name: round(float(v), 4) for name, v in (result | {"violations": violations, "kept": kept}).items()}
        )
    )


def show_ceiling(mmlu: pd.DataFrame) -> None:
    """What would be reached with the subjects' own means known, and with more labels."""
    gain = mmlu["strong"] - mmlu["weak"]
    known = gain.groupby(mmlu["task"]).transform("mean").to_numpy()
    everything = np.arange(len(mmlu))
    show("oracle: each subject's mean over all rows", marks(known, mmlu, everything), 0.0, len(mmlu))
    show("shrunk subject mean", *over_splits(mmlu, 11_000, 5, shrunk_means), 11_000)
    more = GainModel.MOST_ROWS
    show("this router", *over_splits(mmlu, more, 4, lambda rows, chosen: learned(rows, chosen, tasks=True)), more)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 splits and 100 draws")
    parser.add_argument("--splits", type=int, default=24)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--ceiling", action="store_true", help="also what more labels would give")
    asked = parser.parse_args()
    if not Path(DATA / "routellm_mmlu.parquet").exists():
        raise SystemExit(f"needs the public outcome tables in {DATA}")
    main(
        2 if asked.quick else asked.splits, 100 if asked.quick else asked.draws, 2 if asked.quick else 10, asked.ceiling
    )
