"""The audit's sums: against pandas on the same rows, and on Spark against DuckDB."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
import sites

from migration.audit import analytics as a
from migration.audit import present as reading
from migration.audit import with_sampled_texts, with_texts
from migration.audit.analytics import messages_of
from migration.audit.discovery.tasks import discover
from migration.audit.month_scale import Span, arrivals, span
from migration.errors import NotEnoughCalls
from migration.figures import audit as figures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import audit as bench

EXPRESSIONS = (a.by_hour, a.conversations, a.complexity_bins, arrivals)
FOLDED_BY = ["task", "kind", "model", "split"]


def span_of(calls: Any) -> Span:
    return span(arrivals(calls).to_pandas())


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated log with every kind, unknown costs, missing latencies."""
    path = tmp_path_factory.mktemp("analytics") / "log.parquet"
    bench.generate(path, 20_000)
    return path


def test_duckdb_and_pandas_agree(log: Path) -> None:
    assert bench.equal(bench.on_duckdb(log)[1], bench.on_pandas(log)[1])


def test_hours_and_weekdays_are_those_of_utc(tmp_path: Path) -> None:
    row = sites.log(1)[0] | {"created_at": pd.Timestamp("2025-06-01 23:30", tz="UTC")}  # a Sunday
    hours = a.by_hour(a.open_calls(sites.write(tmp_path / "one.parquet", [row]))).to_pandas()
    assert hours[["weekday", "hour", "calls"]].to_numpy().tolist() == [[6, 23, 1]]


def test_a_log_of_one_moment_counts_as_a_day(tmp_path: Path) -> None:
    over = span_of(a.open_calls(sites.write(tmp_path / "one.parquet", sites.log(1))))
    assert (over.days, over.to_month, over.calls) == (1.0, 365.25 / 12, 1)
    with pytest.raises(NotEnoughCalls):
        span_of(a.open_calls(sites.write(tmp_path / "none.parquet", [])))


def test_hidden_costs_sum_to_the_bill_and_unknown_is_not_zero(log: Path) -> None:
    folded = a.fold(a.open_calls(log))
    over = span_of(a.open_calls(log))
    table = pd.read_parquet(log, columns=["kind", "cost_usd"])
    hidden = a.hidden_costs(a.add_up(folded, "kind"), over)
    assert hidden.kind[0] == "chat"
    assert hidden.share.sum() == pytest.approx(1)
    assert hidden.cost_usd_month.sum() == pytest.approx(table.cost_usd.sum() * over.to_month)
    assert hidden.unpriced.sum() == table.cost_usd.isna().sum() > 0


def test_tasks_table_and_what_could_move(tmp_path: Path) -> None:
    rows = sites.log(1_500, 3, [sites.house_urgency, sites.code, sites.german_categories])
    rows[0]["kind"] = rows[1]["kind"] = "error"
    rows[2]["kind"], rows[2]["messages"] = "embedding", []
    source = sites.write(tmp_path / "log.parquet", rows)
    tasks = discover(source)
    tasks.label(source, tmp_path / "calls.parquet")
    calls = a.open_calls(tmp_path / "calls.parquet")
    table = a.tasks_table(calls, tasks)
    assert table.calls.sum() == 1_500
    assert table.answered.sum() == 1_497
    assert table.cost_usd.sum() == pytest.approx(sum(row["cost_usd"] for row in rows))
    assert table.set_index("task").loc["embeddings", ["kind", "route_hint"]].tolist() == ["embedding", "unclear"]
    hints = dict(zip(table.task_type, table.route_hint, strict=True))
    assert (hints["classification"], hints["code"]) == ("slm", "llm")
    shares = a.movable(table).set_index("route_hint")
    moved = table[table.route_hint == "slm"]
    assert shares.call_share["slm"] == pytest.approx(moved.answered.sum() / 1_497)
    assert shares.call_share.sum() == pytest.approx(1)
    folded = a.fold(calls)
    over = span_of(calls)
    summary = a.summary_of(table, a.hidden_costs(a.add_up(folded, "kind"), over), shares.reset_index(), over)
    assert {"calls", "tasks", "cost_usd_month", "movable_share"} <= set(summary)
    assert summary["cost_usd_month"] == pytest.approx(table.cost_usd.sum() * over.to_month)


def test_a_bill_of_unknown_prices_is_unknown_not_zero(tmp_path: Path) -> None:
    rows = [row | {"cost_usd": None} for row in sites.log(250, 3, [sites.house_urgency])]
    source = sites.write(tmp_path / "log.parquet", rows)
    tasks = discover(source)
    tasks.label(source, tmp_path / "calls.parquet")
    calls = a.open_calls(tmp_path / "calls.parquet")
    folded = a.fold(calls)
    table, over = a.tasks_table(calls, tasks), span_of(calls)
    hidden, shares = a.hidden_costs(a.add_up(folded, "kind"), over), a.movable(table)
    summary = a.summary_of(table, hidden, shares, over)
    assert summary["cost_usd_month"] is None
    assert summary["movable_share"] == 1.0
    assert "unknown" in reading.say_hidden(hidden).data
    assert "unknown" in reading.say_movable(shares)
    kinds = a.add_up(folded, "task", "kind")
    assert "known price" in figures.cost_by_task(kinds, {}, to_month=1.0).get_suptitle()


