"""Whether tuning helped: base and tuned on the same held-out calls, pair by pair, and what the tuned one forgot.

Covers: paired tests, traffic weights, verdicts. Out of scope: how the model was trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from migration.benchmark.scoring.forms import plain
from migration.errors import BadInput, NotEnoughCalls
from migration.finetune.fit import TaskPlan, encoded
from migration.finetune.training.recipe import enough
from migration.finetune.training.train import Training, identity, tune
from migration.stats import Rate, Sampled, agreement_rate, constant_rate, paired_difference, weighted_rate

if TYPE_CHECKING:
    from migration.models import LoadedModel


def base_of(summary: Mapping[str, object], wanted: str = "") -> str:
    """The candidate to tune: `wanted`, else 02's best. Raises BadInput where that one runs behind an endpoint."""
    base = wanted or str(summary["best_candidate"])
    if base.startswith(("http://", "https://")) or (not wanted and "#" in base):
        raise BadInput(f"{base} runs behind an endpoint and cannot be tuned here: name a local model with base_model")
    return base


def paired(predictions: pd.DataFrame, base: str, tuned: str) -> pd.DataFrame:
    """One row a `test` call: task, weight, base and tuned (whether each agrees), reference (in the form that is
    compared), conversation_id (else its call_id).

    Calls that only one answered are left out. predictions: call_id, candidate, split, task, weight, agrees and, where
    known, reference and conversation_id.
    """
    part = predictions[predictions["split"] == "test"].drop_duplicates(["call_id", "candidate"])
    wide = part.pivot(index="call_id", columns="candidate", values="agrees").reindex(columns=[base, tuned]).dropna()
    pairs = wide.astype(bool).set_axis(["base", "tuned"], axis=1)
    first = part.drop_duplicates("call_id").set_index("call_id")
    pairs["task"] = first["task"]
    traffic = predictions[predictions["candidate"] == tuned].groupby("task")["weight"].sum()
    pairs["weight"] = pairs["task"].map(traffic) / pairs.groupby("task")["task"].transform("size")
    pairs["reference"] = first["reference"].map(plain) if "reference" in first else ""
    if "conversation_id" in part:
        pairs["conversation_id"] = first["conversation_id"]
    return pairs.reset_index().assign(conversation_id=lambda rows: rows.get("conversation_id", rows["call_id"]))


def comparison(predictions: pd.DataFrame, base: str, tuned: str, trained: Sequence[str]) -> pd.DataFrame:
    """COMPARISON rows a task plus `trained`, `base_low`…`tuned_high` and `constant` (how often the task's commonest
    answer would agree); `ALL` is the trained tasks, weighted to traffic.

    predictions: as `paired` takes them, conversation_id where known: calls of a conversation resemble each other.
    """
    pairs, rows = paired(predictions, base, tuned), []
    for task, group in pairs.groupby("task"):
        rows.append(_compared(str(task), task in trained, group))
    moved = pairs[pairs["task"].isin(list(trained))]
    if len(moved):
        rows.append(_compared("ALL", True, moved))
    columns = ["task", "n", "base", "tuned", "difference", "low", "high", "p_value", "trained"]
    return pd.DataFrame(rows, columns=[*columns, "base_low", "base_high", "tuned_low", "tuned_high", "constant"])


def _compared(task: str, trained: bool, group: pd.DataFrame) -> dict[str, object]:
    one, two = group["base"].to_numpy(bool), group["tuned"].to_numpy(bool)
    design: Sampled = {"weights": group["weight"], "strata": group["task"], "cluster": group["conversation_id"]}
    base, tuned = weighted_rate(one, **design), weighted_rate(two, **design)
    gain = paired_difference(one, two, **design)
    constant = constant_rate(group["reference"], **design).value
    return {
        "task": task, "n": len(group), "base": base.value, "tuned": tuned.value, "difference": gain.value,
        "low": gain.low, "high": gain.high, "p_value": gain.p_value, "trained": trained, "base_low": base.low,
        "base_high": base.high, "tuned_low": tuned.low, "tuned_high": tuned.high, "constant": constant,
    }  # fmt: skip


def verdict(row: Mapping[Any, Any], margin: float = 0.05) -> tuple[str, str]:
    """(`ship`, `behind the router`, `more data` or `do not`, the sentence it rests on) for one comparison row.

    ship: surely better than the base, and not surely below 1 - margin; behind the router: surely better, but surely
    below that, so only with the LLM as fallback; more data: the interval holds no difference, or the test sees none
    (p over 5%); do not: surely worse.
    """
    tuned = Rate(row["tuned"], row["tuned_low"], row["tuned_high"], int(row["n"]))
    seen = f"{row['base']:.1%} to {row['tuned']:.1%} on {row['n']} calls ({row['low']:+.1%} to {row['high']:+.1%})"
    if row["high"] < 0:
        return "do not", f"worse than the base: {seen}"
    if row["low"] <= 0 or row["p_value"] > 0.05:
        return "more data", f"no sure gain: {seen}"
    if tuned.high < 1 - margin:
        short = f"a sure gain, {seen}, still short of {1 - margin:.0%}: with the LLM as fallback alone"
        return "behind the router", short
    return "ship", f"a sure gain, {seen}"


def forgotten(table: pd.DataFrame) -> pd.DataFrame:
    """The untrained tasks of a comparison on which the tuned model is surely worse than its base.

    table: of `comparison`.
    """
    return table[~table["trained"] & (table["high"] < 0)]


