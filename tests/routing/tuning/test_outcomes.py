"""The holdout by time."""

import pandas as pd

from migration.routing.tuning.outcomes import newest


def test_the_newest_fifth_is_whole_conversations_by_their_last_call() -> None:
    days = pd.date_range("2025-01-01", periods=20, freq="D", tz="UTC")
    rows = pd.DataFrame({"conversation": [f"c{i % 10}" for i in range(20)], "created_at": days})
    found = newest(rows)
    assert set(found["conversation"]) == {"c8", "c9"}
    assert len(found) == 4
    assert len(newest(rows.head(1))) == 1
