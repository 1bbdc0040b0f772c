"""The article's tables to the cent, and what does not add up in them."""

import pytest

from migration.costs.article import NOT_ITEMISED, SLIP, check_article

ARTICLE = check_article()
LINE = ARTICLE.table.set_index("key")


def test_its_lines_are_recomputed_to_the_cent():
    cents = LINE["computed"].round(2)
    assert cents["before_tokens_m"] == 128.00
    assert cents["before_tokens_usd"] == 640.00
    assert cents["after_slm_usd"] == 1.64
    assert cents["after_llm_usd"] == 102.40
    assert cents["after_gpu_usd"] == 150.00
    assert cents["after_total_usd"] == 254.04


def test_what_was_printed_is_shown_as_printed():
    printed = LINE["printed"]
    assert (printed["after_slm_usd"], printed["after_llm_usd"], printed["after_total_usd"]) == (164, 102, 400)
    assert (printed["before_total_usd"], printed["saving_share"]) == (13_000, 0.97)


def test_the_slm_path_is_flagged_as_a_hundred_times_too_high():
    assert LINE.loc["after_slm_usd", "verdict"] == SLIP
    assert LINE.loc["after_slm_usd", "printed"] / LINE.loc["after_slm_usd", "computed"] == pytest.approx(100, rel=2e-3)
    assert "100 times" in LINE.loc["after_slm_usd", "note"]


def test_the_calls_after_are_flagged_128_000_for_160_000():
    row = LINE.loc["after_calls"]
    assert (row["printed"], row["computed"], row["verdict"]) == (128_000, 160_000, SLIP)
    assert "160,000" in row["note"]


def test_the_13_000_are_flagged_as_not_itemised():
    row = LINE.loc["before_total_usd"]
    assert row["verdict"] == NOT_ITEMISED
    assert "$12,360" in row["note"]
    assert "95%" in row["note"]


def test_the_saving_on_like_for_like():
    both = ARTICLE.corrected.set_index("line")
    parts = both.loc[["LLM tokens", "SLM tokens", "GPU"]].sum()
    assert both.loc["tokens and GPU"].tolist() == pytest.approx(parts.tolist())
    assert both.loc["tokens and GPU", "after"] == pytest.approx(128.00 + 2.048 + 150.00)
    assert ARTICLE.saving_printed == pytest.approx(1 - 400 / 13_000)
    assert ARTICLE.saving_corrected == pytest.approx(1 - 280.048 / 640)
    assert ARTICLE.saving_if_hidden_costs_stay == pytest.approx(1 - 12_640.048 / 13_000)
