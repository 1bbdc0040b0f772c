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


FIND = "You read letters to the desk. Give the number of the contract only, or UNKNOWN where the letter names none."
SHORTEN = "You read changes to our services. Write one short line for the history of changes, with the service first."


def parts(name: str, told: str, write: Callable[[Random], tuple[str, str]]) -> sites.Site:
    """A call site whose system prompt is fixed, and whose user's side has several beginnings of its own."""

    def site(r: Random) -> sites.Call:
        asked, answer = write(r)
        return [sites.system(told), sites.user(asked)], answer, None

    site.__name__ = name
    return site


def letter(r: Random) -> tuple[str, str]:
    number = f"K-{r.randint(10_000, 99_999)}"
    known = r.random() < 0.6
    begins = f"Contract number {number} concerning your letter: " if known else "Ladies and gentlemen of the desk, "
    return begins + sites.text(r, 2, 4), number if known else "UNKNOWN"


def change(r: Random, sign: str) -> tuple[str, str]:
    service, name = r.choice(["mailer", "search", "billing", "gateway"]), sites.word(r)
    verb = r.choice(["mend", "speed up", "test", "drop"])
    line = sign.format(service=service, verb=verb, name=name)
    return f"diff of our / {service} / {name}\n{sites.text(r, 1, 2)}", line


def test_answers_that_the_system_prompt_names_do_not_split_it(tmp_path: Path) -> None:
    assert tasks(tmp_path, parts("letters", FIND, letter)) == 1


@pytest.mark.parametrize("sign", ["{service}: {verb} one {name}", "({service}): {verb} {name}"])
def test_answers_that_repeat_a_word_of_what_is_asked_do_not_split_a_prompt(sign: str, tmp_path: Path) -> None:
    assert tasks(tmp_path, parts("changes", SHORTEN, lambda r: change(r, sign))) == 1


def test_other_instructions_below_one_system_prompt_stay_apart(tmp_path: Path) -> None:
    told = "You are the assistant of our desk, polite and short. Say UNKNOWN where you cannot tell."
    countries = ["France", "Chile", "Japan", "UNKNOWN"]

    def asked(r: Random) -> tuple[str, str]:
        if r.random() < 0.5:
            return f"The country of the sender:\n{sites.text(r, 2, 3)}", r.choice(countries)
        sender = f"{sites.word(r)} {sites.word(r)}".title()
        return f"The name of the sender:\n{sites.text(r, 2, 3)} {sender}", sender

    assert tasks(tmp_path, parts("desk", told, asked)) == 2
