"""A holdout by time: what a policy tuned on the older traffic does on the newest.

A random split asks whether calls like these are answered well; this one asks whether next month's would be. Out of
scope: the guarantee, which speaks of the random split alone.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from migration.errors import NotEnoughCalls
from migration.routing.tuning.evaluating.evaluation import Result, evaluate
from migration.routing.tuning.guarantee import Tuned
from migration.routing.tuning.outcomes import newest
from migration.schema import Part


def time_forward(rows: pd.DataFrame, tune: Callable[[pd.DataFrame], Tuned]) -> Result | None:
    """How a policy tuned on the older conversations alone does on the newest fifth; None for too few.

    rows: of `outcomes.gather`, with conversation, created_at and part; tune: tunes a policy on such rows. All rows of
    the newest conversations are tested on, whatever part they have in the random split; the older ones keep theirs.
    """
    recent = newest(rows)
    older = rows[~rows["conversation"].isin(recent["conversation"])]
    try:
        return evaluate(tune(older).policy, recent.assign(part=Part.TEST))
    except NotEnoughCalls:  # the notebook says so
        return None
