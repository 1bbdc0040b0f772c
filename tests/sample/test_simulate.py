"""The simulated log: same seed same bytes, true to its form, to its world's rates, and to a tokenizer."""

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.files import PROJECT
from migration.sample.phrases import INTENTS
from migration.sample.simulate import World, count_tokens, prompt_tokens, simulate, truth, write
from migration.schema import split_of
from migration.stats import wilson

SHIPPED = PROJECT / "data" / "sample_traffic.jsonl.gz"


@pytest.fixture(scope="module")
def log():
    return list(simulate(4000, 7))


@pytest.fixture(scope="module")
def facts():
    return truth(4000, 7)


def answer(line):
    return line["response"]["choices"][0]["message"]["content"]


def chats(log):
    return [line for line in log if "choices" in line["response"]]


def test_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path):
    one = write(tmp_path / "one.jsonl.gz", 300, 3, truth=tmp_path / "truth.jsonl").read_bytes()
    assert one == write(tmp_path / "two.jsonl.gz", 300, 3).read_bytes()
    assert one != write(tmp_path / "other.jsonl.gz", 300, 4).read_bytes()
    lines = gzip.decompress(one).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [
        json.loads(line)["id"] for line in (tmp_path / "truth.jsonl").read_text().splitlines()
    ]


def test_the_shipped_sample_is_what_its_command_writes(tmp_path):
    again = write(tmp_path / "again.jsonl.gz", 4000, 7)
    assert gzip.decompress(SHIPPED.read_bytes()) == gzip.decompress(again.read_bytes())  # zlibs may pack differently
    assert SHIPPED.stat().st_size < 700_000


def test_every_line_has_the_form_of_a_logged_call(log):
    assert len(log) == 4000 == len({line["id"] for line in log})
    assert all(a["created"] <= b["created"] for a, b in pairwise(log))
    for line in log:
        assert set(line) == {"id", "created", "endpoint", "status", "latency_ms", "request", "response", "metadata"}
        assert line["latency_ms"] > 0
        assert line["metadata"]["channel"] in ("chat", "email", "voice")
        if "error" in line["response"]:
            assert line["status"] in (408, 429, 500)
        elif line["endpoint"] == "/v1/embeddings":
            assert line["request"]["input"].strip()
            assert line["response"]["usage"]["prompt_tokens"] > 0
        else:
            assert [m["role"] for m in line["request"]["messages"]] == ["system", "user"]
            assert all(m["content"].strip() for m in line["request"]["messages"])
            assert answer(line).strip()
            assert not any(mark in json.dumps(line["request"]) for mark in ("{thing}", "{order}", "{ref}"))