def test_every_figure_states_its_finding(tmp_path: Path) -> None:
    rows = sites.log(300, 4)
    source = sites.write(tmp_path / "log.parquet", rows)
    tasks = discover(source)
    tasks.label(source, tmp_path / "calls.parquet")
    calls = a.open_calls(tmp_path / "calls.parquet")
    table = a.tasks_table(calls, tasks)
    drawn = {
        "volume": figures.volume(a.by_hour(calls).to_pandas(), calls=300),
        "cost": figures.cost_by_task(a.add_up(a.fold(calls), "task", "kind"), {}, to_month=2.0),
        "percentiles": figures.percentiles(table),
        "complexity": figures.complexity(a.complexity_bins(calls).to_pandas(), table),
        "move": figures.could_move(a.movable(table)),
    }
    for name, fig in drawn.items():
        picture = figures.keep(fig, tmp_path, name)
        assert any(sign.isdigit() for sign in picture.title), "a finding is a number"
        assert len(picture.alt) > len(picture.title) + 20
        assert picture.path.stat().st_size > 10_000


def test_percentiles_are_those_of_answered_calls(log: Path) -> None:
    table = pd.read_parquet(log, columns=["kind", "task", "latency_ms"])
    seen = table[table.kind.isin(["chat", "scoring"])]
    levels = a.percentiles(a.open_calls(log), "latency_ms").to_pandas().set_index("task")
    expected = seen.groupby("task").latency_ms.quantile(0.95)
    np.testing.assert_allclose(levels.p95, expected.loc[levels.index])


def test_a_folder_of_files_is_one_log(log: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copy(log, tmp_path / f"{name}.parquet")
    assert span_of(a.open_calls(tmp_path / "*.parquet")).calls == 40_000


@pytest.mark.slow
def test_spark_and_duckdb_agree_on_a_million_calls(tmp_path: Path, spark: Any) -> None:
    """The same expressions, two engines, equal numbers: sums of floats to 1 in 10^9, all else exactly."""
    log = tmp_path / "log.parquet"
    bench.generate(log, 1_000_000)
    here, there = a.open_calls(log), ibis.pyspark.connect(spark).read_parquet(str(log))
    folded = [a.fold(calls) for calls in (here, there)]
    pairs = {e.__name__: (e(here).to_pandas(), e(there).to_pandas()) for e in EXPRESSIONS}
    pairs |= {c: tuple(a.percentiles(calls, c).to_pandas() for calls in (here, there)) for c in a.MEASURES.values()}
    pairs |= {"folded": tuple(f.sort_values(FOLDED_BY, ignore_index=True) for f in folded)}
    for name, (one, other) in pairs.items():
        pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-9, obj=name)
    assert span_of(here) == span_of(there)


def test_the_texts_of_a_few_calls_are_read_alone(tmp_path: Path) -> None:
    rows = sites.log(500, 3)
    folder = tmp_path / "task=odd"
    folder.mkdir()
    path = sites.write(folder / "calls.parquet", rows)
    wanted = [rows[n]["call_id"] for n in (400, 3, 77)]
    texts = messages_of(path, [*wanted, "absent", wanted[0]])
    assert texts.columns.tolist() == ["call_id", "messages", "tools", "response"]
    assert texts.call_id.tolist() == wanted
    assert list(texts.messages[0]) == rows[400]["messages"]
    assert texts.response[1] == rows[3]["response"]
    assert messages_of(path, []).empty
    some = with_texts(pd.DataFrame({"n": [1, 2, 3], "call_id": [wanted[0], wanted[1], wanted[0]]}), path, wanted[:1])
    assert some.n.tolist() == [1, 2, 3]
    assert some.messages.notna().tolist() == [True, False, True]


def test_texts_are_read_for_so_many_calls_of_a_task_and_the_counts_stay(tmp_path: Path) -> None:
    path = sites.write(tmp_path / "found.parquet", sites.log(300, 3))
    discover(path).label(path, tmp_path / "calls.parquet")
    whole, some = (with_sampled_texts(tmp_path / "calls.parquet", most=most) for most in (300, 4))
    pd.testing.assert_frame_equal(whole, pd.read_parquet(tmp_path / "calls.parquet"))
    narrow = [name for name in whole if name not in ("messages", "tools", "response")]
    pd.testing.assert_frame_equal(some[narrow], whole[narrow])
    read = some[some.messages.notna()]
    replayed = whole[whole.kind.isin(a.VISIBLE)].groupby(["task", "split"], dropna=False).size()
    assert read.groupby(["task", "split"], dropna=False).size().to_dict() == replayed.clip(upper=4).to_dict()
    assert read.response.equals(whole.response[read.index])
