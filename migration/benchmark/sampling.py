"""Which calls a benchmark asks: enough of every task for the wanted interval, as many as the minutes allow.

Covers: hash order, traffic weights, what a call costs in seconds. Out of scope: models and answers.

The sample is nested: every task's calls stand in the order of a hash of their id and a prefix of it is taken, so a
larger budget asks the same calls and more, and answers that are kept already serve again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.benchmark.candidates import answer_limits
from migration.errors import NotEnoughCalls
from migration.schema import REPLAYED, Split
from migration.stats import calls_for_width, wilson

HELD_OUT = (Split.CALIBRATION, Split.TEST)
"""The splits that are asked."""
FEWEST = 10
"""The fewest calls of a task that are worth asking: enough to tell a rate near 0 or 1 from its opposite."""
LARGEST_PART, COVERED = 0.25, 0.5
"""A task whose `FEWEST` calls take more than a quarter of the minutes is asked only while tasks with half of the
traffic are not."""


def eligible(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls that candidates can be asked: of a replayed kind, with a task and a reference, held out.

    Ordered by task, then by hash; `max_tokens` is what `answer_limits` allows. Raises NotEnoughCalls when there are
    none.
    """
    fit = calls["kind"].isin(REPLAYED) & calls["task"].notna() & calls["response"].notna()
    kept = calls[fit & calls["split"].isin(HELD_OUT)]
    if kept.empty:
        raise NotEnoughCalls(f"a benchmark on the splits {', '.join(HELD_OUT)}", 0, FEWEST)
    order = [hashlib.sha256(f"sample:{call}".encode()).hexdigest() for call in kept["call_id"]]
    kept = kept.assign(_order=order, max_tokens=answer_limits(calls, kept))
    return kept.sort_values(["task", "_order"]).drop(columns="_order").reset_index(drop=True)


def draw_sample(calls: pd.DataFrame, per_task: int | Mapping[str, int]) -> pd.DataFrame:
    """The first `per_task` eligible calls of each task, with `weight`: the logged calls that each one speaks for.

    Weights of a task add up to its replayed calls in the whole log (all splits), so sums speak for the traffic.
    """
    kept = eligible(calls)
    rank = kept.groupby("task").cumcount()
    most = kept["task"].map(lambda t: per_task.get(t, 0) if isinstance(per_task, Mapping) else per_task)
    sample = kept[rank < most].reset_index(drop=True)
    traffic = calls[calls["kind"].isin(REPLAYED)].groupby("task").size()
    drawn = sample["task"].map(sample.groupby("task").size())
    return sample.assign(weight=sample["task"].map(traffic).astype(float) / drawn)


@dataclass(frozen=True)
class Plan:
    """How many calls of each task are asked, and why.

    frame: task, calls (logged), eligible, prompt_tokens and completion_tokens (means), seconds_each (all candidates
    together), wanted (calls for an interval `width` wide at worst), n, half_width (worst case at n), note.
    """

    frame: pd.DataFrame
    minutes: float
    width: float

    @property
    def per_task(self) -> dict[str, int]:
        """Planned calls by task; tasks with none are left out."""
        return {str(task): int(n) for task, n in zip(self.frame["task"], self.frame["n"], strict=True) if n}

    @property
    def left_out(self) -> dict[str, str]:
        """task -> why it is not asked."""
        rows = self.frame[self.frame["n"] == 0]
        return {str(task): str(note) for task, note in zip(rows["task"], rows["note"], strict=True)}

    @property
    def share(self) -> float:
        """Share of the replayed traffic whose task is in the sample."""
        return float(self.frame.loc[self.frame["n"] > 0, "calls"].sum() / self.frame["calls"].sum())

    @property
    def minutes_planned(self) -> float:
        """Minutes that the planned calls take, all candidates together."""
        return float((self.frame["n"] * self.frame["seconds_each"]).sum() / 60)

    def table(self, names: Mapping[str, str] | None = None) -> pd.DataFrame:
        """The plan as people read it; `names` gives tasks their names."""
        rows = self.frame
        table = pd.DataFrame(
            {
                "task": [(names or {}).get(t, t) for t in rows["task"]],
                "logged calls": rows["calls"].map("{:,}".format),
                "can be asked": rows["eligible"].map("{:,}".format),
                "tokens (prompt + answer)": [
                    f"{p:,.0f} + {c:,.0f}"
                    for p, c in zip(rows["prompt_tokens"], rows["completion_tokens"], strict=True)
                ],
                "seconds a call": rows["seconds_each"].map("{:.2f}".format).replace("nan", ""),
                f"needed for {self.width * 100:.0f} points": rows["wanted"].map("{:,}".format),
                "asked": rows["n"].map("{:,}".format),
                "interval at worst": [f"± {w * 100:.0f} points" if np.isfinite(w) else "" for w in rows["half_width"]],
                "note": rows["note"],
            }
        )
        return table if rows["note"].any() else table.drop(columns="note")

    def reading(self, names: Mapping[str, str] | None = None) -> str:
        """What is asked and what is not, in two or three sentences."""
        taken, left = self.frame[self.frame["n"] > 0], self.frame[self.frame["n"] == 0]
        full = int((taken["n"] >= taken["wanted"]).sum())
        tasks = f"{len(taken)} task{'s' * (len(taken) != 1)}"
        time = f" in a planned {self.minutes_planned:.1f} of {self.minutes:g} minutes" if self.minutes_planned else ""
        text = (
            f"{taken['n'].sum():,} calls of {tasks}, which is {self.share:.0%} of the traffic, are asked"
            f"{time}. An interval {self.width * 100:.0f} points wide takes up to {self.frame['wanted'].max():,} calls "
            f"of a task; {full} of {tasks} {'gets' if full == 1 else 'get'} as many, or all there are."
        )
        few = [(names or {}).get(str(task), str(task)) for task in taken.loc[taken["n"] < FEWEST, "task"]]
        text += f" Too few to say much (under {FEWEST}): {', '.join(few)}." if few else ""
        if len(left):
            more = left["calls"].sum() / self.frame["calls"].sum()
            text += f" Too expensive here, and left out: {len(left)} tasks, {more:.0%} of the traffic."
        return text


