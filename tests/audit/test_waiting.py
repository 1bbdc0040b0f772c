"""A conversation waits for all of its calls, or nothing is said of it."""

import numpy as np
import pandas as pd

from migration.audit.waiting import conversation_waits


def test_calls_of_a_conversation_add_up_and_an_unknown_time_leaves_it_out():
    calls = pd.DataFrame({"call_id": list("abcde"), "conversation_id": ["x", "x", None, "y", "y"],
                          "ms": [1.0, 2.0, 5.0, 3.0, np.nan], "other": 1.0})  # fmt: skip
    waits = conversation_waits(calls, ["ms", "other"])
    assert waits.to_dict("index") == {
        "c": {"ms": 5.0, "other": 1.0, "calls": 1},
        "x": {"ms": 3.0, "other": 2.0, "calls": 2},
    }
