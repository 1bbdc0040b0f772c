"""Files that people and tools write for the workbook, bent at random: each is read, or refused in one line.

Bytes are bent as logs are (`audit/importers/fuzz.py`), and values of the parsed file are exchanged for odd ones.
`MIGRATION_SOAK=1` bends each file 1,000 times either way.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent / "audit" / "importers"))
from fuzz import bent

from migration.artifacts import Run
from migration.audit import import_log
from migration.audit.discovery.tasks import read_corrections as read_tasks
from migration.audit.prices import contract
from migration.benchmark.labels import read_labels
from migration.benchmark.scoring.judge import read_rubric
from migration.costs.scenarios import read_assumptions
from migration.errors import MigrationError
from migration.files import PROJECT
from migration.finetune.examples import read_corrections
from migration.live.policies import read_active
from migration.review.rehearsal.scripts import read_scripts
from migration.review.watching.decisions import read_decisions
from migration.routing import Router
from migration.routing.policy import Policy
from migration.runner import notebooks, read_config

TIMES = 1_000 if "MIGRATION_SOAK" in os.environ else 12
CALLS = pd.DataFrame({"call_id": ["a", "b", "c"]})
DECISION = {
    "call_id": "a", "conversation_id": "c", "created_at": "2026-11-02T10:00:00Z", "task": "t", "rung": 0,
    "decision": "slm", "reason": "answer", "confidence": 0.9, "prompt_tokens": 3, "completion_tokens": 2,
    "latency_ms": 4.0, "cost_usd": 0.1, "messages": [{"role": "user", "content": "hi"}], "response": "yes",
    "policy": "v1", "requested_model": "gpt-4o", "model": "small", "shadow": [{"rung": -1, "answer": "yes"}],
    "tried": [], "shadowed": True, "shadow_share": 0.5, "holdout": False,
}  # fmt: skip
POLICY = Policy(llm="big", pinned={"t": "llm"}).to_json()


def config(path: Path) -> None:
    given = read_config(path)
    for book in notebooks():
        book.parameters(given)


def route(path: Path) -> None:
    router = Router(Policy.load(path))
    for task in ("t", "", "x" * 5_000, "{{task}}", "\x00"):
        for content in ("", "\ud800", "a" * 100_000, "[" * 3_000):
            router.route({"messages": [{"role": "user", "content": content}], "task": task})


def importing(path: Path) -> None:
    import_log(path, path.parent / "out" / "calls.parquet", progress=lambda _: None)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "policy.json": (json.dumps(POLICY), route),
    "run.yaml": ("max_loss: 0.03\ncandidates: [smollm2, classifier]\nseed: 7\ntasks: []\njudge: ''\n", config),
    "tasks.yaml": ("task-1: {name: Intents, type: classification}\ntask-2: {unordered: true}\n", read_tasks),
    "prices.yaml": ("batch_discount: 0.5\nmodels:\n  gpt-4o: {input: 2.5, output: 10, cached_input: 1}\n", contract),
    "rubric.yaml": ((PROJECT / "data" / "rubric.yaml").read_text("utf-8"), read_rubric),
    "rehearsal.yaml": ((PROJECT / "data" / "rehearsal.yaml").read_text("utf-8"), read_scripts),
    "scenarios.yaml": ((PROJECT / "data" / "scenarios.yaml").read_text("utf-8"), read_assumptions),
    "labels.csv": ("call_id,candidate,correct\na,,true\nb,small,no\nc,small,1\n",
                   lambda path: read_labels(path, CALLS, ["small"])),
    "labels.jsonl": ('{"call_id": "a", "correct": true}\n{"call_id": "b", "candidate": "small", "correct": "no"}\n',
                     lambda path: read_labels(path, CALLS, ["small"])),
    "corrections.jsonl": ('{"call_id": "a", "response": "yes"}\n{"messages": [{"role": "user", "content": "x"}], '
                          '"response": "no"}\n', read_corrections),
    "corrections.csv": ("call_id,response\na,yes\nb,no\n", read_corrections),
    "decisions-2026-11-02.jsonl": ("\n".join(json.dumps(DECISION | {"call_id": c}) for c in "abc") + "\n",
                                   lambda path: (read_decisions([path]), importing(path))),
    "active.json": ('{"version": "one", "share": 0.5, "shadow_share": 0.1, "suspended": ["t"], "history": ["zero"]}',
                    lambda path: read_active(path.parent)),
    "run.json": ('{"traffic": [{"file": "a", "sha256": "b"}], "steps": {"01_traffic_audit": {"status": "done"}}}',
                 lambda path: Run(path.parent).manifest),
}  # fmt: skip
"""A sound file of each kind, and what reads it."""

ODD = (
    None,
    True,
    -1,
    0,
    1e308,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "\ud800",
    "\x1b[2J",
    "x" * 5_000,
    [],
    {},
    [[]],
)
ODD += ({"a": {}}, ["a", None], "2024-99-99", "../../etc/passwd", "<img onerror=1>", "=1+1", "https://a:b@c/v1", -0.0)
PAST = (
    "2024-99-99",
    "[" * 3_000,
    "{a: " * 3_000,
    '{"a": ' * 30_000,
    "\ud800",
    "a: &a [*a]",
    "? [a]\n: 1\n",
    "1: 2\n",
    "~",
)
PAST += ("&a [&b [*a, *a], *b]", "!!python/object/apply:os.system ['true']", "a: 2024-01-01", "\x00", "- - - -", "0x")
PAST += ("a: !!float .nan", '{"version": 2, "llm": NaN}', '["a"]', "call_id,call_id\na,a\n", '"\\ud800"', "9" * 5_000)
PAST += (json.dumps(POLICY | {"llm_confidence": 10**400}), json.dumps(POLICY | {"score_limit": 10**400}))


def read(name: str, data: bytes, folder: Path) -> None:
    """Read `data` as the file `name`; fails where anything but a MigrationError of one line comes of it."""
    path, told = folder / name, ""
    path.write_bytes(data)
    try:
        READERS[name][1](path)
    except MigrationError as error:
        told = str(error)
    assert len(told) < 5_000, "an error of a page"
    assert "\n" not in told.strip(), f"an error of several lines: {told}"
    assert path.read_bytes() == data, "the input was written to"


def places(value: object, here: tuple = ()) -> list[tuple]:
    """The way to each value of a parsed file."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, item in inside for place in places(item, (*here, key)))]


