"""Each scorer on answers that must and must not count as the reference's equal."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.benchmark.scoring import scorers as scoring
from migration.benchmark.scoring.options import unordered_tasks, with_task_options
from migration.benchmark.scoring.scorers import Scorer, choose, definitions, macro_f1, score
from migration.errors import BadInput

TOOL = json.dumps(
    {
        "content": None,
        "tool_calls": [
            {"function": {"arguments": '{"id": "X1", "bags": 2}', "name": "book"}, "id": "a", "type": "function"}
        ],
    }
)


@pytest.mark.parametrize(
    ("task_type", "reference", "scorer"),
    [
        ("classification", "travel", "label"),
        ("classification", '{"intent": "cancel_order"}', "fields"),
        ("routing", "QUEUE: REFUND\nESCALATE: no", "fields"),
        ("classification", '["startserviceintent"]', "fields"),
        ("extraction", '{"order_id": "12"}', "spans"),
        ("extraction", "{}", "spans"),
        ("other", "OUT_OF_SCOPE", "label"),
        ("faq", "You can cancel it in your account, under Orders.", "text"),
        ("faq", "Note: it takes three days.", "text"),
        ("summarization", "The customer asked for a refund and got one.", "summary"),
        ("reasoning", TOOL, "tool_call"),
        ("code", "```python\nx = 1\n```", "code"),
        ("scoring", "4", "label"),
        (None, "It depends on what you mean by it.", "text"),
    ],
)
def test_the_form_of_the_reference_and_the_task_type_choose_the_scorer(task_type, reference, scorer):
    assert choose(task_type, reference) == scorer


@pytest.mark.parametrize(
    ("name", "output", "reference", "value"),
    [
        ("label", " **Travel**. ", "travel", 1),
        ("label", '"travel"', "Travel", 1),
        ("label", "The area is travel", "travel", 0),
        ("fields", '```json\n{"intent": "A", "n": 1}\n```', '{"n": 1, "intent": "a"}', 1),
        ("fields", '{"n": "1"}', '{"n": 1}', 0),
        ("fields", '{"a": 1, "b": 2}', '{"a": 1, "b": 3}', 0.5),
        ("fields", 'Sure! {"a": 1}', '{"a": 1}', 0),
        ("fields", "queue: refund\nEscalate: No", "QUEUE: REFUND\nESCALATE: no", 1),
        ("fields", "QUEUE: REFUND", "QUEUE: REFUND\nESCALATE: no", 2 / 3),
        ("fields", '["b", "a"]', '["a", "b"]', 0),
        ("fields_set", '["b", "a"]', '["a", "b"]', 1),
        ("fields", '["a", "a"]', '["a"]', 2 / 3),
        ("spans", "{}", "{}", 1),
        ("spans", '{"order_id": "7"}', "{}", 0),
        ("spans", '{"amount": "$180"}', '{"amount": {"any_of": ["$180", "one hundred and eighty dollars"]}}', 1),
        ("spans", '{"amount": ["$180"]}', '{"amount": ["$180", "$190"]}', 2 / 3),
        ("spans", '{"name": "ann  LEE"}', '{"name": "Ann Lee"}', 1),
        ("tool_call", '{"name": "book", "arguments": {"bags": 2, "id": "x1"}}', TOOL, 1),
        ("tool_call", '<tool_call>{"name": "book", "arguments": {"bags": 3, "id": "X1"}}</tool_call>', TOOL, 0.75),
        ("tool_call", '{"name": "cancel", "arguments": {"bags": 2, "id": "X1"}}', TOOL, 0),
        ("tool_call", "I booked it for you.", TOOL, 0),
        ("code", "```python\nx = [1,2]  # two\n```", "x = [1, 2]", 1),
        ("code", "int x=1; // one", "int x = 1;", 1),
    ],
)
def test_scorers(name, output, reference, value):
    scores, agrees = scoring.SCORERS[name].judge([output], [reference])
    assert scores[0] == pytest.approx(value)
    assert bool(agrees[0]) is (value == 1)


@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_no_answer_breaks_a_scorer(output, reference):
    for name in ("label", "fields", "spans", "tool_call", "code"):
        scores, _ = scoring.SCORERS[name].judge([output], [reference])
        assert 0 <= scores[0] <= 1


@pytest.mark.slow
def test_text_agrees_when_it_says_the_same_in_listed_ways():
    reference = "You can't return the shoes after 30 days. Please contact us for assistance with the label."
    outputs = [
        "Hello! You cannot return the shoes after 30 days. Please reach out to us for help with the label. Thank you!",
        "You can return the shoes after 30 days. Please contact us for assistance with the label.",
        "Our shops in Berlin are open until eight in the evening.",
    ]
    assert scoring.SCORERS["text"](outputs, [reference] * 3)[1].tolist() == [True, False, False]


@pytest.mark.parametrize("name", list(scoring.SCORERS))
@pytest.mark.parametrize("nothing", ["", "  \n", "\u200b"])
def test_an_empty_answer_never_agrees(name, nothing):
    scores, agrees = scoring.SCORERS[name]([nothing], [nothing])
    assert (scores[0], agrees[0]) == (0, False)


def test_only_running_text_is_not_provable():
    assert {name for name, scorer in scoring.SCORERS.items() if not scorer.provable} == {"text", "summary"}
    assert score(answers(["travel"]), calls(["travel"]))["provable"].tolist() == [True]
    own = Scorer.of(lambda o, r: 1.0, name="own")
    assert not score(answers([" "]), calls(["x"]), scorers={"gate": own})["agrees"].any()


def test_lists_are_sets_where_a_person_or_the_repeats_say_so():
    given = answers(['["b", "a"]'])
    assert not score(given, calls(['["a", "b"]']))["agrees"].any()
    assert score(given, calls(['["a", "b"]']).assign(unordered=True))["agrees"].all()
    log = calls(['["a", "b"]', '["b", "a"]', '["c", "d"]', '["d", "c"]'])
    log["messages"] = [[{"role": "user", "content": text}] for text in ("one", "one", "two", "two")]
    assert unordered_tasks(log) == {"gate"}
    assert score(given, log)["agrees"].all()


def test_an_error_is_a_failure_of_the_candidate_not_a_missing_value():
    scored = score(answers(["travel", None, "travel"], error=[None, "context_overflow", "late"]), calls(["travel"] * 3))
    assert scored["agrees"].tolist() == [True, False, False]
    assert scored["score"].tolist() == [1, 0, 0]
    assert scored["reference"].tolist() == ["travel"] * 3


def test_a_plain_function_is_a_scorer_for_a_task_or_a_task_type():
    def starts_alike(output: str, reference: str) -> float:
        return float(output[:1] == reference[:1])

    given, log = answers(["tram", "bus"]), calls(["travel", "travel"])
    for key in ("gate", "classification"):
        scored = score(given, log, scorers={key: starts_alike})
        assert scored["agrees"].tolist() == [True, False]
        assert definitions(scored)["agrees_when"].tolist() == [f"{key}(output, reference) is at least 1"]
    graded = score(given, log, scorers={"gate": Scorer.of(lambda o, r: 0.6, at_least=0.5, name="graded")})
    assert graded["agrees"].all()
    vectorised = Scorer("half", "never", lambda o, r: (np.full(len(o), 0.5), np.zeros(len(o), bool)))
    assert score(given, log, scorers={"gate": vectorised})["score"].tolist() == [0.5, 0.5]


def test_a_share_that_the_llm_gives_freely_is_not_compared_but_must_be_there():
    said = ['{"label": "a", "score": 0.8}', '{"label": "a", "score": "?"}', '{"label": "a"}']
    tasks = pd.DataFrame({"task": ["gate"], "aside": ["score"]})
    scored = score(answers(said), with_task_options(calls(['{"label": "a", "score": 0.91}'] * 3), tasks))
    assert scored["agrees"].tolist() == [True, False, False]
    assert scored["agrees_when"].str.endswith("score aside").all()


def test_answers_without_a_reference_are_an_error_that_names_one():
    with pytest.raises(BadInput, match="c1"):
        score(answers(["a", "b"]), calls(["a", None]))


def test_macro_f1_weighs_classes_alike():
    wanted, said = ["a"] * 8 + ["b"] * 2, ["a"] * 10
    assert macro_f1(said, wanted) == pytest.approx((16 / 18 + 0) / 2)
    assert macro_f1(['{"x": "b"}'], ["b"]) == 1


def answers(outputs, error=None):
    n = len(outputs)
    return pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(n)],
            "candidate": "small",
            "output": outputs,
            "error": error or [None] * n,
        }
    )


def calls(references):
    n = len(references)
    return pd.DataFrame(
        {
            "call_id": [f"c{i}" for i in range(n)],
            "task": "gate",
            "task_type": "classification",
            "response": references,
            "split": "test",
        }
    )


def test_a_table_without_failures_needs_no_column_for_them_and_a_missing_one_is_named():
    rows = pd.DataFrame({"call_id": ["a"], "output": ["Yes."], "task": ["t"], "task_type": ["classification"]})
    assert score(rows.assign(reference="yes"))["agrees"].all()
    with pytest.raises(BadInput, match="without the column reference"):
        score(rows)
