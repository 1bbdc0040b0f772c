"""A candidate, what it is asked, and the form of its answers, wherever it runs.

Covers: that chat templates differ in the roles they take; worked examples; the columns of an answer and its
confidence signals. Out of scope: how an answer is computed or judged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from migration.endpoints import read_address
from migration.schema import CandidateId, CandidateKind, Split
from migration.schema.signals import LEARNED, OF_TOKENS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = dict[str, str]
Progress = Callable[[str], object]
"""Takes one milestone line, such as "120 of 400 answers, 5.1 a second"."""

COLUMNS = (
    *("call_id", "candidate", "output", "latency_ms", "compute_ms", "prompt_tokens", "completion_tokens"),
    *(*OF_TOKENS, *LEARNED, "finish", "error"),
)


@dataclass(frozen=True)
class Candidate:
    """What is tried, as a person names it.

    name: how tables call it. source: what `models.find` takes, or `http(s)://host/v1#model` for an OpenAI-compatible
    endpoint, `?mask=true` before the `#` where it is to be sent no personal data; of a classifier the sentence encoder.
    adapter: a peft folder. quantize: None or "nf4". shots: worked examples put into each prompt, `examples`: the most
    `similar` ones or `random` ones. api_key_env: the environment
    variable that holds an endpoint's key (OpenAI's own needs no naming). kind: what it is. usd_m: an endpoint's price,
    USD per million tokens in and out, where it has one. max_usd: the most that an endpoint with a price may cost in one
    step.
    """

    name: str
    source: str
    adapter: str | None = None
    quantize: str | None = None
    shots: int = 0
    api_key_env: str | None = None
    kind: CandidateKind = CandidateKind.SLM
    examples: str = "similar"
    usd_m: tuple[float, float] | None = None
    max_usd: float = 25.0

    @property
    def remote(self) -> bool:
        """Whether it is asked over http."""
        return self.source.startswith(("http://", "https://"))

    @property
    def masked(self) -> bool:
        """Whether it is an endpoint that is sent prompts without the personal data in them."""
        return self.remote and read_address(self.source).masked

    @property
    def generates(self) -> bool:
        """Whether it is a language model: one that is asked with a prompt."""
        return self.kind in (CandidateKind.SLM, CandidateKind.API)

    @property
    def id(self) -> CandidateId:
        """Its identity, as columns of tables hold it; `base` is the name of the model without adapter and examples."""
        return CandidateId(
            self.name, self.kind, model_name(self.source), self.adapter or "", self.shots,
            self.examples if self.shots else "", self.masked,
        )  # fmt: skip


def model_name(source: str) -> str:
    """What tables call the model of a source: an endpoint's model, else the source itself."""
    return source.partition("#")[2] or source


MOST_NEEDED, SLACK, ROOM = 0.99, 1.25, 8
"""An answer may have the tokens that this share of the training answers needs, a quarter more and room to end."""


def answer_limits(calls: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """The most tokens that a candidate may answer each of `rows` with: int (n,).

    The request's own `max_tokens` where the log has it, and no more than the task's training answers need: nothing of
    the logged answer itself reaches a candidate. calls, rows: calls tables (completion_tokens, split, task).
    """
    known = calls[(calls["split"] == Split.TRAIN) & calls["response"].notna()]
    of_task = known.groupby("task")["completion_tokens"].quantile(MOST_NEEDED)
    of_all = known["completion_tokens"].quantile(MOST_NEEDED) if len(known) else 256.0
    needed = rows["task"].map(of_task).fillna(of_all).astype(float) * SLACK + ROOM
    own = rows["max_tokens"].astype(float) if "max_tokens" in rows else pd.Series(np.inf, rows.index)
    return np.maximum(1, np.minimum(own.fillna(np.inf).to_numpy(), needed.to_numpy())).astype(int)


def prompt_of(tokenizer: PreTrainedTokenizerBase, call: Mapping[Any, Any]) -> str:
    """The prompt text of one call: its `messages` and, where it has them, its `tools` (JSON; else null).

    Answering and training both read calls through here, so that a model is trained on the prompt it will be asked.
    Raises ValueError as `render`.
    """
    tools = call.get("tools")
    return render(tokenizer, chat(call["messages"]), tools if isinstance(tools, str) else None)


def render(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], tools: str | None = None) -> str:
    """The prompt text, by the tokenizer's own chat template, open for the assistant's turn.

    The first of these forms that the template takes without an error and without dropping any content: the messages
    as they are; tool results as user turns; turns of one role merged; the system text folded into the first turn.
    tools: the request's tools (JSON); where the template shows none of them they are described in the system text.
    A tokenizer without a template gets `Role: content` lines. Raises ValueError when no form keeps all content.
    """
    declared = json.loads(tools) if tools else None
    if declared:
        names = [{"content": str(tool.get("function", tool).get("name", ""))} for tool in declared]
        try:
            return _render(tokenizer, messages, [*messages, *names], tools=declared)
        except ValueError:  # the template shows no tools
            messages = _with_tools(messages, declared)
    return _render(tokenizer, messages, messages)


