"""One price for a candidate, whoever asks."""

import pytest

from migration.audit.unit_price import UnitPrice, by_the_call, by_the_token


def test_a_machine_costs_the_hours_that_tokens_take():
    price = by_the_token(3.6, 1000.0, 100.0, "x")  # a tenth of a cent a second
    assert price.usd(1000, 100) == pytest.approx(0.001 + 0.001)
    assert by_the_call(3.6, 0.5, "x").usd(10**6, 10**6) == pytest.approx(0.0005)


def test_it_survives_policy_json():
    price = UnitPrice(0.1, 0.4, 0.0, "said")
    assert UnitPrice.read(price.document() | {"more": 1}).document() == price.document()
    assert UnitPrice.read(None) is None
