"""The training set: what is chosen, what is left out, and that nothing held out is learned."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.benchmark import duplicates
from migration.errors import BadInput, LeakError, NotEnoughCalls
from migration.finetune import examples as ex
from migration.finetune.labels import labels as labels_of
from migration.schema import split_of

SYSTEM = "You sort the messages of a shop into order, refund or delivery. Answer with the word only."
VERBS = [
    "cancel",
    "change",
    "repeat",
    "find",
    "confirm",
    "split",
    "delay",
    "print",
    "merge",
    "stop",
    "speed up",
    "hide",
]
THINGS = ["the blue shirt", "my last parcel", "two tickets", "a garden chair", "her birthday book", "this invoice"]
TAILS = ["before noon", "without an account", "as a gift", "for my sister", "from the app", "once more", "by phone"]


def log(n=400, task="sort", system=SYSTEM):
    """Calls whose texts differ, three answers of unequal frequency, splits by conversation."""
    rows = []
    for i in range(n):
        text = f"{VERBS[i % 12]} {THINGS[i // 12 % 6]} {TAILS[i // 72 % 7]} {'please ' * (i % 3)}{chr(97 + i % 26) * 6}"
        rows.append(
            {
                "call_id": f"c{i}", "conversation_id": f"v{i}", "kind": "chat", "task": task,
                "messages": [{"role": "system", "content": system}, {"role": "user", "content": text}],
                "response": "delivery" if i % 20 == 0 else "refund" if i % 5 == 0 else "order",
                "finish_reason": "stop", "split": split_of(f"v{i}"), "complexity": 0.5, "completion_tokens": 2,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def test_examples_come_from_train_and_are_balanced_over_the_answers():
    calls = log()
    chosen = ex.choose(calls, ["sort"], n=30, validation=10)
    split = calls.set_index("call_id")["split"]
    assert set(split[chosen.train["call_id"]]) == set(split[chosen.validation["call_id"]]) == {"train"}
    assert not set(chosen.train["call_id"]) & set(chosen.validation["call_id"])
    counts = chosen.train["label"].value_counts()
    assert abs(counts["=order"] - counts["=refund"]) <= 1
    assert counts["=delivery"] >= 4  # a twentieth of the calls: as many as there are
    assert chosen.funnel["calls"].iloc[0] == (calls["split"] == "train").sum()


def test_no_example_shares_a_conversation_or_a_near_duplicate_with_the_holdout():
    calls = log()
    chosen = ex.choose(calls, ["sort"], n=100)
    held = calls[calls["split"] != "train"]
    assert not set(chosen.train["conversation_id"]) & set(held["conversation_id"])
    assert not duplicates.near_pairs(chosen.train["own_text"].tolist(), duplicates.own_texts(held["messages"]))


def test_natural_repeats_of_held_out_calls_are_left_out():
    calls = log()
    held = calls[calls["split"] == "test"].iloc[0]
    at = calls.index[calls["split"] == "train"][0]
    calls.at[at, "messages"] = [dict(turn) for turn in held["messages"]]
    chosen = ex.choose(calls, ["sort"], n=400)
    assert calls.at[at, "call_id"] not in set(chosen.train["call_id"]) | set(chosen.validation["call_id"])


def forms(n=200):
    """Calls that copy a form's fields into JSON: prompts that differ in their values alone."""
    texts = [f"Acme pan, article {1000 + i}, EUR {10 + i}.50, in stock {i % 7}" for i in range(n)]
    prices = [f'{{"article": "{1000 + i}", "price": {10 + i}.5}}' for i in range(n)]
    asked = [[{"role": "system", "content": "Copy into JSON."}, {"role": "user", "content": text}] for text in texts]
    return log(n).assign(messages=asked, response=prices, task="copy", task_type="extraction")


def test_forms_with_other_values_are_other_questions_where_the_answer_is_copied():
    calls = forms()
    train = ex.choose(calls, ["copy"], n=50).train
    assert len(train) == 50
    with pytest.raises(NotEnoughCalls):
        ex.choose(calls.assign(task_type="classification"), ["copy"], n=50)


