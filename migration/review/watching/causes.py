"""What changed: this week's traffic against the traffic that a policy was tuned on, each cause by a test of its own.

One text or number a conversation, since its calls resemble each other; corrected for the number of tests (Holm), at a
level that a year of weekly reviews exceeds by chance in 5% of the cases. Out of scope: losses (`weekly`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from migration.audit.pii import mask
from migration.review.watching.weekly import Alarm
from migration.routing.policy.score import text_of
from migration.routing.tuning.evaluating.drift import told_apart
from migration.stats import holm, mcnemar

LEVEL = 0.05 / 52
"""Chance of a false finding a week: at most 5% a year."""
FEWEST = 40
"""Conversations on each side under which a property is not tested."""
MOST = 600
"""Conversations read of each side and task."""
NEW_CALLS, NEW_CONVERSATIONS = 20, 10
"""Calls of a prompt that the policy does not know from which it is reported as a new task."""
SAME_PROMPT = 0.6
"""Share of the words of two prompts that both have from which one is a version of the other."""
SEEN = {
    "llm-change": "the LLM answers otherwise than when the policy was tuned",
    "wording": "requests read otherwise",
    "mix": "tasks come in other shares",
    "new-task": "a call site is not in the policy and goes to the LLM",
    "judge": "the judge grades the same answers otherwise",
    "confidence": "small models are less sure or surer than when tuned",
}
"""What each kind of alarm says in a few words; the most telling kind first."""
ACTIONS = {
    "llm-change": "judge a fixed set again, then tune again",
    "wording": "collect fresh calls and tune again",
    "mix": "the guarantee of each group holds, the total split and cost move: look at the projection",
    "new-task": "run the audit on newer traffic",
    "judge": "calibrate it again; its losses say nothing of the system",
    "confidence": "check that the same weights are served",
}


def causes(before: pd.DataFrame, week: pd.DataFrame, name: str, *, seed: int = 0) -> list[Alarm]:
    """What changed between two frames of calls, the most telling first.

    before, week: call_id, conversation_id, task (null: not recognised), messages, reference (the LLM's answer or null),
    model and, where known, confidence, decision and shadowed. name: of the week.
    """
    known = before["task"].dropna().unique()
    unknown = week[~week["task"].isin(known)]
    version_of = _new_versions(before, unknown)
    alarms = _new_llm(before, week, name) + _new_tasks(unknown, version_of, name)
    here = week.assign(task=week["task"].where(week["task"].isin(known), version_of))  # a new version is no other mix
    found = _tests(before, here[here["task"].notna()], seed)
    corrected = holm([p for *_, p in found]) if found else np.empty(0)
    for (kind, task, detail, _), p in zip(found, corrected, strict=True):
        if p < LEVEL:
            alarms.append(Alarm(name, kind, task, detail, ACTIONS[kind], float(1 / max(p, 1e-12))))
    return _explained(alarms)


def judge_alarm(anchors: pd.DataFrame, name: str) -> list[Alarm]:
    """Whether a judge that is the source of losses has changed, by answers that it judged before and judges again.

    anchors: call_id, first, again (0/1 verdicts of the same answers). A changed system moves losses and not these
    (Is it the system or the judge, arXiv 2606.15474). Exact McNemar test.
    """
    first, again = (anchors[column].astype(bool).to_numpy() for column in ("first", "again"))
    p = mcnemar(first, again)
    if p >= LEVEL:
        return []
    cause = f"of {len(anchors)} answers judged again, {(first != again).sum()} got another verdict"
    return [Alarm(name, "judge", "", cause, ACTIONS["judge"], 1 / max(p, 1e-12))]


def _explained(alarms: list[Alarm]) -> list[Alarm]:
    """Answers and confidences that move where the requests moved too are explained by these."""
    worded = {alarm.group for alarm in alarms if alarm.kind == "wording"}
    other = any(alarm.kind == "llm-change" and not alarm.group for alarm in alarms)
    kept = [a for a in alarms if not (a.kind in ("llm-change", "confidence") and a.group in worded)]
    kept = [a for a in kept if not (other and a.kind == "llm-change" and a.group)]
    order = list(ACTIONS)
    return sorted(kept, key=lambda alarm: (order.index(alarm.kind), -alarm.evidence))


def _new_llm(before: pd.DataFrame, week: pd.DataFrame, name: str) -> list[Alarm]:
    """The log names models that it did not name before, for 5% of the LLM's answers or more."""
    by_llm = week["decision"] == "llm" if "decision" in week else week["reference"].notna()
    models = week.loc[by_llm, "model"].dropna()
    fresh = models[~models.isin(before["model"].dropna().unique())]
    if len(models) < NEW_CALLS or len(fresh) < 0.05 * len(models):
        return []
    cause = f"{len(fresh) / len(models):.0%} of the LLM's answers now come from {fresh.mode()[0]}"
    return [Alarm(name, "llm-change", "", cause, ACTIONS["llm-change"], float("inf"))]


def _new_versions(before: pd.DataFrame, unknown: pd.DataFrame) -> pd.Series:
    """The task (rows of `unknown`) of whose prompt an unknown one is a new version, by the words that both have."""
    known = before.assign(prompt=before["messages"].map(_prompt)).dropna(subset="task")
    known = known[known["prompt"] != ""].drop_duplicates(["task", "prompt"]).groupby("task").head(5)
    words = [(set(prompt.split()), task) for prompt, task in zip(known["prompt"], known["task"], strict=True)]

    def nearest(prompt: str) -> str | None:
        own = set(prompt.split())
        likeness = [len(own & other) / len(own | other) for other, _ in words]
        return words[int(np.argmax(likeness))][1] if likeness and max(likeness) >= SAME_PROMPT else None

    prompts = unknown["messages"].map(_prompt)
    found = {prompt: nearest(prompt) for prompt in prompts.unique()}
    return pd.Series([found[prompt] for prompt in prompts], unknown.index, dtype=object)  # `map` makes NaN of None


def _new_tasks(unknown: pd.DataFrame, version_of: pd.Series, name: str) -> list[Alarm]:
    if unknown.empty:
        return []
    prompts = unknown["messages"].map(_prompt)
    alarms = []
    for prompt, own in unknown.groupby(prompts):
        if len(own) >= NEW_CALLS and own["conversation_id"].nunique() >= NEW_CONVERSATIONS:
            begins = str(mask([prompt])[0])[:80]  # masked first: half an address is no address any more
            task = version_of[own.index[0]] or ""
            whose = "are a new version of this task's prompt" if task else "belong to no task of the policy"
            cause = f"{len(own)} calls whose prompt begins {begins!r} {whose}"
            alarms.append(Alarm(name, "new-task", task, cause, ACTIONS["new-task"], float(len(own))))
    return alarms


def _prompt(messages: object) -> str:
    first = next(iter(messages if isinstance(messages, list | np.ndarray) else ()), None)
    return str(first["content"]) if first is not None and first["role"] == "system" else ""


def _tests(before: pd.DataFrame, week: pd.DataFrame, seed: int) -> list[tuple[str, str, str, float]]:
    """(kind, task, detail, p-value) of each property that has conversations enough on both sides."""
    found = _mix(before, week)
    for task in sorted(set(before["task"].dropna()) & set(week["task"])):
        old, new = (_one_each(side[side["task"] == task], seed) for side in (before, week))
        if min(len(old), len(new)) < FEWEST:
            continue
        found.append(_words("wording", task, old, new, lambda rows: rows["messages"].map(text_of), seed))
        by_llm = _answered(old), _answered(new)
        if min(map(len, by_llm)) >= FEWEST:
            found.append(_words("llm-change", task, *by_llm, lambda rows: rows["reference"], seed))
        if "confidence" in old and old["confidence"].notna().sum() >= FEWEST <= new["confidence"].notna().sum():
            one, two = (side["confidence"].dropna() for side in (old, new))
            detail = f"median confidence {one.median():.2f} to {two.median():.2f}"
            found.append(("confidence", task, detail, float(stats.ks_2samp(one, two).pvalue)))
    return found


def _answered(calls: pd.DataFrame) -> pd.DataFrame:
    """Calls with the LLM's answer that were not chosen for being hard: of a hybrid's calls, the shadowed ones."""
    known = calls[calls["reference"].notna()]
    return known[known["shadowed"].astype(bool)] if "shadowed" in known and known["shadowed"].any() else known


def _one_each(calls: pd.DataFrame, seed: int) -> pd.DataFrame:
    drawn = calls.sample(frac=1, random_state=seed)
    return drawn[~drawn["conversation_id"].duplicated()].head(MOST)


def _words(
    kind: str, task: str, old: pd.DataFrame, new: pd.DataFrame, of: Callable[[pd.DataFrame], pd.Series], seed: int
) -> tuple[str, str, str, float]:
    texts = [mask(of(side).tolist()) for side in (old, new)]  # a decision log is masked, a calls table is not
    area, p = told_apart(*texts, seed=seed)
    what = "requests" if kind == "wording" else "the LLM's answers"
    return kind, task, f"a classifier tells old and new {what} apart with AUROC {area:.2f} (0.50 is chance)", p


def _mix(before: pd.DataFrame, week: pd.DataFrame) -> list[tuple[str, str, str, float]]:
    """Each task's share of a conversation's calls, by Welch's test over conversations; the most telling task alone."""
    shares = [
        side.groupby("conversation_id")["task"].value_counts(normalize=True).unstack(fill_value=0)
        for side in (before, week)
    ]
    if min(map(len, shares)) < FEWEST:
        return []
    tasks = sorted(set(map(str, shares[0])) | set(map(str, shares[1])))
    old, new = (side.reindex(columns=tasks, fill_value=0.0) for side in shares)
    varied = [task for task in tasks if old[task].std() + new[task].std() > 1e-9]
    if not varied:
        return []
    tasks, old, new = varied, old[varied], new[varied]
    p = np.nan_to_num(stats.ttest_ind(old, new, equal_var=False).pvalue, nan=1.0)
    at = int(np.argmin(p))
    detail = f"{tasks[at]}: {old.iloc[:, at].mean():.1%} to {new.iloc[:, at].mean():.1%} of a conversation's calls"
    return [("mix", "", detail, float(min(1.0, p[at] * len(tasks))))]
