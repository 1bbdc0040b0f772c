"""What 07 shows and decides: every table, sentence and the label form, from finished frames and values."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from migration.artifacts import resolve
from migration.audit.month_scale import arrivals_of, span
from migration.audit.pii import mask
from migration.errors import BadInput
from migration.markup import table
from migration.review.improving.labelling import estimate
from migration.review.improving.retune import Proposal
from migration.review.session import Improved, Review
from migration.review.watching.weekly import REST
from migration.routing.policy.score import text_of
from migration.schema import Part
from migration.stats import Rate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def week_table(weeks: pd.DataFrame) -> Styler:
    """weeks: of `weekly`, a row a week and group."""
    formats = {"slm_share": "{:.1%}", "loss": "{:.2%}", "evidence": "{:,.2f}", "cost_usd": "{:,.2f}", "calls": "{:,}"}
    return table(weeks, formats, missing="none shadowed")


def split_sentence(review: Review) -> str:
    """The newest week's split, beside the week before."""
    whole = review.table[review.table["group"] == "ALL"].set_index("week")["slm_share"]
    if whole.index.size < 2:
        return f"In {review.week} small models answered {whole.iloc[-1]:.1%} of {len(review.newest):,} calls."
    return (
        f"In {review.week} small models answered {whole.iloc[-1]:.1%} of {len(review.newest):,} calls; the week before "
        f"it was {whole.iloc[-2]:.1%}."
    )


def guarantee_sentence(review: Review) -> str:
    """What the shadow calls say of the guarantee."""
    guarantee = review.policy.guarantee
    row = review.table[(review.table["week"] == review.week) & (review.table["group"] == "ALL")].iloc[0]
    if guarantee is None or not review.policy.routed_tasks:
        return "Nothing is routed, so that there is no guarantee to watch."
    if not review.decisions["shadowed"].any():
        return "No call was shadowed: the guarantee cannot be watched. Set a shadow share (`migrate policy on`)."
    said = "An alarm was raised" if row["alarm"] else "No alarm"
    return (
        f"{said}: of {row['shadowed']:,} shadowed calls this week {row['loss']:.1%} differ (weighted to the traffic, "
        f"{guarantee.max_loss:.0%} allowed). The monitors raise a false alarm with a chance of 5% at most, over all "
        "weeks together, however often they are looked at."
    )


def alarms_table(review: Review) -> Styler:
    """The newest week's alarms with their causes and actions."""
    columns = ["kind", "group", "cause", "action"]
    rows = [[getattr(alarm, name) for name in columns] for alarm in review.alarms]
    return table(pd.DataFrame(rows, columns=columns))


def cost_sentence(review: Review, projection: pd.DataFrame) -> str:
    """The bill of the reviewed weeks, scaled to a month, beside step 05's scenarios. projection: projection.parquet."""
    to_month = span(arrivals_of(review.decisions["created_at"])).to_month
    month = float(review.decisions["cost_usd"].fillna(0).sum()) * to_month
    totals = projection[(projection["month"] == 1) & (projection["component"] == "total")]
    near = totals.iloc[(totals["p50"] - month).abs().argsort()].iloc[0]
    inside = near["p10"] <= month <= near["p90"]
    return (
        f"These calls' answers cost USD {month:,.2f} a month at this pace. The scenario of step 05 that is nearest is "
        f"{near['scenario']!r} (P50 USD {near['p50']:,.2f}, P10 to P90 {near['p10']:,.2f} to {near['p90']:,.2f}, fixed "
        f"costs included): this month lies {'inside' if inside else 'outside'} of it."
    )


def learned_table(improved: Improved) -> Styler:
    """New candidates beside the rung that serves, on the same fresh calls; shares are of the traffic.

    Columns: candidate, task, calls (fresh ones that both answered), agreement now, agreement then.
    """
    rows = improved.rows
    new = {each.candidate.name for each in improved.learned}
    found = []
    if len(rows) and new:
        fresh = rows[rows["part"] == Part.CHOOSE]
        served = fresh[fresh["logged_confidence"].notna()] if "logged_confidence" in fresh else fresh.iloc[:0]
        now = served.drop_duplicates("call_id").set_index("call_id")["agrees"].astype(float)
        for (name, task), own in fresh[fresh["candidate"].isin(new)].groupby(["candidate", "task"]):
            before, weight = now.reindex(own["call_id"]).to_numpy(float), own["stands_for"].to_numpy(float)
            both = np.isfinite(before)
            agreed = np.average(before[both], weights=weight[both]) if both.any() else None
            found.append((name, task, len(own), agreed, np.average(own["agrees"], weights=weight)))
    shown = pd.DataFrame(found, columns=["candidate", "task", "fresh calls", "agreement now", "agreement then"])
    return table(shown, {"agreement now": "{:.1%}", "agreement then": "{:.1%}"}, missing="not answered")


def learned_sentence(improved: Improved) -> str:
    """What was learned from how many calls, and what was not and why."""
    said = [
        f"{each.candidate.name} learned from {each.examples:,} calls, {each.fresh:,} of them fresh."
        for each in improved.learned
    ]
    said += [f"Left out: {why}." for why in improved.left_out]
    return " ".join(said) or "Nothing new was learned: step 02 had no classifier, and no adapter was trained on."


def proposal_table(proposed: Proposal) -> Styler:
    """What a proposed policy would change, group by group."""
    formats = {"slm_share": "{:.1%}", "loss": "{:.2%}", "bound": "{:.2%}", "before": "{:.3f}", "after": "{:.3f}"}
    return table(proposed.changes, formats)


