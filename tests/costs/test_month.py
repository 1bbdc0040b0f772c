"""A line costs its tokens times its prices, exactly; what has no price is kept out and shown."""

import numpy as np
import pandas as pd
import pytest
from shops import draw_log, draw_shop

from migration.audit.prices import RATES, Contract, Price, Tokens, cost_usd
from migration.costs.month import TOKENS, price_calls, read_traffic
from migration.errors import NotEnoughCalls


@pytest.fixture
def priced(rng) -> pd.DataFrame:
    """A log of three models with cached, written and long prompts and batch calls; some costs are the log's own."""
    calls = draw_log(draw_shop(rng), rng, days=14)
    n = len(calls)
    calls = calls.assign(
        model=rng.choice(["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5"], n),
        prompt_tokens=calls["prompt_tokens"] + np.where(rng.random(n) < 0.02, 250_000, 0),
        service_tier=np.where(rng.random(n) < 0.2, "batch", None),
    )
    calls["cached_tokens"] = np.where(rng.random(n) < 0.3, calls["prompt_tokens"] // 2, 0)
    calls["cache_write_tokens"] = np.where(rng.random(n) < 0.3, calls["prompt_tokens"] // 4, 0)
    day = calls["created_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    batch = calls["service_tier"].eq("batch").to_numpy()
    usd = cost_usd(calls["model"].to_numpy(object), day, Tokens.of(calls), batch, Contract())
    return calls.assign(cost_usd=np.where(rng.random(n) < 0.1, rng.random(n) / 100, usd))


def test_every_line_costs_its_tokens_times_its_prices(priced):
    traffic = read_traffic(priced)
    lines = traffic.lines
    listed = lines["usd_prompt"].notna()
    usd = (lines[list(TOKENS)].to_numpy() * lines[list(RATES)].to_numpy()).sum(axis=1) / 1e6
    assert usd[listed] == pytest.approx(lines.loc[listed, "usd"].to_numpy(), rel=1e-9)
    assert lines["usd"].sum() == pytest.approx(priced["cost_usd"].sum())
    assert 0.05 < lines.loc[~listed, "calls"].sum() / len(priced) < 0.15
    assert set(lines.loc[~listed, "said"]) == {"cost_usd as step 01 has it"}
    large = lines[listed & (lines["model"] == "gpt-4o")]
    assert set(zip(large["usd_prompt"], large["usd_cached"], large["usd_answer"], strict=True)) == {
        (2.5, 1.25, 10.0), (1.25, 0.625, 5.0)}  # fmt: skip
    assert large.loc[large["discounted"], "said"].str.endswith("less 50% for batch or flex").all()
    assert set(lines.loc[listed & (lines["model"] == "claude-sonnet-4-5"), "usd_prompt"]) == {3.0, 6.0, 1.5}


def test_the_bill_is_the_logs_own_times_the_months_factor(priced):
    traffic = read_traffic(priced, log_share=0.1)
    bill = traffic.bill()
    assert bill["cost_usd"].sum() == pytest.approx(priced["cost_usd"].sum())
    assert bill["cost_usd_month"].sum() == pytest.approx(traffic.month()["usd"].sum())
    assert traffic.month()["usd"].sum() == pytest.approx(priced["cost_usd"].sum() * traffic.span.to_month)
    assert bill["calls"].sum() == len(priced)


def test_a_contract_prices_every_call_anew_and_frees_what_is_free(priced):
    extra = priced.assign(logged_cost_usd=np.nan, cache_hit=False)
    extra.loc[0, "cache_hit"] = True
    agreed = Contract({"*": Price(1.0, 2.0, 1.0, "contract")}, batch_discount=0.0)
    ours = price_calls(extra, agreed, anew=True)
    expected = (extra["prompt_tokens"] + 2 * extra["completion_tokens"])[1:].sum() / 1e6
    assert ours["cost_usd"].sum() == pytest.approx(expected)
    assert ours.loc[0, "cost_usd"] == 0


def test_a_model_without_a_price_is_in_neither_side_and_shown(calls):
    calls.loc[:4, ["model", "cost_usd"]] = ["our-own-7b", np.nan]
    traffic = read_traffic(calls)
    assert traffic.unpriced[["model", "calls"]].to_numpy().tolist() == [["our-own-7b", 5]]
    assert traffic.lines["calls"].sum() == len(calls) - 5
    assert traffic.span.calls == len(calls)


def test_a_failed_call_without_tokens_needs_no_price(calls):
    calls.loc[0, ["model", "kind", "cost_usd", "prompt_tokens", "completion_tokens"]] = [None, "error", np.nan, 0, 0]
    traffic = read_traffic(calls)
    assert traffic.unpriced.empty
    assert traffic.lines["usd"].sum() == pytest.approx(calls["cost_usd"].sum())


def test_a_month_is_that_of_the_truth():
    rng = np.random.default_rng(5)
    shop = draw_shop(rng)
    traffic = read_traffic(draw_log(shop, rng, days=84, noise=0.05))
    assert traffic.month()["usd"].sum() == pytest.approx(shop.month_usd.sum(), rel=0.03)


def test_one_moment_is_no_month(calls):
    with pytest.raises(NotEnoughCalls, match="month's bill"):
        read_traffic(calls.head(1))
