"""The article's table as it was printed, and what does not hold of it."""

import importlib.util

import pytest

from migration.benchmark import head_to_head, lm_eval
from migration.errors import BadInput


def test_the_table_is_whole_and_says_where_it_is_from():
    models = head_to_head()
    assert len(models) == 8
    assert models[["source", "as_of", "report", "report_date"]].ne("").all().all()
    assert models.loc[models["model"] == "Phi-3-mini", ["mmlu", "hellaswag", "arc_c"]].iloc[0].tolist() == [
        68.8,
        76.7,
        84.9,
    ]


def test_the_claim_of_5_to_10_percent_is_checked_not_repeated():
    flags = head_to_head().set_index("model")["flag"]
    assert "21% on MMLU" in flags["Gemma 2 2B"]
    assert "11% on MMLU" in flags["Llama 3.2 3B"]
    assert flags[["Gemma 2 9B", "Phi-3-mini", "GPT-4o"]].eq("").all()


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is not None, reason="the harness is installed here")
def test_without_the_harness_one_line_says_how_to_get_it():
    with pytest.raises(BadInput, match=r"migration\[lm-eval\]"):
        lm_eval("smollm2", ["arc_easy"])
