"""A log of many files over many machines: an import is a map over files, and so is labelling.

`run` is whatever maps a function over a list: the built-in `map`, a pool's, or Spark's (`on_spark`). Files and results
lie where every machine sees them. Out of scope: starting a cluster, and what shows only across files: a repeated id or
a retry is found where both calls lie in one file, so split a log by time or by conversation, not at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.audit.discovery.tasks import Discovery, tables
from migration.audit.importers import ImportReport, import_log
from migration.audit.importers.sources import files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]


def on_spark(session: SparkSession) -> Run:
    """A map over the executors of a Spark session, one task an item. They need this package installed."""
    return lambda work, items: session.sparkContext.parallelize(list(items), len(items)).map(work).collect()


def import_parts(
    traffic: str | Path | list[str], folder: Path, *, run: Run = map, **options: Any
) -> list[ImportReport]:
    """Each file of `traffic` as a calls table `folder`/part-00000/calls.parquet and so on; the account of each.

    options: those of `import_log`. Files that others are joined with (a batch's two halves) need `import_log` itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(str(path), str(folder / f"part-{n:05}" / "calls.parquet")) for n, path in enumerate(files(traffic))]
    return list(run(partial(_import, options), jobs))


def _import(options: dict[str, Any], job: tuple[str, str]) -> ImportReport:
    return import_log(job[0], job[1], progress=_quiet, **options)


def _quiet(_line: str) -> None:
    """Says nothing: progress of many machines at once is no progress report."""


def label_parts(found: Discovery, source: Path, target: Path, *, run: Run = map) -> int:
    """Every calls table below `source` labelled by `found` into `target`, under its part's name. Returns the calls."""
    target.mkdir(parents=True, exist_ok=True)
    jobs = [(str(path), str(target / f"{path.parent.name}.parquet")) for path in tables(source)]
    return sum(run(partial(_label, found), jobs))


def _label(found: Discovery, job: tuple[str, str]) -> int:
    return found.label(Path(job[0]), Path(job[1]))
