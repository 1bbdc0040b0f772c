"""Human labels: read strictly, joined with machine verdicts, and right however biased those are."""

import json

import numpy as np
import pandas as pd
import pytest

from migration import benchmark
from migration.benchmark.labels import LLM, onto
from migration.errors import BadInput, NotEnoughCalls

N = 1200


@pytest.fixture(scope="module")
def log():
    """(calls, scored answers of one candidate, truth): the LLM is right on 80%, the candidate mostly where it is."""
    rng = np.random.default_rng(3)
    ids = [f"c{i}" for i in range(N)]
    calls = pd.DataFrame({"call_id": ids, "conversation_id": [f"v{i // 3}" for i in range(N)]})
    llm, agrees = rng.random(N) < 0.8, rng.random(N)
    agrees = np.where(llm, agrees < 0.95, agrees < 0.15)
    small = np.where(agrees, llm, rng.random(N) < 0.1)
    scored = pd.DataFrame(
        {"call_id": ids, "candidate": "small", "task": [f"t{i % 3}" for i in range(N)], "weight": 1.0,
         "score": agrees.astype(float), "agrees": agrees, "scorer": "text", "agrees_when": "alike", "provable": False}
    )  # fmt: skip
    return calls, scored, pd.DataFrame({"call_id": ids, LLM: llm, "small": small})


def written(path, truth, n=200):
    some = truth.sample(n, random_state=1)
    rows = [
        {"call_id": row["call_id"], "correct": bool(row[name])} | ({"candidate": name} if name != LLM else {})
        for row in some.to_dict("records")
        for name in (LLM, "small")
    ]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


def test_quality_of_the_llm_and_the_candidate_from_few_labels(log, tmp_path):
    calls, scored, truth = log
    frames = [
        benchmark.quality(
            scored, calls, benchmark.read_labels(written(tmp_path / f"l.{kind}", truth), calls, ["small"])
        )
        for kind in ("csv", "jsonl", "parquet")
    ]
    found = frames[0].set_index("candidate")
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    for name in (LLM, "small"):
        row = found.loc[name]
        assert row["low"] < truth[name].mean() < row["high"]
        assert row["high"] - row["low"] < 0.9 * (row["labels_alone_high"] - row["labels_alone_low"])
    gap = truth["small"].mean() - truth[LLM].mean()
    assert found.loc["small", "minus_llm_low"] < gap < found.loc["small", "minus_llm_high"]


def test_a_person_s_verdict_decides_the_calls_it_is_about(log, tmp_path):
    calls, scored, truth = log
    file = written(tmp_path / "l.csv", truth)
    labels = benchmark.read_labels(file, calls, ["small"])
    joined = onto(scored, labels).set_index("call_id")
    own = labels[labels["candidate"] == "small"].set_index("call_id")["correct"]
    assert (joined.loc[own.index, "agrees"] == own).all()
    assert joined.loc[own.index, "provable"].all()
    assert not joined.drop(own.index)["provable"].any()
    assert "labels alone" in benchmark.labelled(scored, calls, file=file)[1]
    assert benchmark.labelled(scored, calls)[0] is scored


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("call_id,correct\nc1,true\nc9999,true\n", "line 3, column call_id"),
        ("call_id,correct\nc1,true\nc1,false\n", "line 3, column call_id"),
        ("call_id,correct\nc1,perhaps\n", "line 2, column correct"),
        ("call_id,correct\nc1,\n", "line 2, column correct"),
        ("call_id,right\nc1,true\n", "line 2, column correct"),
        ("call_id,correct,candidate\nc1,true,huge\n", "line 2, column candidate"),
    ],
)
def test_a_label_that_cannot_be_used_is_named_by_line_and_column(log, tmp_path, text, names):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(BadInput, match=names):
        benchmark.read_labels(file, log[0])


def test_files_that_hold_no_labels_are_refused(log, tmp_path):
    calls, scored, truth = log
    for name, text in {"a.txt": "", "a.jsonl": "[1]\n", "b.jsonl": "{\n", "a.csv": "", "a.parquet": "x"}.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput, match=name):
            benchmark.read_labels(tmp_path / name, calls)
    with pytest.raises(BadInput, match="cannot be read"):
        benchmark.read_labels(tmp_path / "none.csv", calls)
    few = benchmark.read_labels(written(tmp_path / "few.csv", truth, n=3), calls, ["small"])
    with pytest.raises(NotEnoughCalls):
        benchmark.quality(scored, calls, few)
