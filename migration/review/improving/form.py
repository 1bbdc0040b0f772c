"""A form in a notebook in which a person checks answers, one after the other: what it asks, and what was said.

Out of scope: which answers are checked, and what the checks say (`labelling`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from migration.audit.pii import mask
from migration.errors import BadInput
from migration.files import resolve
from migration.markup import table
from migration.review.improving.labelling import estimate
from migration.review.session import Review
from migration.routing.policy.score import text_of
from migration.stats import Rate

if TYPE_CHECKING:
    from ipywidgets import VBox

SHOWN = 10
"""Answers that an executed notebook shows."""


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


def checked_rate(labels: str | Path, rows: pd.DataFrame) -> Rate:
    """What a filled to_check.csv says of the answers in `rows` (of `check_rows`). Raises BadInput for another file."""
    filled = pd.read_csv(resolve(labels))
    missing = {"call_id", "right", "stratum", "confidence"} - set(filled)
    if missing:
        raise BadInput(f"labels {labels} lacks {sorted(missing)}: fill in the to_check.csv of a review")
    return estimate(filled[filled["right"].notna()].reset_index(drop=True), rows)


class LabelForm:
    """A form in a notebook: one answer after the other, right or wrong, saved to a CSV after each click.

    rows: of `labelling.to_check`. Where no kernel answers it is a table, since nobody can click there.
    """

    def __init__(self, rows: pd.DataFrame, path: Path):
        self.rows, self.path, self.at = rows.copy(), path, 0
        self.save()

    def file(self) -> Path:
        """The CSV: beside the review, whose folder takes its final name while the form stays open."""
        folder = self.path.parent
        final = folder.with_name(folder.name.removesuffix(".partial"))
        return (final if final.is_dir() and not folder.is_dir() else folder) / self.path.name

    def save(self) -> None:
        """Write the CSV; a text that a spreadsheet would take for a formula is quoted."""
        safe = self.rows.copy()
        for name in ("question", "output"):
            safe[name] = safe[name].astype(str).str.replace(r"^([=+\-@\t\r])", r"'\1", regex=True)
        file = self.file()
        file.parent.mkdir(parents=True, exist_ok=True)
        safe.to_csv(file, index=False)

    def say(self, word: str) -> None:
        """Note `yes` or `no` for the answer that is shown, and go on to the next."""
        if self.at < len(self.rows):
            self.rows.loc[self.at, "right"] = word
            self.at += 1
            self.save()

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        static = {"text/html": self._repr_html_(), "text/plain": f"{len(self.rows)} answers to check"}
        return {**(self.widget()._repr_mimebundle_() or {}), **static}

    def _repr_html_(self) -> str:
        shown = self.rows.head(SHOWN)[["group", "question", "output"]].map(lambda text: " ".join(str(text).split()))
        names = {"group": "task", "question": "request (masked)", "output": "the small model's answer"}
        rest = len(self.rows) - len(shown)
        more = f"<p>{rest} more are in to_check.csv.</p>" if rest else ""
        return str(table(shown.rename(columns=names)).to_html()) + more

    def widget(self) -> VBox:
        """The form itself, for a live notebook."""
        import ipywidgets as widgets

        text = widgets.Textarea(disabled=True, layout=widgets.Layout(width="90%", height="12em"))

        def show() -> None:
            text.value = "done"
            if self.at < len(self.rows):
                row = self.rows.loc[self.at]
                text.value = f"{self.at + 1} of {len(self.rows)}\n\n{row['question']}\n\n-> {row['output']}"

        def answered(word: str) -> Callable[[object], None]:
            def click(_: object) -> None:
                self.say(word)
                show()

            return click

        buttons = [widgets.Button(description=word) for word in ("yes", "no")]
        for button in buttons:
            button.on_click(answered(button.description))
        show()
        return widgets.VBox([text, widgets.HBox(buttons)])
