"""Tasks found in logs whose truth is known, and what must not change them."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow.parquet as pq
import pytest
import sites
import yaml

from migration.audit import import_log
from migration.audit.discovery import tasks
from migration.audit.discovery.tasks import OTHER, discover, read_corrections, write_corrections
from migration.errors import BadInput, NotEnoughCalls

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import task_discovery

RIGHT = {site.__name__: types for site, types in sites.SITES.items()}


def found(folder: Path, rows: list[dict[str, object]], **options: object) -> pd.DataFrame:
    source = sites.write(folder / "log.parquet", rows)
    discover(source, **options).label(source, folder / "calls.parquet")  # type: ignore[arg-type]
    return pd.read_parquet(folder / "calls.parquet").set_index("call_id")


def test_a_task_is_called_what_the_log_calls_it_and_its_id_stays(tmp_path: Path) -> None:
    rows = sites.log(200, 1, [sites.code, sites.house_urgency])
    plain = discover(sites.write(tmp_path / "log.parquet", rows))
    table = pq.read_table(tmp_path / "log.parquet")
    pq.write_table(table.append_column("logged_name", table["channel"]), tmp_path / "named.parquet")
    named = discover(tmp_path / "named.parquet")
    assert {task.name for task in named.tasks} == {"code", "house urgency"}
    assert [task.task for task in named.tasks] == [task.task for task in plain.tasks]


@pytest.mark.parametrize(("calls", "seed"), [(400, 1), (2_500, 2)])
def test_unlike_call_sites_are_told_apart_and_typed(tmp_path: Path, calls: int, seed: int) -> None:
    table = found(tmp_path, sites.log(calls, seed))
    _, sums = task_discovery.quality(table, table.channel, RIGHT)
    assert sums["grouped"] >= 0.95
    assert sums["types_right"] >= 0.9
    assert sums["rand"] >= 0.9


@pytest.mark.slow
def test_the_support_log_is_grouped_as_its_labels_say(tmp_path: Path, support_log: Path) -> None:
    table, sums = task_discovery.support(tmp_path)
    assert support_log.exists()
    assert sums["grouped"] >= 0.95
    assert sums["types_right"] >= 0.9
    assert (table.recall >= 0.9).all()


def test_the_same_log_gives_the_same_tasks_in_any_order(tmp_path: Path) -> None:
    rows = sites.log(800, 4)
    straight = found(tmp_path, rows)
    turned = found(tmp_path, Random(9).sample(rows, len(rows)))
    pd.testing.assert_series_equal(straight.task.sort_index(), turned.task.sort_index())


def test_appended_traffic_keeps_the_ids(tmp_path: Path) -> None:
    rows = sites.log(2_000, 5)
    before, after = found(tmp_path, rows[:1_400]), found(tmp_path, rows)
    assert (before.task == after.task.loc[before.index]).mean() >= 0.99


def test_a_part_of_the_log_has_the_tasks_of_the_whole(tmp_path: Path) -> None:
    rows = sites.log(4_000, 3)
    whole, part = found(tmp_path, rows), found(tmp_path, Random(7).sample(rows, 800))
    assert (whole.task.loc[part.index] == part.task).mean() >= 0.99


def test_one_system_prompt_for_all_hides_no_task_and_no_two_have_one_id(tmp_path: Path) -> None:
    rows = sites.log(1_500, 6, [sites.in_one_house(site) for site in sites.SITES])
    table = found(tmp_path, rows)
    assert task_discovery.quality(table, table.channel, RIGHT)[1]["grouped"] >= 0.85
    ids = [task.task for task in discover(tmp_path / "log.parquet").tasks]
    assert len(set(ids)) == len(ids)


def test_a_person_has_the_last_word_and_keeps_it(tmp_path: Path) -> None:
    source = sites.write(tmp_path / "log.parquet", sites.log(400, 6))
    first = discover(source)
    file = write_corrections(first.tasks, tmp_path / "tasks.yaml")
    assert read_corrections(file) == {t.task: {"name": t.name, "type": t.task_type} for t in first.tasks}
    change = {
        first.tasks[0].task: {"name": "Mine", "type": "code", "unordered": True},
        "gone-123456": {"name": "Of another log"},
    }
    file.write_text(yaml.safe_dump(change))
    for _ in range(2):
        again = discover(source, corrections=file)
        assert (again.tasks[0].task, again.tasks[0].name, again.tasks[0].task_type) == (
            first.tasks[0].task,
            "Mine",
            "code",
        )
        assert (again.tasks[0].unordered, again.tasks[1].unordered) == (True, False)
        assert again.tasks[0].found_type == first.tasks[0].task_type
        assert again.tasks[1:] == first.tasks[1:]
        assert again.unused_corrections == ("gone-123456",)
    again.label(source, tmp_path / "calls.parquet")
    assert "code" in set(pd.read_parquet(tmp_path / "calls.parquet").task_type)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {type: nonsense}", "nonsense"),
        ("a: [1, 2]", "'a'"),
        ("- one\n- two", "expected"),
        ("a: {colour: red}", "'a'"),
        ("a: {b: [", "readable"),
        ("a: {unordered: maybe}", "true or false"),
    ],
)
def test_a_broken_tasks_file_is_refused_with_its_reason(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "tasks.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=says):
        read_corrections(file)
    with pytest.raises(BadInput):
        read_corrections(tmp_path / "absent.yaml")


def test_names_are_unique_readable_and_hold_no_slot(tmp_path: Path) -> None:
    tasks = discover(sites.write(tmp_path / "log.parquet", sites.log(1_500, 7))).tasks
    names = [t.name for t in tasks]
    assert len(set(names)) == len(names)
    assert len({t.task for t in tasks}) == len(tasks)
    assert all(0 < len(n) <= 64 for n in names)
    people = set(sites._NAMES)
    assert not any(people & set(n.split()) for n in names)


def test_labelling_is_a_stream_that_keeps_every_row(tmp_path: Path) -> None:
    rows = sites.log(300, 8)
    rows[5]["kind"], rows[6]["kind"], rows[7]["response"] = "embedding", "error", None
    source = sites.write(tmp_path / "log.parquet", rows)
    tasks = discover(source)
    pq.write_table(pq.read_table(source), tmp_path / "groups.parquet", row_group_size=70)  # judged side by side
    assert tasks.label(tmp_path / "groups.parquet", tmp_path / "a.parquet") == 300
    tasks.label(source, tmp_path / "b.parquet")
    a, b = pd.read_parquet(tmp_path / "a.parquet"), pd.read_parquet(tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(a, b)
    assert list(a.call_id) == [row["call_id"] for row in rows]
    assert a.complexity.drop(5).between(0, 1).all()
    assert a.loc[5, ["task", "task_type"]].tolist() == ["embeddings", "other"]
    assert a.task[6] in {t.task for t in tasks.tasks}, "a failed call belongs to its call site as well"


def test_free_chat_without_a_template_is_one_task(tmp_path: Path) -> None:
    r = Random(3)
    rows = sites.log(200, 9, [lambda _r: ([sites.user(sites.text(r, 1, 3))], sites.document(r, 12), None)])
    table = found(tmp_path, rows)
    assert set(table.task) == {OTHER}


def test_short_instructions_that_differ_by_one_word_are_two_tasks(tmp_path: Path) -> None:
    def ask(what: str) -> sites.Site:
        def site(r: Random) -> sites.Call:
            return [sites.system(f"Is this {what}? Yes or no."), sites.user(sites.text(r, 1, 2))], "yes", None

        site.__name__ = what
        return site

    table = found(tmp_path, sites.log(200, 12, [ask("spam"), ask("urgent")]))
    assert table.groupby("channel").task.nunique().tolist() == [1, 1]
    assert table.task.nunique() == 2


@pytest.mark.parametrize(("rare", "told_by_their_users"), [(4, [False, True]), (50, [True, True])])
def test_a_prompts_main_task_is_told_by_the_prompt_whatever_a_larger_sample_finds_beside_it(
    rare: int, told_by_their_users: list[bool]
) -> None:
    groups = [[tasks.Leaf(n, [{}] * calls, 7, (), ())] for n, calls in enumerate((100 - rare, rare))]
    assert tasks._shared(groups, {7}) == told_by_their_users


def test_one_task_only(tmp_path: Path) -> None:
    table = found(tmp_path, sites.log(60, 10, [sites.house_urgency]))
    assert table.task.nunique() == 1
    assert set(table.task_type) == {"classification"}


def test_a_log_without_prompts_says_so(tmp_path: Path) -> None:
    rows = [row | {"messages": []} for row in sites.log(10, 11)]
    with pytest.raises(NotEnoughCalls):
        discover(sites.write(tmp_path / "log.parquet", rows))


def test_the_shipped_sample_is_found_as_it_was_made(tmp_path: Path) -> None:
    data = Path(__file__).resolve().parents[3] / "data" / "sample_traffic.jsonl.gz"
    import_log(data, tmp_path / "log.parquet", progress=lambda _line: None)
    kinds = {t.found_type for t in discover(tmp_path / "log.parquet").tasks}
    assert {"classification", "routing", "extraction", "scoring", "reasoning"} <= kinds
