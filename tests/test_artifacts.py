"""A step leaves all of its result or none of it, and tables keep their contracts."""

import errno
import itertools
import json
import math
import os
import random
import signal
import time

import numpy as np
import pandas as pd
import pytest

from migration.artifacts import open_run, open_step
from migration.benchmark.engine.cache import Answers
from migration.errors import BadInput, ContractError, DamagedFile, MissingStep
from migration.files import read_json, write_json
from migration.schema import SPLIT_SHARES, Split, split_of

CURVE = pd.DataFrame(
    {"threshold": [0.5], "slm_share": [0.7], "quality": [1.0], "quality_low": [0.9], "quality_high": [1.0]}
    | {"cost_usd_per_1k": [1]}
)


def finished(tmp_path, value):
    step = open_step(tmp_path, "04_router_tuning")
    step.write("curve.parquet", CURVE.assign(threshold=value))
    return step.finish({"slm_share": np.float64(0.5)}, decision="route")


def test_a_finished_step_has_its_files_and_the_summary(tmp_path):
    folder = finished(tmp_path, 0.25)
    assert json.loads((folder / "summary.json").read_text()) == {"slm_share": 0.5, "decision": "route"}
    later = open_step(tmp_path, "05_cost_projection")
    assert later.read("04_router_tuning/curve.parquet")["threshold"].tolist() == [0.25]
    assert open_run(tmp_path).manifest["steps"]["04_router_tuning"]["status"] == "done"


def test_a_step_that_breaks_leaves_the_last_good_result(tmp_path):
    finished(tmp_path, 0.25)
    step = open_step(tmp_path, "04_router_tuning")
    step.write("curve.parquet", CURVE.assign(threshold=0.9))  # and then it breaks
    later = open_step(tmp_path, "05_cost_projection")
    assert later.read("04_router_tuning/curve.parquet")["threshold"].tolist() == [0.25]


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    folder = finished(tmp_path, 0.25)
    folder.rename(folder.with_name("04_router_tuning.old"))
    assert open_run(tmp_path).done("04_router_tuning")


def test_a_step_whose_forerunner_is_missing_says_which(tmp_path):
    step = open_step(tmp_path, "05_cost_projection")
    with pytest.raises(MissingStep, match="05_cost_projection needs 04_router_tuning"):
        step.read("04_router_tuning/curve.parquet")


def test_a_table_that_breaks_its_contract_is_not_written(tmp_path):
    step = open_step(tmp_path, "04_router_tuning")
    with pytest.raises(ContractError, match="'quality' is missing"):
        step.write("curve.parquet", CURVE.drop(columns="quality"))
    with pytest.raises(ContractError, match="'threshold' is not double"):
        step.write("curve.parquet", CURVE.assign(threshold="high"))
    assert not (step.path / "curve.parquet").exists()


@pytest.mark.parametrize("columns", [None, ["threshold", "wait_ms"]])
def test_a_table_of_an_older_run_is_refused_with_the_step_to_run_again(tmp_path, columns):
    folder = finished(tmp_path, 0.25)
    CURVE.drop(columns="quality").to_parquet(folder / "curve.parquet")
    (folder / "checksums.json").unlink()  # older than these, too
    with pytest.raises(ContractError, match=r"is missing; run 04_router_tuning again"):
        open_step(tmp_path, "05_cost_projection").read("04_router_tuning/curve.parquet", columns)


SOAK = "MIGRATION_SOAK" in os.environ


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_at_any_moment_leaves_the_old_result_or_the_new_one(tmp_path, how):
    """A child finishes the step over and over, keeping an answer each time, and is killed 25 times, wherever it is."""
    draw, seen = random.Random(int(how)), set()
    finished(tmp_path, 0.0)
    for _ in range(250 if SOAK else 25):
        if (child := os.fork()) == 0:
            try:
                store = Answers(tmp_path / "cache" / "answers.sqlite")
                for n in itertools.count(len(store.counts())):
                    store.put(f"answer {n}", {"output": str(n)})
                    finished(tmp_path, float(n))
            finally:
                os._exit(0)
        time.sleep(draw.uniform(0.01, 0.12))
        os.kill(child, how)
        os.waitpid(child, 0)
        run = open_run(tmp_path)
        run.check("04_router_tuning")
        table = open_step(tmp_path, "05_cost_projection").read("04_router_tuning/curve.parquet")
        seen.add(float(table["threshold"].iloc[0]))
        assert run.manifest["steps"]["04_router_tuning"]["status"] == "done"
        store = Answers(tmp_path / "cache" / "answers.sqlite")
        assert set(store.counts().values()) <= {1}, "an answer was computed twice"
        assert len(store.get(store.counts())) == len(store.counts()), "an answer was damaged"
        store.close()
    assert len(seen) > 3, "the kills hit nothing"


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_the_n_th_write_that_fails_leaves_the_old_result(tmp_path, monkeypatch, trouble):
    finished(tmp_path, 0.25)
    for n in range(1, 12):
        left = itertools.count(n, -1)

        def fsync(file, left=left):
            if next(left) == 1:
                raise OSError(trouble, os.strerror(trouble))

        monkeypatch.setattr(os, "fsync", fsync)
        try:
            finished(tmp_path, float(n))
            failed = False
        except OSError as error:
            failed = error.errno == trouble
        monkeypatch.undo()
        later = open_step(tmp_path, "05_cost_projection")
        value = later.read("04_router_tuning/curve.parquet")["threshold"].iloc[0]
        assert value == float(n) or (failed and value in (0.25, float(n)))
        finished(tmp_path, 0.25)
        if not failed:
            break
    assert n > 2, "no write was failed"


@pytest.mark.parametrize("name", ["curve.parquet", "summary.json", "checksums.json"])
def test_one_flipped_bit_is_refused_by_name(tmp_path, name):
    folder = finished(tmp_path, 0.25)
    whole, later = (folder / name).read_bytes(), open_step(tmp_path, "05_cost_projection")
    draw = random.Random(5)
    for _ in range(500 if SOAK else 12):
        data = bytearray(whole)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        (folder / name).write_bytes(data)
        with pytest.raises(DamagedFile, match=r"04_router_tuning again"):
            [later.read("04_router_tuning/curve.parquet"), later.run.summary("04_router_tuning")]


def test_a_run_is_for_its_user_alone(tmp_path):
    folder = finished(tmp_path / "run", 0.25)
    modes = {path.stat().st_mode & 0o077 for path in [tmp_path / "run", folder, *folder.iterdir()]}
    assert modes == {0}


def test_a_summary_is_flat_and_strict_json(tmp_path):
    step = open_step(tmp_path, "04_router_tuning")
    with pytest.raises(ValueError, match="flat"):
        step.finish({"a": {"b": 1}}, decision="")
    assert read_json(write_json(tmp_path / "x.json", {"a": math.nan, "b": np.arange(2)})) == {"a": None, "b": [0, 1]}
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(BadInput, match="not readable JSON"):
        read_json(tmp_path / "x.json")


def test_splits_keep_their_shares_and_never_move():
    splits = pd.Series([split_of(f"conversation-{i}") for i in range(20_000)])
    shares = splits.value_counts(normalize=True)
    assert [round(shares[s], 2) for s in Split] == pytest.approx(SPLIT_SHARES, abs=0.011)
    assert splits.head(3).tolist() == [split_of(f"conversation-{i}") for i in range(3)]
