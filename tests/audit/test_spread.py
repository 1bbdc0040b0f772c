"""A log of many files, imported and labelled file by file, is the log imported and labelled whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from exports import quiet

from migration import audit
from migration.sample import write


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """(folder of four files of one log, its calls as one import labels them)."""
    folder = tmp_path_factory.mktemp("log")
    lines = write(folder / "log.jsonl", calls=1_200, seed=3).read_bytes().splitlines(keepends=True)
    (folder / "files").mkdir()
    for n in range(4):
        (folder / "files" / f"{n}.jsonl").write_bytes(b"".join(lines[300 * n : 300 * n + 300]))
    audit.import_log(folder / "files", folder / "imported.parquet", progress=quiet)
    found = audit.discover(folder / "imported.parquet")
    found.label(folder / "imported.parquet", folder / "calls.parquet")
    return folder / "files", pd.read_parquet(folder / "calls.parquet")


def spread(files: Path, folder: Path, run: Callable[[Any, Sequence[Any]], Iterable[Any]]) -> pd.DataFrame:
    """The calls of `files`, each file imported and labelled by itself, in the log's order."""
    reports = audit.import_parts(files, folder / "imported", run=run)
    assert [one.calls + one.bad for one in reports] == [300] * 4
    found = audit.discover(folder / "imported")
    assert audit.label_parts(found, folder / "imported", folder / "calls", run=run) == 1_200
    return pd.concat(map(pd.read_parquet, sorted((folder / "calls").glob("*.parquet"))), ignore_index=True)


def equal_but_across_files(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """A retry whose first try lies in another file is told by the whole import alone."""
    across = one["retry_of"].isna() & other["retry_of"].notna()
    assert across.sum() <= 6
    kept = [name for name in one if name not in ("kind", "retry_of")]
    pd.testing.assert_frame_equal(one[kept], other[kept])
    pd.testing.assert_frame_equal(one[~across], other[~across])


def test_parts_are_the_whole(whole: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    files, calls = whole
    equal_but_across_files(spread(files, tmp_path, map), calls)
    sums = audit.fold(audit.open_calls(tmp_path / "calls" / "*.parquet"))
    assert sums.calls.sum() == len(calls)
    assert sums.cost_usd.sum() == pytest.approx(calls.cost_usd.sum())


@pytest.mark.slow
def test_spark_maps_over_the_same_files(whole: tuple[Path, pd.DataFrame], tmp_path: Path, spark: Any) -> None:
    equal_but_across_files(spread(whole[0], tmp_path, audit.on_spark(spark)), whole[1])
