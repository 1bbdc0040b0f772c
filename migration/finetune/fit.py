"""What fits into the minutes: a training's pace, and which tasks are trained for how long.

Out of scope: memory (`room`), how a training goes (`training`), which examples are good (`examples`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from migration.benchmark.candidates import chat, prompt_of
from migration.errors import BadInput, NotEnoughCalls
from migration.files import read_json, write_json
from migration.finetune.examples import FEWEST, TrainingSet, choose, joined
from migration.finetune.training.packing import Collator, Example, answer_loss, encode, plan, turn_end
from migration.finetune.training.recipe import Recipe, bf16_pays, enough, prepare
from migration.models import LoadedModel
from migration.models.threads import free_cores

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TRAINING_PART = 0.6
"""Part of a step's minutes that training gets; what is left at its end goes to answering the held-out calls."""
LEAST_PART = 2 / 3
"""Part of a task's epochs that the minutes must allow for it to be trained: the last ones add little."""
FORMED = ("classification", "extraction", "routing", "sentiment", "scoring")
"""Task types whose answers have a form: a small model can equal the LLM there, and it can be counted."""


def encoded(tokenizer: PreTrainedTokenizerBase, rows: pd.DataFrame) -> list[Example]:
    """Training rows as token ids, in their order; calls of one task and one system prompt are of one site."""
    end, examples = turn_end(tokenizer), []
    for row in rows.to_dict("records"):
        messages = chat(row["messages"])
        site = f"{row['task']}/{messages[0]['content'] if messages[0]['role'] in ('system', 'developer') else ''}"
        prompt = prompt_of(tokenizer, row)
        examples.append(encode(tokenizer, prompt, row["response"], end, call_id=str(row["call_id"]), site=site))
    return examples


def pace_of(loaded: LoadedModel, recipe: Recipe, cache: Path) -> float:
    """`seconds_per_token`, measured once a run folder: a killed step then goes on with the same plan."""
    file = cache / "pace.json"
    known = read_json(file) if file.exists() else {}
    if loaded.identity not in known:
        with free_cores():
            known[loaded.identity] = seconds_per_token(loaded.model, recipe)
        write_json(file, known)
    return float(known[loaded.identity])


def seconds_per_token(model: Any, recipe: Recipe, tokens: int = 400) -> float:
    """Seconds that one token of a packed row takes to train here: the better of two tries."""
    vocabulary = model.get_input_embeddings().num_embeddings
    adapted, ids = prepare(model, recipe), torch.randint(vocabulary, (tokens + 1,)).tolist()
    batch = Collator([Example("pace", "pace", ids, tokens - 40)], 0)([{"examples": [0]}])
    batch = {key: value.to(model.device) for key, value in batch.items()}
    best = float("inf")
    for _ in range(2):
        started = time.monotonic()
        with torch.autocast(model.device.type, torch.bfloat16, enabled=bf16_pays(model.device)):
            loss, _ = answer_loss(adapted, batch)
        loss.backward()
        adapted.zero_grad(set_to_none=True)
        best = min(best, (time.monotonic() - started) / tokens)
    adapted.unload()
    return best


