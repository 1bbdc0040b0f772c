"""Each figure of every step drawn from odd data: one task, forty, long names, other scripts, zeros, nothing known.

A warning is a failure, a title says no `nan`, and nothing sticks out: every picture is as wide as the page's.
"""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from migration.benchmark import head_to_head
from migration.costs.present import Currency
from migration.figures import (
    CASCADE,
    LLM,
    NEUTRAL,
    SLM,
    WIDTH,
    audit,
    benchmark,
    costs,
    finetune,
    load,
    review,
    routing,
)

NAMES = [
    "Sort",
    "A name that goes on and on for longer than any figure has room for, and then some",
    "郵件分類",
    "a $x^2$ <b>",
]
SIZES = pytest.mark.parametrize("tasks", [1, 40])
pytestmark = pytest.mark.filterwarnings("error::UserWarning", "error::RuntimeWarning")


def names(tasks):
    return {f"t{i}": NAMES[i % len(NAMES)] for i in range(tasks)}


def fits(picture):
    """A picture whose title says something and in which nothing stands beyond the edge of the figure."""
    assert "nan" not in picture.title.lower()
    assert load(picture.path) == picture
    with Image.open(picture.path) as image:
        assert image.width < WIDTH * 150 * 1.03, picture.title
    return picture


@SIZES
@pytest.mark.parametrize("known", [True, False])
def test_the_audit_is_drawn(tmp_path, tasks, known):
    ids, value = list(names(tasks)), 3.5 if known else np.nan
    kinds = pd.DataFrame([{"task": t, "kind": k, "cost_usd": value} for t in ids for k in ("chat", "retry")])
    fits(audit.keep(audit.cost_by_task(kinds, names(tasks), to_month=2.0), tmp_path, "cost"))
    table = pd.DataFrame({"task": ids, "name": list(names(tasks).values()), "calls": 10, "complexity": 0.5})
    table["route_hint"] = [("slm", "llm", "unclear")[i % 3] for i in range(tasks)]
    for column in ("prompt", "completion", "ms"):
        table[f"p50_{column}"] = 4.0 if known or column != "ms" else np.nan
        table[f"p95_{column}"] = 9000.0 if known or column != "ms" else np.nan
    fits(audit.keep(audit.percentiles(table), tmp_path, "percentiles"))
    bins = pd.DataFrame([{"task": t, "bin": b, "calls": 5} for t in ids for b in (3, 17)])
    fits(audit.keep(audit.complexity(bins, table), tmp_path, "complexity"))


def test_the_audit_of_three_calls_is_drawn(tmp_path):
    hours = pd.DataFrame({"weekday": [6], "hour": [23], "calls": [3]})
    fits(audit.keep(audit.volume(hours, calls=3), tmp_path, "volume"))
    shares = {"route_hint": ["slm", "unclear", "llm"], "call_share": [1.0, 0, 0], "cost_share": 0.0}
    fits(audit.keep(audit.could_move(pd.DataFrame(shares)), tmp_path, "move"))


@pytest.mark.parametrize(("tasks", "candidates", "value"), [(1, 1, 0.0), (40, 1, np.nan), (1, 6, 0.9)])
def test_the_heat_map_is_drawn(tmp_path, tasks, value, candidates):
    rows = [
        {"candidate": f"microsoft/Phi-3.5-mini-instruct-{c} with 4 similar examples", "task": task, "n": 3}
        | {"agreement": value, "low": value, "high": value}
        for c in range(candidates)
        for task in ["ALL", *names(tasks)]
    ]
    frame = pd.DataFrame(rows)
    frame.loc[frame["task"] == "ALL", ["agreement", "low", "high"]] = 0.5
    fits(benchmark.heatmap(frame, tmp_path, names=names(tasks)))
    own = frame[frame["task"] == "ALL"]
    fits(benchmark.head_to_head(head_to_head(), own, tmp_path))


