"""Figures of step 02 are written with a title that states the finding, and alt text that says what is seen."""

import pandas as pd
import pytest

from migration.benchmark import head_to_head
from migration.figures import benchmark as figures
from migration.figures import load

ROWS = pd.DataFrame(
    [
        ("small", "ALL", 0.6),
        ("small", "gate", 0.98),
        ("small", "reply", 0.2),
        ("big", "ALL", 0.8),
        ("big", "gate", 0.9),
    ],
    columns=["candidate", "task", "agreement"],
).assign(low=lambda d: d["agreement"] - 0.1, high=lambda d: (d["agreement"] + 0.1).clip(upper=1), n=50)
VERDICTS = pd.DataFrame(
    {
        "name": ["Scope gate", "Reply", "Agent step"],
        "share": [0.6, 0.3, 0.1],
        "n": [200, 20, 0],
        "agreement": [0.99, 0.95, None],
        "low": [0.96, 0.76, None],
        "high": [1.0, 0.99, None],
        "verdict": ["move now", "cannot tell yet", "keep on the LLM"],
        "more_calls": [0, 40, 0],
        "floor": 0.95,
    }
)
WAITS = pd.DataFrame({"conversation_id": list("abcd"), "calls": 4, "asked": 3, "llm_ms": 4800.0, "candidate_ms": 720.0})


def test_the_heat_map_names_the_best_and_leaves_empty_what_was_not_asked(tmp_path):
    picture = figures.heatmap(ROWS, tmp_path, names={"gate": "Scope gate"})
    assert picture.title == "big agrees with the LLM on 80% of the traffic asked, surely on 70%: the most of 2 tried"
    assert load(picture.path).alt == picture.alt


def test_the_verdicts_add_up_in_the_title(tmp_path):
    picture = figures.verdicts(VERDICTS, tmp_path)
    assert picture.title == "60% of the traffic can move as it is; fine-tuning is worth a try on 0%"
    assert "Reply: cannot tell yet: needs 40 more" in picture.alt


@pytest.mark.parametrize(("swap", "said"), [(False, "6.7 times faster"), (True, "6.7 times slower")])
def test_waiting_says_which_is_faster(tmp_path, swap, said):
    frame = WAITS.rename(columns={"llm_ms": "candidate_ms", "candidate_ms": "llm_ms"}) if swap else WAITS
    assert said in figures.waiting(frame, tmp_path, "small").title
    said = figures.waiting_sentence(frame, "small")
    assert "4.8 / 0.72 = 6.7" in said
    assert "25% of the calls are of tasks that were not asked" in said


def test_equal_waits_are_called_equal(tmp_path):
    title = figures.waiting(WAITS.assign(candidate_ms=4700.0), tmp_path, "small").title
    assert title == "On this machine small is about as fast as the LLM over a conversation"


def test_the_article_s_table_stands_beside_the_own_result(tmp_path):
    models = head_to_head()
    assert figures.head_to_head(models, ROWS[ROWS["task"] == "ALL"], tmp_path).path.stat().st_size > 10_000
    assert len(figures.models_table(models)) == 8