def shown(table: pd.DataFrame, names: Mapping[str, str], margin: float = 0.05) -> pd.DataFrame:
    """For people: task, calls, base, tuned, difference with its interval, p, verdict.

    table: of `comparison`.
    """
    rows = []
    for row in table.to_dict("records"):
        rows.append(
            {
                "task": _name(row, names), "calls": row["n"],
                "base": f"{row['base']:.0%} ({row['base_low']:.0%} to {row['base_high']:.0%})",
                "tuned": f"{row['tuned']:.0%} ({row['tuned_low']:.0%} to {row['tuned_high']:.0%})",
                "difference": f"{row['difference']:+.0%} ({row['low']:+.0%} to {row['high']:+.0%})",
                "constant answer": f"{row['constant']:.0%}",
                "p": "<0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}",
                "verdict": verdict(row, margin)[0] if row["trained"] else _kept(row),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _name(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    return "All trained tasks" if row["task"] == "ALL" else names.get(row["task"], row["task"])


def _kept(row: Mapping[Any, Any]) -> str:
    return "not trained: forgotten" if row["high"] < 0 else "not trained"


def reading(table: pd.DataFrame, names: Mapping[str, str], margin: float = 0.05) -> str:
    """The verdict of each trained task with what it rests on, and what was forgotten.

    table: of `comparison`.
    """
    lines = [f"- {_name(row, names)}: {verdict(row, margin)[1]}." for row in table[table["trained"]].to_dict("records")]
    others, lost = table[~table["trained"]], forgotten(table)
    if len(lost):
        told = ", ".join(f"{_name(r, names)} ({r['difference']:+.1%})" for r in lost.to_dict("records"))
        lines.append(f"- Forgotten, so keep the adapter off these: {told}.")
    elif len(others):
        lines.append(f"- On {len(others)} tasks that were not trained it is not surely worse than its base.")
    else:
        lines.append("- No task that was not trained was in the sample, so forgetting was not looked at.")
    return "\n".join(lines)


def decision(table: pd.DataFrame, names: Mapping[str, str], margin: float = 0.05) -> str:
    """What to do with the adapter, in one sentence.

    table: of `comparison`. Raises NotEnoughCalls where no trained task was asked.
    """
    rows = [row for row in table.to_dict("records") if row["trained"] and row["task"] != "ALL"]
    by_verdict: dict[str, list[str]] = {}
    for row in rows:
        by_verdict.setdefault(verdict(row, margin)[0], []).append(_name(row, names))
    said = {"ship": "Ship the adapter for", "behind the router": "let step 04 try the adapter, behind the router, for",
            "more data": "get more data for", "do not": "do not use it for"}  # fmt: skip
    parts = [f"{text} {_listed(by_verdict[key])}" for key, text in said.items() if key in by_verdict]
    if not parts:
        raise NotEnoughCalls("a verdict on the tuned model", 0, 10)
    text = "; ".join(parts)
    whole = table[table["task"] == "ALL"].iloc[0]
    return (
        f"{text[0].upper()}{text[1:]}: on held-out calls agreement goes from {whole['base']:.1%} to "
        f"{whole['tuned']:.1%} ({whole['low']:+.1%} to {whole['high']:+.1%})."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more tasks"


def summary(table: pd.DataFrame, training: Training, plan: TaskPlan, predictions: pd.DataFrame) -> dict[str, object]:
    """Headline figures for summary.json: rates are fractions, times seconds.

    table: of `comparison`; predictions: candidate, adapter, compute_ms.
    """
    whole = table[table["task"] == "ALL"].iloc[0]
    fresh = predictions["compute_ms"].where(predictions["adapter"].fillna("") != "").sum()
    return {
        "base_agreement": whole["base"], "tuned_agreement": whole["tuned"], "difference_low": whole["low"],
        "difference_high": whole["high"], "p_value": whole["p_value"], "test_calls": int(whole["n"]),
        "train_examples": len(plan.training_set.train), "train_seconds": training.seconds, "steps": training.steps,
        "validation_agreement": training.agreement, "tokens_saved": training.tokens_saved,
        "trainable_share": training.trainable / training.parameters, "predict_seconds": float(fresh) / 1e3,
        "tasks_trained": plan.trained, "tasks_left": plan.left, "tasks_forgotten": forgotten(table)["task"].tolist(),
    }  # fmt: skip


def learning_curve(loaded: LoadedModel, plan: TaskPlan, *, folder: Path) -> pd.DataFrame:
    """Exact answers to the validation calls after training on the first 25, 50, 100 and 200 examples of each task.

    Columns examples, n, agreement, low, high. Examples are in the order they were chosen, so each size holds the
    smaller ones; each training takes about the same number of steps, so that the data differ and not the time.
    """
    _, validation = plan.encoded(loaded.tokenizer)
    rows, train_rows = [], plan.training_set.train
    for size in (25, 50, 100, 200):
        part = train_rows.groupby("task", dropna=False).head(size)
        examples = encoded(loaded.tokenizer, part)
        recipe = enough(replace(plan.recipe, epochs=0), len(examples))
        place = folder / identity(loaded.identity, examples, validation, recipe)
        rate = tune(loaded.model, loaded.tokenizer, examples, validation, recipe, place).agreement
        seen = agreement_rate(np.arange(len(validation)) < round(rate * len(validation)))
        rows.append({"examples": size, "n": seen.n, "agreement": seen.value, "low": seen.low, "high": seen.high})
        if len(part) < size * train_rows["task"].nunique():
            break
    return pd.DataFrame(rows)
