"""Prices of the model that answered, on its day, under a team's contract; the unknown stays unknown."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from genai_prices import Usage, calc_price

from migration.audit import contract, price_table
from migration.audit.prices import cost_usd, list_price
from migration.errors import BadInput


def test_list_prices_by_any_usual_name() -> None:
    table = price_table(
        ["gpt-4o-2024-08-06", "openai/gpt-4o", "azure/gpt-4o", "text-embedding-3-small", "our-own"]
    ).set_index("model")
    assert table.loc[["gpt-4o-2024-08-06", "openai/gpt-4o", "azure/gpt-4o"], "input_usd_m"].tolist() == [2.5] * 3
    assert table.loc["gpt-4o-2024-08-06", ["output_usd_m", "cached_usd_m"]].tolist() == [10, 1.25]
    assert table.loc["text-embedding-3-small", "input_usd_m"] == 0.02
    assert table.loc["our-own", ["input_usd_m", "source"]].isna().all()
    assert table.loc["gpt-4o-2024-08-06", "source"].startswith("genai-prices ")


def test_a_price_is_that_of_the_day() -> None:
    before, after = list_price("o3", date(2025, 6, 1)), list_price("o3", date(2025, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (10, 2)


def costs(model: str, prompt: int, completion: int, cached: int = 0, *, batch: bool = False, agreed=None) -> float:
    one = [np.array([value]) for value in (prompt, completion, cached)]
    day = np.array(["2025-06-15"], "datetime64[D]")
    return float(cost_usd(np.array([model], object), day, *one, np.array([batch]), agreed or contract(None))[0])


@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4o-mini", "claude-3-5-sonnet-20241022", "gpt-3.5-turbo"])
def test_a_cost_is_the_price_lists_own(model: str) -> None:
    usage = Usage(input_tokens=1000, output_tokens=200, cache_read_tokens=400)
    assert costs(model, 1000, 200, 400) == pytest.approx(float(calc_price(usage, model).total_price))


def test_a_contract_comes_first_and_may_name_patterns(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "batch_discount: 0.4\nmodels:\n  gpt-4o*: {input: 2, output: 8, cached_input: 0.5}\n  our-own: {input: 1}\n"
    )
    agreed = contract(path)
    assert costs("gpt-4o-2024-08-06", 1_000_000, 1_000_000, agreed=agreed) == 10
    assert costs("gpt-4o-2024-08-06", 1_000_000, 0, 1_000_000, agreed=agreed) == 0.5
    assert costs("our-own", 1_000_000, 1_000_000, batch=True, agreed=agreed) == pytest.approx(0.6)
    assert np.isnan(costs("nobody's", 1, 1, agreed=agreed))
    assert price_table(["our-own"], path)["source"].tolist() == ["contract prices.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [a]", "should hold `models:`"),
        ("models: {a: {output: 1}}", "a needs input"),
        ("models: {a: {input: cheap}}", "a.input should be a number"),
        ("models: {a: {input: -1}}", "a.input should be a number"),
        ("batch_discount: 50", "between 0 and 1"),
        ("models: {a", "cannot be read"),
    ],
)
def test_a_wrong_contract_says_which_entry(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        contract(path)
