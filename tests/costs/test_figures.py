"""A figure's title is its finding, whichever way the numbers fall; what hardly matters is named and not drawn."""

import pandas as pd
import pytest
from shops import STAYS, decided, hybrid, make_basis

from migration.costs.alternatives import compare, project_all
from migration.costs.present import Currency, change_table, fan
from migration.costs.projection import central, simulate, tornado
from migration.figures import costs as figures

USD, EUR = Currency(), Currency("EUR", 0.5)


def change(before: float, after: float) -> pd.DataFrame:
    rows = [("LLM answers", before, after), ("total", before, after)]
    table = pd.DataFrame(rows, columns=["part", "before", "after"])
    return table.assign(difference=table["after"] - table["before"])


@pytest.mark.parametrize(
    ("before", "after", "money", "title"),
    [
        (23.0, 427.0, USD, "The monthly bill rises from $23.00 to $427"),
        (13_000.0, 400.0, EUR, "The monthly bill falls from 6,500 EUR to 200 EUR"),
        (1000.0, 1001.0, USD, "The monthly bill stays at $1,000"),
        (0.004, 0.002, USD, "The monthly bill falls from $0.0040 to $0.0020"),
    ],
)
def test_the_waterfall_says_which_way_the_bill_goes(tmp_path, before, after, money, title):
    picture = figures.waterfall(change(before, after), tmp_path, money)
    assert picture.title == title


@pytest.fixture
def projected(basis):
    drawn, plans = simulate(basis, 200, seed=1), {"stay": STAYS, "hybrid": hybrid(basis)}
    return drawn, project_all(basis, drawn, plans), project_all(basis, central(basis), plans)


def test_where_people_cost_more_than_the_bill_the_figures_say_loss(basis, projected, tmp_path):
    drawn, many, middle = projected
    table = tornado(basis, drawn, STAYS, hybrid(basis))
    saving = float((middle["stay"].total - middle["hybrid"].total).mean())
    hinges = figures.tornado_chart(table, saving, tmp_path, USD)
    assert hinges.title == "It hinges most on people's time, and stays a loss"
    named = hinges.alt.partition("not drawn, each less than a fiftieth of the first: ")[2]
    assert "share of the small models" in named
    assert "people's time" not in named
    months = figures.fan_chart(fan(many, middle), "hybrid", tmp_path, USD)
    assert months.title.startswith("Month 24: the ladder costs $")
    assert months.title.endswith("more than staying")
    compared = compare(many, middle, least_quality=0.95)
    others = figures.alternatives(compared, tmp_path, USD, 24)
    assert others.title == "No plan that is good enough surely saves money: stay"
    assert "The ladder, SLM behind an API: -$" in others.alt


def test_the_best_plan_is_the_title(projected, tmp_path):
    compared = compare(projected[1], projected[2], least_quality=0.95)
    better = compared.assign(saved_p50_usd=[0.0, 5000.0], pays=[False, True], winner=[False, True])
    assert figures.alternatives(better, tmp_path, EUR, 24).title == (
        "The ladder, SLM behind an API saves most: 2,500 EUR in 24 months"
    )


def test_where_the_band_of_what_is_saved_holds_zero_the_title_names_both_ends(projected, tmp_path):
    table = fan(projected[1], projected[2])
    saved = (table["scenario"] == "hybrid") & (table["component"] == "saved")
    table.loc[saved, ["p10", "p50", "p90"]] = [-30.0, 40.0, 120.0]
    months = figures.fan_chart(table, "hybrid", tmp_path, USD)
    assert months.title == "Month 24: the ladder may cost $30.00 more than staying, or $120 less"


def test_where_nothing_moves_every_figure_still_says_so(calls, tmp_path):
    still = make_basis(calls, decided("intent", ["llm"]))
    drawn, plans = simulate(still, 50, seed=1), {"stay": STAYS, "hybrid": hybrid(still, "")}
    many, middle = (project_all(still, sims, plans) for sims in (drawn, central(still)))
    assert "stays at" in figures.waterfall(change_table(middle["stay"], middle["hybrid"]), tmp_path, USD).title
    assert figures.fan_chart(fan(many, middle), "hybrid", tmp_path, USD).title.endswith("costs what staying costs")
    table = tornado(still, drawn, STAYS, hybrid(still, ""))
    title = figures.tornado_chart(table, 0.0, tmp_path, USD).title
    assert title == "No call moves, so nothing uncertain changes the saving"
