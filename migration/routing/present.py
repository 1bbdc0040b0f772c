"""What notebook 04 shows: every table, sentence and decision, from a tuned policy and how it did on test calls.

Out of scope: how either was made (`tuning`), and pictures (`figures.routing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from migration.artifacts import Step
from migration.errors import BadInput
from migration.files import read_json, write_json
from migration.markup import table
from migration.routing.policy import Policy
from migration.routing.policy.recognition import Recognition
from migration.routing.tuning.evaluating.evaluation import Result
from migration.routing.tuning.guarantee import Tuned
from migration.routing.tuning.learning.confidence import CalibrationError
from migration.schema import Decision, Guarantee, Part
from migration.stats import Rate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def guarantee_sentence(tuned: Tuned, names: Mapping[str, str] | None = None) -> str:
    """The guarantee as a stakeholder reads it: of what, how sure, from how many calls, and what it does not cover."""
    if tuned.decision != Decision.ROUTE:
        return f"Nothing is guaranteed, as all calls stay with the LLM: {why_not(tuned, names)}"
    terms = _terms(tuned.policy)
    groups = sum(group.proved for group in terms.groups)
    scope = "over all routed tasks together" if len(terms.groups) == 1 else f"in each of {groups} groups of tasks"
    return (
        f"On traffic like that of the {terms.n:,} calibration calls ({terms.conversations:,} conversations), at most "
        f"{terms.max_loss:.0%} of all answers and at most {terms.max_kept_error:.0%} of the answers that small models "
        f"give differ from what {tuned.policy.llm} would have given, {scope}. Were the calibration repeated on other "
        f"conversations of the same traffic, that would hold in at least {terms.confidence_level:.0%} of the repeats."
    )


def answers_table(outcomes: pd.DataFrame) -> Styler:
    """How many held-out calls each candidate answered in each part, and on how many it agrees.

    outcomes: of `routing.gather`: candidate, part, agrees.
    """
    counted = outcomes.groupby(["candidate", "part"])["agrees"].agg(["count", "mean"]).unstack("part")
    shown, formats = pd.DataFrame({"candidate": counted.index}), {}
    for part in (part for part in Part if part in counted["count"]):
        for name, which, as_ in (("answers", "count", "{:,.0f}"), ("agree", "mean", "{:.1%}")):
            shown[f"{part}: {name}"] = counted[which][part].to_numpy()
            formats[f"{part}: {name}"] = as_
    return table(shown, formats)


def _terms(policy: Policy) -> Guarantee:
    if policy.guarantee is None:
        raise ValueError("the policy carries no guarantee")
    return policy.guarantee


def why_not(tuned: Tuned, names: Mapping[str, str] | None = None) -> str:
    """Why tasks stay with the LLM and what it would take, one clause a group."""
    told = [f"{(names or {}).get(n, n)}: {c.reason}" for n, c in tuned.choices.items() if c.threshold is None]
    told += [f"{(names or {}).get(task, task)}: {why}" for task, why in tuned.ruled_out.items()]
    return "; ".join(told) + "." if told else "no task has a candidate."


def ruled_out_table(tuned: Tuned, names: Mapping[str, str]) -> Styler:
    """Tasks that stay with the LLM untried, and why."""
    frame = pd.DataFrame([(names.get(t, t), why) for t, why in tuned.ruled_out.items()], columns=["task", "why"])
    return table(frame)


def test_sentence(tuned: Tuned, result: Result) -> str:
    """What was seen on test calls beside what is guaranteed, each group against its own limits."""
    if result.slm_share == 0:
        return f"On {result.n} test calls all answers come from the LLM: nothing differs, nothing is saved."
    terms, error = _terms(tuned.policy), result.kept_error
    over = [row["group"] for row in test_groups(tuned, result).to_dict("records") if row["over"]]
    verdict = "within both limits" if not over else f"over a limit in {', '.join(over)}"
    of_kept = f", and {_interval(error)} of those kept (at most {terms.max_kept_error:.0%})" if error else ""
    return (
        f"On {result.n:,} test calls {_interval(result.loss)} of all answers differ (at most {terms.max_loss:.0%} "
        f"guaranteed){of_kept}: {verdict}, group by group. {result.slm_share:.0%} of the calls stay with small "
        f"models{_price(result)}."
    )


def forward_sentence(result: Result, forward: Result | None) -> str:
    """What a policy tuned on older calls does on the newest fifth (`routing.time_forward`), beside test calls drawn at
    random."""
    if forward is None:
        return "Forward in time: the log holds too few older calls to tune on them alone."
    apart = forward.loss.low > result.loss.high
    return (
        "Forward in time: tuned on the older four fifths of the conversations alone, the policy keeps "
        f"{forward.slm_share:.0%} of the newest fifth ({forward.n:,} calls), and {_interval(forward.loss)} of all "
        f"answers differ; on random test calls the policy above keeps {result.slm_share:.0%} and "
        f"{_interval(result.loss)} differ. "
        + ("Quality falls with time: tune again on newer calls." if apart else "No fall with time is visible.")
    )


def test_groups(tuned: Tuned, result: Result) -> pd.DataFrame:
    """Each proved group on test calls: group, n, slm_share, loss, kept_error, max_loss, max_kept_error, over (what
    was seen exceeds a limit, be it by chance)."""
    terms, rows = _terms(tuned.policy), []
    for group in terms.groups:
        own = result.decisions[result.decisions["task"].isin(group.tasks)]
        if not group.proved or own.empty:
            continue
        weight = own["weight"] / own["weight"].sum()
        kept, lost = own["model"] == "slm", ~own["agrees"].astype(bool)
        loss, share = float(weight[lost].sum()), float(weight[kept].sum())
        error = float(weight[lost & kept].sum()) / share if share else 0.0
        rows.append(
            {
                "group": group.group,
                "n": len(own),
                "slm_share": share,
                "loss": loss,
                "kept_error": error,
                "max_loss": terms.max_loss,
                "max_kept_error": terms.max_kept_error,
                "over": loss > terms.max_loss or error > terms.max_kept_error,
            }
        )
    columns = ["group", "n", "slm_share", "loss", "kept_error", "max_loss", "max_kept_error", "over"]
    return pd.DataFrame(rows, columns=columns)


def _interval(rate: Rate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"


def signals_sentence(signals: pd.DataFrame) -> str:
    """signals: of `compare_signals`. How often the learned confidence is the best, and where a single signal is."""
    tasks = signals[(signals["task"] != "ALL") & signals["auroc"].notna()]
    if tasks.empty:
        return "On the test calls every task is all right or all wrong: no signal can be told from another."
    best = tasks.loc[tasks.groupby("task")["auroc"].idxmax()]
    learned = int((best["signal"] == "learned").sum())
    single = best.loc[best["signal"] != "learned", "signal"].value_counts()
    other = f"; a single signal wins elsewhere ({', '.join(single.index)})" if len(single) else ""
    return f"The learned confidence ranks best on {learned} of {len(best)} tasks where answers differ{other}."


def _price(result: Result) -> str:
    if not result.all_llm_cost > 0:
        return "; what that saves is unknown, as the log's model has no known price"
    saved = 1 - result.cost / result.all_llm_cost
    return f", at USD {result.cost:.2f} instead of {result.all_llm_cost:.2f} per 1,000 calls ({saved:.0%} saved)"


def shift_sentence(tests: pd.DataFrame) -> str:
    """Whether the guarantee may be relied on for recent traffic.

    tests: of `drift.shift`.
    """
    if tests.empty:
        return "Too few calls to see whether recent traffic has shifted."
    moved = tests[tests["shifted"]]
    if moved.empty:
        return "Recent traffic looks like the calibration calls in every property tested: the guarantee applies to it."
    what = "; ".join(f"{row['property']} ({row['detail']})" for _, row in moved.iterrows())
    return f"Warning: recent traffic has shifted in {what}. The guarantee does not cover it: tune again on newer calls."


def decision_sentence(
    tuned: Tuned, result: Result, *, shifted: bool = False, names: Mapping[str, str] | None = None
) -> str:
    """The decision in one sentence, and a second where recent traffic has shifted from what the guarantee covers."""
    if tuned.decision != Decision.ROUTE:
        return f"Do not route: {why_not(tuned, names)}"
    terms, routed = _terms(tuned.policy), tuned.policy.routed_tasks
    return (
        f"Route {len(routed)} of {tuned.rows['task'].nunique()} tasks to small models first: {result.slm_share:.0%} of "
        f"the calls stay there, {result.loss.value:.1%} of all answers differ on test calls (at most "
        f"{terms.max_loss:.0%} guaranteed, and {terms.max_kept_error:.0%} of those kept){_price(result)}."
        + (" Recent traffic has shifted, so the guarantee does not cover it: tune again on newer calls." * shifted)
    )


def summary(
    tuned: Tuned, result: Result, *, before: CalibrationError, after: CalibrationError, apgr: float, shifted: bool
) -> dict[str, object]:
    """The headline figures of the step: fractions unless the name carries a unit."""
    terms = _terms(tuned.policy)
    proved = [group for group in terms.groups if group.proved]
    rungs = [rung for each in tuned.policy.rungs.values() for rung in each]
    return {
        "slm": tuned.slm,
        "llm": tuned.policy.llm,
        "candidates": sorted({rung.candidate for rung in rungs}),
        "slm_share": result.slm_share,
        "quality_retained": result.quality,
        "max_loss": terms.max_loss,
        "max_kept_error": terms.max_kept_error,
        "confidence_level": terms.confidence_level,
        "bound": max((group.loss_bound for group in proved), default=0.0),
        "kept_bound": max((group.kept_error_bound for group in proved), default=0.0),
        "test_loss": result.loss.value,
        "test_loss_low": result.loss.low,
        "test_loss_high": result.loss.high,
        "test_kept_error": result.kept_error.value if result.kept_error else None,
        "test_calls": result.n,
        "calibration_calls": terms.n,
        "calibration_conversations": terms.conversations,
        "threshold": min((rung.threshold for rung in rungs), default=None),
        "routed_tasks": tuned.policy.routed_tasks,
        "cost_usd_per_1k": result.cost,
        "all_llm_cost_usd_per_1k": result.all_llm_cost,
        "apgr": apgr,
        "ece_before": before.value,
        "ece_after": after.value,
        "traffic_shifted": shifted,
        "verdict": str(tuned.decision),
    }


def groups_table(groups: pd.DataFrame, names: Mapping[str, str]) -> Styler:
    """groups: of `Tuned.groups`: what was tested, and what came of it."""
    if groups.empty:
        return table(groups)
    columns = {
        "group": "group",
        "n": "calls",
        "conversations": "conversations",
        "threshold": "threshold",
        "slm_share": "kept by small models",
        "loss": "of all, differ",
        "bound": "at most",
        "kept_error": "of kept, differ",
        "kept_bound": "at most ",
        "decision": "decision",
        "reason": "why",
    }
    shown = groups.assign(group=[names.get(group, group) for group in groups["group"]])[list(columns)].rename(
        columns=columns
    )
    percent = {"of all, differ": "{:.1%}", "at most": "{:.1%}", "of kept, differ": "{:.1%}", "at most ": "{:.1%}"}
    formats: dict[Any, Any] = {"threshold": "{:.3f}", "kept by small models": "{:.0%}", **percent}
    return table(shown, formats)


def signals_table(signals: pd.DataFrame, names: Mapping[str, str]) -> Styler:
    """signals: of `compare_signals`, one row a task, AUROC of each signal and AURC of the learned one."""
    wide = signals.pivot(index="task", columns="signal", values="auroc")
    order = ["ALL", *[task for task in wide.index if task != "ALL"]]
    wide = wide.loc[order, ["learned", *[name for name in wide.columns if name != "learned"]]]
    area = signals[signals["signal"] == "learned"].set_index("task")["aurc"]
    wide = wide.assign(**{"AURC learned": area}).reset_index().rename(columns={"task": "AUROC of"})
    wide["AUROC of"] = [names.get(task, task) for task in wide["AUROC of"]]
    return table(wide, dict.fromkeys(wide.columns[1:], "{:.2f}"))


def plain_routers_table(plain: pd.DataFrame, chosen: dict[str, float]) -> Styler:
    """The policy among plainer routers, the same calls.

    plain: of `curves.baselines`.
    """
    shown = pd.concat([pd.DataFrame([{"name": "the policy", **chosen}]), plain], ignore_index=True)
    shown.columns = pd.Index(["router", "SLM share", "quality kept", "USD per 1,000 calls", "mean wait, ms"])
    formats: dict[Any, Any] = {"SLM share": "{:.0%}", "quality kept": "{:.1%}", "USD per 1,000 calls": "{:.2f}",
               "mean wait, ms": "{:.0f}"}  # fmt: skip
    return table(shown, formats)


def rungs_table(rungs: pd.DataFrame) -> Styler:
    """rungs: of `by_rung`: who answers which share of the traffic, how well, at what cost and wait."""
    shown = rungs.rename(
        columns={
            "candidate": "answered by",
            "calls": "test calls",
            "share": "share of traffic",
            "kept_error": "differ",
            "cost_usd_per_1k": "USD per 1,000 calls",
            "latency_ms": "mean wait, ms",
        }
    )
    formats: dict[Any, Any] = {"share of traffic": "{:.0%}", "differ": "{:.1%}", "USD per 1,000 calls": "{:.3f}",
               "mean wait, ms": "{:.0f}"}  # fmt: skip
    return table(shown, formats)


def kinds_table(alone: pd.DataFrame) -> Styler:
    """alone: of `kinds_alone`: the ladder beside each kind of candidate by itself, at the same guarantee."""
    names = {"policy": "policy", "candidate": "answered by", "share": "share of traffic", "kept_error": "differ",
             "usd": "USD in 1,000 calls of all"}  # fmt: skip
    formats: dict[Any, Any] = {"share of traffic": "{:.0%}", "differ": "{:.1%}", "USD in 1,000 calls of all": "{:.3f}"}
    return table(alone[list(names)].rename(columns=names), formats)


def kinds_sentence(alone: pd.DataFrame, llm: str) -> str:
    """What the ladder and each kind alone keep and cost. alone: of `kinds_alone`; llm: the model that answers today."""
    told = []
    for policy, own in alone.groupby("policy", sort=False):
        kept, usd = own.loc[own["candidate"] != llm, "share"].sum(), own["usd"].sum()
        told.append(f"{policy} {kept:.0%}" + ("" if pd.isna(usd) else f" (USD {usd:.3f} per 1,000 calls)"))
    return f"Kept below the LLM at the same guarantee, from the same answers: {', '.join(told)}."


def task_table(tasks: pd.DataFrame, names: Mapping[str, str]) -> Styler:
    """tasks: of `by_task`, as a stakeholder reads it."""
    interval = [f"{a:.1%} to {b:.1%}" for a, b in zip(tasks["loss_low"], tasks["loss_high"], strict=True)]
    shown = pd.DataFrame(
        {
            "task": [names.get(task, task) for task in tasks["task"]],
            "rungs": tasks["rungs"],
            "share of traffic": tasks["traffic"],
            "test calls": tasks["n"],
            "kept by small models": tasks["slm_share"],
            "of all, differ": tasks["loss"],
            "95%": interval,
            "of kept, differ": tasks["kept_error"],
        }
    )
    shares = {"share of traffic": "{:.0%}", "kept by small models": "{:.0%}"}
    return table(shown, {**shares, "of all, differ": "{:.1%}", "of kept, differ": "{:.1%}"})


def resolve_pinned(pinned: list[str], tasks: pd.DataFrame) -> list[str]:
    """Ids of the tasks that `pinned` names by id, name or task type.

    tasks: of tasks.parquet (task, name, task_type). Raises BadInput for a word that is none of them.
    """
    found: list[str] = []
    for word in pinned:
        hit = tasks[(tasks["task"] == word) | (tasks["name"] == word) | (tasks["task_type"] == word)]
        if hit.empty:
            known = ", ".join(sorted({*tasks["name"].astype(str), *tasks["task_type"].astype(str)}))
            raise BadInput(f"pinned: {word!r} is no task, name or type of this log; known are {known}")
        found += [str(task) for task in hit["task"] if task not in found]
    return found


def write_policy(folder: Path, policy: Policy) -> Path:
    """Write `policy.json`, strict JSON with its checksum, whole or not at all."""
    return write_json(folder / "policy.json", policy.to_json())


def read_recognition(step: Step) -> Recognition | None:
    """The templates that step 01 wrote for recognising a request's task; None for a run made before there were any."""
    file = step.run.path / "01_traffic_audit" / "recognition.json"
    return Recognition.from_dict(read_json(file)) if file.exists() else None
