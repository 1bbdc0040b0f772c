"""What is said follows from the numbers, whichever way they fall."""

import canaries
import numpy as np
import pandas as pd
import pytest
from nbconvert.filters.markdown import markdown2html
from shops import STAYS, hybrid

from migration.costs import present as words
from migration.costs.alternatives import compare, hosting_options, project_all
from migration.costs.article import check_article
from migration.costs.parts import PARTS
from migration.costs.projection import central, project, simulate
from migration.costs.what_if import breakeven_calls


def test_the_decision_says_plainly_what_a_tiny_bill_means(basis):
    found = {"stay": STAYS, "hybrid": hybrid(basis)}
    many, middle = (project_all(basis, sims, found) for sims in (simulate(basis, 100, seed=0), central(basis)))
    compared = compare(many, middle, least_quality=0.95)
    summary = words.summary_of(compared, basis, check_article(), breakeven_calls(basis, STAYS, hybrid(basis)))
    said = words.decision(compared, summary, 24, 0.1)
    assert said.startswith("Do not migrate for the money")
    assert "calls a month" in said
    assert (summary["saving_probability"], summary["breakeven_month"], summary["other_plan"]) == (0.0, None, "")
    other = compared.assign(winner=[False, True], whole_ladder=False, only="cache")
    told = words.summary_of(other, basis, check_article(), None)
    assert (told["other_plan"], told["other_plan_kind"]) == (told["best_plan_title"], "cache")
    assert summary["breakeven_calls_month"] > summary["calls_month"]
    assert summary["before_usd_month"] == pytest.approx(project(basis, central(basis), STAYS).total[0, 0])
    assert "Nothing beats staying" in words.say_alternatives(compared, basis, 0.95, words.Currency())


def rows(**changes) -> pd.DataFrame:
    """The table of `compare` as far as words read it: staying, a classifier alone, the ladder."""
    table = pd.DataFrame({
        "scenario": ["stay", "classifier_only", "hybrid"], "title": ["Stay", "Classifier only", "The ladder"],
        "winner": [False, False, True], "good": True, "pays": [False, True, True], "quality": [1.0, 0.98, 0.97],
        "p10_usd_month": [90.0, 60.0, 40.0], "p90_usd_month": [110.0, 70.0, 60.0],
        "expected_usd_month": [100.0, 65.0, 50.0], "whole_ladder": [False, False, True],
        "one_off_usd": [0.0, 50.0, 80.0], "breakeven_month_p50": [np.inf, 2.0, 3.0],
        "saved_p10_usd": [0.0, 500.0, 700.0],
        "saving_probability": [0.0, 0.99, 0.95], "saved_p50_usd": [0.0, 800.0, 1100.0],
    })  # fmt: skip
    return table.assign(**changes)


SUMMARY = {"before_usd_month": 100.0, "one_off_usd": 80.0, "llm_share": 0.4, "saving_probability": 0.95,
           "breakeven_calls_month": 500.0, "calls_month": 1000.0}  # fmt: skip


def test_the_decision_names_the_winner_and_what_it_rests_on():
    said = words.decision(rows(), SUMMARY, 24, 0.1)
    assert said.startswith("Migrate (The ladder): $100 a month today, $50.00 after (P10 to P90 $40.00 to $60.00)")
    assert "back in month 3; 95% of simulations save within 24 months" in said
    other = words.decision(rows(winner=[False, True, False]), SUMMARY, 24, 0.1)
    assert other.startswith("Take “Classifier only”, not the whole ladder: $100 a month today, $65.00 after")
    assert other.endswith("the ladder saves $1,100 by then (median), this $800")
    nothing = rows(winner=[True, False, False])
    assert "too unsurely" in words.decision(nothing, SUMMARY, 24, 0.1)
    assert "less than asked" in words.decision(nothing.assign(good=False), SUMMARY, 24, 0.1)
    assert "no volume" in words.decision(nothing, SUMMARY | {"breakeven_calls_month": None}, 24, 0.1)
    assert words.decision(nothing, SUMMARY | {"llm_share": 1.0}, 24, 0.1).startswith("Stay with the LLM: step 04")


def test_an_unknown_price_is_asked_for_in_words_that_can_be_copied(basis):
    bill = basis.traffic.bill()
    assert "no known price" not in words.say_bill(basis.traffic, bill, words.Currency())
    unpriced = pd.DataFrame({"model": ["our-own-7b"], "calls": [5], "tokens": [900.0]})
    traffic = type(basis.traffic)(**{**vars(basis.traffic), "unpriced": unpriced})
    said = words.say_bill(traffic, bill, words.Currency())
    assert "5 calls have no known price and are in neither side" in said
    assert "`models: {our-own-7b: {input: ?, output: ?}}`" in said


def test_models_without_a_price_are_text_and_no_more_of_them_than_one_reads(basis):
    names = [canaries.MODEL, f"`{canaries.MARKUP[6]}`", *(f"model {n}" for n in range(2000))]
    unpriced = pd.DataFrame({"model": names, "calls": 5, "tokens": 900.0})
    traffic = type(basis.traffic)(**{**vars(basis.traffic), "unpriced": unpriced})
    said = words.prose(words.say_bill(traffic, basis.traffic.bill(), words.Currency())).data
    assert "and 1,992 more models" in said
    assert len(said) < 3_000
    assert canaries.live(markdown2html(said)) == []


def test_what_hosting_costs_is_said_with_its_idle_hours(basis):
    said = words.say_hosting(hosting_options(basis), 0.5, 2000.0, words.Currency())
    assert "Cheapest: **api**" in said
    assert "1 GPU" in said
    assert "Only 50%" in said
    assert "nothing needs to be hosted" in words.say_hosting(hosting_options(basis).head(0), 1.0, 1.0, words.Currency())


def test_a_change_names_its_largest_parts(basis):
    one = [project(basis, central(basis), plan, months=1) for plan in (STAYS, hybrid(basis))]
    table = words.change_table(*one)
    assert table["part"].iloc[-1] == "total"
    assert set(table["part"]) <= {*PARTS.values(), "total"}
    said = words.say_change(table, words.Currency())
    assert "most is saved on" in said
    assert "most is added by engineer time" in said


@pytest.mark.parametrize(("usd", "said"), [(1234.5, "$1,234"), (0.0123, "$0.012"), (-5.5, "-$5.50"), (0.0, "$0")])
def test_money_is_written_as_people_write_it(usd, said):
    assert words.Currency()(usd) == said
