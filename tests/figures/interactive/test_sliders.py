"""A slider moves the point of its figure, and the sentence below says where it stands."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from migration.figures.interactive import BillSliders, ThresholdSlider

THRESHOLD = np.linspace(0, 1, 11)
CURVE = pd.DataFrame({"threshold": THRESHOLD, "slm_share": 1 - THRESHOLD, "quality": 0.8 + 0.2 * THRESHOLD}).assign(
    quality_low=0.7, quality_high=1.0, cost_usd_per_1k=0.1 + THRESHOLD
)
CHOSEN = {"slm_share": 0.4, "quality": 0.98, "cost_usd_per_1k": 0.7}


def points(fig):
    """Where the figure's points lie, axis by axis."""
    return [[tuple(map(float, dot.get_offsets()[0])) for dot in ax.collections if isinstance(dot, PathCollection)]
            for ax in fig.axes]  # fmt: skip


def test_the_threshold_moves_the_point_and_not_the_policy_s():
    slider = ThresholdSlider(CURVE, CHOSEN, max_loss=0.05)
    low, high = (points(slider.figure(threshold)) for threshold in (0.2, 0.9))
    assert low[0][0] == high[0][0] == (0.4, 0.98)
    assert low[0][1] == pytest.approx((0.8, 0.84))
    assert high[0][1] == pytest.approx((0.1, 0.98))
    assert low[1][1] == pytest.approx((0.8, 0.3))
    widget = slider.widget()
    before = widget.children[2].value
    widget.children[0].value = 0.9
    assert widget.children[2].value != before
    assert widget.children[1].value.startswith("threshold 0.90: small models answer 10% of the calls")


def bill(traffic, share, gpu):
    return 100 * traffic, 100 * traffic * (1 - share) + 30 * gpu


def test_traffic_share_and_gpu_price_move_the_bill():
    sliders = BillSliders(bill, calls=1000, share=0.5)
    (at,) = points(sliders.figure(2.0, 0.5, 1.0))
    assert at == [(2000.0, 200.0), (2000.0, 130.0)]
    assert points(sliders.figure(2.0, 0.5, 3.0))[0][1] == (2000.0, 190.0)
    widget = sliders.widget()
    traffic, share, gpu, text, picture = widget.children
    for control, value in ((traffic, 10.0), (share, 0.9), (gpu, 2.0)):
        before = text.value, picture.value
        control.value = value
        assert (text.value, picture.value) != before
    assert "10,000 calls a month" in text.value


def test_headless_there_is_a_sentence():
    said = BillSliders(bill, calls=1000, share=0.5)._repr_mimebundle_()["text/html"]
    assert "100.00 a month with the LLM alone, 80.00 after" in said
