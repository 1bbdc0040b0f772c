"""Scripted conversations that the log lacks: who the customer is, what is said, and what must happen.

A script is YAML: name, persona, goal, and turns of `says` and `must`. The customer speaks from the script, or a model
at an endpoint plays the persona; each turn is routed by the policy and, where models can be reached, answered.
Out of scope: where models run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from migration.errors import BadInput
from migration.files import read_yaml
from migration.routing.policy import Request, Router, RoutingDecision

Message = dict[str, str]
Ask = Callable[[str, Sequence[Message]], tuple[str, Mapping[str, float | None]] | None]
"""From a candidate's name (or the LLM's) and messages to its text and signals; None where it cannot be reached."""
Customer = Callable[["Script", Sequence[Message]], str]
"""From a script and the conversation so far to what the customer says next."""
_MUST = {"model": ("slm", "llm"), "stage": ("limit", "pinned", "rule", "score", "default", "answer")}
_PATTERNS = ("says", "never_says")


MOST_TIMES = 100_000
"""How often a turn's text may be repeated."""


@dataclass(frozen=True)
class Turn:
    """What the customer says, `times` times over, with the tools offered, and what must then happen.

    must: `model` (slm, llm) and `stage` of the decision; `says`, `never_says`: patterns of the answer."""

    says: str
    must: Mapping[str, str]
    times: int = 1
    tools: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """A conversation. prompt: the system prompt; empty: that of the most frequent routed task of the log."""

    name: str
    persona: str
    goal: str
    turns: tuple[Turn, ...] = field(default_factory=tuple)
    prompt: str = ""


def read_scripts(path: Path) -> list[Script]:
    """The scripts in a YAML file. Raises BadInput naming the script and the field that cannot be read."""
    listed = read_yaml(path, "scripts")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadInput(f"scripts {path} must be a list of scripts, each with name, persona, goal and turns")
    return [_script(one, path) for one in listed]


def _script(data: Mapping[str, Any], path: Path) -> Script:
    where = f"{path}, script {data.get('name', '?')!r}"
    unknown = set(map(str, data)) - {"name", "persona", "goal", "turns", "prompt"}
    if unknown or not isinstance(data.get("turns"), list) or not data["turns"]:
        raise BadInput(f"{where}: " + (f"unknown {sorted(unknown)}" if unknown else "needs a list of turns"))
    texts = {name: str(data.get(name, "")) for name in ("name", "persona", "goal", "prompt")}
    return Script(**texts, turns=tuple(_turn(turn, where) for turn in data["turns"]))


def _turn(data: object, where: str) -> Turn:
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise BadInput(f"{where}: a turn is an object with says and must")
    if not isinstance(data.get("must", {}), dict) or not isinstance(data.get("tools", []), list):
        raise BadInput(f"{where}: must is an object and tools a list")
    times = data.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
        raise BadInput(f"{where}: times is a number from 1 to {MOST_TIMES:,}, not {times!r}")
    must = {str(key): str(value) for key, value in dict(data.get("must", {})).items()}
    if "says" not in data or not must or set(data) - {"says", "must", "times", "tools"}:
        raise BadInput(f"{where}: a turn has says and must, and may have times and tools, not {sorted(data)}")
    for key, value in must.items():
        if key not in _MUST and key not in _PATTERNS:
            raise BadInput(f"{where}: must knows {[*_MUST, *_PATTERNS]}, not {key!r}")
        if key in _MUST and value not in _MUST[key]:
            raise BadInput(f"{where}: {key} is one of {_MUST[key]}, not {value!r}")
        if key in _PATTERNS:
            try:
                re.compile(value)
            except re.error as error:
                raise BadInput(f"{where}: {key} is no pattern: {error}") from error
    return Turn(str(data["says"]), must, times, tuple(map(str, data.get("tools", ()))))


def play(
    scripts: Sequence[Script],
    router: Router,
    prompt: Sequence[Message] | None,
    *,
    ask: Ask = lambda name, messages: None,
    customer: Customer | None = None,
) -> pd.DataFrame:
    """Play each script; a row a turn: script, turn, model, stage, reason, passed (null: could not be judged), detail.

    prompt: the messages of a logged call of a routed task, whose last user message a turn replaces; None where nothing
    is routed (then such scripts are played without a prompt of a task). customer: speaks instead of the script.
    """
    rows = []
    for script in scripts:
        opening = [{"role": "system", "content": script.prompt}] if script.prompt else _opening(prompt)
        history: list[Message] = []
        for number, turn in enumerate(script.turns, 1):
            said = customer(script, history) if customer else turn.says * turn.times
            history.append({"role": "user", "content": said})
            messages = [*opening, *history]
            decision, answer = _answered(router, messages, turn.tools, ask)
            passed, detail = _judged(turn, decision.model, decision.stage, answer)
            rows.append((script.name, number, decision.model, decision.stage, decision.reason, passed, detail))
            history.append({"role": "assistant", "content": answer or ""})
    names = ["script", "turn", "model", "stage", "reason", "passed", "detail"]
    return pd.DataFrame(rows, columns=names).astype({"passed": "boolean"})


def prompt_of(calls: pd.DataFrame, router: Router) -> list[Message] | None:
    """The messages of a call of the most frequent routed task; None where none has a text or nothing is routed.

    calls: columns task, messages (null where the text was not read).
    """
    known = calls[calls["task"].isin(router.policy.routed_tasks) & calls["messages"].notna()]
    if known.empty:
        return None
    return [dict(message) for message in known.loc[known["task"] == known["task"].mode()[0], "messages"].iloc[0]]


def _opening(prompt: Sequence[Message] | None) -> list[Message]:
    messages = [dict(message) for message in prompt or ()]
    last = next((at for at in reversed(range(len(messages))) if messages[at]["role"] == "user"), len(messages))
    return messages[:last]


def _answered(
    router: Router, messages: list[Message], tools: tuple[str, ...], ask: Ask
) -> tuple[RoutingDecision, str | None]:
    """The decision and the answer; without reachable models the decision before the call, and no answer."""
    task = router.recognise(messages, tools)
    decision = router.route(Request(messages, task=task, tools=tools))
    while decision.model == "slm":
        found = ask(decision.candidate, messages)
        if found is None:
            return decision, None
        judged = router.accept(decision, found[1])
        if judged.model == "slm" and judged.rung == decision.rung:
            return judged, found[0]
        decision = judged
    found = ask(decision.candidate, messages)
    return decision, found[0] if found else None


def _judged(turn: Turn, model: str, stage: str, answer: str | None) -> tuple[bool | None, str]:
    """Whether what must happen did; None where only an answer could tell and there is none."""
    for name, value in (("model", model), ("stage", stage)):
        if name in turn.must and turn.must[name] != value:
            return False, f"{name} is {value}, must be {turn.must[name]}"
    patterns = [name for name in _PATTERNS if name in turn.must]
    if patterns and answer is None:
        return None, "no model was reachable to answer"
    for name in patterns:
        if bool(re.search(turn.must[name], answer or "")) != (name == "says"):
            return False, f"the answer {'lacks' if name == 'says' else 'has'} {turn.must[name]!r}"
    return True, ""
