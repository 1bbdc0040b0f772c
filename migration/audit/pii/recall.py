"""How much of what is personal masking finds: measured on texts whose personal data is known.

The texts are data/pii_held_out.txt; its head says who wrote them, when, and what may be read from them. Patterns are
changed by the misses on data/pii_tuning.txt alone.
Out of scope: the texts (`sample.written`), and a log's own names, which no pattern knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from migration.audit.pii.masking import mask
from migration.audit.pii.words import BEGINS, ENDS
from migration.sample.personal import Labelled
from migration.sample.written import HELD_OUT, written
from migration.stats import wilson

NOTHING = "NONE"
_LONG = re.compile(r"\w{3,}")


def recall_by_kind(texts: Sequence[Labelled] | None = None) -> pd.DataFrame:
    """Recall on `texts`, the held-out ones where none are given.

    A row a kind: kind, n (texts), masked (of these), recall, low, high (95% Wilson interval).

    A name or an address counts where none of its longer words is left (of an address: of its street), anything else
    where its value is gone. The row of kind NONE holds texts without personal data: `masked` are false alarms there.
    """
    texts = written(HELD_OUT) if texts is None else texts
    rows = []
    for one, said in zip(texts, mask([one.text for one in texts]), strict=True):
        masked = said != one.text if one.kind == NOTHING else not _left(one, said)
        rows.append((one.kind, masked))
    table = pd.DataFrame(rows, columns=["kind", "masked"]).groupby("kind").masked.agg(["size", "sum"])
    table = table.rename(columns={"size": "n", "sum": "masked"}).sort_index().reset_index()
    table["recall"] = table.masked / table.n
    rates = [wilson(int(k), int(n)) for k, n in zip(table.masked, table.n, strict=True)]
    return table.assign(low=[rate.low for rate in rates], high=[rate.high for rate in rates])


def _left(one: Labelled, said: str) -> bool:
    """Whether any of the value of `one` is left in its masked text `said`."""
    if one.kind not in ("NAME", "ADDRESS"):
        return one.value in said
    return any(_stands(part, said) for part in _LONG.findall(one.value.split(",")[0]))


def _stands(part: str, text: str) -> bool:
    """Whether the word `part` stands in `text` by itself: `van` in `vanmorgen` is no name that was left."""
    return re.search(rf"{BEGINS}{re.escape(part)}{ENDS}", text) is not None