@SIZES
def test_verdicts_are_drawn(tmp_path, tasks):
    words = list(benchmark.VERDICT_COLOURS)
    rows = [
        {
            "name": name,
            "share": 1 / tasks,
            "verdict": words[i % len(words)],
            "more_calls": 1200 * (i % 2),
            "floor": 0.95 - i % 2 / 10,
        }
        | ({"n": 9, "agreement": 0.8, "low": 0.6, "high": 1.0} if i % 3 != 1 else {"n": 0})
        for i, name in enumerate(names(tasks).values())
    ]
    fits(benchmark.verdicts(pd.DataFrame(rows), tmp_path))


@pytest.mark.parametrize("seconds", [0.0, 1.2])
def test_waits_that_are_all_alike_are_drawn(tmp_path, seconds):
    frame = pd.DataFrame({"conversation_id": list("ab"), "calls": 4, "asked": 3, "llm_ms": seconds * 1e3})
    fits(benchmark.waiting(frame.assign(candidate_ms=seconds * 1e3), tmp_path, "small"))


@SIZES
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_before_and_after_are_drawn(tmp_path, tasks, value):
    ends = {f"{side}{end}": value for side in ("base", "tuned") for end in ("", "_low", "_high")}
    rows = [{"task": task, "trained": i % 2 == 0, "difference": 0.0, "low": -0.1, "high": 0.1, "n": 3} | ends
            for i, task in enumerate(["ALL", *names(tasks)])]  # fmt: skip
    picture = fits(finetune.before_after(pd.DataFrame(rows), tmp_path, names=names(tasks)))
    assert picture.title == f"Tuning leaves the trained tasks at {value:.0%} agreement"


def test_a_training_of_one_step_and_one_size_is_drawn(tmp_path):
    fits(finetune.loss(pd.DataFrame({"step": [1], "loss": [3.0]}), tmp_path, best_step=1))
    curve = pd.DataFrame({"examples": [25], "agreement": [0.2], "low": [0.1], "high": [0.3], "n": 40})
    fits(finetune.learning_curve(curve, tmp_path))


@pytest.mark.parametrize("price", [0.5, 0.0, np.nan])
@pytest.mark.parametrize("kept", [0.0, 0.4])
def test_routing_is_drawn_whatever_the_price(tmp_path, price, kept):
    threshold = np.linspace(0, 1, 9 if kept else 1)
    curve = pd.DataFrame({"threshold": threshold, "slm_share": 1 - threshold, "quality": 0.7 + 0.3 * threshold})
    curve = curve.assign(quality_low=curve["quality"], quality_high=1.0, cost_usd_per_1k=price * (0.2 + threshold))
    routers = ["all SLM", "all LLM", "random half", "constant answer", "by task"]
    plain = pd.DataFrame({"name": routers, "quality": [0.7, 1.0, 0.85, 0.7, 0.71]})
    plain = plain.assign(cost_usd_per_1k=[0.2 * price, price, 0.5 * price, 0.2 * price, 0.21 * price])
    chosen = {"slm_share": kept, "quality": 1 - kept / 20, "cost_usd_per_1k": price * (1 - kept)}
    fits(routing.curve_picture(curve, chosen, tmp_path, max_loss=0.05))
    fits(routing.pareto_picture(curve, plain, chosen, tmp_path))
    seen = pd.DataFrame({"confidence": [0.5], "agreement": [1.0], "low": [0.2], "high": [1.0], "n": [1]})
    fits(routing.reliability_picture(seen.head(0), seen, (0.1, 0.1), tmp_path))


MONEY = Currency("CHF", 0.9)


@pytest.mark.parametrize(("usd", "parts"), [(0.0, 1), (1e-5, 1), (4e7, 12), (np.nan, 12)])
def test_the_bill_is_drawn_whatever_it_comes_to(tmp_path, usd, parts):
    frame = pd.DataFrame(
        {"part": [f"a part of the bill, number {i}" for i in range(parts)], "before": usd, "after": usd / 3}
    )
    whole = pd.DataFrame({"part": ["total"], "before": frame["before"].sum(), "after": frame["after"].sum()})
    table = pd.concat([frame, whole], ignore_index=True).eval("difference = after - before")
    fits(costs.waterfall(table, tmp_path, MONEY))


