"""Judge calls are scoring in whatever form their grades come, and what only looks like them is not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import judges
import pandas as pd
import pytest
import sites

from migration.audit.discovery.behaviour import Exchange, evidence, type_of
from migration.audit.discovery.tasks import discover


def type_found(form: judges.Form, seed: int) -> str:
    r, site = Random(seed), judges.site("it", form)
    calls = [site(r) for _ in range(120)]
    return type_of(evidence([Exchange(m[1]["content"], answer) for m, answer, _ in calls], form[0]))


@pytest.mark.parametrize("name", judges.JUDGES)
def test_a_judge_is_scoring(name: str) -> None:
    assert {type_found(judges.JUDGES[name], seed) for seed in range(3)} == {"scoring"}


@pytest.mark.parametrize("name", judges.OTHERS)
def test_what_only_looks_like_a_judge_is_not(name: str) -> None:
    assert "scoring" not in {type_found(judges.OTHERS[name], seed) for seed in range(3)}


def test_numbers_that_stand_in_the_input_are_found_and_not_given() -> None:
    r = Random(5)
    booked = [(r.randint(1, 9), r.randint(0, 5)) for _ in range(100)]
    calls = [Exchange(f"We are {a} adults and {b} children", f"adults {a}, children {b}") for a, b in booked]
    assert type_of(evidence(calls, "Find who travels.")) != "scoring"


def test_calls_of_a_judge_are_of_its_kind_in_the_calls_table(tmp_path: Path) -> None:
    asked = ["pass or fail", "several grades in a line", "double brackets"]
    own = [judges.site(name, judges.JUDGES[name]) for name in asked] + [judges.site("spam", judges.OTHERS["spam"])]
    source = sites.write(tmp_path / "log.parquet", sites.log(400, 3, own))
    discover(source).label(source, tmp_path / "calls.parquet")
    calls = pd.read_parquet(tmp_path / "calls.parquet")
    kinds = calls.groupby("channel").kind.unique().map(list).to_dict()
    assert kinds == {name: ["scoring"] for name in asked} | {"spam": ["chat"]}
