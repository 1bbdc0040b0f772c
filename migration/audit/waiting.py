"""What a customer waits over a whole conversation: the sum of its calls. Out of scope: what each call's time is."""

from __future__ import annotations

import pandas as pd


def conversation_waits(calls: pd.DataFrame, times: list[str]) -> pd.DataFrame:
    """Milliseconds of each conversation, call after call: index conversation, columns `calls` and `times`.

    calls: call_id, conversation_id (null: the call is a conversation of its own) and the columns `times` in ms.
    A conversation with a call of unknown time is left out: its sum would be too short.
    """
    key = calls["conversation_id"].fillna(calls["call_id"])
    known = ~calls[times].isna().any(axis=1).groupby(key).transform("any")
    sums = calls.loc[known, times].groupby(key[known]).sum()
    return sums.assign(calls=key[known].value_counts()).rename_axis("conversation")
