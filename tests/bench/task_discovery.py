"""How well tasks are found without labels: the support log against its labels, and made-up call sites against theirs.

Labels are read here alone, for measuring. Prints two tables; the last line is one JSON object.

    python tests/bench/task_discovery.py [--quick]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from sklearn.metrics import adjusted_rand_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "audit"))
import sites

from migration.audit import discover, import_log, recognition_of
from migration.audit.discovery.tasks import OTHER
from migration.files import PROJECT
from migration.routing.policy.recognition import Recognition

DATA = PROJECT.parent / "shared" / "data"
RIGHT = {
    "intent_classification": ("classification",),
    "scope_gate": ("classification",),
    "contact_reason_multiturn": ("classification",),
    "escalation_routing": ("routing",),
    "entity_extraction": ("extraction",),
    "faq_reply": ("faq", "templated_generation"),
    "agent_reply_draft": ("templated_generation", "other"),
    "conversation_wrapup": ("extraction", "summarization"),
    "agent_tool_step": ("reasoning",),
    "free_form_generation": ("creative",),
}
"""Types that are right for each true type of the support log."""


Quality = tuple[pd.DataFrame, dict[str, float]]


def quality(calls: pd.DataFrame, truth: pd.Series, right: dict[str, tuple[str, ...]]) -> Quality:
    """Per true type: calls, tasks, recall (share that lies in tasks mostly of its own), types right; and the sums.

    calls: task and task_type as found; truth: the true type or site, on the same index.
    """
    mostly = truth.groupby(calls.task).agg(lambda own: own.value_counts().index[0])
    grouped = calls.task.map(mostly) == truth
    typed = pd.Series([t in right[k] for t, k in zip(calls.task_type, truth, strict=True)], index=calls.index)
    found = pd.DataFrame({"truth": truth, "task": calls.task, "grouped": grouped, "typed": typed}).groupby("truth")
    table = pd.DataFrame({"calls": found.size(), "tasks": found.task.nunique(), "recall": found.grouped.mean()})
    table["type_right"] = found.typed.mean()
    sums = {"grouped": grouped.mean(), "types_right": typed.mean(), "rand": adjusted_rand_score(truth, calls.task)}
    return table, {k: round(float(v), 4) for k, v in sums.items()}


def support(folder: Path) -> Quality:
    """The support log, imported and discovered, against its labels."""
    source, target = folder / "imported.parquet", folder / "calls.parquet"
    import_log(DATA / "support_traffic.jsonl.gz", source, progress=lambda _line: None)
    discover(source).label(source, target)
    calls = pd.read_parquet(target, columns=["call_id", "task", "task_type"]).set_index("call_id")
    labels = pd.read_parquet(DATA / "support_traffic_labels.parquet").set_index("id").task_type
    return quality(calls, labels.loc[calls.index], RIGHT)


def recognised(log: Path, folder: Path) -> dict[str, float]:
    """Of the log's calls with a prompt: how many production recognises as the audit labelled them and in how long, and
    what stays (ids, and groups by their Rand index) when a quarter of the log is looked at."""
    source, target = folder / "imported.parquet", folder / "calls.parquet"
    import_log(log, source, progress=lambda _line: None)
    found = discover(source)
    rows = found.label(source, target)
    calls = pd.read_parquet(target, columns=["kind", "task", "messages", "tools"])
    calls = calls[(calls.kind != "embedding") & (calls.messages.map(len) > 0)]
    recognition = Recognition.from_dict(json.loads(json.dumps(recognition_of(found))))
    names = [
        [tool["function"]["name"] for tool in json.loads(tools)] if isinstance(tools, str) else []
        for tools in calls.tools
    ]
    same, seconds = 0, []
    for task, messages, tools in zip(calls.task, calls.messages, names, strict=True):
        began = time.perf_counter()
        said = recognition.task_of(list(messages), tools)
        seconds.append(time.perf_counter() - began)
        same += (said or OTHER) == task
    discover(source, sample=rows // 4).label(source, folder / "quarter.parquet")
    again = pd.read_parquet(folder / "quarter.parquet", columns=["task"]).task.loc[calls.index]
    p50, p95 = pd.Series(seconds).quantile([0.5, 0.95]) * 1e6
    return {
        "recognised_same": round(same / len(calls), 5),
        "recognise_p50_us": round(p50, 1),
        "recognise_p95_us": round(p95, 1),
        "ids_from_a_quarter": round(float((again == calls.task).mean()), 5),
        "groups_from_a_quarter": round(float(adjusted_rand_score(calls.task, again)), 5),
    }


def made_up(folder: Path, calls: int, seed: int, *, housed: bool = False) -> Quality:
    """Made-up call sites, unlike each other, in seven languages; housed: all behind one system prompt.

    The sums have ids_from_a_fifth too: how many calls have the same task when a fifth of the log is looked at.
    """
    own = [sites.in_one_house(site) for site in sites.SITES] if housed else None
    source = sites.write(folder / f"sites-{seed}.parquet", sites.log(calls, seed, own))
    discover(source).label(source, folder / "found.parquet")
    found = pd.read_parquet(folder / "found.parquet", columns=["task", "task_type", "channel"])
    table, sums = quality(found, found.channel, {site.__name__: types for site, types in sites.SITES.items()})
    discover(source, sample=calls // 5).label(source, folder / "fifth.parquet")
    same = pd.read_parquet(folder / "fifth.parquet", columns=["task"]).task == found.task
    return table, sums | {"ids_from_a_fifth": round(float(same.mean()), 4)}


def main(quick: bool) -> None:
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.perf_counter()
        if DATA.is_dir():
            table, sums = support(folder)
            print(f"support_traffic, {time.perf_counter() - began:.0f} s with import")
            print(f"{table.round(3).to_string()}\n{sums}\n")
            result |= {f"support_{k}": v for k, v in sums.items()}
        log = DATA / "support_traffic.jsonl.gz" if DATA.is_dir() else PROJECT / "data" / "sample_traffic.jsonl.gz"
        known = recognised(log, folder)
        print(f"{log.name}: {known}\n")
        result |= known
        for calls, seed in ((1_000, 1),) if quick else ((300, 1), (1_000, 2), (5_000, 3)):
            table, sums = made_up(folder, calls, seed)
            print(f"{len(table)} made-up call sites, {calls:,} calls\n{table.round(3).to_string()}\n{sums}\n")
            result |= {f"sites_{calls}_{k}": v for k, v in sums.items()}
        calls = 1_000 if quick else 5_000
        table, sums = made_up(folder, calls, 4, housed=True)
        print(f"the same sites behind one system prompt, {calls:,} calls\n{table.round(3).to_string()}\n{sums}\n")
        result |= {f"housed_{k}": v for k, v in sums.items()}
    print(json.dumps(result))


if __name__ == "__main__":
    main("--quick" in sys.argv)
