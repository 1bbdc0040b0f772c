"""A log whose truth is known, and the basis of a projection made from it."""

import numpy as np
import pandas as pd
import pytest
from shops import Shop, draw_decisions, draw_log, draw_shop, make_basis

from migration.costs.parts import Basis


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def shop(rng) -> Shop:
    return draw_shop(rng)


@pytest.fixture
def calls(shop, rng) -> pd.DataFrame:
    return draw_log(shop, rng)


@pytest.fixture
def basis(calls, shop, rng) -> Basis:
    return make_basis(calls, draw_decisions(shop, rng), hours=4.0)
