"""Tasks, found in a log without labels: which calls belong together, what they are called, what type they are.

Knows: templates (`templates`) and behaviour (`behaviour`). Versions of one template become one task where their texts
differ by slots alone, or where the same answers come back. A person's `tasks.yaml` has the last word on both.
Refuses to know: a log's format, prices. A sample of the log is looked at; every call is then placed as a stream.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from migration.audit.behaviour import Evidence, Exchange, evidence, fields_of, labels_of, shape_of, type_of
from migration.audit.complexity import Profile, complexity
from migration.audit.naming import name_of, slug
from migration.audit.templates import (
    NO_TEMPLATE,
    Prompt,
    Templates,
    find_templates,
    fixed_tokens,
    prompt_of,
    text_of,
    tokens_of,
)
from migration.errors import BadInput, NotEnoughCalls
from migration.schema import TASK_TYPES, conform

SAMPLE = 20_000
"""Calls that templates are found in; larger logs are sampled by a hash of the call id."""
PER_TASK = 1_000
EMBEDDING = "embeddings"
OTHER = "no-shared-prompt"
_COLUMNS = ["call_id", "kind", "created_at", "messages", "tools", "response", "prompt_tokens", "completion_tokens"]


@dataclass(frozen=True)
class Task:
    """One task: its stable id, what it is called, its type and why, and the start of its prompt."""

    task: str
    name: str
    task_type: str
    found_type: str
    evidence: Evidence
    prompt: str
    versions: int
    profile: Profile


@dataclass(frozen=True)
class _Leaf:
    """The sampled calls of one template, as merging sees them."""

    number: int
    calls: list[dict[str, Any]]
    tokens: tuple[str, ...]
    fixed: frozenset[str]
    anchored: bool

    @cached_property
    def answers(self) -> list[str]:
        return [c["response"] for c in self.calls[:400] if c["response"]]

    @cached_property
    def shape(self) -> str:
        shapes = Counter(shape_of(a) for a in self.answers)
        return "tool" if shapes["tool"] > 0.2 * len(self.answers) else max(shapes, key=lambda s: shapes[s], default="")

    @cached_property
    def labels(self) -> frozenset[str]:
        return labels_of(self.answers)

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(f for a in self.answers for f in fields_of(a) if f and f != "[]")

    @cached_property
    def evidence(self) -> Evidence:
        return evidence([c["exchange"] for c in self.calls[:400]])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The template's words without those that its answers are made of (listed labels, field names)."""
        own = {t for value in (*self.labels, *self.fields) for t in tokens_of(value)}
        own |= {t for value in (*self.labels, *self.fields) for t in tokens_of(re.sub(r"[._]", " ", value))}
        return tuple(t for t in self.tokens if t[0].isalnum() and t != "0" and t not in own)

    @property
    def first(self) -> tuple[Any, str]:
        return min((c["created_at"], c["call_id"]) for c in self.calls)


