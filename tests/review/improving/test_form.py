"""The label form: by clicks in a notebook, or by filling in its CSV; both are read back alike."""

import pandas as pd
import pytest

from migration import review


@pytest.fixture
def rows():
    confidence = [0.99, 0.9, 0.6, 0.8]
    answers = pd.DataFrame({"call_id": list("abcd"), "group": "intent", "confidence": confidence})
    answers = answers.assign(question=["where?", "<b>bold</b>", "=cmd()", "why?"], output=list("wxyz"))
    return review.to_check(answers, 4), answers


def test_clicks_are_saved_at_once_and_read_back(rows, tmp_path):
    chosen, answers = rows
    form = review.LabelForm(chosen, tmp_path / "to_check.csv")
    text, buttons = form.widget().children
    yes, no = buttons.children
    assert chosen["question"][0] in text.value
    yes.click()
    no.click()
    assert review.read_labels(tmp_path / "to_check.csv") == {chosen["call_id"][0]: True, chosen["call_id"][1]: False}
    yes.click()
    yes.click()
    yes.click()  # nothing is left to answer
    assert text.value == "done"
    assert review.checked_rate(tmp_path / "to_check.csv", answers).n == 4


def test_a_click_after_the_review_ended_is_saved_where_it_now_lies(rows, tmp_path):
    form = review.LabelForm(rows[0], tmp_path / "2026-W48.partial" / "to_check.csv")
    (tmp_path / "2026-W48.partial").rename(tmp_path / "2026-W48")
    form.say("yes")
    assert len(review.read_labels(tmp_path / "2026-W48" / "to_check.csv")) == 1
    assert not (tmp_path / "2026-W48.partial").exists()


def test_a_filled_csv_says_the_same_as_clicks(rows, tmp_path):
    chosen, answers = rows
    clicked = review.LabelForm(chosen, tmp_path / "clicked.csv")
    for word in ("yes", "no", "yes", "yes"):
        clicked.say(word)
    empty = review.LabelForm(chosen, tmp_path / "filled.csv")
    assert empty.rows["right"].eq("").all()
    filled = pd.read_csv(tmp_path / "filled.csv").assign(right=["yes", "no", "yes", "yes"])
    filled.to_csv(tmp_path / "filled.csv", index=False)
    by_csv, by_click = (review.checked_rate(tmp_path / f"{name}.csv", answers) for name in ("filled", "clicked"))
    assert by_csv == by_click


def test_what_traffic_says_becomes_neither_markup_nor_a_formula(rows, tmp_path):
    form = review.LabelForm(rows[0], tmp_path / "to_check.csv")
    assert "<b>" not in form._repr_html_()
    assert "'=cmd()" in (tmp_path / "to_check.csv").read_text()