def _render(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Message],
    must_show: Sequence[Message],
    tools: list[Any] | None = None,
) -> str:
    if not getattr(tokenizer, "chat_template", None):
        if tools:
            raise ValueError("no template that could show tools")
        return "".join(f"{m['role'].capitalize()}: {m['content']}\n\n" for m in messages) + "Assistant:"
    problem: Exception | str = "it drops content"
    for form in (_as_is, told, _alternating, _system_folded):
        try:
            asked = form(messages)
            text = str(tokenizer.apply_chat_template(asked, tools=tools, tokenize=False, add_generation_prompt=True))
        except Exception as error:  # noqa: BLE001 - templates raise what they like; the last one is handed on
            problem = error
            continue
        if all(m["content"].strip() in text for m in must_show):
            return text
    raise ValueError(f"the chat template takes no form of roles {[m['role'] for m in messages]}: {problem}")


def _with_tools(messages: Sequence[Message], tools: list[object]) -> list[Message]:
    """The messages with the tools described in the system text, and the form in which to call one."""
    text = (
        'You may use these tools. To use one, answer with JSON only: {"tool_calls": [{"function": {"name": <name>, '
        f'"arguments": {{<name>: <value>}}}}}}]}}.\n{json.dumps(tools, ensure_ascii=False)}'
    )
    turns = _as_is(messages)
    if turns and turns[0]["role"] in ("system", "developer"):
        return [turns[0] | {"content": f"{turns[0]['content']}\n\n{text}"}, *turns[1:]]
    return [{"role": "system", "content": text}, *turns]


def _as_is(messages: Sequence[Message]) -> list[Message]:
    return [{"role": m["role"], "content": m["content"]} for m in messages]


def told(messages: Sequence[Message]) -> list[Message]:
    """Messages in the three roles that every model knows: tool results become user turns."""
    known = {"developer": "system", "tool": "user", "function": "user"}
    return [{"role": known.get(m["role"], m["role"]), "content": m["content"]} for m in messages]


def _alternating(messages: Sequence[Message]) -> list[Message]:
    turns: list[Message] = []
    for message in told(messages):
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += "\n\n" + message["content"]
        else:
            turns.append(message)
    return turns


def _system_folded(messages: Sequence[Message]) -> list[Message]:
    return _alternating([m | {"role": "user"} if m["role"] in ("system", "developer") else m for m in messages])


def chat(messages: Any) -> list[Message]:
    """Messages as plain dicts, from whatever a parquet file or a log hands over; null content is ""."""
    return [{"role": str(m["role"]), "content": _text(m["content"])} for m in messages]


def _text(content: object) -> str:
    if content is None:
        return ""
    return content if isinstance(content, str) else json.dumps(content, sort_keys=True, ensure_ascii=False)


def frame(rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    """Rows as the result frame: all `COLUMNS`, numbers as floats and nullable integers, nulls where unknown."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("latency_ms", "compute_ms", *OF_TOKENS, *LEARNED):
        table[column] = table[column].astype(float)
    for column in ("prompt_tokens", "completion_tokens"):
        table[column] = table[column].astype("Int64")
    for column in ("output", "finish", "error"):
        table[column] = table[column].astype(object).where(table[column].notna(), None)
    return table


class Milestones:
    """A line with a bar and the time left, after two seconds and then every ten."""

    def __init__(self, progress: Progress | None, name: str, total: int):
        self.progress, self.name, self.total = progress, name, total
        self.done, self.started = 0, time.monotonic()
        self.due = self.started + 2

    def one_more(self) -> None:
        """Count one more answer; say how many there are, every ten seconds and at the end."""
        self.done += 1
        now = time.monotonic()
        if self.progress and (now >= self.due or self.done == self.total):
            rate = self.done / max(now - self.started, 1e-9)
            left = (self.total - self.done) / max(rate, 1e-9)
            wait = f", about {left:.0f} s left" if self.done < self.total else ""
            bar = f"[{'#' * (20 * self.done // max(self.total, 1)):-<20}]"
            self.progress(f"{self.name}: {bar} {self.done} of {self.total} answers, {rate:.1f} a second{wait}")
            self.due = now + 10
