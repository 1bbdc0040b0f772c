"""Prices of the model that answered, on its day, under a team's contract; the unknown stays unknown."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from genai_prices import Usage, calc_price

from migration.audit import contract, price_table
from migration.audit.prices import Tokens, cost_usd, list_price, settled
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


def costs(model: str, *tokens: int, batch: bool = False, agreed=None) -> float:
    """tokens: prompt, completion, cached, written."""
    one = Tokens(*(np.array([value], float) for value in [*tokens, 0, 0][:4]))
    day = np.array(["2025-06-15"], "datetime64[D]")
    return float(cost_usd(np.array([model], object), day, one, np.array([batch]), agreed or contract(None))[0])


@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4o-mini", "claude-3-5-sonnet-20241022", "gpt-3.5-turbo"])
def test_a_cost_is_the_price_lists_own(model: str) -> None:
    usage = Usage(input_tokens=1000, output_tokens=200, cache_read_tokens=400)
    assert costs(model, 1000, 200, 400) == pytest.approx(float(calc_price(usage, model).total_price))


@pytest.mark.parametrize(
    ("model", "prompt", "cached", "written"),
    [("claude-3-5-sonnet-20241022", 5000, 1000, 2000), ("claude-sonnet-4-5", 300_000, 100_000, 50_000),
     ("gemini-2.5-pro", 200_000, 0, 0), ("gemini-2.5-pro", 200_001, 50_000, 0)],
)  # fmt: skip
def test_cache_writes_and_long_contexts_cost_what_the_list_says(model, prompt, cached, written) -> None:
    usage = Usage(input_tokens=prompt, output_tokens=200, cache_read_tokens=cached, cache_write_tokens=written)
    at = datetime(2025, 6, 15, 12, tzinfo=UTC)
    expected = float(calc_price(usage, model, genai_request_timestamp=at).total_price)
    assert costs(model, prompt, 200, cached, written) == pytest.approx(expected)


def test_a_dated_version_has_its_familys_price_and_says_so() -> None:
    table = price_table(["gpt-4o-2031-01-01", "gpt-4o-mini-latest", "gpt-99-2031-01-01"]).set_index("model")
    assert table.loc["gpt-4o-2031-01-01", "input_usd_m"] == 2.5
    assert table.loc["gpt-4o-2031-01-01", "source"].endswith("as its family gpt-4o")
    assert table.loc["gpt-4o-mini-latest", "input_usd_m"] == 0.15
    assert np.isnan(table.loc["gpt-99-2031-01-01", "input_usd_m"])


def test_what_a_call_cost_has_one_rule() -> None:
    nan = np.nan
    cost = settled(np.array([1.0, nan, nan, 1.0]), np.array([2.0, 2.0, nan, nan]), np.array([False] * 3 + [True]))
    np.testing.assert_array_equal(cost, [1.0, 2.0, nan, 0.0])


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
        ("models: {a", "not readable"),
    ],
)
def test_a_wrong_contract_says_which_entry(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        contract(path)
