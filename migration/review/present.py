"""What 07 shows and decides: every table, sentence and the label form, from finished frames and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from migration.artifacts import resolve
from migration.audit.month_scale import arrivals_of, span
from migration.audit.pii import mask
from migration.errors import BadInput
from migration.review.improving.labelling import estimate
from migration.review.improving.retune import Proposal
from migration.review.session import Review
from migration.routing.policy.score import text_of
from migration.stats import Rate


def week_table(table: pd.DataFrame) -> Any:
    """table: of `weekly`, a row a week and group."""
    return table.style.hide(axis="index").format(
        {"slm_share": "{:.1%}", "loss": "{:.2%}", "evidence": "{:,.2f}", "cost_usd": "{:,.2f}", "calls": "{:,}"},
        na_rep="none shadowed",
    )


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


def alarms_table(review: Review) -> Any:
    """The newest week's alarms with their causes and actions."""
    columns = ["kind", "group", "cause", "action"]
    rows = [[getattr(alarm, name) for name in columns] for alarm in review.alarms]
    return pd.DataFrame(rows, columns=columns).style.hide(axis="index")


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


def proposal_table(proposed: Proposal) -> Any:
    """What a proposed policy would change, group by group."""
    return proposed.changes.style.hide(axis="index").format(
        {"slm_share": "{:.1%}", "loss": "{:.2%}", "bound": "{:.2%}", "before": "{:.3f}", "after": "{:.3f}"}, na_rep="-"
    )


def proposal_sentence(proposed: Proposal | None) -> str:
    """What is proposed, and what would then be guaranteed."""
    if proposed is None:
        return "No new policy is proposed: there are no fresh calls that both a small model and the LLM answered."
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


def check_rows(review: Review) -> pd.DataFrame:
    """The week's kept answers as `labelling.to_check` takes them, texts masked."""
    kept = review.newest[review.newest["kept"].astype(bool) & review.newest["first"].notna()]
    return pd.DataFrame(
        {
            "call_id": kept["call_id"],
            "group": kept["task"],
            "confidence": kept["first_confidence"].astype(float).fillna(0.5),
            "question": mask([text_of(list(messages)) for messages in kept["messages"]]),
            "output": mask(kept["first"].tolist()),
        }
    ).reset_index(drop=True)


class LabelForm:
    """A form in a notebook: one answer after the other, right or wrong, saved to a CSV after each click.

    rows: of `labelling.to_check`. In an executed notebook it is a table, since nobody can click there.
    """

    def __init__(self, rows: pd.DataFrame, path: Path):
        self.rows, self.path, self.at = rows.copy(), path, 0
        self.save()

    def save(self) -> None:
        """Write the CSV; a text that a spreadsheet would take for a formula is quoted."""
        safe = self.rows.copy()
        for name in ("question", "output"):
            safe[name] = safe[name].astype(str).str.replace(r"^([=+\-@\t\r])", r"'\1", regex=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        safe.to_csv(self.path, index=False)

    def say(self, word: str) -> None:
        """Note `yes` or `no` for the answer that is shown, and go on to the next."""
        if self.at < len(self.rows):
            self.rows.loc[self.at, "right"] = word
            self.at += 1
            self.save()

    def _repr_html_(self) -> str:
        return self.rows.head(10)[["group", "question", "output", "right"]].to_html(index=False, escape=True)

    def widget(self) -> Any:
        """The form itself, for a live notebook."""
        import ipywidgets as widgets

        text = widgets.Textarea(disabled=True, layout=widgets.Layout(width="90%", height="12em"))

        def show() -> None:
            text.value = "done"
            if self.at < len(self.rows):
                row = self.rows.loc[self.at]
                text.value = f"{self.at + 1} of {len(self.rows)}\n\n{row['question']}\n\n-> {row['output']}"

        def answered(word: str) -> Any:
            def click(_: Any) -> None:
                self.say(word)
                show()

            return click

        buttons = [widgets.Button(description=word) for word in ("yes", "no")]
        for button in buttons:
            button.on_click(answered(button.description))
        show()
        return widgets.VBox([text, widgets.HBox(buttons)])
