"""Names in the words of the instructions, or asked of an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sites
from servers import JsonHandler, Server, completion, serving

from migration.audit.discovery.naming import ask_names, name_of, own_names, slug
from migration.audit.discovery.tasks import discover
from migration.errors import BadInput
from migration.prompts.tokens import tokens_of


def named(prompt: str, **common: int) -> str:
    return name_of(prompt, set(tokens_of(prompt)), common)


def test_the_instruction_names_a_task_not_the_role() -> None:
    assert named("You are a helpful bot. Translate the invoice into Dutch.") == "Translate invoice into Dutch"
    assert named("Du bist Anwalt. Prüfe den Vertrag auf Fristen.") == "Prüfe Vertrag auf Fristen"


def test_words_of_a_slot_are_left_out() -> None:
    prompt = "Write a poem about Elisabeth for the birthday card."
    assert "Elisabeth" not in name_of(prompt, set(tokens_of("write a poem about for the birthday card .")))


def test_a_sentence_that_other_tasks_share_is_passed_over() -> None:
    prompt = "Follow the house rules. Sort the parcel by weight."
    assert named(prompt, follow=3, house=3, rules=3) == "Sort parcel by weight"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Think step by step. Sort the parcel by weight.", "Sort parcel by weight"),
        ("You are a kind bot. Follow the instructions below. Translate the invoice into Dutch.",
         "Translate invoice into Dutch"),
        ("Be concise and polite. Answer only in JSON. Rate the film for children.", "Rate film for children"),
        ("Denke Schritt für Schritt. Prüfe den Vertrag auf Fristen.", "Prüfe Vertrag auf Fristen"),
        ("Return only the ISO code of the language.", "ISO code of language"),
        ("Read the rules of the game aloud.", "Read rules of game aloud"),
        ("Let's think step by step.", "Unnamed"),
    ],
)  # fmt: skip
def test_how_to_work_or_to_answer_names_no_task(prompt: str, name: str) -> None:
    assert named(prompt) == name


def test_a_task_has_the_logs_own_name_where_most_calls_have_it_and_no_other_task_has() -> None:
    assert own_names([["triage"] * 8 + [None] * 2, ["faq"] * 7 + [None] * 3, []]) == ["triage", None, None]
    assert own_names([["step"] * 5, ["Step"] * 5, ["triage"] * 5]) == [None, None, "triage"]


def test_the_logs_own_name_is_text_short_and_nobodys() -> None:
    said = ["mail anna.smith@example.org", "**<img src=x>**", "*", "for " * 40]
    mail, markup, nothing, long = own_names([[one] * 5 for one in said])
    assert (mail, markup, nothing) == (None, "img src x", None)
    assert long is not None
    assert len(long) <= 52


def test_ids_are_plain() -> None:
    assert slug("Prüfe Vertrag: Fristen!") == "prüfe-vertrag-fristen"
    assert slug("") == ""


class _Endpoint(JsonHandler):
    """A chat-completions endpoint that names everything after the length of what it was told."""

    told: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.told.append(self.body()["messages"][-1]["content"])
        said = {"markup": completion("**<img src=x> [click](https://evil.example)** | `go`"), "list": b"[]",
                "deep": b"[" * 100_000, "none": b'{"choices": null}', "empty": b""}  # fmt: skip
        self.reply(200, said.get(self.told[-1], completion(f' "Task number {len(self.told)}." ')))


@pytest.fixture
def endpoint() -> Iterator[str]:
    _Endpoint.told.clear()
    with serving(Server(_Endpoint)) as server:
        yield server.url


def test_a_language_model_may_name_tasks_and_sees_no_personal_data(endpoint: str, tmp_path: Path) -> None:
    found = discover(sites.write(tmp_path / "log.parquet", sites.log(120, 1, [sites.code, sites.house_urgency])))
    keep = tmp_path / "tasks.yaml"
    keep.write_text(f"{found.tasks[0].task}: {{name: Mine}}")
    again = discover(tmp_path / "log.parquet", corrections=keep).named_by("any", endpoint, keep=keep)
    assert [t.name for t in again.tasks] == ["Mine", "Task number 1"]
    assert [t.task for t in again.tasks] == [t.task for t in found.tasks]
    ask_names({"a": "Write to anna.smith@example.org now"}, url=f"{endpoint}?mask=true", model="any")
    assert "anna.smith" not in _Endpoint.told[-1]


def test_what_a_model_calls_a_task_formats_nothing(endpoint: str) -> None:
    said = ask_names({"a": "markup"}, url=endpoint, model="any")["a"]
    assert said == "img src x click (https //evil.example) go"


@pytest.mark.parametrize("reply", ["list", "deep", "none", "empty"])
def test_a_malformed_reply_is_told(endpoint: str, reply: str) -> None:
    with pytest.raises(BadInput, match="naming tasks with any"):
        ask_names({"a": reply}, url=endpoint, model="any")


def test_an_endpoint_that_does_not_answer_is_named() -> None:
    with pytest.raises(BadInput, match=r"127\.0\.0\.1:9"):
        ask_names({"a": "b"}, url="http://127.0.0.1:9/v1", model="any")
