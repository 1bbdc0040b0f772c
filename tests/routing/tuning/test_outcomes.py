"""The holdout by time, and outcomes of some kinds of candidates."""

import pandas as pd
import pytest

from migration.errors import BadInput
from migration.routing.tuning.outcomes import newest, of_kinds


def test_the_newest_fifth_is_whole_conversations_by_their_last_call() -> None:
    days = pd.date_range("2025-01-01", periods=20, freq="D", tz="UTC")
    rows = pd.DataFrame({"conversation": [f"c{i % 10}" for i in range(20)], "created_at": days})
    found = newest(rows)
    assert set(found["conversation"]) == {"c8", "c9"}
    assert len(found) == 4
    assert len(newest(rows.head(1))) == 1


def test_only_named_kinds_answer_and_an_unknown_one_is_refused() -> None:
    rows = pd.DataFrame({"call_id": ["a", "b", "c"], "candidate_kind": ["cache", "slm", "classifier"]})
    assert list(of_kinds(rows, ["cache", "classifier"])["call_id"]) == ["a", "c"]
    assert len(of_kinds(rows, [])) == 3
    with pytest.raises(BadInput, match="'clasifier'; steps 02 and 03 answered with cache, classifier, slm"):
        of_kinds(rows, ["clasifier"])