def fixed_plan(calls: pd.DataFrame, per_task: int, *, width: float = 0.10) -> Plan:
    """The same number of calls of each task (or all it has), whatever time that takes."""
    frame = _needs(calls, width)
    frame["n"] = frame["eligible"].clip(upper=per_task)
    return _plan(frame.assign(seconds_each=np.nan, note=""), np.nan, width)


def plan_sample(calls: pd.DataFrame, seconds_each: Mapping[str, float], *, minutes: float, width: float = 0.10) -> Plan:
    """Share the minutes among the tasks.

    seconds_each: task -> seconds that one of its calls takes all candidates together. Every task gets as many calls
    as make its interval `width` wide at worst; where that is too long, calls in proportion to 1 / sqrt(seconds)
    (the allocation of least variance for the time, Cochran 1977, 5.5), at least `FEWEST`. Where not all tasks get
    those, tasks with the most traffic a second come first; where no task fits, the cheapest is asked as often as the
    minutes allow, and once at the least. Raises NotEnoughCalls when nothing can be asked at all.
    """
    frame = _needs(calls, width)
    frame["seconds_each"] = [float(seconds_each[str(task)]) for task in frame.index]
    seconds, budget = frame["seconds_each"].to_numpy(), minutes * 60
    fewest = frame["eligible"].clip(upper=FEWEST).to_numpy(copy=True)
    dear = ~_affordable(frame["calls"].to_numpy(float), fewest * seconds, budget)
    frame["note"] = [
        f"too expensive here: {few} calls of {row.prompt_tokens:,.0f} + {row.completion_tokens:,.0f} tokens take "
        f"{few * row.seconds_each / 60:.1f} of the {minutes:g} minutes"
        if out
        else ""
        for few, out, row in zip(fewest, dear, frame.itertuples(), strict=True)
    ]
    if fewest[~dear] @ seconds[~dear] > budget:
        fewest[~dear] = np.maximum(1, budget // seconds[~dear])
    frame["n"] = _allocate(seconds, fewest, frame["wanted"].to_numpy(), budget, dear)
    return _plan(frame, minutes, width)


def _affordable(traffic: np.ndarray, least: np.ndarray, budget: float) -> np.ndarray:
    """Which tasks are asked, bool (tasks,). traffic: logged calls; least: seconds of the fewest calls worth asking."""
    taken = np.zeros(len(least), bool)
    for place in np.argsort(-traffic / np.maximum(least, 1e-9), kind="stable"):
        modest = least[place] <= LARGEST_PART * budget or traffic[taken].sum() < COVERED * traffic.sum()
        taken[place] = modest and least[taken].sum() + least[place] <= budget
    if not taken.any():
        taken[np.argmin(least)] = True
    return taken


def _needs(calls: pd.DataFrame, width: float) -> pd.DataFrame:
    """By task: eligible, calls, mean prompt_tokens and completion_tokens, wanted."""
    kept = eligible(calls)
    means = kept.groupby("task")[["prompt_tokens", "completion_tokens"]].mean()
    frame = pd.DataFrame({"eligible": kept.groupby("task").size()}).join(means)
    frame["calls"] = calls[calls["kind"].isin(REPLAYED)].groupby("task").size()
    return frame.assign(wanted=frame["eligible"].clip(upper=calls_for_width(width)))


def _plan(frame: pd.DataFrame, minutes: float, width: float) -> Plan:
    worst = [wilson(n // 2, n) if n else None for n in frame["n"]]
    frame["half_width"] = [(rate.high - rate.low) / 2 if rate else np.nan for rate in worst]
    columns = ["task", "calls", "eligible", "prompt_tokens", "completion_tokens", "seconds_each", "wanted", "n"]
    frame = frame.reset_index().sort_values("calls", ascending=False, ignore_index=True)
    return Plan(frame[[*columns, "half_width", "note"]], minutes, width)


def _allocate(
    seconds: np.ndarray, fewest: np.ndarray, wanted: np.ndarray, budget: float, dear: np.ndarray
) -> np.ndarray:
    """Calls of each task: clip(scale / sqrt(seconds), fewest, wanted) at the largest scale within the budget."""

    def at(scale: float) -> np.ndarray:
        n = np.clip(np.floor(scale / np.sqrt(np.maximum(seconds, 1e-9))), fewest, wanted)
        return np.where(dear, 0, n).astype(int)

    low, high = 0.0, float((wanted * np.sqrt(seconds)).max()) + 1
    for _ in range(60):
        scale = (low + high) / 2
        low, high = (scale, high) if at(scale) @ seconds <= budget else (low, scale)
    return at(low)