def test_the_same_form_with_the_same_answer_is_a_repeat_wherever_it_is_copied():
    calls = forms()
    held, at = calls[calls["split"] == "test"].iloc[0], calls.index[calls["split"] == "train"][0]
    again = held["messages"][1]["content"] + "!"
    calls.at[at, "messages"] = [held["messages"][0], {"role": "user", "content": again}]
    calls.at[at, "response"] = held["response"]
    chosen = ex.choose(calls, ["copy"], n=400)
    assert calls.at[at, "call_id"] not in set(chosen.train["call_id"]) | set(chosen.validation["call_id"])
    planted = chosen.train.head(1).assign(own_text=duplicates.own_texts([held["messages"]], like=calls), copied="")
    with pytest.raises(LeakError):
        duplicates.check_leaks(planted, calls[calls["split"] != "train"])


def test_a_planted_near_duplicate_stops_with_the_pair(tmp_path):
    calls = log()
    held = calls[calls["split"] == "test"].iloc[3]
    text = held["messages"][1]["content"]
    planted = {
        "messages": [held["messages"][0], {"role": "user", "content": text.upper() + "!!"}],
        "response": held["response"],
    }
    file = tmp_path / "corrections.jsonl"
    file.write_text(json.dumps(planted) + "\n")
    with pytest.raises(LeakError) as caught:
        ex.choose(calls, ["sort"], n=50, corrections=file)
    assert caught.value.pairs == [("correction-1", held["call_id"])]
    assert text[:40] in str(caught.value)


def test_a_shared_conversation_is_a_leak():
    calls = log(40)
    train = ex.choose(log(), ["sort"], n=30).train
    train.loc[0, "conversation_id"] = calls.loc[calls["split"] == "test", "conversation_id"].iloc[0]
    with pytest.raises(LeakError, match="one conversation"):
        duplicates.check_leaks(train.head(1), calls[calls["split"] == "test"])


@pytest.mark.parametrize(
    ("suffix", "text"),
    [(".jsonl", '{"call_id": "%s", "response": "returns"}'), (".csv", "call_id,response\n%s,returns")],
)
def test_corrections_replace_the_reference(tmp_path, suffix, text):
    calls = log()
    train = calls.loc[calls["split"] == "train", "call_id"].iloc[0]
    file = tmp_path / f"corrections{suffix}"
    file.write_text(text % train)
    chosen = ex.choose(calls, ["sort"], n=400, validation=0, corrections=file)
    row = chosen.train.set_index("call_id").loc[train]
    assert (row["response"], row["source"]) == ("returns", "correction")
    assert row["logged"] == calls.set_index("call_id").loc[train, "response"]


@pytest.mark.parametrize("text", ["not json", '{"response": "x"}', '{"messages": [], "response": "x"}'])
def test_a_broken_corrections_file_is_one_clear_line(tmp_path, text):
    file = tmp_path / "corrections.jsonl"
    file.write_text(text)
    with pytest.raises(BadInput, match="corrections"):
        ex.read_corrections(file)


def test_bad_references_are_not_learned_from():
    calls = log()
    train = calls.index[calls["split"] == "train"]
    calls.loc[train[0], "finish_reason"] = "length"
    calls.loc[train[1], "response"] = "odrer"
    calls.loc[train[2], "response"] = ""
    calls["feedback"] = None
    calls.loc[train[3], "feedback"] = "thumbs_down"
    kept = set(ex.choose(calls, ["sort"], n=400, validation=0).train["call_id"])
    assert not kept & set(calls.loc[train[:4], "call_id"])


def test_a_stronger_models_answers_are_kept_beside_the_logs():
    calls = log()
    calls["relabelled"] = calls["response"].where(calls.index % 2 == 0).map({"order": "purchase"}, na_action="ignore")
    chosen = ex.choose(calls, ["sort"], n=400, validation=0).train
    again = chosen[chosen["source"] == "relabelled"]
    assert set(again["response"]) == {"purchase"}
    assert set(again["logged"]) == {"order"}


