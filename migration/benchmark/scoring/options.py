"""How the answers of a task are compared: lists that have no order, and fields that are set aside.

Out of scope: comparing them (`scorers`).
"""

from __future__ import annotations

import pandas as pd

from migration.benchmark.scoring.forms import fields_f1, parse


def with_task_options(calls: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """`calls` with `unordered`: whether lists in their task's answers have no order, and `aside`: the fields of these
    that are not compared, with commas between.

    As step 01 found or `tasks.yaml` says, or as the log's own repeated answers show.

    calls: task, and of calls.parquet; tasks: of tasks.parquet (task, unordered, aside).
    """
    said = set(tasks.loc[tasks["unordered"].astype(bool), "task"]) if "unordered" in tasks else set()
    aside = tasks.drop_duplicates("task").set_index("task")["aside"] if "aside" in tasks else pd.Series(dtype=object)
    unordered = calls["task"].isin(said | unordered_tasks(calls))
    return calls.assign(unordered=unordered, aside=calls["task"].map(aside).fillna("").astype(object))


def unordered_tasks(calls: pd.DataFrame | None) -> set[str]:
    """Tasks whose own repeated answers hold the same lists in another order, for two requests or more.

    calls: task, messages, response; without messages nothing is known and no task is returned.
    """
    if calls is None or not {"task", "messages", "response"} <= set(calls):
        return set()
    rows = calls[calls["response"].fillna("").str.contains("[", regex=False)]
    found: dict[str, int] = {}
    for (task, _), answers in rows["response"].groupby([rows["task"], asked_texts(rows["messages"])]):
        first, *others = [parse(text) for text in answers.unique()]
        moved = any(fields_f1(each, first) < 1 == fields_f1(each, first, unordered=True) for each in others)
        found[str(task)] = found.get(str(task), 0) + moved
    return {task for task, count in found.items() if count > 1}


def asked_texts(messages: pd.Series) -> pd.Series:
    """Each call of `messages` as one text, the same where the same was asked."""
    texts = ["\0".join(f"{m['role']}:{m['content']}" for m in each) for each in messages]
    return pd.Series(texts, messages.index, dtype=object)
