"""Which lists have no order, as a person or the log itself says."""

import pandas as pd

from migration.benchmark.scoring.options import with_task_options


def test_tasks_yaml_and_repeated_answers_say_which_lists_have_no_order() -> None:
    calls = pd.DataFrame(
        {"call_id": list("abcd"), "task": ["t", "t", "u", "u"], "kind": "chat", "task_type": "extraction"}
    )
    asked = [[{"role": "user", "content": word}] for word in ("one", "two", "one", "two")]
    calls = calls.assign(messages=asked, response='["x", "y"]')
    tasks = pd.DataFrame({"task": ["t", "u"], "unordered": [True, False]})
    assert with_task_options(calls, tasks)["unordered"].tolist() == [True, True, False, False]
    assert not with_task_options(calls, tasks[["task"]])["unordered"].any()
