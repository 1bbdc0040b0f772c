"""What 07 shows and decides: every table, sentence and the label form, from finished frames and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from IPython.display import Markdown

from migration.markup import table
from migration.review.improving.retune import Proposal
from migration.review.session import Improved, Review
from migration.review.watching.causes import FEWEST, SEEN
from migration.review.watching.weekly import REST
from migration.schema import Part
from migration.stats import Rate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

SPENT = ("llm_answers", "escalations", "scoring", "retries", "api")
"""Components of step 05 that grow with the calls, as a decision log prices them."""


def week_table(review: Review) -> Styler:
    """The split, the loss and its evidence, a row a week and group."""
    columns = {"slm_share": "by small models", "shadowed": "shadowed calls", "loss": "of these differ"}
    shown = _named(review.table, review).rename(columns=columns | {"cost_usd": "USD"})
    formats = {"by small models": "{:.1%}", "of these differ": "{:.2%}", "evidence": "{:,.2f}", "USD": "{:,.2f}"}
    shown["alarm"] = shown["alarm"].map({True: "alarm", False: "no"})
    return table(shown, formats | {"calls": "{:,}", "shadowed calls": "{:,}"}, missing="none shadowed")


def _named(frame: pd.DataFrame, review: Review) -> pd.DataFrame:
    """`frame` with the names of tasks in `group`, and in `task` where it has one."""
    columns = {name: frame[name].replace(review.names) for name in ("group", "task") if name in frame}
    return frame.assign(**columns)


def split_sentence(review: Review) -> str:
    """The newest week's split, beside the week before."""
    whole = review.table[review.table["group"] == "ALL"].set_index("week")["slm_share"]
    last = review.decisions["created_at"].max()
    said = (
        f"In {review.week} (seven days up to {last:%Y-%m-%d %H:%M} UTC) small models answered {whole.iloc[-1]:.1%} of "
        f"{len(review.newest):,} calls"
    )
    return said + (f"; the week before it was {whole.iloc[-2]:.1%}." if whole.index.size > 1 else ".")


def guarantee_sentence(review: Review) -> str:
    """What the shadow calls say of the guarantee."""
    guarantee = review.policy.guarantee
    row = _newest(review)
    if guarantee is None or not review.policy.routed_tasks:
        return "Nothing is routed, so that there is no guarantee to watch."
    if not review.decisions["shadowed"].any():
        return "No call was shadowed: the guarantee cannot be watched. Set a shadow share (`migrate policy on`)."
    said = "An alarm was raised" if row["alarm"] else "No alarm"
    differ = f", {row['loss']:.1%} of which differ (weighted to the traffic" if row["shadowed"] else " ("
    return (
        f"{said}: {row['shadowed']:,} calls were shadowed this week{differ}, {guarantee.max_loss:.0%} allowed). The "
        "monitors raise a false alarm with a chance of 5% at most, over all weeks together, however often they are "
        "looked at."
    )


def _newest(review: Review) -> pd.Series:
    """The newest week's row of the whole."""
    return review.table[(review.table["week"] == review.week) & (review.table["group"] == "ALL")].iloc[0]


def alarms_table(review: Review) -> Styler | Markdown:
    """The newest week's alarms with their causes and actions; a sentence where there is none."""
    if not review.alarms:
        return Markdown(f"{_unchanged(review)}.")
    columns = {"kind": "what", "group": "of", "cause": "seen", "action": "what to do"}
    rows = pd.DataFrame([[getattr(alarm, name) for name in columns] for alarm in review.alarms], columns=list(columns))
    rows["kind"] = rows["kind"].replace(SEEN)
    rows["cause"] = [_in_names(cause, review) for cause in rows["cause"]]
    return table(_named(rows, review).rename(columns=columns))


def _in_names(text: str, review: Review) -> str:
    """`text` with the names of tasks for their ids."""
    for task, name in review.names.items():
        text = text.replace(task, name)
    return text


def _unchanged(review: Review) -> str:
    """That no test tells the newest week from the tuned traffic, or that it is too small for one."""
    conversations = review.newest["conversation_id"].nunique()
    if min(conversations, review.before["conversation_id"].nunique()) < FEWEST:
        return f"{conversations:,} conversations are too few to tell whether the traffic changed ({FEWEST} are needed)"
    return "the traffic reads as the one that the policy was tuned on"


def cost_sentence(review: Review, projection: pd.DataFrame, measured: Mapping[str, Any]) -> str:
    """What 1,000 calls cost, beside step 04's figures, and the scenario of step 05 that spends most like it.

    projection: projection.parquet; measured: the summary of step 04.
    """
    now = 1000 * float(review.newest["cost_usd"].fillna(0).mean())
    said = f"This week 1,000 calls cost USD {now:,.2f}, rungs and shadows included"
    llm, then = measured.get("all_llm_cost_usd_per_1k"), measured.get("cost_usd_per_1k")
    if llm is None or then is None:
        return f"{said}; step 04 knows no price of the LLM to compare it with."
    said += f". Step 04 measured USD {llm:,.2f} with the LLM alone and USD {then:,.2f} with its policy"
    first = projection[(projection["month"] == 1) & projection["component"].isin(SPENT)]
    spent = first.groupby("scenario")["p50"].sum()
    if llm <= 0 or not spent.get("stay", 0.0) > 0:
        return f"{said}."
    share = spent / spent["stay"]
    nearest = str((share - now / llm).abs().idxmin())
    return (
        f"{said}: {now / llm:.0%} of the LLM's bill. Of step 05's scenarios {nearest!r} is nearest, which spends "
        f"{share[nearest]:.0%} of it (servers, engineering and what is spent once are not in these figures)."
    )


