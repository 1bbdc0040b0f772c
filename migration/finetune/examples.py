"""From the calls table to the training set: which calls teach a task best, and which must not be learned from.

Covers: references, novelty, repeats. Out of scope: forms and labels (`labels`), tokens and models (`training`).

Which examples are chosen matters more than how they are trained on: they are balanced over the answers, or led by
`doubt` where it is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from migration.audit.pii import Masker, mask_messages
from migration.benchmark.candidates import chat
from migration.benchmark.duplicates import check_leaks, copied_answers, cover, first_of_near, near_any, own_texts
from migration.errors import BadInput, NotEnoughCalls
from migration.files import write_atomic
from migration.finetune.labels import labels, usual_form

FEWEST = 20
"""Training calls below which a task is left to the untuned model."""
ENOUGH, EACH = 200, 5
"""Examples that a task of few answers needs, and those that each answer needs where it has many."""
SOURCES = {"log": "log", "correction": "corrections file", "relabelled": "relabelling model"}
BAD_ENDS = ("length", "content_filter", "error")
_COLUMNS = (
    *("call_id", "conversation_id", "task", "messages", "tools", "response"),
    *("logged", "source", "label", "own_text", "copied"),
)


@dataclass(frozen=True)
class TrainingSet:
    """`train` and `validation`: columns call_id, conversation_id, task, messages, tools, response (what is taught),
    logged (the log's answer), source (`log`, `correction`, `relabelled`), label, own_text. `funnel`: task, stage,
    calls.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    funnel: pd.DataFrame

    def write(self, path: Path) -> Path:
        """Chat JSONL, one {"messages": […]} a line, as TRL, Axolotl and OpenAI fine-tuning read it; `tools` too where
        a call had them."""
        lines = []
        for row in self.train.to_dict("records"):
            tools = {"tools": json.loads(row["tools"])} if isinstance(row.get("tools"), str) else {}
            lines.append(json.dumps({"messages": whole(row)} | tools, ensure_ascii=False))
        return write_atomic(path, "\n".join(lines) + "\n")

    def stages(self, names: Mapping[str, str]) -> pd.DataFrame:
        """For people: how many calls of each task were left after each check, and what was chosen."""
        wide = self.funnel.pivot(index="task", columns="stage", values="calls")
        wide = wide[list(self.funnel["stage"].unique())].rename(index=dict(names))
        labels = self.train.groupby("task")["label"].nunique().rename(index=dict(names))
        return wide.fillna(0).astype(int).assign(**{"different answers": labels}).reset_index()

    def reading(self, names: Mapping[str, str]) -> str:
        """One sentence on where the examples come from."""
        sources = self.train["source"].value_counts()
        parts = ", ".join(f"{count} from the {SOURCES[str(source)]}" for source, count in sources.items())
        usable = self.funnel[self.funnel["stage"] == "unlike each other"]["calls"].sum()
        masks = self.train["masked"] > 0
        return (
            f"{len(self.train)} training examples ({parts}), chosen from {usable:,} usable calls; "
            f"{len(self.validation)} more calls of the training conversations are kept back for validation. "
            f"{int(masks.sum())} prompts "
            "had personal data, which is masked. No example shares a conversation with a held-out call or nearly "
            "repeats one."
        )


def whole(row: Mapping[Any, Any]) -> list[dict[str, str]]:
    """The conversation of a training row with its answer as the last turn."""
    return [*chat(row["messages"]), {"role": "assistant", "content": row["response"]}]


def choose(
    calls: pd.DataFrame, tasks: Sequence[str], *, n: int = 200, validation: int = 40, corrections: str | Path = "",
    seed: int = 7,
) -> TrainingSet:  # fmt: skip
    """Up to `n` training and `validation` calls of each task, from the `train` split alone; `EACH` of every answer
    where a task has so many that `n` are fewer.

    calls: the calls table, perhaps with a column `relabelled`, which then replaces the reference where it is not
    null, `feedback` (a text or number; negative ones are dropped), and `doubt` (`pick`). corrections: JSONL or CSV
    with call_id and response (a person's answer replaces the reference) or messages and response (one more example).
    Raises NotEnoughCalls for a task with fewer than FEWEST usable calls, BadInput for a corrections file that
    cannot be read, LeakError where the result repeats a held-out call.
    """
    corrected, added = read_corrections(corrections) if corrections else ({}, pd.DataFrame())
    calls = calls[calls["task"].isin(list(tasks))]
    trains, validations, funnel = [], [], []
    for task in tasks:
        of_task = calls[calls["task"] == task]
        of_task = of_task.assign(own_text=own_texts(of_task["messages"]), copied=copied_answers(of_task))
        pool, stages = _usable(of_task, corrected)
        if len(pool) < FEWEST:
            raise NotEnoughCalls(f"training on task {task}", len(pool), FEWEST)
        kept_back = min(validation, len(pool) // 5)
        wanted = max(n, EACH * pool["label"].nunique()) if n >= ENOUGH else n
        chosen = pool.loc[pick(pool, min(wanted, len(pool) - kept_back), seed=seed)]
        rest = pool.drop(chosen.index)
        trains.append(chosen)
        validations.append(rest.sample(min(kept_back, len(rest)), random_state=seed))
        funnel += [(task, stage, count) for stage, count in [*stages, ("chosen", len(chosen))]]
    if len(added):
        trains.append(added.assign(own_text=own_texts(added["messages"], like=calls), copied=""))
    train = pd.concat(trains, ignore_index=True).reindex(columns=list(_COLUMNS))
    result = TrainingSet(
        train,
        pd.concat(validations, ignore_index=True).reindex(columns=list(_COLUMNS)),
        pd.DataFrame(funnel, columns=["task", "stage", "calls"]),
    )
    check_leaks(train, calls[calls["split"] != "train"])
    return TrainingSet(masked(result.train), masked(result.validation), result.funnel)


def joined(sets: Sequence[TrainingSet]) -> TrainingSet:
    """Training sets of several tasks as one; a corrections file's own examples come once."""
    train = pd.concat([each.train for each in sets]).drop_duplicates("call_id")
    validation = pd.concat([each.validation for each in sets])
    funnel = pd.concat([each.funnel for each in sets])
    return TrainingSet(*(part.reset_index(drop=True) for part in (train, validation, funnel)))


RELABELLED = 400
"""Training calls of a task that a stronger model is asked at most."""


def relabelled(
    calls: pd.DataFrame,
    url: str,
    *,
    use: bool,
    tasks: Sequence[str] = (),
    cache: Path,
    max_usd: float = 25.0,
) -> pd.DataFrame:
    """`calls` with a stronger model's answers beside the log's: columns `second_answer`, and `relabelled` where `use`.

    url: `http(s)://host/v1#model`, "" for none. The first `RELABELLED` training calls of each task (of `tasks`, where
    named) are asked. Their answers are learned from only with `use`. A call that the model does not answer keeps the
    log's answer; raises BadInput where it answers none. max_usd: the most that it may cost.
    """
    if not url:
        return calls
    from migration.benchmark import Candidate, answer
    from migration.benchmark.candidates import answer_limits

    pool = calls[(calls["split"] == "train") & calls["response"].notna() & calls["kind"].isin(("chat", "scoring"))]
    pool = pool[pool["task"].isin(list(tasks))] if tasks else pool
    asked = pool.groupby("task").head(RELABELLED)
    requests = asked.reindex(columns=["call_id", "messages", "tools"]).assign(max_tokens=answer_limits(calls, asked))
    answers = answer(
        Candidate(url.rpartition("#")[2], url, max_usd=max_usd), requests, cache=cache / "relabelled.sqlite"
    )
    failed = answers["error"].notna()
    if len(answers) and failed.all():
        raise BadInput(f"{url} answered none of {len(answers)} training calls: {answers['error'].iloc[0]}")
    said = answers[~failed].set_index("call_id")["output"]
    calls = calls.assign(second_answer=calls["call_id"].map(said))
    return calls.assign(relabelled=calls["second_answer"]) if use else calls


def masked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with personal data masked in prompt and answer alike: the same value has the same mask in both.

    Column `masked`: how many pieces of the prompt were.
    """
    prompts, answers, counts = [], [], []
    for row in rows[["messages", "response", "call_id"]].to_dict("records"):
        masker, (*asked, said) = Masker(), whole(row)
        prompts.append(mask_messages(asked, str(row["call_id"]), masker))
        counts.append(masker.counts.total())
        answers.append(mask_messages([said], str(row["call_id"]), masker)[0]["content"])
    return rows.assign(messages=pd.Series(prompts, rows.index, dtype=object), response=answers, masked=counts)


def _usable(calls: pd.DataFrame, corrected: dict[str, str]) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """The calls of one task that may be learned from, and how many were left after each check."""
    held = calls[calls["split"] != "train"]
    pool = calls[(calls["split"] == "train") & calls["response"].notna()]
    pool = pool.assign(logged=pool["response"], source="log")
    if "relabelled" in pool:
        again = pool["relabelled"].notna()
        pool["response"] = pool["relabelled"].where(again, pool["response"])
        pool.loc[again, "source"] = "relabelled"
    by_hand = pool["call_id"].map(corrected)
    known = by_hand.notna()
    pool["response"] = by_hand.where(known, pool["response"])
    pool.loc[known, "source"] = "correction"
    stages = [("of the train split", len(pool))]

    def keep(stage: str, mask: ArrayLike) -> None:
        nonlocal pool
        pool = pool[np.asarray(mask, bool) | (pool["source"] == "correction").to_numpy()]
        stages.append((stage, len(pool)))

    if "finish_reason" in pool:
        keep("answered to the end", ~pool["finish_reason"].isin(BAD_ENDS))
    if "feedback" in pool:
        keep("not disliked", ~pool["feedback"].map(_negative))
    pool = pool[pool["response"].str.strip() != ""]
    keep("in the usual form", usual_form(pool["response"]))
    pool = pool.assign(label=labels(pool["response"]))
    keep("with a label seen twice", _label_known(pool))
    pool = pool.drop_duplicates("own_text")
    stages.append(("each text once", len(pool)))
    pool = pool[~pool["conversation_id"].isin(held["conversation_id"].dropna())]
    pool = pool[~near_any(pool, held)]
    stages.append(("unlike every held-out call", len(pool)))
    pool = pool[first_of_near(pool)]
    stages.append(("unlike each other", len(pool)))
    return pool, stages


def _negative(feedback: object) -> bool:
    if isinstance(feedback, int | float):
        return bool(feedback < 0)
    return isinstance(feedback, str) and feedback.strip().lower() in {"-1", "down", "bad", "negative", "thumbs_down"}


def _label_known(pool: pd.DataFrame) -> np.ndarray:
    """A closed label seen once is more likely a slip than a class."""
    counts = pool["label"].map(pool["label"].value_counts())
    share_once = float((counts == 1).mean()) if len(pool) else 0.0
    return (counts > 1).to_numpy() if share_once <= 0.05 else np.ones(len(pool), bool)


def pick(pool: pd.DataFrame, n: int, *, seed: int = 7) -> list[object]:
    """Index of `n` rows: round-robin over the labels, rarest first, each label's best-covering calls first.

    pool: label, own_text, perhaps complexity, or `doubt`: then the labels with the most doubt left for each example
    come first (D'Hondt's rule), and covering doubted calls counts more; a call whose doubt is unknown counts as the
    average one.
    """
    doubt = pool["doubt"].fillna(pool["doubt"].mean()) if "doubt" in pool and pool["doubt"].notna().any() else None
    queues, stakes = [], []
    for _, group in sorted(pool.groupby("label"), key=lambda item: (len(item[1]), str(item[0]))):
        quota = min(len(group), n)
        wanted = 0.1 + doubt[group.index] if doubt is not None else 0.5 + _complexity(group)
        queues.append(group.index[cover(group["own_text"].tolist(), quota, wanted.to_numpy(float), seed=seed)].tolist())
        stakes.append(float(wanted.sum()) if doubt is not None else 1.0)
    chosen: list[Any] = []
    taken = [0] * len(queues)
    while len(chosen) < n and any(queues):
        at = max((i for i, queue in enumerate(queues) if queue), key=lambda i: (stakes[i] / (taken[i] + 1), -i))
        chosen.append(queues[at].pop(0))
        taken[at] += 1
    return chosen


def _complexity(group: pd.DataFrame) -> pd.Series:
    known = group["complexity"] if "complexity" in group else pd.Series(np.nan, group.index)
    return known.fillna(0.5).astype(float)


def read_corrections(path: str | Path) -> tuple[dict[str, str], pd.DataFrame]:
    """(call_id -> response, rows of its own with messages). From JSONL or CSV. Raises BadInput."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"corrections file {path} does not exist")
    try:
        if path.suffix == ".csv":
            rows = pd.read_csv(path, dtype=str).to_dict("records")
        else:
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        json.dumps(rows, ensure_ascii=False).encode()  # half a character is refused here, not where texts are written
        by_id = {str(row["call_id"]): str(row["response"]) for row in rows if not isinstance(row.get("messages"), list)}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise BadInput(f"corrections file {path}: every row needs call_id (or messages) and response") from error
    added = [_added(row, number) for number, row in enumerate(rows, 1) if isinstance(row.get("messages"), list)]
    return by_id, pd.DataFrame(added)


def _added(row: Mapping[Any, Any], number: int) -> dict[str, object]:
    if not all(isinstance(one, dict) and {"role", "content"} <= set(one) for one in row["messages"]):
        raise BadInput(f"corrections row {number}: messages is a list of objects with role and content")
    messages, response = chat(row["messages"]), row.get("response")
    if response is None and messages and messages[-1]["role"] == "assistant":
        response = messages.pop()["content"]
    if not messages or not isinstance(response, str):
        raise BadInput(f"corrections row {number}: messages need an answer, as `response` or as their last turn")
    return {
        "call_id": f"correction-{number}", "conversation_id": None, "task": row.get("task"), "messages": messages,
        "response": response, "logged": None, "source": "correction", "label": "",
    }  # fmt: skip
