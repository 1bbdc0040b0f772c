"""What a log itself calls a kind of call: a prompt's or a span's name, a team's metadata or tags.

Out of scope: which task is called so (`discovery.naming`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from migration.audit.importers.forms.record import Json, decoded, printable

LONGEST_NAME = 80
_NAMES = (
    *("promptname", "taskname", "task", "feature", "usecase", "callsite", "workloadid", "workload", "step"),
    *("operation", "purpose", "name", "promptid"),
)
"""Keys of metadata that name a call's purpose, as `_plain` writes them, the most telling first."""
_WORD = re.compile(r"[^\W\d_]+?(?=[A-Z][a-z]|[\W\d_]|$)|[^\W\d_]+")
_ID = re.compile(r"(?<![a-z])(?=[a-f]*\d)[0-9a-f]{8,}(?![a-z])", re.I)
"""Eight hexadecimal digits or more, as ids have them."""
_ANY_CALL = """
chat chats completion completions acompletion text generation generations generate generator content contents message
messages response responses request requests call calls create api http https post v llm llms model models prompt
default unnamed unknown none null stream streaming async invoke run runnable sequence chain lambda span observation
embedding embeddings aembedding open openai ai anthropic claude gpt azure bedrock vertex gemini google mistral cohere
ollama groq litellm langchain langfuse traceloop proxy production staging test prod dev
"""
_OF_ANY_CALL = frozenset(_ANY_CALL.split())


def logged_name(models: Sequence[object], *said: object) -> str | None:
    """What the log itself calls this kind of call: the first of `said` that is such a name, on one line.

    said: texts, and objects (metadata, properties) that may hold a name or tags. models: the call's models. An id, and
    what a tool calls any call ("chat gpt-4o", "ChatOpenAI"), is no name.
    """
    logged = tuple(one[:LONGEST_NAME] for one in models if isinstance(one, str) and one)
    for one in said:
        for name in _names_in(one) if isinstance(one, dict) else (one,):
            if isinstance(name, str) and name and (own := _own_name(name[: LONGEST_NAME + 1], *logged)):
                return own
    return None


def _names_in(metadata: Json) -> Iterator[object]:
    """The names in a call's metadata, the most telling first."""
    if metadata:
        held = {_plain(key[:LONGEST_NAME]): value for key, value in metadata.items()}
        yield from (held[key] for key in _NAMES if key in held)
        tags = decoded(held.get("tags"))
        tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [tags]
        told = (re.fullmatch(r"(\w+)\s*[:=]\s*(.+)", tag[:LONGEST_NAME]) for tag in tags if isinstance(tag, str))
        yield from (match[2] for match in told if match and _plain(match[1]) in _NAMES)
        yield from tags if len(tags) == 1 else ()


@lru_cache(maxsize=4096)
def _plain(key: str) -> str:
    """A field's name however it is written: prompt_name, promptName, Helicone-Prompt-Name."""
    return re.sub(r"[^a-z]", "", key.lower()).removeprefix("helicone").removeprefix("property")


@lru_cache(maxsize=4096)
def _own_name(said: str, *models: str) -> str | None:
    name = " ".join(printable(said, LONGEST_NAME).split())
    rest = name
    for model in models:
        rest = rest.replace(model, " ")
    words = {word.lower() for word in _WORD.findall(rest)}
    return None if _ID.search(name) or words <= _OF_ANY_CALL else name