def hard_table(hard: pd.DataFrame, review: Review) -> Styler | Markdown:
    """How many hard calls of each task were found, and why they are hard; a sentence where there is none."""
    if hard.empty:
        return Markdown("No call of a conversation that may teach was escalated, unsure or answered otherwise.")
    counts = _named(hard, review).groupby(["task", "why"]).size().rename("calls").reset_index()
    return table(counts.sort_values("calls", ascending=False))


def learned_table(improved: Improved, review: Review) -> Styler | Markdown:
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
    if shown.empty:
        return Markdown("No new candidate answered a fresh call.")
    formats = {"agreement now": "{:.1%}", "agreement then": "{:.1%}"}
    return table(_named(shown, review), formats, missing="not answered")


def learned_sentence(improved: Improved) -> str:
    """What was learned from how many calls, and what was not and why."""
    said = [
        f"{each.candidate.name} learned from {each.examples:,} calls, {each.fresh:,} of them fresh."
        for each in improved.learned
    ]
    said += [f"Left out: {why}." for why in improved.left_out]
    return " ".join(said) or "Nothing new was learned: step 02 had no classifier, and no adapter was trained on."


def proposal_table(proposed: Proposal | None, review: Review) -> Styler | Markdown:
    """What a proposed policy would change, group by group."""
    if proposed is None:
        return Markdown("No small model's answer stands beside the LLM's on a fresh call.")
    columns = {"rungs_before": "answers now", "rungs_after": "answers then", "before": "threshold now"}
    columns |= {"after": "threshold then", "slm_share": "kept then", "loss": "of all differ", "bound": "at most"}
    formats = {"kept then": "{:.1%}", "of all differ": "{:.2%}", "at most": "{:.2%}"}
    formats |= {"threshold now": "{:.3f}", "threshold then": "{:.3f}"}
    proved = proposed.changes["group"].map(
        lambda group: (choice := proposed.choices.get(group)) is not None and choice.threshold is not None
    )
    shown = proposed.changes.copy()
    shown.loc[~proved, ["slm_share", "loss", "bound"]] = None
    return table(_named(shown, review).rename(columns=columns), formats)


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


def _unproved_since(proposed: Proposal, review: Review) -> list[str]:
    """Groups that are kept on an older proof although something of theirs changed this week, by name."""
    changed = {alarm.group for alarm in review.alarms}
    return [
        review.names.get(test.group, test.group)
        for test in proposed.groups
        if not ((choice := proposed.choices.get(test.group)) and choice.threshold is not None)
        and changed & {"", *test.tasks}
    ]


def proposal_sentence(proposed: Proposal | None, review: Review) -> str:
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
    since = ", ".join(_unproved_since(proposed, review))
    return (
        f"Policy {proposed.policy.version} would replace {proposed.former.version}. It guarantees what the former did: "
        f"at most {guarantee.max_loss:.0%} of all calls and {guarantee.max_kept_error:.0%} of the kept ones differ. "
        + (f"Not proved anew, though this week told of a change, is {since}: tune it again. " if since else "")
        + f"{tried} that all reviews share, so that tuning every week does not wear the guarantee out. "
        f"`migrate policy activate RUN {proposed.policy.version}` lets it serve."
        + (f" New in it: {', '.join(new)}; a gateway serves a new adapter after a restart." if new else "")
    )


def checks_sentence(rate: Rate | None, listed: int) -> str:
    """What the person's checks say, or what they would be good for. listed: answers in to_check.csv."""
    if rate is not None:
        return f"By the checks, {rate} of the kept answers are wrong."
    if not listed:
        return "No small model's answer was kept this week: there is nothing to check."
    return f"to_check.csv holds the {listed} answers that narrow the estimate most: fill in `right`, yes or no."


def decision_sentence(review: Review, suspended: list[str], activated: str | None) -> str:
    """The review's decision in a sentence or two."""
    row = _newest(review)
    if suspended:
        said = f"Alarm: {', '.join(suspended)} went back to the LLM, since the guarantee was found broken."
    elif review.alarms:
        said = f"Look: {'; '.join(_told(review))}."
    elif not review.policy.routed_tasks:
        said = f"All quiet: nothing is routed, and {_unchanged(review)}."
    elif not row["shadowed"]:
        said = f"No alarm, but no call was shadowed, so that the guarantee was not watched; {_unchanged(review)}."
    else:
        said = f"All quiet: {row['shadowed']:,} shadowed calls do not speak against the guarantee, and "
        said += f"{_unchanged(review)}."
    return said + (f" Policy {activated} serves now." if activated else "")


def _told(review: Review) -> list[str]:
    """Each kind of alarm in a few words, with the tasks that it is of."""
    kinds = dict.fromkeys(alarm.kind for alarm in review.alarms)
    tasks = {kind: [review.names.get(one.group, one.group) for one in review.alarms if one.kind == kind and one.group]
             for kind in kinds}  # fmt: skip
    return [SEEN.get(kind, kind) + (f" ({'; '.join(named)})" if named else "") for kind, named in tasks.items()]


def summary(
    review: Review, proposed: Proposal | None, suspended: list[str], activated: str | None
) -> dict[str, object]:
    """The headline figures of the review: fractions unless the name carries a unit."""
    row = _newest(review)
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