def test_personal_data_is_masked_alike_in_prompt_and_answer():
    row = {
        "call_id": "c1",
        "messages": [{"role": "user", "content": "my mail is ann.lee@example.org, write to ann.lee@example.org"}],
        "response": '{"email": "ann.lee@example.org"}',
    }
    masked = ex.masked(pd.DataFrame([row])).iloc[0]
    text = masked["messages"][0]["content"]
    assert "ann.lee" not in text + masked["response"]
    mask = masked["response"].split('"')[3]
    assert text.count(mask) == 2


def test_too_few_calls_say_how_many_are_needed():
    with pytest.raises(NotEnoughCalls, match="at least 20"):
        ex.choose(log(30), ["sort"])


def test_the_training_file_is_read_by_datasets_as_chat(tmp_path):
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    chosen = ex.choose(log(), ["sort"], n=20)
    file = chosen.write(tmp_path / "train.jsonl")
    rows = load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows.column_names == ["messages"]
    assert is_conversational(rows[0])
    assert [turn["role"] for turn in rows[0]["messages"]] == ["system", "user", "assistant"]


def test_the_file_keeps_the_tools_of_a_call(tmp_path):
    """In the field that TRL and OpenAI fine-tuning read them from."""
    tools = [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}]
    calls = log().assign(tools=json.dumps(tools))
    file = ex.choose(calls, ["sort"], n=30, validation=10).write(tmp_path / "train.jsonl")
    assert all(json.loads(line)["tools"] == tools for line in file.read_text().splitlines())


@pytest.mark.parametrize(
    ("answers", "labels"),
    [
        (['{"a": "x", "b": "y"}', '{"a": "x", "b": "z"}'] * 20, {"a=x|b=y", "a=x|b=z"}),
        (["QUEUE: A\nESCALATE: no", "QUEUE: B\nESCALATE: yes"] * 20, {"escalate=no|queue=a", "escalate=yes|queue=b"}),
        ([f'{{"order_id": "{i}"}}' for i in range(30)] + ["{}"] * 10, {"order_id", ""}),
        (["card_lost", "top_up"] * 20, {"=card_lost", "=top_up"}),
        ([f"a sentence of its own, number {i}, long enough" for i in range(40)], {""}),
    ],
)
def test_answers_are_balanced_over_what_repeats_in_them(answers, labels):
    assert set(labels_of(pd.Series(answers))) == labels


def test_own_text_leaves_out_what_the_task_shares():
    inline = [[{"role": "user", "content": f"Classify this message: {word} {word[::-1]} Label:"}] for word in VERBS]
    assert duplicates.own_texts(inline)[0] == "cancel lecnac"
    assert duplicates.own_texts(log(30)["messages"])[1].startswith("change the blue shirt")


words = st.text(st.characters(codec="ascii", min_codepoint=97, max_codepoint=122), min_size=3, max_size=9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(words, min_size=3, max_size=12).map(" ".join), min_size=1, max_size=8))
def test_near_pairs_are_what_sets_of_grams_say(texts):
    def grams(text):
        padded = f" {text} "
        return {padded[i : i + 4] for i in range(len(padded) - 3)}

    expected = {
        (i, j)
        for i, a in enumerate(texts)
        for j, b in enumerate(texts)
        if len(grams(a) & grams(b)) / len(grams(a) | grams(b)) >= duplicates.NEAR
    }
    assert set(duplicates.near_pairs(texts, texts)) == expected


def test_covering_texts_span_the_groups():
    texts = [f"refund the order {i}" for i in range(20)] + [f"weather in town {i}" for i in range(20)] + ["xyzzy plugh"]
    chosen = duplicates.cover(texts, 2, np.ones(41))
    assert {texts[at].split()[0] for at in chosen} == {"refund", "weather"}
