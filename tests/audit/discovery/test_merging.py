"""Versions of one prompt are one task, in whatever form they ask for the same answers; other tasks stay apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest
import sites

from migration.audit.discovery.tasks import discover

ASK = "You read mail to the parcel desk. Name why the customer writes."
LABELS = {
    "two": ["late delivery", "damaged parcel"],
    "three": ["late delivery", "damaged parcel", "wrong address"],
    "six": ["late delivery", "damaged parcel", "wrong address", "customs", "pickup time", "other matter"],
}
FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "json": (' Answer as JSON: {"reason": ...}.', lambda label: json.dumps({"reason": label.replace(" ", "_")})),
    "line": (" Answer in one line, REASON: followed by it.", lambda label: f"REASON: {label.upper()}"),
    "plain, longer": (" If several fit, take the first. One label, nothing else, no explanation.", str.title),
}


def version(name: str, ask: str, form: Callable[[str], str], labels: list[str]) -> sites.Site:
    def site(r: Random) -> sites.Call:
        return (
            [sites.system(f"{ask} Labels: {', '.join(labels)}."), sites.user(sites.text(r, 1, 3))],
            form(r.choice(labels)),
            None,
        )

    site.__name__ = name
    return site


def tasks(folder: Path, *own: sites.Site) -> int:
    source = sites.write(folder / "log.parquet", sites.log(300, 4, list(own)))
    discover(source).label(source, folder / "calls.parquet")
    return pd.read_parquet(folder / "calls.parquet").task.nunique()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("labels", LABELS)
def test_two_versions_with_the_same_answers_are_one_task(labels: str, form: str, tmp_path: Path) -> None:
    more, write = FORMS[form]
    old = version("old", ASK, str, LABELS[labels])
    assert tasks(tmp_path, old, version("new", ASK + more, write, LABELS[labels])) == 1


def test_a_rewritten_prompt_with_the_same_many_answers_is_the_same_task(tmp_path: Path) -> None:
    labels = [f"{a} {b}" for a in ("late", "lost", "torn") for b in ("letter", "parcel", "pallet", "crate")]
    again = "Which of our reasons fits what the sender tells us? Reply with it as it stands in the list."
    assert tasks(tmp_path, version("old", ASK, str, labels), version("new", again, str, labels)) == 1


def test_other_answers_to_a_like_prompt_are_another_task(tmp_path: Path) -> None:
    asked = ASK.replace("why the customer writes", "the country of the sender")
    other = version("other", asked, str, ["France", "Chile", "Japan"])
    assert tasks(tmp_path, version("one", ASK, str, LABELS["three"]), other) == 2
