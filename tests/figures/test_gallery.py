"""Figures of steps 02 and 03 drawn from odd data: one task, forty, long names, other scripts, zeros, nothing known."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from migration.figures import KIND_COLOURS, LLM, benchmark, finetune, load

NAMES = [
    "Sort",
    "A name that goes on and on for longer than any figure has room for, and then some",
    "郵件分類",
    "a $x^2$ <b>",
]
SIZES = pytest.mark.parametrize("tasks", [1, 40])
VALUES = pytest.mark.parametrize("value", [0.0, np.nan])


def names(tasks):
    return {f"t{i}": NAMES[i % len(NAMES)] for i in range(tasks)}


@SIZES
@VALUES
@pytest.mark.parametrize("candidates", [1, 5])
def test_the_heat_map_is_drawn(tmp_path, tasks, value, candidates):
    rows = [
        {"candidate": f"microsoft/Phi-3.5-mini-instruct-{c}", "task": task, "n": 3, "agreement": value}
        | {"low": value, "high": value}
        for c in range(candidates)
        for task in ["ALL", *names(tasks)]
    ]
    frame = pd.DataFrame(rows)
    frame.loc[frame["task"] == "ALL", ["agreement", "low", "high"]] = 0.5
    picture = benchmark.heatmap(frame, tmp_path, names=names(tasks))
    assert "nan" not in picture.title
    assert load(picture.path) == picture


@SIZES
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_before_and_after_are_drawn(tmp_path, tasks, value):
    ends = {f"{side}{end}": value for side in ("base", "tuned") for end in ("", "_low", "_high")}
    rows = [{"task": task, "trained": i % 2 == 0, "difference": 0.0, "n": 3} | ends
            for i, task in enumerate(["ALL", *names(tasks)])]  # fmt: skip
    assert "nan" not in finetune.before_after(pd.DataFrame(rows), tmp_path, names=names(tasks)).title


SEEN = {
    "everyone": np.eye(3),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
}
"""What is seen of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""


@pytest.mark.parametrize("who", SEEN)
def test_each_kind_has_a_colour_that_stays_apart_for_the_colour_blind(who):
    colours = np.array([to_rgb(colour) for colour in [LLM, *KIND_COLOURS.values()]]) ** 2.2
    seen = np.clip(colours @ SEEN[who].T, 0, 1) ** (1 / 2.2)
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.12