@pytest.mark.parametrize(("usd", "months"), [(0.0, 24), (1e-5, 1), (4e7, 24), (np.nan, 1)])
def test_months_to_come_are_drawn(tmp_path, usd, months):
    at = range(1, months + 1)
    rows = [(plan, month, part, 0.5 * usd, usd, 2 * usd)
            for month in at for plan in ("stay", "hybrid") for part in ("running", "saved", "one_off")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["scenario", "month", "component", "p10", "p50", "p90"])
    fits(costs.fan_chart(table, "hybrid", tmp_path, MONEY))


@pytest.mark.parametrize(("usd", "inputs"), [(0.0, 9), (1e-5, 1), (4e7, 0), (4e7, 9), (np.nan, 1)])
def test_what_a_saving_hinges_on_is_drawn(tmp_path, usd, inputs):
    named = ["traffic growth, a month", "share of the small models", "the log's volume and mix", "GPU price"]
    table = pd.DataFrame({"input": [f"{named[i % 4]} {i}" for i in range(inputs)], "low": -0.1, "high": 0.2})
    table = table.assign(saving_low=usd - np.arange(inputs), saving_high=usd + 2.0 * np.arange(inputs))
    fits(costs.tornado_chart(table, usd, tmp_path, MONEY))


@pytest.mark.parametrize(("usd", "plans"), [(0.0, 1), (1e-5, 0), (4e7, 14), (np.nan, 14)])
def test_what_else_one_would_do_is_drawn(tmp_path, usd, plans):
    titles = ["Stay with the LLM", *(f"{NAMES[i % 3]} {i}" for i in range(plans))]
    table = pd.DataFrame({"title": titles, "scenario": ["stay", *map(str, range(plans))], "quality": 0.99})
    table = table.assign(saved_p10_usd=usd / 2, saved_p50_usd=usd, saved_p90_usd=usd * 2, winner=False)
    table["good"], table["pays"] = table.index % 2 == 0, table.index % 3 == 0
    table.loc[table.index[-1], "winner"] = True
    fits(costs.alternatives(table, tmp_path, MONEY, 24))


@pytest.mark.parametrize(("value", "conversations"), [(0.0, 300), (1.0, 1), (5e7, 300), (np.nan, 300)])
def test_rehearsed_conversations_are_drawn(tmp_path, value, conversations):
    frame = pd.DataFrame(
        {"conversation_id": [*range(conversations)] * 2, "arm": ["llm"] * conversations + ["hybrid"] * conversations}
    )
    fits(review.conversations_picture(frame.assign(latency_ms=value, cost_usd=value), tmp_path))
    faults = [(f"an LLM that refuses {i}", arm, (arm == "llm") * value % 2) for i in range(conversations % 29)
              for arm in ("llm", "hybrid")]  # fmt: skip
    fits(review.faults_picture(pd.DataFrame(faults, columns=["fault", "arm", "answered"]), tmp_path))


@pytest.mark.parametrize(("tasks", "weeks", "loss"), [(1, 1, 0.0), (40, 60, 1.0), (40, 1, np.nan), (1, 60, 0.01)])
def test_reviewed_weeks_are_drawn(tmp_path, tasks, weeks, loss):
    said = [f"20{20 + n // 52}-W{n % 52 + 1:02d}" for n in range(weeks)]
    rows = [(week, group, 0.4, loss, group == "t1") for week in said for group in [*names(tasks), "ALL"]]
    table = pd.DataFrame(rows, columns=["week", "group", "slm_share", "loss", "alarm"])
    fits(review.weeks_picture(table, tmp_path, max_loss=0.05, names=names(tasks)))
    served = pd.DataFrame({"week": said, "arm": "as served", "llm_share": 0.4, "quality": 1 - loss})
    fits(review.loop_picture(pd.concat([served, served.tail(1).assign(arm="as proposed")]), tmp_path, max_loss=0.05))


SEEN = {
    "everyone": np.eye(3),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
}
"""What is seen of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""


@pytest.mark.parametrize("who", SEEN)
def test_each_meaning_has_a_colour_that_stays_apart_for_the_colour_blind(who):
    colours = np.array([to_rgb(colour) for colour in [SLM, LLM, CASCADE, NEUTRAL]]) ** 2.2
    seen = np.clip(colours @ SEEN[who].T, 0, 1) ** (1 / 2.2)
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.11
