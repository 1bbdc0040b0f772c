"""What each kind of candidate would keep by itself, at the same guarantee: is a ladder worth its rungs?

Out of scope: what it costs to run one (`costs.alternatives`).
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from migration.errors import NotEnoughCalls
from migration.routing.tuning.evaluating.curves import by_rung
from migration.routing.tuning.evaluating.evaluation import Result, evaluate
from migration.routing.tuning.guarantee import Tuned
from migration.routing.tuning.outcomes import of_kinds
from migration.schema import CandidateKind, Part

LADDER = "all kinds"


def kinds_alone(rows: pd.DataFrame, tune: Callable[[pd.DataFrame], Tuned], ladder: Result) -> pd.DataFrame:
    """By whom the ladder and each kind alone would answer the test calls, tuned by the same rule on the same answers.

    rows: of `outcomes.gather`; tune: tunes a policy on such rows; ladder: of `evaluation.evaluate`. Returns the
    columns of `curves.by_rung` with `policy` (LADDER or a kind) and `usd`: what a rung costs in 1,000 calls of all
    traffic. A kind of which nothing is proved has no rung but the LLM, one with too few answers no row.
    """
    test = rows[rows["part"] == Part.TEST]
    tables = {LADDER: by_rung(ladder.decisions)}
    kinds = [str(kind) for kind in CandidateKind if (rows["candidate_kind"] == kind).any()]
    for kind in kinds if len(kinds) > 1 else ():
        try:
            policy = tune(of_kinds(rows, [kind])).policy
        except NotEnoughCalls:  # too few answers to tune on: it has no row
            continue
        tables[kind] = by_rung(evaluate(policy, test).decisions)
    table = pd.concat([table.assign(policy=name) for name, table in tables.items()], ignore_index=True)
    return table.assign(usd=table["share"] * table["cost_usd_per_1k"])