@dataclass(frozen=True)
class Discovery:
    """The tasks of a log, and where each template belongs."""

    templates: Templates
    tasks: tuple[Task, ...]
    by_leaf: Mapping[int, int]
    sampled: int
    unused_corrections: tuple[str, ...] = ()

    def evidence(self) -> pd.DataFrame:
        """One row a task: task, name, task_type, then the fields of `Evidence`."""
        rows = [{"task": t.task, "name": t.name, "task_type": t.task_type, **vars(t.evidence)} for t in self.tasks]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(t.name)}</td><td>{t.task_type.replace('_', ' ')}</td><td>{t.versions}</td></tr>"
            for t in self.tasks
        )
        unused = f"<p>Not in this log, from tasks.yaml: {escape(', '.join(self.unused_corrections))}</p>"
        head = f"<p>{len(self.tasks)} tasks in {self.sampled:,} calls looked at</p>"
        table = f"<table><tr><th>Task</th><th>Type</th><th>Templates merged</th></tr>{rows}</table>"
        return head + table + (unused if self.unused_corrections else "")

    def place(self, call: Mapping[str, Any]) -> Task | None:
        """The task of one call (a mapping with messages and tools); None where it shares no template."""
        leaf = self.templates.assign(prompt_of(call["messages"] or [], call.get("tools")))
        return self.tasks[self.by_leaf[leaf]] if leaf in self.by_leaf else None

    def label(self, source: Path, target: Path, *, batch: int = 20_000) -> int:
        """Copy the calls in `source` to `target` with task, task_type and complexity filled in. Returns the rows.

        A stream: no more than `batch` calls are in memory.
        """
        rows, writer = 0, None
        try:
            for part in pq.ParquetFile(source).iter_batches(batch):
                table = conform(self._labelled(pa.Table.from_batches([part])), "calls").replace_schema_metadata()
                writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
                writer.write_table(table)
                rows += len(table)
        finally:
            if writer:
                writer.close()
        return rows

    def _labelled(self, table: pa.Table) -> pa.Table:
        columns = [c for c in ("kind", "messages", "tools", "prompt_tokens") if c in table.column_names]
        found = [self._judge(call) for call in table.select(columns).to_pylist()]
        for i, (name, kind) in enumerate(
            (("task", pa.string()), ("task_type", pa.string()), ("complexity", pa.float64()))
        ):
            values = pa.array([f[i] for f in found], kind)
            at = table.column_names.index(name) if name in table.column_names else len(table.column_names)
            table = table.set_column(at, name, values) if at < table.num_columns else table.append_column(name, values)
        return table

    def _judge(self, call: Mapping[str, Any]) -> tuple[str, str, float | None]:
        if call["kind"] == "embedding":
            return EMBEDDING, "other", None
        task = self.place(call)
        if task is None:
            task = next((t for t in self.tasks if t.task == OTHER), None)
            if task is None:
                return OTHER, "other", None
        users = [text_of(m["content"]) for m in call["messages"] or [] if m["role"] == "user"]
        used = bool(call.get("tools")) or any(m["role"] == "tool" for m in call["messages"] or [])
        value = complexity(
            users[-1] if users else "",
            prompt_tokens=call["prompt_tokens"] or 0,
            turns=len(users),
            tools=used,
            profile=task.profile,
        )
        return task.task, task.task_type, value


