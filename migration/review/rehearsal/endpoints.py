"""Models at OpenAI-compatible endpoints for scripted conversations: the LLM, rungs, and one that plays the customer.

Out of scope: scripts and what must happen in them (`scripts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from migration.benchmark.candidates import Candidate
from migration.benchmark.engine.endpoint import answer
from migration.errors import BadInput
from migration.review.rehearsal.scripts import Ask, Customer, Message, Script
from migration.schema import SIGNALS

MOST_TOKENS = 400
_CUSTOMER = (
    "You play a customer who writes to a company. Who you are: {persona}. What you want: {goal}. "
    "Write the customer's next message and nothing else."
)


def at_endpoints(addresses: Mapping[str, str]) -> Ask:
    """Asks each name at its address `http(s)://host/v1#model`; a name without one cannot be reached.

    Keys are read from the environment as in step 02. An endpoint that fails counts as not reached.
    """

    def ask(name: str, messages: Sequence[Message]) -> tuple[str, Mapping[str, float | None]] | None:
        if name not in addresses:
            return None
        row = _ask(addresses[name], messages)
        signals = {signal: row[signal] for signal in SIGNALS if signal in row}
        return None if pd.isna(row["output"]) else (str(row["output"]), signals)

    return ask


def played_by(address: str) -> Customer:
    """The customer of a script, played by the model at `address`. Raises BadInput where it says nothing."""

    def customer(script: Script, history: Sequence[Message]) -> str:
        swapped = {"user": "assistant", "assistant": "user"}
        turns = [{"role": swapped[turn["role"]], "content": turn["content"] or "(no answer)"} for turn in history]
        system = {"role": "system", "content": _CUSTOMER.format(persona=script.persona, goal=script.goal)}
        row = _ask(address, [system, *(turns or [{"role": "user", "content": "How can we help you?"}])])
        if pd.isna(row["output"]):
            raise BadInput(f"the customer at {address} did not answer: {row['error']}")
        return str(row["output"])

    return customer


def _ask(address: str, messages: Sequence[Message]) -> dict[Any, Any]:
    request = pd.DataFrame([{"call_id": "script", "messages": list(messages), "max_tokens": MOST_TOKENS}])
    return answer(Candidate("script", address), request, retries=2).iloc[0].to_dict()