def test_usage_counts_the_texts_by_the_documented_rule(log):
    for line in chats(log):
        usage = line["response"]["usage"]
        assert usage["prompt_tokens"] == prompt_tokens(line["request"]["messages"])
        assert usage["completion_tokens"] == count_tokens(answer(line)) <= line["request"]["max_tokens"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        assert 0 <= cached < usage["prompt_tokens"]
    assert any("prompt_tokens_details" in line["response"]["usage"] for line in chats(log))


def test_the_counting_rule_is_within_5_percent_of_a_real_tokenizer(log):
    models = pytest.importorskip("migration.models")
    try:
        tokenizer = models.load_tokenizer(models.find("smollm2"))
    except models.ModelNotFound as missing:
        pytest.skip(str(missing))
    texts = [m["content"] for line in chats(log)[:1500] for m in line["request"]["messages"]]
    texts += [answer(line) for line in chats(log)[:1500]]
    real = sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"])
    assert sum(map(count_tokens, texts)) / real == pytest.approx(1, abs=0.05)


def test_conversations_make_their_four_calls_in_order(facts):
    first = facts[facts.kind.isin(["chat", "retry"])].drop_duplicates(["conversation_id", "site"])
    orders = first.groupby("conversation_id").site.agg(list)
    whole = [sites for sites in orders if len(sites) == 4]
    assert len(whole) > 0.9 * len(orders)
    assert all(s[:2] == ["intent", "lookup"] and s[3] == "route" for s in whole)
    assert 600 <= facts.conversation_id.nunique() <= 900


def test_the_mix_is_the_worlds(log, facts):
    world, conversations = World(), facts.conversation_id.nunique()
    sites = facts.drop_duplicates(["conversation_id", "site"]).site.value_counts() / conversations
    assert sites["embedding"] == pytest.approx(world.embedding_share, abs=0.06)
    assert sites["judge"] == pytest.approx(world.judge_share, abs=0.04)
    assert sites["resolve"] + sites["apology"] == pytest.approx(world.hard_share, abs=0.03)
    moods = facts.drop_duplicates("conversation_id").mood.value_counts(normalize=True)
    assert moods["angry"] == pytest.approx(world.moods[2], abs=0.05)
    attempts = (facts.site != "embedding").sum()
    assert (facts.kind == "error").sum() / attempts == pytest.approx(sum(world.failures.values()), abs=0.008)
    retried = facts[facts.kind == "retry"]
    assert set(retried.retry_of) <= set(facts.id)
    channels = Counter({line["metadata"]["conversation_id"]: line["metadata"]["channel"] for line in log}.values())
    assert channels["chat"] > channels["email"] > channels["voice"] > 0.08 * conversations
    models = Counter(line["request"]["model"] for line in log)
    assert models["gpt-4o-2024-08-06"] > 0.8 * len(log)
    assert models["gpt-4o-mini-2024-07-18"] > 20


def test_a_retry_repeats_the_request_that_failed(log, facts):
    lines = {line["id"]: line for line in log}
    retried = facts[facts.kind == "retry"]
    assert len(retried) > 50
    for row in retried.itertuples():
        again, failed = lines[row.id], lines[row.retry_of]
        assert again["request"]["messages"] == failed["request"]["messages"]
        assert again["created"] >= failed["created"]
        length = "choices" in failed["response"] and failed["response"]["choices"][0]["finish_reason"] == "length"
        assert length or failed["status"] != 200


def test_days_and_nights_weekends_and_growth():
    calls = list(simulate(20000, 11))
    times = pd.Series([datetime.fromtimestamp(line["created"], UTC) for line in calls])
    hours = times.dt.hour.value_counts()
    assert hours[10] > 5 * hours[3]
    days = times.dt.date.value_counts().sort_index().iloc[:28]
    weekend = pd.to_datetime(days.index).dayofweek >= 5
    assert days[weekend].mean() / days[~weekend].mean() == pytest.approx(0.6, abs=0.12)
    assert days.iloc[21:28].sum() > days.iloc[:7].sum()
    assert 27 <= (times.iloc[-1] - times.iloc[0]).days <= 33
    spoken = [t.hour for t, line in zip(times, calls, strict=True) if line["metadata"]["channel"] == "voice"]
    assert sum(7 < hour < 23 for hour in spoken) == len(spoken)


def test_the_logged_model_errs_as_often_as_the_world_says():
    facts = truth(20000, 5).dropna(subset=["correct"])
    for site, rate in World().error_rates.items():
        right = facts[facts.site == site].correct.astype(bool)
        seen = wilson(int((~right).sum()), len(right), level=0.999)
        assert seen.low <= rate <= seen.high, site
    spotless = replace(World(), error_rates=dict.fromkeys(World().error_rates, 0.0))
    assert truth(400, 5, spotless).correct.dropna().all()


def test_the_truth_is_a_labels_file_of_its_log(tmp_path):
    from migration.benchmark import read_labels

    write(tmp_path / "log.jsonl", 200, 3, truth=tmp_path / "truth.jsonl")
    facts = truth(200, 3)
    labels = read_labels(tmp_path / "truth.jsonl", facts[["call_id"]])
    known = facts.dropna(subset=["correct"]).set_index("call_id")["correct"]
    assert labels.set_index("call_id")["correct"].to_dict() == known.to_dict()
    assert 0 < len(known) < len(facts)  # an embedding or a failed call has no verdict


def test_the_truth_agrees_with_the_log(log, facts):
    for line, row in zip(log, facts.itertuples(), strict=True):
        if row.correct is True:
            assert answer(line) == row.answer
        elif row.correct is False:
            assert answer(line) != row.answer
        if row.site == "intent":
            assert json.loads(row.answer)["intent"] == row.intent
            assert row.intent in INTENTS


def test_each_main_task_keeps_200_distinct_training_examples(log, facts):
    kept = defaultdict(list)
    for line, row in zip(log, facts.itertuples(), strict=True):
        if row.site in ("intent", "lookup", "reply", "route") and row.correct is not None:
            text = line["request"]["messages"][1]["content"].lower()
            shingles = {text[i : i + 5] for i in range(len(text) - 4)}
            if split_of(row.conversation_id) == "train" and all(
                len(shingles & other) < 0.8 * len(shingles | other) for other in kept[row.site]
            ):
                kept[row.site].append(shingles)
    assert {site: len(found) >= 200 for site, found in kept.items()} == dict.fromkeys(kept, True)
    assert len(kept) == 4


def test_no_personal_data_of_real_people(log):
    text = json.dumps(log)
    assert "@" not in text.replace("@example.com", "")


def test_a_log_of_no_calls_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(BadInput, match="at least one"):
        list(simulate(0, 1))
    with pytest.raises(BadInput):
        write(tmp_path / "log.jsonl", 0, 1)
    assert not list(tmp_path.iterdir())
