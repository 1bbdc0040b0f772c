"""How long an answer stays true is said with as much certainty as the log's repeats give."""

import pandas as pd
import pytest

from migration.benchmark import say_staleness, show_staleness
from migration.stats import wilson


def stale(**ages):
    """age -> (repeats with the same answer, repeats)."""
    rows = [{"age": age.replace("_", " "), "repeats": n, **vars(wilson(same, n))} for age, (same, n) in ages.items()]
    return pd.DataFrame(rows, columns=["age", "repeats", "value", "low", "high"]).rename(columns={"value": "agreement"})


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ({}, "no request twice"),
        ({"up_to_an_hour": (100, 100), "up_to_a_week": (20, 60)}, "up to a week no more than 46%"),
        ({"up_to_an_hour": (100, 100)}, "nothing says that answers grow old"),
        ({"up_to_an_hour": (20, 60)}, "however soon they came"),
        ({"up_to_an_hour": (1, 2)}, "too few to say"),
    ],
)
def test_what_the_repeats_say(ages, words):
    table = stale(**ages)
    assert words in say_staleness(table)
    assert len(show_staleness(table)) == len(ages)