def discover(source: Path, *, corrections: Path | None = None, sample: int = SAMPLE) -> Discovery:
    """Find the tasks of the calls in parquet file `source` (columns of `schema.CALLS`, `tools` too where known).

    Looks at up to `sample` calls, chosen by a hash of their id. Raises NotEnoughCalls where no call has a prompt,
    BadInput where `corrections` cannot be read.
    """
    calls = _sample(source, sample)
    if not calls:
        raise NotEnoughCalls("finding tasks", 0, 1)
    prompts = [prompt_of(c["messages"] or [], c.get("tools")) for c in calls]
    for call in calls:
        call["exchange"] = _exchange(call)
    templates = find_templates(prompts)
    members: dict[int, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        members[templates.assign(prompt)].append(i)
    leaves = [_leaf(leaf, ids, calls, prompts, templates) for leaf, ids in sorted(members.items())]
    groups = _merged(leaves, rare=max(2, len(calls) // 5_000))
    tasks = _tasks(groups)
    changed, unused = _corrected(tasks, read_corrections(corrections) if corrections else {})
    by_leaf = {leaf.number: i for i, group in enumerate(groups) for leaf in group if leaf.number != NO_TEMPLATE}
    return Discovery(templates, tuple(changed), by_leaf, len(calls), tuple(unused))


def _sample(source: Path, size: int) -> list[dict[str, Any]]:
    with duckdb.connect(config={"memory_limit": "2GB", "preserve_insertion_order": "false"}) as db:
        log = db.read_parquet(str(source))
        columns = ", ".join(c if c in log.columns else f"NULL AS {c}" for c in _COLUMNS)
        where = "kind IN ('chat', 'scoring') AND len(messages) > 0"
        cut = db.execute(
            f"SELECT max(h) FROM (SELECT md5(call_id) h FROM log WHERE {where} ORDER BY h LIMIT {size})"
        ).fetchall()
        if cut[0][0] is None:
            return []
        query = f"SELECT {columns} FROM log WHERE {where} AND md5(call_id) <= ? ORDER BY md5(call_id)"
        return db.sql(query, params=[cut[0][0]]).to_arrow_table().to_pylist()


def _exchange(call: Mapping[str, Any]) -> Exchange:
    users = [text_of(m["content"]) for m in call["messages"] if m["role"] == "user"]
    used = bool(call["tools"]) or any(m["role"] == "tool" for m in call["messages"])
    tokens = (call["prompt_tokens"] or 0, call["completion_tokens"] or 0)
    return Exchange("\n".join(users), call["response"], *tokens, turns=len(users), tools=used)


def _leaf(
    leaf: int, ids: Sequence[int], calls: list[dict[str, Any]], prompts: list[Prompt], templates: Templates
) -> _Leaf:
    """A leaf's calls, and the tokens of its template: those of its earliest prompt that 80% of its prompts hold."""
    first = min(ids, key=lambda i: (calls[i]["created_at"], calls[i]["call_id"]))
    anchor = next((a for (_, a), number in templates.leaves.items() if number == leaf), None)
    looked = [prompts[i] for i in ids[:300]]
    tokens = fixed_tokens(prompts[first].system, [p.system for p in looked]) + (anchor.tokens if anchor else ())
    seen = Counter(t for p in looked for t in {*p.head, *p.tail} if anchor)
    fixed = frozenset(t for t, n in seen.items() if n >= 0.8 * len(looked)) | set(tokens)
    return _Leaf(leaf, [calls[i] for i in ids], tokens, fixed, anchor is not None)


def _merged(leaves: list[_Leaf], rare: int) -> list[list[_Leaf]]:
    """Leaves grouped into tasks: each joins the first larger one that it is a version of; strays share one group."""
    groups: list[list[_Leaf]] = []
    strays: list[_Leaf] = []
    for leaf in sorted(leaves, key=lambda x: (-len(x.calls), x.first)):
        home = next((g for g in groups if leaf.tokens and same_task(g[0], leaf)), None)
        if home is not None:
            home.append(leaf)
        elif leaf.tokens and len(leaf.calls) > rare:
            groups.append([leaf])
        else:
            strays.append(leaf)
    return groups + ([strays] if strays else [])


def same_task(a: _Leaf, b: _Leaf) -> bool:
    """Whether two templates are versions of one: the same many labels, or texts that differ by slots or additions."""
    both = a.labels & b.labels
    labels = len(both) / max(1, len(a.labels | b.labels))
    words = len(set(a.words) & set(b.words)) / max(1, min(len(set(a.words)), len(set(b.words))))
    if (labels >= 0.6 and len(both) >= 10) or (labels >= 0.5 and len(both) >= 4 and words >= 0.3):
        return True
    if a.shape != b.shape and min(len(a.answers), len(b.answers)) >= 5:
        return False
    if words < 0.4:
        return False
    match = SequenceMatcher(None, a.words, b.words, autojunk=False)
    edits = [(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in match.get_opcodes() if tag != "equal"]
    slots = all(max(edit) <= 4 for edit in edits)
    additions = all(min(edit) <= 4 for edit in edits)
    alike = match.ratio()
    fields = len(a.fields & b.fields) / max(1, len(a.fields | b.fields))
    if alike >= 0.6 and max(labels, fields) >= 0.5:
        return True
    return alike >= 0.8 and (slots or additions) and _behave_alike(a.evidence, b.evidence)


def _behave_alike(a: Evidence, b: Evidence) -> bool:
    if min(a.n, b.n) < 5:
        return True
    longer = (1 + max(a.answer_tokens, b.answer_tokens)) / (1 + min(a.answer_tokens, b.answer_tokens))
    return longer <= 3 and all(
        abs(x - y) <= 0.5 for x, y in ((a.copied, b.copied), (a.numeric, b.numeric), (a.from_input, b.from_input))
    )


def _tasks(groups: list[list[_Leaf]]) -> list[Task]:
    common = Counter(word for group in groups for word in {t for leaf in group for t in leaf.tokens})
    return _unique([_task(group, common) for group in groups])


def _task(group: list[_Leaf], common: Mapping[str, int]) -> Task:
    """One group as a task: named by the fixed words of its earliest prompt, so that later traffic changes nothing."""
    calls = sorted((c for leaf in group for c in leaf.calls), key=lambda c: _digest(c["call_id"]))[:PER_TASK]
    found = evidence([c["exchange"] for c in calls])
    kind = type_of(found)
    profile = Profile.of(found, [c["exchange"].user for c in calls])
    oldest = min(group, key=lambda leaf: leaf.first)
    if not oldest.tokens:
        return Task(OTHER, "No shared prompt", kind, kind, found, "", len(group), profile)
    prompt = _prompt_text(min(oldest.calls, key=lambda c: (c["created_at"], c["call_id"])), oldest.anchored)
    name = name_of(prompt, oldest.fixed, common)
    alone = name_of(prompt, oldest.fixed)  # an id may not depend on which other tasks there are
    task = "-".join(filter(None, (slug(alone), _digest(" ".join(oldest.tokens))[:6])))
    return Task(task, name, kind, kind, found, prompt[:300], len(group), profile)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _prompt_text(call: Mapping[str, Any], anchored: bool) -> str:
    """The system prompt, and the first user message where a part of it belongs to the template."""
    texts = [text_of(m["content"]) for m in call["messages"] if m["role"] in ("system", "developer")]
    users = [text_of(m["content"]) for m in call["messages"] if m["role"] == "user"]
    return "\n".join([*texts, *(users[:1] if anchored or not texts else [])])


def _unique(tasks: list[Task]) -> list[Task]:
    names: Counter[str] = Counter()
    result = []
    for task in tasks:
        names[task.name] += 1
        n = names[task.name]
        result.append(task if n == 1 else replace(task, name=f"{task.name} ({n})"))
    return result


def read_corrections(path: Path) -> dict[str, dict[str, str]]:
    """Read a tasks.yaml: `<task id>: {name: ..., type: ...}`. Raises BadInput naming the line's task."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not a readable tasks.yaml: {error}") from error
    if not isinstance(value, dict):
        raise BadInput(f"{path}: expected `<task id>: {{name: ..., type: ...}}` lines")
    for task, change in value.items():
        if not isinstance(change, dict) or not set(change) <= {"name", "type", "prompt"}:
            raise BadInput(f"{path}: task {task!r} may have `name` and `type`, not {change!r}")
        if change.get("type", "other") not in TASK_TYPES:
            raise BadInput(f"{path}: task {task!r} has type {change['type']!r}; allowed are {', '.join(TASK_TYPES)}")
    return value


def _corrected(tasks: list[Task], changes: Mapping[str, Mapping[str, str]]) -> tuple[list[Task], list[str]]:
    result = [
        replace(t, name=changes[t.task].get("name", t.name), task_type=changes[t.task].get("type", t.task_type))
        if t.task in changes
        else t
        for t in tasks
    ]
    return result, sorted(set(map(str, changes)) - {t.task for t in tasks})


def write_corrections(tasks: Sequence[Task], path: Path) -> Path:
    """Write a tasks.yaml to begin from: every task with its name and type; edit it and pass it as `tasks_file`."""
    head = "# Correct a name or a type here and pass this file as `tasks_file`; ids stay as they are.\n"
    head += f"# Types: {', '.join(TASK_TYPES)}\n"
    body = {t.task: {"name": t.name, "type": t.task_type} for t in tasks}
    path.write_text(head + yaml.safe_dump(body, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
