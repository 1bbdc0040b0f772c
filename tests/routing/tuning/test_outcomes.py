"""The holdout by time."""

import pandas as pd

from migration.routing import newest, present
from migration.routing.tuning.evaluation import Result
from migration.stats import wilson


def test_the_newest_fifth_is_whole_conversations_by_their_last_call() -> None:
    days = pd.date_range("2025-01-01", periods=20, freq="D", tz="UTC")
    rows = pd.DataFrame({"conversation": [f"c{i % 10}" for i in range(20)], "created_at": days})
    found = newest(rows)
    assert set(found["conversation"]) == {"c8", "c9"}
    assert len(found) == 4
    assert len(newest(rows.head(1))) == 1


def test_a_fall_with_time_is_said_only_where_the_intervals_part() -> None:
    def seen(wrong: int, n: int) -> Result:
        return Result(pd.DataFrame(), 0.5, wilson(wrong, n), None, 1.0, 2.0, 3.0, n)

    assert "falls with time" in present.newest_sentence(seen(20, 1000), seen(40, 200))
    assert "No fall" in present.newest_sentence(seen(20, 1000), seen(6, 200))