def weeks_with_proposal(review: Review, proposed: Proposal | None) -> pd.DataFrame:
    """The LLM's share and the quality by week as served, and of the newest week as the proposed policy would have been.

    Columns: week, arm (`as served`, `as proposed`), llm_share, quality. Groups without a new proof are as they were.
    """
    served = review.history.assign(arm="as served")
    if proposed is None or not proposed.may_activate:
        return served
    group = review.newest["task"].map({t: g.group for g in proposed.groups for t in g.tasks}).fillna(REST)
    own = review.table[review.table["week"] == review.week].set_index("group")
    tests, share, loss = {test.group: test for test in proposed.groups}, 0.0, 0.0
    for name, part in group.value_counts(normalize=True).items():
        test, now = tests.get(str(name)), own["slm_share"].get(name, 0.0)
        proved = name in proposed.choices and proposed.choices[str(name)].threshold is not None
        share += part * (test.slm_share if test and proved else now)
        loss += part * (test.loss if test and proved else float(np.nan_to_num(own["loss"].get(name, 0.0))))
    then = {"week": review.week, "arm": "as proposed", "llm_share": 1 - share, "quality": 1 - loss}
    return pd.concat([served, pd.DataFrame([then])], ignore_index=True)


def proposal_sentence(proposed: Proposal | None) -> str:
    """What is proposed, and what would then be guaranteed."""
    if proposed is None:
        return "No new policy is proposed: there are no fresh calls that both a small model and the LLM answered."
    new = sorted({rung.candidate for rungs in proposed.policy.rungs.values() for rung in rungs}
                 - set(proposed.former.candidates))  # fmt: skip
    tried = (
        f"This is review {proposed.review}; it may be wrong with a chance of {proposed.spent:.2%}, part of the budget"
    )
    if not proposed.may_activate:
        return f"The policy stays as it is: fresh calls prove nothing better. {tried} of all reviews."
    guarantee = proposed.policy.guarantee
    assert guarantee is not None
    return (
        f"Policy {proposed.policy.version} would replace {proposed.former.version}. It guarantees what the former did: "
        f"at most {guarantee.max_loss:.0%} of all calls and {guarantee.max_kept_error:.0%} of the kept ones differ. "
        f"{tried} that all reviews share, so that tuning every week does not wear the guarantee out."
        + (f" New in it: {', '.join(new)}; a gateway serves a new adapter after a restart." if new else "")
    )


def checked_rate(labels: str | Path, rows: pd.DataFrame) -> Rate:
    """What a filled to_check.csv says of the answers in `rows` (of `check_rows`). Raises BadInput for another file."""
    table = pd.read_csv(resolve(labels))
    missing = {"call_id", "right", "stratum", "confidence"} - set(table)
    if missing:
        raise BadInput(f"labels {labels} lacks {sorted(missing)}: fill in the to_check.csv of a review")
    return estimate(table[table["right"].notna()].reset_index(drop=True), rows)


def checks_sentence(rate: Rate | None, wanted: int) -> str:
    """What the person's checks say, or what they would be good for."""
    if rate is None:
        return f"to_check.csv holds the {wanted} answers that narrow the estimate most: fill in `right`, yes or no."
    return f"By the checks, {rate} of the kept answers are wrong."


def decision_sentence(review: Review, suspended: list[str], activated: str | None) -> str:
    """The review's decision in one sentence or two."""
    if suspended:
        said = f"Alarm: {', '.join(suspended)} went back to the LLM, since the guarantee was found broken."
    elif review.alarms:
        said = f"Look: {'; '.join(dict.fromkeys(alarm.cause for alarm in review.alarms))}."
    else:
        said = "All quiet: the guarantee holds on the shadowed calls and the traffic reads as before."
    return said + (f" Policy {activated} serves now." if activated else "")


def summary(review: Review, proposed: Proposal | None, suspended: list[str], activated: str | None) -> dict[str, Any]:
    """The headline figures of the review: fractions unless the name carries a unit."""
    row = review.table[(review.table["week"] == review.week) & (review.table["group"] == "ALL")].iloc[0]
    return {
        "week": review.week,
        "calls": int(row["calls"]),
        "slm_share": float(row["slm_share"]),
        "shadowed_calls": int(row["shadowed"]),
        "loss": float(row["loss"]),
        "evidence": float(row["evidence"]),
        "alarms": [alarm.kind for alarm in review.alarms],
        "suspended": suspended,
        "cost_usd": float(row["cost_usd"]),
        "proposed_policy": proposed.policy.version if proposed and proposed.may_activate else None,
        "activated_policy": activated,
    }


def check_rows(review: Review, said: Collection[str] = ()) -> pd.DataFrame:
    """The newest week's kept answers as `labelling.to_check` takes them, texts masked.

    said: call_ids that a person checked; then the kept answers of their weeks. Raises BadInput where the log has none
    of them.
    """
    weeks = set(review.decisions.loc[review.decisions["call_id"].isin(list(said)), "week"])
    if said and not weeks:
        raise BadInput("the labels are of no call that was reviewed: fill in the to_check.csv of a review of this log")
    own = review.decisions[review.decisions["week"].isin(weeks)] if said else review.newest
    kept = own[own["kept"].astype(bool) & own["first"].notna()]
    return pd.DataFrame(
        {
            "call_id": kept["call_id"],
            "group": kept["task"],
            "confidence": kept["first_confidence"].astype(float).fillna(0.5),
            "question": mask([text_of(list(messages)) for messages in kept["messages"]]),
            "output": mask(kept["first"].tolist()),
        }
    ).reset_index(drop=True)
