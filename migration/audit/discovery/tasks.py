"""Tasks, found in a log without labels: which calls belong together, what they are called, what type they are.

Templates (`templates`) and behaviour (`behaviour`). Versions of one template become one task where their texts
differ by slots alone, or where the same answers come back. A person's `tasks.yaml` has the last word on both.
Out of scope: a log's format, prices. A sample of the log is looked at; every call is then placed as a stream.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from joblib import cpu_count

from migration.audit.cores import in_order
from migration.audit.discovery.behaviour import Evidence, Exchange, evidence, free_shares, type_of
from migration.audit.discovery.complexity import Profile, complexity
from migration.audit.discovery.merging import Leaf, merged
from migration.audit.discovery.naming import ask_names, name_of, own_names, slug
from migration.audit.discovery.prompts import fixed_tokens, tool_names, without_lists
from migration.audit.discovery.templates import Templates, find_templates
from migration.errors import BadInput, NotEnoughCalls
from migration.files import literal, read_yaml
from migration.prompts.index import NO_TEMPLATE
from migration.prompts.tokens import Tokens, digest, prompt_of, text_of
from migration.schema import Kind, TaskType, conform

SAMPLE = 20_000
"""Calls that templates are found in; larger logs are sampled by a hash of the call id."""
PER_TASK = 1_000
SEVERAL, MOST_OBJECTS = 4, 4_096
"""Row groups from which on workers are worth their start, and calls that are Python objects at once."""
SAMPLE_BYTES = 1 << 28
EARLY, NEARLY_ALL = 200, 0.9
EMBEDDING = "embeddings"
LABELLED = (TaskType.CLASSIFICATION, TaskType.SENTIMENT, TaskType.ROUTING)
OTHER = "no-shared-prompt"
_COLUMNS = ("call_id", "kind", "created_at", "messages", "tools", "response", "prompt_tokens", "completion_tokens",
            "logged_name")  # fmt: skip


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
    unordered: bool = False
    """Whether lists in its answers have no order: `[a, b]` is `[b, a]` (a person says so in tasks.yaml)."""
    aside: tuple[str, ...] = ()
    """Fields of its answers whose numbers are not compared (`behaviour.free_shares`, or as tasks.yaml says)."""


@dataclass(frozen=True)
class Discovery:
    """The tasks of a log, and where each template belongs."""

    templates: Templates
    tasks: tuple[Task, ...]
    by_leaf: Mapping[int, int]
    sampled: int
    unused_corrections: tuple[str, ...] = ()

    def named_by(self, model: str, url: str = "", *, keep: Path | None = None) -> Discovery:
        """The same tasks with names asked of `model` at `url`; names in the corrections file `keep` stay."""
        mine = {task for task, change in (read_corrections(keep) if keep else {}).items() if "name" in change}
        asked = {t.task: f"Kind: {t.task_type}\n{t.prompt}" for t in self.tasks if t.prompt and t.task not in mine}
        names = ask_names(asked, url=url, model=model)
        return replace(self, tasks=tuple(_unique([replace(t, name=names.get(t.task, t.name)) for t in self.tasks])))

    def evidence(self) -> pd.DataFrame:
        """One row a task: task, name, task_type, then the fields of `Evidence`."""
        rows = [{"task": t.task, "name": t.name, "task_type": t.task_type, **vars(t.evidence)} for t in self.tasks]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:  # a notebook keeps it beside the table, and templates hold words of the traffic
        return f"Discovery({len(self.tasks)} tasks in {self.sampled} calls)"

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
        leaf = self.templates.index.leaf_of(call["messages"] or [], tool_names(call.get("tools")))
        return self.tasks[self.by_leaf[leaf]] if leaf in self.by_leaf else None

    def label(self, source: Path, target: Path) -> int:
        """Copy the calls in `source` to `target` with task, task_type and complexity filled in. Returns the rows.

        Answers of a task that judges others are of the kind `scoring`. A stream of row groups, which all cores judge
        where there are several; `target` has the same ones.
        """
        rows, writer = 0, None
        with pq.ParquetFile(source) as file:
            try:
                for group, found in enumerate(self._judged_groups(source, file.num_row_groups)):
                    table = _with_columns(file.read_row_group(group), found)
                    table = conform(table, "calls").replace_schema_metadata()
                    writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
                    writer.write_table(table)
                    rows += len(table)
            finally:
                if writer:
                    writer.close()
        return rows

    def _judged_groups(self, source: Path, groups: int) -> Iterable[pa.Table]:
        if groups < SEVERAL or cpu_count() == 1:
            return (self.judged(source, group) for group in range(groups))
        return in_order(self.judged, ((source, group) for group in range(groups)), cpu_count())

    def judged(self, source: Path, group: int) -> pa.Table:
        """Columns task, task_type, complexity and kind of the calls in a row group of `source`."""
        with pq.ParquetFile(source) as file:
            columns = [c for c in ("kind", "messages", "tools", "prompt_tokens") if c in file.schema_arrow.names]
            table = file.read_row_group(group, columns=columns)
        found = [self._judge(call) for part in table.to_batches(MOST_OBJECTS) for call in part.to_pylist()]
        task, task_type, value = zip(*found, strict=True) if found else ((), (), ())
        grades = pa.array([one == TaskType.SCORING for one in task_type], pa.bool_())
        kind = pc.if_else(pc.and_(pc.equal(table["kind"], str(Kind.CHAT)), grades), str(Kind.SCORING), table["kind"])
        columns = [pa.array(task, pa.string()), pa.array(task_type, pa.string()), pa.array(value, pa.float64()), kind]
        return pa.table(columns, names=["task", "task_type", "complexity", "kind"])

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


def _with_columns(table: pa.Table, new: pa.Table) -> pa.Table:
    """`table` with the columns of `new` in place of its own of that name, or after them."""
    for name in new.column_names:
        at = table.column_names.index(name) if name in table.column_names else table.num_columns
        table = table.drop_columns([name]) if name in table.column_names else table
        table = table.add_column(at, name, new[name])
    return table


def discover(source: Path, *, corrections: Path | None = None, sample: int = SAMPLE) -> Discovery:
    """Find the tasks of the calls in `source` (columns of `schema.CALLS`, `tools` too where known).

    `source` is a Parquet file, or a folder with one in each part (`audit.spread`).
    Looks at up to `sample` calls, chosen by a hash of their id. Raises NotEnoughCalls where no call has a prompt,
    BadInput where `corrections` cannot be read.
    """
    calls = _sample(source, sample)
    if not calls:
        raise NotEnoughCalls("finding tasks", 0, 1)
    for call in calls:
        call["exchange"], call["prompt"] = _exchange(call), prompt_of(call["messages"], tool_names(call["tools"]))
    templates = find_templates([c["prompt"] for c in calls])
    members: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for call in sorted(calls, key=lambda c: (c["created_at"], c["call_id"])):
        members[templates.index.assign(call["prompt"])].append(call)
    place = dict(enumerate(templates.leaves))  # leaf: its system template and anchor
    leaves = [Leaf.of(n, own, *place.get(n, (NO_TEMPLATE, None))) for n, own in sorted(members.items())]
    groups = merged(leaves, rare=max(2, len(calls) // 5_000))
    shared = _shared(groups, templates.prompted)
    tasks = _tasks(groups, shared)
    changed, unused = _corrected(tasks, read_corrections(corrections) if corrections else {})
    by_leaf = {leaf.number: i for i, group in enumerate(groups) for leaf in group if leaf.number != NO_TEMPLATE}
    return Discovery(templates, tuple(changed), by_leaf, len(calls), tuple(unused))


def _shared(groups: list[list[Leaf]], prompted: Set[int]) -> list[bool]:
    """Of each group, whether its system prompts do not tell it apart: they have no words, or others have them too.

    A group with nearly all calls of a system prompt is recognised by it, whatever few others a larger sample finds.
    """
    homes = []
    for group in groups:
        homes.append(home := Counter[int]())
        for leaf in group:
            if leaf.number != NO_TEMPLATE:
                home[leaf.system] += len(leaf.calls)
    whole = sum(homes, Counter[int]())
    return [any(s not in prompted or home[s] < NEARLY_ALL * whole[s] for s in home) for home in homes]


def recognition_of(found: Discovery) -> dict[str, object]:
    """The templates of a discovery with the task of each, as the plain JSON that production recognises requests by.

    Calls that share no prompt are no task there: None. Reads back as `migration.routing.policy.recognition`.
    """
    names = [None if task.task == OTHER else task.task for task in found.tasks]
    leaves = range(len(found.templates.leaves))
    tasks = [names[found.by_leaf[leaf]] if leaf in found.by_leaf else None for leaf in leaves]
    return {**found.templates.index.to_dict(), "tasks": tasks}


def tables(source: Path) -> list[Path]:
    """The calls tables of a log: a file itself, or `calls.parquet` of each part in a folder."""
    return sorted(source.glob("*/calls.parquet")) if source.is_dir() else [source]


def _sample(source: Path, size: int) -> list[dict[str, Any]]:
    """Up to `size` calls with a prompt by the hash of their id, fewer where their texts are over SAMPLE_BYTES."""
    with duckdb.connect(config={"memory_limit": "2GB", "preserve_insertion_order": "false"}) as db:
        log = db.read_parquet([literal(path) for path in tables(source)], hive_partitioning=False)
        columns = ", ".join(c if c in log.columns else f"NULL AS {c}" for c in _COLUMNS)
        where = "kind IN ('chat', 'scoring') AND len(messages) > 0"
        hashes = db.execute(f"SELECT md5(call_id) h FROM log WHERE {where} ORDER BY h LIMIT {size}").fetchall()
        if not hashes:
            return []
        long = "list_sum(list_transform(messages, lambda m: strlen(m.content))) + coalesce(strlen(response), 0)"
        kept = db.execute(
            f"WITH sized AS (SELECT md5(call_id) h, {long} n FROM log WHERE {where} AND md5(call_id) <= ?), "
            "added AS (SELECT h, sum(n) OVER (ORDER BY h) - n AS before FROM sized) "
            f"SELECT max(h) FROM added WHERE before < {SAMPLE_BYTES}",
            [hashes[-1][0]],
        ).fetchall()
        query = f"SELECT {columns} FROM log WHERE {where} AND md5(call_id) <= ? ORDER BY md5(call_id)"
        return db.sql(query, params=[kept[0][0]]).to_arrow_table().to_pylist()


def _exchange(call: Mapping[str, Any]) -> Exchange:
    users = [text_of(m["content"]) for m in call["messages"] if m["role"] == "user"]
    used = bool(call["tools"]) or any(m["role"] == "tool" for m in call["messages"])
    tokens = (call["prompt_tokens"] or 0, call["completion_tokens"] or 0)
    return Exchange("\n".join(users), call["response"], *tokens, turns=len(users), tools=used)


def _tasks(groups: list[list[Leaf]], shared: list[bool]) -> list[Task]:
    """The groups as tasks; `shared` says whose system prompts others have too: the users' side tells them apart.

    Where tasks have only the same words in common, the words of each one's largest template tell their ids apart.
    """
    common = Counter(word for group in groups for word in {t for leaf in group for t in leaf.tokens})
    tasks = [_task(group, common, by_user=also) for group, also in zip(groups, shared, strict=True)]
    held = Counter(task.task for task in tasks)
    own = [f"-{_named(group[0].tokens)}" if held[t.task] > 1 else "" for t, group in zip(tasks, groups, strict=True)]
    tasks = [replace(task, task=task.task + more) for task, more in zip(tasks, own, strict=True)]
    logged = own_names([[c["logged_name"] for leaf in g for c in leaf.calls] if g[0].tokens else [] for g in groups])
    return _unique([replace(task, name=name or task.name) for task, name in zip(tasks, logged, strict=True)])


def _task(group: list[Leaf], common: Mapping[str, int], *, by_user: bool) -> Task:
    """One group as a task. Its id hangs on what its early calls have in common: later traffic changes nothing."""
    calls = sorted((c for leaf in group for c in leaf.calls), key=lambda c: digest((c["call_id"],)))[:PER_TASK]
    fixed, usual, prompt = _typical(group, anchored=by_user and any(leaf.anchored for leaf in group))
    found = evidence([c["exchange"] for c in calls], prompt if group[0].tokens else "")
    kind = type_of(found)
    profile = Profile.of(found, [c["exchange"].user for c in calls])
    if not group[0].tokens:
        return Task(OTHER, "No shared prompt", kind, kind, found, "", len(group), profile)
    task = "-".join(filter(None, (slug(name_of(prompt, set(fixed))), _named(fixed))))
    task_name = name_of(prompt, set(usual), common)
    aside = free_shares([c["exchange"] for c in calls]) if kind in LABELLED else ()
    return Task(task, task_name, kind, kind, found, prompt[:300], len(group), profile, aside=aside)


def _typical(group: list[Leaf], *, anchored: bool) -> tuple[Tokens, Tokens, str]:
    """What the first EARLY prompts of a group have in common, without lists: what nearly all have, which its id hangs
    on, what half have, for its name, and the text of the first with the most of that."""
    calls = sorted((c for leaf in group for c in leaf.calls), key=lambda c: (c["created_at"], c["call_id"]))[:EARLY]
    sides = ("system", "head", "tail") if anchored else ("system",)
    seen = [[without_lists(getattr(call["prompt"], side)) for side in sides] for call in calls]
    fixed, usual = (
        tuple(chain.from_iterable(fixed_tokens(prompts, share) for prompts in zip(*seen, strict=True)))
        for share in (0.8, 0.5)
    )
    fullest = max(range(len(calls)), key=lambda n: len(set(usual).intersection(chain.from_iterable(seen[n]))))
    first = calls[fullest]["messages"]
    texts = [text_of(m["content"]) for m in first if m["role"] in ("system", "developer")]
    users = [text_of(m["content"]) for m in first if m["role"] == "user"]
    own = group[0].tokens
    return fixed or own, usual or own, "\n".join([*texts, *(users[:1] if anchored or not texts else [])])


def _named(tokens: Tokens) -> str:
    """Six signs for a set of words, in whatever order."""
    return digest(tuple(sorted(set(tokens))))[:6]


def _unique(tasks: list[Task]) -> list[Task]:
    names: Counter[str] = Counter()
    result = []
    for task in tasks:
        names[task.name] += 1
        n = names[task.name]
        result.append(task if n == 1 else replace(task, name=f"{task.name} ({n})"))
    return result


def read_corrections(path: Path) -> dict[str, dict[str, object]]:
    """Read a tasks.yaml: `<task id>: {name: ..., type: ..., unordered: true, aside: [score]}`.

    Raises BadInput naming the task.
    """
    value = read_yaml(path, "tasks.yaml") or {}
    if not isinstance(value, dict):
        raise BadInput(f"{path}: expected `<task id>: {{name: ..., type: ...}}` lines")
    for task, change in value.items():
        if not isinstance(change, dict) or not set(change) <= {"name", "type", "prompt", "unordered", "aside"}:
            raise BadInput(f"{path}: task {task!r} may have `name`, `type`, `unordered`, `aside`, not {change!r}")
        if not isinstance(fields := change.get("aside", []), list) or not all(isinstance(f, str) for f in fields):
            raise BadInput(f"{path}: task {task!r}: `aside` is a list of fields of its answers")
        if not isinstance(change.get("name", ""), str) or not isinstance(change.get("unordered", False), bool):
            raise BadInput(f"{path}: task {task!r}: `name` is a text, `unordered` is true or false")
        if change.get("type", "other") not in tuple(TaskType):
            raise BadInput(f"{path}: task {task!r} has type {change['type']!r}; allowed are {', '.join(TaskType)}")
    return value


def _corrected(tasks: list[Task], changes: Mapping[str, Mapping[str, Any]]) -> tuple[list[Task], list[str]]:
    ours = {"name": "name", "type": "task_type", "unordered": "unordered", "aside": "aside"}
    told = {task: {ours[k]: v for k, v in change.items() if k in ours} for task, change in changes.items()}
    result = [replace(t, **told.get(t.task, {})) for t in tasks]
    return result, sorted(set(map(str, changes)) - {t.task for t in tasks})


def _options(task: Task) -> dict[str, Any]:
    return ({"unordered": True} if task.unordered else {}) | ({"aside": list(task.aside)} if task.aside else {})


def write_corrections(tasks: Sequence[Task], path: Path) -> Path:
    """Write a tasks.yaml to begin from: every task with its name and type; edit it and pass it as `tasks_file`."""
    head = "# Correct a name or a type here and pass this file as `tasks_file`; ids stay as they are.\n"
    head += f"# Types: {', '.join(TaskType)}. `unordered: true` where lists in answers have no order;\n"
    head += "# `aside: [score]` names numbers of an answer that are not compared; `aside: []` compares all.\n"
    body = {t.task: {"name": t.name, "type": t.task_type} | _options(t) for t in tasks}
    path.write_text(head + yaml.safe_dump(body, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
