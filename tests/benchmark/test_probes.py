"""Asked again: a real (tiny) model in process and a real server; the same samples again, and nothing asked twice."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import JsonHandler, Server, completion, serving

from migration.benchmark import Answers, Candidate, answer, probed, sampled, verbalised
from migration.benchmark.engine import local
from migration.benchmark.probes import HOW_SURE, stated_in
from migration.errors import BadInput
from migration.schema import conform
from migration.schema.tables import PREDICTIONS


class Shop(Server):
    """Says `says[0]`, at an odd seed `says[1]`, and how sure it is (`stated`). `seeds`: it takes all but `broken`."""

    def __init__(self):
        super().__init__(Desk)
        self.stated: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict] = []
        self.says, self.seeds, self.broken = ("yes", "No."), True, 0

    @property
    def candidate(self) -> Candidate:
        return Candidate("far", f"{self.url}#some-model")


class Desk(JsonHandler):
    server: Shop

    def do_POST(self):
        body = self.body()
        if not self.server.seeds and "seed" in body:
            return self.reply(400, {"error": {"message": "unknown field: seed"}})
        if body.get("seed", -1) == self.server.broken:
            return self.reply(404, {"error": {"message": "gone"}})
        self.server.bodies.append(body)
        self.server.asked[json.dumps(body, sort_keys=True)] += 1
        texts = [turn["content"] for turn in body["messages"]]
        said = self.server.stated[texts[0]] if texts[-1] == HOW_SURE else self.server.says[body.get("seed", 0) % 2]
        self.reply(200, completion(said))


@pytest.fixture
def shop():
    with serving(Shop()) as server:
        yield server


@pytest.fixture
def small(tiny_folder) -> Candidate:
    return Candidate("small", str(tiny_folder))


def requests(*questions: str, output: str | None = None, max_tokens: int = 6) -> pd.DataFrame:
    turns = [[{"role": "user", "content": question}] for question in questions]
    rows = {"call_id": list(questions), "messages": turns, "max_tokens": max_tokens, "output": output}
    return pd.DataFrame(rows).astype({"output": object})


def answered(candidate: Candidate, store: Answers) -> pd.DataFrame:
    asked = requests("Where is my parcel?", "Cancel it.", "I want my money back")
    return asked.assign(output=answer(candidate, asked, cache=store)["output"])


def test_a_temperature_near_zero_says_what_greedy_said(small):
    asked = answered(small, Answers())
    found = sampled(small, asked, 3, temperature=1e-4, seed=1, cache=None)
    assert found["call_id"].tolist() == asked["call_id"].tolist()
    assert found["sample_agreement"].tolist() == [1.0, 1.0, 1.0]


def test_the_same_seed_draws_the_same_whatever_the_batch(small):
    asked = requests(*(f"Where is order {i}?" for i in range(6))).assign(temperature=1.0, seed=7)
    together = local.answer(small, asked)["output"].tolist()
    assert local.answer(small, asked, share_prefixes=False, token_budget=1)["output"].tolist() == together
    assert local.answer(small, asked.assign(seed=8))["output"].tolist() != together
    assert local.answer(small, asked.drop(columns=["temperature", "seed"]))["output"].tolist() != together


def test_samples_of_a_call_differ_and_follow_the_models_own_chances(small):
    """First tokens of 400 samples beside the probabilities that the model gives them."""
    import torch

    engine = local._Engine(small)
    asked = requests("hello", max_tokens=1)
    many = pd.concat([asked.assign(temperature=0.7, seed=n) for n in range(400)], ignore_index=True)
    drawn = Counter(local.answer(small, many)["output"])
    ids = engine.ids(local.prompt_of(engine.tokenizer, asked.iloc[0]))
    model = engine.loaded.model
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        chances = torch.softmax(model(torch.tensor([ids])).logits[0, -1] / 0.7, -1)
    model.set_attn_implementation("shared_prefix")
    likeliest = int(chances.argmax())
    share, chance = drawn[engine.text([likeliest])] / 400, float(chances[likeliest])
    assert 1 < len(drawn) < 400
    assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 400))


def test_a_second_run_asks_nothing_and_more_samples_keep_the_first(small, tmp_path):
    file = tmp_path / "answers.sqlite"
    asked = answered(small, Answers(file))
    first = sampled(small, asked, 2, seed=1, cache=file)
    store = Answers(file)
    pd.testing.assert_frame_equal(sampled(small, asked, 2, seed=1, cache=store), first)
    assert store.stats.computed == 0
    sampled(small, asked, 3, seed=1, cache=store)
    assert store.stats.computed == 3
    sampled(small, asked, 3, seed=2, cache=store)
    sampled(small, asked, 3, seed=2, temperature=0.8, cache=store)
    assert store.stats.computed == 3 + 9 + 9
    assert set(store.counts().values()) == {1}


def test_a_server_is_asked_k_times_with_a_seed_each(shop):
    found = sampled(shop.candidate, requests("late?", output="Yes."), 4, seed=5, cache=None)
    assert sorted((body["seed"], body["temperature"]) for body in shop.bodies) == [(5000 + n, 0.7) for n in range(4)]
    assert found["sample_agreement"].tolist() == [0.5]


def test_the_same_fields_and_the_same_label_are_the_same_answer_however_written(shop):
    shop.says = ('{"b": 2, "a": 1}', "```\nyes\n```")
    asked = requests("fields", "label").assign(output=['{"a": 1, "b": 2}', '"Yes."'])
    assert sampled(shop.candidate, asked, 2, seed=5, cache=None)["sample_agreement"].tolist() == [0.5, 0.5]


def test_a_server_without_seeds_is_sampled_all_the_same(shop):
    shop.seeds = False
    assert sampled(shop.candidate, requests("late?", output="yes"), 3, seed=5, cache=None)["sample_agreement"][0] == 1
    assert [("seed" in body, body["temperature"]) for body in shop.bodies] == [(False, 0.7)] * 3


def test_a_sample_that_failed_does_not_count_and_is_all_that_the_next_run_asks(shop, tmp_path):
    file, asked = tmp_path / "answers.sqlite", requests("late?", output="yes")
    shop.broken = 5001
    assert sampled(shop.candidate, asked, 4, seed=5, cache=file)["sample_agreement"].tolist() == [pytest.approx(2 / 3)]
    shop.broken = 0
    assert sampled(shop.candidate, asked, 4, seed=5, cache=file)["sample_agreement"].tolist() == [0.5]
    assert set(shop.asked.values()) == {1}
    assert len(shop.bodies) == 4


@pytest.mark.parametrize(
    "probe", [lambda *a: sampled(*a, 3, seed=1, cache=None), lambda *a: verbalised(*a, cache=None)]
)
def test_where_there_is_no_answer_nothing_is_asked(shop, probe):
    found = probe(shop.candidate, requests("one", "two"))
    assert found.iloc[:, 1].isna().all()
    assert found.iloc[:, 1].dtype == float
    assert not shop.bodies


def test_a_stated_confidence_is_read_and_one_that_is_not_stated_is_null(shop, tmp_path):
    shop.stated = {"a": "0.9", "b": "I am quite sure.", "c": "about 85%, I think", "d": "7"}
    file, asked = tmp_path / "answers.sqlite", requests(*shop.stated, output="yes")
    found = verbalised(shop.candidate, asked, cache=file)
    assert found["verbalised"].fillna(-1).tolist() == [0.9, -1, 0.85, 1.0]
    assert [turn["content"] for turn in shop.bodies[0]["messages"]][1:] == ["yes", HOW_SURE]
    pd.testing.assert_frame_equal(verbalised(shop.candidate, asked, cache=file), found)
    assert set(shop.asked.values()) == {1}


@given(st.floats(-5, 5).map(lambda x: round(x, 3)), st.sampled_from(["", "Confidence: ", "I would say "]))
def test_the_first_number_counts_cut_to_0_and_1(number, before):
    assert stated_in(f"{before}{number} of 9") == pytest.approx(min(1, max(0, number)))


@pytest.mark.parametrize("reply", [None, "", "certain", "one half."])
def test_no_number_is_no_confidence(reply):
    assert stated_in(reply) is None


@pytest.mark.parametrize(
    "wrong", [{"k": 0}, {"k": 1001}, {"k": 1, "temperature": 0.0}, {"k": 1, "temperature": np.nan}]
)
def test_what_samples_nothing_is_refused(wrong):
    with pytest.raises(BadInput, match="temperature above 0"):
        sampled(Candidate("far", "http://localhost:9/v1#m"), requests("x"), **wrong, seed=1, cache=None)


def test_predictions_get_both_columns_where_asked_for_and_a_contract_lets_them_through(shop, tmp_path):
    shop.stated = {"a": "0.9", "b": "no idea"}
    rows = requests("a", "b").assign(completion_tokens=2, response="yes", task="gate")
    names = ["near", "near", "far", "far"]
    both = pd.concat([rows[["call_id"]]] * 2, ignore_index=True).assign(candidate=names, output="yes")
    unchanged, said = probed(both, [shop.candidate], rows, 0, seed=5, cache=tmp_path)
    assert unchanged is both
    assert said.startswith("Neither")
    assert not shop.bodies
    seen, said = probed(both, [shop.candidate], rows, 2, seed=5, cache=tmp_path)
    assert seen["sample_agreement"].fillna(-1).tolist() == [-1, -1, 0.5, 0.5]
    assert seen["verbalised"].fillna(-1).tolist() == [-1, -1, 0.9, -1]
    assert said.startswith("far, 2 answers: of 2 samples each, 50% say the same")
    assert "after 1 of them and none after 1" in said
    table = pa.Table.from_pandas(
        seen.reindex(columns=[*PREDICTIONS.names, "verbalised", "sample_agreement"]).assign(task="gate")
    )
    assert conform(table, "predictions").column_names[-2:] == ["verbalised", "sample_agreement"]
