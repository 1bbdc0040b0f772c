"""Is the sample as hard as real support logs? A classifier's agreement at the same number of answers on both.

    python tests/bench/hardness.py [--answers N] [--draws N] [--quick]

On the call sites of `data/sample_traffic.jsonl.gz` and of ../shared/data/support_traffic.jsonl.gz that have a closed
set of answers, `fit_classifier` learns `--answers` logged answers and gives those of fresh calls, with all the
versions, moods and mistakes that they come with. Real sites are far apart (two classes and 77); the sample should lie
among them, and its intent and routing near the real ones of the same kind.
Last line: {"sample": {site: agreement}, "real": {site: agreement}}.
"""

import argparse
import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from migration.benchmark import fit_classifier
from migration.files import PROJECT
from migration.sample.simulate import truth

DATA = PROJECT.parent / "shared" / "data"
SAMPLE = PROJECT / "data" / "sample_traffic.jsonl.gz"
SITES = ("intent", "route")
KINDS = ("intent_classification", "escalation_routing", "scope_gate", "contact_reason_multiturn")
MOST_FRESH = 400

Rows = dict[str, list[tuple[list[dict[str, str]], str]]]


def answered(file: Path, site_of: dict[str, str]) -> Rows:
    """Site -> (messages, answer) of each answered chat call whose id `site_of` names."""
    rows: Rows = defaultdict(list)
    with gzip.open(file, "rt") as log:
        for line in log:
            call = json.loads(line)
            if call["id"] in site_of and "choices" in call["response"]:
                said = call["response"]["choices"][0]["message"]["content"]
                rows[site_of[call["id"]]].append((call["request"]["messages"], said))
    return rows


def sample() -> Rows:
    with gzip.open(SAMPLE, "rt") as log:
        known = truth(sum(1 for _ in log), 7)
    return answered(SAMPLE, {i: s for i, s in zip(known["id"], known["site"], strict=True) if s in SITES})


def real() -> Rows:
    labels = pd.read_parquet(DATA / "support_traffic_labels.parquet")
    labels = labels[labels["task_type"].isin(KINDS)]
    site = labels["task_type"] + " " + labels["source"] + " " + labels["prompt_version"].fillna("")
    return answered(DATA / "support_traffic.jsonl.gz", dict(zip(labels["id"], site.str.strip(), strict=True)))


def agreement(rows: list[tuple[list[dict[str, str]], str]], answers: int, draws: int) -> float:
    """Mean share of fresh calls whose answer a classifier of `answers` logged ones gives."""
    shares = []
    for seed in range(draws):
        order = np.random.default_rng(seed).permutation(len(rows))
        known, fresh = ([rows[i] for i in part] for part in (order[:answers], order[answers : answers + MOST_FRESH]))
        found = fit_classifier([asked for asked, _ in known], [said for _, said in known])
        shares.append((found.answer([asked for asked, _ in fresh])["output"] == [said for _, said in fresh]).mean())
    return float(np.mean(shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=320, help="logged answers that are learned")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="120 answers, one draw, no real log")
    options = parser.parse_args()
    if options.quick:
        options.answers, options.draws = 120, 1
    logs = {"sample": sample()} | ({"real": real()} if DATA.is_dir() and not options.quick else {})
    found: dict[str, dict[str, float]] = {"sample": {}, "real": {}}
    for log, sites in logs.items():
        for site, rows in sites.items():
            if len(rows) < options.answers + 100:
                continue
            share = found[log][site] = agreement(rows, options.answers, options.draws)
            count = len({said for _, said in rows})
            print(f"{log:8}{site:48}{count:>4} answers  {share:.1%} of fresh calls agree", flush=True)
    print(json.dumps({log: {site: round(share, 4) for site, share in sites.items()} for log, sites in found.items()}))


if __name__ == "__main__":
    main()
