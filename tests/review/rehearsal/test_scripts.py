"""Scripts say what must happen, and a turn passes only where it did."""

import pytest

from migration.errors import BadInput
from migration.files import PROJECT
from migration.review.rehearsal import play, read_scripts
from migration.routing.policy import Router

PROMPT = [{"role": "system", "content": "Name the intent."}, {"role": "user", "content": "hello"}]


def written(tmp_path, text):
    path = tmp_path / "scripts.yaml"
    path.write_text(text)
    return read_scripts(path)


def test_the_shipped_scripts_pass_on_any_policy(policy):
    played = play(read_scripts(PROJECT / "data" / "rehearsal.yaml"), Router(policy), PROMPT)
    assert played["passed"].all()
    assert len(played) == 5


def test_answers_are_judged_where_a_model_is_reached(tmp_path, policy):
    scripts = written(
        tmp_path,
        """
- name: greeting
  persona: a customer
  goal: be greeted
  prompt: You greet people.
  turns:
    - {says: hello, must: {model: llm, says: "(?i)welcome"}}
    - {says: bye, must: {never_says: sorry}}
""",
    )
    asked = []

    def ask(name, messages):
        asked.append((name, len(messages)))
        return "Welcome back", {}

    played = play(scripts, Router(policy), None, ask=ask)
    assert played["passed"].tolist() == [True, True]
    assert asked == [("gpt", 2), ("gpt", 4)]
    assert play(scripts, Router(policy), None)["passed"].isna().tolist() == [True, True]
    wrong = play(scripts, Router(policy), None, ask=lambda name, messages: ("sorry", {}))
    assert wrong["passed"].tolist() == [False, False]


def test_the_customer_may_be_played(tmp_path, policy):
    scripts = written(tmp_path, "[{name: a, persona: p, goal: g, turns: [{says: x, must: {model: llm}}]}]")
    heard = []
    play(scripts, Router(policy), PROMPT, ask=lambda name, messages: heard.append(messages[-1]["content"]),
         customer=lambda script, history: f"I am {script.persona}")  # fmt: skip
    assert heard == ["I am p"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a", "list of scripts"),
        ("[{name: a, turns: []}]", "list of turns"),
        ("[{name: a, turns: [{says: x}]}]", "says and must"),
        ("[{name: a, turns: [{says: x, must: {model: mouse}}]}]", "model is one of"),
        ("[{name: a, turns: [{says: x, must: {says: '('}}]}]", "no pattern"),
        ("[{name: a, colour: red, turns: [{says: x, must: {model: llm}}]}]", "colour"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(tmp_path, text, words):
    with pytest.raises(BadInput, match=words):
        written(tmp_path, text)
