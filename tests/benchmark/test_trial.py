"""A trial of real (tiny) models: planned by the clock once, asked once, and the same again from what was kept."""

import pandas as pd
import pytest

from migration.benchmark import Answers, Candidate, ask, available, draw_sample, facts, notices, plan_trial
from migration.errors import BadInput
from migration.schema import split_of


@pytest.fixture(scope="module")
def calls():
    rows = [
        {
            "call_id": f"{task}-{i}",
            "kind": "chat",
            "task": task,
            "messages": [{"role": "system", "content": rule}, {"role": "user", "content": f"message {i}"}],
            "response": "yes" if i % 3 else "no",
            "prompt_tokens": tokens,
            "completion_tokens": 2,
            "split": split_of(f"{task}-{i}"),
        }
        for task, rule, tokens, count in (("gate", "Answer yes or no.", 12, 80), ("agent", "Long policy.", 90_000, 60))
        for i in range(count)
    ]
    return pd.DataFrame(rows)


def test_what_cannot_be_had_is_left_out_and_said(tiny_folder):
    had, missing = available(["cache", str(tiny_folder), "no-such-model", "http://localhost:9/v1#qwen"], shots=3)
    assert [(c.kind, c.id.base, c.shots, c.examples) for c in had] == [
        ("cache", "", 0, "similar"),
        ("slm", str(tiny_folder), 0, "similar"),
        ("slm", str(tiny_folder), 3, "similar"),
        ("slm", str(tiny_folder), 3, "random"),
        ("slm", "qwen", 0, "similar"),
    ]
    assert len(missing) == 1
    assert "no-such-model" in missing[0]
    with pytest.raises(BadInput, match="no candidate can be had"):
        available(["no-such-model"])


def test_an_endpoint_with_a_price_is_an_api(tmp_path):
    (tmp_path / "prices.yaml").write_text("models: {my-model: {input: 0.1, output: 0.4}}")
    specs = ["https://api.openai.com/v1#gpt-4o-mini", "http://host/v1#my-model"]
    listed, agreed = available(specs, prices=tmp_path / "prices.yaml")[0]
    assert (listed.kind, listed.usd_m) == ("api", (pytest.approx(0.15), pytest.approx(0.6)))
    assert (agreed.kind, agreed.usd_m) == ("api", (0.1, 0.4))
    assert facts([agreed], cache=tmp_path)["my-model"]["output_usd_m"] == 0.4


def test_a_report_says_which_models_made_it_once_for_equal_words():
    trials = [Candidate(n, n) for n in ("smollm2", "pocket-phi3", "pocket-gemma2")]
    trials.append(Candidate("smollm2 +4 examples", "smollm2", shots=4))
    assert notices(trials) == (
        "smollm2: a real model, the smallest of its kind: expect more from a 3B one; "
        "pocket-phi3, pocket-gemma2: shows that the method works, decide nothing from it"
    )


def test_the_plan_and_the_answers_are_the_same_again_and_nothing_is_computed_twice(tiny_folder, calls, tmp_path):
    trials, _ = available([str(tiny_folder)], shots=2)
    tables = []
    for _ in range(2):
        plan = plan_trial(trials, calls, minutes=0.2, cache=tmp_path)
        answers = ask(trials, draw_sample(calls, plan.per_task), calls, cache=tmp_path)
        tables.append((plan.frame, answers))
    pd.testing.assert_frame_equal(tables[0][0], tables[1][0])
    pd.testing.assert_frame_equal(tables[0][1], tables[1][1])
    assert set(Answers(tmp_path / "answers.sqlite").counts().values()) == {1}
    assert tables[0][1]["candidate"].unique().tolist() == [c.name for c in trials]


def test_a_call_is_asked_with_its_tools(tiny_folder, calls, tmp_path):
    sample = draw_sample(calls, 2).query("task == 'gate'")
    tools = '[{"type": "function", "function": {"name": "find_order", "parameters": {}}}]'
    trial = [Candidate("tiny", str(tiny_folder))]
    plain = ask(trial, sample, calls, cache=tmp_path)
    with_tools = ask(trial, sample.assign(tools=[tools, None]), calls, cache=tmp_path)
    more = with_tools["prompt_tokens"] - plain["prompt_tokens"]
    assert more[0] > len(tools)  # a byte is a token here
    assert more[1] == 0


def test_a_fixed_number_of_calls_needs_no_warm_up(tiny_folder, calls, tmp_path):
    plan = plan_trial([Candidate("tiny", str(tiny_folder))], calls, minutes=8, cache=tmp_path, per_task=5)
    assert plan.per_task == {"gate": 5, "agent": 5}
    assert not (tmp_path / "answers.sqlite").exists()


def test_facts_are_looked_up_once(tiny_folder, tmp_path):
    trials = [Candidate("tiny", str(tiny_folder)), Candidate("gpt", "https://api.openai.com/v1#gpt-4o-mini")]
    found = facts(trials, cache=tmp_path)
    assert found["tiny"]["parameters"] > 0
    assert found["gpt"]["input_usd_m"] == pytest.approx(0.15)
    assert facts(trials, cache=tmp_path) == found
    assert "peak_mb" not in found["tiny"]


def test_memory_is_known_once_it_was_measured(tiny_folder, calls, tmp_path):
    trials = [Candidate("tiny", str(tiny_folder))]
    ask(trials, draw_sample(calls, 3).query("task == 'gate'"), calls, cache=tmp_path)
    assert facts(trials, cache=tmp_path)["tiny"]["peak_mb"] >= 0
