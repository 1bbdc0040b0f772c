"""A trial of real (tiny) models: who can be had, how they are asked, and what is known of them."""

import pytest

from migration.benchmark import Candidate, ask, available, draw_sample, facts, notices
from migration.endpoints import MASK
from migration.errors import BadInput


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
    masked = available([f"https://api.openai.com/v1?{MASK}#gpt-4o-mini"])[0][0]
    assert (masked.name, masked.kind, masked.masked) == ("gpt-4o-mini masked", "api", True)
    assert facts([agreed], cache=tmp_path)["my-model"]["output_usd_m"] == 0.4


def test_a_report_says_which_models_made_it_once_for_equal_words():
    trials = [Candidate(n, n) for n in ("smollm2", "pocket-phi3", "pocket-gemma2")]
    trials.append(Candidate("smollm2 +4 examples", "smollm2", shots=4))
    assert notices(trials) == (
        "smollm2: a real model, the smallest of its kind: expect more from a 3B one; "
        "pocket-phi3, pocket-gemma2: shows that the method works, decide nothing from it"
    )


def test_a_call_is_asked_with_its_tools(tiny_folder, calls, tmp_path):
    sample = draw_sample(calls, 2).query("task == 'gate'")
    tools = '[{"type": "function", "function": {"name": "find_order", "parameters": {}}}]'
    trial = [Candidate("tiny", str(tiny_folder))]
    plain = ask(trial, sample, calls, cache=tmp_path)
    with_tools = ask(trial, sample.assign(tools=[tools, None]), calls, cache=tmp_path)
    more = with_tools["prompt_tokens"] - plain["prompt_tokens"]
    assert more[0] > len(tools)  # a byte is a token here
    assert more[1] == 0


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