def training_seconds(examples: Sequence[Example], recipe: Recipe, pace: float) -> float:
    """What training on these examples will take at `pace` seconds a token."""
    collator = Collator(examples, 0, packed=recipe.packed)
    rows = plan(examples, size=recipe.size, steps=1 + len(examples) // recipe.size, seed=recipe.seed)
    share = len(examples) / max(sum(map(len, rows)), 1)
    return pace * sum(collator.tokens(row)[0] for row in rows) * share * enough(recipe, len(examples)).epochs


@dataclass(frozen=True)
class TaskPlan:
    """Which tasks are trained, and on what.

    frame: task, name, calls, cost_usd, examples, seconds (expected at least), trained (bool), why. sets: training sets
    by task. recipe: with the epochs that all should get.
    """

    frame: pd.DataFrame
    sets: dict[str, TrainingSet]
    recipe: Recipe

    @property
    def trained(self) -> list[str]:
        """Tasks that are trained."""
        return list(self.sets)

    @property
    def left(self) -> list[str]:
        """Tasks that are not trained."""
        return self.frame.loc[~self.frame["trained"], "task"].tolist()

    @property
    def training_set(self) -> TrainingSet:
        """The sets of all trained tasks as one."""
        return joined(list(self.sets.values()))

    def encoded(self, tokenizer: PreTrainedTokenizerBase) -> tuple[list[Example], list[Example]]:
        """Training and validation examples as token ids."""
        rows = self.training_set
        return encoded(tokenizer, rows.train), encoded(tokenizer, rows.validation)

    def table(self) -> pd.DataFrame:
        """For people: task, calls, cost, whether it is trained and why."""
        frame = self.frame.sort_values("trained", ascending=False, kind="stable")
        return pd.DataFrame(
            {
                "task": frame["name"],
                "calls": frame["calls"].map("{:,}".format),
                "cost (USD in the log)": frame["cost_usd"].map("{:.2f}".format),
                "trained": frame["trained"].map({True: "yes", False: "no"}),
                "examples": frame["examples"],
                "because": frame["why"],
            }
        )

    def __str__(self) -> str:
        taken = self.frame[self.frame["trained"]]
        share = taken["cost_usd"].sum() / max(self.frame["cost_usd"].sum(), 1e-12)
        return (
            f"{len(taken)} of {len(self.frame)} tasks are trained ({taken['calls'].sum():,} calls, {share:.0%} of the "
            f"cost): {', '.join(taken['name'])}. Expected: {taken['seconds'].sum() / 60:.1f} minutes at least."
        )


def choose_tasks(
    tasks: pd.DataFrame,
    calls: pd.DataFrame,
    loaded: LoadedModel,
    recipe: Recipe,
    *,
    pace: float,
    minutes: float,
    wanted: Sequence[str] = (),
    n: int = 200,
    corrections: str | Path = "",
) -> TaskPlan:
    """The most valuable tasks (calls times their cost, as far as the rungs below leave them: column `left` of `tasks`)
    whose training fits into `minutes`, one after the other.

    Tasks whose answers have a form (FORMED) come before free text, of which a small model learns little in minutes.
    `wanted` names tasks to take instead, by id or name. Tasks that the audit keeps on the LLM, too few calls, prompts
    that the model cannot read and what the minutes do not allow are left, each with its reason. Where the minutes
    do not allow even one, the cheapest is trained as long as they last. Raises BadInput for an unknown task,
    NotEnoughCalls where none can be trained. pace: `seconds_per_token`.
    """
    unknown = sorted(set(wanted) - set(tasks["task"]) - set(tasks["name"]))
    if unknown:
        raise BadInput(f"tasks {unknown} are not in the log; it has {sorted(tasks['task'])}")
    rows, left = [], 60 * minutes
    possible: dict[str, TrainingSet] = {}
    for row in _by_value(tasks).to_dict("records"):
        made, why, seconds = None, _reason_to_leave(row, wanted, loaded.context), float("nan")
        if not why:
            try:
                made = choose(calls, [row["task"]], n=n, corrections=corrections, seed=recipe.seed)
                seconds, why = _seconds_to_train(made, loaded, recipe, pace)
            except NotEnoughCalls as error:
                why = str(error)
        trained = seconds <= left
        if made is not None and not why:
            possible[row["task"]] = made
            why = _what_it_takes(row, seconds, None if trained else left)
        left -= seconds if trained else 0
        facts = {key: row[key] for key in ("task", "name", "calls", "cost_usd")}
        count = len(made.train) if made else 0
        rows.append(facts | {"examples": count, "seconds": seconds, "trained": trained, "why": why})
    frame = pd.DataFrame(rows)
    sets = {task: possible[task] for task in frame.loc[frame["trained"], "task"]}
    if not sets:
        return _shortened(frame, possible, recipe, minutes)
    return TaskPlan(frame, sets, enough(recipe, sum(len(each.train) for each in sets.values())))


def _by_value(tasks: pd.DataFrame) -> pd.DataFrame:
    """Tasks with formed answers first, then by what their calls cost that the rungs below leave; tokens break ties."""
    cost = tasks["cost_usd"].fillna(0) + 1e-12 * (tasks["prompt_tokens"] + tasks["completion_tokens"])
    value = tasks["calls"] * cost * tasks.get("left", 1.0)
    order = tasks.assign(_formed=tasks["task_type"].isin(FORMED), _value=value)
    return order.sort_values(["_formed", "_value"], ascending=False)


def _what_it_takes(row: Mapping[Any, Any], seconds: float, short_of: float | None) -> str:
    """What training a task takes, and why: short_of: the seconds that are left for it, where they are too few."""
    told = f"{seconds / 60:.1f} minutes to train at least"
    told += "" if short_of is None else f", {short_of / 60:.1f} are left"
    return told + (f"; the rungs below leave {row['left']:.0%} of its calls" if row.get("left", 1) < 1 else "")


def _seconds_to_train(made: TrainingSet, loaded: LoadedModel, recipe: Recipe, pace: float) -> tuple[float, str]:
    """What training on `made` takes at least; NaN, and why, where the model cannot read its prompts."""
    examples = encoded(loaded.tokenizer, made.train)
    longest = max(map(len, examples))
    if longest > loaded.context:
        return float("nan"), f"prompts of up to {longest:,} tokens, the model reads {loaded.context:,}"
    return LEAST_PART * training_seconds(examples, recipe, pace), ""


def _reason_to_leave(row: Mapping[Any, Any], wanted: Sequence[str], context: int) -> str:
    """Why a task of the audit is not even tried ("" where it is)."""
    named = row["task"] in wanted or row["name"] in wanted
    if row["kind"] not in ("chat", "scoring"):
        return f"{row['kind']} calls are not answered by a chat model"
    if wanted and not named:
        return "not asked for"
    if row["route_hint"] == "llm" and not named:
        return "the audit keeps it on the LLM"
    mean = row["prompt_tokens"] / max(row["calls"], 1)
    return f"prompts of {mean:,.0f} tokens, the model reads {context:,}" if mean > context else ""


def _shortened(frame: pd.DataFrame, possible: Mapping[str, TrainingSet], recipe: Recipe, minutes: float) -> TaskPlan:
    """The task that is cheapest to train: the clock will end it early."""
    if not possible:
        reasons = "; ".join(f"{row.name}: {row.why}" for row in frame.itertuples(index=False))
        raise NotEnoughCalls(f"fine-tuning ({reasons})", 0, FEWEST)
    cheapest = frame.sort_values("seconds").iloc[0]
    task, seconds = str(cheapest["task"]), float(cheapest["seconds"])
    recipe = enough(recipe, len(possible[task].train))
    epochs = LEAST_PART * recipe.epochs * 60 * minutes / seconds
    chosen = frame["task"] == task
    frame.loc[chosen, "trained"] = True
    frame.loc[chosen, "why"] = f"the cheapest to train; the minutes allow about {epochs:.1f} epochs"
    return TaskPlan(frame, {task: possible[task]}, recipe)
