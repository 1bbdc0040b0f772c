"""A figure's title is its finding, whichever way the numbers fall; what hardly matters is named and not drawn."""

from dataclasses import replace

import pandas as pd
import pytest

from migration.costs.present import Currency
from migration.costs.projection import tornado
from migration.costs.results import before_after_table, fan, mean_saving, project_all
from migration.costs.worlds import central, draw_worlds
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
def worlds(basis):
    drawn = draw_worlds(basis, 200, seed=1)
    return drawn, project_all(basis, drawn), project_all(basis, central(basis))


def test_where_people_cost_more_than_the_bill_the_figures_say_loss(basis, worlds, tmp_path):
    drawn, many, middle = worlds
    table = tornado(basis, drawn, "hybrid")
    hinges = figures.tornado_chart(table, mean_saving(middle, "hybrid"), tmp_path, USD)
    assert hinges.title == "It hinges most on people's time, and stays a loss"
    named = hinges.alt.partition("not drawn, each less than a fiftieth of the first: ")[2]
    assert "SLM share" in named
    assert "people's time" not in named
    months = figures.fan_chart(fan(many, middle), "hybrid", tmp_path, USD)
    assert months.title.startswith("Month 24: the hybrid costs $")
    assert months.title.endswith("more than staying")


def test_where_the_band_of_what_is_saved_holds_zero_the_title_names_both_ends(basis, worlds, tmp_path):
    _, many, middle = worlds
    table = fan(many, middle)
    saved = (table["scenario"] == "hybrid") & (table["component"] == "saved")
    table.loc[saved, ["p10", "p50", "p90"]] = [-30.0, 40.0, 120.0]
    months = figures.fan_chart(table, "hybrid", tmp_path, USD)
    assert months.title == "Month 24: the hybrid may cost $30.00 more than staying, or $120 less"


def test_where_nothing_moves_every_figure_still_says_so(basis, tmp_path):
    still = replace(basis, routes=basis.routes.assign(slm=0, escalated=0, llm=basis.routes["n"]))
    drawn = draw_worlds(still, 50, seed=1)
    many, middle = project_all(still, drawn), project_all(still, central(still))
    bill = before_after_table(middle["stay"], middle["hybrid"])
    assert "stays at" in figures.waterfall(bill, tmp_path, USD).title
    assert figures.fan_chart(fan(many, middle), "hybrid", tmp_path, USD).title.endswith("costs what staying costs")
    table = tornado(still, drawn, "hybrid")
    title = figures.tornado_chart(table, mean_saving(middle, "hybrid"), tmp_path, USD).title
    assert title == "No call moves, so nothing uncertain changes the saving"
