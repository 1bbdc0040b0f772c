"""The task of a request that does not name one: recognised by the prompt templates that the audit found.

The audit writes the templates as plain JSON (`01_traffic_audit/recognition.json`), step 04 puts them into policy.json.
Standard library only. Out of scope: finding templates (`audit.discovery`), and what is done with a task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migration.errors import BadInput
from migration.prompts.index import TemplateIndex

MOST_MESSAGES = 10_000


@dataclass(frozen=True)
class Recognition:
    """Templates and the task of each: `tasks[leaf]`, None where a template's calls are no task of their own."""

    index: TemplateIndex
    tasks: tuple[str | None, ...]

    def task_of(self, messages: Sequence[Mapping[str, object]] | str, tools: Sequence[str] = ()) -> str | None:
        """The task of a request, None where its prompt is of no known template.

        messages: of an OpenAI chat request (content may be text or parts), or one user's text. tools: names of the
        functions that the request offers. Whatever else these hold is passed over: nothing here raises.
        """
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        asked = [one for one in messages[:MOST_MESSAGES] if isinstance(one, Mapping)]
        leaf = self.index.leaf_of(asked, tuple(sorted({name for name in tools if isinstance(name, str)}))[:60])
        return self.tasks[leaf] if 0 <= leaf < len(self.tasks) else None

    def to_dict(self) -> dict[str, object]:
        """Plain JSON, without any text of a prompt."""
        return {**self.index.to_dict(), "tasks": list(self.tasks)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recognition:
        """Raises BadInput where `data` is not what `to_dict` gives."""
        try:
            tasks = tuple(data["tasks"])
            if not all(task is None or isinstance(task, str) for task in tasks):
                raise TypeError("a task is not a name")
            return cls(TemplateIndex.from_dict(data), tasks)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BadInput(f"this is no recognition of tasks: {error!r}; run step 01 again") from error