def exchanged(value: object, place: tuple, odd: object) -> object:
    if not place:
        return odd
    key, *rest = place
    whole = dict(value) if isinstance(value, dict) else list(value)
    whole[key] = exchanged(whole[key], tuple(rest), odd)
    return whole


@pytest.mark.parametrize("name", READERS)
def test_the_sound_file_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(READERS[name][0], encoding="utf-8")
    READERS[name][1](tmp_path / name)


def test_half_a_character_of_a_caller_does_not_stop_the_weekly_review(tmp_path: Path) -> None:
    path = tmp_path / "decisions-2026-11-02.jsonl"
    path.write_text(json.dumps(DECISION | {"response": "\ud800", "task": "\udfff"}) + "\n")
    assert read_decisions([path])["output"].tolist() == ["?"]


@pytest.mark.parametrize("name", READERS)
def test_bent_bytes_are_read_or_refused(name: str, tmp_path: Path) -> None:
    for seed in range(TIMES):
        read(name, bent(name, READERS[name][0].encode(), seed), tmp_path)


@pytest.mark.parametrize("name", [name for name in READERS if not name.endswith(".csv")])
def test_odd_values_are_read_or_refused(name: str, tmp_path: Path) -> None:
    sound, draw = READERS[name][0], Random(name)
    load, dump = (yaml.safe_load, yaml.safe_dump) if name.endswith(".yaml") else (json.loads, json.dumps)
    for _ in range(TIMES):
        lines = sound.splitlines() if name.endswith(".jsonl") else [sound]
        at = draw.randrange(len(lines))
        value = load(lines[at])
        lines[at] = dump(exchanged(value, draw.choice(places(value)), draw.choice(ODD)))
        read(name, "\n".join(lines).encode("utf-8", "surrogatepass"), tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_what_once_crashed_is_read_or_refused(name: str, tmp_path: Path) -> None:
    for text in PAST:
        read(name, text.encode("utf-8", "surrogatepass"), tmp_path)
