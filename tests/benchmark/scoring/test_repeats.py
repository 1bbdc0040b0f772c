"""How often the LLM agrees with itself, of requests that stand twice."""

import pandas as pd
from test_scorers import calls

from migration.benchmark.scoring.repeats import ceilings, repeats, repeats_sentence


def test_repeats_say_how_often_the_llm_agrees_with_itself():
    log = calls(["a", "a", "a", "b", "c"]).assign(kind="chat", conversation_id=list("vvwwx"))
    log["messages"] = [[{"role": "user", "content": text}] for text in ("one", "one", "two", "two", "three")]
    pairs = repeats(log)
    assert pairs["call_id"].tolist() == ["c1", "c3"]
    assert pairs["agrees"].tolist() == [True, False]
    assert pairs["conversation"].tolist() == ["v", "w"]
    assert "50.0%" in repeats_sentence(pairs)
    assert "stands twice: how often" in repeats_sentence(repeats(log.head(1)))


def test_the_llm_agrees_with_itself_task_by_task_and_on_what_can_be_judged():
    pairs = pd.DataFrame({"task": ["gate"] * 40 + ["talk"] * 40 + ["few"] * 9, "agrees": [True] * 40 + [False] * 49})
    pairs = pairs.assign(provable=pairs["task"] != "talk", conversation=pairs.index)
    assert {task: rate.value for task, rate in ceilings(pairs).items()} == {"gate": 1.0}


def test_pairs_of_one_conversation_say_less_than_as_many_of_many():
    pairs = pd.DataFrame({"task": "gate", "provable": True, "agrees": ([True] * 8 + [False] * 2) * 10})
    single, fives = (ceilings(pairs.sort_values("agrees").assign(conversation=who))["gate"]
                     for who in (range(100), [i // 5 for i in range(100)]))  # fmt: skip
    assert fives.high - fives.low > 1.5 * (single.high - single.low)
