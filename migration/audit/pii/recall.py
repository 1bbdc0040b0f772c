"""How much of what is personal masking finds: measured on made-up texts whose personal data is known.

Out of scope: the texts (`sample.personal`), and a log's own names, which no pattern knows.
"""

from __future__ import annotations

import re

import pandas as pd

from migration.audit.pii.masking import mask
from migration.sample.personal import labelled
from migration.stats import wilson

NOTHING = "NONE"
_LONG = re.compile(r"\w{3,}")


def recall_by_kind(times: int = 3, seed: int = 7) -> pd.DataFrame:
    """A row a kind: kind, n (texts), masked (of these), recall, low, high (95% Wilson interval).

    A name or an address counts where none of its longer words is left (of an address: of its street), anything else
    where its value is gone. The row of kind NONE holds texts without personal data: `masked` are false alarms there.
    """
    texts = labelled(times, seed)
    rows = []
    for one, said in zip(texts, mask([one.text for one in texts]), strict=True):
        parts = _LONG.findall(one.value.split(",")[0]) if one.kind in ("NAME", "ADDRESS") else [one.value]
        masked = said != one.text if one.kind == NOTHING else not any(part in said for part in parts)
        rows.append((one.kind, masked))
    table = pd.DataFrame(rows, columns=["kind", "masked"]).groupby("kind").masked.agg(["size", "sum"])
    table = table.rename(columns={"size": "n", "sum": "masked"}).sort_index().reset_index()
    table["recall"] = table.masked / table.n
    rates = [wilson(int(k), int(n)) for k, n in zip(table.masked, table.n, strict=True)]
    return table.assign(low=[rate.low for rate in rates], high=[rate.high for rate in rates])
