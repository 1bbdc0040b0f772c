"""The article's table as it was printed, and what does not hold of it."""

import importlib.util
import json

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
    assert flags[["Phi-3-mini", "GPT-3.5 Turbo"]].eq("").all()


def test_figures_that_do_not_follow_their_named_report_are_flagged():
    flags = head_to_head().set_index("model")["flag"]
    assert "60.1, 81.3 and 55.5" in flags["Mistral 7B"]
    assert "HellaSwag and ARC-C are not among what OpenAI reported" in flags["GPT-4o"]
    assert "68.4" in flags["Gemma 2 9B"]
    assert "69.8 on its model card" in flags["Llama 3.2 3B"]


HARNESS = importlib.util.find_spec("lm_eval") is not None
TASK = """
task: teams
dataset_path: json
dataset_kwargs:
  data_files:
    test: {questions}
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{question}}}} Team:"
doc_to_choice: [billing, parcels]
doc_to_target: answer
metric_list:
  - metric: acc
"""


@pytest.mark.slow
@pytest.mark.skipif(not HARNESS, reason="needs lm-evaluation-harness: pip install -e '.[lm-eval]'")
def test_the_harness_runs_offline_on_a_task_of_one_s_own(tmp_path):
    questions = [{"question": f"Where is parcel {i}?", "answer": i % 2} for i in range(10)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
    (tmp_path / "teams.yaml").write_text(TASK.format(questions=tmp_path / "questions.jsonl"))
    found = lm_eval("pocket-llama3", ["teams"], include=tmp_path)
    assert found["task"].tolist() == ["teams"]
    assert found["metric"].tolist() == ["acc"]
    assert 0 <= found["value"][0] <= 1
    assert found["stderr"][0] > 0


@pytest.mark.skipif(HARNESS, reason="the harness is installed here")
def test_without_the_harness_one_line_says_how_to_get_it():
    with pytest.raises(BadInput, match=r"migration\[lm-eval\]"):
        lm_eval("smollm2", ["arc_easy"])
